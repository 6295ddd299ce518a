"""Page of all logs of the run, merged in time order, with its keys."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from dagtui.graph.matrix.selection import ChoiceError, nodes_matching
from dagtui.text import count, label, plural
from dagtui.tui.actions.action import Group, PageAction
from dagtui.tui.all_logs.rows import AllLogsRows
from dagtui.tui.lines.rows import Role, Span, muted
from dagtui.tui.screens.page import PAGE_ACTIONS, PageScreen

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence
    from typing import Never

    from dagtui.graph.model import NodeIndex
    from dagtui.runs.view import RunView
    from dagtui.text.amounts import CellWidth
    from dagtui.text.look import Look
    from dagtui.tui.actions.keymap import Keymap
    from dagtui.tui.all_logs.filters import LogFilter
    from dagtui.tui.all_logs.places import AllLogsState, LogPlace
    from dagtui.tui.lines.copied import Copied

NO_LINES = "there are no lines"
NO_SELECTION = "no nodes are selected"


class AllLogsPage(PageScreen, inherit_bindings=False):
    """Shows all logs. The rows read and draw themselves. The page has the keys, and says what is shown."""

    def __init__(
        self,
        run: RunView,
        keymap: Keymap,
        look: Look,
        *,
        selected: Collection[NodeIndex],
        go_to: Callable[[LogPlace], None],
        copy: Callable[[Copied], None],
        left: Callable[[AllLogsState], None],
        state: AllLogsState | None = None,
    ) -> None:
        """`selected`: the nodes that are selected in the tree, so that a key shows only these.

        `go_to` shows a place in the log of a node, and `copy` puts a text on the clipboard. `left` takes how the page
        is left, which another one gets as its `state`.
        """
        super().__init__(keymap, look)
        self._run = run
        self.selected = frozenset(selected)
        self._go_to, self._copy, self._left = go_to, copy, left
        self.rows = AllLogsRows(run, look, self.keymap.shown("logs.unfold", look))
        self.rows.tell = self._tell
        if state is not None:
            self.rows.restore_state(state)

    @classmethod
    def actions(cls) -> Sequence[PageAction[Never]]:
        """Return the table of actions."""
        return ALL_LOGS_ACTIONS

    @property
    def content(self) -> AllLogsRows:
        """The rows."""
        return self.rows

    def heading(self, width: CellWidth) -> tuple[Sequence[Span], Sequence[Span]]:
        """Return what is shown, and whether the end is followed."""
        reading = self.rows.reading
        wanted = reading.filter
        left = [Span(" All logs", Role.HEADING)]
        if wanted.is_on:
            left.append(Span(f"  only {wanted.words}", Role.WARNING))
        running = self._run.alive()
        left.append(muted(f"  {count(running)} running" if running else ""))
        if self.rows.drawing.names.beginning and width > 100:
            left.append(muted(f"  {label(self.rows.drawing.names.beginning)}{self.look.glyphs.cut}"))
        if reading.trouble:
            left.append(Span(f"  {label(reading.trouble)}", Role.BAD))
        return left, self._position()

    def labels(self) -> dict[str, str]:
        """Return the words of keys that show all again."""
        wanted = self.rows.reading.filter
        has_selection = wanted.nodes is not None and wanted.nodes == self.selected
        filters = {"logs.running": wanted.running, "logs.failed": wanted.failed, "logs.errors": wanted.errors}
        filters["logs.selected"] = has_selection
        return {id_: "all" for id_, is_on in filters.items() if is_on}

    def _position(self) -> list[Span]:
        reading = self.rows.reading
        if reading.is_reading and reading.filter.errors:
            return [muted(f"searching, {reading.searched} read")]
        if reading.is_reading and not self.rows.shown.rows:
            return [muted("reading")]
        if self.rows.follows:
            return [] if self._run.settled else [Span("following", Role.KEY)]
        if reading.missed:
            more = " and more" if reading.missed_more else ""
            return [Span(f"+{plural(reading.missed, 'line')}{more}", Role.WARNING)]
        return []

    def flush(self) -> None:
        """Say how many nodes run now."""
        self._heading.repaint()

    def close(self) -> None:
        """Return to what was open before, and remember what was shown."""
        self._left(self.rows.dump_state())
        super().close()

    def _tell(self) -> None:
        """Draw the heading and the keys again: the rows have changed."""
        if self.is_attached:
            self._heading.repaint()
            self.show_keys()

    # What the keys do

    async def await_rows(self, ask: Callable[[], None]) -> None:
        """Ask for other rows, and wait for them."""
        ask()
        await self.rows.reading.arrive()

    def open(self) -> None:
        """Go to the log of the node, at the line under the cursor, or open a fold."""
        if self.rows.activate():
            return
        place = self.rows.place
        if place is not None:
            self.close()
            self._go_to(place)

    def toggle_running(self) -> None:
        """Show only nodes that run, or no longer."""
        self._show_only(lambda wanted: replace(wanted, running=not wanted.running))

    def toggle_failed(self) -> None:
        """Show only nodes that failed, or no longer."""
        self._show_only(lambda wanted: replace(wanted, failed=not wanted.failed))

    def toggle_errors(self) -> None:
        """Show only what looks like an error, or no longer."""
        self._show_only(lambda wanted: replace(wanted, errors=not wanted.errors))

    def _show_only(self, change: Callable[[LogFilter], LogFilter]) -> None:
        reading = self.rows.reading
        reading.show_only(change(reading.filter))

    def show_selected(self) -> None:
        """Show only the nodes that are selected in the tree, or no longer."""
        wanted = self.rows.reading.filter
        if wanted.nodes == self.selected:
            self._choose(None, "")
        else:
            self._choose(self.selected, f"{count(len(self.selected))} selected")

    def ask_tasks(self) -> None:
        """Let a person type which tasks are shown."""
        self.ask("tasks", self.rows.reading.filter.asked, self._choose_named)

    def _choose_named(self, text: str | None) -> None:
        if text is None:
            return
        words = text.replace(",", " ").split() if "[" not in text else [text]
        if not words:
            self._choose(None, "")
            return
        found: set[NodeIndex] = set()
        for word in words:
            try:
                found.update(nodes_matching(self._run.graph, word))
            except ChoiceError as error:
                self.say(str(error), Role.WARNING)
                return
        self._choose(frozenset(found), label(text, 40), text)

    def _choose(self, nodes: frozenset[NodeIndex] | None, named: str, asked: str = "") -> None:
        self._show_only(lambda wanted: replace(wanted, nodes=nodes, named=named, asked=asked))

    def copy(self, *, shown: bool) -> None:
        """Copy the line under the cursor, or what is shown."""
        self._copy(self.rows.copied() if shown else self.rows.copied_line())

    # Why keys would do nothing

    def lacks_line(self) -> str | None:
        """Return why there is no line under the cursor."""
        return None if self.rows.row is not None else NO_LINES

    def lacks_selection(self) -> str | None:
        """Return why the selection can't be shown."""
        key = self.look.key("select.toggle", "M")
        return None if self.selected else f"{NO_SELECTION}: {key} in the tree selects them"


_OWN = frozenset({"pane.open", "pane.back", "move.top", "move.bottom"})

ALL_LOGS_ACTIONS: tuple[PageAction[AllLogsPage], ...] = (
    PageAction("pane.open", ("enter",), "its log", "Go to this line in the log of its node; on folded lines, show them",
               Group.PANES, lambda page: page.open(), rank=10, refusal=AllLogsPage.lacks_line),
    PageAction("pane.back", ("escape",), "back", "Back to what was open before",
               Group.PANES, lambda page: page.back(), rank=11),
    PageAction("logs.open", ("a",), "back", "Back to what was open before",
               Group.PANES, lambda page: page.back(), name="Close all logs"),
    PageAction("find.all", ("slash", "F"), "find", "Find a text or a regular expression in all logs",
               Group.FIND, lambda page: page.shown_by.perform("find.all"), rank=12),
    PageAction("logs.running", ("u",), "running", "Show only nodes that run now, or all",
               Group.LOG, lambda page: page.await_rows(page.toggle_running), rank=20),
    PageAction("logs.failed", ("e",), "failed", "Show only nodes that failed, or all",
               Group.LOG, lambda page: page.await_rows(page.toggle_failed), rank=21),
    PageAction("logs.errors", ("exclamation_mark",), "errors", "Show only lines that look like an error, or all",
               Group.LOG, lambda page: page.await_rows(page.toggle_errors), rank=22),
    PageAction("logs.tasks", ("T",), "tasks", "Show only the tasks, cells or groups whose names you type",
               Group.LOG, lambda page: page.ask_tasks(), rank=23),
    PageAction("logs.selected", ("M",), "selected", "Show only the nodes that are selected in the tree, or all",
               Group.LOG, lambda page: page.await_rows(page.show_selected), rank=24,
               refusal=AllLogsPage.lacks_selection),
    PageAction("logs.unfold", ("z",), "unfold", "Show the folded lines, or fold them again",
               Group.LOG, lambda page: page.await_rows(page.rows.toggle_fold), rank=30),
    PageAction("fold.close_all", ("minus",), "fold all", "Fold all lines that are alike",
               Group.LOG, lambda page: page.await_rows(page.rows.fold_all)),
    PageAction("fold.open_all", ("equals_sign",), "unfold all", "Show all lines",
               Group.LOG, lambda page: page.await_rows(page.rows.unfold_all)),
    PageAction("log.follow", ("f",), "follow", "Follow the end, or stay",
               Group.LOG, lambda page: page.await_rows(page.rows.toggle_follow), rank=25),
    PageAction("log.times", ("t",), "times", "Show when each line was written",
               Group.LOG, lambda page: page.rows.toggle_times(), rank=51),
    PageAction("move.top", ("g", "home"), "top", "To the beginning of the run",
               Group.MOVE, lambda page: page.await_rows(page.rows.top)),
    PageAction("move.bottom", ("G", "end"), "bottom", "To the end, which is followed then",
               Group.MOVE, lambda page: page.await_rows(page.rows.bottom)),
    PageAction("logs.left", ("h", "left"), "left", "Scroll to the left",
               Group.MOVE, lambda page: page.rows.scroll_columns(-1)),
    PageAction("logs.right", ("l", "right"), "right", "Scroll to the right",
               Group.MOVE, lambda page: page.rows.scroll_columns(1)),
    PageAction("screen.copy_line", ("y",), "copy line", "Copy the line under the cursor; also to a file",
               Group.SCREEN, lambda page: page.copy(shown=False), rank=40, refusal=AllLogsPage.lacks_line),
    PageAction("screen.copy", ("Y",), "copy shown", "Copy the lines that are shown; also to a file",
               Group.SCREEN, lambda page: page.copy(shown=True), rank=41, refusal=AllLogsPage.lacks_line),
    *(one for one in PAGE_ACTIONS if one.id not in _OWN),
)  # fmt: skip
"""The keys of the page. Ids that the main screen has, too, have the same keys there."""
