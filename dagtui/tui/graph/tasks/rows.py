"""Rows of the tasks view: lanes, name, number of nodes, and a strip that shows the status of each node."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final, cast

from dagtui.engine.status import ALIVE, UNBEGUN, NodeStatus
from dagtui.text.amounts import NO_CELLS, ONE_CELL, CellWidth
from dagtui.tui.graph.amounts import covered, elapsed, time_text
from dagtui.tui.graph.bodies import ASIDE
from dagtui.tui.graph.layout import GroupKind
from dagtui.tui.graph.row_body import Note, Strip, fitted, with_glyph
from dagtui.tui.graph.signs import role_of
from dagtui.tui.graph.tasks.lines import Lit, lead, marker_column, strip
from dagtui.tui.graph.weights import worst
from dagtui.tui.lines.rows import SPACE, Role, Span, spaces, width_of

if TYPE_CHECKING:
    from dagtui.engine.state import RunState
    from dagtui.text.amounts import ClockTime
    from dagtui.text.look import Look
    from dagtui.tui.graph.bodies import Bodies
    from dagtui.tui.graph.navigator import Navigator
    from dagtui.tui.graph.reasons import ShortReason
    from dagtui.tui.graph.row_body import Body
    from dagtui.tui.graph.row_names import RowNames
    from dagtui.tui.graph.tasks.layout import TasksLayout

_S = NodeStatus
COUNTED: Final = 8
"""The nodes of a larger family are counted as well. Those of a smaller one are counted at a glance."""
TIMED: Final = 100
"""The most nodes whose times are looked at in each frame."""
_CELL_INDENT: Final = 2
_NAMED: Final = 2
"""The most parents that are named in place of lines."""


class TaskRows:
    """The rows of the tasks view as spans."""

    is_grid = False

    def __init__(self, bodies: Bodies, navigator: Navigator, state: RunState, names: RowNames, look: Look) -> None:
        self._bodies = bodies
        self._navigator = navigator
        self._state = state
        self._names = names
        self._look = look
        self._lit: tuple[TasksLayout, int, Lit] | None = None

    @property
    def _layout(self) -> TasksLayout:
        return cast("TasksLayout", self._navigator.outline.layout)

    @property
    def lights_edges(self) -> bool:
        """Whether rows show which edges lead to the cursor's row."""
        return not self._navigator.outline.filtered

    def marker_column(self, item: int, width: CellWidth) -> CellWidth:  # noqa: ARG002 - equal in all rows
        """Return the cell of a row's fold marker, counted from after the cursor's mark."""
        return marker_column(self._layout, self._navigator.outline)

    def signature(self, item: int, width: CellWidth, clock: ClockTime) -> tuple[tuple[object, ...], str]:
        """Return what the row of an item depends on, and its time."""
        layout = self._layout
        if layout.head(item) is None:
            key, time = self._bodies.signature(item, width, clock)
            return (*key, self.lit(item), self._statuses(layout, item)), time
        staleness = self._navigator.staleness
        statuses = self._statuses(layout, item)
        stale = 0 if staleness is None else staleness.counts(layout.positions[item], layout.ends[item])[1]
        held, reason = self._bodies.held_behind(item), self._reason(layout, item, statuses)
        return (item, self.lit(item), statuses, stale, held, reason), self._time(layout, item, width, clock)

    def spans(self, item: int, width: CellWidth, clock: ClockTime) -> list[Span]:
        """Return the row of an item without the cursor's mark, in exactly `width` cells with it."""
        layout = self._layout
        head = layout.head(item)
        glyph = SPACE
        if head is not None:
            _, body = self._bodies.head_body(item, head, width)
            body = body if head.kind is GroupKind.FOLDER else self._family(body, layout, item, width, clock)
        else:
            glyph, body = self._bodies.node_body(layout.nodes[item], item, width, clock)
        statuses = self._statuses(layout, item)
        left = lead(self._navigator.outline, layout, item, _role(statuses), self._lit_now(layout), self._look)
        left.append(Span(self._look.glyphs.selected, Role.KEY) if self._bodies.is_selected(item) else SPACE)
        if head is None and layout.family(item) is None:
            left = with_glyph([*left, spaces(_CELL_INDENT)], glyph, SPACE, self._look.glyphs)
        room = max(NO_CELLS, CellWidth(width - 1 - width_of(left)))
        if (family := layout.family(item)) is not None:
            body = self._after(body, layout, family)
            widest = CellWidth(layout.widest - len(self._names.beginning))
            cells = partial(strip, statuses, look=self._look)
            body = body._replace(strip=Strip(_strip_column(widest, layout.longest, room), len(statuses), cells))
        column = ONE_CELL if head is None and width >= ASIDE else NO_CELLS
        return left + fitted(body, room, column=column, shorten=partial(self._names.cut, item), look=self._look)

    def lit(self, item: int) -> tuple[object, ...]:
        """Return what is lit in the row of an item. Equal values look the same."""
        layout = self._layout
        return self._lit_now(layout).signature(layout, item)

    def _lit_now(self, layout: TasksLayout) -> Lit:
        """Return what is lit for the cursor's row."""
        cursor = self._navigator.cursor
        if self._lit is None or self._lit[:2] != (layout, cursor):
            self._lit = layout, cursor, Lit(layout, None if cursor < 0 else cursor)
        return self._lit[2]

    def _after(self, body: Body, layout: TasksLayout, family: int) -> Body:
        """Return the body with the parents from which no line leads to the row, unless it has other words."""
        parents = layout.undrawn_parents(family)
        if not parents or body.aside.text:
            return body
        names = [self._names.of_task(layout.families.members[parent].title) for parent in parents[:_NAMED]]
        more = f" +{len(parents) - _NAMED}" if len(parents) > _NAMED else ""
        return body._replace(aside=Span(f"after {', '.join(names)}{more}", Role.MUTED))

    def _family(self, body: Body, layout: TasksLayout, item: int, width: CellWidth, clock: ClockTime) -> Body:
        """Return the body of a family's row, with its time and without what its strip shows as well."""
        notes = [note for note in body.notes if note.span.text.strip()]  # not the cells below the time column
        if layout.ends[item] - layout.positions[item] - 1 <= COUNTED:
            stale = self._look.glyphs.stale
            notes = [note for note in notes if note.span.text.startswith(stale)]
            notes += self._bodies.held_notes(item)
        time = Span(self._time(layout, item, width, clock).rjust(TIME_CELLS), Role.MUTED)
        reason = self._reason(layout, item, self._statuses(layout, item))
        return body._replace(notes=[*notes, Note(0 if time.text.strip() else _LAST, time)], reason=reason)

    def _reason(self, layout: TasksLayout, item: int, statuses: bytes) -> ShortReason | None:
        """Return the reason of the first failed node of a row, or else of the first blocked one."""
        for status in (_S.FAILED, _S.FAILED_PARENT):
            if status in statuses:
                found = self._navigator.tallies.having(status, layout.positions[item], layout.ends[item])
                return self._bodies.reasons.of(layout.nodes[layout.items[next(found)]])
        return None

    def _time(self, layout: TasksLayout, item: int, width: CellWidth, clock: ClockTime) -> str:
        """Return how long at least one node of a family ran, by their last attempts.

        That of a node that is to run again counts no more.
        """
        first, end = layout.positions[item] + 1, layout.ends[item]
        if not 0 < end - first <= TIMED:
            return ""
        state = self._state
        nodes = [layout.nodes[node] for node in layout.items[first:end] if node < layout.node_count]
        begun = [node for node in nodes if state.attempt[node] and state.status_of(node) not in UNBEGUN]
        alive = [node for node in begun if state.status_of(node) in ALIVE]
        spans = [(state.started[node], state.ended[node]) for node in begun if state.ended[node] > state.started[node]]
        spans += [(state.started[node], clock) for node in alive]
        seconds = covered(spans)
        if not alive:
            return time_text(seconds)
        return self._bodies.of_usual(nodes[0], elapsed(seconds), width) if len(nodes) == 1 else elapsed(seconds)

    def _statuses(self, layout: TasksLayout, item: int) -> bytes:
        """Return the statuses of the nodes that a row stands for, in order."""
        return self._navigator.tallies.statuses(layout.positions[item], layout.ends[item])


def _strip_column(widest: CellWidth, longest: int, room: CellWidth) -> CellWidth:
    """Return where strips begin: after the longest title, as far as strips and times leave room for it."""
    strips = min(longest, room // 4)
    least = max(_LEAST_TITLE, min(_TITLE, room - strips - 2))
    return CellWidth(max(1, min(widest + 2, max(least, room - strips - TIME_CELLS - 2))))


_LEAST_TITLE: Final = 8
_TITLE: Final = 14
"""A title has this many of its cells before times have their column."""
TIME_CELLS: Final = 6
"""Cells of the column of times. A longer time takes cells of the words before it."""


_LAST: Final = 1000
"""The rank of empty cells."""


def _role(statuses: bytes) -> str:
    """Return the role of the sign that stands for nodes."""
    return role_of(worst(statuses))
