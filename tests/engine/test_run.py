"""The run on virtual time: it records events before effects, and loses nothing in between."""

from __future__ import annotations

import asyncio
from itertools import pairwise
from typing import TYPE_CHECKING

import anyio
import pytest
from support.played_executor import TimedExecutor
from support.virtual_time import VirtualLoop, run_virtually

from dagtui.engine.events import Event, NodeEvent
from dagtui.engine.messages import Command, CommandKind, Ended, EndKind, Started
from dagtui.engine.protocol import JournalFullError
from dagtui.engine.run import MOST_RESULTS, Run
from dagtui.engine.status import Cause, NodeStatus, Verdict
from dagtui.engine.traversal import Traversal
from dagtui.engine.why import why
from dagtui.graph.model import Graph, RetryPolicy, Task

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from dagtui.engine.messages import Preview


class Record:
    """A journal in memory that may become full."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.full = False
        self.room = 1_000_000
        """Total number of events that fit."""
        self.blocks: list[int] = []
        self.refuses = False
        self.synced = 0

    def write(self, events: Iterable[Event]) -> None:
        block = list(events)
        if self.full or len(self.events) + len(block) > self.room:
            raise JournalFullError("no space left on the disk")
        self.events += block
        self.blocks.append(len(block))

    def sync(self) -> None:
        if self.refuses:
            raise JournalFullError("can't sync the journal")
        self.synced += 1

    def has(self, node: int, status: NodeStatus, attempt: int) -> bool:
        return any(
            isinstance(event, NodeEvent) and (event.node, event.status, event.attempt) == (node, status, attempt)
            for event in self.events
        )


class CheckedExecutor(TimedExecutor):
    """A timed executor that is asked for nothing that is not on record."""

    def __init__(self, record: Record, script: Callable[[int, int], tuple[float, int]]) -> None:
        super().__init__(script)
        self.record = record

    def start(self, node: int, attempt: int, slots: int) -> None:
        assert self.record.has(node, NodeStatus.READY, attempt), "submitted before it was on record"
        super().start(node, attempt, slots)


def begin(
    graph: Graph, loop: VirtualLoop, script: Callable[[int, int], tuple[float, int]], jobs: int = 2
) -> tuple[Run, CheckedExecutor, Record]:
    record = Record()
    executor = CheckedExecutor(record, script)
    run = Run(Traversal(graph, jobs), executor, record, clock=loop.time)
    run.begin()
    return run, executor, record


def test_hours_of_back_off_pass_and_the_node_succeeds() -> None:
    task = Task("flaky", retry=RetryPolicy(retries=5, delay=600, backoff=2.0, max_delay=1e9))
    graph = Graph(["flaky"], [], tasks=[task])

    async def main(loop: VirtualLoop) -> None:
        run, executor, _ = begin(graph, loop, lambda _, attempt: (1.0, 0 if attempt == 5 else 1))
        await run.drive_until_settled()
        assert [attempt for _, attempt in executor.begun] == [1, 2, 3, 4, 5]
        assert run.state.verdict() is Verdict.COMPLETED

    assert run_virtually(main) == pytest.approx(600 * (1 + 2 + 4 + 8) + 5, abs=1)


def test_a_timeout_stops_the_attempt_and_is_the_reason() -> None:
    graph = Graph(["slow"], [], tasks=[Task("slow", timeout=30)])

    async def main(loop: VirtualLoop) -> None:
        run, _, _ = begin(graph, loop, lambda *_: (3600.0, 0))
        await run.drive_until_settled()
        assert run.state.status_of(0) is NodeStatus.FAILED
        assert run.state.cause_of(0) is Cause.TIMEOUT

    assert run_virtually(main) == pytest.approx(30, abs=2)


def test_what_ended_before_its_timeout_is_heard_of_before_the_timeout_is_judged() -> None:
    graph = Graph(["fast"], [], tasks=[Task("fast", timeout=6)])

    async def main(loop: VirtualLoop) -> None:
        run, executor, _ = begin(graph, loop, lambda *_: (100.0, 0))
        driver = asyncio.create_task(run.drive_until_settled())
        await asyncio.sleep(3)
        executor.timers[0].cancel()
        executor.outgoing.append(Ended(0, 1, EndKind.EXIT, 0, seconds=3.0))
        await driver
        assert (run.state.status_of(0), run.state.cause_of(0)) == (NodeStatus.COMPLETED, Cause.RAN)

    run_virtually(main)


def test_after_a_stall_what_comes_in_a_moment_is_heard_of_before_timeouts_are_judged() -> None:
    graph = Graph(["fast"], [], tasks=[Task("fast", timeout=6)])

    async def main(loop: VirtualLoop) -> None:
        run, executor, _ = begin(graph, loop, lambda *_: (100.0, 0))
        run.turn()
        await asyncio.sleep(20)  # without a driver, as if the program stood still
        run.turn()
        assert run.state.status_of(0) is NodeStatus.RUNNING
        driver = asyncio.create_task(run.drive_until_settled())
        await asyncio.sleep(0)
        executor.end(0, EndKind.EXIT, 0, 20.0)
        await driver
        assert run.state.status_of(0) is NodeStatus.COMPLETED

    run_virtually(main)


def test_others_in_the_loop_have_their_turns_between_many_results() -> None:
    many = 5 * MOST_RESULTS
    graph = Graph([f"n{number}" for number in range(many)], [])

    async def main(loop: VirtualLoop) -> None:
        run, _, _ = begin(graph, loop, lambda *_: (100.0, 0), many)
        for node in graph.nodes:
            run.post(Started(node, 1))
        driver = asyncio.create_task(run.drive_until_settled())
        seen: list[int] = []
        while not seen or seen[-1] < many:
            await asyncio.sleep(0)
            seen.append(run.state.counts[NodeStatus.RUNNING])
        assert max(after - before for before, after in pairwise([0, *seen])) <= MOST_RESULTS
        await driver
        assert run.state.verdict() is Verdict.COMPLETED

    run_virtually(main)


def test_after_a_stall_what_still_runs_has_timed_out() -> None:
    graph = Graph(["slow"], [], tasks=[Task("slow", timeout=6)])

    async def main(loop: VirtualLoop) -> None:
        run, _, _ = begin(graph, loop, lambda *_: (100.0, 0))
        run.turn()
        await asyncio.sleep(20)
        await run.drive_until_settled()
        assert run.state.cause_of(0) is Cause.TIMEOUT

    assert run_virtually(main) == pytest.approx(20, abs=1)


def test_another_driver_continues_after_a_cancelled_one() -> None:
    graph = Graph.from_edges("abcd", [("a", "b"), ("b", "c"), ("c", "d")])

    async def main(loop: VirtualLoop) -> None:
        run, executor, _ = begin(graph, loop, lambda *_: (10.0, 0))
        for seconds in (0.0, 5.0, 10.0, 12.0):
            driver = asyncio.create_task(run.drive())
            await asyncio.sleep(seconds)
            driver.cancel()
            with pytest.raises(asyncio.CancelledError):
                await driver
            await asyncio.sleep(3)
        await run.drive_until_settled()
        assert executor.begun == [(0, 1), (1, 1), (2, 1), (3, 1)]
        assert run.state.verdict() is Verdict.COMPLETED

    run_virtually(main)


def test_nothing_starts_while_the_journal_is_full_and_all_continues_after() -> None:
    graph = Graph.from_edges("ab", [("a", "b")])

    async def main(loop: VirtualLoop) -> None:
        run, executor, record = begin(graph, loop, lambda *_: (1.0, 0))
        record.full = True
        driver = asyncio.create_task(run.drive_until_settled())
        await asyncio.sleep(20)
        assert executor.begun == [(0, 1)]
        record.full = False
        await driver
        assert executor.begun == [(0, 1), (1, 1)]
        assert record.has(0, NodeStatus.COMPLETED, 1)

    run_virtually(main)


def test_what_is_not_on_record_is_known_for_as_long_as_it_is_not() -> None:
    graph = Graph.from_edges("abcd", [("a", "b"), ("b", "c")])
    told: list[int] = []

    async def main(loop: VirtualLoop) -> None:
        run, _, record = begin(graph, loop, lambda node, _: (30.0 if node == 3 else 1.0, 0))
        state = run.state
        run.listeners.append(lambda events: told.append(len(events)))
        watch = state.watch()
        driver = asyncio.create_task(run.drive_until_settled())
        await asyncio.sleep(0.5)
        watch.nodes.clear()
        record.full = True
        told.clear()
        await asyncio.sleep(10)
        assert state.held_up == "waits until the journal can be written"
        assert state.off_record == {0}
        assert told == [0], "reported once, without an event"
        assert watch.nodes >= {0}
        assert why(state, 0, 10.0) == "succeeded, not on record yet"
        assert why(state, 1, 10.0) == state.held_up
        watch.nodes.clear()
        record.full = False
        await asyncio.sleep(5)
        assert (state.held_up, state.off_record) == ("", frozenset())
        assert watch.nodes >= {0}
        assert why(state, 0, 10.0) == "succeeded"
        await driver

    run_virtually(main)


def test_a_parked_run_wakes_for_a_command() -> None:
    graph = Graph.from_edges("ab", [("a", "b")])

    async def main(loop: VirtualLoop) -> None:
        run, executor, _ = begin(graph, loop, lambda node, attempt: (1.0, int(node == 0 and attempt == 1)))
        driver = asyncio.create_task(run.drive())
        await asyncio.sleep(100)
        assert run.state.verdict() is Verdict.FAILED
        assert run.give(Command(CommandKind.RETRY, (1,))).again == (0,)
        await asyncio.sleep(100)
        assert run.state.verdict() is Verdict.COMPLETED
        assert executor.begun == [(0, 1), (0, 2), (1, 1)]
        driver.cancel()

    run_virtually(main)


def test_short_attempts_are_submitted_ahead_and_slots_are_never_exceeded() -> None:
    graph = Graph.from_edges([f"n{i}" for i in range(300)], [])

    async def main(loop: VirtualLoop) -> None:
        run, executor, _ = begin(graph, loop, lambda *_: (0.001, 0), jobs=3)
        await run.drive_until_settled()
        assert executor.most == 3
        assert len(executor.begun) == 300

    assert run_virtually(main) < 0.2


def test_the_journal_is_synced_at_most_once_a_second() -> None:
    graph = Graph.from_edges([f"n{i}" for i in range(100)], [])

    async def main(loop: VirtualLoop) -> None:
        run, _, record = begin(graph, loop, lambda *_: (0.1, 0), jobs=1)
        await run.drive_until_settled()
        assert 5 <= record.synced <= 12

    run_virtually(main)


def test_the_journal_is_synced_a_second_after_its_last_line_while_nothing_happens() -> None:
    graph = Graph.from_edges(["a"], [])

    async def main(loop: VirtualLoop) -> None:
        run, _, record = begin(graph, loop, lambda *_: (1000.0, 0))
        async with anyio.create_task_group() as group:
            group.start_soon(run.drive)
            await anyio.sleep(3)
            assert record.has(0, NodeStatus.RUNNING, 1)
            assert record.synced == 1
            group.cancel_scope.cancel()

    run_virtually(main)


def test_a_failed_sync_is_reported_once_and_the_run_continues() -> None:
    graph = Graph.from_edges([f"n{i}" for i in range(40)], [])

    async def main(loop: VirtualLoop) -> None:
        run, executor, record = begin(graph, loop, lambda *_: (0.1, 0), jobs=1)
        watch = run.state.watch()
        record.refuses = True
        await run.drive_until_settled()
        assert [note.text for note in watch.notes] == ["can't sync the journal; what was just recorded may be lost"]
        assert len(executor.begun) == 40
        record.refuses = False
        run.sync()
        assert record.synced == 1

    run_virtually(main)


@pytest.mark.parametrize(
    ("command", "after"),
    [
        (Command(CommandKind.CANCEL, (1,)), NodeStatus.CANCELLED),
        (Command(CommandKind.CANCEL_ALL), NodeStatus.CANCELLED),
        (Command(CommandKind.PAUSE), NodeStatus.READY),
    ],
)
def test_what_was_withheld_while_the_journal_is_full_can_be_taken_back(command: Command, after: NodeStatus) -> None:
    graph = Graph.from_edges("ab", [("a", "b")])

    async def main(loop: VirtualLoop) -> None:
        run, executor, record = begin(graph, loop, lambda *_: (1.0, 0))
        record.full = True
        driver = asyncio.create_task(run.drive())
        await asyncio.sleep(20)
        assert run.state.cause_of(1) is Cause.IN_LINE
        run.give(command)
        await asyncio.sleep(20)
        assert run.state.status_of(1) is after
        assert run.state.cause_of(1) is not Cause.IN_LINE
        assert run.state.attempt[1] == 0
        record.full = False
        await asyncio.sleep(20)
        assert executor.begun == [(0, 1)]
        assert record.has(1, after, 0)
        run.give(Command(CommandKind.RESUME) if after is NodeStatus.READY else Command(CommandKind.RETRY, (1,)))
        await asyncio.sleep(20)
        assert executor.begun == [(0, 1), (1, 1)]
        assert run.state.verdict() is Verdict.COMPLETED
        driver.cancel()

    run_virtually(main)


def test_much_at_once_is_journaled_in_blocks_and_acted_upon_when_all_of_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dagtui.engine.recorder.AT_ONCE", 4)
    graph = Graph.from_edges("abcdefghij", [])

    async def main(loop: VirtualLoop) -> None:
        run, executor, record = begin(graph, loop, lambda *_: (1.0, 0))
        heard: list[Event] = []
        run.listeners.append(heard.extend)
        await run.drive_until_settled()
        before, executed = len(record.events), len(executor.begun)
        heard.clear()
        record.blocks.clear()
        record.room = before + 6
        run.give(Command(CommandKind.RERUN, tuple(range(len(graph)))))
        assert len(record.events) == before + 4, "the events that fit are on record"
        assert heard == record.events[before:]
        assert len(executor.begun) == executed, "an attempt began before its cause was on record"
        record.room = 1_000_000
        run.turn()
        assert max(record.blocks) == 4
        assert heard == record.events[before:], "listeners hear each event once, in order"
        assert len(executor.begun) == executed + 2
        await run.drive_until_settled()
        assert run.state.attempt[0] == 2

    run_virtually(main)


def test_a_cancelled_run_does_not_wait_for_a_full_journal() -> None:
    graph = Graph.from_edges("ab", [("a", "b")])

    async def main(loop: VirtualLoop) -> None:
        run, _, record = begin(graph, loop, lambda *_: (1000.0, 0))
        record.full = True
        run.give(Command(CommandKind.CANCEL_ALL))
        await run.drive_until_settled()
        await run.close("")
        assert run.state.verdict() is Verdict.CANCELLED

    assert run_virtually(main) < 10


@pytest.mark.parametrize("ask", [Run.preview, Run.give])
def test_a_result_in_the_queue_is_taken_before_a_command(ask: Callable[[Run, Command], Preview]) -> None:
    async def main(loop: VirtualLoop) -> None:
        run, _, record = begin(Graph(["a"], []), loop, lambda *_: (1.0, 0))
        await asyncio.sleep(2)
        assert run.state.status_of(0) is NodeStatus.READY, "without a driver no result is processed"
        assert ask(run, Command(CommandKind.CANCEL, (0,))).nothing == "it has finished already: done"
        run.turn()
        assert record.has(0, NodeStatus.COMPLETED, 1)

    run_virtually(main)


def test_a_command_is_synced_before_it_is_answered() -> None:
    async def main(loop: VirtualLoop) -> None:
        run, _, record = begin(Graph(["a"], []), loop, lambda *_: (100.0, 0))
        before = record.synced
        run.give(Command(CommandKind.PAUSE))
        assert record.synced == before + 1

    run_virtually(main)


def test_a_run_is_not_over_before_its_last_event_is_on_record() -> None:
    async def main(loop: VirtualLoop) -> None:
        run, _, record = begin(Graph(["a"], []), loop, lambda *_: (1.0, 0))
        record.full = True
        driver = asyncio.create_task(run.drive_until_settled())
        await asyncio.sleep(20)
        assert run.traversal.settled
        assert not run.settled
        assert not driver.done()
        record.full = False
        await driver
        assert record.has(0, NodeStatus.COMPLETED, 1)

    run_virtually(main)
