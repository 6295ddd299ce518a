"""Attempts one after another in one process, as a scheduler starts it."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from typing import TYPE_CHECKING

import pytest
from support.far_side import recorded, run_job, shipped_agent, spec
from support.waiting import SECONDS, wait_for

from dagtui.execution.agent.secret_halves import VARIABLE, new_half, other_half
from dagtui.execution.agent.spool import Spool

if TYPE_CHECKING:
    from pathlib import Path


def shell(key: str, text: str, **fields: object) -> dict[str, object]:
    return spec(key, "/bin/sh", "-c", text, fence=0.1) | fields


def split_secrets(folder: Path, secrets: dict[str, str], *keys: str) -> dict[str, str]:
    """Put one half of secrets into the spool for some attempts, and return the other one as a variable."""
    half = new_half(secrets)
    for made in (folder / "spool", folder / "spool" / "halves"):
        made.mkdir(0o700, exist_ok=True)
    for key in keys:
        (folder / "spool" / "halves" / key).write_bytes(half)
    return {VARIABLE: other_half(half, secrets)}


def names(folder: Path, kind: str) -> set[str]:
    return {path.name for path in (folder / "spool" / kind).iterdir()}


def kinds(folder: Path) -> dict[str, object]:
    return {key: recorded(folder, key)["kind"] for key in names(folder, "ended")}


def test_a_batch_sent_twice_runs_every_attempt_once(tmp_path: Path):
    trace = tmp_path / "trace"
    batch = [shell(f"node-{number}", f"echo {number} >> {trace}; sleep 0.01") for number in range(20)]
    copies = [run_job(tmp_path, *batch, lines=lines) for lines in ("0-19", "0-19", "10-14", "7")]
    assert [copy.wait(SECONDS) for copy in copies] == [0] * 4
    assert sorted(map(int, trace.read_text().split())) == list(range(20))
    assert set(kinds(tmp_path).values()) == {"exit"}
    assert names(tmp_path, "guardians") == set()


def test_only_the_lines_that_it_is_given_run(tmp_path: Path):
    assert run_job(tmp_path, *[shell(f"node-{n}", "true") for n in range(5)], lines="1-3").wait(SECONDS) == 0
    assert names(tmp_path, "claims") == {"node-1", "node-2", "node-3"}


def test_a_request_to_end_leaves_alone_what_was_not_claimed(tmp_path: Path):
    job = run_job(tmp_path, shell("runs", "sleep 60"), shell("comes", "true"))
    wait_for((tmp_path / "spool" / "claims" / "runs").exists)
    job.terminate()
    assert job.wait(SECONDS) == 0
    assert kinds(tmp_path) == {"runs": "outside"}
    assert names(tmp_path, "claims") == {"runs"}


def test_a_request_to_end_with_a_stop_ends_only_that_attempt(tmp_path: Path):
    runs = shell("runs", f"touch {tmp_path}/trace; sleep 60", fence=60)
    job = run_job(tmp_path, runs, shell("comes", "true"), shell("stopped", "true"))
    wait_for((tmp_path / "trace").exists)
    for key in ("runs", "stopped"):
        (tmp_path / "spool" / "stops" / key).touch()
    job.terminate()
    assert job.wait(SECONDS) == 0
    assert kinds(tmp_path) == {"runs": "stopped", "comes": "exit", "stopped": "withdrawn"}


def test_a_request_to_end_after_a_stop_took_effect_belongs_to_it(tmp_path: Path):
    job = run_job(
        tmp_path, shell("before", f"touch {tmp_path}/trace; sleep 1"), shell("stopped", ""), shell("comes", "sleep 2")
    )
    wait_for((tmp_path / "trace").exists)
    (tmp_path / "spool" / "stops" / "stopped").touch()
    wait_for((tmp_path / "spool" / "claims" / "stopped").exists)
    job.terminate()
    assert job.wait(SECONDS) == 0
    assert kinds(tmp_path) == {"before": "exit", "stopped": "withdrawn", "comes": "exit"}


def test_a_request_to_end_at_any_moment_of_the_start_is_never_lost(tmp_path: Path):
    """It may find the interpreter, the agent or the attempt. No attempt is claimed and has no end."""
    for number in range(16):
        folder = tmp_path / str(number)
        folder.mkdir()
        job = run_job(folder, shell("node", "sleep 60"))
        time.sleep(number * 0.012)
        job.terminate()
        assert job.wait(SECONDS) in {0, -signal.SIGTERM}
        claimed = (folder / "spool" / "claims" / "node").exists()
        assert not claimed or kinds(folder) == {"node": "outside"}


def test_secrets_come_in_two_halves_and_are_in_no_file_and_no_other_attempt(tmp_path: Path):
    word = "geheim-in-der-nacht"
    told = shell("told", "echo $TOKEN; env | grep -c night= ; cat /proc/$$/cmdline", secret_names=["TOKEN"])
    plain = shell("plain", "env", fence=0)
    valued = shell("valued", "echo a=$TOKEN > $DAGTUI_OUTPUT", secret_names=["TOKEN"])
    variable = split_secrets(tmp_path, {"TOKEN": word}, "told", "valued")
    assert run_job(tmp_path, told, plain, valued, env=variable).wait(SECONDS) == 0
    assert (tmp_path / "spool" / "logs" / "told").read_text().startswith("***\n0\n")
    printed = (tmp_path / "spool" / "logs" / "plain").read_text()
    assert "TOKEN" not in printed
    assert "DAGTUI_SECRETS" not in printed
    assert recorded(tmp_path, "valued")["output"] == "a=***\n"
    found = subprocess.run(["grep", "-r", "-l", word, str(tmp_path)], capture_output=True, text=True)
    assert found.stdout == ""
    assert names(tmp_path, "halves") == set(), "a half is gone when its attempt has begun"


@pytest.mark.parametrize("missing", ["disk", "environment", "another one"])
def test_without_one_half_of_its_secrets_an_attempt_does_not_start(tmp_path: Path, missing: str):
    variable = split_secrets(tmp_path, {"TOKEN": "geheim-in-der-nacht"}, "told")
    if missing == "disk":
        (tmp_path / "spool" / "halves" / "told").unlink()
    elif missing == "environment":
        variable = {}
    else:
        (tmp_path / "spool" / "halves" / "told").write_bytes(os.urandom(256))
    told = shell("told", f"touch {tmp_path}/trace", secret_names=["TOKEN"])
    assert run_job(tmp_path, told, shell("next", "true"), env=variable).wait(SECONDS) == 0
    assert kinds(tmp_path) == {"told": "could not start", "next": "exit"}
    assert recorded(tmp_path, "told")["what"] == "secrets"
    assert not (tmp_path / "trace").exists()


def test_a_batch_that_is_missing_or_torn_is_said_in_one_line(tmp_path: Path):
    run_job(tmp_path).wait(SECONDS)
    (tmp_path / "spool" / "specs" / "torn").write_text('{"key": "a')
    agent, spool = str(shipped_agent()), str(tmp_path / "spool")
    for batch in ("none", "torn"):
        command = ["python3", "-I", "-S", agent, "job", spool, batch, "0"]
        done = subprocess.run(command, capture_output=True, text=True, env=os.environ)
        assert done.returncode == 1
        assert done.stderr.count("\n") == 1
        assert done.stderr.startswith("dagtui agent: ")


def test_a_folder_is_changed_so_that_network_disks_list_it_anew(tmp_path: Path) -> None:
    spool = Spool(str(tmp_path / "spool"))
    spool.claim("a", {})
    before = os.stat(spool.file("claims", "")).st_mtime_ns
    wait_for(lambda: (spool.change("claims"), os.stat(spool.file("claims", "")).st_mtime_ns)[1] > before)
    assert os.listdir(spool.file("claims", "")) == ["a"]
