"""Page of two attempts of a node compared."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from textual.worker import WorkerState

from dagtui.runs.attempt_comparison import attempt_pairs, compare_attempts
from dagtui.text import count, label, plural
from dagtui.text.amounts import CellWidth
from dagtui.text.labels import name_label
from dagtui.tui.actions.action import Group, PageAction
from dagtui.tui.compare.rows import SIDE_BY_SIDE, ComparedRows
from dagtui.tui.lines.row_list import FixedRows, RowList
from dagtui.tui.lines.rows import Role, Span, muted, row
from dagtui.tui.screens.page import PAGE_ACTIONS, PageScreen

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Never

    from textual.worker import Worker

    from dagtui.engine.messages import AttemptNumber
    from dagtui.graph.model import NodeIndex
    from dagtui.runs.attempt_comparison import AttemptComparison, ComparedAttempt
    from dagtui.runs.view import RunView
    from dagtui.text.look import Look
    from dagtui.tui.actions.keymap import Keymap

NOTHING_TO_COMPARE = "there is one attempt, and no earlier run in which the node succeeded"
_NAME = CellWidth(40)


class AttemptsPage(PageScreen, inherit_bindings=False):
    """Shows what differs between two attempts, the first difference first. Logs are read and compared in a thread."""

    def __init__(
        self,
        run: RunView,
        keymap: Keymap,
        look: Look,
        node: NodeIndex,
        *,
        open_log: Callable[[NodeIndex, AttemptNumber, int | None], None],
    ) -> None:
        """`open_log` shows the line of an attempt's log that begins at an offset, or the log."""
        super().__init__(keymap, look)
        self._run = run
        self._node = node
        self._open_log = open_log
        self.pairs: list[tuple[ComparedAttempt, ComparedAttempt]] = []
        self._chosen = 0
        self.compared: AttemptComparison | None = None
        self.shown: ComparedRows | None = None
        self._is_beside = True
        """Whether a person wants lines side by side, where they fit."""
        self.rows = RowList(look, FixedRows([row(muted(" Comparing"))]))
        self._worker: Worker[None] | None = None

    @classmethod
    def actions(cls) -> Sequence[PageAction[Never]]:
        """Return the table of actions."""
        return COMPARE_ACTIONS

    @property
    def content(self) -> RowList:
        """The rows."""
        return self.rows

    def on_mount(self) -> None:
        """Begin to compare."""
        super().on_mount()
        self._worker = self.run_worker(self._look_up(), group="compare", exclusive=True, exit_on_error=False)

    def on_resize(self) -> None:
        """Show lines beside each other if they fit now."""
        super().on_resize()
        self._lay_out(keep=True)

    def on_worker_state_changed(self) -> None:
        """Say if comparing has failed."""
        if self._worker is not None and self._worker.state is WorkerState.ERROR:
            self.say(f"can't compare: {label(self._worker.error)}", Role.BAD, lasting=True)

    async def _look_up(self) -> None:
        self.pairs = await asyncio.to_thread(lambda: list(attempt_pairs(self._run, self._node)))
        if not self.pairs:
            self.rows.show(FixedRows([row(muted(f" {NOTHING_TO_COMPARE}"))]))
            self.show_changes()
            return
        await self._compare()

    async def _compare(self) -> None:
        pair = self.pairs[self._chosen]
        self.compared = await asyncio.to_thread(compare_attempts, self._run, self._node, pair)
        self._lay_out(keep=False)
        self.show_changes()

    def _lay_out(self, *, keep: bool) -> None:
        """Show the comparison for the width, with the cursor on the first difference, or on the same one as before."""
        if self.compared is None:
            return
        number = self.shown.number_of(self.rows.cursor) if keep and self.shown is not None else 1
        beside = self._is_beside and self.size.width >= SIDE_BY_SIDE
        self.shown = ComparedRows(self.compared, self.look, beside=beside)
        self.rows.show(self.shown, 0)
        at: int | None = 0
        for _ in range(number):
            following = self.shown.difference_from(at or 0, 1)
            at = following if following is not None else at
        if at:
            self.rows.go_to(at)
            self.rows.first_row = max(0, min(at - 3, len(self.shown) - 1)) if at >= self.rows.size.height else 0
        self.rows.repaint()

    # The first line

    def heading(self, width: CellWidth) -> tuple[Sequence[Span], Sequence[Span]]:
        """Return the node, the attempts, and which difference the cursor is in."""
        name = name_label(self._run.graph.labels[self._node], min(_NAME, CellWidth(width // 3)), self.look)
        left = [Span(" Compare ", Role.HEADING), Span(name, Role.KEY)]
        if self.compared is not None:
            older, newer = self.compared.left, self.compared.right
            arrow = self.look.glyphs.arrow
            left.append(Span(f"  {self._named(older)} {arrow} {self._named(newer)}"))
        return left, [self._position(), muted(" ")]

    def _named(self, one: ComparedAttempt) -> str:
        return f"attempt {one.attempt}" if one.directory is None else f"run {one.run} attempt {one.attempt}"

    def _position(self) -> Span:
        if self.shown is None:
            return muted("")
        total = self.shown.count
        at = self.shown.number_of(self.rows.cursor)
        return Span(f"{count(at)} of {plural(total, 'difference')}" if at else plural(total, "difference"))

    # Keys

    def go_to_difference(self, step: int) -> None:
        """Go to the next difference, or to the previous one."""
        target = self.shown.difference_from(self.rows.cursor, step) if self.shown else None
        if target is None:
            self.say("this is the last difference" if step > 0 else "this is the first difference")
            return
        self.rows.go_to(target)

    def other_pair(self) -> None:
        """Compare the other two attempts."""
        self._chosen = (self._chosen + 1) % len(self.pairs)
        self._worker = self.run_worker(self._compare(), group="compare", exclusive=True, exit_on_error=False)

    def turn(self) -> None:
        """Show lines side by side, or below each other."""
        if self.size.width < SIDE_BY_SIDE:
            self.say(f"side by side takes {SIDE_BY_SIDE} columns")
            return
        self._is_beside = not self._is_beside
        self._lay_out(keep=True)

    def open(self) -> None:
        """Show the line under the cursor in the log of the newer attempt, or of the older one of this run."""
        if self.compared is None or self.shown is None:
            return
        older, newer = self.compared.left, self.compared.right
        left, right = self.shown.offsets_at(self.rows.cursor)
        if right is None and left is not None and older.directory is None:
            self._open_log(self._node, older.attempt, left)
        else:
            self._open_log(self._node, newer.attempt, right)

    def on_row_list_followed(self, message: RowList.Followed) -> None:
        """Open the row that was clicked twice."""
        message.stop()
        self.open()


def _differs(page: AttemptsPage) -> str | None:
    return None if page.shown is not None and page.shown.count else "there are no differences"


def _has_other(page: AttemptsPage) -> str | None:
    return None if len(page.pairs) > 1 else "there are no other attempts to compare"


def _has_room(page: AttemptsPage) -> str | None:
    return None if page.size.width >= SIDE_BY_SIDE else f"lines stand side by side from {SIDE_BY_SIDE} columns on"


COMPARE_ACTIONS: tuple[PageAction[AttemptsPage], ...] = (
    PageAction("pane.open", ("enter",), "log", "Open the log at this line",
               Group.PANES, lambda page: page.open(), rank=10),
    PageAction("find.next", ("n",), "next difference", "To the next difference",
               Group.FIND, lambda page: page.go_to_difference(1), rank=12, refusal=_differs),
    PageAction("find.previous", ("N",), "previous", "To the previous difference",
               Group.FIND, lambda page: page.go_to_difference(-1), rank=13, refusal=_differs),
    PageAction("node.compare", ("D",), "other attempts", "Compare with the last success, or the last two attempts",
               Group.FIND, lambda page: page.other_pair(), rank=14, refusal=_has_other),
    PageAction("compare.turn", ("v",), "layout", "Lines side by side, or below each other",
               Group.FIND, lambda page: page.turn(), rank=15, refusal=_has_room),
    *(action for action in PAGE_ACTIONS if action.id != "pane.open"),
)  # fmt: skip
"""The keys of the page."""
