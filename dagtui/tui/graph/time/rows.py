"""Rows of the view Time: name, bars of the attempts on one time axis, and how long they took."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Final, NamedTuple, cast

from dagtui.engine.status import ALIVE, ENDED, SETTLED, NodeStatus
from dagtui.engine.why import root_cause, why
from dagtui.text import cell_width, duration, fit, label
from dagtui.text.amounts import NO_CELLS, CellWidth
from dagtui.text.labels import name_label
from dagtui.tui.graph.amounts import TIME_CELLS, elapsed, tally, time_cells, time_text
from dagtui.tui.graph.guides import fold_marker
from dagtui.tui.graph.held_rows import HELD
from dagtui.tui.graph.layout import GroupKind
from dagtui.tui.graph.row_body import with_glyph
from dagtui.tui.graph.time.bars import bars, levels
from dagtui.tui.graph.time.timeline import Timeline
from dagtui.tui.graph.time.used import HEAD, USED_CELLS, used_words
from dagtui.tui.lines.rows import SPACE, Role, Span, first_that_fit, spaces, width_of
from dagtui.tui.lines.theme import STATUS_CLASSES

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from dagtui.engine.messages import AttemptNumber
    from dagtui.graph.model import NodeIndex
    from dagtui.runs.view import RunView
    from dagtui.text.amounts import ClockTime
    from dagtui.text.look import Look
    from dagtui.tui.graph.bodies import Bodies
    from dagtui.tui.graph.navigator import Navigator
    from dagtui.tui.graph.row_body import Body
    from dagtui.tui.graph.row_names import RowNames
    from dagtui.tui.graph.tasks.layout import TasksLayout
    from dagtui.tui.graph.time.axis import TimeAxis
    from dagtui.tui.graph.time.span_sets import RowSpans

LEAST_BARS: Final = 12
"""The least cells of the time axis."""
_LEAST_NAME: Final = 7
_USUAL: Final = 100
"""From this width on, rows say as well how long they usually take."""
_USED: Final = 110
"""From this width on, rows say as well what nodes use."""
_MARKS: Final = 4
"""Cells before the name: for the cursor, the fold marker, the status and the selection."""
_KEPT: Final = 10_000
_MEASURED: Final = 500
"""The most rows whose names are measured."""


class TimeColumns(NamedTuple):
    """The widths of the columns of a row, without the gaps of one cell between them."""

    name: CellWidth
    bars: CellWidth
    used: CellWidth
    """0: there is no room for it. The same holds for `usual`."""
    usual: CellWidth
    time: CellWidth


class TimeRows:
    """The rows of the view Time as spans. It has the rows of Tasks, with a time axis in place of lanes and strips."""

    lights_edges = False
    is_grid = False

    def __init__(self, run: RunView, bodies: Bodies, navigator: Navigator, names: RowNames, look: Look) -> None:
        self.run = run
        self._state = run.state
        self._bodies = bodies
        self._navigator = navigator
        self._names = names
        self._look = look
        self._timeline: Timeline | None = None
        self._kept_axis: TimeAxis | None = None
        """What a person chose to see of the time axis, before the attempts were read again."""
        self._took: dict[NodeIndex, tuple[tuple[AttemptNumber, ClockTime], str]] = {}
        """For ended nodes, the last attempt with its end, and how long all attempts took."""
        self._measured_for: tuple[object, ...] = ()
        """Which rows were in sight when the names of cells were measured, and their width."""
        self._widest_name = NO_CELLS

    @property
    def timeline(self) -> Timeline:
        """What is known of times, from the first time on that the view is shown."""
        if self._timeline is None:
            self._timeline = Timeline(self.run, self._layout.families)
            self._timeline.axis = self._kept_axis or self._timeline.axis
        return self._timeline

    def rewind(self) -> None:
        """Read the attempts again: some that were there may be gone. The part of the axis that is shown stays."""
        if self._timeline is not None:
            self._kept_axis, self._timeline = self._timeline.axis, None
        self._took.clear()

    @property
    def is_filling(self) -> bool:
        """Whether the rows lack something that the next frames add."""
        return self._timeline is not None and self._timeline.is_filling

    @property
    def _layout(self) -> TasksLayout:
        return cast("TasksLayout", self._navigator.outline.layout)

    def fill(self) -> bool:
        """Look at more nodes in this frame. Return whether there are any."""
        self.mark(())
        return self.is_filling

    def mark(self, nodes: Iterable[NodeIndex]) -> None:
        """Note which nodes have changed. Before the view was ever shown, that costs nothing."""
        if self._timeline is not None:
            self._timeline.mark(nodes)

    def lit(self, item: int) -> tuple[object, ...]:  # noqa: ARG002 - there are no edges
        """Return nothing: no edges are shown."""
        return ()

    def marker_column(self, item: int, width: CellWidth) -> CellWidth:  # noqa: ARG002 - equal in all rows
        """Return the cell of a row's fold marker, counted from after the cursor's mark."""
        return CellWidth(0)

    def columns(self, width: CellWidth) -> TimeColumns:
        """Return how a row of some cells is divided."""
        time = time_cells(width)
        usual = CellWidth(TIME_CELLS if width >= _USUAL and self.run.forecast.known else 0)
        used = USED_CELLS if width >= _USED else CellWidth(0)
        rest = width - _MARKS - 2 - time - usual - bool(usual) - used - bool(used)
        widest = max(self._layout.widest, self._widest_cell(width))
        name = max(_LEAST_NAME, min(widest, rest * 2 // 5, rest - LEAST_BARS))
        return TimeColumns(CellWidth(name), CellWidth(max(0, rest - name)), used, usual, time)

    def _widest_cell(self, width: CellWidth) -> CellWidth:
        """Return the cells that the names in open families take, as they are written in rows of a width."""
        navigator, outline = self._navigator, self._navigator.outline
        key = outline, len(outline), navigator.generation, width
        if key != self._measured_for:
            self._measured_for = key
            self._names.suit(width)
            items = map(outline.item, range(min(len(outline), _MEASURED)))
            names = (cell_width(self._names.name(item)) for item in items if self._is_cell(item))
            self._widest_name = CellWidth(max(names, default=-1) + 1)
        return self._widest_name

    def _is_cell(self, item: int) -> bool:
        """Return whether a row is a node in an open family, which is indented."""
        layout = self._layout
        return layout.head(item) is None and layout.family(item) is None

    # One row

    def signature(self, item: int, width: CellWidth, clock: ClockTime) -> tuple[tuple[object, ...], str]:
        """Return what the row of an item depends on, and its time."""
        timeline, state = self._followed(width, clock), self._state
        own, _ = self._bodies.signature(item, width, clock)
        node = self._single(item)
        if node is not None:  # most rows: nothing is made of them before they are drawn
            status = state.status[node]
            is_open = status in ALIVE or status == NodeStatus.READY
            facts: tuple[object, ...] = (state.attempt[node], state.started[node], state.ended[node])
            time = self._node_time(node, clock)
            if width >= _USED and status in ALIVE:
                facts = (*facts, used_words(self.run, node))
        else:
            spans = self._spans(item)
            is_open = any(row.open or row.queued for row in spans)
            facts, time = tuple(row.version for row in spans), self._family_time(spans, clock)
        present = timeline.axis.cell(clock) if is_open else None
        return (item, timeline.axis.key, present, *facts, timeline.expectations, *own), time

    def spans(self, item: int, width: CellWidth, clock: ClockTime) -> list[Span]:
        """Return the row of an item without the cursor's mark, in exactly `width` cells with it."""
        timeline = self._followed(width, clock)
        columns = self.columns(width)
        spans = self._spans(item)
        took = _dense(self._time(item, spans, clock), columns.time)
        time = Span(took.rjust(columns.time), Role.MUTED)
        asides = self._asides(item, columns)
        expected = timeline.expected_of(self._expected_nodes(item))
        if not any(row.shows_anything for row in spans) and not expected.spans:
            middle = self._words(self._nodes(item), columns.bars, clock)
        else:
            middle = bars(spans, expected, timeline.axis, clock, self._look)
        row = [*self._lead(item, columns.name, width, clock), SPACE, *middle, SPACE, *asides, time]
        if width_of(row) < width:
            return row
        shown = first_that_fit(row, CellWidth(width - 1))
        return [*shown, spaces(width - 1 - width_of(shown))]

    def _lead(self, item: int, cells: CellWidth, width: CellWidth, clock: ClockTime) -> list[Span]:
        """Return what stands before the bars: fold marker, status and name."""
        layout = self._layout
        head, node = layout.head(item), layout.node(item)
        if head is not None:
            glyph, body = self._bodies.head_body(item, head, width)
        else:
            glyph, body = self._bodies.node_body(layout.nodes[node or 0], item, width, clock)
        marker = Span(fold_marker(self._navigator.outline, item, self._look.glyphs, " "), Role.GUIDE)
        selected = Span(self._look.glyphs.selected, Role.KEY) if self._bodies.is_selected(item) else SPACE
        indent = CellWidth(1 if self._is_cell(item) else 0)
        lead = with_glyph([marker], glyph, selected, self._look.glyphs)
        return [*lead, spaces(indent), *self._name(item, body, cells - indent)]

    def _name(self, item: int, body: Body, cells: CellWidth) -> list[Span]:
        """Return the name of a row in exactly some cells, with the number of its nodes if that fits."""
        suffix = body.suffix if body.suffix.width + _LEAST_NAME <= cells else Span("")
        room = CellWidth(cells - suffix.width)
        name = body.name if body.name.width <= room else Span(self._names.cut(item, room), body.name.role)
        return [name, suffix, spaces(cells - name.width - suffix.width)]

    def _families(self, item: int) -> Sequence[int]:
        """Return the families that a row of several nodes stands for. None for an unfolded heading."""
        layout = self._layout
        head = layout.head(item)
        if head is not None and head.kind is GroupKind.FOLDER:
            is_folded = self._navigator.outline.is_folded(item)
            return layout.order[layout.place(item) : layout.last_place(item) + 1] if is_folded else ()
        family = layout.family(item)
        return () if family is None else (family,)

    def _spans(self, item: int) -> Sequence[RowSpans]:
        """Return the spans that a row shows."""
        node = self._single(item)
        if node is not None:
            return [self.timeline.node(node)]
        rows = map(self.timeline.family, self._families(item))
        return [row for row in rows if row is not None]

    def _nodes(self, item: int) -> Sequence[NodeIndex]:
        """Return the nodes that a row stands for."""
        node = self._single(item)
        if node is not None:
            return [node]
        members = self._layout.families.members
        return [node for family in self._families(item) for node in members[family].nodes]

    def _expected_nodes(self, item: int) -> Iterable[NodeIndex]:
        """Return those of which something is expected, or that are on the critical path."""
        node = self._single(item)
        if node is not None:
            return [node]
        return chain.from_iterable(map(self.timeline.expected_nodes, self._families(item)))

    def _words(self, nodes: Sequence[NodeIndex], cells: CellWidth, clock: ClockTime) -> list[Span]:
        """Return why nothing has run, or that nodes are held, in place of bars."""
        state, first = self._state, nodes[0] if nodes else None
        text, role = "", str(Role.MUTED)
        if first is not None and not state.is_outside(first) and state.status[first] in SETTLED:
            text = label(why(state, first, clock))
            if cell_width(text) > cells and state.status[first] == NodeStatus.FAILED_PARENT:
                cause = self.run.graph.labels[root_cause(state, first)]
                text = "by " + name_label(cause, CellWidth(max(1, cells - 3)), self._look)
            text = fit(text, cells, self._look)
        elif held := state.held.intersection(nodes):
            text = fit(HELD if len(nodes) == 1 else f"{tally(len(held))} {HELD}", cells, self._look)
            role = STATUS_CLASSES[NodeStatus.RETRYING]
        words = Span(text, role)
        return [words, spaces(cells - words.width)]

    # Times

    def _time(self, item: int, spans: Sequence[RowSpans], clock: ClockTime) -> str:
        node = self._single(item)
        return self._family_time(spans, clock) if node is None else self._node_time(node, clock)

    def _node_time(self, node: NodeIndex, clock: ClockTime) -> str:
        """Return how long all attempts of a node took, or what the other views say of one that has not ended."""
        state = self._state
        status = state.status[node]
        if status not in ENDED or not state.attempt[node]:
            return self._bodies.time(node, clock)
        facts = state.attempt[node], state.ended[node]
        found = self._took.get(node)
        if found is None or found[0] != facts:
            if len(self._took) > _KEPT:
                self._took.clear()
            seconds = self.timeline.node(node).covered(clock)
            if state.any_remote:  # attempts there go on while no process has the run, and its clock stands still
                seconds = max(seconds, sum(result.seconds for result in self.run.attempts.of(node)))
            found = self._took[node] = facts, time_text(seconds)
        return found[1]

    def _family_time(self, spans: Sequence[RowSpans], clock: ClockTime) -> str:
        """Return the time that the attempts of several nodes cover."""
        seconds = sum(row.covered(clock) for row in spans)
        return elapsed(seconds) if any(row.open for row in spans) else time_text(seconds)

    def _single(self, item: int) -> NodeIndex | None:
        """Return the node of a row that is one node."""
        layout = self._layout
        return layout.nodes[item] if item < layout.node_count else None

    def _asides(self, item: int, columns: TimeColumns) -> list[Span]:
        """Return what stands between the bars and the time."""
        node = self._single(item)
        asides: list[Span] = []
        if columns.used:
            words = "" if node is None else used_words(self.run, node)
            asides += [Span(words.ljust(columns.used), Role.MUTED), SPACE]
        if columns.usual:
            asides += [Span(self._usual(item).rjust(columns.usual), Role.MUTED), SPACE]
        return asides

    def measured(self, items: Iterable[int], width: CellWidth) -> list[NodeIndex]:
        """Return the running nodes of rows in sight, of which is said what they use."""
        if width < _USED:
            return []
        nodes = (self._single(item) for item in items)
        return [node for node in nodes if node is not None and self._state.status[node] in ALIVE]

    def _usual(self, item: int) -> str:
        node = self._layout.node(item)
        seconds = self.run.estimate(node) if node is not None and self.run.knows(node) else None
        return _dense(time_text(seconds or 0.0), CellWidth(TIME_CELLS))

    # The axis

    def head(self, width: CellWidth, clock: ClockTime) -> list[list[Span]]:
        """Return the rows above all others: the marks of the axis, and the slots in use."""
        timeline, columns = self._followed(width, clock), self.columns(width)
        axis, line = timeline.axis, [" "] * columns.bars
        for cell, text in axis.marks():
            if cell + len(text) <= columns.bars:
                line[cell : cell + len(text)] = text
        lead = CellWidth(_MARKS + columns.name + 1)
        took = "took".rjust(columns.time)
        marks = [self._chain_words(lead, clock), Span("".join(line), Role.MUTED), SPACE]
        marks += [Span(HEAD, Role.MUTED), SPACE] if columns.used else []
        marks += [Span("usual".rjust(columns.usual), Role.MUTED), SPACE] if columns.usual else []
        marks.append(Span(took, Role.MUTED))
        slots = levels(timeline.spans.by_slots, self._state.jobs, axis, self._until(clock), self._look)
        words = _fitting(("slots in use", "slots"), lead)
        return [marks, [words, Span(slots, Role.KEY)]]

    def _chain_words(self, cells: CellWidth, clock: ClockTime) -> Span:
        """Return how long the critical path worked and waited, as far as there is room."""
        work, waits = self.timeline.critical_seconds(clock)
        if not work:
            return spaces(cells)
        took, waited = duration(work), duration(waits)
        return _fitting(
            (f"critical path {took} + {waited} waits", f"critical {took} + {waited}", f"critical {took}"), cells
        )

    def _until(self, clock: ClockTime) -> ClockTime:
        return self.timeline.spans.last if self.run.settled else clock

    def axis(self, width: CellWidth, clock: ClockTime) -> TimeAxis:
        """Return the axis, fitted into rows of some cells."""
        return self._followed(width, clock).axis

    def _followed(self, width: CellWidth, clock: ClockTime) -> Timeline:
        timeline = self.timeline
        timeline.follow(self.columns(width).bars, clock)
        return timeline


def _dense(time: str, cells: CellWidth) -> str:
    """Return a time, without spaces if it does not fit otherwise. The bars before it keep their cells."""
    return time if len(time) <= cells else time.replace(" ", "")


def _fitting(texts: Sequence[str], cells: CellWidth) -> Span:
    """Return the first of some texts that fits before the bars."""
    text = next((text for text in texts if _MARKS + len(text) < cells), "")
    return Span((" " * _MARKS + text).ljust(cells), Role.MUTED)
