"""What a reload makes of every kind of node, with real processes."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING

import pytest
from runs.test_reload import GATED, begin, driven, file, reaches, reload, status, write
from support.process_listing import descendants, name_of
from support.waiting import until

from dagtui.engine.messages import Answer, Command, CommandKind
from dagtui.engine.status import Cause, NodeStatus, Verdict
from dagtui.engine.targets import Targets
from dagtui.graph.errors import GraphError
from dagtui.graph.loading import load, load_recorded
from dagtui.runs.beginning import start_run
from dagtui.runs.launch import LaunchOptions
from dagtui.runs.reload_preview import ReloadError
from dagtui.text.amounts import WallTime

if TYPE_CHECKING:
    from pathlib import Path

    from dagtui.runs.live import LiveRun

__all__ = ["file"]

pytestmark = pytest.mark.anyio

SERVICE = '[tasks.base]\nrun = "echo {}; exec sleep 60"\nservice = {{ ready = "log {}" }}\n'


async def log(run: LiveRun, name: str) -> str:
    node = run.graph.node(name)
    path = run.log_path(node, run.state.attempt[node])
    await until(lambda: path.exists() and path.read_text(encoding="utf-8"))
    return path.read_text(encoding="utf-8")


async def test_a_cell_that_is_removed_while_it_runs_is_shown_as_it_ran(file: Path) -> None:
    text = '[tasks.train]\nmatrix = {{ seed = [{}] }}\nrun = "echo {{{{ matrix.seed }}}}; ' + GATED[7:] + "\n"
    run = begin(file, text.format("1, 2"))
    async with driven(run):
        await reaches(run, "train[seed=1]", NodeStatus.RUNNING)
        await reaches(run, "train[seed=2]", NodeStatus.RUNNING)
        write(file, text.format("2, 3"))
        await reload(run)
        assert run.graph.labels == ["train[seed=2]", "train[seed=3]", "train[seed=1]"]
        assert load_recorded(run.path / "graph.toml").labels == run.graph.labels
        assert run.as_run.command(run.graph.node("train[seed=1]")).text.startswith("echo 1; until")
        (file.parent / "go").touch()
        await until(lambda: run.settled)
        assert run.state.verdict() is Verdict.COMPLETED
        assert [(await log(run, name)).split()[0] for name in run.graph.labels] == ["2", "3", "1"]


async def test_services_files_and_terminals_may_come_with_the_new_file(file: Path) -> None:
    run = begin(file, f"[tasks.long]\n{GATED}\n")
    async with driven(run):
        await reaches(run, "long", NodeStatus.RUNNING)
        new = '[tasks.uses]\nneeds = ["base"]\nrun = "true"\n[tasks.tty]\ntty = true\nrun = "test -t 1"\n'
        new += '[tasks.makes]\noutputs = ["made"]\nrun = "touch made"\n[tasks.reads]\ninputs = ["made"]\nrun = "true"\n'
        write(file, f"{SERVICE.format('up', 'up')}{new}[tasks.long]\n{GATED}\n")
        await reload(run)
        for name in ("base", "uses", "tty", "makes", "reads"):
            await reaches(run, name, NodeStatus.COMPLETED)
        assert run.state.reasons[run.graph.node("reads")].startswith("runs: ")
        (file.parent / "go").touch()
        await until(lambda: run.settled)
        assert status(run, "long") is NodeStatus.COMPLETED


async def test_what_is_judged_and_what_serves_goes_on_over_a_reload(file: Path) -> None:
    (file.parent / "in").touch()
    text = f'[tasks.makes]\ninputs = ["in"]\noutputs = ["made"]\n{GATED[:-1]}; touch made"\n'
    text += '[tasks.uses]\nneeds = ["base", "makes"]\nrun = "true"\n'
    run = begin(file, SERVICE.format("up", "up") + text)
    async with driven(run):
        await until(lambda: run.state.cause_of(run.graph.node("base")) is Cause.SERVES)
        await reaches(run, "makes", NodeStatus.RUNNING)
        write(file, f'[tasks.new]\nrun = "true"\n{text}{SERVICE.format("again", "again")}')
        await reload(run)
        assert run.state.cause_of(run.graph.node("base")) is Cause.SERVES
        (file.parent / "go").touch()
        await until(lambda: run.settled)
        assert run.state.verdict() is Verdict.COMPLETED
        assert not run.state.stale_count - run.state.stale[run.graph.node("uses")]
        run.give(Command(CommandKind.RERUN_ONLY, (run.graph.node("uses"),)))
        await until(lambda: run.settled)
        assert await log(run, "base") == "again\n"
        run.give(Command(CommandKind.RERUN_ONLY, (run.graph.node("new"),)))
        await until(lambda: run.settled)


async def test_a_service_that_is_not_ready_is_looked_at_as_it_was_defined(file: Path) -> None:
    text = '[tasks.base]\nrun = "until test -e go; do sleep 0.02; done; echo up; exec sleep 60"\n'
    text += 'service = {{ ready = "log {}" }}\n[tasks.uses]\nneeds = ["base"]\nrun = "true"\n{}'
    run = begin(file, text.format("up", ""))
    async with driven(run):
        await reaches(run, "base", NodeStatus.RUNNING)
        write(file, text.format("never", '[tasks.a]\nrun = "true"\n'))
        await reload(run)
        (file.parent / "go").touch()
        await until(lambda: run.settled)
        assert status(run, "uses") is NodeStatus.COMPLETED


async def test_a_gate_asks_anew_only_if_its_question_is_another_one(file: Path) -> None:
    text = '[tasks.{}]\nask = "{}?"\n'
    run = begin(file, text.format("one", "One") + text.format("two", "Two") + text.format("three", "Three"))
    async with driven(run):
        await until(lambda: len(list(run.state.asking())) == 3)
        answer = Answer("approve", "ada", WallTime(1_795_000_000.0))
        run.give(Command(CommandKind.ANSWER, (run.graph.node("three"),), answer=answer))
        write(file, text.format("two", "Zwei") + text.format("one", "One") + text.format("three", "Three"))
        await reload(run)
        await until(lambda: len(list(run.state.asking())) == 2)
        asked = {run.graph.labels[node]: run.state.asked[node].question for node in run.state.asking()}
        assert asked == {"one": "One?", "two": "Zwei?"}
        assert status(run, "three") is NodeStatus.COMPLETED
        run.give(Command(CommandKind.ANSWER, tuple(run.state.asking()), answer=answer))
        await until(lambda: run.settled)


async def test_what_a_run_is_for_stays(file: Path) -> None:
    text = '[tasks.a]\nrun = "true"\n[tasks.b]\nneeds = ["a"]\n' + GATED + '\n[tasks.c]\nrun = "true"\n'
    write(file, text)
    graph = load(file, {})
    run = start_run(graph, LaunchOptions(jobs=4, targets=Targets((graph.node("b"),), ("b",))))
    async with driven(run):
        await reaches(run, "b", NodeStatus.RUNNING)
        write(file, '[tasks.d]\nrun = "true"\n[tasks.e]\nrun = "true"\n' + text.replace('["a"]', '["a", "e"]'))
        await reload(run)
        outside = [run.graph.labels[node] for node in run.graph.nodes if run.state.is_outside(node)]
        assert outside == ["d", "c"]
        await reaches(run, "e", NodeStatus.COMPLETED)
        (file.parent / "go").touch()
        await until(lambda: run.settled)
        assert status(run, "d") is NodeStatus.WAITING


async def test_a_run_of_all_takes_no_node_that_is_only_for_who_names_it(file: Path) -> None:
    run = begin(file, f"[tasks.long]\n{GATED}\n")
    async with driven(run):
        await reaches(run, "long", NodeStatus.RUNNING)
        write(file, f'[tasks.clean]\ndefault = false\nrun = "true"\n[tasks.new]\nrun = "true"\n[tasks.long]\n{GATED}\n')
        await reload(run)
        (file.parent / "go").touch()
        await until(lambda: run.settled)
        assert (status(run, "clean"), status(run, "new")) == (NodeStatus.WAITING, NodeStatus.COMPLETED)
        run.give(Command(CommandKind.RETRY, (run.graph.node("clean"),)))
        await until(lambda: run.settled)
        assert status(run, "clean") is NodeStatus.COMPLETED


async def test_variables_of_files_are_read_again_and_other_secrets_refused(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MY_TOKEN", "a-secret-value")
    env = file.with_name("vars.env")
    env.write_text("MODE=one\n", encoding="utf-8")
    text = '[run]\nenv_file = ["vars.env"]\n{}[tasks.a]\nrun = "echo $MODE"\n[tasks.b]\nneeds = ["a"]\nask = "Go?"\n'
    run = begin(file, text.format(""))
    async with driven(run):
        await reaches(run, "a", NodeStatus.COMPLETED)
        env.write_text("MODE=two\n", encoding="utf-8")
        write(file, text.format("") + '[tasks.c]\nrun = "echo $MODE"\n')
        await reload(run)
        await reaches(run, "c", NodeStatus.COMPLETED)
        assert (await log(run, "a"), await log(run, "c")) == ("one\n", "two\n")
        write(file, text.format('secrets = ["MY_TOKEN"]\n'))
        with pytest.raises(ReloadError, match="secrets that this run does not redact"):
            await run.read_graph_again()


async def test_what_waits_for_its_next_try_has_the_new_definition_then(file: Path) -> None:
    text = '[tasks.a]\nretries = 1\nretry_delay = {}\nrun = "{}"\n'
    run = begin(file, text.format(0.6, "exit 1"))
    async with driven(run):
        await reaches(run, "a", NodeStatus.RETRYING)
        write(file, text.format(0.6, "true"))
        await reload(run)
        assert status(run, "a") is NodeStatus.RETRYING
        await until(lambda: run.settled)
        assert (status(run, "a"), run.state.attempt[run.graph.node("a")]) == (NodeStatus.COMPLETED, 2)


async def test_a_running_node_has_the_new_timeout(file: Path) -> None:
    text = '[tasks.a]\ntimeout = "{}"\n' + GATED + "\n"
    run = begin(file, text.format("1h"))
    async with driven(run):
        await reaches(run, "a", NodeStatus.RUNNING)
        write(file, text.format("0.1s"))
        await reload(run)
        await until(lambda: run.settled)
        assert run.state.cause_of(run.graph.node("a")) is Cause.TIMEOUT


async def test_short_attempts_run_once_each_while_the_file_is_reloaded_again_and_again(file: Path) -> None:
    text = '[tasks.n]\nmatrix = {{ i = {} }}\nrun = "echo {{{{ matrix.i }}}} >> {}"\n'
    trace = file.with_name("trace")
    run = begin(file, text.format(list(range(150)), trace), jobs=2)
    async with driven(run):
        for number in range(4):
            await until(lambda wanted=number: run.state.counts[NodeStatus.COMPLETED] > 10 * wanted)
            write(file, text.format(list(range(number + 1, 151 + number)), trace))
            await reload(run)
        await until(lambda: run.settled)
        assert run.state.verdict() is Verdict.COMPLETED
    ran = trace.read_text(encoding="utf-8").split()
    assert len(ran) == len(set(ran)) >= 150


async def test_what_counts_for_the_whole_run_is_taken_up_unless_the_call_or_a_person_gave_it(file: Path) -> None:
    text = "[run]\njobs = {}\n[pools]\ngpu = {}\n[tasks.a]\npools = {{ gpu = 1 }}\n" + GATED
    text += '\n[tasks.b]\npools = {{ gpu = 1 }}\nrun = "true"\n'
    run = begin(file, text.format(1, 1), jobs=None)
    async with driven(run):
        await reaches(run, "a", NodeStatus.RUNNING)
        write(file, text.format(3, 2))
        preview = await run.read_graph_again()
        assert (preview.words(), preview.changes_nothing) == ("run.jobs and pools.gpu changed", False)
        await run.reload(preview)
        await reaches(run, "b", NodeStatus.COMPLETED)
        assert run.state.jobs == 3
        run.give(Command(CommandKind.SET_JOBS, jobs=4))
        write(file, text.format(2, 2))
        await reload(run)
        assert run.state.jobs == 4
        (file.parent / "go").touch()
        await until(lambda: run.settled)


async def test_an_input_that_is_missing_refuses_the_new_file_if_the_run_needs_it(file: Path) -> None:
    text = f"[tasks.a]\n{GATED}\n[tasks.b]\nrun = 'true'\n"
    write(file, text)
    graph = load(file, {})
    run = start_run(graph, LaunchOptions(jobs=4, targets=Targets((graph.node("a"),), ("a",))))
    async with driven(run):
        write(file, text + "inputs = ['absent']\n")
        assert (await run.read_graph_again()).changed.keys() == {"b"}
        write(file, text.replace("[tasks.b]", "inputs = ['absent']\n[tasks.b]"))
        with pytest.raises(GraphError, match="absent"):
            await run.read_graph_again()
        (file.parent / "go").touch()
        await until(lambda: run.settled)


async def test_a_supervisor_that_dies_after_a_reload_is_replaced(file: Path) -> None:
    text = f"[tasks.long]\nretries = 1\nretry_delay = 0\n{GATED}\n"
    run = begin(file, text)
    async with driven(run):
        await reaches(run, "long", NodeStatus.RUNNING)
        write(file, '[tasks.new]\nneeds = ["long"]\nrun = "true"\n' + text)
        await reload(run)
        supervisor = next(pid for pid in descendants(os.getpid()) if name_of(pid) == "dag-supervisor")
        os.kill(supervisor, signal.SIGKILL)
        await until(lambda: run.state.attempt[run.graph.node("long")] == 2)
        (file.parent / "go").touch()
        await until(lambda: run.settled)
        assert run.state.verdict() is Verdict.COMPLETED
        results = run.attempts.of(run.graph.node("long"))
        assert [(result.attempt, result.status) for result in results] == [
            (1, NodeStatus.FAILED),
            (2, NodeStatus.COMPLETED),
        ]
