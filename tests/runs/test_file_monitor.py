"""A live run notices that its record was damaged, and that its graph file has another content."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

import anyio
import pytest

from dagtui.control.live import Screen
from dagtui.control.requests import preview_fields
from dagtui.control.status_report import status_report
from dagtui.engine.messages import Command, CommandKind
from dagtui.graph.loading import load
from dagtui.report.summary import exit_summary
from dagtui.runs import file_monitor
from dagtui.runs.beginning import start_run
from dagtui.text.look import ASCII, Look

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from dagtui.runs.live import LiveRun

GRAPH = 'version = 1\n[tasks.a]\nrun = "exit 3"\n'


async def settled(path: Path) -> LiveRun:
    session = start_run(load(path))
    await session.drive_until_settled()
    return session


@pytest.fixture
def session(tmp_path: Path) -> Iterator[LiveRun]:
    """A run that has failed and waits for a person."""
    path = tmp_path / "graph.toml"
    path.write_text(GRAPH)
    session = anyio.run(settled, path)
    yield session
    anyio.run(session.close)


def look(session: LiveRun) -> list[str]:
    session.monitor.look()
    return [notice.text for notice in session.notices]


def record_of(session: LiveRun) -> Path:
    assert session.path is not None
    return session.path


def test_a_change_of_the_file_is_said_for_as_long_as_it_lasts(session: LiveRun, tmp_path: Path) -> None:
    told: list[object] = []
    session.subscribe(told.append)
    assert look(session) == []
    assert told == []
    graph = tmp_path / "graph.toml"
    graph.write_text(GRAPH.replace("3", "0"))
    (text,) = look(session)
    assert "graph.toml has changed since this run read it" in text
    assert "graph.toml takes up the change, and with --dry-run shows what that means" in text
    assert text in (record_of(session) / "journal.jsonl").read_text()
    heard = len(told)
    assert heard
    assert look(session) == [text]
    assert len(told) == heard
    # An editor that goes back puts another file there, with the old content.
    (tmp_path / "new").write_text(GRAPH)
    os.replace(tmp_path / "new", graph)
    assert look(session) == []
    assert len(told) == heard + 1


def test_a_change_of_a_sheet_is_said_for_as_long_as_it_lasts(tmp_path: Path) -> None:
    path, sheet = tmp_path / "graph.toml", tmp_path / "rows.tsv"
    sheet.write_text("s\na\n")
    path.write_text('version = 1\n[tasks.a]\nmatrix.from = "rows.tsv"\nrun = "exit 3"\n')
    session = anyio.run(settled, path)
    assert look(session) == []
    sheet.write_text("s\na\nb\n")
    (text,) = look(session)
    assert "rows.tsv has changed since this run read it" in text
    path.write_text(path.read_text().replace("3", "0"))
    look(session)
    sheet.write_text("s\na\n")
    (text,) = look(session)
    assert "graph.toml has changed since this run read it" in text
    path.write_text(path.read_text().replace("0", "3"))
    assert look(session) == []
    anyio.run(session.close)


def test_a_change_of_an_included_file_is_said(tmp_path: Path) -> None:
    path, other = tmp_path / "graph.toml", tmp_path / "qc/graph.toml"
    other.parent.mkdir()
    other.write_text('version = 1\n[tasks.a]\nrun = "true"\n')
    path.write_text('version = 1\ninclude = [{ path = "qc/graph.toml", prefix = "qc/" }]\n')
    session = anyio.run(settled, path)
    assert look(session) == []
    other.write_text(other.read_text().replace("true", "false"))
    (text,) = look(session)
    assert "qc/graph.toml has changed since this run read it" in text
    anyio.run(session.close)


def test_a_change_of_a_file_of_variables_is_said(tmp_path: Path) -> None:
    path, variables = tmp_path / "graph.toml", tmp_path / ".env"
    variables.write_text("A=1\n")
    path.write_text('version = 1\n[run]\nenv_file = [".env"]\n[tasks.a]\nrun = "true"\n')
    session = anyio.run(settled, path)
    assert look(session) == []
    variables.write_text("A=2\n")
    (text,) = look(session)
    assert ".env has changed since this run read it" in text
    anyio.run(session.close)


def test_a_file_that_was_only_touched_has_not_changed(session: LiveRun, tmp_path: Path) -> None:
    os.utime(tmp_path / "graph.toml", ns=(1, 1))
    assert look(session) == []


def test_a_command_right_after_the_change_says_so(session: LiveRun, tmp_path: Path) -> None:
    (tmp_path / "graph.toml").write_text(GRAPH.replace("3", "0"))
    preview = session.give(Command(CommandKind.RETRY, (0,)))
    notice = preview_fields(session, preview, "")["notice"]
    assert isinstance(notice, str)
    assert "graph.toml has changed since this run read it" in notice
    assert status_report(session, Screen.NONE)["notices"] == [notice]
    assert preview_fields(session, session.preview(Command(CommandKind.PAUSE)), "")["notice"] == ""


def test_a_large_file_is_not_read_in_the_event_loop(
    session: LiveRun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(file_monitor, "_READ_AT_ONCE", 10)
    (tmp_path / "graph.toml").write_text(GRAPH.replace("3", "0"))
    assert look(session) == []

    async def watch() -> None:
        told = anyio.Event()
        session.subscribe(lambda _events: told.set())
        async with anyio.create_task_group() as group:
            group.start_soon(session.monitor.watch)
            with anyio.fail_after(30):
                await told.wait()
            group.cancel_scope.cancel()

    anyio.run(watch)
    assert "graph.toml has changed" in session.notices[0].text


def replace(path: Path) -> None:
    path.rename(path.with_name("moved"))
    path.write_text("")


def cut(path: Path) -> None:
    path.write_bytes(b"")


@pytest.mark.parametrize(
    ("name", "damage", "words"),
    [
        (".", shutil.rmtree, "the directory of this run was removed"),
        ("journal.jsonl", os.unlink, "the journal was removed"),
        ("journal.jsonl", replace, "the journal was replaced"),
        ("journal.jsonl", cut, "the journal was cut"),
        ("graph.toml", os.unlink, "the recorded graph was removed"),
    ],
)
def test_a_record_that_is_lost_is_said_once_and_shown_for_as_long_as_it_lasts(
    session: LiveRun, name: str, damage: Callable[[Path], None], words: str
) -> None:
    assert look(session) == []
    damage(record_of(session) / name)
    session.untold.clear()
    (text,) = look(session)
    assert words in text
    assert "start a new one with --fresh" in text
    assert look(session) == [text]
    assert [note.text for note in session.untold] == [text]
    shown = exit_summary(session, width=80, look=Look(ASCII, colours=False))
    assert f"  ! {text}\n" in shown
    assert "--resume" not in shown


@pytest.mark.parametrize("damage", [os.unlink, cut])
def test_a_lock_is_put_back(session: LiveRun, damage: Callable[[Path], None]) -> None:
    lock = record_of(session) / "lock"
    before = lock.read_bytes()
    damage(lock)
    assert look(session) == []
    assert lock.read_bytes() == before
    assert session.directory is not None
    assert session.directory.is_live()
