"""States that a caller leaves a program in: a result or one sentence comes of each, never a traceback."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from faults.test_second_user import ORDINARY, needs_two_users
from support.program import DAGTUI, ENVIRONMENT, write
from support.session_harness import SessionHarness

if TYPE_CHECKING:
    from collections.abc import Iterator

GRAPH = '[tasks.a]\nrun = "echo out"\n[tasks.b]\nneeds = ["a"]\nrun = "sleep 0.02; echo two"\n'
OWN_MOUNTS = ["unshare", "-m"] if os.geteuid() == 0 else ["unshare", "-rm"]


def has_own_mounts() -> bool:
    return subprocess.run([*OWN_MOUNTS, "mount", "-t", "tmpfs", "none", "/mnt"], capture_output=True).returncode == 0


needs_mounts = pytest.mark.skipif(not has_own_mounts(), reason="needs mount namespaces")


def call(state: str, *words: str, cwd: Path, prefix: tuple[str, ...] = ()) -> subprocess.CompletedProcess[str]:
    """Call the program from a shell that has put itself into a state; `"$@"` in that is the program with its words."""
    command = ["sh", "-c", state if '"$@"' in state else f'{state}; exec "$@"', "sh", *DAGTUI, *words]
    environment = {name: value for name, value in ENVIRONMENT.items() if name != "PYTHONUNBUFFERED"}
    return subprocess.run(
        [*prefix, *command],
        cwd=cwd,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        stdin=subprocess.DEVNULL,
    )


def is_a_sentence(text: str) -> bool:
    """One line from the program itself, without what only a programmer understands."""
    return text.startswith("dagtui: ") and text.count("\n") == 1 and "Traceback" not in text and "Errno" not in text


# The current folder has been removed

GONE = "mkdir gone; cd gone; rmdir ../gone"


@pytest.mark.parametrize("words", ["run ../graph.toml", "graph.toml", "runs", "init", "status g.toml", "check"])
def test_a_relative_path_from_a_folder_that_is_gone(tmp_path: Path, words: str):
    write(tmp_path, GRAPH)
    done = call(GONE, *words.split(), cwd=tmp_path)
    assert done.returncode == 2
    assert is_a_sentence(done.stderr), done.stderr
    assert f"the current folder {tmp_path}/gone does not exist any more: change to one that does" in done.stderr


@pytest.mark.parametrize("words", ["run", "logs"])
def test_an_absolute_path_from_there_works(tmp_path: Path, words: str):
    graph = write(tmp_path, GRAPH)
    if words == "logs":
        assert call(":", "run", str(graph), cwd=tmp_path).returncode == 0
    done = call(GONE, words, str(graph), *(["b"] if words == "logs" else []), cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_screen_from_there_works(tmp_path: Path, short_path: Path):
    harness = SessionHarness(tmp_path, short_path)
    harness.write(GRAPH)
    try:
        terminal = harness.start(["sh", "-c", f'{GONE}; exec "$@"', "sh", *DAGTUI, str(tmp_path / "graph.toml")])
        terminal.wait_for_text("q quit")
        terminal.send("d")
        assert terminal.wait_for_end() == 0
    finally:
        harness.clear()


# Descriptors


@pytest.mark.parametrize(
    ("closed", "calls"),
    [
        ("<&-", {"graph.toml": 0, "attach": 2}),
        (">&-", {"run graph.toml": 0, "--help": 2}),
        ("2>&-", {"graph.toml": 0, "check nothing.toml": 2}),
        ("<&- >&- 2>&-", {"run graph.toml": 0, "run -": 2}),
    ],
)
def test_closed_descriptors(tmp_path: Path, closed: str, calls: dict[str, int]):
    write(tmp_path, GRAPH)
    for words, status in calls.items():
        done = call(f'exec "$@" {closed}', *words.split(), cwd=tmp_path)
        assert done.returncode == status, (words, done.stderr)
        assert "Traceback" not in done.stderr


@pytest.mark.parametrize("words", ["--help", "--version", "run --help", "check graph.toml"])
def test_an_output_that_takes_nothing(tmp_path: Path, words: str):
    write(tmp_path, GRAPH)
    done = call('exec "$@" >/dev/full', *words.split(), cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr == "dagtui: can't write to standard output: No space left on device\n"


def test_an_output_that_does_not_block(tmp_path: Path):
    """Another program that has the same pipe may have made it so: what does not fit at once is written later."""
    write(tmp_path, '[tasks.a]\nmatrix = { n = [{}] }\nrun = "true"\n'.replace("{}", ",".join(map(str, range(3000)))))
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    command = [*DAGTUI, "plan", "graph.toml", "--json"]
    with subprocess.Popen(command, cwd=tmp_path, env=ENVIRONMENT, stdout=writer, stderr=subprocess.PIPE) as it:
        os.close(writer)
        with open(reader, "rb") as file:
            assert file.read().count(b'"a[n=') >= 3000
        assert it.stderr is not None
        assert it.stderr.read() == b""
    assert it.returncode == 0


# Limits


@pytest.mark.parametrize(
    ("limit", "said"),
    [
        ("-f 1", "raise it (ulimit -f)"),
        ("-f 64", "raise it (ulimit -f)"),
        ("-n 8", "only 8 files may be open at once, and a run needs 24: raise the limit (ulimit -n)"),
    ],
)
def test_limits_that_no_run_can_live_with(tmp_path: Path, limit: str, said: str):
    write(tmp_path, GRAPH)
    for words in (["run", "graph.toml"], ["graph.toml"]):
        done = call(f"ulimit {limit}", *words, cwd=tmp_path)
        assert done.returncode == 2
        assert is_a_sentence(done.stderr), done.stderr
        assert said in done.stderr
    assert not (tmp_path / ".dagtui").exists(), "a run that never began is left behind"


@needs_two_users
def test_a_mask_that_takes_files_from_their_owner(tmp_path: Path):
    write(tmp_path, GRAPH)
    done = call("umask 777", "run", "graph.toml", cwd=tmp_path, prefix=tuple(ORDINARY))
    assert (done.returncode, done.stderr) == (0, "")
    assert call(":", "runs", "graph.toml", cwd=tmp_path, prefix=tuple(ORDINARY)).stdout.split()[1] == "completed"


# What machines have


@pytest.fixture
def harness(tmp_path: Path, short_path: Path) -> Iterator[SessionHarness]:
    made = SessionHarness(tmp_path, short_path)
    made.write(GRAPH)
    yield made
    made.clear()


MISSING = {
    "/dev/null": ("mount -t tmpfs none /dev", "mknod -m 666 /dev/null c 1 3"),
    "/proc": ("umount -l /proc", "mount it (mount -t proc proc /proc)"),
}


@needs_mounts
@pytest.mark.parametrize("missing", MISSING)
def test_what_a_run_needs_of_the_machine(tmp_path: Path, missing: str):
    write(tmp_path, GRAPH)
    state, hint = MISSING[missing]
    for words, status in (("run graph.toml", 2), ("graph.toml", 2), ("check graph.toml", 0), ("run graph.toml <&-", 2)):
        call_of, _, closed = words.partition(" <")
        done = call(
            f'{state}; exec "$@" {f"<{closed}" if closed else ""}',
            *call_of.split(),
            cwd=tmp_path,
            prefix=tuple(OWN_MOUNTS),
        )
        assert done.returncode == status, done.stderr
        if status:
            assert is_a_sentence(done.stderr), done.stderr
            assert missing in done.stderr
            assert hint in done.stderr
    assert not (tmp_path / ".dagtui").exists()


@needs_mounts
def test_a_screen_needs_no_list_of_its_descriptors(harness: SessionHarness):
    """Where there is no /dev/fd."""
    bound = harness.folder / "bound"
    bound.mkdir()
    subprocess.run(["cp", "-a", "/dev/null", "/dev/zero", "/dev/urandom", bound], check=True)
    state = "mount -t tmpfs none /dev; cp -a bound/* /dev"
    terminal = harness.start([*OWN_MOUNTS, "sh", "-c", f'{state}; exec "$@"', "sh", *DAGTUI, "graph.toml"])
    terminal.wait_for_text("q quit")
    terminal.send("d")
    assert terminal.wait_for_end() == 0


def test_no_environment_at_all(tmp_path: Path):
    write(tmp_path, GRAPH)
    command = [sys.executable, "-m", "dagtui", "run", str(tmp_path / "graph.toml")]
    root = Path(__file__).parents[2]
    done = subprocess.run(command, env={}, cwd=root, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
