"""Characters whose width differs between terminals, and the cursor moves that keep the columns after them in place."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from rich.control import Control
from rich.segment import Segment
from textual.strip import Strip

from dagtui.text import cell_width

if TYPE_CHECKING:
    from collections.abc import Iterator

_SURE: Final = (
    "\x00-\u02ff\u0370-\u0482\u048a-\u058f"  # Latin, Greek, Cyrillic, Armenian
    "\u05d0-\u05f4\u0606-\u060f\u061b-\u064a\u0660-\u066f\u0671-\u06d5\u06ee-\u06ff"  # Hebrew, Arabic, without marks
    "\u10a0-\u10ff\u1e00-\u1fff"  # Georgian, more of Latin and Greek
    "\u2010-\u2027\u2030-\u205e\u2070-\u20cf"  # punctuation, raised figures, currencies
    "\u2100-\u2319\u231c-\u2328\u232b-\u23e8\u23ed-\u23ef\u23f1-\u23f2\u23f4-\u25fc\u25ff"  # arrows, lines, shapes
    "\u2713-\u2727\u2794\u2798-\u27af\u27b1-\u27be\u27c0-\u2b1a\u2c00-\u2cee"  # check marks, arrows, Braille
    "\u2e80-\u3029\u3030-\u303e\u3041-\u3096\u309b-\u3247\u3250-\u4dbf\u4e00-\ua4cf\uac00-\ud7a3"  # East Asia
    "\ue000-\ufaff\uff01-\uff9d\uffe0-\uffee"  # private, compatibility and full-width characters
    "\U0001d400-\U0001d7ff\U00020000-\U0003fffd"  # mathematical letters, more of East Asia
)
"""The inside of a character class: characters of the same width everywhere, unless a terminal is set up for East Asia.

All others are doubtful: emoji with skin tones, joiners and flags, marks, scripts whose letters join, and characters
newer than a terminal's tables.
"""

_DOUBTFUL: Final = re.compile(f"[^{_SURE}]")
_PICTURES: Final = "\U0001f000-\U0001f1e5\U0001f200-\U0001f3fa\U0001f400-\U0001faff"
_COLOURS: Final = "\U0001f3fb-\U0001f3ff"
_PICTURE: Final = rf"(?:[{_PICTURES}]|\S(?=[{_COLOURS}]))(?:[^{_SURE}{_PICTURES}]|(?<=\u200d).)*"
"""A picture with its skin tone and what is joined to it."""
_LETTERS: Final = rf"\S?(?:(?!{_PICTURE})[^{_SURE}{_PICTURES}])+"
"""Marks and the character before them, or a word of a script whose letters join."""
_WORD: Final = re.compile(f"(?P<picture>{_PICTURE})|{_LETTERS}")
_PHRASE: Final = re.compile(f"(?P<picture>{_PICTURE})|{_LETTERS}(?:(?!{_PICTURE})(?:[^ ]| (?! )))*")
"""Letters and everything after them up to two blanks: nothing there is set in columns. A picture stands alone."""


def is_doubtful(text: str) -> bool:
    """Return whether terminals disagree on the width of a text. Constant time for ASCII, otherwise 4 ns a character."""
    return not text.isascii() and _DOUBTFUL.search(text) is not None


def begins_surely(before: str) -> bool:
    """Return whether text after `before` starts in its own column on any terminal."""
    return before.endswith("  ") or not is_doubtful(before)


def anchored(strip: Strip, x: int, y: int, edge: int) -> Strip:
    """Return a strip for a cell of the screen, with the cursor set before and after doubtful characters.

    The cells that they should take are cleared first: a terminal that draws them narrower would show old ones there. If
    a terminal draws letters wider, the excess falls on blanks that follow or is overwritten by other text, and ends
    before the edge. After a picture, everything is overwritten: tmux gives a skin tone cells of its own and would shift
    the row on the outer terminal.
    """
    written: list[Segment] = []
    kept = 0
    """Blanks at the beginning of a piece that are already on screen."""
    for (piece, is_picture), (following, _) in pairwise([*_pieces(strip, x, edge), (Segment(""), False)]):
        text, style = piece.text[kept:], piece.style
        start, x = x, x + cell_width(text)
        kept = 0
        if not is_doubtful(text):
            written.append(Segment(text, style))
            continue
        if not is_picture:
            kept = len(following.text) - len(following.text.lstrip(" "))
        written += [Segment(" " * (x - start), style), Segment(" " * kept, following.style)]
        x += kept
        written += [Segment(_to(start, y) + text, style), Segment(_to(x, y))]
    return Strip([segment for segment in written if segment.text])


def _pieces(strip: Strip, x: int, edge: int) -> Iterator[tuple[Segment, bool]]:
    """Yield the strip cut around pictures and around phrases, or words where a phrase might cross the edge.

    Each piece comes with whether it is a picture.
    """
    for segment in strip:
        text, style = segment.text, segment.style
        position = 0
        for phrase in _PHRASE.finditer(text):
            crosses = x + cell_width(text[: phrase.start()]) + _most_cells(phrase[0]) > edge
            for found in _WORD.finditer(text, *phrase.span()) if crosses else (phrase,):
                if found.start() > position:
                    yield Segment(text[position : found.start()], style), False
                yield Segment(found[0], style), bool(found["picture"])
                position = found.end()
        if position < len(text):
            yield Segment(text[position:], style), False
        x += segment.cell_length


def _most_cells(text: str) -> int:
    """Return the width of a text if every doubtful character takes two cells."""
    return 2 * len(_DOUBTFUL.findall(text)) + cell_width(_DOUBTFUL.sub("", text))


def _to(x: int, y: int) -> str:
    return Control.move_to(x, y).segment.text
