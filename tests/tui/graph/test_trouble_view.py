"""The trouble view on the screen: what it says, what it never says, and where the cursor is."""

from __future__ import annotations

import random
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest
from support.recorded_run import RecordedRun
from support.waiting import until
from tui.graph.samples import chain, matrix_graph, ran, still
from tui.widget_harness import WidgetHarness

from dagtui.engine.events import CommandEvent, Event, NodeEvent, RunEvent
from dagtui.engine.messages import CommandKind
from dagtui.engine.status import Cause, NodeStatus
from dagtui.graph.model import Graph, Task
from dagtui.runs.forecast import Forecast
from dagtui.store.history import History
from dagtui.text import cell_width
from dagtui.text.look import IN_ASCII, IN_UNICODE, UNICODE, Look
from dagtui.tui.graph.layout import TOP
from dagtui.tui.graph.tree import TreePane
from dagtui.tui.graph.trouble.troubles import TroubleKind
from dagtui.tui.graph.views import View

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable
    from pathlib import Path

pytestmark = pytest.mark.anyio

_S = NodeStatus
SIGNS = {
    TroubleKind.FAILED: {_S.FAILED},
    TroubleKind.RETRYING: {_S.RETRYING},
    TroubleKind.ASKS: {_S.READY},
    TroubleKind.LATE: {_S.RUNNING},
    TroubleKind.STALE: {_S.COMPLETED},
    TroubleKind.UNRECORDED: {_S.COMPLETED, _S.CANCELLED, _S.SKIPPED, _S.FAILED_PARENT},
    TroubleKind.ALLOWED: {_S.FAILED},
    TroubleKind.NONE: set(_S) - {_S.FAILED, _S.RETRYING},
}


@asynccontextmanager
async def showing(
    run: RecordedRun, size: tuple[int, int] = (60, 24), look: Look = IN_UNICODE
) -> AsyncIterator[TreePane]:
    """The trouble view of a run."""
    pane = TreePane(run, look)
    async with WidgetHarness(pane).run_test(size=size) as pilot:
        await pilot.pause()
        pane.show_view(View.TROUBLE)
        yield pane


def lines(pane: TreePane) -> list[str]:
    """The rows on the screen, without the cursor's mark and padding."""
    shown = range(min(pane.size.height, len(pane.outline) - pane.scroll_offset.y))
    return [pane.render_line(y).text[1:].rstrip() for y in shown]


def failing(directory: Path, messages: dict[int, str], graph: Graph, more: Iterable[Event] = ()) -> RecordedRun:
    """A run in which some nodes have failed, with their logs."""
    events = [event for at, node in enumerate(messages) for event in ran(node, at, at + 1, code=1)]
    run = RecordedRun(graph, [RunEvent(0.0, "started", jobs=4), *events, *more], 100.0, directory)
    for node, message in messages.items():
        path = run.log_path(node, 1)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(message)
    return run


async def test_alike_failures_are_one_row_with_their_line_and_what_they_block(tmp_path: Path) -> None:
    graph = matrix_graph(4)
    messages = {3: "a\nerror: chunk 3 is gone\nbye\n", 1: "error: chunk 12 is gone\n", 2: "disk full\n"}
    blocked = [NodeEvent(50, 5, 0, _S.FAILED_PARENT, blocker=3), NodeEvent(50, 6, 0, _S.FAILED_PARENT, blocker=5)]
    async with showing(failing(tmp_path, messages, graph, [*ran(0, 0, 1), *blocked])) as pane:
        await until(lambda: any("error" in line for line in lines(pane)))
        pane.move(-9)
        shown = lines(pane)
        assert shown[0] == "3 failed, 2 blocked"
        assert shown[1] == "▸✗ 2 × exit 1  train[seed=0], train[seed=2]"
        assert shown[2:4] == ["     error: chunk 12 is gone", "     blocks 2: score → notify"]
        assert shown[4].split() == ["✗", "train[seed=1]", "exit", "1", "1.0", "s"]
        assert shown[5:7] == ["     disk full", "     blocks 2: score → notify"]
        assert shown[7].split() == ["▸⊘", "everything", "else", "×4", "✓1", "⊘2", "·1"]
        assert pane.navigator.targets == (1, 3), "a command on a group means its nodes"
        assert pane.many is not None
        assert pane.many.named[_S.FAILED] == [1, 3]
        pane.unfold()
        assert [line.split()[1] for line in lines(pane)[4:6]] == ["train[seed=0]", "train[seed=2]"]


async def test_hostile_lines_and_reasons_are_made_safe(tmp_path: Path) -> None:
    run = failing(tmp_path, {0: "error: \x1b]52;c;aGk=\x07\x1b[31mred[/] \u202e日本\x00\n"}, chain(3))
    run.state.why[0] = "exit \x1b[31m1"
    async with showing(run) as pane:
        await until(lambda: any("red" in line for line in lines(pane)))
        assert "\x1b" not in "".join(lines(pane))
        assert "\u202e" not in "".join(lines(pane))


async def test_a_log_is_read_again_when_its_end_may_have_been_missing(tmp_path: Path) -> None:
    run = failing(tmp_path, {0: "starting\n"}, chain(3))
    run._now = 1.5
    async with showing(run) as pane:
        await until(lambda: "     starting" in lines(pane))
        run.log_path(0, 1).write_text("starting\nerror: late words\n")
        run._now = 3.0
        pane.flush(3.0)
        await until(lambda: "     error: late words" in lines(pane))


async def test_without_trouble_it_says_so_in_words() -> None:
    run = still(chain(16), [*ran(0, 1, 2), *(event for node in (1, 2, 3) for event in ran(node, 3))])
    async with showing(run) as pane:
        assert lines(pane)[0] == "No trouble: 3 running, 12 to come"
        assert lines(pane)[1].split()[:3] == ["▸▶", "all", "nodes"]
        run.state.held = {4, 5}
        pane.flush(101.0)
        assert lines(pane)[0] == "No trouble: 3 running, 12 to come, 2 held"
        run.state.held = set()
        for node in (1, 2, 3):
            run.state.apply(ran(node, 3, 4)[1])
        for node in range(4, 16):
            run.state.apply(NodeEvent(5, node, 0, _S.SKIPPED, Cause.PERSON))
        pane.flush(102.0)
        assert lines(pane)[0] == "No trouble: 4 done, 12 skipped"
    async with showing(still(Graph([], []))) as pane:
        assert lines(pane) == ["No trouble"]
        pane.move(1)
        assert pane.navigator.targets == ()


async def test_late_nodes_say_what_is_usual() -> None:
    run = still(chain(4), [*ran(0, 1, 2), *ran(1, 40), *ran(2, 40), *ran(3, 98)])
    usual = {"n1": 5.0, "n2": 50.0, "n3": 0.1}
    run.forecast = Forecast(run.graph, History(run.path, usual, dict.fromkeys(usual, "")))
    async with showing(run) as pane:
        pane.flush(101.0)
        assert lines(pane)[0] == "1 late"
        assert lines(pane)[1].split() == ["▶", "n1", "usually", "5.0", "s", "1", "m", "01", "s"]
        pane._regroup_at = 0.0
        pane.flush(200.0)
        assert lines(pane)[0] == "3 late", "a node becomes late without an event"
        for node in (1, 2, 3):
            run.state.apply(ran(node, 40, 102)[1])
        pane._regroup_at = 0.0
        pane.flush(202.0)
        assert lines(pane)[0].startswith("No trouble")


async def test_gates_retries_allowed_failures_and_unrecorded_nodes_are_shown() -> None:
    tasks = [Task("a"), Task("b"), Task("c", allow_failure=True), Task("d"), Task("e")]
    graph = Graph([task.name for task in tasks], [], tasks=tasks)
    run = still(graph, [*ran(2, 1, 2, code=1), *ran(3, 1, 2)])
    run.state.apply(NodeEvent(3, 0, 1, _S.RETRYING, Cause.EXIT, "exit 7", due=130.0))
    run.state.apply(NodeEvent(3, 1, 0, _S.READY, Cause.ASKS, "Go on?"))
    run.state.off_record = frozenset({3})
    async with showing(run) as pane:
        assert lines(pane)[0] == "1 retrying, 1 to answer, 1 not on record yet, 1 failed as…"
        assert [line.split()[:2] for line in lines(pane)[1:5]] == [["↻", "a"], ["○", "b"], ["✓", "d"], ["✗", "c"]]
        assert "not recorded" in lines(pane)[3]
        assert "allowed" in lines(pane)[4]
        run.state.off_record = frozenset()
        pane.flush(100.1)
        assert "not recorded" not in "".join(lines(pane))


@pytest.mark.parametrize("seed", range(4))
async def test_no_row_shows_a_status_that_its_section_does_not_have_at_any_moment(seed: int) -> None:
    choose = random.Random(seed)
    run = still(matrix_graph(30))
    async with showing(run, (50, 20)) as pane:
        for step in range(250):
            happens(choose, run, step)
            how = choose.randrange(6)
            if how < 2:
                pane._regroup_at = choose.choice([0.0, 1e12])  # at once, or not yet
                pane.flush(100.0 + step / 10)
            elif how == 2:
                pane.move(choose.randrange(-5, 6))
            elif how == 3:
                pane.toggle()
            elif how == 4:
                pane.scroll_to(y=choose.randrange(30), animate=False)
            else:
                pane.unfold_all()
            check(pane)


def happens(choose: random.Random, run: RecordedRun, step: int) -> None:
    """Let some nodes change."""
    for _ in range(choose.randrange(4)):
        node, status = choose.choice(run.graph.nodes), choose.choice(list(_S))
        cause = Cause.ASKS if status is _S.READY and choose.randrange(2) else Cause.NONE
        stale = status is _S.COMPLETED and not choose.randrange(3)
        event = NodeEvent(step, node, run.state.attempt[node] + 1, status, cause, choose.choice("ab"), stale=stale)
        run.state.apply(event)
    if not choose.randrange(3):
        run.state.off_record = frozenset(choose.sample(run.graph.nodes, 2))
    if not choose.randrange(9):
        run.state.apply(CommandEvent(step, 1, CommandKind.RETRY, (), "nobody"))


def check(pane: TreePane) -> None:
    """Check each row on the screen against the section in which it stands."""
    layout, top = pane.outline.layout, pane.scroll_offset.y
    for y, text in enumerate(lines(pane)):
        item = pane.outline.item(top + y)
        node = layout.node(item)
        if node is None:
            continue
        kind = layout.kinds[node]
        allowed = {UNICODE.statuses[status] for status in SIGNS[kind]}
        assert text.split()[0] in allowed, (TroubleKind(kind), text)
        above = layout.parents[item]
        assert (above == TOP) == (kind != TroubleKind.NONE and (kind != TroubleKind.FAILED or not is_alike(pane, node)))


def is_alike(pane: TreePane, node: int) -> bool:
    """Whether a failure is in a group."""
    layout = pane.outline.layout
    return layout.head(layout.parents[node]) is not None if layout.parents[node] != TOP else False


async def test_the_cursor_keeps_its_node_whatever_happens_to_it() -> None:
    run = still(chain(300), ran(0, 1, 2))
    async with showing(run, (60, 12)) as pane:
        pane.show_view(View.DEPENDENCY)
        pane.select(250)
        pane.show_view(View.TROUBLE)
        assert pane.cursor_node == 250
        assert lines(pane)[-1].split() == ["·", "n250"], "everything else stays folded"
        for event in (*ran(250, 3, 4, code=1), *ran(251, 3, 4, code=1), *ran(250, 5, attempt=2)):
            run.state.apply(event)
            pane._regroup_at = 0.0
            pane.flush(100.0)
            assert pane.cursor_node == 250
            assert pane.outline.item(pane.navigator.row) == 250
        pane.move(-1)
        pane._regroup_at = 0.0
        pane.flush(101.0)
        assert "n250" not in "".join(lines(pane)), "it had a row only for the cursor"
        pane.show_view(View.GROUP)
        pane.select(7)
        pane.show_view(View.TROUBLE)
        pane.cycle_view(-1)
        assert pane.cursor_node == 7


async def test_many_troubles_open_at_the_top_and_the_next_view_goes_back_to_the_node() -> None:
    events = [event for node in range(60) for event in ran(node, 1, 2)]
    run = still(Graph([f"n{node}" for node in range(80)], []), events)
    for node in range(40):
        run.state.apply(NodeEvent(3, node, 1, _S.COMPLETED, Cause.RAN, "succeeded", stale=True))
    async with showing(run, (60, 12)) as pane:
        pane.show_view(View.DEPENDENCY)
        pane.select(70)
        pane.show_view(View.TROUBLE)
        assert lines(pane)[0] == "40 stale"
        assert pane.scroll_offset.y == 0
        pane.cycle_view()
        assert pane.cursor_node == 70


async def test_moving_passes_by_what_is_only_said_about_a_failure(tmp_path: Path) -> None:
    run = failing(tmp_path, {0: "error: one\n", 2: "error: two\n"}, chain(3))
    run.state.apply(NodeEvent(50, 1, 0, _S.FAILED_PARENT, blocker=0))
    async with showing(run) as pane:
        await until(lambda: sum("error" in line for line in lines(pane)) == 2)
        pane.top()
        visited = [pane.cursor_node]
        for step in (1, 1, 1, -1, -1, -1):
            pane.move(step)
            visited.append(pane.cursor_node)
        assert visited == [0, 2, None, None, 2, 0, 0]
        pane.navigator.to_row(2)
        assert pane.cursor_node == 0, "a click on a line means the failure above it"


async def test_a_dump_of_the_view_by_status_opens_this_view() -> None:
    run = still(chain(5), ran(3, 1, 2, code=1))
    async with showing(run) as pane:
        pane.select(3)
        dumped = pane.dump_state()
        old = {**dumped, "view": "status", "folds": {"status": {"folded": ["section FAILED"], "unfolded": []}}}
        pane.show_view(View.GROUP)
        pane.restore_state(old)
        assert pane.view is View.TROUBLE
        assert pane.cursor_node == 3


@pytest.mark.parametrize("look", [IN_UNICODE, IN_ASCII])
@pytest.mark.parametrize("width", [20, 31, 48, 80, 120])
async def test_every_row_fills_its_width(tmp_path: Path, width: int, look: Look) -> None:
    messages = {node: f"error: {node} " + "日本" * 40 for node in (1, 2, 3)} | {0: "x" * 300}
    run = failing(tmp_path, messages, matrix_graph(5), [NodeEvent(50, 6, 0, _S.FAILED_PARENT, blocker=1)])
    async with showing(run, (width, 20), look) as pane:
        await until(lambda: any("error" in line for line in lines(pane)))
        for unfolded in (False, True):
            if unfolded:
                pane.unfold_all()
            for row in range(len(pane.outline)):
                spans = pane.rows.spans(pane.outline.item(row), width, 100.0, cursor=False)
                assert sum(cell_width(span.text) for span in spans) == width
                if look is IN_ASCII:
                    assert "日" in "".join(span.text for span in spans) or all(span.text.isascii() for span in spans)
