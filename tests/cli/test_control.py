"""Commands on a live run, as a script gives them: `dagtui run` in the background, and a process for each command."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from support.fork_server import ForkedProgram, call_in_fork, start_in_fork
from support.program import DAGTUI, ENVIRONMENT
from support.waiting import wait_for

from dagtui.cli import control
from dagtui.cli.control import ORDERS
from dagtui.cli.main import COMMANDS
from dagtui.control.client import ControlClient
from dagtui.control.sockets import PROTOCOL, Peer
from dagtui.store.paths import folder_with_runs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Live = Callable[..., "LiveGraph"]


GRAPH = """
version = 1
[tasks.fetch]
run = "true"
[tasks.bad]
needs = ["fetch"]
run = "exit 3"
[tasks.after]
needs = ["bad"]
run = "true"
[tasks.train]
needs = ["fetch"]
run = "exec sleep 600"
matrix = { seed = [1, 2] }
[tasks.eval]
needs = ["train"]
run = "true"
"""


class LiveGraph:
    """A graph whose run goes on in the background."""

    def __init__(self, path: Path, environment: dict[str, str]) -> None:
        self.path = path
        self.environment = environment
        self.processes: list[subprocess.Popen[bytes] | ForkedProgram] = []

    def start(self, *options: str) -> subprocess.Popen[bytes] | ForkedProgram:
        words = ["run", "-j8", str(self.path), *options]
        # To a file: a pipe that nobody reads would fill.
        with self.path.with_suffix(".out").open("ab") as out:
            self.processes.append(start_in_fork(words, os.getcwd(), self.environment, out.fileno()))
        return self.processes[-1]

    def call(self, command: str, *arguments: str, graph: bool = True) -> subprocess.CompletedProcess[str]:
        words = [command, *([str(self.path)] if graph else []), *arguments]
        return call_in_fork(words, os.getcwd(), self.environment)

    def events(self, number: int = 1) -> list[dict[str, object]]:
        path = folder_with_runs(self.path) / "runs" / str(number) / "journal.jsonl"
        try:
            lines = path.read_text(encoding="utf-8").splitlines()
        except FileNotFoundError:
            return []
        return [json.loads(line) for line in lines]

    def statuses(self, number: int = 1) -> dict[str, str]:
        return {str(e["node"]): str(e["status"]) for e in self.events(number) if e["event"] == "node"}

    def wait_for(self, number: int = 1, **statuses: str) -> None:
        wait_for(lambda: statuses.items() <= self.statuses(number).items(), str(statuses))

    def sockets(self) -> list[Path]:
        return list(Path(self.environment["DAGTUI_SOCKET_DIR"]).glob("*.sock"))

    def has_ended(self) -> bool:
        return self.processes[-1].poll() is not None

    def end(self) -> None:
        for process in self.processes:
            if process.poll() is None:
                process.send_signal(signal.SIGCONT)
                process.terminate()
            process.wait(30)


@pytest.fixture
def live(tmp_path: Path, short_path: Path) -> Iterator[Live]:
    environment = {**ENVIRONMENT, "DAGTUI_SOCKET_DIR": str(short_path / "sockets")}
    graphs: list[LiveGraph] = []

    def begin(text: str = GRAPH, *, name: str = "graph", runs: int = 1) -> LiveGraph:
        path = tmp_path / f"{name}.toml"
        path.write_text(text, encoding="utf-8")
        graph = LiveGraph(path, environment)
        graphs.append(graph)
        for number in range(1, runs + 1):
            graph.start()
            wait_for(lambda wanted=number: len(graph.sockets()) == wanted or graph.has_ended(), "it has a socket")
            assert not graph.has_ended(), path.with_suffix(".out").read_text()
        return graph

    yield begin
    for graph in graphs:
        graph.end()


@pytest.fixture
def half_done(live: Live) -> LiveGraph:
    graph = live()
    graph.wait_for(bad="FAILED", **{"train[seed=1]": "RUNNING", "train[seed=2]": "RUNNING"})
    return graph


def test_a_failed_node_is_retried_and_nothing_else_runs_again(half_done: LiveGraph) -> None:
    done = half_done.call("retry", "bad")
    assert (done.returncode, done.stdout) == (0, "retry bad: runs again, 1 may run now\n"), done.stderr
    wait_for(lambda: _attempts(half_done) == {"fetch": 1, "bad": 2, "train[seed=1]": 1, "train[seed=2]": 1}, "again")


def test_held_nodes_wait_for_their_release_and_the_run_with_them(half_done: LiveGraph) -> None:
    done = half_done.call("hold", "eval", "train", "after")
    assert (done.returncode, done.stdout) == (0, "hold 4 nodes: 2 held, 2 left out\n"), done.stderr
    report = json.loads(half_done.call("status", "--json").stdout)
    assert report["held"] == {"count": 2, "nodes": ["after", "eval"]}
    assert [node["node"] for node in report["nodes"] if node["held"]] == ["after", "eval"]
    shown = half_done.call("status").stdout
    assert ", 2 held, " in shown
    assert "held: after, eval" in shown
    again = half_done.call("hold", "eval")
    assert (again.returncode, again.stderr) == (1, "eval: it is held already\n")
    half_done.call("mark", "bad")
    half_done.wait_for(after="READY")
    out = half_done.path.with_suffix(".out")
    wait_for(lambda: "after  held; to release it: dagtui release" in out.read_text(), "a line says how it goes on")
    preview = json.loads(half_done.call("release", "after", "--dry-run", "--json").stdout)
    assert (preview["released"]["nodes"], preview["held"]["nodes"]) == (["after"], [])
    assert half_done.call("release", "*").stdout == "release 6 nodes: 2 released, 4 left out\n"
    half_done.wait_for(after="COMPLETED")


def test_a_run_of_an_older_dagtui_is_not_asked_for_what_it_can_not_do(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        older = ControlClient(ours, Peer(4711, os.geteuid()))
        older.hello = {"dagtui": "0.1.0\x1b[2J", "protocol": PROTOCOL}
        monkeypatch.setattr(control, "connect", lambda _run, _path: older)
        monkeypatch.setattr(control, "meant", lambda _path, _number: None)
        with pytest.raises(SystemExit) as ended:
            control.hold.main(["g.toml", "a"])
        assert theirs.recv(1) == b"", "it was asked all the same"
    assert ended.value.code == 2
    said = "dagtui hold: process 4711, which has the run, is dagtui 0.1.0^[[2J, which can't do this\n"
    assert capsys.readouterr().err == said


def _attempts(graph: LiveGraph) -> dict[str, int]:
    return {str(e["node"]): int(str(e["attempt"])) for e in graph.events() if e.get("status") == "RUNNING"}


def test_a_dry_run_tells_and_changes_nothing_and_its_token_holds(half_done: LiveGraph) -> None:
    before = half_done.events()
    shown = half_done.call("rerun", "train", "--dry-run", "--json")
    assert shown.returncode == 0, shown.stderr
    preview = json.loads(shown.stdout)
    assert preview["again"]["nodes"] == preview["stopped"]["nodes"] == ["train[seed=1]", "train[seed=2]"]
    plain = half_done.call("rerun", "train", "-n")
    assert "stops            train[seed=1], train[seed=2]\n" in plain.stdout
    assert f"--expect {preview['expected']}" in plain.stdout
    marked = half_done.call("mark", "eval", "-n")
    assert marked.stdout.splitlines()[0] == "dry run          mark done eval"
    assert preview["words"] == "rerun with downstream 2 nodes: 2 will run again"
    both = half_done.call("mark", "eval", "bad", "-n")
    assert both.stdout.splitlines()[0] == "dry run          mark done 2 nodes: eval, bad"
    some = half_done.call("retry", "fetch", "bad", "-n")
    assert "left out         fetch: it already succeeded; rerun it instead\n" in some.stdout
    slots = half_done.call("jobs", "5", "-n")
    assert slots.stdout.splitlines()[0] == "dry run          set jobs to 5"
    assert half_done.events() == before
    wrong = half_done.call("rerun", "train[seed=1]", "--expect", preview["expected"])
    assert (wrong.returncode, wrong.stdout) == (1, "")
    assert "nothing was done" in wrong.stderr
    assert half_done.events() == before
    right = half_done.call("rerun", "train", "--expect", preview["expected"])
    assert right.returncode == 0, right.stderr
    wait_for(lambda: _attempts(half_done)["train[seed=2]"] == 2, "both run again")


@pytest.mark.parametrize(
    ("command", "arguments", "statuses"),
    [
        ("retry", ["--failed"], {"bad": "FAILED"}),
        ("rerun", ["--only", "fetch"], {"fetch": "COMPLETED"}),
        ("cancel", ["train[seed=2]"], {"train[seed=2]": "CANCELLED", "train[seed=1]": "RUNNING"}),
        ("cancel", ["--subtree", "train[seed=1]"], {"eval": "CANCELLED", "train[seed=2]": "RUNNING"}),
        ("cancel", ["--all"], {"train[seed=1]": "CANCELLED", "eval": "CANCELLED"}),
        ("skip", ["train[seed=1]", "eval"], None),
        ("skip", ["eval"], {"eval": "SKIPPED"}),
        ("mark", ["bad"], {"bad": "COMPLETED", "after": "COMPLETED"}),
        ("jobs", ["3"], {}),
        ("pause", [], {}),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_each_command_does_its_own(
    half_done: LiveGraph, command: str, arguments: list[str], statuses: dict[str, str] | None
) -> None:
    done = half_done.call(command, *arguments)
    if statuses is None:
        assert (done.returncode, done.stdout) == (1, "")
        assert "cancel it first" in done.stderr
        return
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("\n") == 1
    half_done.wait_for(**statuses)
    assert any(event["event"] == "command" for event in half_done.events())


@pytest.mark.parametrize("form", ["run", "without a terminal"])
def test_a_run_that_begins_paused_says_how_to_go_on(live: Live, form: str) -> None:
    graph = live('version = 1\n[tasks.a]\nrun = "echo ran"\n', runs=0)
    words = [*DAGTUI, *(["run"] if form == "run" else []), str(graph.path), "--paused"]
    with subprocess.Popen(
        words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, env=graph.environment
    ) as run:
        graph.processes.append(run)
        assert run.stdout is not None
        said = next(line for line in run.stdout if "paused; " in line)
        assert graph.statuses() == {"a": "READY"}
        command, *arguments = shlex.split(said.partition("start it with: dagtui ")[2])
        done = graph.call(command, *arguments, graph=False)
        assert (done.returncode, done.stdout) == (0, "resumed\n")
        assert "1 done" in run.stdout.read()
    assert run.returncode == 0


def test_a_paused_run_goes_on_when_it_is_told_to(half_done: LiveGraph) -> None:
    assert half_done.call("pause").returncode == 0
    assert half_done.call("retry", "bad").returncode == 0
    status = json.loads(half_done.call("status", "--json").stdout)
    assert (status["paused"], status["counts"]["READY"]) == (True, 1)
    twice = half_done.call("pause")
    assert (twice.returncode, twice.stderr) == (1, "pause: the run is paused already\n")
    assert half_done.call("resume").returncode == 0
    wait_for(lambda: _attempts(half_done)["bad"] == 2, "it goes on")


def test_the_status_is_told_to_people_and_to_machines(half_done: LiveGraph) -> None:
    plain = half_done.call("status")
    assert plain.returncode == 0, plain.stderr
    first, counts, *lines = plain.stdout.splitlines()
    assert first.startswith("graph run 1: running, ")
    assert counts == "  1 waiting, 2 running, 1 done, 1 failed, 1 blocked"
    assert [line.split()[1] for line in lines] == ["train[seed=1]", "train[seed=2]", "bad"]
    assert "exit 3  log: /" in lines[-1]
    every = half_done.call("status", graph=False)
    assert (every.returncode, every.stdout.splitlines()[1]) == (0, f"  {half_done.path}")
    (found,) = json.loads(half_done.call("status", "--json", graph=False).stdout)
    assert (found["verdict"], found["failures"][0]["node"]) == ("running", "bad")


@pytest.mark.parametrize(
    ("arguments", "then", "status"),
    [
        ([], ["cancel", "--all"], 130),
        (["train"], ["cancel", "train"], 130),
        (["bad", "fetch"], None, 1),
        (["fetch"], None, 0),
        (["--timeout", "0.2"], None, 124),
        (["nope"], None, 2),
        (["--timeout", "soon"], None, 2),
    ],
)
def test_waiting_exits_as_what_was_waited_for(
    half_done: LiveGraph, arguments: list[str], then: list[str] | None, status: int
) -> None:
    words = [*DAGTUI, "wait", str(half_done.path), *arguments]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=half_done.environment) as waiting:
        if then is not None:
            # Both end the run, which could not be waited for any more.
            wait_for(lambda: connections(half_done), "somebody waits")
            assert half_done.call(then[0], *then[1:]).returncode == 0
        _, err = waiting.communicate(timeout=60)
    assert waiting.returncode == status, err


@pytest.mark.parametrize("status", [0, 3])
def test_waiting_for_a_run_exits_as_the_run_does(live: Live, status: int) -> None:
    graph = live(f'version = 1\n[tasks.a]\nrun = "read x < gate; exit {status}"\n', runs=0)
    gate = graph.path.parent / "gate"
    os.mkfifo(gate)
    run = graph.start()
    wait_for(graph.sockets, "it has a socket")
    words = [*DAGTUI, "wait", str(graph.path)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=graph.environment) as waiting:
        wait_for(lambda: connections(graph), "somebody waits")
        gate.write_text("go on\n")
        out, err = waiting.communicate(timeout=60)
    assert waiting.returncode == run.wait(30) == min(status, 1), err
    assert b"graph run 1: " in out


HANGS_UP = """
import json, os, pathlib, socket, sys, time
from dagtui.control.sockets import PROTOCOL
from dagtui.store.lock import RunLock
lock = RunLock(pathlib.Path(sys.argv[1], "lock"))
lock.take()
listener = socket.socket(socket.AF_UNIX)
path = os.environ["DAGTUI_SOCKET_DIR"] + f"/{lock.run_id()}.sock"
listener.bind(path)
os.chmod(path, 0o600)
listener.listen()
print("ready", flush=True)
connection, _ = listener.accept()
greeting = {"dagtui": "0", "protocol": PROTOCOL, "run": lock.run_id(), "pid": os.getpid()}
if sys.argv[2] == "before it is asked":
    connection.shutdown(socket.SHUT_RD)
if sys.argv[2] != "before it greets":
    connection.sendall(json.dumps(greeting).encode() + b"\\n")
if sys.argv[2] == "before it answers":
    connection.recv(1000)
else:
    time.sleep(0.2)  # so long its record stays open
connection.close()
lock.release()
"""


@pytest.mark.parametrize("when", ["before it greets", "before it is asked", "before it answers"])
@pytest.mark.parametrize(("nodes", "status"), [([], 1), (["good"], 0), (["good", "bad"], 1)])
def test_a_run_that_ends_meanwhile_is_looked_up(live: Live, nodes: list[str], status: int, when: str) -> None:
    graph = live('version = 1\n[tasks.good]\nrun = "true"\n[tasks.bad]\nrun = "exit 3"\n', runs=0)
    graph.start().wait(30)
    Path(graph.environment["DAGTUI_SOCKET_DIR"]).mkdir(mode=0o700, exist_ok=True)
    words = [sys.executable, "-c", HANGS_UP, str(folder_with_runs(graph.path) / "runs" / "1"), when]
    with subprocess.Popen(words, env=graph.environment, stdout=subprocess.PIPE, text=True) as ending:
        assert ending.stdout is not None
        assert ending.stdout.readline() == "ready\n"
        done = graph.call("wait", *nodes)
    assert done.returncode == status, done.stderr
    assert ("failed" in done.stdout) == bool(status)


def test_waiting_for_a_run_that_has_just_ended_exits_as_the_run_did(live: Live) -> None:
    graph = live('version = 1\n[tasks.good]\nrun = "true"\n[tasks.bad]\nrun = "exit 3"\n', runs=0)
    graph.start().wait(30)
    journal = folder_with_runs(graph.path) / "runs" / "1" / "journal.jsonl"
    for nodes, status in (((), 1), (("good",), 0)):
        os.utime(journal)
        done = graph.call("wait", *nodes)
        assert (done.returncode, done.stderr) == (status, "dagtui: run 1 has just ended\n")
    os.utime(journal, (0, 0))
    long_ago = graph.call("wait")
    assert long_ago.returncode == 2
    assert "run 1 has ended, failed" in long_ago.stderr
    assert graph.call("wait", "--run", "1").returncode == 1


def connections(graph: LiveGraph) -> list[str]:
    """The connections to sockets of this graph's runs; in state 3, and named after what was bound (proc(5))."""
    lines = [line.split() for line in Path("/proc/net/unix").read_text().splitlines()]
    return [words[-1] for words in lines if words[5] == "03" and graph.environment["DAGTUI_SOCKET_DIR"] in words[-1]]


def test_without_a_live_run_it_says_how_to_start_one(live: Live) -> None:
    graph = live()
    graph.end()
    for command, arguments in (("status", []), ("retry", ["bad"]), ("cancel", ["--all"])):
        done = graph.call(command, *arguments)
        assert (done.returncode, done.stdout) == (2, "")
        assert "graph.toml has no live run: run 1 has ended, cancelled; resume it: dagtui " in done.stderr
    absent = graph.call("status", "--run", "7")
    assert (absent.returncode, "there is no run 7 of " in absent.stderr) == (2, True)
    nothing = graph.call("status", graph=False)
    assert nothing.returncode == 2
    assert "no run is live" in nothing.stderr
    assert graph.call("status", "--json", graph=False).stdout == "[]\n"
    graph.path.unlink()
    shutil.rmtree(graph.path.parent / ".dagtui")
    assert "no such file" in graph.call("status").stderr


def test_a_number_that_is_no_live_run_is_told_which_are(half_done: LiveGraph) -> None:
    done = half_done.call("retry", "bad", "--run", "9")
    assert done.returncode == 2
    assert "run 9 of " in done.stderr
    assert "is not live, run 1 is; omit --run" in done.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            ["jobs", "g.toml", "0"],
            "at least one slot is required; give an integer from 1 to 1,000,000; to start nothing new:",
        ),
        (["jobs", "g.toml", "-3"], "at least one slot is required; give an integer from 1 to 1,000,000"),
        (["jobs", "g.toml", "9" * 5000], "slots are too many; give an integer from 1 to 1,000,000"),
        (["jobs", "g.toml", "many"], "'many' is not a number of slots; give an integer from 1 to 1,000,000"),
        (["wait", "g.toml", "--timeout", "soon"], "'soon' is not a duration; write"),
        (["retyr", "g.toml"], "there is no command and no file 'retyr'; did you mean \"retry\"?"),
        (["status", "."], "is a folder: name the graph's file"),
        (["logs", ".", "a"], "is a folder: name the graph's file"),
        (["logs", "none.toml", "a"], "none.toml: there is no such file, and no run of it"),
    ],
)
def test_a_wrong_call_says_how_to_mend_it(tmp_path: Path, words: list[str], said: str) -> None:
    done = call_in_fork(words, str(tmp_path), ENVIRONMENT)
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr
    assert not list(tmp_path.iterdir())


def test_a_run_that_was_killed_is_not_live_and_its_socket_is_removed(half_done: LiveGraph) -> None:
    half_done.processes[0].kill()
    half_done.processes[0].wait()
    assert half_done.sockets()
    assert "no live run: run 1 is lost: it never ended, and no process has it" in half_done.call("status").stderr
    silent = half_done.call("logs", "train[seed=1]")
    assert "train[seed=1] printed nothing before run 1 was lost in attempt 1" in silent.stderr
    assert half_done.call("status", graph=False).returncode == 2
    assert not half_done.sockets()


def test_a_run_without_a_socket_is_live_but_can_not_be_reached(half_done: LiveGraph) -> None:
    half_done.processes[0].send_signal(signal.SIGSTOP)
    half_done.sockets()[0].unlink()
    done = half_done.call("retry", "bad")
    assert done.returncode == 2
    assert f"is live (process {half_done.processes[0].pid}), but can't be reached" in done.stderr


def test_a_folder_that_others_may_enter_stops_no_run_but_is_not_used(live: Live) -> None:
    graph = live()
    folder = Path(graph.environment["DAGTUI_SOCKET_DIR"])
    folder.chmod(0o755)
    refused = graph.call("status")
    assert refused.returncode == 2
    assert "chmod 700" in refused.stderr
    graph.start()
    graph.wait_for(2, bad="FAILED")
    wait_for(lambda: any("can't be reached" in str(event.get("text")) for event in graph.events(2)), "it is noted")


def test_several_live_runs_are_told_apart(live: Live) -> None:
    graph = live(runs=2)
    which = graph.call("status")
    assert (which.returncode, which.stdout) == (2, "")
    assert "several live runs, 1, 2; choose one with --run" in which.stderr
    for number in ("1", "2"):
        assert graph.call("status", "--run", number).stdout.startswith(f"graph run {number}: ")
    assert "run 3" in graph.call("status", "--run", "3").stderr
    assert len(graph.call("status", graph=False).stdout.splitlines()) == 4


@pytest.mark.parametrize(
    ("command", "arguments", "told"),
    [
        ("retry", [], "--failed"),
        ("retry", ["--failed", "bad"], "omit the nodes"),
        ("cancel", ["--all", "--subtree"], "exclude each other"),
        ("cancel", [], "which nodes? Name tasks, cells, patterns or groups, or give --all"),
        ("cancel", ["--subtree"], "which nodes? Name tasks, cells, patterns or groups, or give --all"),
        ("skip", [], "which nodes? Name tasks, cells, patterns or groups\n"),
        ("jobs", ["0"], "0"),
        ("retry", ["bda"], "bad"),
        ("retry", ["train[seed=3]"], "3"),
        ("pause", ["bad"], "bad"),
    ],
)
def test_a_wrong_call_exits_with_2_and_says_why(live: Live, command: str, arguments: list[str], told: str) -> None:
    done = live().call(command, *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert told in done.stderr
    assert "Traceback" not in done.stderr


def test_foreign_text_never_reaches_the_terminal_as_control_codes(live: Live) -> None:
    evil = "\x1b]0;x\x07\u202e"
    graph = live(f'version = 1\n[tasks.a]\nrun = [{json.dumps(evil)}]\n[tasks.b]\nrun = "exec sleep 600"\n', name=evil)
    wait_for(lambda: "FAILED" in graph.statuses().values(), "it fails")
    for command, *arguments in (
        ["status"],
        ["status", "--json"],
        ["retry", "--failed", "-n"],
        ["retry", evil],
        ["retry", "--failed"],
        ["status", "--run", "9"],
    ):
        done = graph.call(command, *arguments)
        for line in (done.stdout + done.stderr).splitlines():
            assert line.isprintable(), (command, line)
    assert "^[]0;x^G\\u202e" in graph.call("status").stdout
    assert graph.call("status", graph=False).stdout.isascii()


def test_every_command_of_the_table_can_be_called_and_explains_itself() -> None:
    for name in (*ORDERS, "status", "wait"):
        assert name in COMMANDS
        done = call_in_fork([name, "--help"], os.getcwd(), ENVIRONMENT)
        assert done.returncode == 0, done.stderr
        assert "GRAPH.toml" in done.stdout
