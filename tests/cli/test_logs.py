"""`dagtui logs`: the right log of the right attempt, safe on a terminal, unchanged in a pipe, followed to its end."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import zlib
from pathlib import Path

import pytest
from support.program import DAGTUI, ENVIRONMENT, call, on_a_terminal, shell, write
from support.waiting import wait_for

MATRIX = """
[tasks.train]
run = "echo seed {{ matrix.seed }} size {{ matrix.size }}"
[tasks.train.matrix]
seed = [1, 2]
size = ["s", "l"]
exclude = [{ seed = 2, size = "l" }]
[tasks.quiet]
run = "exit 3"
[tasks.held]
needs = ["quiet"]
run = "echo held"
[tasks.hostile]
run = '''printf '\\033[31mred\\033[0m \\033]0;title\\007\\033[2J\\033[5n\\000\\377 10 %%\\r100 %%\\nlast' '''
[tasks.again]
retries = 1
retry_delay = 0
run = "echo attempt $DAGTUI_ATTEMPT; [ $DAGTUI_ATTEMPT = 2 ]"
"""
HOSTILE = b"\x1b[31mred\x1b[0m \x1b]0;title\x07\x1b[2J\x1b[5n\x00\xff 10 %\r100 %\nlast"


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("ran")
    write(folder, MATRIX)
    assert call("run", "graph.toml", cwd=folder).returncode == 1
    return folder


def test_of_a_run_of_a_later_dagtui_logs_are_read_and_silence_is_not_explained(tmp_path: Path):
    write(tmp_path, MATRIX)
    call("run", "graph.toml", cwd=tmp_path)
    journal = tmp_path / ".dagtui/graph/runs/1/journal.jsonl"
    first, rest = journal.read_bytes().split(b"\n", 1)
    head = first.rpartition(b',"crc"')[0].replace(b'"version":1', b'"version":2')
    journal.write_bytes(b'%b,"crc":"%08x"}\n%b' % (head, zlib.crc32(head), rest))
    assert call("logs", "graph.toml", "again", cwd=tmp_path).stdout == "attempt 2\n"
    done = call("logs", "graph.toml", "quiet", cwd=tmp_path)
    assert done.stdout == ""
    assert done.stderr == (
        "dagtui: quiet left no log in run 1, and its status is unknown: "
        f"can't read the journal {journal}: it was written by a later version of dagtui (format 2)\n"
    )


@pytest.mark.parametrize(
    ("words", "text"),
    [
        ("train[seed=1,size=s]", "seed 1 size s"),
        ("train[size=s, seed=1]", "seed 1 size s"),
        ("train[seed=2]", "seed 2 size s"),
        ("train[size=l]", "seed 1 size l"),
        ("again", "attempt 2"),
    ],
)
def test_a_node_by_its_label_its_task_or_its_cell(ran: Path, words: str, text: str):
    done = call("logs", "graph.toml", words, cwd=ran)
    assert (done.returncode, done.stdout, done.stderr) == (0, text + "\n", "")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["train"], "train[seed=1,size=l]"),
        (["train[size=s]"], "means 2 nodes"),
        (["train[seed=3]"], "its values are 1, 2"),
        (["train[seed=2,size=l]"], "the matrix excludes it"),
        (["trian"], 'did you mean "train"?'),
        (["again", "--attempt", "3"], "the last attempt is 2"),
        (["again", "--run", "7"], "has no run 7; it has 1"),
    ],
)
def test_what_is_not_there_is_said_with_alternatives(ran: Path, words: list[str], message: str):
    done = call("logs", "graph.toml", *words, cwd=ran)
    assert done.returncode == 2
    assert done.stdout == ""
    assert message in done.stderr
    assert "Traceback" not in done.stderr


def test_no_run_yet(tmp_path: Path):
    write(tmp_path, MATRIX)
    done = call("logs", "graph.toml", "again", cwd=tmp_path)
    assert done.returncode == 2
    assert "no run yet" in done.stderr


@pytest.mark.parametrize(
    ("node", "reason"),
    [
        ("quiet", "quiet printed nothing, failed: exit 3"),
        ("held", "held has not started in run 1 (blocked by quiet)"),
    ],
)
def test_why_there_is_no_output(ran: Path, node: str, reason: str):
    done = call("logs", "graph.toml", node, cwd=ran)
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr == f"dagtui: {reason}\n"


def test_an_earlier_attempt_and_its_path(ran: Path):
    assert call("logs", "graph.toml", "again", "--attempt", "1", cwd=ran).stdout == "attempt 1\n"
    path = Path(call("logs", "graph.toml", "again", "--attempt", "1", "--path", cwd=ran).stdout.removesuffix("\n"))
    assert path.read_text() == "attempt 1\n"


def test_into_a_pipe_go_the_bytes_as_they_were_printed(ran: Path):
    done = subprocess.run([*DAGTUI, "logs", "graph.toml", "hostile"], cwd=ran, capture_output=True, env=ENVIRONMENT)
    assert done.stdout == HOSTILE


def test_on_a_terminal_only_colours_are_left(ran: Path):
    shown = on_a_terminal("logs", "graph.toml", "hostile", cwd=ran)
    assert shown == b"100 %@\xef\xbf\xbd 10 %\r\nlast\r\n"
    assert on_a_terminal("logs", "graph.toml", "hostile", "--raw", cwd=ran).replace(b"\r\n", b"\n") == HOSTILE


def test_on_a_terminal_lines_are_as_it_would_have_been_left_with_them(tmp_path: Path):
    script = r'printf "a waits\nb waits\n\033[2A\033[2Ka is done\n\033[2Kb is done\nStart .....\r[ OK ]\n"'
    write(tmp_path, f"[tasks.a]\nrun = '{script}'\n")
    assert call("run", "graph.toml", cwd=tmp_path).returncode == 0
    shown = on_a_terminal("logs", "graph.toml", "a", cwd=tmp_path).decode().splitlines()
    assert shown == ["a is done", "b is done", "[ OK ]....."]
    assert "a waits" in call("logs", "graph.toml", "a", cwd=tmp_path).stdout, "a pipe gets the bytes"


def test_colours_on_a_terminal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    write(tmp_path, "[tasks.a]\nrun = '''printf '\\033[31mred\\033[0m \\033[2J\\007x\\n' '''\n")
    assert call("run", "graph.toml", cwd=tmp_path).returncode == 0
    assert on_a_terminal("logs", "graph.toml", "a", cwd=tmp_path) == b"\x1b[31mred\x1b[0m ^Gx\r\n"
    monkeypatch.setitem(ENVIRONMENT, "NO_COLOR", "1")
    assert on_a_terminal("logs", "graph.toml", "a", cwd=tmp_path) == b"red ^Gx\r\n"


@pytest.mark.parametrize(("lines", "text"), [(0, ""), (1, "3"), (2, "2\n3"), (3, "1\n2\n3"), (9, "1\n2\n3")])
def test_the_last_lines(tmp_path: Path, lines: int, text: str):
    write(tmp_path, "[tasks.a]\nrun = '''printf '1\\n2\\n3' '''\n[tasks.b]\nrun = '''printf '1\\n2\\n3\\n' '''\n")
    assert call("run", "graph.toml", cwd=tmp_path).returncode == 0
    assert call("logs", "graph.toml", "a", "-n", str(lines), cwd=tmp_path).stdout == text
    assert call("logs", "graph.toml", "b", "-n", str(lines), cwd=tmp_path).stdout == (text and text + "\n")


def test_a_run_whose_journal_is_gone_still_has_its_logs(tmp_path: Path):
    write(tmp_path, MATRIX)
    assert call("run", "graph.toml", cwd=tmp_path).returncode == 1
    (tmp_path / ".dagtui/graph/runs/1/journal.jsonl").unlink()
    assert call("logs", "graph.toml", "again", cwd=tmp_path).stdout == "attempt 2\n"


def test_a_log_is_followed_through_its_attempts_until_the_node_is_settled(tmp_path: Path):
    write(
        tmp_path,
        '[tasks.b]\nretries = 1\nretry_delay = 0.2\nrun = """\necho one $DAGTUI_ATTEMPT\n'
        'while [ ! -e go ]; do sleep 0.02; done\necho two $DAGTUI_ATTEMPT\n[ $DAGTUI_ATTEMPT = 2 ]\n"""\n'
        '[tasks.c]\nneeds = ["b"]\nrun = "while [ ! -e stop ]; do sleep 0.02; done"\n',
    )
    with subprocess.Popen(
        [*DAGTUI, "run", "graph.toml"], cwd=tmp_path, stdout=subprocess.DEVNULL, env=ENVIRONMENT
    ) as it:
        runs = tmp_path / ".dagtui/graph/runs/1/journal.jsonl"
        wait_for(runs.exists, "the run began")
        followers = [
            subprocess.Popen(
                [*DAGTUI, "logs", "graph.toml", node, "-f", *more], cwd=tmp_path, stdout=subprocess.PIPE, text=True,
                stderr=subprocess.PIPE, env=ENVIRONMENT,
            )
            for node, more in (("b", ()), ("c", ()))
        ]  # fmt: skip
        assert followers[0].stdout is not None
        first = followers[0].stdout.readline()  # it follows before anything else happens
        (tmp_path / "go").touch()
        output, errors = followers[0].communicate(timeout=60)
        still_runs = it.poll() is None
        (tmp_path / "stop").touch()
        assert (first, output, errors) == ("one 1\n", "two 1\none 2\ntwo 2\n", "")
        assert still_runs, "the node is settled, the run goes on"
        output, errors = followers[1].communicate(timeout=60)
        assert output == ""
        assert "c printed nothing" in errors
        assert it.wait(60) == 0


def test_following_ends_when_the_run_is_lost(tmp_path: Path):
    write(tmp_path, '[tasks.a]\nrun = "echo begun; sleep 60"\n')
    with subprocess.Popen(
        [*DAGTUI, "run", "graph.toml"], cwd=tmp_path, stdout=subprocess.DEVNULL, env=ENVIRONMENT
    ) as it:
        wait_for(lambda: call("logs", "graph.toml", "a", cwd=tmp_path).stdout == "begun\n", "the node printed")
        words = [*DAGTUI, "logs", "graph.toml", "a", "-f"]
        with subprocess.Popen(words, cwd=tmp_path, stdout=subprocess.PIPE, text=True, env=ENVIRONMENT) as follower:
            assert follower.stdout is not None
            assert follower.stdout.readline() == "begun\n"
            it.send_signal(signal.SIGKILL)
            assert follower.wait(60) == 0


def test_who_follows_a_node_that_has_not_started_is_told_so(tmp_path: Path):
    write(
        tmp_path, '[tasks.a]\nrun = "while [ ! -e go ]; do sleep 0.02; done"\n[tasks.b]\nneeds = ["a"]\nrun = "true"\n'
    )
    with subprocess.Popen(
        [*DAGTUI, "run", "graph.toml"], cwd=tmp_path, stdout=subprocess.DEVNULL, env=ENVIRONMENT
    ) as it:
        wait_for((tmp_path / ".dagtui/graph/runs/1/journal.jsonl").exists, "the run began")
        terminal, end = pty.openpty()
        words = [*DAGTUI, "logs", "graph.toml", "b", "-f"]
        with subprocess.Popen(words, cwd=tmp_path, stdout=subprocess.PIPE, stderr=end, env=ENVIRONMENT) as follower:
            os.close(end)
            with os.fdopen(terminal, "rb", buffering=0) as said:
                assert b"b has not started in run 1 (waits for its parents)\r\n" in said.readline()
                (tmp_path / "go").touch()
                assert follower.communicate(timeout=60)[0] == b""
        assert (follower.returncode, it.wait(60)) == (0, 0)


def test_ctrl_c_ends_following_quietly(tmp_path: Path):
    write(tmp_path, '[tasks.a]\nrun = "echo begun; sleep 60"\n')
    with subprocess.Popen(
        [*DAGTUI, "run", "graph.toml"], cwd=tmp_path, stdout=subprocess.DEVNULL, env=ENVIRONMENT
    ) as it:
        wait_for(lambda: call("logs", "graph.toml", "a", cwd=tmp_path).stdout == "begun\n", "the node printed")
        words = [*DAGTUI, "logs", "graph.toml", "a", "-f"]
        with subprocess.Popen(
            words, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=ENVIRONMENT
        ) as follower:
            assert follower.stdout is not None
            assert follower.stderr is not None
            assert follower.stdout.readline() == "begun\n"
            follower.send_signal(signal.SIGINT)
            assert follower.wait(60) == 130
            assert follower.stderr.read() == ""
        it.send_signal(signal.SIGTERM)


def test_a_reader_that_has_enough(tmp_path: Path):
    write(tmp_path, '[tasks.a]\nrun = "seq 100000"\n')
    assert call("run", "graph.toml", cwd=tmp_path).returncode == 0
    done = shell("dagtui logs graph.toml a | head -1; echo ${PIPESTATUS[0]}", tmp_path)
    assert done.stdout == "1\n141\n"
    assert done.stderr == ""
