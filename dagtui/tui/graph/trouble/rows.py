"""Rows of the trouble view: what is wrong in words, failures with their decisive lines, and what they block."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

from dagtui.engine.status import NodeStatus
from dagtui.text import duration, fit, label
from dagtui.text.amounts import NO_CELLS, CellWidth
from dagtui.text.labels import name_label
from dagtui.tui.graph.amounts import WIDE
from dagtui.tui.graph.bodies import ASIDE, ATTEMPT_RANK
from dagtui.tui.graph.guides import fold_marker
from dagtui.tui.graph.layout import TOP, GroupKind, GroupRow
from dagtui.tui.graph.row_body import Body, Note, fitted, with_glyph
from dagtui.tui.graph.signs import QUEUED, sign_run
from dagtui.tui.graph.trouble.blocked import BlockedNodes, blocked_words
from dagtui.tui.graph.trouble.layout import REST, TroubleLayout
from dagtui.tui.graph.trouble.troubles import TroubleKind
from dagtui.tui.graph.trouble.watch import usual_seconds
from dagtui.tui.graph.trouble.words import trouble_words
from dagtui.tui.lines.rows import SPACE, Role, Span, spaces, status_run, width_of
from dagtui.tui.lines.theme import STATUS_CLASSES
from dagtui.tui.log.log_footer import tries

if TYPE_CHECKING:
    from dagtui.graph.model import NodeIndex
    from dagtui.runs.view import RunView
    from dagtui.text.amounts import ClockTime
    from dagtui.text.look import Look
    from dagtui.tui.graph.bodies import Bodies
    from dagtui.tui.graph.navigator import Navigator
    from dagtui.tui.graph.row_names import RowNames

_S = NodeStatus
_MEMBER_INDENT: Final = 2
_NOTE_INDENT: Final = 5
"""Notes stand two cells right of the name that they are about."""
_NAMED: Final = 8
"""The most nodes of a group that are named."""
_NAME_CELLS: Final = CellWidth(24)
_REMEMBERED: Final = 1_000
_USUAL_RANK: Final = 1
_SHORT: Final = "the rest"
"""Everything else, where that is too long."""
_WAIT_THERE: Final = frozenset({TroubleKind.QUEUED, TroubleKind.SILENT})
"""What is wrong with READY nodes only if their attempts wait on other machines."""
_GAP: Final = 2
_LEAST_NAMES: Final = 8

Signature = tuple[tuple[object, ...], str]


class TroubleRows:
    """The rows of the trouble view as spans.

    What has changed since the rows were made keeps its last look until it is moved, so that no row shows a status that
    does not belong there.
    """

    lights_edges = False
    is_grid = False

    def __init__(self, bodies: Bodies, navigator: Navigator, run: RunView, names: RowNames, look: Look) -> None:
        self._bodies = bodies
        self._navigator = navigator
        self._run = run
        self._state = run.state
        self._names = names
        self._look = look
        self._blocked = BlockedNodes(run.state)
        self._last: dict[int, Signature] = {}
        """The last true signatures of nodes."""

    def lit(self, item: int) -> tuple[object, ...]:  # noqa: ARG002 - nothing in any row
        """Return what is lit in a row, which is nothing."""
        return ()

    def marker_column(self, item: int, width: CellWidth) -> CellWidth:  # noqa: ARG002 - the same in each row
        """Return the cell of the fold marker, counted from after the cursor's mark."""
        return NO_CELLS

    def signature(self, item: int, width: CellWidth, clock: ClockTime) -> Signature:
        """Return what the row of an item depends on, and its time."""
        layout = self._layout
        head, node = layout.head(item), layout.node(item)
        if layout.is_note(item):
            return (self._note(layout, item, width),), ""
        if head is not None or node is None:
            return (head, self._bodies.signature(item, width, clock), self._navigator.outline.is_folded(item)), ""
        if self._has_changed(layout, node):
            return self._last.get(item, ((item, None), ""))
        if len(self._last) > _REMEMBERED:
            self._last.clear()
        key, time = self._bodies.signature(item, width, clock)
        found = self._last[item] = (layout.kinds[node], layout.parents[item], key), time
        return found

    def spans(self, item: int, width: CellWidth, clock: ClockTime) -> list[Span]:
        """Return the row of an item without the cursor's mark, in exactly `width` cells with it."""
        layout = self._layout
        head = layout.head(item)
        if layout.is_note(item):
            indent = NO_CELLS if layout.note(item) is None else CellWidth(_NOTE_INDENT)
            return self._line(Span(*self._note(layout, item, width)), indent, width)
        marker = fold_marker(self._navigator.outline, item, self._look.glyphs, " ") if head is not None else " "
        left = [Span(marker + " " * (_MEMBER_INDENT if layout.parents[item] != TOP else 0), Role.GUIDE)]
        column, shorten = NO_CELLS, partial(self._names.cut, item)
        if head is not None:
            glyph, body = self._head(item, head, width)
            shorten = partial(fit, _SHORT if head.title == REST else body.name.text, look=self._look)
        else:
            glyph, body = self._node(layout, layout.nodes[item], item, width, clock)
            column = CellWidth(max(1, width * 9 // 20 - 4)) if width >= ASIDE else NO_CELLS
        selected = Span(self._look.glyphs.selected, Role.KEY) if self._bodies.is_selected(item) else SPACE
        left = with_glyph(left, glyph, selected, self._look.glyphs)
        room = max(NO_CELLS, CellWidth(width - 1 - width_of(left)))
        if head is not None and head.kind is GroupKind.ALIKE:
            return left + self._with_names(layout, item, body, room)
        return left + fitted(body, room, column=column, shorten=shorten, look=self._look)

    @property
    def _layout(self) -> TroubleLayout:
        layout = self._navigator.outline.layout
        if not isinstance(layout, TroubleLayout):
            raise TypeError(layout)
        return layout

    def _line(self, words: Span, indent: CellWidth, width: CellWidth) -> list[Span]:
        """Return a row that is only words."""
        room = CellWidth(max(0, width - 1 - indent))
        span = Span(fit(words.text, CellWidth(room - 1), self._look), words.role)
        return [spaces(CellWidth(width - 1 - room)), span, spaces(CellWidth(room - span.width))]

    def _note(self, layout: TroubleLayout, item: int, width: CellWidth) -> tuple[str, str]:
        """Return what a note says, and its role."""
        room = CellWidth(width - _NOTE_INDENT - 2)
        note = layout.note(item)
        if note is None:
            return trouble_words(self._run, layout)
        nodes = layout.group(note.key)
        if note.is_about_blocked:
            found = self._blocked.below((note.key, nodes[0]), nodes)
            return blocked_words(found, self._names.of_node, room, self._look), Role.MUTED
        attempt = self._state.attempt[nodes[0]]
        return label(self._navigator.trouble.clues.lines.get((nodes[0], attempt), ""), 500), Role.PLAIN

    def _has_changed(self, layout: TroubleLayout, node: NodeIndex) -> bool:
        """Return whether a node belongs elsewhere since the rows were made."""
        troubles = self._navigator.trouble.troubles
        if troubles is None:
            return False
        is_outside = bool(self._state.outside) and self._state.is_outside(node)
        return troubles.kind_of(node) != layout.kinds[node] or is_outside != layout.is_outside(node)

    def _node(
        self, layout: TroubleLayout, node: NodeIndex, item: int, width: CellWidth, clock: ClockTime
    ) -> tuple[Span, Body]:
        if self._has_changed(layout, node):
            name = Span(self._names.name(item))
            if layout.is_outside(node):
                return SPACE, Body(name)
            status = layout.statuses[node]
            waits_there = status == _S.READY and layout.kinds[node] in _WAIT_THERE
            return sign_run(QUEUED if waits_there else status, self._look), Body(name)
        kind = layout.kinds[node]
        # How a node failed stays, however long its name is.
        narrow = kind in {TroubleKind.FAILED, TroubleKind.ALLOWED}
        glyph, body = self._bodies.node_body(node, item, CellWidth(min(width, ASIDE - 1)) if narrow else width, clock)
        if kind == TroubleKind.LATE and (usual := usual_seconds(self._run, node)) is not None:
            has_usual = any("/" in note.span.text for note in body.notes)
            said = "late" if width < WIDE or has_usual else f"usually {duration(usual)}"
            words = Span(said, STATUS_CLASSES[_S.RETRYING])
            return glyph, body._replace(notes=[Note(_USUAL_RANK, words), *body.notes], aside=Span(""))
        if kind == TroubleKind.RETRYING:
            which = f"{self._state.attempt[node]} of {tries(self._run, node)}"
            notes = [note for note in body.notes if note.rank != ATTEMPT_RANK]
            return glyph, body._replace(notes=[Note(ATTEMPT_RANK, Span(which, Role.MUTED)), *notes])
        return glyph, body

    def _head(self, item: int, head: GroupRow, width: CellWidth) -> tuple[Span, Body]:
        if head.kind is not GroupKind.ALIKE:
            glyph, body = self._bodies.head_body(item, head, width)
            if width < WIDE and head.title == REST:  # how many nodes there are is in the counts
                body = body._replace(name=Span(_SHORT, body.name.role), suffix=Span(""))
            return glyph, body
        name = f"{head.total:,} {self._look.glyphs.times} {label(head.title)}"
        return status_run(_S.FAILED, self._look), Body(Span(name, STATUS_CLASSES[_S.FAILED]))

    def _with_names(self, layout: TroubleLayout, item: int, body: Body, room: CellWidth) -> list[Span]:
        """Return the row of alike failures with the names of the first, as far as there is room."""
        start, end = layout.shut_start(item), layout.ends[item]
        nodes = layout.items[start : min(end, start + _NAMED)]
        names = [name_label(self._names.of_node(layout.nodes[node]), _NAME_CELLS, self._look) for node in nodes]
        if end - start > _NAMED:
            names.append(self._look.glyphs.cut)
        title = Span(fit(body.name.text, room, self._look), body.name.role)
        free = room - title.width - _GAP - 1
        others = fit(", ".join(names), CellWidth(free), self._look) if free >= _LEAST_NAMES else ""
        spans = [title, spaces(_GAP), Span(others, Role.MUTED)] if others else [title]
        return [*spans, spaces(CellWidth(room - width_of(spans)))]
