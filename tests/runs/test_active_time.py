"""How long a run took: the time in which everything was settled, and it waited for a person, is not counted."""

from __future__ import annotations

import json
from contextlib import closing
from typing import TYPE_CHECKING

import anyio
import pytest
from support.golden_journals import GOLDEN, NAMES, decoded, encoded, golden, replayed

from dagtui.control.live import Screen
from dagtui.control.status_report import status_report
from dagtui.engine.messages import Command, CommandKind
from dagtui.graph.loading import load
from dagtui.report.run_list import run_line, run_object
from dagtui.report.status_text import headline
from dagtui.report.summary import exit_summary
from dagtui.runs.beginning import start_run
from dagtui.store.directory import RunDirectory
from dagtui.store.journal_scan import scan_journal
from dagtui.store.summary import summarise
from dagtui.text.look import Look

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from dagtui.runs.live import LiveRun

WAIT = 260.0
"""Seconds that a person let pass."""


@pytest.mark.parametrize("name", NAMES)
def test_a_journal_is_skimmed_to_the_same_time_as_its_state(name: str) -> None:
    state = replayed(name, decoded(golden(name)))
    found = scan_journal(GOLDEN / f"{name}.jsonl")
    assert found.active(found.clock) == pytest.approx(state.active(found.clock), abs=0.002)


def waited(records: Iterable[dict[str, object]]) -> list[dict[str, object]]:
    """The records of a run in which a person let time pass before each of its commands that woke it, and at the end."""
    shifted, found = 0.0, []
    for record in records:
        woken = record["event"] == "command" and record["command"] in {"retry", "retry all failed"}
        if woken or record.get("what") in {"ended", "resumed"}:
            shifted += WAIT
        times = {key: record[key] for key in ("at", "time") if isinstance(record.get(key), int | float)}
        found.append({**record, **{key: round(float(str(value)) + shifted, 3) for key, value in times.items()}})
    assert shifted
    return found


@pytest.mark.parametrize("name", ["demo", "retry", "fail-fast"])
def test_waits_for_a_person_are_not_counted(name: str, tmp_path: Path) -> None:
    before, records = decoded(golden(name)), waited(decoded(golden(name)))
    clock = float(str(before[-1]["at"]))
    expected = replayed(name, before).active(clock)
    state = replayed(name, records)
    assert state.active(clock + 10 * WAIT) == pytest.approx(expected, abs=0.01)
    with closing(RunDirectory.create(tmp_path / "g.toml", "")) as run:
        run.journal_path.write_bytes(encoded(records))
    summary = summarise(run)
    assert summary.seconds == pytest.approx(expected, abs=0.01)
    assert summary.wall_seconds is not None
    assert summary.wall_seconds >= WAIT
    assert " with waits)" in run_line(summary, None, 0.0, colours=False)
    told = json.loads(run_object(summary, None))
    assert told["seconds"] == summary.seconds
    assert told["wall_seconds"] == summary.wall_seconds


def let_pass(session: LiveRun, seconds: float) -> None:
    """As if so much time had passed, on all clocks."""
    wall = session.wall(session.clock())
    session.run._origin -= seconds
    session.wall_times.set_going(session.clock(), wall + seconds)


def test_a_live_run_that_is_woken_goes_on_where_it_stood(tmp_path: Path) -> None:
    graph = tmp_path / "graph.toml"
    graph.write_text('version = 1\n[tasks.a]\nrun = "test -e ok"\n')

    async def check() -> None:
        session = start_run(load(graph))
        await session.drive_until_settled()
        before = session.elapsed
        let_pass(session, WAIT)
        assert session.elapsed == before
        assert status_report(session, Screen.NONE)["elapsed"] == round(before, 3)
        text = exit_summary(session, width=80, look=Look(colours=False))
        assert "with waits" not in text
        assert "(4 m 20 s with waits)" in headline(status_report(session, Screen.NONE))
        preview = session.preview(Command(CommandKind.RETRY, (0,)))
        assert preview.again
        assert session.elapsed == before, "what is only previewed wakes nothing"
        session.give(Command(CommandKind.RETRY, (0,)))
        assert before <= session.elapsed < before + WAIT / 2
        await session.drive_until_settled()
        assert session.elapsed < before + WAIT / 2
        await session.close()

    anyio.run(check)
