from __future__ import annotations

import os
import resource
import subprocess
import sys
import threading
from typing import TYPE_CHECKING

import pytest
from support.executor_harness import IDLE

from dagtui.execution.local import ownership

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


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


def test_children_are_found_when_a_thread_ends_meanwhile(idler: int, monkeypatch: pytest.MonkeyPatch):
    listdir = os.listdir
    monkeypatch.setattr(os, "listdir", lambda path: ["999999999", *listdir(path)])
    assert idler in ownership.children(os.getpid())


def test_children_of_every_thread_are_found(token: str):
    done, started = threading.Event(), threading.Event()
    pids: list[int] = []

    def start_and_wait() -> None:
        with subprocess.Popen([sys.executable, "-I", "-S", "-c", IDLE, token]) as process:
            pids.append(process.pid)
            started.set()
            done.wait()
            process.kill()

    thread = threading.Thread(target=start_and_wait)
    thread.start()
    started.wait()
    try:
        assert pids[0] in ownership.children(os.getpid())
    finally:
        done.set()
        thread.join()


def test_a_long_list_of_processes_is_read_in_full(tmp_path: Path):
    pids = list(range(10_000, 40_000))
    file = tmp_path / "children"
    file.write_text(" ".join(map(str, pids)) + " ")
    fd = os.open(file, os.O_RDONLY)
    try:
        assert ownership._read_pids(fd) == pids
    finally:
        os.close(fd)
