"""What people and other rooms say of a run is redacted before it is shown or recorded, whoever says it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from dagtui.engine.messages import Command, CommandKind
from dagtui.graph.errors import GraphError
from dagtui.graph.loading import load
from dagtui.runs.beginning import start_run
from dagtui.runs.launch import LaunchOptions
from dagtui.runs.restore import resume_run

if TYPE_CHECKING:
    from pathlib import Path

    from dagtui.engine.events import Event

pytestmark = pytest.mark.anyio

TOKEN = "hunter2-hunter3"
GRAPH = """
version = 1
[run]
secrets = ["TOKEN"]
[tasks.a]
run = "echo $TOKEN $WHICH"
"""


def environment(token: str = TOKEN) -> dict[str, str]:
    return {"PATH": "/usr/bin:/bin", "TOKEN": token, "WHICH": "one"}


async def test_notes_and_the_names_of_those_who_command_are_redacted_for_screens_and_the_journal(tmp_path: Path):
    path = tmp_path / "graph.toml"
    path.write_text(GRAPH, encoding="utf-8")
    heard: list[Event] = []
    session = start_run(load(path), LaunchOptions(environment=environment(), listeners=[heard.extend], paused=True))
    session.note(f"somebody said {TOKEN}")
    session.give(Command(CommandKind.CANCEL_ALL, by=f"who {TOKEN}"))
    await session.drive_until_settled()
    await session.close(f"left with {TOKEN}")
    assert session.path is not None
    journal = (session.path / "journal.jsonl").read_text(encoding="utf-8")
    for text in (journal, str(heard)):
        assert TOKEN not in text
    for text in ("somebody said ***", "who ***", "left with ***"):
        assert text in journal


async def test_another_value_of_a_secret_is_no_change_of_the_definition(tmp_path: Path):
    path = tmp_path / "graph.toml"
    path.write_text(GRAPH + '[tasks.b]\nrun = "exit 3"\n[tasks.a.env]\nTOKEN = "first-in-the-file"\n', encoding="utf-8")
    session = start_run(load(path), LaunchOptions(environment=environment()))
    await session.drive_until_settled()
    await session.close()
    path.write_text(path.read_text(encoding="utf-8").replace("first", "another"), encoding="utf-8")
    again = resume_run(load(path), LaunchOptions(environment=environment("something-else")))
    await again.drive_until_settled()
    await again.close()
    assert again.state.attempt[again.graph.node("a")] == 1
    assert again.state.attempt[again.graph.node("b")] == 2
    log = again.log_path(again.graph.node("a"), 1).read_bytes()
    assert log == b"*** one\n"


def test_a_run_does_not_begin_without_a_value(tmp_path: Path):
    path = tmp_path / "graph.toml"
    path.write_text(GRAPH, encoding="utf-8")
    with pytest.raises(GraphError, match='"TOKEN" is not set'):
        start_run(load(path), LaunchOptions(environment={"PATH": "/usr/bin:/bin"}))
    assert not (tmp_path / ".dagtui").exists()
