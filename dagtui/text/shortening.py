"""Shorten names that are too long. They are cut in the middle, because similar names differ at the end."""

from __future__ import annotations

import re
from collections import Counter
from functools import lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple

from dagtui.text.look import IN_UNICODE
from dagtui.text.widths import cell_width, fit

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from dagtui.text.amounts import CellWidth
    from dagtui.text.look import Look

_LEAST_ROOM: Final = 4
"""The width in cells below which a name has no middle."""
_REST_CELLS: Final = 12
"""The smallest width in cells of a name without its beginning, if whole words can be added to reach it."""

_CELL_KEY: Final = re.compile(r"(?<=[\[,])[^\[\],=]+=")
_WORD: Final = re.compile(r"[^\s_./:,=\[-]*[\s_./:,=\[-]+")
_PART: Final = re.compile(r"[./:]+(?=[^./:])")
"""Separates the parts of a name, of which the last says most: `genome.align.STAR`."""
_LEAST_BEGINNING: Final = 6
"""The width in cells from which on a common beginning is not repeated."""
_FITTING: Final = 24
"""Names of at most this width in cells are not too long for rows."""
_TWICE_CUT: Final = 13
"""The width in cells from which on a name without its beginning may lack its middle as well."""
_MOST_COMPARED: Final = 200_000
_BEFORE_END: Final = 24
"""The most characters at the end of a name among which it is looked for what other names lack."""
_SAMPLED: Final = 100
"""Names that are looked at first. Those of most graphs begin with nothing in common."""


class _Cut(NamedTuple):
    """A name without its middle, its beginning, or both."""

    head: str
    tail: str
    begins: bool
    """Whether the head is the beginning of the name."""

    def shown(self, dots: str) -> str:
        parts = [self.head, self.tail] if self.begins else ["", self.head, self.tail]
        return dots.join(part for index, part in enumerate(parts) if part or not index)

    def could_be(self, other: str) -> bool:
        """Return whether another name, cut the same way, might look the same."""
        return other.endswith(self.tail) and (other.startswith(self.head) if self.begins else self.head in other)


def shortened(name: str, room: CellWidth, look: Look = IN_UNICODE) -> str:
    """Shorten a name to `room` cells. Of `task[cell]`, the names of the cell's keys go first: `train[1,small]`."""
    if cell_width(name) <= room:
        return name
    name = without_keys(name)
    if cell_width(name) <= room or room < _LEAST_ROOM:
        return fit(name, room, look)
    return _middle_cut(name, room, _usual_tail(name, room)).shown(look.glyphs.cut)


def ending(name: str, room: CellWidth, look: Look = IN_UNICODE) -> str:
    """Return the end of a name in `room` cells, where a shortened name would say too little: `…6357072]`."""
    if cell_width(name) <= room or room < 2:
        return fit(name, room, look)
    return _end_of(name, room).shown(look.glyphs.cut)


def told_apart(name: str, room: CellWidth, before: Sequence[str], after: Sequence[str], look: Look = IN_UNICODE) -> str:
    """Shorten a name to `room` cells so that it looks different from those of the rows before and after it.

    If a row before it begins with all that there is room for, that part is not repeated: `…chromosome_2`.
    """
    if cell_width(name) <= room:
        return name
    name = without_keys(name)
    if cell_width(name) <= room or room < _LEAST_ROOM:
        return shortened(name, room, look)
    begun = fit(name, room)[:-1]
    others = {without_keys(other) for other in (*before, *after)} - {name}
    alike = [other for other in others if other.startswith(begun)]
    is_said = bool(alike) and any(without_keys(other).startswith(begun) for other in before)
    start = _rest_start(name, alike, room) if is_said else 0
    dots = look.glyphs.cut
    for _ in range(2):
        cuts = list(_cuts(name, start, room))
        for cut in cuts:
            if not any(map(cut.could_be, others)):
                return cut.shown(dots)
        start = _rest_start(name, filter(cuts[-1].could_be, others), room)
    return _told_by_pieces(name, others, room, dots) or fit(dots + name[start:], room, look)


def _told_by_pieces(name: str, others: Iterable[str], room: CellWidth, dots: str) -> str:
    """Return the name's beginning with a piece from before its end, unlike those of others that begin alike.

    Such names differ neither at their beginning nor at their end: `AL…_STAT…` and `AL…XSTAT…`. Returns "" if there is
    no such piece.
    """
    head = room // 4
    alike = sorted({name, *(other for other in others if other.startswith(name[:head]))})
    ends = range(_BEFORE_END)
    pieces = [[_piece(one, head, end, room, dots) for end in ends] for one in alike]
    numbers = [Counter(row[end] for row in pieces) for end in ends]
    taken: set[str] = set()
    for one, row in zip(alike, pieces, strict=True):
        free = [end for end in ends if row[end] and row[end] not in taken]
        best = min(free, key=lambda end: (numbers[end][row[end]], end), default=None)
        if best is not None:
            taken.add(row[best])
        if one == name:
            return "" if best is None else row[best]
    return ""


def _piece(name: str, head: int, end: int, room: CellWidth, dots: str) -> str:
    """Return the beginning of a name, and what fits of it before its last `end` characters, or "" if nothing does."""
    stop = len(name) - end
    start = stop - (room - head - (2 if end else 1))
    shown = f"{name[:head]}{dots}{name[start:stop]}{dots if end else ''}"
    return shown if start > head and cell_width(shown) <= room else ""


def _cuts(name: str, start: int, room: CellWidth) -> Iterator[_Cut]:
    """Yield ways to show a name that does not fit, best first. One omits the beginning, if that is allowed."""
    if name.startswith("["):  # a cell below its task differs at its end
        yield _end_of(name, room)
    if not start:
        yield from _last_parts(name, room)
    rest = name[start:]
    tails = (_usual_tail(name, room), room * 3 // 4, room // 4)
    if start and cell_width(rest) < room:
        yield _Cut("", rest, begins=False)
    elif start:
        yield from _rest_cuts(rest, room, tails)
    yield from (_middle_cut(name, room, tail) for tail in tails)


def _last_parts(name: str, room: CellWidth) -> Iterator[_Cut]:
    """Yield the name's last parts, as many as fit, or the last one without its middle."""
    task, _, cell = name.partition("[")
    starts = [part.end() for part in _PART.finditer(task)]
    fitting = next((start for start in starts if cell_width(name[start:]) < room), None)
    last = task[starts[-1] :] if starts else ""
    if fitting in {None, *starts[-1:]} and 2 * sum(map(str.isdigit, last)) >= len(last):
        return  # a number or an identifier says nothing alone
    if fitting is not None and cell_width(name[fitting:]) >= room // 2:
        yield _Cut("", name[fitting:], begins=False)
    elif starts and fitting is None and room > 2 * _LEAST_ROOM and not cell:
        rest = name[starts[-1] :]
        yield from _rest_cuts(rest, room, [_usual_tail(rest, room - 1)])


def _rest_cuts(rest: str, room: CellWidth, tails: Iterable[CellWidth]) -> Iterator[_Cut]:
    """Yield ways to show what is left of a name without its beginning, if that does not fit either."""
    if room < _TWICE_CUT:
        yield _end_of(rest, room)
    yield from (_middle_cut(rest, room - 1, tail)._replace(begins=False) for tail in tails)


def _end_of(name: str, room: CellWidth) -> _Cut:
    """Return the end of a name, in one cell less than the room."""
    return _middle_cut(name, room, room - 1)._replace(head="", begins=False)


def common_beginning(names: Sequence[str]) -> str:
    """Return the whole words that all names begin with, if some name is too long and so is the beginning. Else ""."""
    some = names[:_SAMPLED]
    if not 2 <= len(names) <= _MOST_COMPARED or not _begin_alike(min(some), max(some)):
        return ""
    longest = max(names, key=len)
    if cell_width(longest) <= _FITTING:
        return ""
    first, last = min(names), max(names)
    starts = [word.end() for word in _WORD.finditer(first[: _begin_alike(first, last)])]
    # What is left says something by itself.
    start = next((start for start in reversed(starts) if cell_width(longest[start:]) >= _REST_CELLS), 0)
    found = first[:start]
    return "" if cell_width(found) < _LEAST_BEGINNING or found == first or "[" in found else found


def _middle_cut(name: str, room: CellWidth, tail_cells: CellWidth) -> _Cut:
    start, cells = len(name), 0
    while start and (cells := cells + cell_width(name[start - 1])) <= tail_cells:
        start -= 1
    while start < len(name) and not cell_width(name[start]):
        start += 1  # a mark would be put on the dots
    tail = name[start:]
    return _Cut(fit(name, room - cell_width(tail))[:-1], tail, begins=True)


def _usual_tail(name: str, room: CellWidth) -> CellWidth:
    return room * 3 // 5 if name.endswith("]") else room // 2


def _rest_start(name: str, others: Iterable[str], room: CellWidth) -> int:
    """Return where a name differs from the beginning of the others: at a word, with earlier words if they fit."""
    common = min((_begin_alike(name, other) for other in others), default=0)
    starts = [word.end() for word in _WORD.finditer(name[:common])]
    start = starts.pop() if starts else common
    while starts and cell_width(name[start:]) < _REST_CELLS and cell_width(name[starts[-1] :]) < room:
        start = starts.pop()
    return start


def _begin_alike(name: str, other: str) -> int:
    """Return the number of characters at the beginning that two names share."""
    pairs = zip(name, other, strict=False)
    return next((index for index, (one, two) in enumerate(pairs) if one != two), min(len(name), len(other)))


@lru_cache(maxsize=512)
def without_keys(name: str) -> str:
    """Return `task[cell]` without the names of the keys, which are the same in all siblings."""
    if not name.endswith("]"):
        return name
    task, bracket, cell = name.partition("[")
    return task + _CELL_KEY.sub("", bracket + cell)
