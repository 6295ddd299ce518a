"""What every executor does (`dagtui.engine.protocol.Executor`): one suite, run against each of them."""

from __future__ import annotations

import random
import signal
import time
from collections import defaultdict
from contextlib import asynccontextmanager, nullcontext
from typing import TYPE_CHECKING

import anyio
import pytest
from support.executor_harness import kept_open, serving
from support.executor_trials import NAMES, TRIALS, WITH_SLOTS, Does, Trial, pause
from support.waiting import SECONDS, until

from dagtui.engine.messages import Ended, EndKind, Queued, Remark, Result, Started, Withdrawn

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from contextlib import AbstractAsyncContextManager
    from pathlib import Path

    Opened = Callable[..., AbstractAsyncContextManager[Trial]]

pytestmark = pytest.mark.anyio
NOTHING_RAN = {EndKind.COULD_NOT_START, EndKind.UP_TO_DATE}
"""How attempts end that never began."""
with_slots = pytest.mark.parametrize("opened", WITH_SLOTS, indirect=True)
"""Executors that count slots themselves."""


IN_FULL = {"dask", "slurm"}
"""Executors for which only the long form of the tests has this suite. `dask/` and `slurm/` have their own tests."""


@pytest.fixture(params=[pytest.param(name, marks=pytest.mark.torture) if name in IN_FULL else name for name in TRIALS])
def opened(request: pytest.FixtureRequest, tmp_path: Path, token: str, monkeypatch: pytest.MonkeyPatch) -> Opened:
    """Open an executor with some slots, serve it, close it at the end, and check all that it delivered."""

    kind = TRIALS[request.param]
    needed = [request.getfixturevalue(kind.needs)] if kind.needs else []

    @asynccontextmanager
    async def open_trial(slots: int = 8, *, serves: bool = True) -> AsyncIterator[Trial]:
        trial = kind(tmp_path, slots, token, monkeypatch, *needed)
        async with serving(trial) if serves else nullcontext(), kept_open(trial):
            yield trial
        check(trial.results)
        assert not [name for does, name in NAMES.items() if trial.lives(does)]

    return open_trial


def check(results: list[Result]) -> None:
    """Check that each attempt was answered once: Started and Ended, Ended alone, or Withdrawn."""
    answers: dict[tuple[int, int], list[Result]] = defaultdict(list)
    for result in results:
        if not isinstance(result, (Remark, Queued)):
            answers[result.node, result.attempt].append(result)
    for answer in answers.values():
        if len(answer) == 1:
            not_needed = isinstance(answer[0], Ended) and answer[0].kind in NOTHING_RAN
            assert not_needed or isinstance(answer[0], Withdrawn), answer
        else:
            assert [type(result) for result in answer] == [Started, Ended], answer
            assert answer[1].kind not in NOTHING_RAN


def order_of(trial: Trial, kind: type[Result]) -> list[int]:
    return [result.node for result in trial.results if isinstance(result, kind)]


def over(trial: Trial) -> set[tuple[int, int]]:
    """Return the attempts that have ended or were withdrawn."""
    return {(result.node, result.attempt) for result in trial.results if isinstance(result, (Ended, Withdrawn))}


def most_alive(results: list[Result]) -> int:
    """Return how many attempts were alive at once. `check` has found that what ends without a start never ran."""
    alive = most = 0
    for result in results:
        alive += isinstance(result, Started)
        alive -= isinstance(result, Ended) and result.kind not in NOTHING_RAN
        assert alive >= 0
        most = max(most, alive)
    return most


# Begun, output, ended


@pytest.mark.parametrize(
    ("does", "kind", "value"),
    [
        (Does.SUCCEED, EndKind.EXIT, 0),
        (Does.FAIL, EndKind.EXIT, 3),
        (Does.DIE, EndKind.SIGNAL, signal.SIGUSR1),
    ],
)
async def test_an_attempt_begins_and_ends(opened: Opened, does: int, kind: EndKind, value: int) -> None:
    async with opened() as trial:
        trial.start(does)
        end = await trial.ended(does)
        assert (end.kind, end.value, end.left) == (kind, value, 0)
        assert 0 < end.seconds < SECONDS
        assert trial.of(does)[0][:2] == (does, 1)
        assert trial.of(does)[1:] == [end]


async def test_what_is_printed_is_in_the_log(opened: Opened) -> None:
    async with opened() as trial:
        trial.start(Does.PRINT)
        assert (await trial.ended(Does.PRINT)).value == 0
        if trial.has_logs:
            await trial.printed(b"out\nerr\n", Does.PRINT)


@pytest.mark.parametrize("does", [Does.MISS, Does.GO_ASTRAY])
async def test_an_attempt_that_can_not_start_ends_alone_and_takes_no_slot(opened: Opened, does: int) -> None:
    async with opened(1) as trial:
        trial.start(does, Does.SUCCEED)
        end = await trial.ended(does)
        assert end.kind is EndKind.COULD_NOT_START
        assert end.text
        assert trial.of(does) == [end]
        await trial.ended(Does.SUCCEED)


async def test_what_a_leader_leaves_behind_is_gone_when_its_end_is_delivered(opened: Opened) -> None:
    async with opened() as trial:
        trial.start(Does.LEAVE)
        end = await trial.ended(Does.LEAVE)
        assert not trial.lives(Does.LEAVE)
        assert (end.kind, end.value, end.left) == (EndKind.EXIT, 0, 1)


async def test_attempts_of_a_node_are_distinguished(opened: Opened) -> None:
    async with opened() as trial:
        for attempt in (1, 2, 5):
            trial.start(Does.FAIL, attempt=attempt)
            assert (await trial.ended(Does.FAIL, attempt)).value == 3


async def test_each_success_hands_its_own_values_on(opened: Opened) -> None:
    async with opened() as trial:
        for attempt in (1, 2):
            trial.start(Does.PRINT, Does.SUCCEED, attempt=attempt)
            end = await trial.ended(Does.PRINT, attempt)
            wrote = 1 if end.kind is EndKind.UP_TO_DATE else attempt
            assert end.outputs == {"attempt": str(wrote)}
            assert (await trial.ended(Does.SUCCEED, attempt)).outputs == {}


# Slots


@with_slots
async def test_attempts_begin_in_order_and_take_no_more_than_the_slots(opened: Opened) -> None:
    async with opened(2) as trial:
        trial.start(Does.WAIT, Does.WAIT_TOO, Does.WAIT_AS_WELL, Does.SUCCEED)
        await trial.begun(Does.WAIT_TOO)
        await pause()
        assert order_of(trial, Started) == [Does.WAIT, Does.WAIT_TOO]
        trial.finish(Does.WAIT_TOO, 0)
        await trial.begun(Does.WAIT_AS_WELL)
        assert not trial.has_begun(Does.SUCCEED)
        trial.finish(Does.WAIT, 0)
        await trial.ended(Does.SUCCEED)
        trial.finish(Does.WAIT_AS_WELL, 0)
        assert (await trial.ended(Does.WAIT_AS_WELL)).value == 0


@with_slots
async def test_an_attempt_that_fits_passes_one_that_does_not(opened: Opened) -> None:
    async with opened(2) as trial:
        trial.start(Does.WAIT)
        trial.start(Does.WAIT_TOO, slots=2)
        trial.start(Does.SUCCEED)
        await trial.ended(Does.SUCCEED)
        assert not trial.has_begun(Does.WAIT_TOO)
        trial.finish(Does.WAIT, 0)
        await trial.begun(Does.WAIT_TOO)


@with_slots
async def test_an_attempt_that_is_too_wide_begins_when_it_is_alone(opened: Opened) -> None:
    async with opened(2) as trial:
        trial.start(Does.WAIT)
        trial.start(Does.WAIT_TOO, slots=7)
        await trial.begun(Does.WAIT)
        await pause()
        assert not trial.has_begun(Does.WAIT_TOO)
        trial.finish(Does.WAIT, 0)
        await trial.begun(Does.WAIT_TOO)
        trial.start(Does.SUCCEED)
        await pause()
        assert not trial.has_begun(Does.SUCCEED)
        trial.finish(Does.WAIT_TOO, 0)
        await trial.ended(Does.SUCCEED)


@with_slots
async def test_a_pause_lets_what_runs_run_and_begins_nothing(opened: Opened) -> None:
    async with opened(2) as trial:
        trial.start(Does.WAIT)
        await trial.begun(Does.WAIT)
        trial.executor.set_slots(0)
        trial.start(Does.SUCCEED)
        await pause()
        assert trial.lives(Does.WAIT)
        trial.finish(Does.WAIT, 4)
        assert (await trial.ended(Does.WAIT)).value == 4
        assert trial.of(Does.SUCCEED) == []
        trial.executor.set_slots(1)
        trial.executor.flush()
        assert (await trial.ended(Does.SUCCEED)).value == 0


# Stop and withdraw


async def test_a_stopped_attempt_ends_by_term(opened: Opened) -> None:
    async with opened() as trial:
        trial.start(Does.WAIT)
        await trial.ready(Does.WAIT)
        trial.stop(Does.WAIT, 600)
        end = await trial.ended(Does.WAIT)
        assert (end.kind, end.value) == (EndKind.SIGNAL, signal.SIGTERM)
        assert not trial.lives(Does.WAIT)


@pytest.mark.parametrize("does", [Does.IGNORE, Does.FREEZE])
async def test_an_attempt_that_does_not_end_by_term_is_killed_after_its_grace(opened: Opened, does: int) -> None:
    async with opened() as trial:
        trial.start(does)
        await trial.ready(does)
        began = time.monotonic()
        trial.stop(does, 0.3)
        end = await trial.ended(does)
        assert end.kind is EndKind.SIGNAL
        if does == Does.IGNORE:
            assert end.value == signal.SIGKILL
            assert time.monotonic() - began >= 0.3
        assert not trial.lives(does)


async def test_a_second_stop_shortens_the_grace(opened: Opened) -> None:
    async with opened() as trial:
        trial.start(Does.IGNORE)
        await trial.ready(Does.IGNORE)
        trial.stop(Does.IGNORE, 600)
        await pause()
        assert trial.lives(Does.IGNORE)
        trial.stop(Does.IGNORE, 0)
        assert (await trial.ended(Does.IGNORE)).value == signal.SIGKILL


@pytest.mark.parametrize("request_", ["stop", "withdraw"])
async def test_an_attempt_that_waits_is_withdrawn(opened: Opened, request_: str) -> None:
    async with opened(1) as trial:
        trial.start(Does.WAIT, Does.SUCCEED, Does.FAIL)
        await trial.begun(Does.WAIT)
        if request_ == "stop":
            trial.stop(Does.SUCCEED, 600)
        else:
            trial.executor.withdraw(Does.SUCCEED, 1)
            trial.executor.flush()
        await trial.withdrawn(Does.SUCCEED)
        trial.finish(Does.WAIT, 0)
        await trial.ended(Does.FAIL)
        assert trial.of(Does.SUCCEED) == [Withdrawn(Does.SUCCEED, 1)]


async def test_an_attempt_that_has_begun_is_not_withdrawn(opened: Opened) -> None:
    async with opened() as trial:
        trial.start(Does.WAIT)
        await trial.ready(Does.WAIT)
        trial.executor.withdraw(Does.WAIT, 1)
        trial.executor.flush()
        await pause()
        assert trial.lives(Does.WAIT)
        trial.finish(Does.WAIT, 5)
        assert (await trial.ended(Does.WAIT)).value == 5


async def test_requests_about_what_is_over_or_was_never_submitted_are_ignored(opened: Opened) -> None:
    async with opened() as trial:
        trial.start(Does.SUCCEED)
        trial.start(Does.WAIT, attempt=2)
        await trial.ended(Does.SUCCEED)
        await trial.begun(Does.WAIT, 2)
        for does, attempt in ((Does.SUCCEED, 1), (Does.WAIT, 1), (Does.FAIL, 1)):
            trial.executor.withdraw(does, attempt)
            trial.stop(does, 0, attempt)
        await pause()
        assert trial.lives(Does.WAIT)
        assert len([result for result in trial.results if not isinstance(result, Queued)]) == 3
        trial.finish(Does.WAIT, 0)
        assert (await trial.ended(Does.WAIT, 2)).value == 0


# Races


@with_slots
@pytest.mark.parametrize("seed", range(3))
async def test_however_requests_and_results_cross_each_attempt_is_answered_once(opened: Opened, seed: int) -> None:
    """The checks are those of `check`, at the end. Live attempts never exceed the most slots that were allowed."""
    choose = random.Random(seed)
    async with opened(2) as trial:
        attempts: dict[int, int] = defaultdict(int)
        for _ in range(60):
            does = choose.choice([Does.SUCCEED, Does.FAIL, Does.MISS, Does.WAIT, Does.WAIT_TOO, Does.LEAVE])
            attempt = attempts[does]
            request = choose.choice(["start", "start", "start", "stop", "withdraw", "slots", "flush"])
            if request == "start" and (not attempt or (does, attempt) in over(trial)):
                attempts[does] = attempt + 1
                trial.executor.start(does, attempt + 1, choose.choice([1, 1, 2, 3]))
            elif request == "stop":
                trial.executor.stop(does, attempt, choose.choice([0.0, 0.5]))
            elif request == "withdraw":
                trial.executor.withdraw(does, attempt)
            elif request == "slots":
                trial.executor.set_slots(choose.choice([0, 1, 2, 3]))
            if choose.random() < 0.7:
                trial.executor.flush()
                await anyio.sleep(choose.choice([0.0, 0.0, 0.01]))
        trial.executor.set_slots(3)
        for does in (Does.WAIT, Does.WAIT_TOO):
            trial.stop(does, 0.0, attempts[does])
        submitted = {(does, attempt) for does, last in attempts.items() for attempt in range(1, last + 1)}
        await until(lambda: over(trial) == submitted)
    assert any(isinstance(result, Ended) for result in trial.results)
    assert most_alive(trial.executed) <= 3


@pytest.mark.parametrize("request_", ["stop", "withdraw"])
async def test_a_start_that_is_taken_back_in_the_same_batch_has_one_answer(opened: Opened, request_: str) -> None:
    async with opened() as trial:
        trial.executor.start(Does.WAIT, 1, 1)
        if request_ == "stop":
            trial.executor.stop(Does.WAIT, 1, 0.0)
        else:
            trial.executor.withdraw(Does.WAIT, 1)
        trial.executor.flush()
        await until(lambda: trial.of(Does.WAIT))
        if trial.has_begun(Does.WAIT) and request_ == "withdraw":
            trial.finish(Does.WAIT, 0)
            await trial.ended(Does.WAIT)


# Losses and late results


async def test_an_attempt_is_lost_when_what_watches_it_dies_and_others_continue(opened: Opened) -> None:
    async with opened(1) as trial:
        trial.start(Does.WAIT, Does.FAIL)
        await trial.ready(Does.WAIT)
        trial.lose(Does.WAIT)
        end = await trial.ended(Does.WAIT)
        assert end.kind is EndKind.LOST
        assert not trial.lives(Does.WAIT), "no process is alive when an attempt is reported as lost"
        assert (await trial.ended(Does.FAIL)).value == 3
        trial.start(Does.WAIT, attempt=2)
        await trial.begun(Does.WAIT, 2)


async def test_a_cancelled_serve_loses_no_result(opened: Opened) -> None:
    async with opened(serves=False) as trial:
        async with serving(trial):
            trial.start(Does.WAIT, Does.WAIT_TOO)
            await trial.ready(Does.WAIT_TOO)
        trial.finish(Does.WAIT, 6)
        await until(lambda: not trial.lives(Does.WAIT))
        async with serving(trial):
            assert (await trial.ended(Does.WAIT)).value == 6


@with_slots
async def test_results_that_have_arrived_are_collected_without_waiting(opened: Opened) -> None:
    async with opened() as trial:
        trial.start(Does.WAIT)
        await trial.ready(Does.WAIT)
        trial.finish(Does.WAIT, 7)
        deadline = time.monotonic() + SECONDS
        while trial.end_of(Does.WAIT) is None:  # the event loop is held up all the while
            assert time.monotonic() < deadline
            trial.executor.collect()
        trial.executor.acknowledge()
        assert trial.of(Does.WAIT)[-1].value == 7


# Close


async def test_closing_ends_what_runs_and_withdraws_what_waits(opened: Opened) -> None:
    async with opened(3) as trial:
        trial.start(Does.WAIT, Does.IGNORE, Does.FREEZE, Does.SUCCEED)
        for does in (Does.WAIT, Does.IGNORE, Does.FREEZE):
            await trial.ready(does)
        await trial.executor.close()
        for does in (Does.WAIT, Does.IGNORE, Does.FREEZE):
            assert not trial.lives(does)
            assert (await trial.ended(does)).kind is EndKind.SIGNAL
        assert trial.of(Does.SUCCEED) == [Withdrawn(Does.SUCCEED, 1)]


async def test_nothing_is_started_after_closing(opened: Opened) -> None:
    async with opened() as trial:
        trial.start(Does.SUCCEED)
        await trial.ended(Does.SUCCEED)
        await trial.executor.close()
        before = list(trial.results)
        trial.start(Does.WAIT, Does.MISS)
        trial.stop(Does.WAIT, 0)
        await pause()
        assert trial.results == before
        assert not trial.lives(Does.WAIT)


async def test_serving_returns_when_everything_is_closed(opened: Opened) -> None:
    async with opened(serves=False) as trial, anyio.create_task_group() as group:
        group.start_soon(trial.executor.serve)
        trial.start(Does.WAIT)
        await trial.begun(Does.WAIT)
        await trial.executor.close()  # the group ends by itself, without a cancel


# Surroundings


async def test_surroundings_are_told_and_start_nothing(opened: Opened) -> None:
    async with opened() as trial:
        found = trial.executor.surroundings(Does.WAIT, 3)
        assert found.cwd.startswith("/")
        assert found.own["DAGTUI_ATTEMPT"] == "3"
        await pause()
        assert trial.results == []
