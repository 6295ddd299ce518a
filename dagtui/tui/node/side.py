"""Right side of the screen: one node's log, details, why or earlier runs, one at a time."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from textual.containers import Vertical

from dagtui.graph.model import NO_NODE
from dagtui.text.look import IN_UNICODE
from dagtui.tui.lines.prompt_screen import mount_one_by_one
from dagtui.tui.lines.tab_strip import Tab, TabStrip
from dagtui.tui.log.pane import LogPane
from dagtui.tui.node.details import DetailsPane
from dagtui.tui.node.group_summary import BranchPage
from dagtui.tui.node.runs_tab import RunsPane
from dagtui.tui.node.why_tab import WhyPane

if TYPE_CHECKING:
    from collections.abc import Callable

    from textual.app import ComposeResult
    from textual.widget import Widget

    from dagtui.graph.model import NodeIndex
    from dagtui.runs.view import RunView
    from dagtui.text.amounts import ClockTime
    from dagtui.text.look import Look
    from dagtui.tui.actions.keymap import Keymap
    from dagtui.tui.graph.row_groups import RowGroup
    from dagtui.tui.lines.copied import Copied
    from dagtui.tui.lines.page import PagePosition
    from dagtui.tui.log.pane_state import LogPaneState

TABS = ("log", "details", "why", "runs")
"""The names of the tabs. Their keys are 1, 2, 3 and 4."""


@dataclass(frozen=True, slots=True)
class SideState:
    """The state of the right side, for another screen of the same run."""

    tab: str
    log: LogPaneState
    details: PagePosition
    why: PagePosition
    runs: PagePosition


class Side(Vertical):
    """Log, details, why and other runs of the node last shown. Only the visible pane is kept up to date."""

    DEFAULT_CSS = Path(__file__).with_suffix(".tcss").read_text(encoding="utf-8")

    def __init__(self, run: RunView, look: Look = IN_UNICODE, *, keymap: Keymap) -> None:
        """Create the panes. `keymap` provides the keys in hints."""
        super().__init__()
        self.node = NO_NODE
        self.strip = TabStrip([Tab(tab, str(key)) for key, tab in enumerate(TABS, 1)], look)
        self.log_pane = LogPane(run, look)
        self.details = DetailsPane(run, look)
        self.why = WhyPane(run, look, keymap=keymap)
        self.runs = RunsPane(run, look)
        """Mounted when it is first shown."""
        self.branch = BranchPage(run, keymap=keymap, look=look)
        """Takes the place of the tabs' panes for a row that stands for many nodes."""
        self.shows_branch = False
        self._tab = TABS[0]

    def compose(self) -> ComposeResult:
        """Yield the tabs and the panes below them."""
        yield self.strip
        yield self.log_pane
        yield self.details
        yield self.why
        yield self.branch

    async def mount_composed_widgets(self, widgets: list[Widget]) -> None:
        """Mount the composed widgets one by one, with turns of the run in between."""
        await mount_one_by_one(self, widgets)

    def on_mount(self) -> None:
        """Show the first tab."""
        self.tab = self._tab

    @property
    def tab(self) -> str:
        """The open tab, one of TABS. Settable."""
        return self._tab

    @tab.setter
    def tab(self, tab: str) -> None:
        if tab not in TABS:
            raise ValueError(f"no such tab: {tab}")
        self._tab = tab
        self._arrange()
        if not self.shows_branch:
            self.show(self.node)

    def _arrange(self) -> None:
        """Display the visible pane and mark its tab, if it has one."""
        self.strip.tab = "" if self.shows_branch else self._tab
        if self.pane is self.runs and self.is_attached and not self.runs.is_attached:
            self.mount(self.runs)
        for pane in (self.log_pane, self.details, self.why, self.runs, self.branch):
            pane.display = pane is self.pane

    @property
    def pane(self) -> LogPane | DetailsPane | WhyPane | RunsPane | BranchPage:
        """The visible pane, on which the keys act."""
        if self.shows_branch:
            return self.branch
        if self._tab == "log":
            return self.log_pane
        if self._tab == "runs":
            return self.runs
        return self.details if self._tab == "details" else self.why

    @property
    def focus_target(self) -> Widget:
        """The widget to focus when the right side has the focus."""
        pane = self.pane
        return pane.window if isinstance(pane, LogPane) else pane

    def show(self, node: NodeIndex) -> None:
        """Show another node."""
        self.node = node
        if self.shows_branch:
            self.shows_branch = False
            self._arrange()
        if node >= 0:
            self.pane.show(node)

    def take_up(self, renumbered: Callable[[NodeIndex], NodeIndex]) -> None:
        """Go on with the graph that the run has now, in which nodes have other numbers, or none."""
        self.node = renumbered(self.node)
        for pane in (self.log_pane, self.details, self.why, self.runs):
            pane.take_up(renumbered(pane.node))
        self.branch.take_up(NO_NODE)

    def show_branch(self, item: int, present: Callable[[], RowGroup | None]) -> None:
        """Show the summary of a row that stands for many nodes. `present` returns its present state."""
        if not self.shows_branch:
            self.shows_branch = True
            self._arrange()
        self.branch.about(item, present)

    def flush(self, clock: ClockTime) -> bool:
        """Adopt and draw changes. Return whether another frame is needed soon."""
        return (self.node >= 0 or self.shows_branch) and self.pane.flush(clock)

    def copied(self) -> Copied:
        """Return what the open tab shows, for the clipboard."""
        return self.pane.copied()

    def copied_line(self) -> Copied:
        """Return what the cursor of the open tab is on, for the clipboard."""
        return self.pane.copied_line()

    def dump_state(self) -> SideState:
        """Return what is shown."""
        places = self.details.place, self.why.place, self.runs.place
        return SideState(self._tab, self.log_pane.dump_state(), *places)

    def restore_state(self, state: SideState) -> None:
        """Show the same again."""
        self.log_pane.restore_state(state.log)
        self.node = self.log_pane.node
        self.tab = state.tab
        self.details.place, self.why.place, self.runs.place = state.details, state.why, state.runs

    def on_tab_strip_chosen(self, message: TabStrip.Chosen) -> None:
        """Open the tab that was clicked."""
        message.stop()
        self.tab = message.tab
