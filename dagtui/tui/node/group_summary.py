"""Summary of a row that stands for many nodes: their statuses, which failed, which run."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from dagtui.engine.messages import CommandKind
from dagtui.engine.rules.commands import NOT_SELECTED
from dagtui.engine.status import NodeStatus
from dagtui.engine.why import why
from dagtui.runs.wording import done_words
from dagtui.text import count, label
from dagtui.text.look import IN_UNICODE
from dagtui.tui.actions.availability import Situation, hold_or_release
from dagtui.tui.actions.hints import offered
from dagtui.tui.graph.layout import GroupKind
from dagtui.tui.graph.signs import QUEUED, role_of, sign_of, word_of
from dagtui.tui.graph.weights import TALLY_ORDER
from dagtui.tui.lines.rows import Role, Row, Span, and_more, muted, node_row, node_sign, row
from dagtui.tui.log.empty_log import spent
from dagtui.tui.node.node_page import NodePage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from dagtui.graph.model import NodeIndex
    from dagtui.runs.view import RunView
    from dagtui.text.amounts import ClockTime
    from dagtui.text.look import Look
    from dagtui.tui.actions.keymap import Keymap
    from dagtui.tui.graph.row_groups import RowGroup

WORD_CELLS = 16
_HINTS = {
    "node.retry": "retries the nodes that did not succeed",
    "node.cancel": "cancels the unsettled nodes",
    "fold.toggle": "shows or hides the nodes",
    "select.toggle": "selects the nodes for a command",
}
"""By action id, what the keys do with the row's nodes. Every key that acts on many nodes asks first."""
_OPENS_CELL = "shows the nodes in Tasks"
_ADDS = "retries the nodes that did not succeed, and adds those that are not part of this run"
_RELEASES = "releases the nodes that are held"
_ONLY_ADDS = "adds the nodes to the run, with all that they need"


class BranchPage(NodePage):
    """The page about the row under the cursor, with links to the nodes that it names."""

    def __init__(self, run: RunView, *, keymap: Keymap, look: Look = IN_UNICODE) -> None:
        super().__init__(run, look)
        self._keymap = keymap
        self._present: Callable[[], RowGroup | None] = lambda: None

    def about(self, item: int, present: Callable[[], RowGroup | None]) -> None:
        """Show a row of the tree. `present` returns its present state."""
        self._present = present
        self.show(cast("NodeIndex", item))  # what is shown is told apart by it

    def rows_about(self, node: NodeIndex, clock: ClockTime) -> Sequence[Row]:  # noqa: ARG002 - the row is what `present` returns
        """Return title, counts and names."""
        found = self._present()
        if found is None:  # a filter has left no row
            return [row(muted("no row is under the cursor"))]
        rows = [row(*self._title(found), indent=2), row(), *self._counts(found)]
        for status, nodes in found.named.items():
            if nodes:
                rows += [row(), row(muted(status.word)), *(self._node_row(one, clock) for one in nodes)]
                rows += and_more(found.counts[status] - len(nodes))
        without = self._keymap.unavailable(self.run, Situation.on_many(self.run.state, found.samples))
        hints = _HINTS | {"node.retry": _ADDS if any(found.counts) else _ONLY_ADDS} if found.outside else _HINTS
        if found.head.kind is GroupKind.CELL:
            hints = hints | {"fold.toggle": _OPENS_CELL}
        if hold_or_release(self.run, found.samples) is CommandKind.RELEASE:
            hints = {"node.hold": _RELEASES} | hints
        return [*rows, *offered(self._keymap, hints.items(), without, self.look)]

    def _title(self, found: RowGroup) -> Iterator[Span]:
        head = found.head
        title = self.look.written(label(head.title)) if head.kind is GroupKind.CELL else label(head.title)
        title += "/" if head.kind is GroupKind.FOLDER else ""
        yield Span(f"failed alike: {title}" if head.kind is GroupKind.ALIKE else title, Role.HEADING)
        settled = sum(found.counts[status] for status in NodeStatus if status.settled)
        if any(found.counts):
            yield muted(f"  {count(settled)} of {count(sum(found.counts))} settled")

    def _counts(self, found: RowGroup) -> Iterator[Row]:
        digits = max((len(count(number)) for number in found.counts), default=1)
        cells = WORD_CELLS + bool(found.counts[QUEUED])  # whose word fills all of them
        for status in TALLY_ORDER:
            number = found.counts[status]
            if number:
                glyph = sign_of(status, self.look.glyphs.statuses, self.look)
                name = f"{glyph} {word_of(status):<{cells}}"
                runs = Span(name, role_of(status)), Span(f"{count(number):>{digits}}")
                stale = found.stale if status == NodeStatus.COMPLETED else 0
                yield row("  ", *runs, Span(done_words(0, stale), Role.WARNING))
        if found.outside:
            yield row("  ", muted(f"{'':2}{NOT_SELECTED}  {count(found.outside)}"))

    def _node_row(self, node: NodeIndex, clock: ClockTime) -> Row:
        state = self.run.state
        status = state.status_of(node)
        time = spent(self.run, node, clock)
        said = "" if status is NodeStatus.RUNNING else label(why(state, node, clock), 200)
        words = f"{said} after{time}" if said and status is NodeStatus.FAILED and time else said or time.strip()
        return node_row(self.run.graph.labels[node], node_sign(state, node, self.look), words, jump=node)
