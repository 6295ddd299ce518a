"""What `dagtui status` says about a live run."""

from __future__ import annotations

import pytest

from dagtui.cli.standing_lines import SHOWN, headline, standing_lines

ANSWER = {"name": "demo", "number": 3, "verdict": "running", "elapsed": 12.0, "jobs": 2, "screen": "detached"}


@pytest.mark.parametrize(
    ("jobs", "said"), [(1, "1 job"), (2, "2 jobs"), (0, "0 jobs"), ("\x1b[31m", "? jobs")], ids=["1", "2", "0", "text"]
)
def test_slots_are_counted(jobs: object, said: str) -> None:
    assert headline({**ANSWER, "jobs": jobs}) == f"demo run 3: running, 12 s, {said}, detached"


@pytest.mark.parametrize(("more", "said"), [(1, "    and 1 more failure"), (2, "    and 2 more failures")])
def test_failures_beyond_those_shown_are_counted(more: int, said: str) -> None:
    failures = [{"node": f"n{i}", "why": "exit 1", "log": "/l"} for i in range(SHOWN + more)]
    lines = list(standing_lines({**ANSWER, "failures": failures}, ascii_only=True))
    assert lines[1:] == [f"  x n{i}  exit 1  log: /l" for i in range(SHOWN)] + [said]
