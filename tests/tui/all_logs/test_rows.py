"""All logs over real files: what is on the screen after keys, while logs grow, and with filters."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from support.gates import answer, with_gates
from support.waiting import until
from tui.played_run import PlayedRun
from tui.widget_harness import WidgetHarness, mounted, texts

from dagtui.engine.events import NodeEvent
from dagtui.engine.status import Cause, NodeStatus
from dagtui.graph.gates import Gate
from dagtui.graph.model import Graph, NodeIndex, ShellCommand, Task
from dagtui.runs.attempt_tracks import AttemptTracks
from dagtui.text.look import IN_UNICODE
from dagtui.tui.all_logs.filters import LogFilter
from dagtui.tui.all_logs.places import LogPlace
from dagtui.tui.all_logs.rows import AllLogsRows

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.anyio


def graph_of(*names: str) -> Graph:
    return Graph(list(names), [], tasks=[Task(name, ShellCommand("true")) for name in names])


def said(rows: AllLogsRows) -> list[str]:
    """The rows without cursor and time."""
    return [re.sub(r" {2,}", " ", text[10:]) for text in texts(rows) if text.strip()]


@pytest.fixture
def two(tmp_path: Path) -> PlayedRun:
    """Two nodes print at the same time. One fails, and one goes on."""
    play = PlayedRun(graph_of("fetch", "align"), tmp_path)
    play.start("fetch", "align")
    play.prints_at("fetch", (0.5, "fetch one"), (1.5, "fetch two"), (2.5, "error: no route"))
    play.prints_at("align", (1.0, "align one"), (2.0, "align two"))
    play.end("fetch", 6)
    return play


async def settled(rows: AllLogsRows, *, lines: int) -> None:
    """All is read, and at least so many rows are there."""
    await until(lambda: not rows.reading.is_reading and len(rows.shown.rows) >= lines, "the rows")


async def test_lines_and_statuses_stand_in_the_order_of_their_times(two: PlayedRun) -> None:
    rows = AllLogsRows(two.session(), IN_UNICODE)
    async with mounted(rows, (80, 20)):
        await settled(rows, lines=8)
        assert said(rows) == [
            "fetch ▶ started",
            "align ▶ started",
            "fetch fetch one",
            "align align one",
            "fetch fetch two",
            "align align two",
            "fetch ▎error: no route",
            "fetch ✗ exit 6 after 3.0 s",
        ]


async def test_filters_and_back(two: PlayedRun) -> None:
    rows = AllLogsRows(two.session(), IN_UNICODE)
    async with mounted(rows, (80, 20)):
        await settled(rows, lines=8)
        for wanted, expected in (
            (LogFilter(running=True), {"align"}),
            (LogFilter(failed=True), {"fetch"}),
            (LogFilter(running=True, failed=True), {"align", "fetch"}),
            (LogFilter(nodes=frozenset({NodeIndex(1)})), {"align"}),
        ):
            rows.reading.show_only(wanted)
            await until(lambda names=expected: {row.split(" ")[0] for row in said(rows)} == names, "the filter")
        rows.reading.show_only(LogFilter(errors=True))
        await until(lambda: len(said(rows)) == 2, "the errors")
        assert said(rows) == ["fetch ▎error: no route", "fetch ✗ exit 6 after 3.0 s"]
        rows.reading.show_only(LogFilter())
        await settled(rows, lines=8)


async def test_folds_open_also_when_a_look_at_what_has_grown_is_due(tmp_path: Path) -> None:
    play = PlayedRun(graph_of("fetch", "align"), tmp_path)
    play.start("fetch", "align")
    play.prints_at("fetch", *((0.1 * number, f"fetched {number} kB") for number in range(20)))
    play.end("fetch")
    rows = AllLogsRows(play.session(), IN_UNICODE)
    async with mounted(rows, (80, 30)):
        await settled(rows, lines=10)
        folded = len(rows.shown.rows)
        rows.reading._look_at = 0.0
        rows.unfold_all()
        await until(lambda: len(rows.shown.rows) > folded, "all lines")


async def test_the_end_is_followed_or_counted(two: PlayedRun) -> None:
    rows = AllLogsRows(two.session(), IN_UNICODE)
    async with mounted(rows, (80, 5)):
        await settled(rows, lines=8)
        two.prints("align", b"align three\nalign fo")
        await until(lambda: said(rows)[-1] == "align align fo", "the new lines")
        two.prints("align", b"ur\n")
        await until(lambda: said(rows)[-1] == "align align four", "the rest of the line")
        rows.move(-1)
        assert not rows.follows
        before = said(rows)
        two.prints("align", b"five\nsix\n")
        await until(lambda: rows.reading.missed == 2, "the count of what is missed")
        assert said(rows) == before
        rows.bottom()
        await until(lambda: said(rows)[-1] == "align six", "the end")
        assert rows.reading.missed == 0


async def test_the_end_is_followed_at_every_size(two: PlayedRun) -> None:
    rows = AllLogsRows(two.session(), IN_UNICODE)
    rows.display = False
    app = WidgetHarness(rows)
    async with app.run_test(size=(80, 20)) as pilot:
        await settled(rows, lines=8)  # before the screen is laid out
        rows.display = True
        await pilot.pause()
        assert len(said(rows)) == 8
        for height in (4, 12):
            await pilot.resize_terminal(80, height)
            await settled(rows, lines=min(height, 8))
            await pilot.pause()
            assert said(rows)[-1] == "fetch ✗ exit 6 after 3.0 s"
            assert len(said(rows)) == min(height, 8)


async def test_the_cursor_stays_in_the_window_at_every_size(two: PlayedRun) -> None:
    rows = AllLogsRows(two.session(), IN_UNICODE)
    app = WidgetHarness(rows)
    async with app.run_test(size=(80, 20)) as pilot:
        await settled(rows, lines=8)
        rows.move(-2)
        for height in (3, 20):
            await pilot.resize_terminal(80, height)
            await settled(rows, lines=min(height, 8))
            await pilot.pause()
            assert rows.copied_line().text == "align two"
            assert "align align two" in said(rows)
            assert len(said(rows)) == min(height, 8)


async def test_scrolled_down_nothing_is_missed(two: PlayedRun) -> None:
    rows = AllLogsRows(two.session(), IN_UNICODE)
    async with mounted(rows, (80, 5)):
        await settled(rows, lines=8)
        rows.move(-4)
        two.prints("align", b"".join(b"late %s\n" % (b"x" * n) for n in range(20)))
        await until(lambda: rows.reading.missed == 20, "what is missed")
        seen: list[str] = []
        for _ in range(60):
            await until(lambda: rows.shown.at_end or rows.reading.wish.below > 0, "the next rows")
            seen += [row for row in said(rows) if row not in seen]
            if rows.follows:
                break
            rows.move(1)
        assert [row for row in seen if "late" in row] == [f"align late {'x' * n}".strip() for n in range(20)]


async def test_the_page_of_a_large_run_reads_what_it_shows(tmp_path: Path) -> None:
    play = PlayedRun(graph_of(*(f"n{number}" for number in range(200))), tmp_path, jobs=200)
    for number in range(200):
        play.start(f"n{number}", after=1.0)
        text = f"node {number} says something, line after line\n" * 2_000
        play.prints_at(f"n{number}", (play.now + 0.2, text), (play.now + 0.6, "the end"))
        play.end(f"n{number}", after=1.0)
    rows = AllLogsRows(play.session(), IN_UNICODE)
    async with mounted(rows, (100, 30)):
        await settled(rows, lines=60)
        opened = rows.reading.read.logs
        rows.top()
        await until(lambda: said(rows)[0] == "n0 ▶ started" and not rows.reading.is_reading, "the beginning")
        rows.page(1)
        await until(lambda: not rows.reading.is_reading, "the next page")
        # Of 17 MB, three screens at each end, in which a fold stands for 200 lines.
        assert opened < 1_200_000
        assert rows.reading.read.logs < 3_000_000


async def test_names_that_differ_stay_different(tmp_path: Path) -> None:
    names = [f"NFCORE_RNASEQ.RNASEQ.BEDGRAPH_{end}.STEP_{n}" for n in range(10) for end in ("TO_BIGWIG", "TO_BIGWIG_B")]
    play = PlayedRun(graph_of(*names), tmp_path, jobs=20)
    play.run(*names)
    rows = AllLogsRows(play.session(), IN_UNICODE)
    async with mounted(rows, (80, 60)):
        await settled(rows, lines=40)
        shown = [row.rpartition(" ✓")[0] for row in said(rows) if "✓" in row]
        assert len(set(shown)) == len(names)


async def test_hostile_output_is_shown_and_copied_safely(tmp_path: Path) -> None:
    play = PlayedRun(graph_of("a[red]"), tmp_path)
    play.start("a[red]")
    play.prints("a[red]", b"\x1b]52;c;aGk=\x07 [bold]x[/bold] \xff\xfe \x1b[31mred\x1b[0m \x9b5n\n")
    play.end("a[red]")
    rows = AllLogsRows(play.session(), IN_UNICODE)
    async with mounted(rows, (80, 10)):
        await settled(rows, lines=3)
        shown = "\n".join(texts(rows))
        assert "[bold]x[/bold]" in shown
        assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]", shown + rows.copied().text)


async def test_the_place_under_the_cursor(two: PlayedRun) -> None:
    rows = AllLogsRows(two.session(), IN_UNICODE)
    async with mounted(rows, (80, 20)):
        await settled(rows, lines=8)
        rows.move(-1)
        assert rows.place == LogPlace(NodeIndex(0), 1, len("fetch one\nfetch two\n"))
        assert rows.copied_line().text == "error: no route"
        assert "align  align two" in rows.copied().text.splitlines()


@pytest.mark.parametrize("is_answered", [False, True])
async def test_gates_that_ask_and_their_answers_are_lines(tmp_path: Path, *, is_answered: bool) -> None:
    graph = with_gates(graph_of("score", "approve", "publish"), {1: Gate("Publish?\nIt can't be undone.")})
    play = PlayedRun(graph, tmp_path)
    play.start("score")
    if is_answered:
        play.now += 2.0
        play.traversal.handle(answer([1], "approve"), play.now)
    play.end("score")
    rows = AllLogsRows(play.session(), IN_UNICODE)
    async with mounted(rows, (80, 10)):
        await settled(rows, lines=4 if is_answered else 3)
        asks, answered = "approve ○ asks: Publish?", "approve ✓ done: answered approve, by anna"
        expected = [asks, "score ▶ started", *([answered] if is_answered else []), "score ✓ done 3.0 s"]
        assert sorted(row.partition(" at ")[0] for row in said(rows)) == sorted(expected)


def test_what_happens_while_nodes_are_looked_at_is_there_once(tmp_path: Path) -> None:
    play = PlayedRun(with_gates(graph_of("score", "approve"), {1: Gate("Publish?")}), tmp_path)
    play.run("score")
    run = play.session()
    attempts = AttemptTracks(run)
    attempts._learn(
        [
            NodeEvent(0.0, 1, 0, NodeStatus.READY, Cause.ASKS, "Publish?"),
            NodeEvent(0.0, 0, 1, NodeStatus.RUNNING, why="attempt 1"),
            NodeEvent(3.0, 0, 1, NodeStatus.COMPLETED, Cause.RAN, "succeeded", 0, 3.0),
        ]
    )
    assert list(attempts.begin())
    assert sorted(attempts.nodes) == [0, 1]


def test_why_nothing_is_shown_is_said_of_the_nodes_that_are_looked_at():
    assert LogFilter(failed=True).nothing == "no node has failed"
    assert LogFilter(failed=True, nodes=frozenset({NodeIndex(1)})).nothing == "none of these nodes has failed"
