"""The table of actions: one record for each thing that a key does."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from dagtui.engine.messages import CommandKind
from dagtui.tui.actions.action import Action, Group, Pane
from dagtui.tui.actions.all_logs import AllLogsActions
from dagtui.tui.actions.availability import (
    accepts,
    accepts_for_run,
    changes_jobs,
    copies_failure,
    detaches,
    edits,
    finds_failure,
    finds_hit,
    finds_running,
    folds,
    has_earlier_attempt,
    has_later_attempt,
    has_time_axis,
    holds,
    on_one_node,
    opens_pager,
    opens_shell,
    pauses,
    reads_lines,
    reloads,
    selects,
    sizes_panes,
    takes_input,
)
from dagtui.tui.actions.copying import CopyActions
from dagtui.tui.actions.find_all import FindAllActions
from dagtui.tui.actions.panes import PaneActions
from dagtui.tui.actions.screen import ScreenActions

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from dagtui.tui.actions.definitions import DefinitionActions
    from dagtui.tui.actions.past_runs import PastRunActions
    from dagtui.tui.actions.programs import ProgramActions, ShellActions
    from dagtui.tui.actions.read_only import ReadOnlyActions
    from dagtui.tui.actions.run import RunActions
    from dagtui.tui.actions.screen import LeaveActions
    from dagtui.tui.graph.tree import TreePane
    from dagtui.tui.log.pane import LogPane
    from dagtui.tui.screen_app import ScreenApp
    from dagtui.tui.screens.main import MainScreen


class Handlers:
    """What carries the actions out: the same for each screen, but for what commands the run and leaves it."""

    def __init__(
        self,
        app: ScreenApp,
        commands: RunActions | ReadOnlyActions,
        programs: ProgramActions,
        shell: ShellActions | ReadOnlyActions,
        exits: LeaveActions | ReadOnlyActions,
        definitions: DefinitionActions | ReadOnlyActions,
    ) -> None:
        self.app = app
        self.main: MainScreen = app.main
        self.tree: TreePane = app.main.tree_pane
        self.log: LogPane = app.main.side.log_pane
        self.panes: PaneActions = PaneActions(app)
        self.screen: ScreenActions = ScreenActions(app)
        self.copying: CopyActions = CopyActions(app)
        self.all_logs: AllLogsActions = AllLogsActions(app)
        self.find_all: FindAllActions = FindAllActions(app)
        self.commands = commands
        self.programs = programs
        self.shell = shell
        self.exits = exits
        self.definitions = definitions

    @property
    def past_runs(self) -> PastRunActions:
        """What looks at other runs. Most screens never do, so it is imported then."""
        from dagtui.tui.actions.past_runs import PastRunActions

        return PastRunActions(self.app)


ACTIONS: tuple[Action[Handlers], ...] = (
    Action("move.down", ("j", "down"), "down", "Down one line",
           Group.MOVE, lambda do: do.main.movable.move(1)),
    Action("move.up", ("k", "up"), "up", "Up one line",
           Group.MOVE, lambda do: do.main.movable.move(-1)),
    Action("move.top", ("g", "home"), "top", "To the top",
           Group.MOVE, lambda do: do.main.movable.top()),
    Action("move.bottom", ("G", "end"), "bottom", "To the bottom",
           Group.MOVE, lambda do: do.main.movable.bottom()),
    Action("move.page_down", ("pagedown",), "page down", "Down one page",
           Group.MOVE, lambda do: do.main.movable.page(1)),
    Action("move.page_up", ("pageup",), "page up", "Up one page",
           Group.MOVE, lambda do: do.main.movable.page(-1)),
    Action("move.half_down", ("ctrl+d",), "half down", "Down half a page",
           Group.MOVE, lambda do: do.panes.half_page(1)),
    Action("move.half_up", ("ctrl+u",), "half up", "Up half a page",
           Group.MOVE, lambda do: do.panes.half_page(-1)),
    Action("move.parent", ("left_parenthesis",), "parent", "To the first parent of the row",
           Group.MOVE, lambda do: do.panes.neighbour(up=True), Pane.TREE),
    Action("move.child", ("right_parenthesis",), "child", "To the first child of the row",
           Group.MOVE, lambda do: do.panes.neighbour(up=False), Pane.TREE),
    Action("fold.close", ("h", "left"), "fold", "Fold, or go to the parent row",
           Group.MOVE, lambda do: do.panes.fold()),
    Action("fold.open", ("l", "right"), "unfold", "Unfold, or go into it",
           Group.MOVE, lambda do: do.panes.unfold()),
    Action("fold.toggle", ("space",), "fold", "Fold or unfold; in a log: down one page",
           Group.MOVE, lambda do: do.panes.toggle(), Pane.TREE, 60, name="Fold or unfold", available=folds),
    Action("fold.close_all", ("minus",), "fold all", "Fold everything",
           Group.MOVE, lambda do: do.tree.fold_all(), Pane.TREE),
    Action("fold.open_all", ("equals_sign",), "unfold all", "Unfold everything",
           Group.MOVE, lambda do: do.tree.unfold_all(), Pane.TREE),
    Action("pane.open", ("enter",), "log", "Open the node's log in full; follow a link",
           Group.PANES, lambda do: do.panes.open(), Pane.TREE, 10, name="Open log", available=on_one_node),
    Action("pane.back", ("escape",), "back", "Back: end the selection, the search, the zoom, the log",
           Group.PANES, lambda do: do.panes.back(), Pane.SIDE, 10),
    Action("pane.next", ("tab", "shift+tab"), "pane", "To the other pane",
           Group.PANES, lambda do: do.panes.next_pane(), Pane.ANY, 80, name="Other pane"),
    Action("pane.log", ("1",), "log", "Show the log",
           Group.PANES, lambda do: do.main.show_tab(Pane.LOG), Pane.DETAILS | Pane.WHY | Pane.RUNS, 40, name="Log tab"),
    Action("pane.details", ("2",), "details", "Show the details",
           Group.PANES, lambda do: do.main.show_tab(Pane.DETAILS), Pane.LOG | Pane.WHY | Pane.RUNS, 42,
           name="Details tab"),
    Action("pane.why", ("3",), "why", "Show why the node is what it is",
           Group.PANES, lambda do: do.main.show_tab(Pane.WHY), Pane.LOG | Pane.DETAILS | Pane.RUNS, 41, name="Why tab"),
    Action("pane.runs", ("4",), "runs", "Show what became of the node in the last runs",
           Group.PANES, lambda do: do.main.show_tab(Pane.RUNS), Pane.LOG | Pane.DETAILS | Pane.WHY, 43,
           name="Runs tab"),
    Action("runs.list", (), "all runs", "List the runs of this graph, compare two, open one",
           Group.PANES, lambda do: do.past_runs.show(), name="Runs of this graph"),
    Action("runs.open", (), "open run", "Open the run under the cursor of the tab Runs, read-only, at this node",
           Group.PANES, lambda do: do.past_runs.open_chosen(), name="Open run"),
    Action("pane.zoom", ("z",), "zoom", "Give the focused pane the whole screen",
           Group.PANES, lambda do: do.panes.zoom(), Pane.ANY, 85, name="Zoom pane"),
    Action("pane.wider", ("plus",), "wider", "Make the focused pane wider",
           Group.PANES, lambda do: do.panes.widen(1), name="Wider pane", available=sizes_panes),
    Action("pane.narrower", ("underscore",), "narrower", "Make the focused pane narrower",
           Group.PANES, lambda do: do.panes.widen(-1), name="Narrower pane", available=sizes_panes),
    Action("pane.reset", (), "usual sizes", "Give the panes their usual sizes",
           Group.PANES, lambda do: do.panes.reset_sizes(), name="Usual pane sizes", available=sizes_panes),
    Action("pane.lower", (), "lower pane", "Show cells and the last minute below the rows, or only rows",
           Group.PANES, lambda do: do.panes.toggle_lower(), name="Lower pane on or off"),
    Action("tree.view", ("v",), "view", "Next view of the graph",
           Group.PANES, lambda do: do.panes.view(1), Pane.TREE, 50, name="Next view"),
    Action("tree.view_back", ("V",), "previous view", "Previous view of the graph",
           Group.PANES, lambda do: do.panes.view(-1), Pane.TREE, where=Pane.ANY & ~Pane.LOG),
    Action("time.zoom_in", ("I",), "zoom in", "Zoom in on the time axis of the view Time",
           Group.PANES, lambda do: do.panes.zoom_time(2.0), Pane.TREE, 33, name="Zoom in on time",
           available=has_time_axis),
    Action("time.zoom_out", ("O",), "zoom out", "Zoom out on the time axis, in the end to the whole run",
           Group.PANES, lambda do: do.panes.zoom_time(0.5), Pane.TREE, 34, name="Zoom out on time",
           available=has_time_axis),
    Action("time.earlier", ("left_curly_bracket", "shift+left"), "earlier", "Scroll the time axis to earlier times",
           Group.PANES, lambda do: do.panes.pan_time(-1), Pane.TREE, 38, name="Earlier time", available=has_time_axis),
    Action("time.later", ("right_curly_bracket", "shift+right"), "later", "Scroll the time axis to later times",
           Group.PANES, lambda do: do.panes.pan_time(1), Pane.TREE, 39, name="Later time", available=has_time_axis),
    Action("find.start", ("slash",), "find", "Find text, or nodes by name; a leading ! inverts",
           Group.FIND, lambda do: do.panes.find(), Pane.TREE | Pane.LOG, 20),
    Action("find.all", ("F",), "find in all logs", "Find a text or a regular expression in all logs of the run",
           Group.FIND, lambda do: do.find_all.open(), Pane.TREE | Pane.LOG, 74, name="Find in all logs"),
    Action("find.next", ("n",), "next hit", "To the next hit of the search",
           Group.FIND, lambda do: do.panes.find_hit(1), Pane.LOG, 19, available=finds_hit),
    Action("find.previous", ("N",), "previous hit", "To the previous hit of the search",
           Group.FIND, lambda do: do.panes.find_hit(-1), available=finds_hit),
    Action("find.failure", ("e",), "failure", "To the next failed node",
           Group.FIND, lambda do: do.panes.find_failure(1), Pane.TREE, 35,
           name="Next failure", available=finds_failure),
    Action("find.failure_back", ("E",), "previous failure", "To the previous failed node",
           Group.FIND, lambda do: do.panes.find_failure(-1), available=finds_failure),
    Action("find.running", ("u",), "running", "To the next running node",
           Group.FIND, lambda do: do.panes.find_running(1), Pane.TREE, 65,
           name="Next running node", available=finds_running),
    Action("node.retry", ("r",), "retry", "Run a failed, cancelled or skipped node again",
           Group.NODE, lambda do: do.commands.retry(), Pane.ANY, 30,
           name="Retry node", available=accepts(CommandKind.RETRY)),
    Action("node.rerun", ("R",), "rerun", "Run a node again, with downstream or alone",
           Group.NODE, lambda do: do.commands.ask(CommandKind.RERUN, CommandKind.RERUN_ONLY), Pane.TREE, 55,
           name="Rerun with downstream", available=accepts(CommandKind.RERUN)),
    Action("node.cancel", ("x",), "cancel", "Cancel a node; a second time kills it",
           Group.NODE, lambda do: do.commands.give(CommandKind.CANCEL), Pane.ANY, 32,
           name="Cancel node", available=accepts(CommandKind.CANCEL)),
    Action("node.cancel_subtree", ("X",), "cancel subtree", "Cancel a node and its subtree",
           Group.NODE, lambda do: do.commands.ask(CommandKind.CANCEL_SUBTREE), Pane.TREE, 57,
           available=accepts(CommandKind.CANCEL_SUBTREE)),
    Action("node.input", ("i",), "answer", "Answer a gate; type into a node that has a terminal",
           Group.NODE, lambda do: do.commands.input(), Pane.ANY, 5, name="Answer or type", available=takes_input),
    Action("node.hold", ("b",), "hold", "Hold a node: it does not start",
           Group.NODE, lambda do: do.commands.hold(), Pane.TREE, 37, name="Hold node", available=holds),
    Action("node.skip", ("s",), "skip", "Skip a node; its children can run",
           Group.NODE, lambda do: do.commands.give(CommandKind.SKIP), Pane.TREE, 70,
           name="Skip node", available=accepts(CommandKind.SKIP)),
    Action("node.mark_done", ("m",), "mark done", "Mark a node done; its children can run",
           Group.NODE, lambda do: do.commands.give(CommandKind.MARK_DONE), Pane.TREE, 71,
           name="Mark node done", available=accepts(CommandKind.MARK_DONE)),
    Action("select.toggle", ("M",), "select", "Select a node, or all nodes of its row; commands act on the selection",
           Group.NODE, lambda do: do.commands.select(), Pane.TREE, 72, name="Select row", available=selects),
    Action("node.shell", ("exclamation_mark",), "shell", "Open a shell in the node's directory, with its environment",
           Group.NODE, lambda do: do.shell.open_shell(), Pane.TREE | Pane.LOG, 73,
           name="Open shell", available=opens_shell),
    Action("node.compare", ("D",), "compare", "Compare the last two attempts, or the last one with the last success",
           Group.LOG, lambda do: do.find_all.compare(), Pane.SIDE, 76, name="Compare attempts", available=opens_pager),
    Action("node.edit", ("full_stop",), "edit", "Edit a node's definition in $EDITOR, for its next attempt",
           Group.NODE, lambda do: do.definitions.edit(), Pane.TREE | Pane.DETAILS | Pane.WHY, 82,
           name="Edit task", available=edits),
    Action("run.retry_failed", ("A",), "retry all", "Retry everything that failed",
           Group.RUN, lambda do: do.commands.retry_failed(), Pane.TREE, 58,
           name="Retry all failed", available=accepts_for_run(CommandKind.RETRY_FAILED)),
    Action("run.pause", ("p",), "pause", "Pause or resume: no new attempt starts",
           Group.RUN, lambda do: do.commands.pause(), Pane.TREE, 45, name="Pause run", available=pauses),
    Action("run.reload", ("L",), "reload", "Reload the file; a preview says what would change",
           Group.RUN, lambda do: do.definitions.reload(), Pane.ANY, 6, name="Reload file", available=reloads),
    Action("run.fewer_jobs", ("less_than_sign",), "jobs -", "One slot less; nothing is stopped",
           Group.RUN, lambda do: do.commands.change_jobs(-1), Pane(0), 56,
           name="One slot less", available=changes_jobs(-1)),
    Action("run.more_jobs", ("greater_than_sign",), "jobs +", "One slot more",
           Group.RUN, lambda do: do.commands.change_jobs(1), Pane(0), 56,
           name="One slot more", available=changes_jobs(1)),
    Action("logs.open", ("a",), "all logs", "All logs of the run, merged in time order",
           Group.LOG, lambda do: do.all_logs.open(), Pane.TREE | Pane.LOG, 53, name="All logs"),
    Action("log.follow", ("f",), "follow", "Follow the end of the log",
           Group.LOG, lambda do: do.panes.follow(), Pane.LOG, 21, name="Follow log", available=reads_lines),
    Action("log.wrap", ("w",), "wrap", "Wrap long lines",
           Group.LOG, lambda do: do.panes.wrap(), Pane.LOG, 50, name="Wrap lines"),
    Action("log.times", ("t",), "times", "Show when each line was written",
           Group.LOG, lambda do: do.log.toggle_times(), Pane.LOG, 51, name="Line times"),
    Action("log.numbers", ("number_sign",), "numbers", "Show line numbers",
           Group.LOG, lambda do: do.log.toggle_numbers(), Pane.LOG, 52, name="Line numbers"),
    Action("log.first_error", ("semicolon",), "first error", "Go to the first line that looks like an error",
           Group.LOG, lambda do: do.panes.first_error(), Pane.LOG, 22, available=reads_lines),
    Action("log.select", ("V",), "select lines", "Select lines from the cursor on, or end the selection",
           Group.LOG, lambda do: do.panes.select_lines(), Pane.LOG, 53, where=Pane.LOG, available=reads_lines),
    Action("log.previous_attempt", ("left_square_bracket",), "earlier attempt", "Show the attempt before this one",
           Group.LOG, lambda do: do.panes.previous_attempt(), Pane.LOG, 60, available=has_earlier_attempt),
    Action("log.next_attempt", ("right_square_bracket",), "later attempt", "Show the attempt after this one",
           Group.LOG, lambda do: do.panes.next_attempt(), Pane.LOG, 61, available=has_later_attempt),
    Action("log.pager", ("o",), "pager", "Open the log in $PAGER, at the cursor's line",
           Group.LOG, lambda do: do.programs.open_pager(), Pane.LOG, 55, name="Open in pager", available=opens_pager),
    Action("screen.copy_line", ("y",), "copy line", "Copy the cursor's line, the selected ones, or the node's name",
           Group.SCREEN, lambda do: do.copying.line(), Pane.LOG, 37, name="Copy line or name"),
    Action("screen.copy", ("Y",), "copy shown", "Copy what the pane shows: whole lines, rows, or the page",
           Group.SCREEN, lambda do: do.copying.shown(), Pane.SIDE, 54, name="Copy what is shown"),
    Action("screen.copy_failure", ("c",), "copy failure", "Copy how the attempt failed, its command, folder and log",
           Group.SCREEN, lambda do: do.copying.failure(), Pane.SIDE, 43,
           name="Copy failure block", available=copies_failure),
    Action("screen.help", ("question_mark", "f1"), "help", "This help",
           Group.SCREEN, lambda do: do.screen.help(), Pane.ANY, 90),
    Action("screen.palette", ("colon", "ctrl+p"), "commands", "Every command and node by name",
           Group.SCREEN, lambda do: do.screen.palette(), Pane.ANY, 88),
    Action("screen.repaint", ("ctrl+l",), "repaint", "Draw the whole screen again",
           Group.SCREEN, lambda do: do.app.action_repaint()),
    Action("screen.suspend", ("ctrl+z",), "suspend", "Back to the shell until fg; with --in-process the run stops, too",
           Group.SCREEN, lambda do: do.programs.suspend()),
    Action("screen.detach", ("d",), "detach", "Leave the screen; the run continues",
           Group.SCREEN, lambda do: do.exits.detach(), Pane.ANY, 36, available=detaches),
    Action("screen.leave", ("q", "ctrl+c"), "quit", "Quit; asks first while something runs",
           Group.SCREEN, lambda do: do.exits.leave(), Pane.ANY, 91),
)  # fmt: skip
"""Every key of the screen. Control and function keys double plain ones, except the few that all terminals have."""


def bound(handlers: Handlers) -> Mapping[str, Callable[[], object]]:
    """Return what each key does, by action id."""
    return {action.id: partial(action.run, handlers) for action in ACTIONS}
