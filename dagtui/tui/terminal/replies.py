"""Separate keys, mouse and pastes from a terminal's replies, which must never act as keys.

Textual's parser returns as single keys what it does not understand. It therefore receives only whole sequences that
it understands. Everything else that begins with an escape, or with the 8-bit character that stands for one, ends here.

A terminal answers not only this program's questions: replies to the program before it arrive too, and a slow line
delivers them in pieces. A pause within an escape sequence turns its first one or two bytes into keys that a person may
have pressed (Esc, then a bracket), all of which are harmless. The rest is matched against them for a while, and is not
a key if both make a reply.

An escape right before a character is two keys, Esc and the character: fast typists, macros and slow links send them so.
"""

from __future__ import annotations

import enum
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from textual import constants
from textual._ansi_sequences import ANSI_SEQUENCES_KEYS

from dagtui.text.labels import HIDDEN

if TYPE_CHECKING:
    from collections.abc import Iterator

_PATIENCE: Final = constants.ESCAPE_DELAY
"""Seconds after which a lone escape was the Esc key, and `ESC [` was Alt+[."""
_AWAITING_PATIENCE: Final = 1.0
"""The same while an answer to our question is expected."""
_LATE_PATIENCE: Final = 1.0
"""Seconds after such a key in which further input may still be the rest of a reply."""
_SEQUENCE_PATIENCE: Final = 3.0
"""Seconds without a byte after which an incomplete sequence or string is given up. No person types one."""
_PASTE_PATIENCE: Final = 5.0
"""Seconds without a byte after which the end of a paste is no longer expected."""
_PASTE_CHARACTERS: Final = 1 << 20
_SEQUENCE_CHARACTERS: Final = 512


class Kind(enum.Enum):
    """The kind of a token."""

    PLAIN = "plain"
    """Text as typed, or one whole sequence that Textual's parser knows."""
    ESCAPE = "escape"
    """The Esc key."""
    ALT_BACKSPACE = "alt+backspace"
    """The only key with Alt that text fields know. It deletes a word."""
    PASTE = "paste"
    """The text of one paste."""
    BACKGROUND = "background"
    """What the terminal says of its background colour. No person types it."""


@dataclass(frozen=True, slots=True)
class Token:
    """One action of a person, or the terminal's background colour."""

    kind: Kind
    text: str = ""


_SEQUENCE: Final = re.compile(
    r"""
      (?P<plain>  [^\x1b\x80-\x9f]+ )
    | (?P<paste>  (?:\x1b\[|\x9b)200~ )
    | (?P<x10>    (?:\x1b\[|\x9b)M[^\x1b]{3} )                          # a mouse report of the oldest kind
    | (?P<linux>  \x1b\[\[[A-E] )                                       # F1 to F5 on the Linux console
    | (?P<csi>    (?:\x1b\[|\x9b)(?![M\[])[0-?]*[ -/]*[@-~] )
    | (?P<broken> (?:\x1b\[|\x9b)(?:[0-?]*[ -/]*(?=[^ -~])|M[^\x1b]{0,2}(?=\x1b)|\[(?=[^A-E])) )
    | (?P<whole>  (?:\x1b[\]PX^_]|[\x90\x98\x9d-\x9f])[^\x07\x1b\x18\x1a\x9c]*(?:\x07|\x1b\\|\x9c) )
    # OSC, DCS and APC as terminals begin them; SOS and PM, whose text may be any, by more than is typed at once.
    | (?P<string> \x1b(?:\](?=[0-9lL])|P(?=[0-9>!=?$+|])|_(?=G)|[X^](?=[^\x00-\x1f\x7f-\x9f]{2}))|[\x90\x98\x9d-\x9f] )
    | (?P<ss3>    (?:\x1bO|\x8f)[ -~] )
    | (?P<code>   [\x80-\x8e\x91-\x97\x99\x9a\x9c] | \x8f(?=[^ -~]) | \x1b\\ )  # no key, and the end of no string
    | (?P<alt>    \x1b[\x08\x7f] )                                      # no person means Esc and Backspace
    # The Esc key, before a character that begins no sequence, or after which none goes on.
    | (?P<escape> \x1b(?=[^\[\]PX^_O\\]
                       | (?:[\]P_O]|[X^][^\x00-\x1f\x7f-\x9f]?(?![^\x00-\x1f\x7f-\x9f]))(?:[^\x1b]|\x1b.)) )
    """,
    re.VERBOSE | re.DOTALL,
)
# Letters, functional keys and Kitty's keys, but not cursor reports (two numbers and R), which Textual takes for keys.
# Colons are allowed in the text only: Textual converts the first two fields to numbers, and their subfields are not
# requested.
_KEY: Final = re.compile(r"\x1b\[(?![0-9]+;[0-9]+R)[0-9]*(?:;[0-9]*(?:;[0-9:]*)?)?[u~ABCDEFHPQRS]")
_NUMBER: Final = re.compile(r"[0-9]+")
_LAST_CHARACTER: Final = 0x10FFFF
# Mouse, focus gained or lost, and the answer that synchronized output is supported.
_EVENT: Final = re.compile(r"\x1b\[(?:<[0-9]{1,3};-?[0-9]{1,5};-?[0-9]{1,5}[Mm]|[IO]|\?2026;[0-4]\$y)")
_MOUSE_BUTTONS: Final = re.compile(r"\x1b\[<([0-9]+);")
# The end of a string. Enter and control keys end it too, since a string contains none of them.
_STRING_END: Final = re.compile(r"[\x00-\x1a\x1c-\x1f\x9c]|\x1b\\|\x1b(?=[^\\])")
_BACKGROUND: Final = re.compile(r"(?:\x1b\]|\x9d)11;(rgba?:[0-9a-fA-F/]+)(?:\x07|\x1b\\|\x9c)")
_BACKGROUND_CHARACTERS: Final = 64
"""The most characters of that answer."""
ECHO: Final = b"\x1b[0n"
"""The answer to the latency probe's question."""
_ANSWER: Final = re.compile(r"\x1b\[(?:\?2026;[0-4]\$y|0n)")
# Input that, after an escape given out long before, makes a reply or a key's sequence, and input that may still become
# one. Digits and brackets are held until that is known: as keys they choose a tab or an attempt.
_LATE: Final = re.compile(
    r"\x1b(?:\[(?:[<-?A-Z~]|[0-9][0-9;:]*[ -/<-~])|\](?:[0-9]+;|[lL])|P[0-9>!=?$+|]|_G|O[A-Z]|[X^][^\x00-\x1f\x7f]{3})"
)
_LATE_BEGINNING: Final = re.compile(r"\x1b(?:\[(?:[0-9][0-9;:]{0,40})?|\][0-9]{0,4}|P|_|O|X|\^)")
_PASTE_ENDS: Final = {"\x1b": "\x1b[201~", "\x9b": "\x9b201~"}
"""Keyed by how the paste began: it may contain the other end marker."""
_INTRODUCERS: Final = {ord(code): f"\x1b{chr(ord(code) - 0x40)}" for code in "\x8f\x90\x98\x9b\x9d\x9e\x9f"}
"""The C1 codes that begin a sequence, and the escapes they stand for."""
# A paste is text: returns become line feeds and tabs stay. Other control codes, and characters that hide or reorder
# text, are removed.
_PASTE_CONTROLS: Final = re.compile(rf"[\x00-\x08\x0b-\x1f\x7f-\x9f]|{HIDDEN}")


class _State(enum.Enum):
    GROUND = enum.auto()
    STRING = enum.auto()
    PASTE = enum.auto()


class ReplyFilter:
    """Turns decoded input, cut anywhere, into tokens. Memory is bounded for any input."""

    def __init__(self) -> None:
        self.awaiting = False
        """Whether an answer is expected: an escape is then held longer as its possible beginning. The answer resets it.
        """
        self.echoes = 0
        """Number of answers to the latency probe."""
        self._state = _State.GROUND
        self._held = ""
        self._late = ""
        """The beginning of a sequence that was given out as a key, or given up."""
        self._string_text = ""
        """The beginning of the string that is being read."""
        self._pasted: list[str] = []
        self._pasted_characters = 0
        self._paste_end = ""

    @property
    def patience(self) -> float | None:
        """Seconds to wait for more input before calling `expire`, or None while nothing is incomplete."""
        if self._state is _State.PASTE:
            return _PASTE_PATIENCE
        if self._state is _State.STRING or (len(self._held) > 2 and self._held[1] not in "X^"):
            return _SEQUENCE_PATIENCE
        if self._held:
            return _AWAITING_PATIENCE if self.awaiting else _PATIENCE
        return _LATE_PATIENCE if self._late else None

    def feed(self, text: str) -> Iterator[Token]:
        """Yield the tokens that `text` completes. Exhaust them before the next call."""
        buffer, position = self._held + text, 0
        if self._late and text:
            buffer = self._with_late(buffer)
            if self._late:
                return
        self._held = ""
        while position < len(buffer):
            start, state = position, self._state
            if state is _State.GROUND:
                position, token = self._ground(buffer, position)
            elif state is _State.STRING:
                position, token = self._string(buffer, position)
            else:
                position, token = self._paste(buffer, position)
            if token is not None:
                yield token
            if position == start and state is self._state:
                break
        self._held = buffer[position:]
        if self._state is _State.GROUND and len(self._held) > _SEQUENCE_CHARACTERS:
            # Too long to be a key, and the rest of it must not become keys either.
            self._held = "\x1b[?"

    def expire(self) -> Iterator[Token]:
        """Yield the tokens for an incomplete sequence after which nothing came."""
        state, held, late = self._state, self._held, self._late
        self._state, self._held, self._late = _State.GROUND, "", ""
        if state is _State.PASTE:
            yield self._end_paste(held)
        elif state is _State.GROUND and held:
            yield from self._give_up(held, late)

    def _give_up(self, held: str, late: str) -> Iterator[Token]:
        """Yield the keys that the beginning of a sequence may have been. No person types more at once."""
        whole = late + held.translate(_INTRODUCERS)
        if held == "\x1b":
            yield Token(Kind.ESCAPE)
        elif held[0] == "\x1b" and (len(held) == 2 or held[1] in "X^"):
            # The other characters may still be part of a reply.
            yield Token(Kind.ESCAPE)
            self._held, self._late = held[1:], "\x1b"
            return
        elif late and len(held) <= 2 and ord(held[0]) not in _INTRODUCERS:
            yield Token(Kind.PLAIN, held)
        self._late = whole

    def _with_late(self, buffer: str) -> str:
        """Return the buffer, with the escape that was given out before it if both make a sequence.

        Until that is known, the buffer is held and `_late` stays set.
        """
        whole, late = self._late + buffer, self._late
        self._late = ""
        if _LATE.match(whole):
            return whole
        if _LATE_BEGINNING.fullmatch(whole):
            self._held, self._late = buffer, late
        return buffer

    def _ground(self, buffer: str, position: int) -> tuple[int, Token | None]:
        match = _SEQUENCE.match(buffer, position)
        if match is None:
            return position, None
        text, end = match[0], match.end()
        match match.lastgroup:
            case "plain":
                return end, Token(Kind.PLAIN, text)
            case "escape":
                return end, Token(Kind.ESCAPE)
            case "alt":
                return end, Token(Kind.ALT_BACKSPACE)
            case "ss3" if text[0] == "\x1b" and text not in ANSI_SEQUENCES_KEYS:
                return position + 1, Token(Kind.ESCAPE)
            case "ss3" | "linux":
                text = text.translate(_INTRODUCERS)
                return end, Token(Kind.PLAIN, text) if text in ANSI_SEQUENCES_KEYS else None
            case "csi":
                text = text.translate(_INTRODUCERS)
                self.awaiting = self.awaiting and not _ANSWER.fullmatch(text)
                self.echoes += text.encode() == ECHO
                return end, Token(Kind.PLAIN, text) if _is_wanted(text) else None
            case "paste":
                self._state, self._paste_end = _State.PASTE, _PASTE_ENDS[text[0]]
            case "whole":
                return end, _background(text)
            case "string":
                self._state, self._string_text = _State.STRING, text
        return end, None

    def _string(self, buffer: str, position: int) -> tuple[int, Token | None]:
        end = _STRING_END.search(buffer, position)
        if end is None:
            # A trailing escape may be the first half of the terminator.
            stop = len(buffer) - 1 if buffer.endswith("\x1b") else len(buffer)
            self._string_text = (self._string_text + buffer[position:stop])[:_BACKGROUND_CHARACTERS]
            return stop, None
        self._state = _State.GROUND
        stop = end.start() if end[0] == "\x1b" else end.end()
        return stop, _background((self._string_text + buffer[position:stop])[:_BACKGROUND_CHARACTERS])

    def _paste(self, buffer: str, position: int) -> tuple[int, Token | None]:
        ending = self._paste_end
        end = buffer.find(ending, position)
        if end >= 0:
            self._state = _State.GROUND
            return end + len(ending), self._end_paste(buffer[position:end])
        # A possible beginning of the end marker waits for the next chunk.
        begin = buffer.rfind(ending[0], max(position, len(buffer) - len(ending) + 1))
        stop = begin if begin >= 0 and ending.startswith(buffer[begin:]) else len(buffer)
        self._keep(buffer[position:stop])
        return stop, None

    def _keep(self, text: str) -> None:
        text = text[: _PASTE_CHARACTERS - self._pasted_characters]
        self._pasted_characters += len(text)
        self._pasted.append(text)

    def _end_paste(self, rest: str) -> Token:
        self._keep(rest)
        text = "".join(self._pasted).replace("\r\n", "\n").replace("\r", "\n")
        self._pasted, self._pasted_characters = [], 0
        return Token(Kind.PASTE, _PASTE_CONTROLS.sub("", text))


def _background(text: str) -> Token | None:
    """Return what a string of the terminal says of its background, if it does."""
    found = _BACKGROUND.fullmatch(text)
    return None if found is None else Token(Kind.BACKGROUND, found[1])


def _is_wanted(sequence: str) -> bool:
    """Return whether a control sequence is a key or an event that Textual's parser understands at once."""
    mouse = _MOUSE_BUTTONS.match(sequence)
    if mouse is not None and not _is_first_button(int(mouse[1])):
        return False
    if _EVENT.fullmatch(sequence) or sequence in ANSI_SEQUENCES_KEYS:
        return True
    # Textual converts these numbers to characters without checking them.
    return bool(_KEY.fullmatch(sequence)) and all(
        int(number) <= _LAST_CHARACTER for number in _NUMBER.findall(sequence)
    )


def _is_first_button(code: int) -> bool:
    """Return whether a mouse report is about the first button, the wheel, or the position.

    Textual treats clicks of all buttons alike, and buttons from the eighth on look like the first three.
    """
    moved, wheel, further = code & 32, code & 64, code & 128
    return not further and bool(moved or wheel or code & 3 == 0)
