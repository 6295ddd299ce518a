"""The cells of one task in columns, for a place of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dagtui.text import cell_width, label
from dagtui.text.amounts import CellWidth
from dagtui.text.labels import NAME_CHARACTERS
from dagtui.text.shortening import shortened, told_apart
from dagtui.tui.graph.lower.last_minute import MOST_LISTED
from dagtui.tui.graph.lower.lines import LowerLine, heading
from dagtui.tui.graph.tasks.arrangement import arrangement_of
from dagtui.tui.graph.tasks.stems import BEFORE_NUMBERS
from dagtui.tui.graph.weights import QUIET, WORST_FIRST
from dagtui.tui.lines.rows import SPACE, Span, muted, node_sign, spaces, width_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dagtui.graph.model import NodeIndex
    from dagtui.runs.view import RunView
    from dagtui.text.amounts import ClockTime
    from dagtui.text.look import Look
    from dagtui.tui.graph.tasks.families import Family
    from dagtui.tui.graph.tree import TreePane

_MOST_CELLS: Final = 2_000
"""The cells of a larger task are not looked at one by one."""
_MEASURED: Final = 200
"""The most names by which the width of columns is chosen."""
_BESIDE_NAME: Final = 10
"""The cells of a column beside the name of a node: for its glyph and its time."""
_LEAST_REASON: Final = 5
_WIDEST: Final = 40
"""The most cells of a column, if there are several."""


class TaskCells:
    """Draws the cells of the task under the cursor, if they have no rows of their own."""

    def __init__(self, run: RunView, tree: TreePane, look: Look) -> None:
        self._run = run
        self._tree = tree
        self._look = look

    def lines(self, width: CellWidth, height: int, clock: ClockTime) -> list[LowerLine]:
        """Return a heading and the nodes, in file order. Without such a task, return nothing."""
        family = self._family()
        if family is None or len(family.nodes) < 2 or self._has_rows(family):
            return []
        return self._cells(family, width, height - 1, clock)

    def _family(self) -> Family | None:
        """Return the task under the cursor, with the tasks that stand in a row with it. None: several or too many."""
        graph, outline = self._run.graph, self._tree.outline
        if len(graph) > MOST_LISTED or not len(outline):
            return None
        layout, cursor = outline.layout, self._tree.navigator.cursor
        node = layout.node(cursor)
        families = arrangement_of(graph).families
        if node is not None:
            return families.members[families.of_node[node]]
        head, below = layout.head(cursor), layout.positions[cursor] + 1
        first = layout.items[below] if head is not None and below < layout.ends[cursor] else layout.node_count
        found = families.members[families.of_node[first]] if first < layout.node_count else None
        return found if found is not None and head is not None and found.title == head.title else None

    def _has_rows(self, family: Family) -> bool:
        """Return whether the nodes of a task have rows of their own."""
        outline = self._tree.outline
        return all(outline.row(node) is not None for node in (family.nodes[0], family.nodes[-1]))

    def _cells(self, family: Family, width: CellWidth, most: int, clock: ClockTime) -> list[LowerLine]:
        longest = max(cell_width(self._cell_name(node, family)) for node in family.nodes[:_MEASURED])
        columns = max(1, min(len(family.nodes), (width - 1) // min(_WIDEST, longest + _BESIDE_NAME)))
        nodes, left_out = self._worst(family.nodes, most * columns)
        title = shortened(label(family.title, NAME_CHARACTERS), CellWidth(width // 2), self._look)
        more = f", {left_out:,} more" if left_out else ""
        lines = [heading(f"{title} {self._look.glyphs.times}{len(family.nodes):,}{more}", width, self._look)]
        cells = CellWidth((width - 1) // columns)
        names = [self._cell_name(node, family) for node in nodes]
        for start in range(0, len(nodes), columns):
            row = [SPACE]
            places = []
            for at in range(start, min(start + columns, len(nodes))):
                places.append((int(width_of(row)), nodes[at]))
                row += self._cell(nodes[at], names, at, cells, clock)
            lines.append(LowerLine(row, places))
        return lines

    def _worst(self, nodes: Sequence[NodeIndex], most: int) -> tuple[Sequence[NodeIndex], int]:
        """Return the nodes to show, and the number of those that are left out.

        If not all have room, those that are well are left out, and those that have not begun: they would move along.
        """
        if len(nodes) <= most:
            return nodes, 0
        status = self._run.state.status_of
        found = (node for node in nodes[:_MOST_CELLS] if status(node) not in QUIET)
        kept = sorted(found, key=lambda node: WORST_FIRST.index(status(node)))[:most]
        shown = sorted(kept) or nodes[:most]
        return shown, len(nodes) - len(shown)

    def _cell_name(self, node: NodeIndex, family: Family) -> str:
        """Return the name of a cell without the task's, which stands in the heading."""
        name = self._run.graph.labels[node]
        rest = name.removeprefix(family.title).lstrip(BEFORE_NUMBERS)
        return label(rest or name, NAME_CHARACTERS)

    def _cell(self, node: NodeIndex, names: Sequence[str], at: int, cells: CellWidth, clock: ClockTime) -> list[Span]:
        state, bodies = self._run.state, self._tree.rows.bodies
        is_outside = state.is_outside(node)
        glyph = SPACE if is_outside else node_sign(state, node, self._look)
        room = CellWidth(cells - glyph.width - 2)
        free = CellWidth(room - min(cell_width(names[at]), room * 2 // 3))
        said: list[Span] = []
        if not is_outside and (reason := bodies.reasons.of(node)) and free > _LEAST_REASON:
            said.append(Span(reason.fitted(CellWidth(free - 1), self._look), reason.role))
        if not is_outside and (time := bodies.time(node, clock)) and width_of(said) + len(said) + len(time) < free:
            said.append(muted(time))
        free = CellWidth(room - width_of(said) - len(said))
        name = told_apart(names[at], free, names[:at], names[at + 1 :], self._look)
        row = [glyph, SPACE, Span(name), spaces(free - Span(name).width)]
        for span in said:
            row += [SPACE, span]
        return [*row, spaces(cells - width_of(row))]
