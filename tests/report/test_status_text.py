"""What `dagtui status` says about a live run."""

from __future__ import annotations

import pytest

from dagtui.report.run_list import counts_words
from dagtui.report.status_text import SHOWN, headline, status_lines
from dagtui.text.look import IN_ASCII, IN_UNICODE

ANSWER = {"name": "demo", "number": 3, "verdict": "running", "elapsed": 12.0, "jobs": 2, "screen": "detached"}


@pytest.mark.parametrize(
    ("told", "said"),
    [
        ({"jobs": 4, "slots_taken": 4}, "slots 4/4"),
        ({"jobs": 1_000, "slots_taken": 0}, "slots 0/1,000"),
        ({"jobs": "\x1b[31m", "slots_taken": 2}, "slots 2/?"),
        (
            {"jobs": 4, "slots_taken": 1, "pools": {"g\x1b[31m": {"words": "1 of 2"}, "x": 3}},
            "slots 1/4, g^[[31m 1 of 2",
        ),
        ({"jobs": 1}, "1 slot"),
        ({"jobs": 2}, "2 slots"),
        ({"jobs": "\x1b[31m"}, "? slots"),
    ],
    ids=[
        "all taken",
        "none taken",
        "text",
        "pools",
        "one, by an older dagtui",
        "two, by an older dagtui",
        "text of an older dagtui",
    ],
)
def test_slots_are_counted(told: dict[str, object], said: str) -> None:
    assert headline({**ANSWER, **told}) == f"demo run 3: running, 12 s, {said}, detached"


@pytest.mark.parametrize(
    ("remaining", "said"),
    [
        ({"seconds": 65.0, "node": "b"}, "about 1 m 05 s left (bound by b)"),
        ({"seconds": 65.0, "node": "b", "answers": 0}, "about 1 m 05 s left (bound by b)"),
        ({"seconds": 65.0, "node": "b", "answers": 2}, "about 1 m 05 s and 2 answers left (bound by b)"),
        ({"seconds": 0.0, "node": "b", "answers": 1}, "waits for 1 answer"),
        (
            {"seconds": 15.0, "node": "b", "low": 12.0, "high": 20.0, "runs": 3},
            "12–20 s left, from 3 runs (bound by b)",
        ),
        (
            {"seconds": 9.0, "node": "b", "low": 2.0, "high": 20.0, "runs": 0},
            "2–20 s left, partly guessed (bound by b)",
        ),
        ({"seconds": 15.0, "node": "b", "low": 12.0, "high": 1e99}, "about 15 s left (bound by b)"),
    ],
)
def test_an_estimate_says_which_answers_it_leaves_out(remaining: dict[str, object], said: str) -> None:
    assert headline(ANSWER | {"remaining": remaining}) == f"demo run 3: running, 12 s, {said}, 2 slots, detached"


def test_an_estimate_says_that_it_leaves_out_how_long_nodes_are_held() -> None:
    remaining = {"seconds": 5.0, "node": "b", "answers": 1}
    said = headline(ANSWER | {"remaining": remaining, "held": {"count": 2, "nodes": ["b", "c"]}})
    assert "about 5.0 s and 1 answer and 2 releases left (bound by b)" in said
    said = headline(ANSWER | {"remaining": remaining | {"answers": 0}, "held": {"count": 1, "nodes": ["b"]}})
    assert "about 5.0 s and 1 release left (bound by b)" in said


@pytest.mark.parametrize(
    ("told", "said"),
    [
        ({"asking": 1, "asks": [{"node": "app\x1b[31m"}]}, "app^[[31m asks, 1 held"),
        ({"asking": 120, "asks": [{"node": "a"}, {"node": "b"}]}, "120 gates ask, 1 held"),
        ({"asks": [{"node": "a"}, {"node": "b"}]}, "2 gates ask, 1 held"),
        ({"asking": "x", "asks": ["a", 3]}, "1 held"),
    ],
    ids=["one", "more than are listed", "by an older dagtui", "nonsense"],
)
def test_gates_that_ask_are_named(told: dict[str, object], said: str) -> None:
    held = {"held": {"count": 1, "nodes": ["c"]}}
    assert headline({**ANSWER, **told, **held}) == f"demo run 3: running, 12 s, 2 slots, {said}, detached"


def test_stale_nodes_are_counted() -> None:
    answer = {**ANSWER, "counts": {"COMPLETED": 3, "FAILED": 1}, "stale": 2}
    assert list(status_lines(answer, IN_UNICODE))[1] == "  3 done (2 stale), 1 failed"


def test_counts_read_as_in_the_list_of_runs() -> None:
    """In the order of the statuses, with those that only a later dagtui knows behind them."""
    counts = {"FROZEN": 7, "FAILED": 3, "COMPLETED": 2_000}
    answer = {**ANSWER, "counts": counts, "stale": 1, "failed_allowed": 2}
    said = "2,000 done (1 stale), 1 failed, 2 failed (allowed), 7 FROZEN"
    assert list(status_lines(answer, IN_UNICODE))[1] == f"  {said}"
    assert counts_words(counts, 1, 2, 0) == said


@pytest.mark.parametrize(("more", "said"), [(1, "    and 1 more failure"), (2, "    and 2 more failures")])
def test_failures_beyond_those_shown_are_counted(more: int, said: str) -> None:
    failures = [{"node": f"n{i}", "why": "exit 1", "log": "/l"} for i in range(SHOWN + more)]
    lines = list(status_lines({**ANSWER, "failures": failures}, IN_ASCII))
    assert lines[1:] == [f"  x n{i}  exit 1  log: /l" for i in range(SHOWN)] + [said]
