from __future__ import annotations

import os
import resource
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from execution.stage import IDLE

from dagtui.execution import ownership

if TYPE_CHECKING:
    from collections.abc import Iterator


def test_children_are_found_without_the_kernels_lists(token: str, monkeypatch: pytest.MonkeyPatch):
    with subprocess.Popen([sys.executable, "-I", "-S", "-c", IDLE, token]) as process:
        listed = ownership.children(os.getpid())
        monkeypatch.setattr(ownership, "_LISTS_CHILDREN", False)
        assert process.pid in listed
        assert sorted(ownership.children(os.getpid())) == sorted(listed)
        assert ownership.OwnChildren().pids() == ownership.children(os.getpid())
        process.kill()


@pytest.fixture
def idler(token: str) -> Iterator[int]:
    with subprocess.Popen([sys.executable, "-I", "-S", "-c", IDLE, token]) as process:
        yield process.pid
        process.kill()


def test_a_mark_is_read_also_of_a_program_that_is_set_uid(idler: int, monkeypatch: pytest.MonkeyPatch):
    marks = ownership.Marks()
    assert marks.read(idler) == 0
    limit = marks._top - (5 << marks._shift)
    resource.prlimit(idler, ownership._RLIMIT_LOCKS, (limit, limit))
    assert marks.read(idler) == 5

    def deny(*_: object) -> None:
        raise PermissionError

    monkeypatch.setattr(resource, "prlimit", deny)
    assert marks.read(idler) == 5


def test_who_does_not_exist_bears_no_mark():
    assert ownership.Marks().read(2**30) == 0
