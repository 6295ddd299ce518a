"""What goes into the traversal and comes out of it.

Messages arrive in one queue: results of attempts and commands (rule 2 in `rules`). Effects are requests to the
executor, and a preview lists the exact nodes that a command would affect.
"""

from __future__ import annotations

import enum
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple, Self

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dagtui.graph.model import NodeIndex
    from dagtui.text.amounts import ByteCount, Seconds, WallTime

    class _Number(int):
        def __add__(self, other: int) -> Self: ...
        def __sub__(self, other: int) -> Self: ...

    class AttemptNumber(_Number):
        """The number of an attempt of a node, from 1. 0 stands for none."""

    class Slots(_Number):
        """Units of what may run at once."""
else:
    AttemptNumber = Slots = int  # at run time they are integers, and cost nothing

NO_ATTEMPT, FIRST_ATTEMPT = AttemptNumber(0), AttemptNumber(1)
NO_SLOTS, ONE_SLOT = Slots(0), Slots(1)
NO_OUTPUTS: Mapping[str, str] = MappingProxyType({})
"""What a node hands on that has written no values."""


class Usage(NamedTuple):
    """What an attempt used, as the kernel counted it: its leader, and the processes that these waited for."""

    cpu: Seconds
    """Processor time, of all processors together."""
    memory: ByteCount
    """Most memory that one process of it had in use at once. 0: less than can be told."""
    read: ByteCount
    """What was read from disks. What the kernel had in memory does not count."""
    written: ByteCount
    """What was written to disks."""


class EndKind(enum.Enum):
    """How an attempt ended."""

    EXIT = "exit"
    """The leader exited. The value is its exit status."""
    SIGNAL = "signal"
    """A signal ended the leader. The value is the signal's number."""
    COULD_NOT_START = "could not start"
    """Nothing was executed. The text says why."""
    NO_OUTPUT = "no output"
    """The leader exited with status 0, but files that it should have written are missing. The text names them."""
    UP_TO_DATE = "up to date"
    """Nothing was executed, because nothing changed since the last success. The text says what was looked at."""
    LOST = "lost"
    """The attempt was given up, so its end is unknown. No process of it is alive, or it is fenced (see `Executor`)."""
    TIMEOUT = "timeout"
    """The agent that watches the attempt ended it, because its time was over."""
    OUTSIDE = "outside"
    """Neither this run nor the attempt ended it: an engine or a person there did. The text says what is known."""


class Started(NamedTuple):
    """A submitted attempt has begun."""

    node: NodeIndex
    attempt: AttemptNumber
    why: str = ""
    """Why it runs, such as "runs: in.csv changed". Empty: there was nothing to judge."""
    where: str = ""
    """The machine that executes it, as its engine names it, such as "n2, job 4711_3". Empty: this one."""
    ago: Seconds = 0.0
    """How many seconds ago it began. News from afar arrive late, or after the run was resumed."""


class Queued(NamedTuple):
    """A submitted attempt waits in the queue of its engine."""

    node: NodeIndex
    attempt: AttemptNumber
    why: str
    """Why, in the engine's words, such as "job 4711_3: Resources". Empty: the engine has not said."""


class Doubted(NamedTuple):
    """An attempt that has begun is given up some seconds from now, unless its end is heard of before."""

    node: NodeIndex
    attempt: AttemptNumber
    why: str
    """Why, in the engine's words, such as "its worker w0 left the cluster"."""
    wait: Seconds
    """How long until then: no process of it can be alive any more."""


class Ready(NamedTuple):
    """A service that has begun is ready."""

    node: NodeIndex
    attempt: AttemptNumber
    text: str
    """What told so."""


class Ended(NamedTuple):
    """An attempt is over: its leader was reaped, or nothing was started."""

    node: NodeIndex
    attempt: AttemptNumber
    kind: EndKind
    value: int = 0
    """Exit status or signal number."""
    text: str = ""
    """Why it could not start, how it was lost, which output is missing, why it is up to date, or who killed it."""
    seconds: Seconds = 0.0
    """Seconds from start to end, on the executor's clock."""
    lasting: bool = False
    """Whether the reason it could not start is permanent, so that a retry would fail too."""
    left: int = 0
    """Number of processes that the leader left behind, and that were ended with it."""
    outputs: Mapping[str, str] = NO_OUTPUTS
    """The values that the attempt hands on."""
    usage: Usage | None = None
    """None: not known."""

    @property
    def succeeded(self) -> bool:
        """Whether the attempt ended with status 0."""
        return self.kind is EndKind.EXIT and not self.value


class Withdrawn(NamedTuple):
    """A submitted attempt was withdrawn before it began."""

    node: NodeIndex
    attempt: AttemptNumber


class Remark(NamedTuple):
    """A note about an attempt, also after its end, or about the run (node -1). It changes no status."""

    node: NodeIndex
    attempt: AttemptNumber
    text: str


class Silent(NamedTuple):
    """An executor can't be reached. What runs there goes on."""

    executor: str
    since: WallTime
    why: str


class Heard(NamedTuple):
    """An executor that was silent answers again."""

    executor: str


class CommandKind(enum.Enum):
    """The kinds of commands. The values are the words in the journal, in previews and on the command line."""

    RETRY = "retry"
    RETRY_FAILED = "retry all failed"
    RERUN = "rerun with downstream"
    RERUN_ONLY = "rerun this node only"
    CANCEL = "cancel"
    CANCEL_SUBTREE = "cancel subtree"
    CANCEL_ALL = "cancel all"
    SKIP = "skip"
    MARK_DONE = "mark done"
    PAUSE = "pause"
    RESUME = "resume"
    SET_JOBS = "jobs"
    ANSWER = "answer"
    HOLD = "hold"
    RELEASE = "release"


CANCELS = frozenset({CommandKind.CANCEL, CommandKind.CANCEL_SUBTREE, CommandKind.CANCEL_ALL})
RUN_AGAIN = frozenset({CommandKind.RETRY, CommandKind.RETRY_FAILED, CommandKind.RERUN, CommandKind.RERUN_ONLY})
"""The commands that let settled nodes begin again."""
HOLDS = frozenset({CommandKind.HOLD, CommandKind.RELEASE})
"""The commands that set and lift the flag of a held node."""


class Answer(NamedTuple):
    """What a person answered to a gate."""

    choice: str
    user: str
    """The name of the person's account."""
    at: WallTime


class Question(NamedTuple):
    """What a gate asks, with its placeholders filled in."""

    text: str
    trouble: str = ""
    """Why it can't be asked. Empty: it can."""


class Command(NamedTuple):
    """One command. `nodes` are its targets, empty for a command that concerns the whole run."""

    kind: CommandKind
    nodes: tuple[NodeIndex, ...] = ()
    jobs: int = 0
    """The new number of slots, for SET_JOBS only."""
    expected: frozenset[NodeIndex] | None = None
    """The nodes that the preview listed as stopped or run again. If these have changed, the command does nothing."""
    by: str = "person"
    """Who gave the command, such as "person" or "signal"."""
    answer: Answer | None = None
    """The answer, for ANSWER only."""
    executor: str = ""
    """The executor whose number of slots SET_JOBS sets. Empty: this machine's."""


BY_TIMEOUT = "timeout"
"""Gives the cancel of the whole run when its time has run out."""


AttemptResult = Started | Queued | Doubted | Ready | Ended | Withdrawn | Remark
Result = AttemptResult | Silent | Heard
Message = Result | Command


class Start(NamedTuple):
    """Submit an attempt."""

    node: NodeIndex
    attempt: AttemptNumber
    slots: Slots


class Stop(NamedTuple):
    """Send TERM to an attempt, and KILL after `grace` seconds."""

    node: NodeIndex
    attempt: AttemptNumber
    grace: Seconds


class Withdraw(NamedTuple):
    """Withdraw an attempt that has not begun."""

    node: NodeIndex
    attempt: AttemptNumber


class SetSlots(NamedTuple):
    """Allow this many slots from now on."""

    slots: Slots


Effect = Start | Stop | Withdraw | SetSlots


class Preview(NamedTuple):
    """The nodes that a command affects, by what happens to them. Each tuple is in the order of the file."""

    command: Command
    again: tuple[NodeIndex, ...] = ()
    """Nodes that run again: they had begun, or were restarted."""
    stopped: tuple[NodeIndex, ...] = ()
    """Running nodes that are stopped."""
    released: tuple[NodeIndex, ...] = ()
    """Nodes that were blocked, cancelled, skipped or held, and may run now."""
    dropped: tuple[NodeIndex, ...] = ()
    """Nodes that have not begun, and will not run."""
    kept: tuple[NodeIndex, ...] = ()
    """Completed nodes below the targets that are not affected."""
    begins: tuple[NodeIndex, ...] = ()
    """Nodes that wait for others, and may start because of the command once what it stops has ended."""
    blocked: tuple[NodeIndex, ...] = ()
    """Nodes that have not begun, and are settled without running once what it stops has ended.

    Of a retry or rerun, the targets that their parents block, so that they don't run.
    """
    added: tuple[NodeIndex, ...] = ()
    """Nodes that join the run, and may run now or later."""
    held: tuple[NodeIndex, ...] = ()
    """Nodes that the command holds. Of a release, retry or rerun: the nodes that could begin by it, or are below its
    targets, and stay held."""
    left_out: tuple[tuple[NodeIndex, str], ...] = ()
    """Targets that the command does not affect although it affects others, each with the reason."""
    nothing: str | None = None
    """Why the command would do nothing, or None."""
    changed: bool = False
    """Whether the nodes to stop or run again differ from the expected ones, so that nothing was done."""

    @property
    def makes_stale(self) -> bool:
        """Whether the kept nodes become stale, because a node above them runs again."""
        return bool(self.kept) and self.command.kind in RUN_AGAIN

    @property
    def kills_and_reruns(self) -> frozenset[NodeIndex]:
        """The nodes that a confirmed command may stop or run again. Pass them as `Command.expected`."""
        return frozenset(self.again) | frozenset(self.stopped)
