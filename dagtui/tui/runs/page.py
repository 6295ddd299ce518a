"""Page of the runs of a graph: a list of them, and a grid of tasks and runs."""

from __future__ import annotations

import asyncio
import time
from functools import partial
from typing import TYPE_CHECKING, Final

import anyio.to_thread

from dagtui.host.attachment import ExitReason
from dagtui.report.comparison_text import difference_lines
from dagtui.report.run_words import ending_words
from dagtui.runs.comparison import compare_runs
from dagtui.runs.listed_runs import why_not_resumed
from dagtui.runs.run_grid import GridOrder
from dagtui.store.errors import StoreError
from dagtui.store.run_index import task_of
from dagtui.store.summary import RunOutcome
from dagtui.text import fit, label, plural
from dagtui.text.amounts import CellWidth
from dagtui.tui.actions.action import Group, PageAction
from dagtui.tui.lines.page import wrapped
from dagtui.tui.lines.rows import Role, Row, Span, muted, row
from dagtui.tui.runs.board import BoardPart, RunBoard
from dagtui.tui.runs.choice import FIRST_LOOK, BoardState, RunChoice, RunStep
from dagtui.tui.screens.page import PAGE_ACTIONS, PageScreen

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Never

    from dagtui.runs.comparison import RunComparison
    from dagtui.runs.listed_runs import ListedRuns
    from dagtui.text.look import Look
    from dagtui.tui.actions.keymap import Keymap
    from dagtui.tui.screens.page import PageContent

_LOOK_SECONDS: Final = 1.0
"""The time between two looks at which runs there are."""
_REST_SECONDS: Final = 0.15
"""How long the cursor has to rest on a run before its graph is compared."""
_MOST_TIME: Final = 10.0
"""How much longer than live runs take to be read the pause is before they are read again."""
_RESUMING: Final = "resuming"
"""The worker that checks whether a run can be resumed."""
NO_RUN = "there is no run yet"
ALONE = "there is no older run to compare it with"


class RunsPage(PageScreen, inherit_bindings=False):
    """The runs of one graph. `choose` gets what is to be done with a run. `show_page` opens a page over this one."""

    def __init__(
        self,
        runs: ListedRuns,
        keymap: Keymap,
        look: Look,
        choose: Callable[[RunChoice], None],
        show_page: Callable[[PageScreen], None],
        state: BoardState = FIRST_LOOK,
    ) -> None:
        self._board = RunBoard(runs, look)
        super().__init__(keymap, look)
        self.runs = runs
        self._own_keys, self._show_page = keymap, show_page
        self._choose = choose
        self._restored = state
        self._wake = asyncio.Event()
        self._compared: dict[tuple[int, int], RunComparison] = {}
        self._told = ""
        """What was told last, until the next key press."""
        self._problem = ""
        """Why the runs can't be listed."""
        self._rested_at = 0.0
        """When the cursor last went to another run."""
        self._rested_on: tuple[int | None, int | None] = (None, None)

    # Content

    @classmethod
    def actions(cls) -> Sequence[PageAction[Never]]:
        """Return the table of actions."""
        return (*RUNS_ACTIONS, *PAGE_ACTIONS)

    @property
    def content(self) -> PageContent:
        """The board."""
        return self._board

    @property
    def board(self) -> RunBoard:
        """List and grid."""
        return self._board

    def heading(self, width: CellWidth) -> tuple[Sequence[Span], Sequence[Span]]:  # noqa: ARG002 - the page's signature
        """Return the graph, and which runs are compared."""
        left = [muted(" runs of "), Span(label(self.runs.graph_path.name, 80), Role.HEADING)]
        number, other = self._board.number, self.other
        right = [] if number is None or other is None else [Span(f"{number} against {other} ", Role.KEY)]
        return left, [*right, muted(f" {plural(len(self.runs.numbers), 'run')} ")]

    def notes(self, width: CellWidth) -> Sequence[Row]:
        """Return what differs between the run under the cursor and the one that it is compared with."""
        if text := self._told or self._problem:
            return [Row(spans) for spans in wrapped(row(Span(f" {text}", Role.WARNING), indent=1), width)]
        number, other = self._board.number, self.other
        if number is None or other is None:
            return [row(muted(" nothing older to compare it with" if number is not None else f" {NO_RUN}"))]
        found = self._compared.get((other, number))
        if found is None:
            return [row(muted(f" changed since {other}   {self.look.glyphs.cut}"))]
        words = "; ".join(f"{title} {words}" for title, words in difference_lines(found))
        return [row(muted(f" changed since {other}   "), Span(fit(words, CellWidth(max(1, width - 20)), self.look)))]

    @property
    def other(self) -> int | None:
        """The run that the one under the cursor is compared with: the marked one, else the one before it."""
        number, marked = self._board.number, self._board.marked
        if marked is not None and marked != number and marked in self.runs.directories:
            return marked
        return next((older for older in self.runs.numbers if number is not None and older < number), None)

    def about(self) -> Sequence[Row]:
        """Return the run under the cursor in words."""
        number = self._board.number
        if number is None:
            return ()
        return [row(Span(f"run {number}", Role.HEADING), f"  {ending_words(self.runs.summaries[number])}")]

    # Keys

    def open(self) -> None:
        """Open the run under the cursor: attach to a live one, show another read-only, at the row of the grid."""
        number = self._board.number
        if number is None:
            return
        live = self.runs.summaries[number].outcome is RunOutcome.LIVE
        self._choose(RunChoice(RunStep.ATTACH if live else RunStep.OPEN, number, "" if live else self._node()))

    def _node(self) -> str:
        """Return the node that the row of the grid stands for: of a task, the first that failed, else its first."""
        found, number = self._board.row, self._board.number
        if self._board.part is not BoardPart.GRID or found is None or number is None:
            return ""
        tasks = self.runs.tasks_of(number)
        if found.is_node or tasks is None:
            return found.name
        failed = (name for name, one in tasks.nodes.items() if one.status == "FAILED" and task_of(name) == found.name)
        return next(failed, found.name)

    def back(self) -> None:
        """Go back to the list, end the mark, or close the page."""
        if self._board.part is BoardPart.GRID:
            self.switch_part()
        elif self._board.marked is not None:
            self._board.marked = None
        else:
            self.close()

    def close(self) -> None:
        """Leave: nothing is below this page."""
        self.app.exit(ExitReason.LEFT_SETTLED)

    def switch_part(self) -> None:
        """Go to the other part."""
        self._board.part = BoardPart.GRID if self._board.part is BoardPart.LIST else BoardPart.LIST
        self._wake.set()

    def switch_order(self) -> None:
        """Order the rows of the grid in the other way."""
        board = self._board
        board.order = GridOrder.FILE if board.order is GridOrder.FAILURES else GridOrder.FAILURES
        board.shown = ()  # made again
        self.say(f"tasks: {board.order.value}")
        self._wake.set()

    def mark(self) -> None:
        """Mark the run under the cursor as the one that others are compared with, or no longer."""
        number = self._board.number
        self._board.marked = None if number == self._board.marked else number
        self._wake.set()

    def compare(self) -> None:
        """Open the comparison of the run under the cursor with the marked one, or with the one before it."""
        number, other = self._board.number, self.other
        if number is None or other is None:
            return
        from dagtui.tui.runs.comparison_page import ComparisonPage

        new, old = self.runs.directories[number], self.runs.directories[other]
        self._show_page(ComparisonPage(partial(compare_runs, old, new), (number, other), self._own_keys, self.look))

    def resume(self) -> None:
        """Leave the screen and resume the run under the cursor, or say why that can't be. The next key ends that."""
        number = self._board.number
        if number is None:
            return
        self.say(f"run {number}: checking whether it can be resumed", Role.MUTED, lasting=True)
        self.run_worker(self._resume(number), group=_RESUMING, exclusive=True, exit_on_error=False)

    async def _resume(self, number: int) -> None:
        check = partial(why_not_resumed, self.runs.graph_path, number)
        reason = await anyio.to_thread.run_sync(check, abandon_on_cancel=True)
        self._dismiss_message()
        if reason:
            self.tell(f"run {number} can't be resumed: {reason}")
        else:
            self._choose(RunChoice(RunStep.RESUME, number))

    def tell(self, text: str) -> None:
        """Show a sentence below the grid until the next key press."""
        self._told = label(text, 1000)
        self.refit()

    async def action_act(self, id_: str) -> None:
        """Perform the action of a key. What was told is read by then, and a run is not to be resumed any more."""
        self.workers.cancel_group(self, _RESUMING)
        if self._told:
            self._told = ""
            self.refit()
        await super().action_act(id_)

    @property
    def empty(self) -> str | None:
        """Why nothing can be done with the run under the cursor."""
        return NO_RUN if self._board.number is None else None

    @property
    def alone(self) -> str | None:
        """Why the run under the cursor can't be compared."""
        return self.empty or (ALONE if self.other is None else None)

    # Reading

    def on_mount(self) -> None:
        """Show the runs, and begin to read what is shown of them."""
        self._find_runs()
        state = self._restored
        self._board.marked, self._board.order = state.marked, state.order
        self._board.part = BoardPart.GRID if state.on_grid else BoardPart.LIST
        if state.number:
            self._board.go_to(state.number)
        super().on_mount()
        self.run_worker(self._read(), group="runs", exclusive=True, exit_on_error=False)

    def on_resize(self) -> None:
        """Read what is shown now."""
        super().on_resize()
        self._wake.set()

    def dump(self) -> BoardState:
        """Return how the page looks."""
        board = self._board
        found = board.row
        return BoardState(
            board.number or 0,
            board.marked,
            board.part is BoardPart.GRID,
            board.order,
            "" if found is None else found.name,
        )

    def show_changes(self) -> None:
        """Draw again. What is shown now may have to be read."""
        super().show_changes()
        here = self._board.number, self.other
        if here != self._rested_on:
            self._rested_on, self._rested_at = here, time.monotonic()
        self._wake.set()

    def _find_runs(self) -> bool:
        try:
            changed = self.runs.look()
        except StoreError as error:
            self._problem = str(error)
            return True
        changed, self._problem = changed or bool(self._problem), ""
        return changed

    async def _read(self) -> None:
        """Read what is shown and not known yet, one thing at a time, for as long as the page is open."""
        looked = live_until = time.monotonic()
        while True:
            self._wake.clear()
            if not await self._read_next():
                with anyio.move_on_after(self._pause()):
                    await self._wake.wait()
            now = time.monotonic()
            if now - looked >= _LOOK_SECONDS:
                looked = now
                if await anyio.to_thread.run_sync(self._find_runs):
                    self.draw_again()
            if now >= live_until:
                before = time.monotonic()
                if await anyio.to_thread.run_sync(self.runs.read_live):
                    self._board.shown = ()  # made again
                    self.draw_again()
                taken = time.monotonic() - before
                live_until = before + max(_LOOK_SECONDS, taken * _MOST_TIME)

    def _pause(self) -> float:
        rest = self._rested_at + _REST_SECONDS - time.monotonic()
        return rest if self._to_compare() is not None and rest > 0 else _LOOK_SECONDS

    async def _read_next(self) -> bool:
        """Read one thing that is shown and not known yet. Return whether there was any."""
        board = self._board
        summaries, tasks = board.lacking()
        if summaries:
            await anyio.to_thread.run_sync(self.runs.read_summary, summaries[0])
        elif tasks:
            await anyio.to_thread.run_sync(self.runs.read_tasks, tasks[0])
            board.shown = ()  # made again
        elif board.shows_grid and (wanted := board.wanted_columns()) != list(board.shown):
            await self._make_rows(wanted)
        elif (pair := self._to_compare()) is not None and time.monotonic() - self._rested_at >= _REST_SECONDS:
            old, new = (self.runs.directories[number] for number in pair)
            self._compared[pair] = await anyio.to_thread.run_sync(compare_runs, old, new)
        else:
            return False
        self.draw_again()
        return True

    async def _make_rows(self, wanted: Sequence[int]) -> None:
        board = self._board
        name = self._restored.task if board.row is None else board.row.name
        rows = await anyio.to_thread.run_sync(self.runs.rows, wanted, board.order)
        board.show_rows(wanted, rows, name)

    def _to_compare(self) -> tuple[int, int] | None:
        """Return the runs whose difference is shown and not known yet, the older one first."""
        number, other = self._board.number, self.other
        if number is None or other is None or (other, number) in self._compared:
            return None
        return other, number

    def draw_again(self) -> None:
        """Draw what has become known."""
        if self.is_attached:
            super().show_changes()


RUNS_ACTIONS: tuple[PageAction[RunsPage], ...] = (
    PageAction("runs.compare", ("D",), "compare", "Compare the run with the marked one, or with the one before it",
               Group.PANES, lambda page: page.compare(), rank=20, refusal=lambda page: page.alone),
    PageAction("runs.mark", ("M",), "mark", "Mark the run: others are compared with it",
               Group.PANES, lambda page: page.mark(), rank=21, refusal=lambda page: page.empty),
    PageAction("runs.resume", ("r",), "resume", "Leave the screen and resume the run",
               Group.RUN, lambda page: page.resume(), rank=22, refusal=lambda page: page.empty),
    PageAction("runs.order", ("v",), "order", "Tasks in the order of the file, or what fails most first",
               Group.PANES, lambda page: page.switch_order(), rank=23),
    PageAction("pane.next", ("tab", "shift+tab"), "list, grid", "To the grid of tasks, or back to the list of runs",
               Group.PANES, lambda page: page.switch_part(), rank=24, name="List or grid"),
)  # fmt: skip
"""The keys of the page of runs, besides those of every page."""
