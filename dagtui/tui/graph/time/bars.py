"""Bars of the view Time: one cell after the other, from the spans of the attempts that a row stands for."""

from __future__ import annotations

import enum
from itertools import groupby
from operator import add
from typing import TYPE_CHECKING, Final, NamedTuple

from dagtui.engine.status import NodeStatus
from dagtui.text.amounts import NO_TIME
from dagtui.tui.graph.time.span_sets import BAD_ENDS, ENDS, SpanSet
from dagtui.tui.lines.rows import Role, Span
from dagtui.tui.lines.theme import STATUS_CLASSES

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from dagtui.engine.messages import Slots
    from dagtui.text.amounts import ClockTime
    from dagtui.text.look import Look
    from dagtui.tui.graph.time.axis import TimeAxis
    from dagtui.tui.graph.time.span_sets import RowSpans

_S = NodeStatus
_SAMPLES: Final = 4
"""The moments of a cell at which the slots in use are counted."""


class BarSign(enum.IntEnum):
    """What a cell shows: the place of its sign among `Glyphs.bars`."""

    QUEUED = 0
    ONE = 1
    SEVERAL = 2
    CRITICAL = 3
    EXPECTED = 4
    EXPECTED_CRITICAL = 5


class Expected(NamedTuple):
    """What is expected of the nodes of a row, and which of its times are on the critical path."""

    spans: Sequence[tuple[ClockTime, ClockTime]] = ()
    """When nodes are expected to run."""
    critical: Sequence[tuple[ClockTime, ClockTime]] = ()
    """When nodes on the critical path have run and are expected to run."""


NOTHING_EXPECTED: Final = Expected()
_EMPTY: Final = (" ", str(Role.PLAIN))
_Cell = tuple[str, str]


def bars(rows: Sequence[RowSpans], expected: Expected, axis: TimeAxis, now: ClockTime, look: Look) -> list[Span]:
    """Return exactly the cells of the axis for the spans of one row, or of all rows that it stands for."""
    cells = [_EMPTY] * axis.cells
    critical = _covered(expected.critical, axis)
    first, last = _range(rows, axis, now)
    if first < last:
        marked = [cell in critical for cell in range(first, last)]
        cells[first:last] = _past(rows, axis.edges(first, last), marked, now, look)
    for cell in _covered(expected.spans, axis):
        if axis.edge(cell + 1) > now and cells[cell] == _EMPTY:
            sign = BarSign.EXPECTED_CRITICAL if cell in critical else BarSign.EXPECTED
            cells[cell] = look.glyphs.bars[sign], str(Role.MUTED)
    return [Span("".join(sign for sign, _ in run), role) for role, run in groupby(cells, key=lambda cell: cell[1])]


def levels(taken: Mapping[Slots, SpanSet], slots: Slots, axis: TimeAxis, now: ClockTime, look: Look) -> str:
    """Return the share of the slots that was in use, as a character a cell. What is not over yet is empty."""
    signs, cells = look.glyphs.levels, max(0, min(axis.cell(now) + 1, axis.cells))
    step = axis.scale / _SAMPLES
    moments = [axis.edge(cell) + step * (number + 0.5) for cell in range(cells) for number in range(_SAMPLES)]
    moments = [min(moment, now) for moment in moments]
    used = [0] * len(moments)
    for weight, spans in taken.items():
        used = [known + weight * count for known, count in zip(used, spans.at(moments), strict=True)]
    text, top = "", len(signs) - 1
    for at in range(0, len(used), _SAMPLES):
        share = sum(used[at : at + _SAMPLES]) / _SAMPLES / max(1, slots)
        text += signs[max(1, min(top, round(share * top)))] if share else signs[0]
    return text.ljust(axis.cells)


def _past(
    rows: Sequence[RowSpans], edges: Sequence[ClockTime], critical: Sequence[bool], now: ClockTime, look: Look
) -> list[_Cell]:
    """Return what has been in the cells between some edges."""
    kinds = [(_S.RUNNING, _sum(edges, (_open(row, now) for row in rows)))]
    kinds += [(status, _sum(edges, (row.ended.get(status) for row in rows))) for status in ENDS]
    ends = [(status, _ends(edges, (row.ended.get(status) for row in rows))) for status in BAD_ENDS]
    waits = _sum(edges, (spans for row in rows for spans in (row.waited, _queued(row, now))))
    several = _several(rows, edges, now)
    signs, cells = look.glyphs.bars, [_EMPTY] * len(critical)
    for cell, is_critical in enumerate(critical):
        if (bad := _first(ends, cell)) is not None:
            cells[cell] = look.glyphs.statuses[bad], STATUS_CLASSES[bad]
        elif (status := _first(kinds, cell)) is not None:
            one = BarSign.SEVERAL if several[cell] > 1 else BarSign.ONE
            cells[cell] = signs[BarSign.CRITICAL if is_critical else one], STATUS_CLASSES[status]
        elif waits[cell]:
            cells[cell] = signs[BarSign.QUEUED], STATUS_CLASSES[_S.READY]
    return cells


def _first(kinds: Sequence[tuple[NodeStatus, Sequence[int]]], cell: int) -> NodeStatus | None:
    """Return the first kind of which there is something in a cell."""
    return next((status for status, counts in kinds if counts[cell]), None)


def _range(rows: Sequence[RowSpans], axis: TimeAxis, now: ClockTime) -> tuple[int, int]:
    """Return the cells between which something has been or is, as first and end."""
    extents = [extent for row in rows if (extent := row.extent)[1] > NO_TIME]
    if not extents:
        return 0, 0
    begin, end = min(begin for begin, _ in extents), min(now, max(end for _, end in extents))
    return max(0, min(axis.cell(begin), axis.cells)), max(0, min(axis.cell(end) + 1, axis.cells))


def _sum(edges: Sequence[ClockTime], sets: Iterable[SpanSet | None]) -> list[int]:
    """Return how many spans of some sets have a part in each cell."""
    counts = [0] * (len(edges) - 1)
    for spans in sets:
        if spans:
            counts = list(map(add, counts, spans.within(edges)))
    return counts


def _ends(edges: Sequence[ClockTime], sets: Iterable[SpanSet | None]) -> list[int]:
    counts = [0] * (len(edges) - 1)
    for spans in sets:
        if spans:
            counts = list(map(add, counts, spans.ended(edges)))
    return counts


def _several(rows: Sequence[RowSpans], edges: Sequence[ClockTime], now: ClockTime) -> list[int]:
    """Return how many attempts cover the middle of each cell. Those that only follow each other are not several."""
    counts = [0] * (len(edges) - 1)
    if sum(row.count for row in rows) < 2:
        return counts
    half = (edges[1] - edges[0]) / 2
    middles = [edge + half for edge in edges[:-1]]
    for spans in (spans for row in rows for spans in (*row.ended.values(), _open(row, now))):
        if spans:
            counts = list(map(add, counts, spans.at(middles)))
    return counts


def _open(row: RowSpans, now: ClockTime) -> SpanSet:
    return SpanSet.of((span.start, now) for span in row.open.values())


def _queued(row: RowSpans, now: ClockTime) -> SpanSet:
    """Return the waits of the attempts that have not ended."""
    waits = [(span.ready, span.start) for span in row.open.values() if span.ready < span.start]
    return SpanSet.of([*waits, *((ready, now) for ready in row.queued[:1])])


def _covered(spans: Sequence[tuple[ClockTime, ClockTime]], axis: TimeAxis) -> set[int]:
    """Return the cells in which there is something of some spans."""
    found: set[int] = set()
    for begin, end in spans:
        if begin < axis.end and end > axis.begin:
            last = axis.cells if end >= axis.end else axis.last_cell(end) + 1
            found.update(range(max(0, axis.cell(begin)), min(last, axis.cells)))
    return found
