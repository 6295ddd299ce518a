"""The fields that the manual documents are the fields that there are."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import zlib
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from manual.markdown import blocks, code, documented, sections, tables
from support.program import DAGTUI, ENVIRONMENT, call, write
from support.waiting import wait_for

from dagtui.control.commands import Control
from dagtui.engine.event_records import fields
from dagtui.engine.events import CommandEvent, NodeEvent, NoteEvent, RunEvent
from dagtui.engine.messages import Answer, CommandKind, Usage
from dagtui.engine.reload_event import Reload
from dagtui.engine.status import Cause, NodeStatus
from dagtui.graph.model import Graph

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dagtui.engine.events import Event

SECTIONS = sections("scripts")
GRAPH = Graph.from_edges(["a", "b"], [("a", "b")])
EVENTS: list[Event] = [
    NodeEvent(1.0, 1, 2, NodeStatus.RETRYING, Cause.EXIT, "w", 3, 4.0, 0, (1,), 5.0, True, True, 6, {"a": "1"}),
    NodeEvent(1.0, 1, 2, NodeStatus.FAILED, Cause.SIGNAL, "w", 9, 1.0, usage=Usage(1.0, 2, 3, 4)),
    CommandEvent(1.0, 1, CommandKind.SET_JOBS, (0,), 4, others=2, answer=Answer("a", "anna", 1.0)),
    RunEvent(1.0, "ended", "w", 2, "boot", "failed", (0,), ("a",), Reload()),
    NoteEvent(1.0, "text", 1, 2),
]
"""With every field that they may have."""


@pytest.mark.parametrize("kind", ["node", "command", "run", "note"])
def test_fields_of_events(kind: str):
    records = [json.loads(f"{{{fields(event, GRAPH)}}}") for event in EVENTS]
    found = {name for record in records if record["event"] == kind for name in record}
    assert documented(SECTIONS[f"Event `{kind}`"]) == found - {"event"}


def test_words_of_statuses_causes_and_commands():
    statuses, causes = tables(SECTIONS["The statuses"])
    said = [[*code(row[0]), row[1], row[2] == "yes"] for row in statuses]
    assert said == [[status.name, status.word, status.settled] for status in NodeStatus]
    assert [code(row[0])[0] for row in causes] == [cause.word for cause in Cause if cause]
    assert documented(SECTIONS["The commands"]) == {kind.value for kind in CommandKind}


# A live run


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory, _folder_of_these_tests: Path) -> Iterator[Path]:
    """A folder whose graph.toml has a live run in which one node failed and one runs."""
    folder = tmp_path_factory.mktemp("live")
    patch = pytest.MonkeyPatch()
    patch.setitem(ENVIRONMENT, "DAGTUI_SOCKET_DIR", str(_folder_of_these_tests / "manual"))
    write(folder, '[tasks.bad]\nrun = "exit 3"\n[tasks.long]\nrun = "sleep 600"\n')
    words = [*DAGTUI, "run", "-j2", "--events", "events", "graph.toml"]
    with (
        (folder / "out").open("ab") as out,
        subprocess.Popen(words, cwd=folder, stdout=out, stderr=out, env=ENVIRONMENT) as process,
    ):
        events = folder / "events"
        wait_for(lambda: events.exists() and '"FAILED"' in events.read_text(), "a failure")
        wait_for(lambda: '"node":"long","attempt":1,"status":"RUNNING"' in events.read_text(), "a running node")
        wait_for(lambda: any(Path(ENVIRONMENT["DAGTUI_SOCKET_DIR"]).glob("*.sock")), "the run's socket")
        yield folder
        process.send_signal(signal.SIGINT)
        process.wait(60)
    patch.undo()


def told(folder: Path, *words: str) -> object:
    done = call(*words, "--json", cwd=folder)
    assert done.stdout, done.stderr
    return json.loads(done.stdout)


def keys(value: object) -> set[str]:
    """The names of an object, or of the first one of a list."""
    found = value[0] if isinstance(value, list) else value
    assert isinstance(found, dict)
    return set(found)


def value_of(document: object, name: str) -> object:
    assert isinstance(document, dict)
    return document[name]


def test_fields_of_status_wait_and_ps(live: Path):
    section = SECTIONS["`dagtui status --json`"]
    status = told(live, "status", "graph.toml")
    assert keys(status) == documented(section)
    assert keys(value_of(status, "nodes")) == documented(section, 1)
    nodes, active, failures = section.partition("Each of `nodes`"), "Each of `active` has ", "Each of `failures` has "
    prose = nodes[2].replace("\n", " ")
    assert keys(value_of(status, "active")) == set(code(prose.partition(active)[2].partition(".")[0]))
    assert keys(value_of(status, "failures")) == set(code(prose.partition(failures)[2].partition(".")[0]))
    common = documented(section) - {"live", "node_count"}
    assert keys(told(live, "wait", "graph.toml", "bad")) == common | documented(section, 2)
    assert keys(told(live, "ps")) == common | {"run", "process"}


def test_fields_of_runs_and_plan(live: Path):
    assert keys(told(live, "runs", "graph.toml")) == documented(SECTIONS["`dagtui runs --json`"])
    section = SECTIONS["`dagtui plan --json`"]
    plan = told(live, "plan", "graph.toml")
    assert keys(plan) == documented(section)
    assert keys(value_of(plan, "nodes")) == documented(section, 1)


def test_fields_of_a_preview(live: Path):
    shown = documented(SECTIONS["What a command would do, and did"])
    assert keys(told(live, "retry", "graph.toml", "bad", "--dry-run")) == shown


def test_fields_of_a_reload(live: Path):
    shown, record = SECTIONS["What a reload changes"], json.loads(f"{{{fields(EVENTS[-2], GRAPH)}}}")["reload"]
    assert keys(told(live, "reload", "graph.toml", "--dry-run")) == documented(shown)
    row = next(row for row in tables(SECTIONS["Event `run`"])[0] if code(row[0]) == ["reload"])
    assert keys(record) <= {*code(row[1]), "kept"}


@pytest.mark.usefixtures("live")
def test_the_client_talks_to_the_run():
    (client,) = blocks(SECTIONS["The control socket"], "python")
    done = subprocess.run([sys.executable, "-c", client], capture_output=True, text=True, timeout=60, env=ENVIRONMENT)
    assert done.stdout == "graph running {'RUNNING': 1, 'FAILED': 1}\n", done.stderr


@pytest.mark.usefixtures("live")
def test_fields_of_the_socket():
    (client,) = blocks(SECTIONS["The control socket"], "python")
    greeting = client.replace("json.loads(lines.readline())  # the greeting", "print(lines.readline())")
    done = subprocess.run([sys.executable, "-c", greeting], capture_output=True, text=True, timeout=60, env=ENVIRONMENT)
    assert keys(json.loads(done.stdout.splitlines()[0])) == documented(SECTIONS["The control socket"])
    about = client.replace('"status"', '"about"').partition("    print")[0] + "    print(json.dumps(status))"
    done = subprocess.run([sys.executable, "-c", about], capture_output=True, text=True, timeout=60, env=ENVIRONMENT)
    requests = {code(row[0])[0]: code(row[2]) for row in tables(SECTIONS["The requests"])[0]}
    assert keys(json.loads(done.stdout)) == set(requests["about"])
    assert set(requests) == set(Control.handlers(Control.__new__(Control)))


def test_the_first_line_and_what_all_lines_have(live: Path):
    first, *lines = next(live.glob(".dagtui/*/runs/1/journal.jsonl")).read_text().splitlines()
    common = documented(SECTIONS["The journal"])
    assert keys(json.loads(first)) == common | {"version"}
    assert all(common < keys(json.loads(line)) for line in lines)
    (example,) = blocks(SECTIONS["The journal"], "")
    head = example.partition(',"crc":')[0]
    assert json.loads(example)["crc"] == f"{zlib.crc32(head.encode()):08x}"
