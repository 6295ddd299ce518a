"""Random walks over several executors whose attempts outlive processes of the run, and proof that they find bugs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from engine.remote_walk import wander_remotely

from dagtui.engine import remote_attempts, resumption
from dagtui.engine.capacity import Capacity
from dagtui.engine.dispatch import Dispatch
from dagtui.engine.remote_results import RemoteResults
from dagtui.engine.results import Results
from dagtui.engine.rules import propagation
from dagtui.engine.status import NodeStatus

if TYPE_CHECKING:
    from collections.abc import Callable


def test_everything_holds_on_walks_over_several_executors():
    wander_remotely(100, 60)


@pytest.mark.torture
def test_everything_holds_on_many_walks_over_several_executors():
    wander_remotely(20_000, 100, seed=1_000_000)


def a_number_is_used_again_after_a_withdrawal(patch: pytest.MonkeyPatch) -> None:
    original = propagation.Propagation.take_back
    patch.setattr(
        propagation.Propagation,
        "take_back",
        lambda self, node, _attempt: original(self, node, self.state.attempt[node] - 1),
    )


def what_is_being_withdrawn_is_not_taken_up(patch: pytest.MonkeyPatch) -> None:
    original = resumption._take_up

    def take_up(run: propagation.Propagation, again: dict[int, str], keep_going: set[str]) -> object:
        kept = {n: e for n, e in run.state.executor_of.items() if run.state.status[n] != NodeStatus.WAITING}
        run.state.executor_of = kept
        return original(run, again, keep_going)

    patch.setattr(resumption, "_take_up", take_up)


def what_changed_goes_on_after_a_resume(patch: pytest.MonkeyPatch) -> None:
    original = resumption._take_up
    patch.setattr(resumption, "_take_up", lambda run, _again, keep_going: original(run, {}, keep_going))


def a_withdrawal_is_not_repeated_after_a_resume(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Dispatch, "withdraw", lambda _self, _nodes: None)


def slots_of_an_executor_are_not_given_back(patch: pytest.MonkeyPatch) -> None:
    original = Capacity._give_back

    def give_back(self: Capacity, node: int) -> None:
        is_remote = node in self.remote
        pools = list(self.pools)
        original(self, node)
        if is_remote:
            self.pools = pools

    patch.setattr(Capacity, "_give_back", give_back)


def an_executor_gets_more_than_it_has_slots_for(patch: pytest.MonkeyPatch) -> None:
    original = Dispatch._fits
    patch.setattr(Dispatch, "_fits", lambda self, demand, kept: bool(demand.executor) or original(self, demand, kept))


def a_begin_is_dated_by_the_news_of_it(patch: pytest.MonkeyPatch) -> None:
    original = Results._run
    patch.setattr(Results, "_run", lambda self, message: original(self, message._replace(ago=0.0)))


def where_it_runs_is_not_corrected_after_a_resume(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(RemoteResults, "told_again", lambda _self, _message: None)
    patch.setattr(remote_attempts, "resume", lambda _state, _away: None)


def lost_attempts_are_not_counted(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(remote_attempts, "_count_retry", lambda _state, _node, _cause: None)


BUGS: list[Callable[[pytest.MonkeyPatch], None]] = [
    a_begin_is_dated_by_the_news_of_it,
    a_number_is_used_again_after_a_withdrawal,
    a_withdrawal_is_not_repeated_after_a_resume,
    an_executor_gets_more_than_it_has_slots_for,
    lost_attempts_are_not_counted,
    slots_of_an_executor_are_not_given_back,
    what_changed_goes_on_after_a_resume,
    what_is_being_withdrawn_is_not_taken_up,
    where_it_runs_is_not_corrected_after_a_resume,
]


FIRST_WALKS = {
    a_withdrawal_is_not_repeated_after_a_resume: 615,
    lost_attempts_are_not_counted: 1140,
    what_is_being_withdrawn_is_not_taken_up: 175,
}
"""Where the search begins for bugs that few walks find."""


@pytest.mark.parametrize("bug", BUGS)
def test_walks_find(bug: Callable[[pytest.MonkeyPatch], None], monkeypatch: pytest.MonkeyPatch):
    bug(monkeypatch)
    with pytest.raises((AssertionError, KeyError)):
        wander_remotely(300, 60, seed=FIRST_WALKS.get(bug, 0))
