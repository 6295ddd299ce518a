"""What an App's surroundings do to its process."""

from __future__ import annotations

import os

import pytest

from dagtui.tui.terminal.host import in_force


def test_an_environment_is_in_force_for_a_moment_only(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("MARK", "own")
    before = dict(os.environ)
    with in_force({"TERM": "other"}):
        assert dict(os.environ) == {"TERM": "other"}
    assert dict(os.environ) == before
    with pytest.raises(RuntimeError), in_force({}):
        raise RuntimeError
    assert dict(os.environ) == before


def test_the_own_environment_is_not_touched(monkeypatch: pytest.MonkeyPatch):
    with in_force(os.environ):
        monkeypatch.setenv("MARK", "set meanwhile")
    assert os.environ["MARK"] == "set meanwhile"
