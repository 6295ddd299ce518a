"""Main screen: tree on the left, one node on the right. Narrow terminals show one of them at a time."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from textual import on

from dagtui.graph.model import NodeIndex
from dagtui.text import count, fit, label, plural
from dagtui.text.amounts import CellWidth
from dagtui.tui.actions.action import Pane
from dagtui.tui.actions.availability import Situation
from dagtui.tui.actions.present_words import brief_jobs_words, present_words
from dagtui.tui.graph.lower.pane import LowerPane
from dagtui.tui.graph.remembered import remembered_rows
from dagtui.tui.graph.time.head import TimeHead
from dagtui.tui.graph.tree import TreeDump, TreePane
from dagtui.tui.graph.views import View
from dagtui.tui.lines.page import JumpTo
from dagtui.tui.lines.prompt_screen import PromptScreen
from dagtui.tui.lines.tab_strip import Tab, TabStrip
from dagtui.tui.node.side import Side, SideState
from dagtui.tui.screens.footer import Footer
from dagtui.tui.screens.panes import USUAL_SHARE, Panes
from dagtui.tui.screens.search_line import SearchLine, filtered
from dagtui.tui.screens.top_bar import TopBar

if TYPE_CHECKING:
    from collections.abc import Callable

    from textual.app import ComposeResult

    from dagtui.runs.view import RunView
    from dagtui.store.screen_memory import ScreenMemory
    from dagtui.text.amounts import ClockTime
    from dagtui.text.look import Look
    from dagtui.tui.actions.keymap import Keymap
    from dagtui.tui.lines.movable import Movable

NARROW_BELOW = 80
"""Columns below which the panes become pages."""
NODES = "nodes"
"""The label of the tree's filter."""
_QUERY_CELLS = CellWidth(12)
"""Cells for the filter in the heading of the left pane."""
TABS = {Pane.LOG: "log", Pane.DETAILS: "details", Pane.WHY: "why", Pane.RUNS: "runs"}


@dataclass(frozen=True, slots=True)
class ScreenState:
    """The state of the screen, for another screen of the same run."""

    on_side: bool
    zoomed: bool
    touched: bool
    share: float
    """The share of the width that the left pane has."""
    lower: bool
    """Whether something may be shown below the rows of the left pane."""
    tree: TreeDump
    side: SideState


class MainScreen(PromptScreen[None], inherit_bindings=False):
    """Lays out the panes and knows which one has the focus."""

    DEFAULT_CSS = Path(__file__).with_suffix(".tcss").read_text(encoding="utf-8")
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (NARROW_BELOW, "-wide")]  # noqa: RUF012 - Textual's attribute
    AUTO_FOCUS = "TreePane"

    def __init__(
        self, run: RunView, keymap: Keymap, *, detachable: bool, look: Look, memory: ScreenMemory | None = None
    ) -> None:
        """Create the screen, as far as `memory` goes like the one that it is of."""
        super().__init__("-ascii" if look.ascii else None)
        self._run = run
        self._look = look
        self.top_bar = TopBar(run, look, reload_key=keymap.shown("run.reload", look))
        self.view_strip = TabStrip([Tab(view.title) for view in View], look, id="views")
        self.tree_pane = TreePane(run, look, remembered_rows(run.state, memory), partial(keymap.shown, look=look))
        self.time_head = TimeHead(self.tree_pane, look)
        self.side = Side(run, look, keymap=keymap)
        lower = LowerPane(run, self.tree_pane, look)
        self.panes = Panes(self.view_strip, self.time_head, self.tree_pane, lower, self.side)
        if memory is not None:
            self.panes.share = memory.share or USUAL_SHARE
            self.panes.may_show_lower = memory.lower is not False
        self._keymap = keymap
        self._detachable = detachable
        self.footer = Footer(keymap, look)
        self.search_line = SearchLine(self._end_search)
        self._looked_for = ""
        """The typed text that was last searched for."""
        self.touched = False
        """Whether a person did anything yet. Until then, the cursor may be moved to something worth seeing."""
        self._keys_for: tuple[object, ...] = ()
        """What the keys were last shown for, by a frame."""
        self._zoomed = False
        self._zoomed_before: bool | None = None
        """Whether a pane was zoomed before a log was opened in full. None: no log is."""

    def compose(self) -> ComposeResult:
        """Yield top bar, panes and footer."""
        yield self.top_bar
        yield self.panes
        yield self.search_line
        yield self.footer

    def on_mount(self) -> None:
        """Show the node under the cursor."""
        self.show_node(self.node)

    def flush(self, clock: ClockTime, *, changed: bool) -> bool:
        """Paint the changes. Return whether another frame is needed soon, even if nothing happens in the run.

        `changed`: something happened in the run, not only in its logs. Which keys are available depends on that.
        """
        self.top_bar.flush(clock)
        self.tree_pane.flush(clock)
        self.time_head.flush(clock)
        self.panes.fit_lower()
        self.panes.lower.flush(clock, changed=changed)
        more = self.side.flush(clock) or self.tree_pane.rows.are_filling
        navigator = self.tree_pane.navigator
        keys_for = (
            *(int(clock), self._run.settled, self.pane, navigator.cursor, navigator.generation),
            *(self._searched, *self.side.log_pane.situation),
        )
        if changed or keys_for != self._keys_for:
            self._keys_for = keys_for
            self.show_keys()
        self._tell_filter()
        self._tell_view()
        if self.on_side and not self.search_line.typing and self.focused is not self.side.focus_target:
            self._focus()  # a log has replaced the page of an empty one, or another tab was clicked
        return more

    def take_up(self, renumbered: Callable[[NodeIndex], NodeIndex]) -> None:
        """Show the graph that the run has now, in which nodes have other numbers, or none."""
        self.top_bar.take_up()
        self.tree_pane.take_up()
        self.panes.lower.take_up()
        self.side.take_up(renumbered)
        self._keys_for = ()
        self.show_node(self.node)

    def show_keys(self) -> None:
        """Show which pane has the focus, and its available keys."""
        self.view_strip.focused, self.side.strip.focused = not self.on_side, self.on_side
        here = self.situation
        deselects = 0 if self.on_side else self.tree_pane.selected_count  # from the right side, Esc goes back first
        words = present_words(self._run, here, self.node, deselects)
        if self.pane is Pane.TREE:
            words = {**words, **brief_jobs_words(self._run, here, self._look)}
        self.footer.show_keys(self.pane, self._keymap.unavailable(self._run, here), words)

    @property
    def situation(self) -> Situation:
        """What keys act on now."""
        node = self.node
        if node is None or self.tree_pane.selected_count:
            here = Situation.on_many(self._run.state, self.tree_pane.navigator.samples)
        else:
            here = Situation.on(node)
        return here._replace(
            detachable=self._detachable,
            foldable=self.tree_pane.navigator.is_foldable,
            searched=self._searched,
            alone=self.only_one,
            has_time_axis=self.tree_pane.view is View.TIME,
            log=self.side.log_pane.situation,
        )

    @property
    def _searched(self) -> bool:
        """Whether the focused pane has a search."""
        if self.on_side:
            return self.side.log_pane.view.finder is not None
        return bool(self.tree_pane.navigator.filter_query)

    # Which pane, which node

    @property
    def node(self) -> NodeIndex | None:
        """The node that commands act on."""
        return self.tree_pane.cursor_node

    @property
    def on_side(self) -> bool:
        """Whether the focus is on the right."""
        return self.has_class("-on-side")

    @property
    def tab(self) -> Pane:
        """The page that the right side shows."""
        return next(pane for pane, tab in TABS.items() if tab == self.side.tab)

    @property
    def pane(self) -> Pane:
        """The pane with the focus."""
        if not self.on_side:
            return Pane.TREE
        return Pane.BRANCH if self.side.shows_branch else self.tab

    @property
    def movable(self) -> Movable:
        """The pane that the movement keys act on."""
        return self.side.pane if self.on_side else self.tree_pane

    def go_to(self, pane: Pane) -> None:
        """Give a pane the focus. On a narrow terminal, this shows it."""
        self.search_line.leave()
        if pane is not Pane.TREE:
            self.side.tab = TABS[pane]
        self.set_class(pane is not Pane.TREE, "-on-side")
        self._focus()
        self.show_keys()

    def show_tab(self, pane: Pane) -> None:
        """Show a page of the right side. The focus follows if only one pane is visible."""
        self.side.tab = TABS[pane]
        if self.on_side or self.only_one:
            self.go_to(pane)

    def show_node(self, node: NodeIndex | None) -> None:
        """Show a node on the right, or what the cursor's row stands for, and the keys."""
        if node is not None:
            self.side.show(node)
        elif self.tree_pane.navigator.is_on_many:
            self.side.show_branch(self.tree_pane.navigator.cursor, lambda: self.tree_pane.many)
        self.show_keys()

    def lead_to_failure(self) -> None:
        """Put the cursor on the first failure that counts, unless it is on one already."""
        if self.node not in set(self._run.state.failures()):
            self.tree_pane.next_failure()

    @property
    def only_one(self) -> bool:
        """Whether one pane fills the screen."""
        return self._zoomed or self.size.width < NARROW_BELOW

    @property
    def zoomed(self) -> bool:
        """Whether the focused pane fills the screen. Settable."""
        return self._zoomed

    @zoomed.setter
    def zoomed(self, zoomed: bool) -> None:
        self._zoomed, self._zoomed_before = zoomed, None
        self.set_class(zoomed, "-zoomed")

    def open_log(self) -> None:
        """Show the log of the node in full."""
        before, self.zoomed = self._zoomed, True
        self._zoomed_before = before
        self.go_to(Pane.LOG)

    def back(self) -> None:
        """Return from the right to the tree, as it was before a log was opened in full. In the tree, end the zoom."""
        if self._zoomed_before is not None:
            self.zoomed = self._zoomed_before
        elif not self.on_side:
            self.zoomed = False
        self.go_to(Pane.TREE)

    def _focus(self) -> None:
        self.set_focus(self.side.focus_target if self.on_side else self.tree_pane)

    # Finding

    def start_search(self) -> None:
        """Let a person type a search for the focused pane: the tree or the log."""
        self._looked_for = before = "" if self.on_side else self.tree_pane.navigator.filter_query
        if self.on_side:
            self.side.log_pane.search.begin()
        self.footer.display = False
        self.search_line.open("log" if self.on_side else NODES, before)
        self.search_line.tell()

    @on(SearchLine.Typed)
    def _search(self, message: SearchLine.Typed) -> None:
        if self.search_line.typing:
            self._look_for(message.text)

    def _look_for(self, text: str) -> None:
        if text == self._looked_for:
            return
        self._looked_for = text
        if self.on_side:
            self.side.log_pane.find(text)
        else:
            self.tree_pane.set_filter(text)
            self._tell_filter()

    def _end_search(self, found: bool) -> None:
        if found:
            self._look_for(self.search_line.text)  # the last typed text may not have been announced yet
        self.search_line.rest(NODES, "")
        self.footer.display = True
        if self.on_side and found:
            self.side.log_pane.search.keep()
        elif self.on_side:
            self.side.log_pane.give_up_find()
        elif found:
            self.tree_pane.to_hit()
        else:
            self.tree_pane.set_filter("")
        if self.search_line.has_focus_within:  # a click may have taken it
            self._focus()
        self._tell_filter()

    def _tell_filter(self) -> None:
        """While the tree hides nodes, show the filter, the number of matches, and how to see all again."""
        line, query = self.search_line, self.tree_pane.navigator.filter_query
        if line.typing and self.on_side:
            return
        if not line.typing:
            line.rest(NODES, "" if self.only_one and self.on_side else query)
        if not query:
            line.tell()
            return
        ids = [] if line.typing else ["find.next"]
        if ids and not self.tree_pane.selected_count:  # otherwise, Esc ends the selection first
            ids.append("pane.back")
        keys = [self._keymap.shown(id_, self._look) for id_ in ids]
        room = CellWidth(self.size.width) // 2
        line.tell(*filtered(self.tree_pane.navigator.match_count, len(self._run.graph), keys, room))

    def show_view(self, view: View) -> None:
        """Show a view of the graph on the left."""
        self.tree_pane.show_view(view)
        self._tell_view()

    def _tell_view(self) -> None:
        """Say in the heading of the left pane what it shows."""
        self.view_strip.tab = self.tree_pane.view.title
        navigator, selected = self.tree_pane.navigator, self.tree_pane.selected_count
        said = []
        if navigator.filter_query:
            query = "" if selected else f"/{fit(label(navigator.filter_query), _QUERY_CELLS, self._look)} "
            said.append(f"{query}{plural(navigator.match_count, 'hit')}")
        if selected:
            said.append(f"{count(selected)} selected")
        beginning = self.tree_pane.rows.names.beginning  # which the rows leave out
        if beginning and not said:
            said.append(label(beginning) + self._look.glyphs.cut)
        self.view_strip.words = ", ".join(said)

    # Messages of the panes

    @on(TabStrip.Chosen, "#views")
    def _view_chosen(self, message: TabStrip.Chosen) -> None:
        self.show_view(next(view for view in View if view.title == message.tab))

    def jump(self, node: NodeIndex) -> None:
        """Put the cursor on a node and show it."""
        self.tree_pane.select(node)
        self.show_node(node)

    @on(TreePane.Selected)
    def _selected(self, message: TreePane.Selected) -> None:
        if message.node is not None and message.node == self.side.node and not self.side.shows_branch:
            self.show_keys()  # a jump has shown it already, perhaps an earlier attempt
        else:
            self.show_node(message.node)

    @on(TreePane.Opened)
    def _opened(self, message: TreePane.Opened) -> None:
        self.show_node(message.node)
        self.open_log()

    @on(JumpTo)
    def _jump(self, message: JumpTo) -> None:
        self.jump(NodeIndex(message.target))

    def on_descendant_focus(self) -> None:
        """Adapt classes and footer: a click may have moved the focus."""
        focused = self.focused
        if focused is None or focused is self.tree_pane or self.side in focused.ancestors_with_self:
            self.search_line.leave()
            self.set_class(focused is not None and focused is not self.tree_pane, "-on-side")
            self.show_keys()
        elif self.search_line in focused.ancestors and not self.search_line.typing:
            self.start_search()  # it was clicked

    # State

    def dump_state(self) -> ScreenState:
        """Return the state of the screen."""
        tree, side, panes = self.tree_pane.dump_state(), self.side.dump_state(), self.panes
        return ScreenState(self.on_side, self._zoomed, self.touched, panes.share, panes.may_show_lower, tree, side)

    def restore_state(self, state: ScreenState) -> None:
        """Restore the state of another screen."""
        self.touched, self.panes.share, self.panes.may_show_lower = state.touched, state.share, state.lower
        self.tree_pane.restore_state(state.tree)
        self.side.restore_state(state.side)
        self.zoomed = state.zoomed
        self.go_to(self.tab if state.on_side else Pane.TREE)
