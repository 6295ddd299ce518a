"""Control of a live session through its control socket: real nodes, a real socket, a client in a thread of its own."""

from __future__ import annotations

import threading
from functools import partial
from typing import TYPE_CHECKING

import anyio
import pytest
from support.waiting import wait_for

from dagtui.control.client import ControlClient, connect
from dagtui.control.commands import serve_control
from dagtui.control.live import Screen, all_live, live_runs
from dagtui.control.requests import token
from dagtui.engine.messages import Command, CommandKind
from dagtui.engine.status import NodeStatus
from dagtui.graph.loading import load
from dagtui.runs.beginning import start_run
from dagtui.runs.launch import LaunchOptions

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from dagtui.runs.live import LiveRun

    Client = Callable[[LiveRun], None]

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


@pytest.fixture(autouse=True)
def folder(short_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DAGTUI_SOCKET_DIR", str(short_path))
    return short_path


@pytest.fixture
def graph_file(tmp_path: Path) -> Path:
    path = tmp_path / "graph.toml"
    path.write_text(GRAPH)
    return path


def during(graph_file: Path, client: Client, *, screen: Screen = Screen.NONE) -> LiveRun:
    """Run a graph until a client is done that has a thread of its own; then everything is cancelled."""

    async def live() -> None:
        async with anyio.create_task_group() as group:
            group.start_soon(session.drive)
            await group.start(partial(serve_control, session, lambda: screen))
            try:
                await anyio.to_thread.run_sync(client, session)
            finally:
                group.cancel_scope.cancel()
        await session.close("the test is over")

    session = start_run(load(graph_file, {}), LaunchOptions(jobs=8))
    anyio.run(live)
    return session


def settle_in(session: LiveRun) -> None:
    """Wait until everything has happened that happens by itself."""
    wanted = {"COMPLETED": 1, "FAILED": 1, "FAILED_PARENT": 1, "RUNNING": 2, "WAITING": 1}
    wait_for(lambda: ask(session, "status")["counts"] == wanted, "the graph is half done")


def connected(session: LiveRun) -> ControlClient:
    assert session.directory is not None
    return connect(session.directory.run_id)


def ask(session: LiveRun, want: str, **fields: object) -> Mapping[str, object]:
    with connected(session) as found:
        found.send({"want": want, **fields})
        answer = found.receive(20)
    assert answer is not None
    return answer


def nodes(group: object) -> list[str]:
    assert isinstance(group, dict)
    assert group["count"] == len(group["nodes"])
    return group["nodes"]


def test_the_status_tells_what_a_person_looks_at_first(graph_file: Path) -> None:
    def client(session: LiveRun) -> None:
        settle_in(session)
        found = ask(session, "status")
        assert (found["name"], found["number"], found["graph"]) == ("graph", 1, str(graph_file))
        assert (found["verdict"], found["settled"], found["paused"], found["jobs"]) == ("running", False, False, 8)
        assert found["screen"] == "attached"
        assert [(node["node"], node["status"]) for node in found["active"]] == [
            ("train[seed=1]", "RUNNING"),
            ("train[seed=2]", "RUNNING"),
        ]
        (failure,) = found["failures"]
        assert (failure["node"], failure["why"], failure["attempt"]) == ("bad", "exit 3", 1)
        assert failure["log"] == str(session.log_path(session.graph.node("bad"), 1))

    during(graph_file, client, screen=Screen.ATTACHED)


def test_a_preview_changes_nothing_and_a_command_does_what_it_said(graph_file: Path) -> None:
    def client(session: LiveRun) -> None:
        settle_in(session)
        number = session.state.command_number
        before = ask(session, "preview", command="rerun with downstream", nodes=["train[seed=1]"])
        assert nodes(before["again"]) == nodes(before["stopped"]) == ["train[seed=1]"]
        assert session.state.command_number == number
        after = ask(
            session,
            "give",
            command="rerun with downstream",
            nodes=["train[seed=1]"],
            expected=before["expected"],
        )
        assert {**after, "words": ""} == {**before, "words": ""}
        assert session.state.command_number == number + 1
        wait_for(lambda: session.state.attempt[session.graph.node("train[seed=1]")] == 2, "it runs again")
        assert session.state.attempt[session.graph.node("train[seed=2]")] == 1

    during(graph_file, client)


def test_what_was_expected_and_has_changed_is_not_done(graph_file: Path) -> None:
    def client(session: LiveRun) -> None:
        settle_in(session)
        before = ask(session, "preview", command="cancel subtree", nodes=["fetch"])
        assert nodes(before["stopped"]) == ["train[seed=1]", "train[seed=2]"]
        ask(session, "give", command="cancel", nodes=["train[seed=2]"])
        wait_for(
            lambda: session.state.status_of(session.graph.node("train[seed=2]")) is NodeStatus.CANCELLED, "it stops"
        )
        after = ask(session, "give", command="cancel subtree", nodes=["fetch"], expected=before["expected"])
        assert after["changed"] is True
        assert nodes(after["stopped"]) == ["train[seed=1]"]
        assert session.state.status_of(session.graph.node("train[seed=1]")) is NodeStatus.RUNNING

    during(graph_file, client)


def test_what_is_expected_is_the_command_and_what_happens_to_each_node(graph_file: Path) -> None:
    def client(session: LiveRun) -> None:
        settle_in(session)
        eval_status = partial(session.state.status_of, session.graph.node("eval"))
        tokens = [
            ask(session, "preview", command=command, nodes=["train[seed=1]"])["expected"]
            for command in ("rerun with downstream", "rerun this node only", "cancel", "cancel subtree")
        ]
        ask(session, "give", command="mark done", nodes=["eval"])
        assert eval_status() is NodeStatus.COMPLETED
        number = session.state.command_number
        fields = {"command": "rerun with downstream", "nodes": ["train[seed=1]"]}
        tokens.append(ask(session, "preview", **fields)["expected"])
        assert len(set(tokens)) == 5
        after = ask(session, "give", **fields, expected=tokens[0])
        assert (after["changed"], nodes(after["stopped"]), nodes(after["released"])) == (
            True, ["train[seed=1]"], ["eval"],
        )  # fmt: skip
        assert (eval_status(), session.state.command_number) == (NodeStatus.COMPLETED, number)
        assert ask(session, "give", **fields, expected=tokens[4])["changed"] is False

    during(graph_file, client)


EVERY = {
    CommandKind.RETRY: (["bad"], 0),
    CommandKind.RETRY_FAILED: ([], 0),
    CommandKind.RERUN: (["train"], 0),
    CommandKind.RERUN_ONLY: (["fetch"], 0),
    CommandKind.CANCEL: (["train[seed=2]"], 0),
    CommandKind.CANCEL_SUBTREE: (["fetch"], 0),
    CommandKind.CANCEL_ALL: ([], 0),
    CommandKind.SKIP: (["bad"], 0),
    CommandKind.MARK_DONE: (["bad", "eval"], 0),
    CommandKind.PAUSE: ([], 0),
    CommandKind.SET_JOBS: ([], 3),
    CommandKind.HOLD: (["after", "eval"], 0),
    CommandKind.RELEASE: (["eval"], 0),
}
BEFORE = {CommandKind.RESUME: CommandKind.PAUSE, CommandKind.RELEASE: CommandKind.HOLD}
"""Commands that do nothing unless another one came before."""


@pytest.mark.parametrize("kind", [kind for kind in CommandKind if kind is not CommandKind.ANSWER])
def test_every_command_is_the_sessions_own(graph_file: Path, kind: CommandKind) -> None:
    def client(session: LiveRun) -> None:
        settle_in(session)
        if kind in BEFORE:
            ask(session, "give", command=BEFORE[kind].value, nodes=EVERY.get(kind, ([], 0))[0])
        names, jobs = EVERY.get(kind, ([], 0))
        found = [node for name in names for node in range(len(session.graph)) if _is_of(session, node, name)]
        expected = session.preview(Command(kind, tuple(found), jobs))
        assert expected.nothing is None
        answer = ask(session, "preview", command=kind.value, nodes=names, jobs=jobs)
        for field in ("again", "stopped", "released", "dropped", "begins", "blocked", "held", "kept"):
            assert nodes(answer[field]) == [session.graph.labels[node] for node in getattr(expected, field)], field
        assert answer["expected"] == token(expected)
        given = ask(session, "give", command=kind.value, nodes=names, jobs=jobs)
        assert given["nothing"] is None
        assert session.state.command_number == (2 if kind in BEFORE else 1)

    during(graph_file, client)


def _is_of(session: LiveRun, node: int, name: str) -> bool:
    return name in {session.graph.labels[node], session.graph.task(node).name}


def test_a_command_that_would_do_nothing_says_why(graph_file: Path) -> None:
    def client(session: LiveRun) -> None:
        settle_in(session)
        answer = ask(session, "give", command="retry", nodes=["fetch"])
        assert answer["nothing"] == "it already succeeded; rerun it instead"
        assert session.state.command_number == 0

    during(graph_file, client)


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"command": "explode"}, "does not know the command 'explode'"),
        ({}, "does not know the command ''"),
        ({"command": "retry", "nodes": []}, "at least one node"),
        ({"command": "answer", "nodes": ["fetch"]}, "answer must be a choice of the gate"),
        ({"command": "pause", "nodes": ["fetch"]}, "the whole run"),
        ({"command": "retry", "nodes": "fetch"}, "a list of names"),
        ({"command": "retry", "nodes": [1]}, "a list of names"),
        ({"command": "retry", "nodes": ["nope"]}, 'no node "nope"'),
        ({"command": "jobs", "jobs": "many"}, "must be a number"),
        ({"command": "jobs", "jobs": 10**12}, "must be a number"),
    ],
)
def test_a_wrong_request_is_refused_and_changes_nothing(
    graph_file: Path, fields: Mapping[str, object], told: str
) -> None:
    def client(session: LiveRun) -> None:
        assert told in str(ask(session, "give", **fields)["error"])
        assert session.state.command_number == 0

    during(graph_file, client)


def test_waiting_for_nodes_ends_when_all_are_settled_at_one_time(graph_file: Path) -> None:
    def client(session: LiveRun) -> None:
        settle_in(session)
        assert ask(session, "wait", nodes=["fetch"])["outcome"] == "completed"
        failed = ask(session, "wait", nodes=["fetch", "bad", "after"])
        assert (failed["outcome"], nodes(failed["bad"])) == ("failed", ["bad", "after"])
        with connected(session) as waiting:
            waiting.send({"want": "wait", "nodes": ["bad", "train"]})
            for number in (1, 2):
                with pytest.raises(TimeoutError):
                    waiting.receive(0.2)
                ask(session, "give", command="cancel", nodes=[f"train[seed={number}]"])
            found = waiting.receive(20)
        assert found is not None
        assert (found["outcome"], nodes(found["bad"])) == ("failed", ["bad", "train[seed=1]", "train[seed=2]"])
        assert ask(session, "wait", nodes=["train"])["outcome"] == "cancelled"
        assert ask(session, "wait")["outcome"] == "failed"

    during(graph_file, client)


def test_one_that_waits_hears_it_when_the_process_ends(graph_file: Path) -> None:
    heard: list[Mapping[str, object] | None] = []

    def wait(connection: ControlClient) -> None:
        with connection:
            heard.append(connection.receive(20))

    threads: list[threading.Thread] = []

    def client(session: LiveRun) -> None:
        settle_in(session)
        before = len(session._listeners)
        waiting = connected(session)
        waiting.send({"want": "wait"})
        wait_for(lambda: len(session._listeners) == before + 1, "it waits")
        threads.append(threading.Thread(target=wait, args=[waiting]))
        threads[0].start()

    during(graph_file, client)
    threads[0].join()
    assert heard[0] is not None
    assert heard[0]["outcome"] == "running"


def test_one_that_waits_and_goes_leaves_nothing_behind(graph_file: Path) -> None:
    def client(session: LiveRun) -> None:
        settle_in(session)
        before = len(session._listeners)
        with connected(session) as waiting:
            waiting.send({"want": "wait"})
            wait_for(lambda: len(session._listeners) == before + 1, "it waits")
        wait_for(lambda: len(session._listeners) == before, "it is forgotten")

    during(graph_file, client)


def test_a_control_socket_that_can_not_be_made_is_noted_and_stops_nothing(
    graph_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DAGTUI_SOCKET_DIR", str(graph_file))

    def client(session: LiveRun) -> None:
        wait_for(lambda: session.state.counts[NodeStatus.RUNNING] == 2, "the run goes on")

    session = during(graph_file, client)
    assert session.path is not None
    assert "can't be reached from other terminals" in (session.path / "journal.jsonl").read_text()


def test_live_runs_are_found_by_their_graph_and_by_their_sockets(folder: Path, graph_file: Path) -> None:
    assert live_runs(graph_file) == []
    assert all_live() == []

    def client(session: LiveRun) -> None:
        [found] = live_runs(graph_file)
        assert found.trouble == ""
        assert (found.number, found.path, found.graph, found.screen) == (1, session.path, graph_file, Screen.DETACHED)
        assert all_live() == [found]
        (folder / f"{found.run_id}.sock").rename(folder / "elsewhere")
        [lost] = live_runs(graph_file)
        assert lost.trouble != ""
        assert (lost.pid, lost.screen) == (found.pid, None)

    during(graph_file, client, screen=Screen.DETACHED)
    assert live_runs(graph_file) == []
    assert all_live() == []


def test_answers_fit_a_line_however_long_the_names_are(tmp_path: Path) -> None:
    path = tmp_path / "wide.toml"
    values = ", ".join(f'"{"é" * 190}{number}"' for number in range(400))
    path.write_text(f'version = 1\n[tasks.t]\nrun = "true"\nmatrix = {{ x = [{values}] }}\n[tasks.u]\nneeds = ["t"]\n')

    def client(session: LiveRun) -> None:
        wait_for(session_settled(session), "all ran")
        answer = ask(session, "preview", command="rerun with downstream", nodes=["t"])
        group = answer["again"]
        assert isinstance(group, dict)
        assert group["count"] == 401
        assert 10 < len(group["nodes"]) < 401
        assert answer["expected"] == token(session.preview(Command(CommandKind.RERUN, tuple(range(400))))), (
            "it stands for all of them"
        )

    during(path, client)


def session_settled(session: LiveRun) -> Callable[[], bool]:
    return lambda: session.settled
