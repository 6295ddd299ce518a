"""What is remembered of files and nodes between runs."""

from __future__ import annotations

import os
import sqlite3
import time
from multiprocessing import get_context
from typing import TYPE_CHECKING

import pytest

from dagtui.execution.files.digests import FileDigests, KnownDigest, granularity
from dagtui.execution.files.fingerprints import Fingerprints
from dagtui.execution.files.listing import list_files, stamp_of
from dagtui.graph.files.paths import DeclaredPath, PathKind

if TYPE_CHECKING:
    from pathlib import Path

ENTRY = KnownDigest(b"stamp", b"digest")


def write(path: Path, run: int, labels: list[str]) -> None:
    memory = Fingerprints(path, run)
    for label in labels:
        memory.begin(label, "attempt 1 was interrupted")
        memory.remember_digests([(f"/{label}/{number}", ENTRY) for number in range(20)])
        memory.complete(label, {"run": run})
    assert memory.remarks == []
    memory.close()


def test_what_is_remembered_is_there_in_the_next_run(tmp_path: Path):
    write(tmp_path / "f", 1, ["a"])
    memory = Fingerprints(tmp_path / "f", 2)
    assert memory.node("a") == ({"run": 1}, "")
    assert memory.node("b") == (None, "")
    assert memory.known_digests(["/a/1", "/a/x", "\udcff"]) == {"/a/1": ENTRY}
    memory.begin("a", "attempt 2 was interrupted")
    assert memory.node("a") == ({"run": 1}, "attempt 2 was interrupted")
    memory.fail("a", "attempt 1 was interrupted", "another attempt's end")
    memory.fail("a", "attempt 2 was interrupted", "attempt 2 failed")
    assert memory.node("a").begun == "attempt 2 failed"
    memory.begin("a", "attempt 3 was interrupted")
    memory.withdraw("a", "attempt 3 was interrupted")
    assert memory.node("a") == ({"run": 1}, "attempt 2 failed")


def test_what_an_error_breaks_off_is_taken_back(tmp_path: Path):
    write(tmp_path / "f", 1, ["a"])
    memory = Fingerprints(tmp_path / "f", 100)
    with pytest.raises(ZeroDivisionError):
        memory.prune(lambda _: bool(1 // 0))
    assert memory.known_digests(["/a/1"]) == {"/a/1": ENTRY}
    write(tmp_path / "f", 101, ["b"])
    assert memory.node("b").facts == {"run": 101}


def test_two_processes_write_at_once(tmp_path: Path):
    context = get_context("fork")
    names = [[f"{process}.{number}" for number in range(30)] for process in range(2)]
    writers = [context.Process(target=write, args=(tmp_path / "f", 1, labels)) for labels in names]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert [writer.exitcode for writer in writers] == [0, 0]
    memory = Fingerprints(tmp_path / "f", 2)
    assert all(memory.node(label).facts == {"run": 1} for labels in names for label in labels)


@pytest.mark.parametrize("damage", [b"no database at all" * 400, b"", None])
def test_a_damaged_file_is_replaced_and_that_is_said_once(tmp_path: Path, damage: bytes | None):
    path = tmp_path / "f"
    write(path, 1, [str(number) for number in range(200)])
    if damage is None:
        content = bytearray(path.read_bytes())
        content[4096:] = os.urandom(len(content) - 4096)
        path.write_bytes(content)
    else:
        path.write_bytes(damage)
    memory = Fingerprints(path, 2)
    assert memory.node("1").facts is None
    assert memory.known_digests(["/1/1"]) == {}
    memory.complete("1", {"run": 2})
    assert memory.node("1").facts == {"run": 2}
    assert len(memory.remarks) == (damage != b"")
    assert all("is damaged and was removed" in remark for remark in memory.remarks)
    memory.close()
    assert Fingerprints(path, 3).node("1").facts == {"run": 2}


def test_where_nothing_can_be_written_all_is_remembered_for_this_run_only(tmp_path: Path):
    memory = Fingerprints(tmp_path / "absent" / "f", 2)
    memory.complete("a", {"run": 2})
    memory.complete("a", {"run": 2})
    assert memory.node("a").facts == {"run": 2}
    assert len(memory.remarks) == 1
    assert "can't be used" in memory.remarks[0]


def test_a_deleted_file_breaks_nothing_and_is_missed_by_later_runs(tmp_path: Path):
    write(tmp_path / "f", 1, ["a"])
    memory = Fingerprints(tmp_path / "f", 2)
    assert memory.node("a").facts
    (tmp_path / "f").unlink()
    memory.complete("b", {})
    memory.close()
    later = Fingerprints(tmp_path / "f", 3)
    assert later.node("a").facts is None
    assert later.remarks == ["nothing is remembered of earlier runs: nodes with inputs run"]


def test_what_is_gone_is_forgotten_after_some_runs(tmp_path: Path):
    write(tmp_path / "f", 1, ["a", "gone"])
    for run in range(2, 60):
        memory = Fingerprints(tmp_path / "f", run)
        memory.node("a")
        memory.known_digests(["/a/0"])
        memory.prune(lambda label: label == "a")
        memory.close()
    with sqlite3.connect(tmp_path / "f") as database:
        assert database.execute("SELECT label FROM nodes").fetchall() == [("a",)]
        assert database.execute("SELECT path FROM files").fetchall() == [(b"/a/0",)]
    database.close()


# Stamps


def looked_at(path: Path, digests: FileDigests) -> tuple[str, bool]:
    """Return the digest of a file, and whether it was known."""
    (file,) = list_files(DeclaredPath(path.name, path.name, PathKind.FILE), str(path.parent), bool).files
    (known,) = digests.known([file])
    if known is not None:
        return known, True
    (digest,) = digests.read([file], bool)
    return digest, False


def test_a_file_that_changed_just_before_is_read_again(tmp_path: Path):
    digests = FileDigests(Fingerprints(tmp_path / "f", 1), 1)
    path = tmp_path / "in"
    path.write_text("a")
    first, _ = looked_at(path, digests)
    path.write_text("b")  # perhaps within the same tick of the clock of files
    assert looked_at(path, digests)[0] != first
    until_older(path)
    looked_at(path, digests)
    second, was_known = looked_at(path, digests)
    assert was_known
    assert second != first


def until_older(path: Path) -> None:
    """Wait until a file system's clock can't give the file's stamp again."""
    status = path.stat()
    while time.time_ns() <= status.st_ctime_ns + granularity(status):
        time.sleep(0.001)


def test_a_change_that_keeps_size_and_time_is_seen(tmp_path: Path):
    digests = FileDigests(Fingerprints(tmp_path / "f", 1), 1)
    path = tmp_path / "in"
    path.write_text("a")
    status = path.stat()
    until_older(path)
    first, _ = looked_at(path, digests)
    path.write_text("b")
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert looked_at(path, digests)[0] != first
    assert stamp_of(path.stat()) != stamp_of(status)
