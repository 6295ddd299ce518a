"""Page of what a search over all logs of the run has found, while it searches."""

from __future__ import annotations

import re
from contextlib import aclosing
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Final, NamedTuple

from textual.worker import Worker, WorkerState

from dagtui.report.search_process import search_in_process
from dagtui.store.regular_queries import compiled, fault
from dagtui.text import count, label, plural
from dagtui.text.amounts import now, time_of_day
from dagtui.tui.actions.action import Group, PageAction
from dagtui.tui.lines.row_list import RowList
from dagtui.tui.lines.rows import Role, Span, muted
from dagtui.tui.screens.page import PAGE_ACTIONS, PageScreen
from dagtui.tui.search.found_lines import FoundLines

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Never

    from dagtui.engine.messages import AttemptNumber
    from dagtui.graph.model import NodeIndex
    from dagtui.runs.view import RunView
    from dagtui.text.amounts import CellWidth, WallTime
    from dagtui.text.look import Look
    from dagtui.tui.actions.keymap import Keymap

PROMPT: Final = "all logs"
_PATTERN_CELLS: Final = 40
NO_HITS: Final = "nothing was found"
NOT_SEARCHING: Final = "no search is under way"


@dataclass(slots=True)
class FindState:
    """A search over all logs, and where a person was in what it found."""

    pattern: str = ""
    found: FoundLines | None = None
    cursor: int = 0
    is_whole: bool = False
    """Whether it came to its end."""
    began_at: WallTime | None = None
    """When it began: logs may have grown since."""


class HitPlace(NamedTuple):
    """Where a hit is."""

    node: NodeIndex
    attempt: AttemptNumber
    offset: int
    """Where its line begins in the file."""
    pattern: str
    found: FoundLines
    """All that the search has found so far."""


class FindPage(PageScreen, inherit_bindings=False):
    """Lists nodes with their hits and lines, to jump from. Another process searches."""

    outlives_reload: ClassVar[bool] = True

    def __init__(
        self, run: RunView, keymap: Keymap, look: Look, state: FindState, *, go_to: Callable[[HitPlace], None]
    ) -> None:
        """`state` is how the page was left, and keeps that. `go_to` shows a hit in the log of its node."""
        super().__init__(keymap, look)
        self._run = run
        self._go_to = go_to
        self.state = state
        self.found = state.found or FoundLines(run, look)
        self.rows = RowList(look, self.found)
        self.rows.cursor = state.cursor
        self._search: Worker[None] | None = None
        self._trouble = ""
        self._is_changed = False

    @classmethod
    def actions(cls) -> Sequence[PageAction[Never]]:
        """Return the table of actions."""
        return FIND_ACTIONS

    @property
    def content(self) -> RowList:
        """The rows."""
        return self.rows

    def on_mount(self) -> None:
        """Ask what to find, unless there are hits already. What had none is asked again: logs have grown."""
        super().on_mount()
        self.rows.reveal()
        if not self.state.pattern or (self.state.is_whole and not self.found.total):
            self.ask_pattern()

    def on_unmount(self) -> None:
        """Keep where the cursor was."""
        self.state.cursor = self.rows.cursor

    # The first line

    def heading(self, width: CellWidth) -> tuple[Sequence[Span], Sequence[Span]]:
        """Return what is looked for and how much was found, and how far the search is."""
        left = [Span(" Find", Role.HEADING)]
        if not self.state.pattern:
            return left, [muted("a text or a regular expression ")]
        left.append(Span(f"  {label(self.state.pattern, _PATTERN_CELLS if width >= 80 else 14)}", Role.KEY))
        hits = plural(self.found.total, "hit")
        nodes = f" in {plural(self.found.nodes, 'node')}" if self.found.total else ""
        left.append(Span(f"  {hits}{nodes}"))
        return left, [self._progress(width), muted(" ")]

    def _progress(self, width: CellWidth) -> Span:
        found = self.found
        if self._trouble:
            return Span(label(self._trouble), Role.BAD)
        logs = f"{count(found.searched)} of {plural(found.logs, 'log')}" if found.logs else ""
        if self.is_searching:
            return Span(f"searching {logs}" if width >= 60 else logs, Role.WARNING)
        began = self.state.began_at
        when = f" at {time_of_day(began)}" if began is not None and width >= 60 else ""
        if not self.state.is_whole:
            return Span(f"cancelled after {logs}{when}" if logs else "cancelled", Role.WARNING)
        return muted(f"{plural(found.logs, 'log')}{when}" if found.logs else "there are no logs")

    # Searching

    @property
    def is_searching(self) -> bool:
        """Whether the search is under way."""
        return self._search is not None and self._search.state in {WorkerState.PENDING, WorkerState.RUNNING}

    def ask_pattern(self) -> None:
        """Let a person type what to find."""
        self.ask(PROMPT, self.state.pattern, self._typed_pattern)

    def _typed_pattern(self, text: str | None) -> None:
        if not text:
            if not self.state.pattern:
                self.close()
            return
        try:
            compiled(text)
        except re.error as error:
            self.say(f"not a regular expression: {fault(error)}", Role.WARNING, lasting=True)
            self.ask(PROMPT, text, self._typed_pattern)
            return
        self.look_for(text)

    def look_for(self, pattern: str) -> None:
        """Search all logs for a regular expression."""
        self._trouble = ""
        self.found = FoundLines(self._run, self.look)
        state = self.state
        state.pattern, state.found, state.cursor, state.is_whole = pattern, self.found, 0, False
        state.began_at = now()
        self.rows.show(self.found, 0)
        self._search = self.run_worker(self._look_for(pattern), group="find", exclusive=True, exit_on_error=False)
        self.show_changes()

    async def _look_for(self, pattern: str) -> None:
        try:
            async with aclosing(search_in_process(self._run.path, pattern)) as search:
                async for news in search:
                    self._trouble = news.trouble or self._trouble
                    self.found.add(news)
                    self._changed()
        except OSError as error:
            self._trouble = f"can't search: {error.strerror}"
        self.state.is_whole = not self._trouble

    def on_worker_state_changed(self) -> None:
        """Say how the search has ended."""
        self._changed()

    def _changed(self) -> None:
        if not self._is_changed:
            self._is_changed = True
            self.shown_by.request_frame()

    def flush(self) -> None:
        """Show what was found since the last frame."""
        if self._is_changed:
            self._is_changed = False
            self.show_changes()

    def cancel(self) -> None:
        """End the search. What was found stays."""
        if self._search is not None:
            self._search.cancel()

    # Keys

    def back(self) -> None:
        """End the search, or close the page."""
        if self.is_searching:
            self.cancel()
        else:
            self.close()

    def open(self) -> None:
        """Show the line under the cursor in the log of its node."""
        place = self.found.at(self.rows.cursor)
        if place is None:
            return
        log, hit = place
        hit = hit or (log.hits[0] if log.hits else None)
        node = self.found.node_of(log)
        if node is None or hit is None:
            self.say("this node is not in the graph any more" if node is None else NO_HITS)
            return
        self._go_to(HitPlace(node, log.attempt, hit.offset, self.state.pattern, self.found))

    def on_row_list_followed(self, message: RowList.Followed) -> None:
        """Open the row that was clicked twice."""
        message.stop()
        self.open()

    def go_to_node(self, step: int) -> None:
        """Go to the next node with hits, or to the previous one."""
        target = self.found.next_heading(self.rows.cursor, step)
        if target is None:
            self.say("this is the last node with hits" if step > 0 else "this is the first node with hits")
            return
        self.rows.go_to(target)

    def fold(self, folded: bool) -> None:
        """Show only nodes with the numbers of their hits, or their lines, too."""
        if folded == self.found.folded or not len(self.found):
            return
        log = self.found.log_number(self.rows.cursor)
        self.found.folded = folded
        self.rows.show(self.found, self.found.heading_row(log))


def _finds(page: FindPage) -> str | None:
    return None if len(page.found) else NO_HITS


def _searches(page: FindPage) -> str | None:
    return None if page.is_searching else NOT_SEARCHING


FIND_ACTIONS: tuple[PageAction[FindPage], ...] = (
    PageAction("pane.open", ("enter",), "open log", "Open the log of the node at this line",
               Group.PANES, lambda page: page.open(), rank=10, refusal=_finds),
    PageAction("find.start", ("slash", "F"), "find", "Find another text or regular expression in all logs",
               Group.FIND, lambda page: page.ask_pattern(), rank=12),
    PageAction("find.next", ("n",), "next node", "To the next node with hits",
               Group.FIND, lambda page: page.go_to_node(1), rank=13, refusal=_finds),
    PageAction("find.previous", ("N",), "previous node", "To the previous node with hits",
               Group.FIND, lambda page: page.go_to_node(-1), rank=14, refusal=_finds),
    PageAction("fold.close_all", ("minus", "h", "left"), "only nodes", "Only nodes, with the numbers of their hits",
               Group.FIND, lambda page: page.fold(True), rank=15, refusal=_finds),
    PageAction("fold.open_all", ("equals_sign", "l", "right"), "lines", "Show the lines, too",
               Group.FIND, lambda page: page.fold(False), rank=16, refusal=_finds),
    PageAction("find.cancel", (), "cancel search", "End the search; what was found stays",
               Group.FIND, lambda page: page.cancel(), refusal=_searches),
    *(action for action in PAGE_ACTIONS if action.id != "pane.open"),
)  # fmt: skip
"""The keys of the page."""
