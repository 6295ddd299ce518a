"""Fixtures of the screen of runs."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def _no_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs are compared at once: what each test waits for is there as soon as it is read."""
    monkeypatch.setattr("dagtui.tui.runs.page._REST_SECONDS", 0.0)
