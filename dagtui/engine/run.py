"""The worker that drives a run: queue in, journal first, effects after."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from dagtui.engine.control import carry_out
from dagtui.engine.effects import Effect, SetSlots, Start, Stop
from dagtui.engine.events import CommandEvent, Event, NodeEvent, NoteEvent, RunEvent
from dagtui.engine.messages import Command, CommandKind, Withdrawn
from dagtui.engine.protocol import JournalFullError
from dagtui.engine.resumption import restore
from dagtui.engine.stalls import Stall
from dagtui.engine.status import NodeStatus
from dagtui.engine.traversal import Traversal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    import anyio

    from dagtui.engine.messages import Result
    from dagtui.engine.preview import Preview
    from dagtui.engine.protocol import Executor, Journal
    from dagtui.graph.model import Graph

SYNC_EVERY = 1.0
"""Seconds between two syncs of the journal, at least."""
AT_ONCE = 10_000
"""Events that are journaled at once: the lines of a million need more memory than all else."""
TRY_AGAIN = 1.0
"""Seconds until a journal that could not be written is tried again."""


class Run:
    """One traversal with its clock, journal and executor.

    Whoever holds it calls `begin` once and then has some task in `drive`; when that task is cancelled, another may
    drive on and nothing is lost. All calls belong to one thread.
    """

    def __init__(
        self,
        graph: Graph,
        executor: Executor,
        journal: Journal,
        *,
        jobs: int = 1,
        weights: Sequence[float] | None = None,
        clock: Callable[[], float] = time.monotonic,
        origin: float | None = None,
    ) -> None:
        """Weights are expected seconds by node; the clock must never jump, and reads `origin` when the run begins."""
        self.traversal = Traversal(graph, jobs, weights)
        self.state = self.traversal.state
        self.listeners: list[Callable[[Sequence[Event]], None]] = []
        """Called with events once they are in the journal, before the next ones happen."""
        self._executor = executor
        self._journal = journal
        self._monotonic = clock
        self._origin = clock() if origin is None else origin
        self._results: list[Result] = []
        self._wake: anyio.Event | None = None
        self._unwritten: list[Event] = []
        self._withheld: dict[tuple[int, int], Start] = {}
        """Starts that are not on record yet, by node and attempt."""
        self._stall = Stall()
        self._complained = False
        self._refused = False
        self._synced = 0.0
        self._unsynced = False

    def clock(self) -> float:
        """Seconds since the run began."""
        return self._monotonic() - self._origin

    def begin(self, *, paused: bool = False, boot: str = "") -> None:
        """Open the executor and hand over the first nodes; needs no event loop.

        What `boot` says goes on record: it tells this start of the machine from others.
        """
        self._executor.open(self.post, 0 if paused else self.state.jobs)
        self.traversal.emit(RunEvent(self.clock(), "started", jobs=self.state.jobs, boot=boot))
        self._set_off(paused=paused)

    def restore(
        self,
        events: Sequence[Event],
        late: Sequence[Event],
        again: Mapping[int, str],
        used: Mapping[int, int],
        *,
        jobs: int,
        boot: str = "",
        rerun: tuple[int, ...] = (),
    ) -> None:
        """Take over a recorded run of which no attempt is alive, as `resumption.restore` says; then call `go_on`.

        The `late` events follow the others, and are not on record yet. The nodes in `rerun` run again with what is
        downstream of them, as after the command. The clock reads more than in any of the events. Raises
        JournalFullError, and then nothing is on record.
        """
        traversal = self.traversal
        traversal.state.replay(events)
        for event in late:
            traversal.emit(event)
        traversal.state.dirty.clear()
        traversal.now = events[-1].at if events else 0.0
        restore(traversal, self.clock(), again, used, jobs=jobs, boot=boot)
        if rerun:
            carry_out(traversal, Command(CommandKind.RERUN, rerun, by="the call"))
        happened, _ = traversal.take()
        self._journal.write(happened)
        self.sync()
        for listener in self.listeners:
            listener(happened)

    def go_on(self, *, paused: bool = False) -> None:
        """Open the executor and hand over the first nodes of a run that was taken up."""
        self._executor.open(self.post, 0 if paused else self.state.jobs)
        self._set_off(paused=paused)

    def _set_off(self, *, paused: bool) -> None:
        if paused:
            number = self.state.command_number + 1
            self.traversal.emit(CommandEvent(self.clock(), number, CommandKind.PAUSE, by="the call"))
        self.traversal.begin(self.clock())
        self._conclude()

    def adopt(self, events: Iterable[Event]) -> None:
        """Take over a recorded run as it was left, attempts in flight included."""
        self.traversal.adopt(events, self.clock())

    def post(self, result: Result) -> None:
        """Queue a result; the driver takes it in its next turn."""
        self._results.append(result)
        if self._wake is not None:
            self._wake.set()

    def preview(self, command: Command) -> Preview:
        """What a command would do now."""
        self._take_results()
        return self.traversal.preview(command)

    def give(self, command: Command) -> Preview:
        """Carry out a command now; results that were queued before it are taken first, so they win."""
        self._take_results()
        preview = self.traversal.handle(command, self.clock())
        if preview is None:
            raise AssertionError("a command always has an answer")
        self._conclude()
        self.sync()
        if self._wake is not None:
            self._wake.set()
        return preview

    def note(self, text: str) -> None:
        """Put something worth knowing on record."""
        self.traversal.emit(NoteEvent(self.clock(), text))
        self._conclude()

    def announce(self, what: str, why: str) -> None:
        """Put something about the run as a whole on record: who shows it, and who no longer does."""
        self.traversal.emit(RunEvent(self.clock(), what, why))
        self._conclude()

    def turn(self) -> None:
        """Take what is queued and what is due, record it, and do what follows."""
        self._take_results()
        if self._judges_alarms():
            self.traversal.wake(self.clock())
        self._conclude()
        if self._unsynced and self.clock() - self._synced >= SYNC_EVERY:
            self.sync()

    @property
    def settled(self) -> bool:
        """Whether nothing more happens by itself."""
        return self.traversal.settled and not self._results and not self._unwritten

    async def drive(self) -> None:
        """Drive the run for ever; when everything is settled it parks, and a command wakes it."""
        await self._drive(lambda: False)

    async def drive_until_settled(self) -> None:
        """Drive the run until everything is settled, or only nodes are left that can't be killed.

        A run that a person cancelled does not wait for a journal that is full.
        """
        await self._drive(lambda: self.settled or self.traversal.stuck or self._given_up)

    @property
    def _given_up(self) -> bool:
        return self.state.cancelled_all and self.traversal.settled and not self._results

    async def _drive(self, done: Callable[[], bool]) -> None:
        import anyio

        async with anyio.create_task_group() as group:
            group.start_soon(self._executor.serve)
            while True:
                self._wake = anyio.Event()
                self.turn()
                if done():
                    break
                if not self._results:
                    with anyio.move_on_after(self._patience()):
                        await self._wake.wait()
            group.cancel_scope.cancel()

    def _patience(self) -> float:
        """Seconds until a turn is due without any message."""
        dues = [self._synced + SYNC_EVERY] if self._unsynced else []
        alarm = self.traversal.next_alarm()
        if alarm is not None:
            dues.append(self._stall.postponed(alarm))
        if self._unwritten:
            dues.append(self.clock() + TRY_AGAIN)
        return max(0.0, min(dues) - self.clock()) if dues else float("inf")

    async def close(self, why: str) -> None:
        """End every process and close the record; whatever is still alive is journaled as lost."""
        import anyio

        with anyio.CancelScope(shield=True):
            await self._executor.close()
        self._take_results()
        self._conclude()
        verdict = self.state.verdict().value
        self.traversal.emit(RunEvent(self.clock(), "ended", why or verdict, verdict=verdict))
        self._conclude()
        self.sync()

    def sync(self) -> None:
        """Make the record survive the loss of power; that the disk refuses is said once."""
        self._synced, self._unsynced = self.clock(), False
        try:
            self._journal.sync()
        except JournalFullError as error:
            if not self._refused:
                self._refused = True
                self.state.apply(NoteEvent(self.clock(), f"{error}; what was just recorded may be lost"))

    # One turn

    def _take_results(self) -> None:
        if self._results:
            results, self._results = self._results, []
            self.traversal.handle_results(results, self.clock())

    def _judges_alarms(self) -> bool:
        """Whether an alarm is due, and every result that came before it is taken."""
        alarm = self.traversal.next_alarm()
        if alarm is None or alarm > self.clock():
            return False
        self._executor.collect()
        self._take_results()
        return not self._stall.holds(alarm, self.clock())

    def _conclude(self) -> None:
        """Journal what happened, then do what follows from it."""
        events, effects = self.traversal.take()
        if not events and not effects and not self._unwritten:
            return
        if self._record(events):
            if not self._results:
                self._executor.acknowledge()
            withheld, self._withheld = self._withheld, {}
            self._carry_out([*withheld.values(), *effects])
        else:
            self._carry_out(self._withhold(effects))

    def _withhold(self, effects: list[Effect]) -> list[Effect]:
        """Keep back what is not on record and must not be started; stopping is always right.

        What is to be stopped before the executor heard of it is taken back here, in the executor's place.
        """
        left: list[Effect] = []
        for effect in effects:
            if isinstance(effect, Start):
                self._withheld[effect.node, effect.attempt] = effect
            elif isinstance(effect, SetSlots) or self._withheld.pop(effect[:2], None) is None:
                left.append(effect)
            else:
                self.post(Withdrawn(effect.node, effect.attempt))
        return left

    def _record(self, events: list[Event]) -> bool:
        """Journal what happened, as far as there is room for it; False when something is left."""
        events = self._unwritten + events
        written, waits = 0, ""
        try:
            while written < len(events):
                self._journal.write(events[written : written + AT_ONCE])
                written += AT_ONCE
            self._complained = False
        except JournalFullError as error:
            waits = error.waits
            if not self._complained:
                self._complained = True
                self.state.apply(NoteEvent(self.clock(), str(error)))
        grew = len(events) - written > len(self._unwritten)
        self._unwritten = events[written:]
        del events[written:]
        told = bool(waits or self.state.held_up) and self._tell_what_waits(waits, again=bool(grew or written))
        if events:
            self._unsynced = True
        if events or told:
            for listener in self.listeners:
                listener(events)
        return not self._unwritten

    def _tell_what_waits(self, waits: str, *, again: bool) -> bool:
        """Let the state say what is not on record; whether that is news."""
        state = self.state
        if waits == state.held_up and not again:
            return False
        unwritten = {event.node for event in self._unwritten if isinstance(event, NodeEvent)}
        settled = frozenset(node for node in unwritten if state.status[node] >= NodeStatus.COMPLETED)
        state.note_record(waits, settled)
        return True

    def _carry_out(self, effects: list[Effect]) -> None:
        executor = self._executor
        for effect in effects:
            if isinstance(effect, Start):
                executor.start(effect.node, effect.attempt, effect.slots)
            elif isinstance(effect, Stop):
                executor.stop(effect.node, effect.attempt, effect.grace)
            elif isinstance(effect, SetSlots):
                executor.set_slots(effect.slots)
            else:
                executor.withdraw(effect.node, effect.attempt)
        if effects:
            executor.flush()
