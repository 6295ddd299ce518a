"""Last line of defence before the terminal: the codes that a frame may contain."""

from __future__ import annotations

import re
from typing import Final

# A frame is text, colours, absolute cursor moves and the two brackets of synchronized output. Textual's compositor
# writes no other escape sequence to a full-screen terminal.
_FOREIGN_ESCAPE: Final = re.compile(r"\x1b(?!\[(?:[0-9;:]*m|[0-9]+;[0-9]+H|\?2026[hl]))")
# Control codes except the line feed between rows, direction overrides, line separators, tags, and surrogate halves.
# Zero-width joiners stay: they belong to ordinary glyphs.
_FOREIGN_CHARACTER: Final = re.compile(
    "[\x00-\x09\x0b-\x1a\x1c-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u206f\ufff9-\ufffb"
    "\ud800-\udfff\U000e0000-\U000e0fff]"
)


def frame_filter(frame: str) -> str:
    """Return the frame without codes that no frame needs.

    Only the codes are removed, which take no cells. What follows an escape stays as visible text, so that the columns
    hold and a reader sees that something is odd. A code that is removed is a defect upstream: all text is sanitised
    before it reaches a widget.
    """
    # Both scans usually find nothing, at about 4 ns a character: 2 µs a row, 35 µs for a screen of 7 kB.
    return _FOREIGN_CHARACTER.sub("", _FOREIGN_ESCAPE.sub("", frame))
