"""Records the golden journals: one real run for each kind of story, its journal, its graph, and the state it left.

    python tests/store/record_golden.py NAME…    records what is not there yet

What is there is never recorded anew: it stands for journals that people have on their disks.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path

import anyio
from support.waiting import until

from dagtui.engine.messages import Answer, Command, CommandKind
from dagtui.engine.state import RunState
from dagtui.engine.status import NodeStatus
from dagtui.engine.targets import Targets
from dagtui.graph.loading import load
from dagtui.runs.beginning import start_run
from dagtui.runs.launch import LaunchOptions
from dagtui.runs.live import LiveRun
from dagtui.text.amounts import WallTime

GOLDEN = Path(__file__).with_name("golden")
FORK = """
[tasks.first]
run = "echo first"
[tasks.left]
needs = ["first"]
run = "%s"
[tasks.left-end]
needs = ["left"]
run = "true"
[tasks.right]
needs = ["first"]
run = "sleep 0.3"
[tasks.right-end]
needs = ["right"]
run = "true"
[tasks.last]
needs = ["left-end", "right-end"]
trigger = "all_done"
run = "echo last"
"""
ENDLESS = FORK % "sleep 60"
FAILING_ONCE = FORK % "[ $DAGTUI_ATTEMPT -gt 1 ]"

GATES = """version = 1
[tasks.score]
run = "echo 0.93"
[tasks.approve]
needs = ["score"]
ask = "Publish {{ needs.score.status }}?"
choices = ["publish", "drop"]
[tasks.legal]
ask = "Has legal agreed?"
[tasks.publish]
needs = ["approve", "legal"]
run = "true"
"""
VALUES = """version = 1
[tasks.split]
run = '''
echo "rows=1$DAGTUI_ATTEMPT" >> "$DAGTUI_OUTPUT"
printf 'text<<END\\n"é"\\t\\n\\033[31m\\nEND\\nbad line\\n' >> "$DAGTUI_OUTPUT"
'''
[tasks.train]
needs = ["split"]
matrix = { seed = [1, 2] }
run = 'echo "loss=0.{{ matrix.seed }}{{ needs.split.outputs.rows }}" >> "$DAGTUI_OUTPUT"'
[tasks.fails]
run = 'echo "x=1" >> "$DAGTUI_OUTPUT"; exit 1'
allow_failure = true
[tasks.report]
needs = ["train", "fails"]
run = "echo {{ needs.train[seed=2].outputs.loss }} {{ needs.fails.outputs.x or 'none' }}"
"""
FILES = """version = 1
[tasks.make]
run = "echo 1 > made"
outputs = ["made"]
[tasks.copy]
inputs = ["made"]
outputs = ["copied"]
run = 'cp made copied; echo "rows=1" >> "$DAGTUI_OUTPUT"'
[tasks.check]
needs = ["copy"]
inputs = ["copied"]
run = "test {{ needs.copy.outputs.rows }} = 1"
[tasks.fails]
inputs = ["made"]
outputs = ["absent"]
run = "true"
allow_failure = true
"""
TRIGGERS = """version = 1
[tasks.bad]
run = "kill -9 $$"
allow_failure = true
[tasks.none]
run = ["./no-such-program"]
[tasks.any]
needs = ["bad", "none"]
trigger = "any_success"
run = "true"
[tasks.clean]
needs = ["bad"]
trigger = "any_failed"
run = "true"
[tasks."odd \\"name\\" é"]
needs = ["none"]
run = "true"
"""

SERVICE = """version = 1
[tasks.database]
run = "echo up; sleep 60"
service = { ready = "log up" }
[tasks.test]
needs = ["database"]
run = "true"
"""

CONDITIONS = """version = 1
[params]
size = "s"
[tasks.rows]
run = "echo rows=$DAGTUI_ATTEMPT >> $DAGTUI_OUTPUT"
[tasks.large]
if = "params.size == 'l'"
run = "echo large"
[tasks.below]
needs = ["large"]
run = "true"
[tasks.many]
needs = ["rows"]
if = "needs.rows.outputs.rows > 1"
run = "true"
[tasks.unknown]
needs = ["rows"]
if = "needs.rows.outputs.columns > 1"
run = "true"
"""
FINALLY = """version = 1
[tasks.work]
run = "[ $DAGTUI_ATTEMPT -gt 1 ]"
[tasks.other]
run = "true"
[tasks.alert]
finally = true
if = "run.verdict == 'failed'"
run = "echo alert {{ run.failed }}"
[tasks.clean]
finally = true
run = "echo clean"
"""

RELOADED = """version = 1
[tasks.new]
needs = ["first"]
run = "echo new"
[tasks.first]
run = "echo first again"
[tasks.right]
needs = ["first"]
run = "true"
[tasks.right-end]
needs = ["right", "new"]
run = "true"
[tasks.kept]
run = "true"
"""
BEFORE_RELOAD = """version = 1
[tasks.first]
run = "echo first"
[tasks.left]
needs = ["first"]
run = "until [ -e go ]; do sleep 0.02; done"
[tasks.left-end]
needs = ["left"]
run = "true"
[tasks.right]
needs = ["first"]
run = "exit 3"
[tasks.right-end]
needs = ["right"]
run = "true"
[tasks.kept]
run = "true"
"""

Story = Callable[[LiveRun], Awaitable[None]]


def final_state(state: RunState) -> dict[str, object]:
    """What a replay has to come to: everything about a run and its nodes that outlives it."""
    labels = state.graph.labels
    outside = {"outside": [labels[node] for node in filter(state.is_outside, state.graph.nodes)]}
    return {
        **(outside if state.outside else {}),
        "verdict": state.verdict().value,
        "paused": state.paused,
        "jobs": state.jobs,
        "nodes": {
            label: {
                "status": state.status_of(node).name,
                "cause": state.cause_of(node).word,
                "attempt": state.attempt[node],
                "blocker": labels[state.blocker[node]] if state.blocker[node] >= 0 else "",
                "value": state.value[node],
                "marks": list(state.marks.get(node, ())),
                "stale": bool(state.stale[node]),
                **({"held": True} if node in state.held else {}),
                **_values(state, node),
            }
            for node, label in enumerate(labels)
        },
    }


def _values(state: RunState, node: int) -> dict[str, object]:
    """What a node that ran hands on. The answers of gates were recorded before anything else was."""
    values = state.outputs.get(node)
    return {} if values is None or state.graph.gate(node) else {"outputs": dict(values)}


def command(session: LiveRun, kind: CommandKind, *labels: str, jobs: int = 0) -> None:
    done = session.give(Command(kind, tuple(session.graph.node(label) for label in labels), jobs))
    assert done.nothing is None, done.nothing


def status(session: LiveRun, label: str) -> NodeStatus:
    return session.state.status_of(session.graph.node(label))


async def nothing(_session: LiveRun) -> None:
    """The run goes by itself."""


async def retry(session: LiveRun) -> None:
    await until(lambda: session.settled)
    command(session, CommandKind.RETRY, "left")


async def cancel_subtree(session: LiveRun) -> None:
    await until(lambda: status(session, "left") is NodeStatus.RUNNING)
    command(session, CommandKind.CANCEL_SUBTREE, "left")


async def cancel_all(session: LiveRun) -> None:
    await until(lambda: status(session, "left") is NodeStatus.RUNNING)
    command(session, CommandKind.CANCEL_ALL)


async def cancel_after_failure(session: LiveRun) -> None:
    await until(lambda: status(session, "left") is NodeStatus.FAILED)
    await until(lambda: status(session, "right") is NodeStatus.RUNNING)
    command(session, CommandKind.CANCEL_ALL)


async def pause(session: LiveRun) -> None:
    await until(lambda: status(session, "right") is NodeStatus.RUNNING)
    command(session, CommandKind.PAUSE)
    command(session, CommandKind.SET_JOBS, jobs=3)
    await until(lambda: status(session, "right") is NodeStatus.COMPLETED)
    command(session, CommandKind.RESUME)


async def hold(session: LiveRun) -> None:
    command(session, CommandKind.HOLD, "left-end", "right-end", "last")
    await until(lambda: status(session, "right-end") is NodeStatus.READY)
    await until(lambda: status(session, "left-end") is NodeStatus.FAILED_PARENT)
    command(session, CommandKind.RELEASE, "right-end")
    await until(lambda: status(session, "last") is NodeStatus.READY)
    command(session, CommandKind.CANCEL, "last")


async def skip_and_mark(session: LiveRun) -> None:
    command(session, CommandKind.SKIP, "left")
    command(session, CommandKind.MARK_DONE, "right-end")


async def gates(session: LiveRun) -> None:
    await until(lambda: len(list(session.state.asking())) == 2)
    for label, choice in (("approve", "drop"), ("legal", "reject"), ("legal", "approve")):
        node = session.graph.node(label)
        answer = Answer(choice, "ada", WallTime(1_795_000_000.0))
        given = session.give(Command(CommandKind.ANSWER, (node,), answer=answer))
        assert given.nothing is None, given.nothing
        if choice == "reject":
            command(session, CommandKind.RETRY, label)


async def rerun(session: LiveRun) -> None:
    await until(lambda: session.settled)
    command(session, CommandKind.RERUN_ONLY, "right")
    await until(lambda: session.settled)
    command(session, CommandKind.RERUN, "left")


async def rerun_what_hands_on(session: LiveRun) -> None:
    await until(lambda: session.settled)
    command(session, CommandKind.RERUN_ONLY, "split")


async def rerun_a_copy(session: LiveRun) -> None:
    """`copy` and `check` are up to date when the run is settled. Then one of them is asked for."""
    await until(lambda: session.settled)
    assert session.state.up_to_date == 2
    command(session, CommandKind.RERUN_ONLY, "copy")


async def add_a_node(session: LiveRun) -> None:
    await until(lambda: session.settled)
    command(session, CommandKind.RETRY, "right-end")


async def rerun_of_a_test(session: LiveRun) -> None:
    await until(lambda: session.settled)
    command(session, CommandKind.RERUN_ONLY, "test")


DEMO = Path(__file__).parents[2] / "dagtui" / "cli" / "demo.toml"


async def decide_again(session: LiveRun) -> None:
    await until(lambda: session.settled)
    command(session, CommandKind.RETRY, "large")
    await until(lambda: session.settled)
    command(session, CommandKind.RERUN, "rows")


async def retry_work(session: LiveRun) -> None:
    await until(lambda: session.settled)
    command(session, CommandKind.RETRY, "work")


async def reload(session: LiveRun) -> None:
    """One node fails, and is retried with its new command. One runs, and is removed. One was done, and is stale."""
    await until(lambda: status(session, "right") is NodeStatus.FAILED)
    await until(lambda: status(session, "left") is NodeStatus.RUNNING)
    await until(lambda: status(session, "kept") is NodeStatus.COMPLETED)
    assert session.graph_path is not None
    session.graph_path.write_text(RELOADED)
    await session.reload(await session.read_graph_again())
    await until(lambda: status(session, "new") is NodeStatus.COMPLETED)
    command(session, CommandKind.RETRY, "right")
    (session.graph_path.parent / "go").touch()


STORIES: dict[str, tuple[str, Story]] = {
    "demo": (DEMO.read_text().replace("sleep 1", "sleep 0.1").replace("sleep 0.5", "sleep 0.02"), nothing),
    "retry": ("version = 1\n" + FAILING_ONCE, retry),
    "cancel-subtree": ("version = 1\n" + ENDLESS, cancel_subtree),
    "cancel-all": ("version = 1\n" + ENDLESS, cancel_all),
    "pause": ("version = 1\n" + FORK % "true", pause),
    "hold": ("version = 1\n" + FORK % "exit 3", hold),
    "fail-fast": ("version = 1\n[run]\nkeep_going = false\njobs = 1\n" + FORK % "exit 3", nothing),
    "skip-and-mark": ("version = 1\n" + ENDLESS, skip_and_mark),
    "rerun": ("version = 1\n" + FORK % "true", rerun),
    "timeout": ('version = 1\n[tasks.a]\nrun = "sleep 60"\ntimeout = 0.3\nretries = 1\nretry_delay = 0.1\n', nothing),
    "run-timeout": (f"version = 1\n[run]\ntimeout = 0.5\n{ENDLESS}", nothing),
    "triggers": (TRIGGERS, nothing),
    "failed-then-cancelled": (f"version = 1\n{FORK % 'exit 3'}".replace("sleep 0.3", "sleep 60"), cancel_after_failure),
    "gates": (GATES, gates),
    "conditions": (CONDITIONS, decide_again),
    "finally": (FINALLY, retry_work),
    "targets": ("version = 1\n" + FORK % "exit 3", add_a_node),
    "service": (SERVICE, rerun_of_a_test),
    "pools": ("version = 1\n[pools]\ngpu = 1\n[defaults]\npools = { gpu = 1 }\n" + FORK % "true", rerun),
    "values": (VALUES, rerun_what_hands_on),
    "files": (FILES, rerun_a_copy),
    "reload": (BEFORE_RELOAD, reload),
    "allowed-failure": ('version = 1\n[tasks.a]\nrun = "exit 3"\nallow_failure = true\n', nothing),
}


RUN_BEFORE = {"files"}
"""The stories of which a run of the same graph has ended before."""
TARGETS = {"targets": "left-end"}
"""The node that a run is for, by the name of its story. The others are for all nodes."""


async def live(session: LiveRun, story: Story) -> None:
    async with anyio.create_task_group() as group:
        group.start_soon(session.drive)
        await story(session)
        await until(lambda: session.settled)
        group.cancel_scope.cancel()
    await session.close()


def record(name: str) -> None:
    text, story = STORIES[name]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, f"{name}.toml")
        path.write_text(text)
        graph, target = load(path), TARGETS.get(name)
        targets = None if target is None else Targets((graph.node(target),), (target,))
        if name in RUN_BEFORE:
            anyio.run(live, start_run(graph), nothing)
        session = start_run(graph, LaunchOptions(jobs=2, targets=targets))
        anyio.run(live, session, story)
        assert session.path is not None
        if session.graph is not graph:  # the journal is replayed for the graph that the run has taken up
            path = Path(shutil.copy(session.path / "graph.toml", path))
        keep(name, path, session.path / "journal.jsonl", final_state(session.state))


def record_lost() -> None:
    """A run whose program was killed while a node was running."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "lost.toml")
        path.write_text("version = 1\n" + ENDLESS)
        run = subprocess.Popen([sys.executable, "-m", "dagtui", "run", str(path), "-j", "2"], stdout=subprocess.DEVNULL)
        journal = Path(folder, ".dagtui", "lost", "runs", "1", "journal.jsonl")

        async def running() -> None:
            await until(
                lambda: journal.exists() and b'"right-end","attempt":1,"status":"COMPLETED"' in journal.read_bytes()
            )

        anyio.run(running)
        os.kill(run.pid, signal.SIGKILL)
        run.wait()
        from dagtui.engine.event_records import parse
        from dagtui.store.journal import JournalReader

        graph = load(path)
        state = RunState(graph)
        events = (parse(record, graph) for record in JournalReader(journal))
        state.replay(event for event in events if event is not None)
        keep("lost", path, journal, final_state(state))


def keep(name: str, graph: Path, journal: Path, state: dict[str, object]) -> None:
    GOLDEN.mkdir(exist_ok=True)
    shutil.copy(graph, GOLDEN / f"{name}.toml")
    shutil.copy(journal, GOLDEN / f"{name}.jsonl")
    (GOLDEN / f"{name}.json").write_text(json.dumps(state, indent=1, ensure_ascii=True) + "\n")


def main(names: list[str]) -> None:
    for name in names or [*STORIES, "lost"]:
        if (GOLDEN / f"{name}.jsonl").exists():
            continue
        if name == "lost":
            record_lost()
        else:
            record(name)


if __name__ == "__main__":
    main(sys.argv[1:])
