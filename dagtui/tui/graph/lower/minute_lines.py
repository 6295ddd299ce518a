"""The last minute of a run as rows: pace, number of running nodes, and a bar for each of the latest ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dagtui.engine.status import NodeStatus
from dagtui.text import label
from dagtui.text.amounts import CellWidth
from dagtui.text.labels import NAME_CHARACTERS
from dagtui.text.shortening import told_apart
from dagtui.tui.graph.amounts import rate_text
from dagtui.tui.graph.lower.last_minute import Bar, LastMinute
from dagtui.tui.graph.lower.lines import LowerLine, heading
from dagtui.tui.graph.pace import sparkline
from dagtui.tui.lines.rows import SPACE, Span, muted, node_sign, spaces
from dagtui.tui.lines.theme import STATUS_CLASSES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dagtui.runs.view import RunView
    from dagtui.text.amounts import ClockTime
    from dagtui.text.look import Look

_GAP: Final = 2.5
"""Seconds without a look after which the last minute is read from the times of the nodes again."""
_LEAST_SECONDS: Final = 5
"""A finished run that was shorter has nothing to show on an axis of a minute."""
_SHORT_NAME, _LONG_NAME = CellWidth(10), CellWidth(28)
_BESIDE_NAME: Final = 4
"""The cells of a glyph and the spaces around a name."""


class MinuteLines:
    """Draws the last minute. All of its rows have the same columns of time."""

    def __init__(self, run: RunView, look: Look) -> None:
        self._run = run
        self._look = look
        self._minute: LastMinute | None = None
        self._taken_at = run.clock()
        """When the last minute was looked at."""
        self._shown_for: tuple[object, ...] = ()
        self._lines: list[LowerLine] = []

    def lines(self, width: CellWidth, height: int, clock: ClockTime) -> list[LowerLine]:
        """Return a heading and the rows. They change once a second. Of a very short run there are none."""
        if self._run.settled and self._run.state.active(clock) < _LEAST_SECONDS:
            return []
        if self._minute is None or clock - self._taken_at > _GAP:  # it was not shown meanwhile
            self._minute = LastMinute(self._run.state, clock)
        self._minute.take(clock)
        self._taken_at = clock
        shown_for = (int(clock), self._run.settled, width, height)
        if self._shown_for != shown_for:
            self._shown_for, self._lines = shown_for, self._draw(self._minute, width, height, clock)
        return self._lines

    def _draw(self, minute: LastMinute, width: CellWidth, height: int, clock: ClockTime) -> list[LowerLine]:
        settled = self._run.settled
        named = CellWidth(max(_SHORT_NAME, min(_LONG_NAME, width // 2 - 1)))
        columns = CellWidth(width - named - _BESIDE_NAME)
        rate = "" if settled else f" {rate_text(minute.rate(clock))}"
        alive = "" if settled else f" {self._run.alive():,}"
        lines = [
            heading("last minute of the run" if settled else "last minute", width, self._look),
            LowerLine(self._graph(f"done{rate}", minute.ended(clock, columns), named)),
            LowerLine(self._graph(f"running{alive}", minute.running(clock, columns), named)),
        ]
        bars = minute.bars(clock, columns, height - len(lines))
        names = [label(self._run.graph.labels[bar.node], NAME_CHARACTERS) for bar in bars]
        for at, bar in enumerate(bars):
            name = told_apart(names[at], named, names[:at], names[at + 1 :], self._look)
            lines.append(LowerLine(self._bar(bar, name, named), [(0, bar.node)]))
        return lines

    def _graph(self, words: str, numbers: Sequence[int], named: CellWidth) -> list[Span]:
        """Return numbers of parts of the last minute as rising bars."""
        signs, said = sparkline(numbers, self._look.glyphs.levels), muted(f"   {words}")
        shown = Span(signs.lstrip(), STATUS_CLASSES[NodeStatus.RUNNING])
        return [said, spaces(named + _BESIDE_NAME - said.width + len(signs) - len(shown.text)), shown]

    def _bar(self, bar: Bar, name: str, named: CellWidth) -> list[Span]:
        status = self._run.state.status_of(bar.node)
        sign, shown = self._look.glyphs.shares[status], Span(name)
        return [
            *(SPACE, node_sign(self._run.state, bar.node, self._look), SPACE, shown),
            spaces(named + 1 - shown.width + bar.start),
            Span(sign * (bar.end - bar.start), STATUS_CLASSES[status]),
        ]
