"""Protocols that the run requires: an executor for attempts and a journal for events."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from dagtui.engine.events import Event
    from dagtui.engine.messages import AttemptNumber, Result, Slots
    from dagtui.graph.model import NodeIndex
    from dagtui.text.amounts import CellWidth, Seconds


class JournalFullError(Exception):
    """Raised when events can't be recorded now, for example because the disk is full.

    Nothing that was recorded before is lost, and a later try may succeed.
    """

    def __init__(self, text: str, waits: str = "waits until the journal can be written") -> None:
        """Create the error. `waits` says in a few words what the run waits for. Both texts are safe to show."""
        super().__init__(text)
        self.waits = waits


class Surroundings(NamedTuple):
    """Where, and with which variables, an attempt runs."""

    cwd: str
    common: Mapping[str, str]
    """The variables that all attempts have."""
    own: Mapping[str, str]
    """The variables of this attempt, which override the common ones."""
    executor: str = ""
    """The name of the executor if it is on other machines. Then the directory and the variables are there."""
    shell: tuple[str, ...] = ()
    """The command that opens a shell there. Empty: there is no way to do that."""


class Handed(NamedTuple):
    """An attempt that was handed to an executor by an earlier process of the run, and whose end is not on record."""

    node: NodeIndex
    attempt: AttemptNumber
    stopping: Seconds | None = None
    """If it was being stopped, the seconds from TERM to KILL."""


class Executor(Protocol):
    """Executes attempts, which are identified by (node, attempt). This is all that the rooms above use of one.

    All calls except `serve` and `close` return at once, and need no running event loop. Calls between two `flush` calls
    are carried out in order, as one batch.

    Each submitted attempt is answered once: by Started and Ended, by Ended alone if it could not start or its node is
    up to date, or by Withdrawn. Ended comes after the last process of the attempt has ended, unless one can't be
    killed, and has the values that a success hands on. Requests may cross results: a request about an attempt that is
    over, or that was never submitted, is ignored.

    The executor never exceeds the allowed slots. An attempt takes its slots until its last process has ended. Its Ended
    may come after the Started of the attempt that takes them next, because outputs are looked at in between.
    An attempt that does not fit waits in a queue. When slots become free, the first attempt in the queue that fits
    begins. An attempt that needs more slots than are allowed begins when no other runs. With 0 slots nothing begins.

    An executor that keeps going leaves attempts alive when it is detached or this process dies. It may tell Queued any
    number of times before Started, and Doubted after it. A start is idempotent by run, node and attempt: after any
    doubt it asks what is there before it sends again. It gives an attempt up as lost only once it is fenced, so that no
    process of it does anything after the next attempt has begun. Its timeouts are kept where the attempt is.
    """

    @property
    def keeps_going(self) -> bool:
        """Whether attempts outlive this process."""

    def open(self, deliver: Callable[[Result], None], slots: Slots) -> None:
        """Prepare to execute attempts. Pass results to `deliver`, which returns at once, in the order they happened."""

    def start(self, node: NodeIndex, attempt: AttemptNumber, slots: Slots) -> None:
        """Submit an attempt. Nothing is started after `close`."""

    def stop(self, node: NodeIndex, attempt: AttemptNumber, grace: Seconds) -> None:
        """Send TERM to all processes of an attempt, and KILL after `grace` seconds (0: KILL now).

        An attempt that still waits is withdrawn. May be called again with a shorter grace.
        """

    def withdraw(self, node: NodeIndex, attempt: AttemptNumber) -> None:
        """Withdraw an attempt that still waits (Withdrawn follows). An attempt that has begun continues."""

    def set_slots(self, slots: Slots) -> None:
        """Allow this many slots from now on. Lowering them below those in use stops nothing."""

    def acknowledge(self) -> None:
        """Confirm that all results delivered so far are on record."""

    def flush(self) -> None:
        """Send the requests made since the last call."""

    def collect(self) -> None:
        """Deliver the results that have arrived, without waiting."""

    async def serve(self) -> None:
        """Deliver results until `close` has ended everything or the caller cancels. A cancel loses no result."""

    def take_up(self, handed: Sequence[Handed]) -> None:
        """Take up attempts of an earlier process of the run. Called after `open`, only of executors on other machines.

        Each is answered as a submitted one is, by Started again if it runs.
        """

    async def detach(self) -> None:
        """Leave, and let attempts go on if the executor keeps going. Otherwise the same as `close`."""

    async def close(self) -> None:
        """End all processes of all attempts, and return when none is left, at most 10 s after the longest grace.

        Attempts that have not begun are withdrawn. Attempts that can't be killed are lost.
        """

    def surroundings(self, node: NodeIndex, attempt: AttemptNumber) -> Surroundings:
        """Return the surroundings that an attempt would get now. Raise ResolutionError if they can't be resolved."""


class NodeTerminals(Protocol):
    """The terminals of attempts, for tasks with `tty`. No call waits."""

    def resize(self, rows: int, columns: CellWidth) -> None:
        """Set the size of all terminals, and of those to come."""

    def type_into(self, node: NodeIndex, attempt: AttemptNumber, data: bytes) -> None:
        """Type into the terminal of an attempt. What its processes don't read in time is dropped."""


class Journal(Protocol):
    """Records the events of a run."""

    def write(self, events: Iterable[Event]) -> None:
        """Append events so that they survive the death of this process. Raise JournalFullError if that fails."""

    def sync(self) -> None:
        """Make the written events survive a power loss. Raise JournalFullError if that fails."""
