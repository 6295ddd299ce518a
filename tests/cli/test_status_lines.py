"""What `dagtui status` says about a live run."""

from __future__ import annotations

import pytest

from dagtui.cli.status_lines import SHOWN, headline, status_lines

ANSWER = {"name": "demo", "number": 3, "verdict": "running", "elapsed": 12.0, "jobs": 2, "screen": "detached"}


@pytest.mark.parametrize(
    ("told", "said"),
    [
        ({"jobs": 4, "slots_taken": 4}, "slots 4/4"),
        ({"jobs": 1_000, "slots_taken": 0}, "slots 0/1,000"),
        ({"jobs": "\x1b[31m", "slots_taken": 2}, "slots 2/?"),
        ({"jobs": 1}, "1 slot"),
        ({"jobs": 2}, "2 slots"),
        ({"jobs": "\x1b[31m"}, "? slots"),
    ],
    ids=[
        "all taken",
        "none taken",
        "text",
        "one, by an older dagtui",
        "two, by an older dagtui",
        "text of an older dagtui",
    ],
)
def test_slots_are_counted(told: dict[str, object], said: str) -> None:
    assert headline({**ANSWER, **told}) == f"demo run 3: running, 12 s, {said}, detached"


def test_stale_nodes_are_counted() -> None:
    answer = {**ANSWER, "counts": {"COMPLETED": 3, "FAILED": 1}, "stale": 2}
    assert list(status_lines(answer, ascii_only=False))[1] == "  3 done (2 stale), 1 failed"


@pytest.mark.parametrize(("more", "said"), [(1, "    and 1 more failure"), (2, "    and 2 more failures")])
def test_failures_beyond_those_shown_are_counted(more: int, said: str) -> None:
    failures = [{"node": f"n{i}", "why": "exit 1", "log": "/l"} for i in range(SHOWN + more)]
    lines = list(status_lines({**ANSWER, "failures": failures}, ascii_only=True))
    assert lines[1:] == [f"  x n{i}  exit 1  log: /l" for i in range(SHOWN)] + [said]
