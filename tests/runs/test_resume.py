"""A run that is resumed, over real processes and files."""

from __future__ import annotations

import json
import os
import shutil
import time
import zlib
from typing import TYPE_CHECKING

import anyio
import pytest
from support.golden_journals import decoded, encoded
from support.journals import read_journal, replayed
from support.waiting import until

from dagtui.cli.prepare import replayed as replayed_run
from dagtui.cli.resume_prompt import question
from dagtui.engine.event_records import parse
from dagtui.engine.events import NodeEvent, NoteEvent
from dagtui.engine.messages import Command, CommandKind
from dagtui.engine.run import Run
from dagtui.engine.status import Cause, NodeStatus, Verdict
from dagtui.graph.loading import load
from dagtui.runs import previous_processes, restore
from dagtui.runs.beginning import start_run
from dagtui.runs.last_run import NothingToResumeError, ending, resumable
from dagtui.runs.launch import LaunchOptions
from dagtui.runs.previous_run import understand
from dagtui.runs.restore import resume_run
from dagtui.store.directory import RunDirectory, latest_first, runs
from dagtui.store.errors import StoreError
from dagtui.store.journal import JournalReader
from dagtui.text.amounts import WallTime

if TYPE_CHECKING:
    from pathlib import Path

    from dagtui.runs.live import LiveRun

pytestmark = pytest.mark.anyio

CHAIN = """
[params]
word = "one"
[tasks.a]
run = "echo a >> done"
[tasks.b]
needs = ["a"]
run = "echo b >> done; test -e ok"
[tasks.c]
needs = ["b"]
run = "echo c {{ params.word }} >> done"
[tasks.d]
needs = ["c"]
run = "echo d >> done"
[tasks.x]
run = "echo x >> done"
"""


class Project:
    """A graph file in a directory of its own."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.path = directory / "graph.toml"
        self.write(CHAIN)

    def write(self, text: str) -> None:
        self.path.write_text("version = 1\n" + text, encoding="utf-8")

    def start(self, **parameters: str) -> LiveRun:
        return start_run(load(self.path, parameters), LaunchOptions(jobs=2))

    def resume(self, **parameters: str) -> LiveRun:
        return resume_run(load(self.path, parameters), LaunchOptions(jobs=2))

    def rerun(self, *labels: str) -> LiveRun:
        """Resume, and run some nodes again."""
        graph = load(self.path)
        found = resumable(graph, rerun=tuple(map(graph.node, labels)))
        return resume_run(graph, LaunchOptions(jobs=2, resumption=found))

    def done(self) -> list[str]:
        """What has run, in its order; forgotten afterwards."""
        path = self.directory / "done"
        if not path.exists():
            return []
        lines = path.read_text(encoding="utf-8").splitlines()
        path.unlink()
        return lines

    def allow(self) -> None:
        (self.directory / "ok").touch()

    @property
    def run(self) -> RunDirectory:
        return latest_first(runs(self.path))[0]


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)


async def finish(session: LiveRun) -> LiveRun:
    with anyio.fail_after(60):
        await session.drive_until_settled()
    await session.close()
    return session


async def failed(project: Project) -> LiveRun:
    """A run in which `b` failed."""
    session = await finish(project.start())
    assert session.state.verdict() is Verdict.FAILED
    project.done()
    project.allow()
    return session


def statuses(session: LiveRun) -> dict[str, str]:
    state = session.state
    return {
        label: f"{state.status_of(node).name.lower()} {state.cause_of(node).word} {state.attempt[node]}"
        for node, label in enumerate(session.graph.labels)
    }


def notes(session: LiveRun) -> list[str]:
    assert session.path is not None
    records = read_journal(session.path / "journal.jsonl").records
    events = [parse(record, session.graph) for record in records]
    return [event.text for event in events if isinstance(event, NoteEvent)]


@pytest.mark.parametrize("how", ["closed", "cancelled"])
async def test_what_was_held_stays_held_and_is_named(project: Project, how: str) -> None:
    project.allow()
    first = project.start()
    first.give(Command(CommandKind.HOLD, (first.graph.node("b"),)))
    async with anyio.create_task_group() as group:
        group.start_soon(first.drive)
        await until(lambda: first.waits == "waits for b to be released")
        group.cancel_scope.cancel()
    if how == "cancelled":
        first.give(Command(CommandKind.CANCEL_ALL))
    await first.close()
    stays = "1 node stays held: b; release it to let it start"
    graph = load(project.path)
    found = resumable(graph)
    assert f"{stays}." in question(replayed_run(graph, found.directory), found, WallTime(time.time()))
    session = project.resume()
    assert stays in notes(session)
    assert session.state.held == {session.graph.node("b")}
    project.done()
    async with anyio.create_task_group() as group:
        group.start_soon(session.drive)
        await until(lambda: session.waits == "waits for b to be released")
        assert project.done() == []
        group.cancel_scope.cancel()
    session.give(Command(CommandKind.RELEASE, (session.graph.node("b"),)))
    await finish(session)
    assert session.state.verdict() is Verdict.COMPLETED
    assert project.done()[0] == "b"
    assert replayed(session).held == set()


async def test_what_completed_stays_and_the_rest_runs(project: Project) -> None:
    first = await failed(project)
    session = await finish(project.resume())
    assert project.done() == ["b", "c one", "d"]
    assert session.number == first.number
    assert session.state.verdict() is Verdict.COMPLETED
    assert statuses(session) == {
        "a": "completed resumed 1",
        "b": "completed ran 2",
        "c": "completed ran 1",
        "d": "completed ran 1",
        "x": "completed resumed 1",
    }
    mirror = replayed(session)
    for name in ("status", "cause", "attempt", "base", "blocker", "ok", "bad", "skip", "stale", "marks"):
        assert getattr(mirror, name) == getattr(session.state, name)


async def test_only_what_changed_and_what_is_below_it_runs_again(project: Project) -> None:
    project.allow()
    await finish(project.start())
    assert sorted(project.done()) == ["a", "b", "c one", "d", "x"]
    session = await finish(project.resume(word="two"))
    assert project.done() == ["c two", "d"]
    assert "resumed: 3 completed nodes stay; changed: c (params.word)" in notes(session)
    assert 'word = "two"' in (session.path / "graph.toml").read_text(encoding="utf-8")
    with pytest.raises(NothingToResumeError) as caught:
        project.resume(word="two")
    assert caught.value.completed
    assert not project.run.is_live()


async def test_tasks_come_and_go(project: Project) -> None:
    await failed(project)
    text = CHAIN.replace('[tasks.x]\nrun = "echo x >> done"', '[tasks.y]\nneeds = ["a"]\nrun = "echo y >> done"')
    project.write(text.replace('needs = ["b"]', 'needs = ["b", "y"]'))
    session = await finish(project.resume())
    assert sorted(project.done()) == ["b", "c one", "d", "y"]
    assert session.state.verdict() is Verdict.COMPLETED
    # The task that was gone comes back: the journal knows that it ran, under an attempt that is not used again.
    project.write(CHAIN)
    session = await finish(project.resume())
    assert sorted(project.done()) == ["c one", "d", "x"]
    assert statuses(session)["x"] == "completed ran 2"


async def test_tasks_that_are_gone_are_named(project: Project) -> None:
    await failed(project)
    project.write(CHAIN.partition("[tasks.d]")[0].replace("c {{", "see {{"))
    session = await finish(project.resume())
    assert "resumed: 1 completed node stays; changed: c (run), d (gone), x (gone)" in notes(session)


async def test_a_run_that_completed_is_not_run_again(project: Project) -> None:
    project.allow()
    await finish(project.start())
    with pytest.raises(NothingToResumeError, match="completed, and no task has changed in the file since"):
        project.resume()


async def test_without_a_run_there_is_nothing_to_resume(project: Project) -> None:
    with pytest.raises(NothingToResumeError, match="no run yet") as caught:
        project.resume()
    assert not caught.value.completed


async def test_a_live_run_is_not_resumed(project: Project) -> None:
    session = project.start()
    with pytest.raises(StoreError, match=rf"live \(process {os.getpid()} has it\)"):
        project.resume()
    await finish(session)


async def test_a_cancelled_run_goes_on_without_marks_and_pause(project: Project) -> None:
    session = project.start()
    session.give(Command(CommandKind.PAUSE))
    session.give(Command(CommandKind.CANCEL_ALL))
    await finish(session)
    assert session.state.verdict() is Verdict.CANCELLED
    project.done()
    project.allow()
    session = await finish(project.resume())
    assert session.state.verdict() is Verdict.COMPLETED
    assert not session.state.paused


async def test_what_a_person_marked_done_stays(project: Project) -> None:
    session = project.start()
    await session.drive_until_settled()
    session.give(Command(CommandKind.MARK_DONE, (session.graph.node("b"),)))
    session.give(Command(CommandKind.CANCEL_ALL))
    await finish(session)
    project.done()
    session = await finish(project.resume())
    assert project.done() == ["c one", "d"]
    assert statuses(session)["b"] == "completed marked 1"


REPORT = """
[tasks.train]
run = "test -e ok"
[tasks.report]
needs = ["train"]
trigger = "all_done"
run = "echo train has {{ needs.train.status }} >> done"
[tasks.publish]
needs = ["report"]
run = "echo publish >> done"
"""


async def test_what_ran_because_of_a_failure_runs_again_and_what_is_below_it_is_stale(project: Project) -> None:
    project.write(REPORT)
    await finish(project.start())
    assert project.done() == ["train has failed", "publish"]
    project.allow()
    session = await finish(project.resume())
    assert project.done() == ["train has completed"]
    text = "resumed: 1 completed node stays; nodes that depend on how others ended run again: report"
    assert text in notes(session)
    assert [bool(flag) for flag in session.state.stale] == [False, False, True]
    assert replayed(session).stale == session.state.stale
    with pytest.raises(NothingToResumeError):
        project.resume()


async def test_nodes_of_a_run_that_completed_run_again_with_what_is_downstream(project: Project) -> None:
    project.write(REPORT)
    await finish(project.start())
    project.allow()
    session = await finish(project.resume())
    project.done()
    session = await finish(project.rerun("report"))
    assert project.done() == ["train has completed", "publish"]
    assert statuses(session) == {
        "train": "completed resumed 2",
        "report": "completed ran 3",
        "publish": "completed ran 2",
    }
    assert not any(session.state.stale)
    mirror = replayed(session)
    assert (mirror.status, mirror.attempt, mirror.stale) == (
        session.state.status,
        session.state.attempt,
        session.state.stale,
    )


async def test_what_a_person_cancelled_stays_cancelled_until_it_is_to_run_again(project: Project) -> None:
    session = project.start()
    session.give(Command(CommandKind.CANCEL_SUBTREE, (session.graph.node("b"),)))
    await finish(session)
    assert sorted(project.done()) == ["a", "x"]
    project.allow()
    session = await finish(project.resume())
    assert project.done() == []
    assert session.state.verdict() is Verdict.CANCELLED
    stays = "3 nodes stay cancelled: b, c, d; to run them: retry, or --resume --rerun NODE"
    assert stays in notes(session)
    session = await finish(project.rerun("c"))
    assert "1 node stays cancelled: b; to run it: retry, or --resume --rerun NODE" in notes(session)
    session = await finish(project.rerun("b"))
    assert project.done() == ["b", "c one", "d"]
    assert session.state.verdict() is Verdict.COMPLETED


async def test_a_resumed_run_leaves_failures_that_are_allowed(project: Project) -> None:
    project.write(CHAIN.replace("[tasks.b]", "[tasks.b]\nallow_failure = true") + "[tasks.bad]\nrun = 'test -e ok'\n")
    session = await finish(project.start())
    assert session.state.verdict() is Verdict.FAILED
    project.done()
    project.allow()
    session = await finish(project.resume())
    assert project.done() == []
    assert statuses(session)["b"] == "failed exit 1"
    assert statuses(session)["c"] == "completed resumed 1"
    assert session.state.verdict() is Verdict.COMPLETED


async def test_times_and_attempts_before_the_seam_are_known(project: Project) -> None:
    begun = time.time()
    first = await failed(project)
    b = first.graph.node("b")
    # As if the night lay between.
    shift(first.path / "journal.jsonl", -36_000.0)
    session = await finish(project.resume())
    assert [(one.attempt, one.status) for one in session.attempts.of(b)] == [
        (1, NodeStatus.FAILED),
        (2, NodeStatus.COMPLETED),
    ]
    before, after = (session.wall(one.at) for one in session.attempts.of(b))
    assert begun - 36_001 < before < begun - 35_000
    assert begun <= after <= time.time() + 0.1
    assert session.clock() < 1_000
    assert session.log_path(b, 1) != session.log_path(b, 2)
    # The same once more, from the journal alone.
    project.write(CHAIN.replace("echo d", "echo dd"))
    again = await finish(project.resume())
    walls = [again.wall(one.at) for one in again.attempts.of(b)]
    assert walls == pytest.approx([before, after], abs=0.1)


def shift(path: Path, seconds: float) -> None:
    """Let a journal have been written at another wall time."""
    lines = []
    for line in path.read_text(encoding="utf-8").splitlines():
        record = json.loads(line)
        head = line.rpartition(',"crc"')[0].replace(
            f'"time":{record["time"]:.3f}', f'"time":{record["time"] + seconds:.3f}'
        )
        lines.append(f'{head},"crc":"{zlib.crc32(head.encode()):08x}"}}\n')
    path.write_text("".join(lines), encoding="utf-8")


async def test_breaking_off_anywhere_loses_nothing(project: Project) -> None:
    """After kill -9 at any line of the record, the seam's own lines included."""
    await failed(project)
    await finish(project.resume(word="two"))
    project.done()
    directory = project.run
    journal, graph = directory.journal_path, directory.graph_path
    resolved = graph.read_bytes()
    lines = journal.read_bytes().splitlines(keepends=True)
    for length in range(len(lines)):
        journal.write_bytes(b"".join(lines[:length]))
        graph.write_bytes(resolved)
        acknowledged = completed(lines[:length])
        session = await finish(project.resume(word="two"))
        assert session.state.verdict() is Verdict.COMPLETED
        assert set(project.done()) == {"a", "b", "c two", "d", "x"} - acknowledged
        assert replayed(session).status == session.state.status
        numbers = attempts(journal)
        assert len(set(numbers)) == len(numbers), f"an attempt's number was used again after line {length}"


def completed(lines: list[bytes]) -> set[str]:
    """What the whole lines acknowledge."""
    found = {}
    for line in lines:
        record = json.loads(line)
        if record["event"] == "node":
            found[record["node"]] = record["status"]
    return {"c two" if node == "c" else node for node, status in found.items() if status == "COMPLETED"}


def attempts(journal: Path) -> list[tuple[object, object]]:
    """Every attempt that began."""
    records = read_journal(journal).records
    return [(record["node"], record["attempt"]) for record in records if record.get("status") == "RUNNING"]


@pytest.mark.parametrize("step", ["restore", "replace_file"])
async def test_a_change_is_not_forgotten_when_resuming_breaks_off(
    project: Project, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    project.allow()
    await finish(project.start())
    project.done()

    def break_off(*_arguments: object, **_options: object) -> None:
        raise StoreError("no space left")

    with monkeypatch.context() as patch:
        patch.setattr(Run if step == "restore" else restore, step, break_off)
        with pytest.raises(StoreError, match="no space left"):
            project.resume(word="two")
    assert not project.run.is_live()
    await finish(project.resume(word="two"))
    assert project.done() == ["c two", "d"]


@pytest.mark.parametrize("torn", [b'{"seq":9', b"\x00" * 5000, b"garbage\nmore garbage\n"])
async def test_a_torn_end_is_set_aside_and_said(project: Project, torn: bytes) -> None:
    await failed(project)
    with project.run.journal_path.open("ab") as file:
        file.write(torn)
    session = await finish(project.resume())
    assert session.state.verdict() is Verdict.COMPLETED
    assert any("was moved to journal.jsonl.torn-1" in note for note in notes(session))
    assert (session.path / "journal.jsonl.torn-1").read_bytes() == torn


@pytest.mark.parametrize("content", [None, b""])
async def test_a_run_that_broke_off_before_its_first_line(project: Project, content: bytes | None) -> None:
    await failed(project)
    journal = project.run.journal_path
    journal.unlink()
    if content is not None:
        journal.write_bytes(content)
    session = await finish(project.resume())
    assert session.state.verdict() is Verdict.COMPLETED
    assert sorted(project.done()) == ["a", "b", "c one", "d", "x"]


async def test_a_journal_of_which_nothing_is_whole_is_left_alone(project: Project) -> None:
    await failed(project)
    project.run.journal_path.write_bytes(b'{"seq":1,"ti')
    with pytest.raises(StoreError, match="no line of it is intact"):
        project.resume()
    assert project.run.journal_path.read_bytes() == b'{"seq":1,"ti'


async def test_attempts_of_which_only_logs_are_left_keep_their_numbers(project: Project) -> None:
    project.write('[tasks.a]\nrun = "echo hello"\n')
    await finish(project.start())
    project.run.journal_path.write_bytes(b"")
    session = await finish(project.resume())
    assert statuses(session) == {"a": "completed ran 2"}
    assert session.log_path(0, 1).read_text(encoding="utf-8") == "hello\n"


async def test_also_when_an_attempt_between_them_printed_nothing(project: Project) -> None:
    project.write(
        '[tasks.a]\nretries = 2\nrun = "test $DAGTUI_ATTEMPT = 2 || echo attempt $DAGTUI_ATTEMPT; test -e ok"\n'
    )
    await finish(project.start())
    logs = [project.run.log_path("a", attempt) for attempt in (1, 2, 3)]
    assert [log.exists() for log in logs] == [True, False, True]
    journal = project.run.journal_path
    journal.write_bytes(b"".join(journal.read_bytes().splitlines(keepends=True)[:2]))
    project.allow()
    session = await finish(project.resume())
    assert statuses(session) == {"a": "completed ran 4"}
    assert logs[2].read_text(encoding="utf-8") == "attempt 3\n"


async def test_how_a_run_broke_off_is_said(project: Project) -> None:
    await failed(project)
    journal = project.run.journal_path
    lines = journal.read_bytes().splitlines(keepends=True)
    journal.write_bytes(b"".join(lines[:-1]))
    assert ending(project.run) is None
    session = await finish(project.resume())
    assert any("it broke off" in note for note in notes(session))


async def test_an_end_that_is_damaged_is_none(project: Project) -> None:
    await failed(project)
    journal = project.run.journal_path
    assert ending(project.run) == "failed"
    journal.write_bytes(journal.read_bytes().replace(b'"verdict":"failed"', b'"verdict":"dailed"'))
    assert ending(project.run) is None


async def test_a_restart_of_the_machine_is_said(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    await failed(project)
    journal = project.run.journal_path
    journal.write_bytes(b"".join(journal.read_bytes().splitlines(keepends=True)[:-1]))
    monkeypatch.setattr(restore, "boot_id", lambda: "another")
    session = await finish(project.resume())
    assert any("the machine was restarted while it ran" in note for note in notes(session))


async def test_attempts_in_flight_are_lost(project: Project) -> None:
    await failed(project)
    journal = project.run.journal_path
    lines = journal.read_bytes().splitlines(keepends=True)
    running = next(n for n, line in enumerate(lines) if b'"node":"b"' in line and b"RUNNING" in line)
    journal.write_bytes(b"".join(lines[: running + 1]))
    session = await finish(project.resume())
    b = session.graph.node("b")
    assert [(one.status, one.why) for one in session.attempts.of(b)] == [
        (NodeStatus.FAILED, "lost: the run broke off while it was running"),
        (NodeStatus.COMPLETED, "succeeded"),
    ]
    events = [parse(record, session.graph) for record in read_journal(journal).records]
    lost = [event for event in events if isinstance(event, NodeEvent) and event.cause is Cause.LOST]
    assert [event.attempt for event in lost if event.node == b] == [1]


@pytest.mark.parametrize("content", ["version = 9", "", "\0" * 4096, "version = 1\n[tas"])
async def test_a_run_whose_graph_can_not_be_read_is_not_resumed(project: Project, content: str) -> None:
    await failed(project)
    project.run.graph_path.write_text(content, encoding="utf-8")
    with pytest.raises(
        StoreError, match=r"run 1( of graph)?: its record of the graph, \S+/1/graph.toml, is (damaged|empty).*--fresh"
    ):
        project.resume()
    assert not project.run.is_live()
    await finish(project.start())


async def test_a_damaged_journal_of_another_version_is_left_alone(project: Project) -> None:
    await failed(project)
    journal = project.run.journal_path
    before = journal.read_bytes().replace(b'"version":1', b'"version":7')
    first, rest = before.split(b"\n", 1)
    head = first.rpartition(b',"crc"')[0]
    journal.write_bytes(head + b',"crc":"%08x"}\n' % zlib.crc32(head) + rest)
    before = journal.read_bytes()
    with pytest.raises(StoreError, match="later version of dagtui"):
        project.resume()
    assert journal.read_bytes() == before


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("attempt", 10**20),
        ("attempt", "1"),
        ("status", "DANCING"),
        ("cause", "whim"),
        ("marks", 7),
        ("marks", ["x"]),
        ("exit", -(10**12)),
        ("due", "soon"),
    ],
)
async def test_a_line_that_nobody_understands_is_named_and_nothing_changes(
    project: Project, field: str, value: object
) -> None:
    await failed(project)
    journal = project.run.journal_path
    records = decoded(journal.read_bytes())
    number = next(number for number, record in enumerate(records, 1) if record.get("status") == "RUNNING")
    records[number - 1][field] = value
    journal.write_bytes(before := encoded(records))
    with pytest.raises(StoreError, match=rf"can't understand line {number} of the journal .*/1/journal\.jsonl: "):
        project.resume()
    assert journal.read_bytes() == before
    assert not project.run.is_live()


async def test_durations_of_a_run_that_broke_off_are_learnt(project: Project) -> None:
    await failed(project)
    directory = project.run
    history = directory.path.parent.parent / "history.json"
    history.unlink()
    journal = directory.journal_path
    journal.write_bytes(b"".join(journal.read_bytes().splitlines(keepends=True)[:-1]))
    session = await finish(project.resume())
    assert set(json.loads(history.read_text())["nodes"]) == set(session.graph.labels)


async def test_durations_of_a_run_that_was_closed_are_not_learnt_twice(project: Project) -> None:
    await failed(project)
    path = project.run.path.parent.parent / "history.json"
    path.write_text(path.read_text(encoding="utf-8").replace('"a": [', '"a": [100.0, ""], "z": ['), encoding="utf-8")
    session = await finish(project.resume())
    assert statuses(session)["a"] == "completed resumed 1"
    assert json.loads(path.read_text(encoding="utf-8"))["nodes"]["a"][0] == 100.0


async def test_the_clock_never_goes_back_when_resuming_breaks_off(project: Project) -> None:
    await failed(project)
    journal = project.run.journal_path
    lines = journal.read_bytes().splitlines(keepends=True)
    running = next(n for n, line in enumerate(lines) if b'"node":"b"' in line and b"RUNNING" in line)
    journal.write_bytes(b"".join(lines[: running + 1]))
    await finish(project.resume())
    # An attempt that was lost was so before the run was resumed: its record tells a time before that of the seam.
    lines = journal.read_bytes().splitlines(keepends=True)
    lost = next(n for n, line in enumerate(lines) if b'"cause":"lost"' in line)
    journal.write_bytes(b"".join(lines[: lost + 1]))
    times = [float(str(record["at"])) for record in read_journal(journal).records if "at" in record]
    assert times[-1] < max(times)
    assert understand(JournalReader(journal), load(project.path, {})).clock == max(times)
    session = await finish(project.resume())
    assert session.state.verdict() is Verdict.COMPLETED


async def test_attempts_of_a_run_that_was_closed_and_resumed_keep_their_numbers_behind_damage(project: Project) -> None:
    project.write('[tasks.a]\nrun = "echo attempt $DAGTUI_ATTEMPT; test -e ok"\n')
    await finish(project.start())
    journal = project.run.journal_path
    closed = journal.stat().st_size
    await finish(project.resume())
    with journal.open("r+b") as file:
        file.seek(closed)
        file.write(b"#")
    assert ending(project.run) is not None
    project.allow()
    session = await finish(project.resume())
    assert statuses(session) == {"a": "completed ran 3"}
    assert session.log_path(0, 2).read_text(encoding="utf-8") == "attempt 2\n"


async def test_a_run_is_resumed_and_advised_although_the_state_directory_has_changed(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    await failed(project)
    first = project.run.path
    second = RunDirectory.create(project.path, "")
    monkeypatch.setenv("DAGTUI_STATE_DIR", str(project.directory / "elsewhere"))
    with pytest.raises(StoreError, match="; --resume 1 resumes the one before"):
        resumable(load(project.path, {}), 2)
    second.close()
    (second.path / "graph.toml").unlink()
    with pytest.raises(StoreError, match="; --resume 1 resumes the one before"):
        resumable(load(project.path, {}), 2)
    shutil.rmtree(second.path)
    project.allow()
    session = await finish(project.resume())
    assert session.path == first
    assert session.state.verdict() is Verdict.COMPLETED


async def test_nothing_begins_while_processes_of_the_run_are_being_ended(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    await failed(project)
    me = os.getpid()
    (project.run.path / previous_processes.NAME).write_text(
        f"{me} {previous_processes._start_ticks(me)}\n{me} 1\n", encoding="ascii"
    )
    assert previous_processes.left_behind(project.run.path) == [me]
    monkeypatch.setattr(previous_processes, "PATIENCE", 0.05)
    with pytest.raises(StoreError, match=f"still being ended \\(by process {me}\\)"):
        project.resume()
    assert not project.run.is_live()
    assert project.done() == []
