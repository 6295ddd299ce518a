"""Decode bytes from a terminal into Textual's messages."""

from __future__ import annotations

import codecs
import re
from typing import TYPE_CHECKING

from textual import events
from textual._xterm_parser import XTermParser

from dagtui.text.labels import HIDDEN
from dagtui.tui.terminal.background import BackgroundTold, is_light
from dagtui.tui.terminal.replies import Kind, ReplyFilter, Token

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from textual.message import Message


def _codes_of_eight_bits(error: UnicodeError) -> tuple[str, int]:
    """Decode a byte that is not UTF-8: as a C1 code, which 8-bit terminals send, or as nothing."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    first = error.object[error.start]
    return (chr(first), error.start + 1) if 0x80 <= first <= 0x9F else ("", error.end)


codecs.register_error("dagtui-terminal", _codes_of_eight_bits)


class _Parser(XTermParser):
    """Textual's parser without its cache, which would keep every parser, every key and so every app alive."""

    def _parse_extended_key(self, sequence: str) -> list[events.Key] | None:  # type: ignore[override]
        uncached: Callable[[XTermParser, str], list[events.Key] | None] = XTermParser._parse_extended_key.__wrapped__
        return uncached(self, sequence)


class Keyboard:
    """Decodes input that may be cut anywhere, removes the terminal's replies, and parses the rest. It never raises."""

    def __init__(self) -> None:
        # Textual's own decoder raises on the first byte that is not UTF-8.
        self._decoder = codecs.getincrementaldecoder("utf-8")("dagtui-terminal")
        self.replies = ReplyFilter()
        self._parser = _Parser()

    def feed(self, data: bytes) -> Iterator[Message]:
        """Return the messages that `data` completes. Exhaust them before the next call."""
        return filter(_is_visible, self._messages(self.replies.feed(self._decoder.decode(data))))

    def expire(self) -> Iterator[Message]:
        """Return the messages that an incomplete sequence amounts to."""
        return filter(_is_visible, self._messages(self.replies.expire()))

    def _messages(self, tokens: Iterable[Token]) -> Iterator[Message]:
        for token in tokens:
            match token.kind:
                case Kind.PLAIN:
                    yield from self._parser.feed(token.text)
                case Kind.ESCAPE:
                    yield events.Key("escape", "\x1b")
                case Kind.ALT_BACKSPACE:
                    yield events.Key("alt+backspace", None)
                case Kind.BACKGROUND if (light := is_light(token.text)) is not None:
                    yield BackgroundTold(light=light)
                case Kind.PASTE:
                    yield events.Paste(token.text)


def _is_visible(message: Message) -> bool:
    """Return False for a key whose character would hide or reorder others where it is typed."""
    return not (isinstance(message, events.Key) and message.character and re.search(HIDDEN, message.character))
