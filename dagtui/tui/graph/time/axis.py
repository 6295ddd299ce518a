"""Time axis: which part of a run's time the cells of the view Time show, and the marks above them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from dagtui.text.amounts import NO_TIME, ClockTime

if TYPE_CHECKING:
    from dagtui.text.amounts import CellWidth, Seconds

_RATIO: Final = 1.2
"""The scale of a run that goes on grows by this factor, so that all rows are drawn anew only now and then."""
_SPARE: Final = 1.03
_EMPTIEST: Final = 0.6
"""If less of the axis than this is needed, the scale is made smaller again."""
_FULLEST: Final = 0.999
_PAN: Final = 4
"""One step of scrolling moves by one part in this many of what is shown."""
_FINEST: Final = 1e-3
"""Seconds of a cell below which zooming ends: the journal's resolution."""
_GAP: Final = 4
"""The least cells between two marks."""
_ROOMY: Final = 24
"""With fewer cells, marks stand closer, so that there is more than the first one."""
_TRIED: Final = 4
"""The number of marks whose length is looked at."""
_STEPS: Final = (
    *(0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 20, 30),
    *(60 * minutes for minutes in (1, 2, 5, 10, 15, 20, 30)),
    *(3600 * hours for hours in (1, 2, 3, 6, 12, 24, 48, 96, 240, 480)),
)
"""Seconds from one mark to the next."""


class TimeAxis:
    """Maps times on the run's clock to cells. By default it shows the whole run and what is expected of it."""

    def __init__(self) -> None:
        self.cells = 1
        """Number of cells."""
        self.begin = NO_TIME
        """The time at the left edge of the first cell."""
        self.scale = 1.0
        """Seconds of a cell."""
        self.is_whole = True
        """Whether it shows the whole run. Otherwise a person has chosen a part of it."""
        self._follows = False
        """Whether a part moves on with the present."""
        self._extent = 0.0
        self._now = NO_TIME

    @property
    def key(self) -> tuple[float, ...]:
        """What it shows. Rows that were drawn for an equal one are still right."""
        return float(self.begin), self.scale, self.cells

    @property
    def end(self) -> ClockTime:
        """The time at the right edge of the last cell."""
        return self.begin + self.cells * self.scale

    def cell(self, at: ClockTime) -> int:
        """Return the cell of a time. It may be beyond the cells there are."""
        return math.floor((at - self.begin) / self.scale)

    def last_cell(self, end: ClockTime) -> int:
        """Return the last cell of what ends at a time."""
        return math.ceil((end - self.begin) / self.scale) - 1

    def edge(self, cell: int) -> ClockTime:
        """Return the time at the left edge of a cell."""
        return self.begin + cell * self.scale

    def edges(self, first: int, last: int) -> list[ClockTime]:
        """Return the times at the edges of the cells from `first` to before `last`."""
        begin, scale = self.begin, self.scale
        return [begin + cell * scale for cell in range(first, last + 1)]

    def adapt(self, cells: CellWidth, now: ClockTime, extent: Seconds, *, settled: bool) -> None:
        """Show the whole run of some seconds in the given cells, or the chosen part of it."""
        resized = cells != self.cells
        if resized and not self.is_whole:
            self.scale *= self.cells / max(1, cells)  # the same part, in other cells
        self.cells, self._now, self._extent = max(1, cells), now, max(extent, 0.1)
        if self.is_whole:
            self.begin = NO_TIME
            exact = self._extent / self.cells
            if settled or resized or not _EMPTIEST <= exact / self.scale < _FULLEST:
                self.scale = exact if settled else _rounded_up(exact * _SPARE)
        elif self._follows and not settled and now >= self.end:
            self.begin = now - 3 * self.cells * self.scale / 4

    def zoom(self, factor: float, around: ClockTime | None = None) -> bool:
        """Show a shorter time, or a longer one if the factor is below 1. Return whether anything changed.

        `around` is the time that stays in the middle. None: the present if it is in sight, or the middle.
        """
        length = self.cells * self.scale / factor
        if factor < 1 and length >= self._extent:
            return self.show_whole()
        if length / self.cells < _FINEST:
            return False
        present = self._now if self.begin <= self._now <= self.end else None
        middle = around if around is not None else present if present is not None else self.edge(self.cells // 2)
        self.is_whole, self.scale = False, length / self.cells
        self._move_to(middle - length / 2)
        return True

    def pan(self, steps: int) -> bool:
        """Show a later time, or an earlier one for negative steps. Return whether anything changed."""
        before = self.begin
        if not self.is_whole:
            self._move_to(self.begin + steps * self.cells * self.scale / _PAN)
        return self.begin != before

    def show_whole(self) -> bool:
        """Show the whole run. Return whether anything changed."""
        changed, self.is_whole = not self.is_whole, True
        self.scale = _rounded_up(self._extent * _SPARE / self.cells)
        self.begin = NO_TIME
        return changed

    def _move_to(self, begin: ClockTime) -> None:
        latest = ClockTime(max(0.0, self._extent - self.cells * self.scale * 3 / 4))
        self.begin = max(NO_TIME, min(begin, latest))
        self._follows = self.end > self._now >= self.begin

    def marks(self) -> list[tuple[int, str]]:
        """Return the cells of the marks, and what each says."""
        step = next((step for step in _STEPS if self._has_room(step)), _STEPS[-1])
        found: list[tuple[int, str]] = []
        number = math.ceil(float(self.begin) / step - 1e-6)
        while (cell := self.cell(ClockTime(number * step) + 1e-6 * step)) < self.cells:
            text = mark_text(number * step)
            if not found or cell > found[-1][0] + len(found[-1][1]):
                found.append((max(0, cell), text))
            number += 1
        return found

    def _has_room(self, step: float) -> bool:
        """Return whether marks at this distance do not touch."""
        first = math.ceil(float(self.begin) / step)
        shown = [at for number in range(_TRIED) if (at := (first + number) * step) < float(self.end)]
        longest = max((len(mark_text(at)) for at in shown), default=0)
        return step >= self.scale * (longest + (_GAP if self.cells >= _ROOMY else 1))


def mark_text(seconds: Seconds) -> str:
    """Return a time on the axis: 0.5 s, 20 s, 1:30, 10 m, 2 h, 2:30 h, 2:30:10."""
    whole, thousandths = divmod(round(seconds * 1000), 1000)
    part = f".{thousandths:03}".rstrip("0") if thousandths else ""
    if whole < 60:
        return f"{whole}{part} s"
    minutes, rest = divmod(whole, 60)
    is_exact = not rest and not part
    if whole < 3600:
        return f"{minutes} m" if is_exact else f"{minutes}:{rest:02}{part}"
    hours, minutes = divmod(minutes, 60)
    if not is_exact:
        return f"{hours}:{minutes:02}:{rest:02}{part}"
    return f"{hours}:{minutes:02} h" if minutes else f"{hours} h"


def _rounded_up(scale: float) -> float:
    """Return the next scale that a growing run may have."""
    return _RATIO ** math.ceil(math.log(scale, _RATIO) - 1e-9)
