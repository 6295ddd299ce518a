"""Runs whose nodes do not all run on this machine, over the simplest executor on other machines."""

from __future__ import annotations

import signal
import time
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import anyio
import pytest
from support.nearby_executor import FarSide, NearbyExecutor
from support.waiting import SECONDS, until

from dagtui.engine.capacity import UNLIMITED
from dagtui.engine.messages import Command, CommandKind
from dagtui.engine.status import Cause, NodeStatus, Verdict
from dagtui.execution.remote.gone import GoneAttempt
from dagtui.graph.executors import ExecutorKind
from dagtui.graph.loading import load
from dagtui.report.run_list import run_line
from dagtui.runs import executors
from dagtui.runs.beginning import start_run
from dagtui.runs.elsewhere import Elsewhere, warnings
from dagtui.runs.launch import LaunchOptions
from dagtui.runs.reload_preview import ReloadError
from dagtui.runs.restore import resume_run
from dagtui.store.errors import StoreError
from dagtui.store.paths import attempt_key
from dagtui.store.run_index import glimpse, read_summary
from dagtui.store.summary import RunOutcome, summarise
from dagtui.text.amounts import WallTime

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

    from dagtui.runs.live import LiveRun

pytestmark = pytest.mark.anyio
CLUSTER = """
version = 1
[executors.cluster]
kind = "dask"
address = "tcp://nowhere:1"
[defaults]
executor = "cluster"
"""


@pytest.fixture
def far(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FarSide]:
    """Take the place of a Dask cluster."""
    monkeypatch.setitem(executors._CLASSES, ExecutorKind.DASK, ("support.nearby_executor", "NearbyExecutor"))
    found = FarSide(tmp_path / "far")
    monkeypatch.setattr(NearbyExecutor, "far", found, raising=False)
    yield found
    found.end()


def write(folder: Path, text: str) -> Path:
    path = folder / "graph.toml"
    path.write_text(CLUSTER + text, encoding="utf-8")
    return path


@asynccontextmanager
async def driven(live: LiveRun) -> AsyncIterator[LiveRun]:
    """Drive a run within the block. What happens to it afterwards is up to the caller."""
    async with anyio.create_task_group() as group:
        group.start_soon(live.drive)
        yield live
        group.cancel_scope.cancel()


async def settled(live: LiveRun) -> None:
    with anyio.fail_after(SECONDS):
        await live.drive_until_settled()


def log(live: LiveRun, label: str, attempt: int = 1) -> str:
    path = live.log_path(live.graph.node(label), attempt)
    return path.read_text() if path.exists() else ""


MIXED = """
[tasks.prepare]
executor = "local"
run = "echo rows=3 > $DAGTUI_OUTPUT; echo $DAGTUI_RUN_DIR"
[tasks.work]
needs = ["prepare"]
matrix = { n = [1, 2, 3] }
run = "echo {{ needs.prepare.outputs.rows }} of $DAGTUI_NODE"
[tasks.sum]
needs = ["work"]
run = "echo sum=6 > $DAGTUI_OUTPUT"
[tasks.both]
needs = ["sum"]
[tasks.report]
executor = "local"
needs = ["both", "sum"]
run = "echo got {{ needs.sum.outputs.sum }}"
"""


async def test_a_run_whose_process_was_killed_says_what_goes_on_elsewhere(tmp_path: Path, far: FarSide) -> None:
    """Its journal has no last word. What it says of attempts that were handed over is enough."""
    here = '[tasks.here]\nexecutor = "local"\nrun = "true"\n'
    work = '[tasks.work]\nmatrix = { n = [1, 2] }\nrun = "until test -e go; do sleep 0.02; done"\n'
    live = start_run(load(write(tmp_path, here + work)), LaunchOptions())
    async with driven(live):
        await until(lambda: live.state.counts[NodeStatus.RUNNING] == 2)
        await until(lambda: live.state.counts[NodeStatus.COMPLETED] == 1)
    await live._executor.detach()  # the journal ends here
    live.directory.close()
    for summary in (summarise(live.directory), glimpse(live.directory)[0], read_summary(live.directory)):
        assert (summary.outcome, summary.why) == (RunOutcome.LEFT, "2 attempts may go on at cluster")
    line = run_line(summary, None, WallTime(time.time()), colours=False)
    assert line.endswith("(2 attempts may go on at cluster; go on with --resume 1)")
    (tmp_path / "go").touch()
    again = resume_run(load(tmp_path / "graph.toml"), LaunchOptions())
    await settled(again)
    await again.close()
    assert summarise(again.directory).outcome is RunOutcome.COMPLETED
    assert len(far.started) == 2


async def test_a_mixed_run_runs_each_node_where_it_belongs(tmp_path: Path, far: FarSide) -> None:
    live = start_run(load(write(tmp_path, MIXED)), LaunchOptions())
    await settled(live)
    assert live.state.verdict() is Verdict.COMPLETED
    await live.close()
    await until(lambda: log(live, "report") == "got 6\n")
    assert log(live, "work[n=2]") == "3 of work[n=2]\n"
    assert len(far.started) == len(set(far.started)) == 4
    assert not any(key.startswith(("prepare", "both", "report")) for key in far.started)
    assert (live.path / "executors" / "cluster").is_dir()


WORK = """
[tasks.prepare]
executor = "local"
run = "echo here >> trace"
[tasks.work]
needs = ["prepare"]
matrix = { n = [1, 2, 3] }
grace = "1s"
run = "echo {{ matrix.n }} >> trace; until test -e {{ matrix.n }}.go; do sleep 0.02; done; echo done"
[tasks.report]
executor = "local"
needs = ["work"]
run = "echo report >> trace"
"""


def trace(folder: Path) -> list[str]:
    return sorted((folder / "trace").read_text().split())


async def left(path: Path, far: FarSide, *, killed: bool = False) -> None:
    """Start the run, and leave it while its three attempts go on elsewhere."""
    live = start_run(load(path), LaunchOptions())
    async with driven(live):
        await until(lambda: len(far.started) == 3 and live.state.counts[NodeStatus.RUNNING] == 3)
    assert live.goes_on == {"cluster": 3}
    if killed:
        await live._executor.detach()  # the journal ends here
        live.directory.close()
    else:
        await live.detach("signal SIGTERM")


def notes(live: LiveRun) -> str:
    return "\n".join(note.text for note in live.untold)


@pytest.mark.parametrize("killed", [True, False])
async def test_what_goes_on_is_taken_up_and_runs_once(tmp_path: Path, far: FarSide, killed: bool) -> None:
    path = write(tmp_path, WORK)
    await left(path, far, killed=killed)
    (tmp_path / "1.go").touch()
    live = resume_run(load(path), LaunchOptions())
    assert live.state.counts[NodeStatus.RUNNING] == 3
    assert "3 attempts go on at cluster: resuming takes them up" in notes(live)
    assert ("it broke off" in notes(live)) is killed
    for number in (2, 3):
        (tmp_path / f"{number}.go").touch()
    await settled(live)
    assert live.state.verdict() is Verdict.COMPLETED
    assert [live.state.attempt[node] for node in live.graph.nodes] == [1] * 5
    assert log(live, "work[n=1]") == "done\n"
    await live.close()
    assert trace(tmp_path) == ["1", "2", "3", "here", "report"]


async def test_what_is_gone_or_has_changed_is_stopped_first(tmp_path: Path, far: FarSide) -> None:
    path = write(tmp_path, WORK)
    await left(path, far)
    write(
        tmp_path, WORK.replace("[1, 2, 3]", "[1, 2]").replace("echo {{ matrix.n }} >>", "echo again-{{ matrix.n }} >>")
    )
    far.reachable = False
    live = resume_run(load(path), LaunchOptions())
    assert "2 attempts go on at cluster: stopped first, because their nodes begin anew" in notes(live)
    assert "1 attempt goes on at cluster, of nodes that the file no longer has: stopped when resumed" in notes(live)
    assert "takes" not in notes(live)
    async with driven(live):
        await until(lambda: live.state.silent)
        assert len(far.started) == 3  # nothing runs again before the stop is certain
        far.reachable = True
        await until(lambda: [process.poll() for process in far.processes.values()].count(-signal.SIGTERM) == 3)
        for number in (1, 2):
            (tmp_path / f"{number}.go").touch()
        await until(lambda: live.settled)
    assert live.state.verdict() is Verdict.COMPLETED
    await live.close()
    assert trace(tmp_path) == ["1", "2", "3", "again-1", "again-2", "here", "report"]


async def test_the_same_run_goes_on_on_this_machine(tmp_path: Path, far: FarSide) -> None:
    path = write(tmp_path, WORK)
    await left(path, far)
    live = resume_run(load(path, executor="local"), LaunchOptions())
    assert "3 attempts go on at cluster: stopped first, because their nodes begin anew" in notes(live)
    async with driven(live):
        await until(lambda: all(process.poll() is not None for process in far.processes.values()))
        for number in (1, 2, 3):
            (tmp_path / f"{number}.go").touch()
        await until(lambda: live.settled)
    assert live.state.verdict() is Verdict.COMPLETED
    await live.close()
    assert len(far.started) == 3
    assert trace(tmp_path) == ["1", "1", "2", "2", "3", "3", "here", "report"]


ENDING = """
version = 1
[executors.cluster]
kind = "ssh"
host = "nowhere"
orphans = "stop"
[defaults]
executor = "cluster"
"""


async def test_what_ends_with_dagtui_has_ended_before_it_runs_again(
    tmp_path: Path, far: FarSide, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whether it has is not known: the machine may notice later that nobody is there, or the resume may be faster."""
    monkeypatch.setitem(executors._CLASSES, ExecutorKind.SSH, ("support.nearby_executor", "NearbyExecutor"))
    path = tmp_path / "graph.toml"
    path.write_text(ENDING + WORK)
    live = start_run(load(path), LaunchOptions())
    async with driven(live):
        await until(lambda: len(far.started) == 3 and live.state.counts[NodeStatus.RUNNING] == 3)
    assert not live.goes_on
    await live.routing.executors["local"].detach()
    live.directory.close()  # the journal ends here
    summary = summarise(live.directory)
    assert (summary.outcome, summary.why) == (
        RunOutcome.LOST,
        "never ended, and no process has it; 3 attempts at cluster end without dagtui",
    )
    recorded = live.directory.graph_path.read_bytes()
    live.directory.graph_path.write_bytes(b'executors = ["stop"]')
    assert summarise(live.directory).outcome is RunOutcome.LEFT, "what a damaged record says of executors is not known"
    live.directory.graph_path.write_bytes(recorded)
    (text,) = warnings(path)
    assert "run 1 broke off: 3 attempts at cluster end without dagtui, and may write what this run writes until" in text
    (tmp_path / "1.go").touch()
    await until(lambda: [process.poll() for process in far.processes.values()].count(0) == 1)
    far.reachable = False
    live = resume_run(load(path), LaunchOptions())
    assert "3 attempts at cluster end without dagtui: what has not succeeded by then runs again" in notes(live)
    async with driven(live):
        await until(lambda: live.state.silent)
        assert len(far.started) == 3
        far.reachable = True
        await until(lambda: len(far.started) == 5)
        assert [process.poll() for process in far.processes.values()].count(-signal.SIGTERM) == 2
        for number in (2, 3):
            (tmp_path / f"{number}.go").touch()
        await until(lambda: live.settled)
    assert live.state.verdict() is Verdict.COMPLETED
    assert [live.state.attempt[live.graph.node(f"work[n={number}]")] for number in (1, 2, 3)] == [1, 2, 2]
    await live.close()
    assert trace(tmp_path) == ["1", "2", "2", "3", "3", "here", "report"]


def test_what_ends_alone_is_not_said_to_go_on_if_it_is_stopped() -> None:
    gone = {name: [GoneAttempt("node", "node.1", 0.1)] for name in ("farm", "cluster")}
    left = Elsewhere({"farm": 1, "cluster": 2}, gone, {}, frozenset({"cluster"}))
    assert left.words({"cluster": 1}) == (
        "1 attempt at cluster ends without dagtui: stopped first, because its node begins anew; "
        "1 attempt at cluster ends without dagtui, of nodes that the file no longer has: stopped when resumed; "
        "1 attempt goes on at farm, of nodes that the file no longer has: stopped when resumed"
    )


ENDING_FILES = """
[tasks.work]
matrix = { n = [1, 2] }
inputs = ["in.csv"]
outputs = ["{{ matrix.n }}.csv"]
run = "until test -e {{ matrix.n }}.go; do sleep 0.02; done; cp in.csv {{ matrix.n }}.csv"
"""


async def test_what_ends_with_dagtui_and_reads_files_is_stopped_first_and_remembered(
    tmp_path: Path, far: FarSide, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(executors._CLASSES, ExecutorKind.SSH, ("support.nearby_executor", "NearbyExecutor"))
    path = tmp_path / "graph.toml"
    path.write_text(ENDING.replace("orphans", "shared = true\norphans") + ENDING_FILES)
    (tmp_path / "in.csv").write_text("1")
    live = start_run(load(path), LaunchOptions())
    async with driven(live):
        await until(lambda: live.state.counts[NodeStatus.RUNNING] == 2)
    await live.routing.executors["local"].detach()
    live.directory.close()  # the journal ends here
    (tmp_path / "1.go").touch()
    await until(lambda: [process.poll() for process in far.processes.values()].count(0) == 1)
    far.reachable = False
    live = resume_run(load(path), LaunchOptions())
    async with driven(live):
        await until(lambda: live.state.silent)
        far.reachable = True
        await until(lambda: len(far.started) == 3)
        assert [process.poll() for process in far.processes.values()].count(-signal.SIGTERM) == 1
        (tmp_path / "2.go").touch()
        await until(lambda: live.settled)
    assert live.state.verdict() is Verdict.COMPLETED
    await live.close()
    assert far.started[2:] == [attempt_key("work[n=2]", 2)]
    live = start_run(load(path), LaunchOptions())
    await settled(live)
    await live.close()
    assert len(far.started) == 3


async def test_a_cancel_that_was_pending_is_carried_out(tmp_path: Path, far: FarSide) -> None:
    path = write(tmp_path, WORK)
    live = start_run(load(path), LaunchOptions())
    async with driven(live):
        await until(lambda: live.state.counts[NodeStatus.RUNNING] == 3)
        far.reachable = False
        node = live.graph.node("work[n=1]")
        live.give(Command(CommandKind.CANCEL, (node,)))
    await live.detach("signal SIGTERM")
    far.reachable = True
    for number in (2, 3):
        (tmp_path / f"{number}.go").touch()
    live = resume_run(load(path), LaunchOptions())
    await settled(live)
    assert live.state.status_of(node) is NodeStatus.CANCELLED
    assert live.state.counts[NodeStatus.COMPLETED] == 3
    await live.close()
    assert len(far.started) == 3


async def test_a_new_run_says_what_goes_on_of_another_one(tmp_path: Path, far: FarSide) -> None:
    path = write(tmp_path, WORK)
    await left(path, far)
    (text,) = warnings(path)
    assert "run 1 is not over: 3 attempts go on at cluster" in text
    assert "--resume 1" in text
    live = resume_run(load(path), LaunchOptions())
    assert warnings(path) == []  # it is live
    async with driven(live):
        live.give(Command(CommandKind.CANCEL_ALL))
        await until(lambda: live.settled)
    await live.close()
    assert warnings(path) == []


async def test_leaving_an_engine_that_does_not_answer_is_bounded_and_its_stop_is_noted(
    tmp_path: Path, far: FarSide, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dagtui.execution.remote.executor._BOUND", 0.1)
    monkeypatch.setattr("dagtui.runs.live.SILENT_SECONDS", 0.1)
    path = write(tmp_path, WORK)
    live = start_run(load(path), LaunchOptions())
    async with driven(live):
        await until(lambda: live.state.counts[NodeStatus.RUNNING] == 3)
        far.reachable = False
    live.ending = True
    live.give(Command(CommandKind.CANCEL_ALL))
    await settled(live)
    await live.close()
    assert "3 nodes: cluster does not answer; the stop is noted" in (live.path / "journal.jsonl").read_text()
    assert "3 attempts go on" in warnings(path)[0]
    far.reachable = True
    for number in (1, 2, 3):
        (tmp_path / f"{number}.go").touch()
    live = resume_run(load(path), LaunchOptions())
    await settled(live)
    await live.close()
    assert live.state.verdict() is Verdict.COMPLETED
    assert trace(tmp_path) == ["1", "1", "2", "2", "3", "3", "here", "report"]


FILES = """
[tasks.work]
inputs = ["in.csv"]
outputs = ["out.csv"]
run = "echo ran >> trace; cp in.csv out.csv; echo rows=3 > $DAGTUI_OUTPUT; until test -e go; do sleep 0.02; done"
[tasks.report]
executor = "local"
needs = ["work"]
run = "echo {{ needs.work.outputs.rows }}"
"""


@pytest.mark.usefixtures("far")
async def test_what_was_taken_up_is_up_to_date_the_next_time(tmp_path: Path) -> None:
    path = write(tmp_path, FILES)
    path.write_text(path.read_text().replace("address", "shared = true\naddress"))
    (tmp_path / "in.csv").write_text("1")
    live = start_run(load(path), LaunchOptions())
    async with driven(live):
        await until(lambda: (tmp_path / "out.csv").exists() and live.state.counts[NodeStatus.RUNNING] == 1)
    await live.detach("signal SIGTERM")
    (tmp_path / "go").touch()
    live = resume_run(load(path), LaunchOptions())
    await settled(live)
    assert live.state.verdict() is Verdict.COMPLETED
    await live.close()
    for content, why in (("1", "up to date: 1 input, 1 output unchanged since run 1"), ("2", "runs: in.csv changed")):
        (tmp_path / "in.csv").write_text(content)
        live = start_run(load(path), LaunchOptions())
        await settled(live)
        await live.close()
        assert why in (live.path / "journal.jsonl").read_text()
        assert log(live, "report") == "3\n"


async def test_a_reload_lets_what_runs_elsewhere_go_on_and_adds_executors(tmp_path: Path, far: FarSide) -> None:
    """What ran on this machine only gets an executor, and what runs there gets other numbers."""
    path = write(tmp_path, '[tasks.here]\nexecutor = "local"\nrun = "until test -e go; do sleep 0.02; done"\n')
    live = start_run(load(path), LaunchOptions())
    assert live.routing is None
    async with driven(live):
        await until(lambda: live.state.counts[NodeStatus.RUNNING] == 1)
        work = '[tasks.work]\nrun = "until test -e go; do sleep 0.02; done; echo done"\n'
        here = '[tasks.here]\nexecutor = "local"\nrun = "until test -e go; do sleep 0.02; done"\n'
        write(tmp_path, work + here)
        await live.reload(await live.read_graph_again())
        await until(lambda: live.state.counts[NodeStatus.RUNNING] == 2)
        write(tmp_path, '[tasks.more]\nneeds = ["work"]\nrun = "echo more"\n' + here + work)
        await live.reload(await live.read_graph_again())
        (tmp_path / "go").touch()
        await until(lambda: live.settled)
    assert live.state.verdict() is Verdict.COMPLETED
    await live.close()
    assert (log(live, "work"), log(live, "more")) == ("done\n", "more\n")
    assert len(far.started) == 2


async def test_what_waits_elsewhere_keeps_its_place_in_a_reload_unless_it_changed(tmp_path: Path, far: FarSide) -> None:
    """Attempts that would be handed over again just as they were keep their place in the queue of the engine."""
    far.holds = True
    before = '[tasks.same]\nrun = "echo same"\n[tasks.other]\nrun = "echo old"\n[tasks.wider]\nrun = "echo wider"\n'
    path = write(tmp_path, before)
    live = start_run(load(path), LaunchOptions())
    async with driven(live):
        await until(lambda: len(far.waiting) == 3 and live.state.queued_on.get("cluster") == 3)
        await until(lambda: len(list(live.state.nodes_for(Cause.QUEUED))) == 3)
        after = before.replace("old", "new").replace('"echo wider"', '"echo wider"\nresources = { cpus = 2 }')
        write(tmp_path, '[tasks.first]\nrun = "echo first"\n' + after)
        await live.reload(await live.read_graph_again())
        await until(lambda: len(list(live.state.nodes_for(Cause.QUEUED))) == 4)
        attempts = {name: live.state.attempt[live.graph.node(name)] for name in live.graph.labels}
        assert attempts == {"first": 1, "same": 1, "other": 2, "wider": 2}
        assert live.state.taken_on == {"cluster": 4}
        assert live.run.traversal.capacity.pools == [UNLIMITED - 4]
        write(tmp_path, '[tasks.first]\nrun = "echo first"\n' + after.replace("same]", "gone]"))
        await live.reload(await live.read_graph_again())
        far.holds = False
        await until(lambda: live.settled)
    assert live.state.verdict() is Verdict.COMPLETED
    assert live.state.taken_on == {"cluster": 0}
    await live.close()
    assert sorted(far.started) == sorted(
        attempt_key(*each) for each in (("first", 1), ("gone", 1), ("other", 2), ("wider", 2))
    )
    assert log(live, "other", 2) == "new\n"


async def test_a_reload_does_not_move_an_executor(tmp_path: Path, far: FarSide) -> None:
    path = write(tmp_path, '[tasks.a]\nrun = "until test -e go; do sleep 0.02; done"\n')
    live = start_run(load(path), LaunchOptions())
    async with driven(live):
        await until(lambda: live.state.counts[NodeStatus.RUNNING] == 1)
        path.write_text(path.read_text().replace("nowhere:1", "elsewhere:1"))
        with pytest.raises(ReloadError, match=r"address of executors\.cluster can't change while the run is live"):
            await live.read_graph_again()
        (tmp_path / "go").touch()
        await until(lambda: live.settled)
    await live.close()
    assert len(far.started) == 1


async def test_an_executor_that_was_moved_is_not_asked_for_what_another_one_has(tmp_path: Path, far: FarSide) -> None:
    path = write(tmp_path, WORK)
    await left(path, far)
    path.write_text(path.read_text().replace("nowhere:1", "elsewhere:1"))
    with pytest.raises(StoreError, match="3 attempts go on at cluster, which was somewhere else then"):
        resume_run(load(path), LaunchOptions())
    path.write_text(path.read_text().replace("elsewhere:1", "nowhere:1"))
    for number in (1, 2, 3):
        (tmp_path / f"{number}.go").touch()
    live = resume_run(load(path), LaunchOptions())
    await settled(live)
    await live.close()
    assert len(far.started) == 3
