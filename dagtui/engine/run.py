"""The run: drives the traversal, and writes events to the journal before it carries out effects."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from dagtui.engine.control import carry_out
from dagtui.engine.events import LEFT, CommandEvent, Event, NoteEvent, RunEvent
from dagtui.engine.messages import NO_SLOTS, Command, CommandKind, Effect, Preview, SetSlots, Start, Stop, Withdrawn
from dagtui.engine.recorder import Recorder
from dagtui.engine.stalls import Stall
from dagtui.engine.why import limit_why
from dagtui.text.amounts import NO_TIME

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Container, Mapping, Sequence

    import anyio

    from dagtui.engine.messages import AttemptNumber, Result
    from dagtui.engine.protocol import Executor, Journal
    from dagtui.engine.targets import Targets
    from dagtui.engine.traversal import Traversal
    from dagtui.graph.model import NodeIndex
    from dagtui.text.amounts import Seconds

SYNC_EVERY = 1.0
"""Minimum seconds between two syncs of the journal while a run works."""
TRY_AGAIN = 1.0
"""Seconds until the next try after a failed write to the journal."""
MOST_RESULTS = 30
"""The most results of a turn. Others in the loop, such as a screen, have theirs before the next ones."""


class Run(Recorder):
    """One traversal with its clock, journal and executor.

    The owner calls `begin` once and then keeps a task in `drive`. If that task is cancelled, another may continue to
    drive, and nothing is lost. All calls must be made in one thread.
    """

    def __init__(
        self,
        traversal: Traversal,
        executor: Executor,
        journal: Journal,
        *,
        clock: Callable[[], float] = time.monotonic,
        origin: float | None = None,
    ) -> None:
        """Create a run. `clock` must be monotonic, and `origin` is its reading when the run begins."""
        super().__init__(traversal.state, journal, clock, origin)
        self.traversal = traversal
        self._executor = executor
        self._results: list[Result] = []
        self._wake: anyio.Event | None = None
        self._serving: anyio.CancelScope | None = None
        self._withheld: dict[tuple[int, int], Start] = {}
        """Starts whose events are not on record yet, by node and attempt."""
        self._stall = Stall()
        self.has_ended = False
        """Whether the end is recorded, or that the run was left, which is the last event of a run."""

    def begin(self, *, paused: bool = False, boot: str = "", targets: Targets | None = None) -> None:
        """Open the executor and submit the first nodes. Needs no event loop.

        `boot` is recorded. It distinguishes this boot of the machine from others. Only `targets` and their ancestors
        are part of the run, or all nodes without targets.
        """
        self._executor.open(self.post, NO_SLOTS if paused else self.state.jobs)
        nodes, named = targets or (None, ())
        started = RunEvent(self.clock(), "started", jobs=self.state.jobs, boot=boot, targets=nodes, named=named)
        self.traversal.emit(started)
        self._start(paused=paused)

    def restore(
        self,
        events: Sequence[Event],
        late: Sequence[Event],
        again: Mapping[NodeIndex, str],
        used: Mapping[NodeIndex, AttemptNumber],
        *,
        jobs: int,
        boot: str = "",
        rerun: tuple[NodeIndex, ...] = (),
        targets: Targets | None = None,
        keep_going: Collection[str] = (),
        away: Seconds = 0.0,
    ) -> None:
        """Restore a recorded run (see `resumption.restore`). Call `continue_run` next.

        No attempt of it is alive, except those of the executors in `keep_going`. `late` events follow `events` and are
        not on record yet. The nodes in `rerun` run again with downstream, as the command does. `targets` and their
        ancestors join the run. The clock must read a later time than any of the events, and stood for `away` seconds
        while no process had the run. Raise JournalFullError if the journal can't be written. Nothing is recorded then.
        """
        from dagtui.engine.resumption import restore  # most runs begin anew

        traversal = self.traversal
        traversal.state.replay(events)
        for event in late:
            traversal.emit(event)
        traversal.state.dirty.clear()
        traversal.now = events[-1].at if events else NO_TIME
        restore(
            traversal,
            self.clock(),
            again,
            used,
            jobs=jobs,
            boot=boot,
            targets=targets,
            keep_going=keep_going,
            away=away,
        )
        if rerun:
            carry_out(traversal, Command(CommandKind.RERUN, rerun, by="the call"))
        happened, _ = traversal.take()
        self._journal.write(happened)
        self.sync()
        for listener in self.listeners:
            listener(happened)

    def continue_run(self, *, paused: bool = False) -> None:
        """Open the executor, let it take up what goes on, and submit the first nodes of a restored run."""
        self._executor.open(self.post, NO_SLOTS if paused else self.state.jobs)
        if handed := self.traversal.handed():
            self._executor.take_up(handed)
        self._start(paused=paused)

    def _start(self, *, paused: bool) -> None:
        if paused:
            number = self.state.command_number + 1
            self.traversal.emit(CommandEvent(self.clock(), number, CommandKind.PAUSE, by="the call"))
        self.traversal.begin(self.clock())
        self._finish_turn()

    def post(self, result: Result) -> None:
        """Queue a result for the next turn."""
        self._results.append(result)
        if self._wake is not None:
            self._wake.set()

    def preview(self, command: Command) -> Preview:
        """Return what a command would do now."""
        self._take_results()
        return self.traversal.preview(command)

    def give(self, command: Command) -> Preview:
        """Carry out a command now. Results that were queued before are processed first (rule 2 in `rules`)."""
        if self.has_ended:
            return Preview(command, nothing="the run has ended")
        self._take_results()
        preview = self.traversal.handle(command, self.clock())
        if preview is None:
            raise AssertionError("a command always has an answer")
        self._finish_turn()
        self.sync()
        if self._wake is not None:
            self._wake.set()
        return preview

    def note(self, text: str) -> None:
        """Record a note, unless the run has ended."""
        if self.has_ended:
            return
        self.traversal.emit(NoteEvent(self.clock(), text))
        self._finish_turn()

    # Reload

    def can_reload(self, staying: Container[NodeIndex]) -> bool:
        """Return whether nothing is submitted but what stays or has begun, and all that happened is on record."""
        from dagtui.engine.reloading import not_staying

        return not (self._results or self._unwritten or self._withheld or not_staying(self.traversal, staying))

    def withdraw_submitted(self, staying: Container[NodeIndex]) -> None:
        """Submit nothing more, and withdraw what has not begun, so that the run can be reloaded.

        Nodes in `staying` keep their place in the queue of an executor on other machines.
        """
        from dagtui.engine.reloading import withdraw_rest

        withdraw_rest(self.traversal, staying)
        self._finish_turn()

    def submit_again(self) -> None:
        """Submit ready nodes again."""
        self.traversal.submits = True
        self.traversal.handle_results((), self.clock())
        self._finish_turn()

    def reload(self, traversal: Traversal, executor: Executor, switch: Callable[[], None]) -> None:
        """Go on with the traversal of another graph, which has taken up the reload (see `reloading`).

        The reload is recorded first. Raise JournalFullError if that fails: then nothing has changed. `switch` changes
        the executors, and all that knows the graph.
        """
        events, effects = traversal.take()
        self._journal.write(events[:1])
        self.sync()
        self.traversal, self.state = traversal, traversal.state
        self._executor = executor
        switch()
        for listener in self.listeners:
            listener(events[:1])
        self._carry_out(effects if self._record(events[1:]) else self._withhold(effects))
        if self._serving is not None:
            self._serving.cancel()
        if self._wake is not None:
            self._wake.set()

    def announce(self, what: str, why: str) -> None:
        """Record an event of the whole run, such as a terminal that attaches or detaches, unless the run has ended."""
        if self.has_ended:
            return
        self.traversal.emit(RunEvent(self.clock(), what, why))
        self._finish_turn()

    def turn(self) -> None:
        """Process queued results, the first ones of many, record the events, and carry out the effects.

        Alarms that are due are processed, too, once no result is left.
        """
        self._take_results(MOST_RESULTS)
        if not self._results and self._may_process_alarms():
            self.traversal.wake(self.clock())
        self._finish_turn()
        if self._unsynced and self.clock() - self._synced >= SYNC_EVERY:
            self.sync()

    @property
    def settled(self) -> bool:
        """Whether nothing more happens without a command, and everything is on record."""
        return self.traversal.settled and not self._results and not self._unwritten

    async def drive(self) -> None:
        """Drive the run until cancelled. A settled run parks, and a command wakes it (rule 3 in `rules`)."""
        await self._drive(lambda: False)

    async def drive_until_settled(self) -> None:
        """Drive the run until everything is settled, or only nodes that can't be killed are left.

        A cancelled run does not wait for a full journal.
        """
        await self._drive(lambda: self.settled or self.traversal.stuck or self._given_up)

    @property
    def _given_up(self) -> bool:
        state = self.state
        return (state.cancelled_all or bool(state.timed_out)) and self.traversal.settled and not self._results

    async def _drive(self, done: Callable[[], bool]) -> None:
        import anyio.lowlevel

        async with anyio.create_task_group() as group:
            group.start_soon(self._serve)
            while True:
                self._wake = anyio.Event()
                self.turn()
                if self._results:
                    await anyio.lowlevel.checkpoint()
                elif done():
                    break
                else:
                    with anyio.move_on_after(self._patience()):
                        await self._wake.wait()
            group.cancel_scope.cancel()

    async def _serve(self) -> None:
        """Serve the executor, and again after a reload."""
        import anyio

        while True:
            with anyio.CancelScope() as self._serving:
                await self._executor.serve()
            if not self._serving.cancel_called:
                return

    def _patience(self) -> float:
        """Return the seconds until the next turn if no message arrives."""
        dues = [self._synced + SYNC_EVERY] if self._unsynced else []
        alarm = self.traversal.next_alarm()
        if alarm is not None:
            dues.append(self._stall.postponed(alarm))
        if self._unwritten:
            dues.append(self.clock() + TRY_AGAIN)
        return max(0.0, min(dues) - self.clock()) if dues else float("inf")

    async def close(self, why: str) -> None:
        """End every process, record attempts that can't be killed as lost, and record the end of the run."""
        import anyio

        with anyio.CancelScope(shield=True):
            await self._executor.close()
        self._take_results()
        self._finish_turn()
        verdict = self.state.verdict().value
        if self.state.ran_out_of_time:
            why = why or limit_why(self.state)
        self.traversal.emit(RunEvent(self.clock(), "ended", why or verdict, verdict=verdict))
        self._finish_turn()
        self.has_ended = True
        self.sync()

    async def detach(self, why: str) -> None:
        """Leave the run: what executors on other machines have goes on, and a resume takes it up.

        No end is recorded. Attempts on this machine end, and are lost, as if this process had died.
        """
        import anyio

        self._take_results()
        self._finish_turn()
        with anyio.CancelScope(shield=True):
            await self._executor.detach()
        self._results.clear()
        self.traversal.emit(RunEvent(self.clock(), LEFT, why))
        self._record(self.traversal.take()[0])  # what was told since is not on record, so it is not acknowledged
        self.has_ended = True
        self.sync()

    # One turn

    def _take_results(self, most: int | None = None) -> None:
        """Process queued results: at most the first `most`, or all."""
        if self._results:
            results, self._results = self._results[:most], [] if most is None else self._results[most:]
            self.traversal.handle_results(results, self.clock())

    def _may_process_alarms(self) -> bool:
        """Process the results that arrived before a due alarm. Return whether an alarm may be processed now."""
        alarm = self.traversal.next_alarm()
        if alarm is None or alarm > self.clock():
            return False
        self._executor.collect()
        self._take_results()
        return not self._stall.holds(alarm, self.clock())

    def _finish_turn(self) -> None:
        """Record the new events, then carry out the new effects."""
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
        """Withhold starts that are not on record, and return the other effects, which are always safe.

        A stop of a withheld start is answered here with Withdrawn, in place of the executor.
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
