"""Events of a run. The journal records them, the screen shows them, and replaying them gives the state."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from dagtui.engine.messages import NO_ATTEMPT, NO_OUTPUTS, Answer, CommandKind, Usage
from dagtui.engine.status import Cause, NodeStatus
from dagtui.graph.model import NO_NODE
from dagtui.text.amounts import NO_TIME, WallTime

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from dagtui.engine.messages import AttemptNumber
    from dagtui.engine.reload_event import Reload
    from dagtui.graph.model import NodeIndex
    from dagtui.text.amounts import ClockTime, Seconds


NO_WALL_TIME = WallTime(0.0)


class NodeEvent(NamedTuple):
    """A node got a status. All data of a node in the state come from these events."""

    at: ClockTime
    """Seconds on the run's clock, which is monotonic."""
    node: NodeIndex
    attempt: AttemptNumber
    """Number of the last submitted attempt. 0: none yet."""
    status: NodeStatus
    cause: Cause = Cause.NONE
    why: str = ""
    value: int = 0
    """Exit status or signal number, for the causes EXIT and SIGNAL."""
    seconds: Seconds = 0.0
    """Duration of the attempt, for results."""
    blocker: NodeIndex = NO_NODE
    """The parent that blocks the node, for FAILED_PARENT and SKIPPED. -1: none."""
    marks: tuple[int, ...] = ()
    """Numbers of the commands whose cancel marks the node has."""
    due: ClockTime = NO_TIME
    """Time on the run's clock when the next attempt may start, for RETRYING. For RUNNING, when it counts as lost."""
    fresh: bool = False
    """Whether the node gets a fresh budget of retries."""
    stale: bool = False
    """Whether an ancestor ran again after the node completed."""
    left: int = 0
    """Number of processes that the attempt left behind, and that were ended with it."""
    outputs: Mapping[str, str] = NO_OUTPUTS
    """The values that the node hands on to its descendants, if they are new. They stay until its status changes."""
    bypass: bool = False
    """Whether a fresh node's condition is not asked any more, because a person retried it (rule 8 in `rules`)."""
    usage: Usage | None = None
    """What the attempt used, for results. None: not known."""
    executor: str = ""
    """The executor on other machines that has an attempt of the node now, begun or not. Empty: none has."""
    where: str = ""
    """The machine that executes the attempt, for RUNNING. Empty: this one."""
    ago: Seconds = 0.0
    """How many seconds before the event the attempt began, for RUNNING."""


class NodeChange(NamedTuple):
    """A change of a node that the traversal makes. The fields stand for those of its event."""

    node: NodeIndex
    status: NodeStatus
    cause: Cause = Cause.NONE
    why: str = ""
    """Empty: the usual reason for the status and cause."""
    attempt: AttemptNumber | None = None
    """None: stays as it is."""
    marks: tuple[int, ...] | None = None
    """None: stay as they are."""
    value: int = 0
    seconds: Seconds = 0.0
    blocker: NodeIndex = NO_NODE
    due: ClockTime = NO_TIME
    fresh: bool = False
    stale: bool = False
    left: int = 0
    outputs: Mapping[str, str] = NO_OUTPUTS
    bypass: bool = False
    usage: Usage | None = None
    where: str = ""
    ago: Seconds = 0.0


MOST_NAMED = 1000
"""Maximum number of nodes that a command is recorded with, to bound the length of a journal line."""


class CommandEvent(NamedTuple):
    """A command was carried out. Its marks refer to `number`."""

    at: ClockTime
    number: int
    kind: CommandKind | str | None
    """None: the run stopped itself at the first failure (rule 7 in `rules`). A string: the word of a command that only
    a later dagtui knows. Its effects on nodes are in their own events."""
    nodes: tuple[NodeIndex, ...] = ()
    jobs: int = 0
    by: str = "person"
    others: int = 0
    """Number of targets beyond those in `nodes`. The effects on them are in their own events."""
    answer: Answer | None = None
    """The answer, for ANSWER."""
    executor: str = ""
    """The executor whose number of slots SET_JOBS sets. Empty: this machine's."""


LEFT = "left"
"""What a RunEvent says when the process leaves the run, while attempts on other machines go on."""


class RunEvent(NamedTuple):
    """An event of the whole run: started, resumed, ended, and terminals that show it."""

    at: ClockTime
    what: str
    why: str = ""
    jobs: int = 0
    boot: str = ""
    """Identifier of the machine's boot, for started and resumed."""
    verdict: str = ""
    """The verdict at the end of the run, for ended."""
    targets: tuple[NodeIndex, ...] | None = None
    """For started, the nodes that run with their ancestors, or None for all. For resumed, the nodes that join."""
    named: tuple[str, ...] = ()
    """The names in the call that the targets stand for. Empty: the targets are the graph's default."""
    reload: Reload | None = None
    """What a reload changed, for reloaded. Then `targets` are the nodes that are part of the run from now on."""
    away: Seconds = 0.0
    """For resumed, the seconds for which no process had the run. The run's clock stood, attempts far away went on."""


class NoteEvent(NamedTuple):
    """A note that changes no status. `node` is -1 if it is about the run."""

    at: ClockTime
    text: str
    node: NodeIndex = NO_NODE
    attempt: AttemptNumber = NO_ATTEMPT
    executor: str = ""
    """The executor that can't be reached, or answers again. Empty: the note is not about that."""
    since: WallTime = NO_WALL_TIME
    """Since when the executor can't be reached. 0: it answers."""


ON_RECORD = "reload on record"
"""What a RunEvent says after a reload, once the new graph has replaced the old one in the run's directory."""

Event = NodeEvent | CommandEvent | RunEvent | NoteEvent


def with_text(event: Event, change: Callable[[str], str]) -> Event:
    """Return the event with its text changed. Names of nodes are not part of the text."""
    if isinstance(event, CommandEvent):
        answer = event.answer and event.answer._replace(choice=change(event.answer.choice))
        return event._replace(by=change(event.by), answer=answer)
    if isinstance(event, NoteEvent):
        return event._replace(text=change(event.text))
    if isinstance(event, RunEvent) and event.named:
        return event._replace(why=change(event.why), named=tuple(map(change, event.named)))
    if isinstance(event, NodeEvent) and (event.outputs or event.where):
        outputs = changed_outputs(event.outputs, change)
        return event._replace(why=change(event.why), outputs=outputs, where=change(event.where))
    return event._replace(why=change(event.why))


def changed_outputs(outputs: Mapping[str, str], change: Callable[[str], str]) -> Mapping[str, str]:
    """Return outputs with each name and each value changed."""
    return {change(name): change(text) for name, text in outputs.items()}


FAIL_FAST = "stop after the first failure"
"""The word for the command that the run gives itself at the first failure if `keep_going` is false."""


def command_word(event: CommandEvent) -> str:
    """Return the journal's word for a command."""
    if event.kind is None:
        return FAIL_FAST
    return event.kind.value if isinstance(event.kind, CommandKind) else event.kind
