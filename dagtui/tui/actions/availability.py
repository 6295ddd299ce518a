"""Availability: why an action would do nothing now. Commands of the run are asked of the engine."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from dagtui.engine.capacity import slots_of_executor
from dagtui.engine.messages import Command, CommandKind
from dagtui.engine.status import Cause, NodeStatus
from dagtui.runs.view import NO_FILE
from dagtui.text import label

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from dagtui.engine.state import RunState
    from dagtui.graph.model import Graph, NodeIndex
    from dagtui.runs.view import RunView

    Availability = Callable[[RunView, "Situation"], str | None]
    """Returns why an action would do nothing, or None if it would do something."""

UNFOLD = "this row is not a single node: unfold it"
"""Answer to a key that needs one node, on a row that stands for many nodes or none."""
SEVERAL_TASKS = "these nodes are of several tasks: choose one of them"
NOTHING_ASKS = "no gate asks here, and no node has a terminal"
NOT_RUNNING = "it takes input only while it runs"
NOTHING_FAILED = "nothing has failed"
NOTHING_RUNS = "nothing is running"
NO_SEARCH = "No search yet"
NO_TIME_AXIS = "only the view Time has a time axis"
NO_LOG = "this node has no log yet"
NO_FAILURE = "no attempt has failed here: there is no failure block"
ONE_PANE = "one pane fills the screen"
_ASKED = frozenset({Cause.ASKS, Cause.ANSWERED, Cause.REJECTED})
_ON_SUBTREES = frozenset({CommandKind.RERUN, CommandKind.CANCEL_SUBTREE})


class LogSituation(NamedTuple):
    """What the keys of the log would act on."""

    exists: bool
    """Whether the attempt has a log."""
    has_lines: bool
    has_earlier: bool
    """Whether the node has an earlier attempt than the one that is shown."""
    has_later: bool
    selecting: bool = False
    """Whether the log has the focus and lines of it are selected."""
    copies: str = ""
    """What the key that copies a line takes if a page in place of the lines has the focus: "row" or "page"."""


class Situation(NamedTuple):
    """What a key would act on."""

    node: NodeIndex | None
    """The only target: the node under the cursor. None if there is a selection, or if the row is not one node."""
    targets: Sequence[NodeIndex]
    """The nodes that a command would act on. Of many, enough nodes of each status."""
    examples: Iterable[NodeIndex]
    """A target of each status and cause, inside and outside of the run, held and not."""
    detachable: bool = False
    """Whether the run continues without its screen."""
    foldable: bool = True
    """Whether something below the cursor's row can be hidden or shown."""
    searched: bool = True
    """Whether the focused pane has a search."""
    alone: bool = False
    """Whether one pane fills the screen."""
    has_time_axis: bool = False
    """Whether the left pane shows the view Time."""
    log: LogSituation = LogSituation(exists=True, has_lines=True, has_earlier=True, has_later=True)

    @classmethod
    def on(cls, node: NodeIndex) -> Situation:
        """Return the situation with the cursor on a node."""
        return cls(node, (node,), (node,))

    @classmethod
    def on_many(cls, state: RunState, targets: Sequence[NodeIndex]) -> Situation:
        """Return the situation on a row that stands for many nodes, or with a selection."""
        kinds = {
            (state.status[node], state.cause[node], state.selected[node], node in state.held): node for node in targets
        }
        return cls(None, targets, kinds.values())


def accepts(kind: CommandKind) -> Availability:
    """Return the check of a command on nodes: whether it would affect at least one of the targets."""

    def refusal(run: RunView, here: Situation) -> str | None:
        if not here.targets:
            return UNFOLD
        if kind in _ON_SUBTREES:
            return run.refusal(Command(kind, tuple(here.targets)))
        first = None
        for node in here.examples:
            reason = run.refusal(Command(kind, (node,)))
            if reason is None:
                return None
            first = first or reason
        return first

    return refusal


def takes_input(run: RunView, here: Situation) -> str | None:
    """Return why there is nothing to answer, and no terminal to type into."""
    has_terminal = here.node is not None and run.has_terminal(here.node)
    if has_terminal and here.node is not None and run.state.status[here.node] == NodeStatus.RUNNING:
        return None
    gate = gate_elsewhere(run, here.examples) if run.graph.any_gates else None
    if gate is not None:
        return run.refusal(Command(CommandKind.ANSWER, (gate,)))
    if has_terminal:
        return NOT_RUNNING
    return NOTHING_ASKS if not run.graph.any_gates else accepts(CommandKind.ANSWER)(run, here)


def gate_elsewhere(run: RunView, targets: Iterable[NodeIndex]) -> NodeIndex | None:
    """Return the only gate of the run that asks. None if a target asks itself, or was answered."""
    asking = list(islice(run.state.asking(), 2))
    if len(asking) != 1 or any(run.state.cause_of(node) in _ASKED for node in targets):
        return None
    return asking[0]


def accepts_for_run(kind: CommandKind) -> Availability:
    """Return the check of a command that has no targets."""
    return lambda run, _: run.refusal(Command(kind))


def changes_jobs(step: int) -> Availability:
    """Return the check of a command that changes the number of slots of where the targets run."""

    def refusal(run: RunView, here: Situation) -> str | None:
        command = jobs_command(run, here.targets, step)
        return command if isinstance(command, str) else run.refusal(command)

    return refusal


def jobs_command(run: RunView, nodes: Iterable[NodeIndex], step: int) -> Command | str:
    """Return the command that gives more or fewer slots to what all of some nodes run on, or why there is none.

    Nodes on different executors mean this machine.
    """
    state = run.state
    if not state.graph.any_remote:
        return Command(CommandKind.SET_JOBS, jobs=state.jobs + step)
    from dagtui.runs.executor_words import common_executor

    executor = common_executor(state, nodes)
    if not executor:
        return Command(CommandKind.SET_JOBS, jobs=state.jobs + step)
    slots = slots_of_executor(state, executor)
    if slots is None and step > 0:
        return f"{label(executor)} takes any number of attempts"
    jobs = max(1, state.taken_on.get(executor, 0) + step) if slots is None else slots + step
    return Command(CommandKind.SET_JOBS, jobs=jobs, executor=executor)


def pause_or_resume(run: RunView) -> CommandKind:
    """Return what the key that pauses does now."""
    return CommandKind.RESUME if run.state.paused else CommandKind.PAUSE


def hold_or_release(run: RunView, nodes: Iterable[NodeIndex]) -> CommandKind:
    """Return what the key that holds does to nodes now: it releases them once none is left to hold."""
    held = run.state.held
    if not held or any(run.refusal(Command(CommandKind.HOLD, (node,))) is None for node in nodes):
        return CommandKind.HOLD
    return CommandKind.HOLD if held.isdisjoint(nodes) else CommandKind.RELEASE


def holds(run: RunView, here: Situation) -> str | None:
    """Return why no target can be held or released."""
    return accepts(hold_or_release(run, here.examples))(run, here)


def pauses(run: RunView, _: Situation) -> str | None:
    """Return why the run can't be paused or resumed."""
    if run.settled and not run.state.paused:
        return "nothing is left to start"
    return run.refusal(Command(pause_or_resume(run)))


def selects(run: RunView, here: Situation) -> str | None:
    """Return why a row can't be selected, or why no command would act on it."""
    return run.read_only or (None if here.targets else UNFOLD)


def opens_shell(run: RunView, here: Situation) -> str | None:
    """Return why there is no shell for the target."""
    return run.read_only or on_one_node(run, here)


def edits(run: RunView, here: Situation) -> str | None:
    """Return why there is no single task to edit."""
    return run.read_only or no_task_of(run.graph, here.targets)


def no_task_of(graph: Graph, nodes: Sequence[NodeIndex]) -> str | None:
    """Return why nodes are not of a single task that stands in a file."""
    if not nodes:
        return UNFOLD
    if not graph.digest:
        return NO_FILE
    return None if len({graph.task_of[node] for node in nodes}) == 1 else SEVERAL_TASKS


def reloads(run: RunView, _: Situation) -> str | None:
    """Return why reading the graph file again would change nothing."""
    return run.read_only or (None if run.changed_file is not None else "the graph file has not changed")


def on_one_node(_: RunView, here: Situation) -> str | None:
    """Return why an action on a single node has none."""
    return UNFOLD if here.node is None else None


def finds_failure(run: RunView, _: Situation) -> str | None:
    """Return why there is no next failure."""
    return None if run.state.counts[NodeStatus.FAILED] else NOTHING_FAILED


def finds_running(run: RunView, _: Situation) -> str | None:
    """Return why there is no running node. Between two short nodes there is none, but the key would flicker."""
    return NOTHING_RUNS if not run.alive() and (run.settled or run.state.paused) else None


def folds(_: RunView, here: Situation) -> str | None:
    """Return why the cursor's row can't be folded or unfolded."""
    return None if here.foldable else "nothing is below this row"


def has_time_axis(_: RunView, here: Situation) -> str | None:
    """Return why there is no time to scroll or zoom."""
    return None if here.has_time_axis else NO_TIME_AXIS


def finds_hit(_: RunView, here: Situation) -> str | None:
    """Return why there is no next hit."""
    return None if here.searched else NO_SEARCH


def sizes_panes(_: RunView, here: Situation) -> str | None:
    """Return why the panes can't be sized."""
    return ONE_PANE if here.alone else None


def reads_lines(_: RunView, here: Situation) -> str | None:
    """Return why an action on the lines of the log has none."""
    return None if here.log.has_lines else "this log has no lines"


def copies_failure(run: RunView, here: Situation) -> str | None:
    """Return why there is no block of a failed attempt."""
    return None if any(run.attempts.last_failure(node) for node in here.examples) else NO_FAILURE


def has_earlier_attempt(_: RunView, here: Situation) -> str | None:
    """Return why no earlier attempt can be shown."""
    return None if here.log.has_earlier else "there is no earlier attempt"


def has_later_attempt(_: RunView, here: Situation) -> str | None:
    """Return why no later attempt can be shown."""
    return None if here.log.has_later else "there is no later attempt"


def opens_pager(run: RunView, here: Situation) -> str | None:
    """Return why there is no log to open."""
    return on_one_node(run, here) or (None if here.log.exists else NO_LOG)


def detaches(_: RunView, here: Situation) -> str | None:
    """Return why the screen can't be left without ending the run."""
    if here.detachable:
        return None
    return "can't detach: this run has no process of its own and ends with its terminal"
