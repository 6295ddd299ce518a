"""Tells keys, mouse and pastes from a terminal's replies, which must never act as keys.

Textual's parser gives back as single keys whatever it doesn't understand, so it is shown only whole sequences that it
understands; everything else that begins with an escape ends here. A terminal answers not only what this program
asked: replies to the program before it arrive too, and a slow line delivers them in pieces. A pause within an escape
sequence makes its first byte or two a key that a person may have pressed (Esc, Alt+[), all of which are harmless; the
rest is held together with them for a while, and is no key when both make a reply.
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
"""Seconds after which an escape on its own was the Esc key, and `ESC [` was Alt+[."""
_AWAITING_PATIENCE: Final = 1.0
"""The same while an answer to a question of ours is on its way."""
_LATE_PATIENCE: Final = 1.0
"""Seconds after such a key in which what follows may still be the rest of a reply."""
_SEQUENCE_PATIENCE: Final = 3.0
"""Seconds without a byte after which an unfinished sequence or string, which no person types, is given up."""
_PASTE_PATIENCE: Final = 5.0
"""Seconds without a byte after which the end of a paste is no longer expected."""
_PASTE_CHARACTERS: Final = 1 << 20
_SEQUENCE_CHARACTERS: Final = 512


class Kind(enum.Enum):
    """What a token is."""

    PLAIN = "plain"
    """Text as typed, or one whole sequence that Textual's parser knows."""
    ESCAPE = "escape"
    """The Esc key."""
    ALT = "alt"
    """One character typed with Alt."""
    PASTE = "paste"
    """The text of one paste."""


@dataclass(frozen=True, slots=True)
class Token:
    """One thing that a person did."""

    kind: Kind
    text: str = ""


_SEQUENCE: Final = re.compile(
    r"""
      (?P<plain>  [^\x1b]+ )
    | (?P<paste>  \x1b\[200~ )
    | (?P<x10>    \x1b\[M[^\x1b]{3} )                                   # a mouse report of the oldest kind
    | (?P<linux>  \x1b\[\[[A-E] )                                       # F1 to F5 on the Linux console
    | (?P<csi>    \x1b\[(?![M\[])[0-?]*[ -/]*[@-~] )
    | (?P<broken> \x1b\[(?:[0-?]*[ -/]*(?=[^ -~])|M[^\x1b]{0,2}(?=\x1b)|\[(?=[^A-E])) )
    | (?P<whole>  \x1b[\]PX^_][^\x07\x1b\x18\x1a]*(?:\x07|\x1b\\) )
    | (?P<string> \x1b(?:\](?=[0-9lL])|P(?=[0-9>!=?$+|])|_(?=G)) )      # OSC, DCS and APC as terminals begin them
    | (?P<ss3>    \x1bO[ -~] )
    | (?P<escape> \x1b(?=\x1b) )
    | (?P<alt>    \x1b[^\x1b\[\]PX^_O] | \x1b[\]PX^_O](?=.) )
    """,
    re.VERBOSE | re.DOTALL,
)
# Letters, functional keys and Kitty's keys, but for cursor reports (two numbers and R), which Textual takes for such.
# Colons only in the text: it makes numbers of the first two fields, and is not asked for their subfields.
_KEY: Final = re.compile(r"\x1b\[(?![0-9]+;[0-9]+R)[0-9]*(?:;[0-9]*(?:;[0-9:]*)?)?[u~ABCDEFHPQRS]")
_NUMBER: Final = re.compile(r"[0-9]+")
_LAST_CHARACTER: Final = 0x10FFFF
# Mouse; the terminal has or has lost the focus; it knows synchronized output.
_EVENT: Final = re.compile(r"\x1b\[(?:<[0-9]{1,3};-?[0-9]{1,5};-?[0-9]{1,5}[Mm]|[IO]|\?2026;[0-4]\$y)")
# The end of a string; Enter and control keys end it too, for it has none of them.
_STRING_END: Final = re.compile(r"[\x00-\x1a\x1c-\x1f]|\x1b\\|\x1b(?=[^\\])")
ECHO: Final = b"\x1b[0n"
"""The answer to the question whether a terminal is there."""
_ANSWER: Final = re.compile(r"\x1b\[(?:\?2026;[0-4]\$y|0n)")
# What, behind an escape that came long before, makes a reply or a key's sequence; and what may still become one. Digits
# and brackets are given out one by one until that is known: as keys they choose a tab or an attempt.
_LATE: Final = re.compile(r"\x1b(?:\[(?:[<-?A-Z~]|[0-9][0-9;:]*[ -/<-~])|\](?:[0-9]+;|[lL])|P[0-9>!=?$+|]|_G|O[A-Z])")
_LATE_BEGINNING: Final = re.compile(r"\x1b(?:\[(?:[0-9][0-9;:]{0,40})?|\][0-9]{0,4}|P|_|O)")
_PASTE_END: Final = "\x1b[201~"
# A paste is text: returns become line feeds, tabs stay; other control codes go, and what hides or reorders.
_PASTE_CONTROLS: Final = re.compile(rf"[\x00-\x08\x0b-\x1f\x7f-\x9f]|{HIDDEN.pattern}")


class _State(enum.Enum):
    GROUND = enum.auto()
    STRING = enum.auto()
    PASTE = enum.auto()


class ReplyFilter:
    """A stream of decoded input, cut anywhere, becomes tokens; memory is bounded whatever comes."""

    def __init__(self) -> None:
        self.awaiting = False
        """Whether an answer is on its way: an escape is then longer taken for its beginning. Ends when it comes."""
        self.echoes = 0
        """How often the terminal has said that it is there, which it does when it is asked."""
        self._state = _State.GROUND
        self._held = ""
        self._late = ""
        """The beginning of a sequence that was given out as a key, or given up."""
        self._pasted: list[str] = []
        self._pasted_characters = 0

    @property
    def patience(self) -> float | None:
        """Seconds to wait for more before `expire` is to be called; None while nothing is unfinished."""
        if self._state is _State.PASTE:
            return _PASTE_PATIENCE
        if self._state is _State.STRING or len(self._held) > 2:
            return _SEQUENCE_PATIENCE
        if self._held:
            return _AWAITING_PATIENCE if self.awaiting else _PATIENCE
        return _LATE_PATIENCE if self._late else None

    def feed(self, text: str) -> Iterator[Token]:
        """What `text` completes; to be exhausted before the next call."""
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
                position, token = self._string(buffer, position), None
            else:
                position, token = self._paste(buffer, position)
            if token is not None:
                yield token
            if position == start and state is self._state:
                break
        self._held = buffer[position:]
        if self._state is _State.GROUND and len(self._held) > _SEQUENCE_CHARACTERS:
            # Too long to be a key; the rest of it is still none.
            self._held = "\x1b[?"

    def expire(self) -> Iterator[Token]:
        """What is to be made of an unfinished thing after which nothing came."""
        state, held, late = self._state, self._held, self._late
        self._state, self._held, self._late = _State.GROUND, "", ""
        if state is _State.PASTE:
            yield self._end_paste(held)
        elif state is _State.GROUND and held:
            self._late = late + held
            if held == "\x1b":
                yield Token(Kind.ESCAPE)
            elif len(held) <= 2:  # more at once is typed by nobody
                yield Token(Kind.PLAIN, held) if late else Token(Kind.ALT, held[1])

    def _with_late(self, buffer: str) -> str:
        """The buffer, with the escape that was given out before it if both make a sequence.

        While that is not known, it is held, and there still is something late.
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
                return position + 2, Token(Kind.ALT, text[1])
            case "ss3" if text not in ANSI_SEQUENCES_KEYS:
                return position + 2, Token(Kind.ALT, text[1])
            case "ss3" | "linux":
                return end, Token(Kind.PLAIN, text)
            case "csi":
                self.awaiting = self.awaiting and not _ANSWER.fullmatch(text)
                self.echoes += text.encode() == ECHO
                return end, Token(Kind.PLAIN, text) if _is_wanted(text) else None
            case "paste":
                self._state = _State.PASTE
            case "string":
                self._state = _State.STRING
        return end, None

    def _string(self, buffer: str, position: int) -> int:
        end = _STRING_END.search(buffer, position)
        if end is None:
            # The last character may be the first half of the terminator.
            return len(buffer) - 1 if buffer.endswith("\x1b") else len(buffer)
        self._state = _State.GROUND
        return end.start() if end[0] == "\x1b" else end.end()

    def _paste(self, buffer: str, position: int) -> tuple[int, Token | None]:
        end = buffer.find(_PASTE_END, position)
        if end >= 0:
            self._state = _State.GROUND
            return end + len(_PASTE_END), self._end_paste(buffer[position:end])
        # What may be the beginning of the end waits for the next chunk.
        escape = buffer.rfind("\x1b", max(position, len(buffer) - len(_PASTE_END) + 1))
        stop = escape if escape >= 0 and _PASTE_END.startswith(buffer[escape:]) else len(buffer)
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


def _is_wanted(sequence: str) -> bool:
    """Whether a control sequence is a key or an event that Textual's parser understands at once."""
    if _EVENT.fullmatch(sequence) or sequence in ANSI_SEQUENCES_KEYS:
        return True
    # Textual makes characters of these numbers without looking at them.
    return bool(_KEY.fullmatch(sequence)) and all(
        int(number) <= _LAST_CHARACTER for number in _NUMBER.findall(sequence)
    )
