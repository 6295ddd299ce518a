"""A reader of all bytes that reach a terminal, which knows exactly what the program may send and nothing else."""

from __future__ import annotations

import base64
import re
from typing import NamedTuple

from dagtui.text import label

_MODES = "1049|25|1004|2004|7|1000|1003|1006|2026"
_TITLE = r"[^\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069]*"
_SCREEN = re.compile(
    r"\x1b\[[0-9;]*m"  # colours
    r"|\x1b\[[0-9]+;[0-9]+H"  # the cursor, to a cell
    rf"|\x1b\[\?(?:{_MODES})[hl]"  # the modes that the driver sets and undoes
    r"|\x1b\[>25u|\x1b\[<u"  # the keyboard protocol, pushed and popped
    r"|\x1b\[\?2026\$p"  # a question: synchronized output?
    r"|\x1b\]11;\?\x07"  # another: the colour of the background?
    r"|\x1b\[2[23];0t"  # the title, pushed and popped
    rf"|\x1b\]2;{_TITLE} [0-9,]+/[0-9,]+\x07"  # the title of a run
    r"|\x18\x0f\x1b\(B\x1b\[m\x1b\[r\x1b\[\?6l|\x1b\[2J"  # before a repaint: everything as terminals begin
    r"|\r?\n"
)
_PLAIN = re.compile(r"\x1b\[[0-9;]*m|\r?\n")
_COPY = re.compile(r"\x1b\]52;c;([A-Za-z0-9+/]*={0,2})\x07")
_TEXT = re.compile(r"[^\x00-\x1f\x7f-\x9f]+")
# A terminal that took nothing for a while gets no more of a frame: what was cut is cancelled, and all is given back.
_CUT = re.compile(rb"(?:\x1b(?:\[[0-9;]*)?|[\xc2-\xf4][\x80-\xbf]{0,2})?\x18(?=\x1b\[\?2026l)")
_UNFINISHED = re.compile(
    r"\x1b(?:\[[0-9;?<>]*\$?|\]52;c;[A-Za-z0-9+/=]*|\(|\](?:5(?:2(?:;c?)?)?|2(?:;[^\x07]*)?|1(?:1(?:;\??)?)?)?)?\Z|\x18\x0f?\Z|\r\Z"
)


class Foreign(NamedTuple):
    """What may not be sent, what is before and behind it, and where in the program it came."""

    what: str
    around: str
    place: str


class Allowed:
    """Reads what is sent, piece by piece; `foreign` is what it should not have been."""

    def __init__(self, *, screen: bool = True) -> None:
        """`screen` is whether the program draws one; lines of plain output have fewer codes."""
        self.foreign: list[Foreign] = []
        self.copied: list[str] = []
        """What was sent to the clipboard."""
        self.copies = 0
        """How often the program may send something there, from now on."""
        self._codes = _SCREEN if screen else _PLAIN
        self._rest = b""

    def read(self, data: bytes, place: str) -> None:
        """Take what was sent; `place` is where the program was brought to."""
        data = _CUT.sub(b"", self._rest + data)
        try:
            text, self._rest = data.decode("utf-8"), b""
        except UnicodeDecodeError as error:
            if len(data) - error.start > 3:
                self.foreign.append(Foreign(repr(data[error.start : error.end]), repr(data[-80:]), place))
            text, self._rest = data[: error.start].decode("utf-8"), data[error.start :]
        unfinished = _UNFINISHED.search(text)
        if unfinished is not None:
            self._rest = text[unfinished.start() :].encode() + self._rest
            text = text[: unfinished.start()]
        self._parse(text, place)

    def end(self, place: str) -> None:
        """Nothing more is sent."""
        rest, self._rest = self._rest, b""
        if rest and rest != b"\r":
            self.foreign.append(Foreign(repr(rest), "at the end", place))

    def _parse(self, text: str, place: str) -> None:
        position = 0
        while position < len(text):
            copy = _COPY.match(text, position)
            if copy is not None and self.copies > 0:
                self.copies -= 1
                self.copied.append(base64.b64decode(copy[1], validate=True).decode("utf-8"))
                position = copy.end()
                continue
            match = self._codes.match(text, position) or _TEXT.match(text, position)
            if match is None:
                self._found(text, position, position + 1, place)
                position += 1
                continue
            if match.re is _TEXT and label(match[0], len(match[0])) != match[0]:
                # Characters that act on nothing, but hide or reorder.
                bad = next((i for i, c in enumerate(match[0]) if label(c) != c), 0) + match.start()
                self._found(text, bad, bad + 1, place)
            position = match.end()

    def _found(self, text: str, start: int, end: int, place: str) -> None:
        self.foreign.append(Foreign(ascii(text[start:end]), ascii(text[max(0, start - 60) : end + 60]), place))
