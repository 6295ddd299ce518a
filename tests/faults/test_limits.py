"""Too few descriptors, too few processes, too many nodes: the run goes on where it can, and says what it can't."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from faults.program import Headless, release, write_graph
from support.families import family_command
from support.journals import read_journal
from support.process_listing import gone
from support.waiting import wait_for

from dagtui.execution.local.requirements import FILES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from faults.program import Run

NO_FILES = "no file descriptors left (see ulimit -n); nodes begin as others end"
NO_PROCESSES = "the limit of processes is reached (see ulimit -u); nodes begin as others end"


def tasks(count: int, run: str, more: str = "") -> str:
    return "".join(f"[tasks.n{number}]\nrun = {json.dumps(run)}\n{more}\n" for number in range(count))


def reasons(run: Run) -> dict[str, int]:
    """Why nodes have failed, and how many."""
    why = run.last("why")
    failed = [str(why[node]) for node, status in run.statuses.items() if status == "FAILED"]
    return {reason: failed.count(reason) for reason in failed}


def notes(run: Run) -> list[str]:
    """What was noted about limits, for the run as a whole."""
    texts = [str(event["text"]) for event in run.journal() if event["event"] == "note" and "node" not in event]
    return [text for text in texts if "ulimit" in text]


def is_sound(run: Run) -> bool:
    """Whether nothing crashed and the record is whole and ended."""
    assert run.crashes == []
    assert read_journal(run.directory / "journal.jsonl").problem is None
    assert run.journal()[-1]["what"] == "ended"
    return True


def test_64_descriptors_are_enough_for_any_number_of_nodes(tmp_path: Path):
    write_graph(tmp_path, tasks(200, "echo $DAGTUI_NODE"))
    with Headless(tmp_path, "-j8", limits="ulimit -n 64") as run:
        assert run.end() == 0, run.printed
        assert is_sound(run)
        assert [run.log(f"n{number}") for number in range(200)] == [b"n%d\n" % number for number in range(200)]


def test_500_nodes_at_once(tmp_path: Path):
    os.mkfifo(tmp_path / "hold")
    write_graph(tmp_path, tasks(500, "echo up; read line < hold || true; echo $DAGTUI_NODE"))
    with Headless(tmp_path, "-j500") as run:
        release(tmp_path / "hold", lambda: run.statuses and set(run.statuses.values()) == {"COMPLETED"})
        assert run.end() == 0, run.printed
        assert is_sound(run)
        assert [run.log(f"n{number}") for number in range(500)] == [b"up\nn%d\n" % number for number in range(500)]


@pytest.mark.parametrize("limit", [FILES, 64])
def test_more_nodes_at_once_than_descriptors(tmp_path: Path, limit: int):
    os.mkfifo(tmp_path / "hold")
    write_graph(tmp_path, tasks(120, "echo up; read line < hold || true; echo released"))
    with Headless(tmp_path, "-j120", limits=f"ulimit -n {limit}") as run:
        wait_for(lambda: notes(run))
        release(tmp_path / "hold", lambda: list(run.statuses.values()) == ["COMPLETED"] * 120)
        assert run.end() == 0, run.printed
        assert is_sound(run)
        assert notes(run) == [NO_FILES], "once is enough"
        assert [run.log(f"n{number}") for number in range(120)] == [b"up\nreleased\n"] * 120
        assert set(run.last("attempt").values()) == {1}


@pytest.mark.parametrize("limit", [40, 41])  # each pipe takes two: one may be left
def test_what_a_node_leaves_is_found_without_a_descriptor_to_spare(tmp_path: Path, token: str, limit: int):
    os.mkfifo(tmp_path / "hold")
    command = json.dumps(family_command(token, "stay"))
    text = f"[tasks.family]\nrun = {command}\ngrace = 0.3\ntimeout = 1.5\n"
    write_graph(tmp_path, text + tasks(60, "read line < hold || true"))
    with Headless(tmp_path, "-j80", limits=f"ulimit -n {limit}") as run:
        run.wait_for(family="FAILED", n0="RUNNING")
        wait_for(lambda: gone(token))
        release(tmp_path / "hold", lambda: run.journal()[-1]["event"] == "run")
        assert run.end() == 1
        assert is_sound(run)
        assert set(reasons(run)) == {"timeout after 1.5 s"}
        assert NO_FILES in notes(run)


READS = "+dac_override,+dac_read_search"  # the interpreter may lie in root's own directory
OWN_LIMIT = (
    # Root is exempt, and what a user runs besides must not count.
    ["setpriv", "--reuid=54321", "--regid=54321", "--clear-groups", f"--inh-caps={READS}", f"--ambient-caps={READS}"]
    if os.geteuid() == 0
    else ["unshare", "--user", "--map-root-user"]
)


def has_own_limit() -> bool:
    """Whether processes can be limited without regard to those that run already."""
    tried = subprocess.run(
        [*OWN_LIMIT, "prlimit", "--nproc=1", "sh", "-c", "true; sh -c : & wait"], capture_output=True
    )
    return b"fork" in tried.stderr


@pytest.fixture
def own_folder() -> Iterator[Path]:
    """A directory of whoever has a limit of their own."""
    with tempfile.TemporaryDirectory() as name:
        if os.geteuid() == 0:
            os.chown(name, 54321, 54321)
        yield Path(name)


@pytest.mark.skipif(not has_own_limit(), reason="needs setpriv or user namespaces, and prlimit")
def test_more_nodes_at_once_than_processes(own_folder: Path):
    os.mkfifo(own_folder / "hold")
    (own_folder / "hold").chmod(0o666)
    write_graph(own_folder, tasks(40, "read line < hold || true; echo released"))
    with Headless(own_folder, "-j40", prefix=[*OWN_LIMIT, "prlimit", "--nproc=14"]) as run:
        wait_for(lambda: notes(run))
        release(own_folder / "hold", lambda: list(run.statuses.values()) == ["COMPLETED"] * 40)
        assert run.end() == 0, run.printed
        assert is_sound(run)
        assert notes(run) == [NO_PROCESSES]
        assert [run.log(f"n{number}") for number in range(40)] == [b"released\n"] * 40
