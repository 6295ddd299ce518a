"""The command line, as a person or a script calls it: real processes throughout."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from support.journals import statuses_so_far
from support.process_listing import fresh_token, processes_with
from support.program import DAGTUI, ENVIRONMENT, call
from support.waiting import wait_for

Write = Callable[..., Path]


@pytest.fixture
def graph(tmp_path: Path) -> Write:
    def write(text: str, name: str = "graph.toml") -> Path:
        path = tmp_path / name
        path.write_text("version = 1\n" + text, encoding="utf-8")
        return path

    return write


def events_of(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_a_run_that_goes_well_exits_with_0(graph: Write) -> None:
    done = call("run", graph('[tasks.a]\nrun = "echo hello"\n[tasks.b]\nneeds = ["a"]\nrun = ["true"]\n'))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "✓ a" in done.stdout
    assert "2 done" in done.stdout


def test_without_a_terminal_the_screen_is_not_opened(graph: Write) -> None:
    done = call(graph('[tasks.a]\nrun = "echo hello"\n'))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "✓ a" in done.stdout
    assert "\x1b" not in done.stdout


def test_a_failed_node_exits_with_1_and_shows_its_last_lines(graph: Write) -> None:
    done = call(
        "run", graph('[tasks.a]\nrun = "echo what went wrong; exit 3"\n[tasks.b]\nneeds = ["a"]\nrun = "true"\n')
    )
    assert done.returncode == 1
    assert "exit 3" in done.stdout
    assert "what went wrong" in done.stdout
    assert "⊘ b" in done.stdout
    assert "blocked by a" in done.stdout


def test_of_many_nodes_that_will_not_begin_the_first_are_named_and_the_others_counted(graph: Write):
    path = graph(f"""
        [tasks.a]
        run = "exit 3"
        [tasks.b]
        needs = ["a"]
        matrix = {{ x = {list(range(1200))} }}
        run = "true"
        [tasks.c]
        needs = ["a"]
        run = "true"
        trigger = "all_done"
    """)
    done = call("run", path)
    lines = done.stdout.splitlines()
    assert sum("blocked by a" in line for line in lines) == 20
    assert sum(line.endswith("⊘ and 1,180 more blocked") for line in lines) == 1
    assert any("✓ c" in line for line in lines)
    assert "  1 done, 1 failed, 1,200 blocked" in lines


@pytest.mark.parametrize("words", [["run"], ["check"], []])
def test_a_wrong_file_exits_with_2_and_says_where(graph: Write, words: list[str]) -> None:
    done = call(*words, graph('[tasks.a]\nrun = "true"\ndepends = ["b"]\n'))
    assert done.returncode == 2
    assert "graph.toml:4:1: unknown key" in done.stderr
    assert 'did you mean "needs"?' in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("words", [["run"], ["check"], []])
def test_a_missing_file_exits_with_2(tmp_path: Path, words: list[str]) -> None:
    done = call(*words, tmp_path / "none.toml")
    assert done.returncode == 2
    assert "none.toml" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("words", [["-p", "novalue"], ["-p", "unknown=1"], ["-j", "0"], ["--nonsense"]])
def test_a_wrong_call_exits_with_2(graph: Write, words: list[str]) -> None:
    done = call("run", *words, graph('[tasks.a]\nrun = "true"\n'))
    assert done.returncode == 2
    assert done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(("word", "meant"), [("--vresion", "--version"), ("--frsh", "--fresh"), ("--jbos=3", "--jobs")])
def test_a_slip_in_a_first_option_is_told_with_what_is_meant(word: str, meant: str) -> None:
    done = call(word, "graph.toml")
    assert done.returncode == 2
    assert meant in done.stderr
    assert "COMMAND [ARGS]" in done.stderr


def test_a_run_that_could_never_be_resumed_does_not_begin_paused(graph: Write, tmp_path: Path) -> None:
    path = graph('[tasks.a]\nrun = "touch ran"\n')
    nowhere = {**os.environ, "DAGTUI_SOCKET_DIR": str(path)}
    done = call("run", path, "--paused", env=nowhere)
    assert done.returncode == 2
    assert "--paused: the run could not be resumed: can't use" in done.stderr
    assert not (tmp_path / ".dagtui").exists()


def test_parameters_are_given_on_the_command_line(graph: Write, tmp_path: Path) -> None:
    path = graph('[params]\nword = "x"\n[tasks.a]\nrun = "echo {{ params.word }} > out"\n')
    assert call("run", path, "-p", "word=two words").returncode == 0
    assert (tmp_path / "out").read_text() == "two words\n"


def test_events_are_the_journal_as_json_lines(graph: Write, tmp_path: Path) -> None:
    path = graph('[tasks.a]\nrun = "exit 3"\nretries = 1\nretry_delay = 0\n[tasks.b]\nneeds = ["a"]\nrun = "true"\n')
    done = call("run", path, "--events", tmp_path / "events.jsonl")
    assert done.returncode == 1
    events = events_of(tmp_path / "events.jsonl")
    assert statuses_so_far(tmp_path / "events.jsonl") == {"a": "FAILED", "b": "FAILED_PARENT"}
    numbers = [event["seq"] for event in events]
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    assert all(isinstance(event["time"], float) for event in events)
    failed = [event for event in events if event.get("status") == "FAILED"]
    assert failed[0]["exit"] == 3
    assert failed[0]["attempt"] == 2
    journal = tmp_path / ".dagtui" / "graph" / "latest" / "journal.jsonl"
    recorded = [event for event in events_of(journal) if event["seq"] >= numbers[0]]
    assert recorded == events


def test_events_on_standard_output_leave_the_lines_to_standard_error(graph: Write) -> None:
    done = call("run", graph('[tasks.a]\nrun = "true"\n'), "--events", "-")
    assert done.returncode == 0
    assert [json.loads(line)["event"] for line in done.stdout.splitlines()][-1] == "run"
    assert "✓ a" in done.stderr


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_a_signal_cancels_the_run_and_leaves_nothing_behind(graph: Write, number: int, status: int) -> None:
    token = fresh_token()
    path = graph(f"""[tasks.a]\nrun = "sh -c 'trap : TERM; while :; do sleep 0.1; done' {token}"\ngrace = 0.5\n""")
    running = subprocess.Popen([*DAGTUI, "run", str(path)], stdout=subprocess.PIPE, text=True, env=ENVIRONMENT)
    wait_for(lambda: processes_with(token), "the node runs")
    running.send_signal(number)
    output, _ = running.communicate(timeout=60)
    assert running.returncode == status, output
    assert "■ a" in output
    assert processes_with(token) == []


def test_a_closed_standard_output_does_not_end_the_run(graph: Write, tmp_path: Path) -> None:
    path = graph('[tasks.a]\nrun = "echo one"\n[tasks.b]\nneeds = ["a"]\nrun = "sleep 0.3; touch done"\n')
    with subprocess.Popen([*DAGTUI, "run", str(path)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as it:
        assert it.stdout is not None
        assert it.stderr is not None
        it.stdout.close()
        assert it.stderr.read() == ""
        assert it.wait(60) == 0
    assert (tmp_path / "done").exists()


def test_ascii_where_the_output_is_not_utf_8(graph: Write) -> None:
    done = call("run", graph('[tasks.a]\nrun = "exit 1"\n'), env={"PYTHONIOENCODING": "ascii"})
    assert done.returncode == 1
    assert "x a" in done.stdout
    assert done.stdout.isascii()


def imports(names: set[str], *words: object) -> set[str]:
    """Those of some modules that a call which goes well has imported at its end."""
    code = (
        "import sys, runpy\nsys.argv[0] = 'dagtui'\n"
        "try:\n    runpy.run_module('dagtui', run_name='__main__', alter_sys=True)\n"
        "except SystemExit as end:\n    assert not end.code, end.code\n"
        f"print({names} & set(sys.modules), file=sys.stderr)"
    )
    command = [sys.executable, "-c", code, *map(str, words)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return {name for name in names if repr(name) in done.stderr.splitlines()[-1]}


@pytest.mark.parametrize("words", [["--help"], ["--version"], ["check", "{graph}"], ["run", "{graph}"]])
def test_commands_without_a_screen_never_import_the_ui_toolkit(graph: Write, words: list[str]) -> None:
    path = graph('[tasks.a]\nrun = "true"\n')
    assert imports({"textual", "rich"}, *[word.format(graph=path) for word in words]) == set()


@pytest.mark.parametrize("words", [["run"], ["plan"], ["check"]])
def test_a_graph_without_inputs_needs_no_database(graph: Write, words: list[str]) -> None:
    path = graph('[tasks.a]\nrun = "true"\n')
    names = {"sqlite3", "dagtui.execution.files.judge", "dagtui.runs.judging"}
    assert imports(names, *words, path) == set()
    with_files = graph('[tasks.a]\nrun = "true"\ninputs = ["*.none"]\n')
    assert imports(names, *words, with_files) == (set() if words == ["check"] else names)


@pytest.mark.parametrize("words", [[], ["run"]])
def test_calls_without_options_do_not_wait_for_a_parser_of_options(graph: Write, words: list[str]) -> None:
    path = graph('[tasks.a]\nrun = "true"\n')
    assert imports({"click"}, *words, path) == set()
    assert imports({"click"}, *words, path, "-j2") == {"click"}


def test_a_run_of_this_machine_imports_nothing_of_others(graph: Write) -> None:
    remote = {
        f"dagtui.{name}"
        for name in ("graph.executors", "execution.requests", "execution.routing_executor", "runs.executors")
    }
    assert imports(remote, "run", graph('[tasks.a]\nrun = "true"\n')) == set()


def test_the_supervisor_starts_before_what_takes_long_is_imported(graph: Write, tmp_path: Path) -> None:
    """It needs as long to start as this process to import the rest, beside it."""
    path = graph('[tasks.a]\nrun = "true"\n')
    code = (
        "import sys, dagtui.execution.local.requirements as requirements\n"
        "start = requirements.start_supervisor\n"
        "def started():\n"
        "    print(*sys.modules, file=open('loaded', 'w'))\n"
        "    return start()\n"
        "requirements.start_supervisor = started\n"
        f"sys.argv = ['dagtui', 'run', {str(path)!r}]\n"
        "from dagtui.__main__ import main\nmain()"
    )
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=True, capture_output=True, timeout=60)
    loaded = set((tmp_path / "loaded").read_text().split())
    assert "dagtui.cli.headless" in loaded
    assert loaded & {"anyio", "click", "dataclasses", "json", "dagtui.graph.model", "dagtui.text"} == set()


@pytest.mark.parametrize("words", [["check"], ["plan"], ["run"], []])
def test_ctrl_c_while_the_graph_is_read(tmp_path: Path, words: list[str]) -> None:
    graph = tmp_path / "graph.toml"
    os.mkfifo(graph)
    call = [*DAGTUI, *words, str(graph)]
    with (
        subprocess.Popen(call, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as program,
        open(graph, "wb"),  # waits until it is being read
    ):
        program.send_signal(signal.SIGINT)
        assert program.communicate(timeout=60) == (b"", b"")
    assert program.returncode == 130


def test_help_names_the_commands() -> None:
    done = call("--help")
    assert done.returncode == 0
    assert all(word in done.stdout for word in ("check", "run", "GRAPH.toml"))
    assert call("--version").stdout.startswith("dagtui ")


def test_the_environment_and_standard_input_of_a_node(graph: Write, tmp_path: Path) -> None:
    path = graph("""[tasks."a b"]\nrun = "env > out; cat >> out"\nenv = { OWN = "1" }\n""")
    done = subprocess.run([*DAGTUI, "run", str(path)], input="secret", capture_output=True, text=True, timeout=60)
    assert done.returncode == 0
    out = (tmp_path / "out").read_text()
    assert "OWN=1" in out
    assert "DAGTUI_NODE=a b\n" in out
    assert "DAGTUI_ATTEMPT=1\n" in out
    assert "secret" not in out


@pytest.mark.parametrize("jobs", [1_000_000, 1_000_001, 10**30])
def test_every_number_of_slots_that_is_accepted_can_be_resumed_and_reported(graph: Write, jobs: int) -> None:
    path = graph('[tasks.a]\nrun = "true"\n')
    done = call("run", path, "-j", str(jobs))
    assert done.returncode == (0 if jobs <= 1_000_000 else 2)
    if jobs <= 1_000_000:
        assert call("run", path, "--resume", "1").returncode == 0
        assert call("status", path, "--run", "1", "--json").returncode == 0
    else:
        assert "is not in the range 1<=x<=1000000" in done.stderr
        assert call("plan", path, "-j", str(jobs)).returncode == 2
