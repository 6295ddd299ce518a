"""The whole program with secrets everywhere: none is on disk, in what it prints, or on the screen."""

from __future__ import annotations

import base64
import json
import os
import shlex
import subprocess
import sys
import time
from typing import TYPE_CHECKING
from urllib.parse import quote, quote_plus

import pytest
from support.fork_server import call_in_fork
from support.program import DAGTUI
from support.waiting import wait_for

from dagtui.cli.resume_prompt import question
from dagtui.graph.loading import load
from dagtui.runs.launch import Resumption
from dagtui.runs.redaction import keep_secrets
from dagtui.runs.restore import replay
from dagtui.store.directory import runs
from dagtui.store.journal import JournalReader

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

OUTSIDE = "Tok/en+&'7\"x<zz%y>"
IN_FILE = "in-the-file-9176"
PARAMETER = "of-a-parameter-5521"
KEY = "-----BEGIN KEY-----\nMIIEpAIBAAKCAQEA\nq1w2e3r4t5\n-----END KEY-----"
SECRETS = (OUTSIDE, IN_FILE, PARAMETER, *KEY.split("\n"))

# Writes every form in pieces to standard output and error, to a file that is no log, and fails with it.
PROGRAM = """
import base64, json, os, sys
from urllib.parse import quote, quote_plus
values = [os.environ["API_TOKEN"], os.environ["IN_FILE"], os.environ["PEM"], sys.argv[1]]
for value in values:
    for text in (value, json.dumps({"v": value}), quote(value), quote_plus(value), quote(value, safe=""), repr(value),
                 *(base64.b64encode(b"123"[:n] + value.encode() + b"4567").decode() for n in range(3))):
        data = f"<{text}>\\n".encode()
        for start in range(0, len(data), 7):
            os.write(1 + start % 2, data[start : start + 7])
print("a line:", os.environ["PEM"].splitlines()[1])
print("it got", [len(value) for value in values])
raise SystemExit(f"no: {values[0]} {values[3]}")
"""

GRAPH = f"""
version = 1
name = "with {IN_FILE}"
[params]
password = "to be given"
[env]
IN_FILE = "{IN_FILE}"
PEM = "{{{{ env.KEY_OUTSIDE or 'not set' }}}}"
[run]
secrets = ["API_TOKEN", "IN_FILE", "KEY_OUTSIDE", "password"]
[tasks.print]
doc = "About {IN_FILE}"
run = ["{sys.executable}", "program.py", "{{{{ params.password }}}}"]
allow_failure = true
[tasks.cell]
matrix = {{ t = ["{IN_FILE}", "other"] }}
run = "test {{{{ matrix.t }}}} = other; {{{{ params.password }}}} {IN_FILE}"
retries = 1
retry_delay = 0
[tasks.below]
needs = ["cell"]
run = "true"
[tasks.nowhere]
run = ["/nonexistent/{IN_FILE}/{{{{ params.password }}}}", "{IN_FILE}"]
[tasks.lost]
cwd = "/nonexistent/{{{{ env.API_TOKEN or 'not set' }}}}"
run = "true"
[tasks.long]
run = ["{"x" * 485}{{{{ params.password }}}}"]
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "graph.toml").write_text(GRAPH, encoding="utf-8")
    (tmp_path / "program.py").write_text(PROGRAM, encoding="utf-8")
    return tmp_path


def environment(**changed: str) -> dict[str, str]:
    return {**os.environ, "API_TOKEN": OUTSIDE, "KEY_OUTSIDE": KEY, **changed}


def forms() -> Iterator[bytes]:
    """What must be nowhere, found without the program's own help."""
    for secret in SECRETS:
        for text in (secret, json.dumps(secret)[1:-1], quote(secret), quote_plus(secret), quote(secret, safe="")):
            yield text.encode()
        yield shlex.quote(secret).strip("'").encode()
        for before in range(3):
            encoded = base64.b64encode(b"0" * before + secret.encode())
            yield encoded[4 if before else 0 : len(encoded) // 4 * 4 - 4]


def check_nothing_in(data: bytes, where: object) -> None:
    for form in forms():
        assert form not in data, (where, form)


def files_below(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def run(folder: Path, *words: str, **changed: str) -> subprocess.CompletedProcess[bytes]:
    command = [*DAGTUI, "run", "graph.toml", "-p", f"password={PARAMETER}", *words]
    return subprocess.run(command, cwd=folder, env=environment(**changed), capture_output=True, timeout=120)


def test_nothing_that_a_run_leaves_or_prints_holds_a_secret(folder: Path):
    done = run(folder, "--events", "-")
    assert done.returncode == 1, done.stderr.decode()
    check_nothing_in(done.stdout, "standard output")
    check_nothing_in(done.stderr, "standard error")
    files = files_below(folder / ".dagtui")
    assert {"journal.jsonl", "graph.toml", "history.json"} <= {path.name for path in files}
    for path in files:
        check_nothing_in(path.read_bytes(), path)
        check_nothing_in(os.fsencode(path), "a path")
    # It did have them, and something is left of each text.
    logs = b"\n".join(path.read_bytes() for path in files if path.suffix == ".log")
    assert f"it got [{len(OUTSIDE)}, {len(IN_FILE)}, {len(KEY)}, {len(PARAMETER)}]".encode() in logs
    assert b"no: *** ***" in logs
    assert logs.count(b"***") > 30
    events = [json.loads(line) for line in done.stdout.splitlines()]
    nodes = {event["node"]: event for event in events if event["event"] == "node"}
    assert nodes["cell[t=***]"]["status"] == "FAILED"
    assert '"/nonexistent/***/***" does not exist' in nodes["nowhere"]["why"]
    assert '"/nonexistent/***" does not exist' in nodes["lost"]["why"]
    assert nodes["long"]["why"].endswith("x***…"), nodes["long"]["why"]
    assert b"with *** failed" in done.stderr


@pytest.mark.parametrize("words", [["run"], [], ["check"], ["plan"], ["plan", "--json"]])
def test_a_secret_without_a_value_is_one_clear_error_and_no_run(folder: Path, words: list[str]):
    environment_without = environment()
    del environment_without["API_TOKEN"]
    command = [*DAGTUI, *words, "graph.toml", "-p", f"password={PARAMETER}"]
    done = subprocess.run(command, cwd=folder, env=environment_without, capture_output=True, timeout=60, text=True)
    assert done.returncode == 2
    assert 'graph.toml:10:12: "API_TOKEN" is not set' in done.stderr
    assert 'set it, or remove it from "secrets"' in done.stderr
    assert not (folder / ".dagtui").exists()


@pytest.mark.parametrize("value", [None, "", "qzx9", "{{ env.NOT_SET or 'qzx9' }}"])
def test_check_and_plan_refuse_the_secrets_that_a_run_refuses(tmp_path: Path, value: str | None):
    variables = "" if value is None else f'env = {{ MINE = "{value}" }}'
    text = f'version = 1\n[run]\nsecrets = ["MINE"]\n[tasks.a]\nrun = "true"\n{variables}\n'
    (tmp_path / "graph.toml").write_text(text, encoding="utf-8")
    check, plan, run = (
        call_in_fork([word, "graph.toml"], str(tmp_path), environment()) for word in ("check", "plan", "run")
    )
    assert (check.returncode, plan.returncode, run.returncode) == (2, 2, 2)
    assert "graph.toml:3:12: " in check.stderr
    assert check.stderr == run.stderr == plan.stderr
    assert plan.stdout == ""


def test_a_refused_run_does_not_say_that_it_is_a_new_one(folder: Path):
    assert run(folder).returncode == 1
    changed = environment()
    del changed["API_TOKEN"]
    command = [*DAGTUI, "run", "graph.toml", "-p", f"password={PARAMETER}"]
    done = subprocess.run(command, cwd=folder, env=changed, capture_output=True, timeout=60, text=True)
    assert (done.returncode, done.stdout) == (2, "")
    assert "new run" not in done.stderr
    assert done.stderr.startswith('graph.toml:10:12: "API_TOKEN" is not set')


def test_a_short_value_is_refused_and_not_told(folder: Path):
    done = run(folder, API_TOKEN="qzx9")
    assert done.returncode == 2
    assert b'the value of "API_TOKEN" has fewer than 6 characters' in done.stderr
    assert b"qzx9" not in done.stderr + done.stdout


@pytest.mark.parametrize("words", [["plan"], ["plan", "--json"], ["plan", "--all"]])
def test_a_plan_masks_the_secrets(folder: Path, words: list[str]):
    command = [*DAGTUI, *words, "graph.toml", "-p", f"password={PARAMETER}"]
    done = subprocess.run(command, cwd=folder, env=environment(), capture_output=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert b"with ***" in done.stdout
    check_nothing_in(done.stdout + done.stderr, words)


@pytest.mark.parametrize("words", [["check"], ["plan"]])
def test_what_only_reads_the_file_shows_no_value_that_is_too_short_to_mask(folder: Path, words: list[str]):
    (folder / "graph.toml").write_text(GRAPH.replace(IN_FILE, "qzx9"), encoding="utf-8")
    command = [*DAGTUI, *words, "graph.toml"]
    done = subprocess.run(command, cwd=folder, env=environment(), capture_output=True, timeout=60)
    assert done.returncode == 2
    assert b'the value of "IN_FILE" has fewer than 6 characters' in done.stderr
    assert b"qzx9" not in done.stdout


def test_nothing_that_is_told_of_a_live_run_holds_a_secret(folder: Path, short_path: Path):
    graph = GRAPH.replace("[tasks.nowhere]", "[tasks.goes_on]\nrun = 'sleep 600 # " + IN_FILE + "'\n[tasks.nowhere]")
    (folder / "graph.toml").write_text(graph, encoding="utf-8")
    sockets = short_path / "sockets"
    env = environment(DAGTUI_SOCKET_DIR=str(sockets))

    def call(*words: str) -> bytes:
        done = call_in_fork(words, str(folder), env)
        check_nothing_in((done.stdout + done.stderr).encode(), words)
        return done.stdout.encode()

    command = [*DAGTUI, "run", "graph.toml", "-j20", "-p", f"password={PARAMETER}"]
    with (folder / "out").open("wb") as out, subprocess.Popen(command, cwd=folder, env=env, stdout=out) as live:
        try:
            wait_for(lambda: list(sockets.glob("*.sock")), "its socket")
            call("wait", "graph.toml", "print", "cell", "below", "nowhere", "lost", "long")
            assert b"with ***" in call("status", "graph.toml")
            failures = json.loads(call("status", "graph.toml", "--json"))["failures"]
            assert "cell[t=***]" in {node["node"] for node in failures}
            assert b"with ***" in call("status")
            assert b"cell[t=***]" in call("retry", "graph.toml", "cell", "--dry-run")
            assert b"cell[t=***]" in call("retry", "graph.toml", "--failed", "--dry-run", "--json")
            assert b"live" in call("runs", "graph.toml")
            assert b"state" in call("runs", "graph.toml", "--json")
        finally:
            live.terminate()
    assert b"cancelled" in call("runs", "graph.toml")
    check_nothing_in((folder / "out").read_bytes(), "standard output")


def test_the_question_about_the_last_run_holds_no_secret(folder: Path):
    run(folder)
    (folder / "graph.toml").write_text(GRAPH.replace("| true", IN_FILE).replace('"true"', f'"echo {IN_FILE}"'))
    env = environment()
    given = load(folder / "graph.toml", {"password": "another-parameter-1"})
    shown, _ = keep_secrets(given, env)
    (directory,) = runs(folder / "graph.toml")
    last = replay(shown, directory, JournalReader(directory.journal_path))
    text = question(last, Resumption(directory), time.time())
    assert " done" in text
    assert "Changed since" in text
    check_nothing_in(text.encode(), "the question")
