"""Rows of the view Time: bars in their cells, kept current by what changes."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tui.graph.samples import graphs, matrix_graph, ran, still
from tui.played_run import PlayedRun

from dagtui.engine.events import NodeEvent
from dagtui.engine.messages import CommandKind
from dagtui.engine.status import ALIVE, Cause, NodeStatus
from dagtui.graph.loading import load_text
from dagtui.graph.model import Graph, RetryPolicy, Task
from dagtui.runs.attempts import AttemptResults
from dagtui.runs.forecast import Forecast
from dagtui.store.history import History
from dagtui.text import cell_width
from dagtui.text.amounts import NEVER
from dagtui.text.look import IN_ASCII, IN_UNICODE, Look
from dagtui.tui.graph.navigator import Navigator
from dagtui.tui.graph.rows import Rows
from dagtui.tui.graph.time import timeline
from dagtui.tui.graph.time.attempt_spans import AttemptSpan
from dagtui.tui.graph.time.axis import TimeAxis
from dagtui.tui.graph.time.bars import NOTHING_EXPECTED, bars
from dagtui.tui.graph.time.span_sets import RowSpans
from dagtui.tui.graph.views import View

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dagtui.engine.events import Event
    from dagtui.runs.view import RunView

_S = NodeStatus


def rows_of(run: RunView, look: Look = IN_UNICODE) -> Rows:
    return Rows(run, Navigator(run.state, View.TIME), look)


def picture(run: RunView, width: int, *, unfold: bool = False, look: Look = IN_UNICODE) -> list[str]:
    rows = rows_of(run, look)
    outline = rows.bodies.outline
    if unfold:
        outline.unfold_all()
    clock = run.clock()
    head = ["".join(span.text for span in line).rstrip() for line in rows.time.head(width, clock)]
    items = [outline.item(row) for row in range(len(outline))]
    drawn = ["".join(span.text for span in rows.spans(item, width, clock, cursor=False)) for item in items]
    assert all(cell_width(line) == width for line in drawn)
    return [*head, *(line.rstrip() for line in drawn)]


def sheep(jobs: int = 2) -> PlayedRun:
    """A graph with a queue, a retry and a failure."""
    tasks = [Task("shear"), Task("wash", retry=RetryPolicy(retries=1, delay=5.0)), Task("spin"), Task("sell")]
    labels = ["shear", "wash[1]", "wash[2]", "wash[3]", "spin", "sell"]
    edges = [(0, 1), (0, 2), (0, 3), (1, 4), (2, 4), (3, 4), (4, 5)]
    return PlayedRun(Graph(labels, edges, name="sheep", tasks=tasks, task_of=[0, 1, 1, 1, 2, 3]), jobs=jobs)


def sheared(now: float = 50.0) -> RunView:
    """It has run, with two slots."""
    retrying = NodeEvent(25.0, 2, 1, _S.RETRYING, Cause.EXIT, "exit 1", value=1, seconds=15.0, due=30.0)
    again = NodeEvent(30.0, 2, 1, _S.READY, Cause.NONE, "wants a slot")
    blocked = [
        NodeEvent(50.0, node, 0, _S.FAILED_PARENT, Cause.NONE, blocker=node - 1 if node == 5 else 2) for node in (4, 5)
    ]
    events = [*ran(0, 0.0, 10.0), *ran(1, 10.0, 20.0), *ran(2, 10.0)[:1], retrying, again, *ran(3, 20.0, 35.0)]
    return still(sheep().graph, [*events, *ran(2, 35.0, 50.0, code=1, attempt=2), *blocked], now)


def test_the_picture_of_a_run_with_a_queue_a_retry_and_a_failure() -> None:
    assert picture(sheared(), 60, unfold=True) == [
        "            0 s        15 s       30 s        45 s      took",
        "    slots   ▂▂▂▂▂▂▂▃▄▄▄▄▄▄▄▄▄▄▄▂▂▂▂▂▂▂▂▂▂▂▂▂▂▂▂▂▂▂",
        "  ✓ shear   ━━━━━━━━                                    10 s",
        " ▾✗ wash           ━━━━━━━━━━━✗───────━━━━━━━━━━━✗      40 s",
        "  ✓  [1]           ─────────                            10 s",
        "  ✗  [2]           ━━━━━━━━━━━✗   ····━━━━━━━━━━━✗      30 s",
        "  ✓  [3]           ········────────────                 15 s",
        "  ⊘ spin    blocked by wash[2] (exit 1)",
        "  ⊘ sell    blocked by wash[2] (exit 1)",
    ]


def test_it_can_be_read_in_the_narrow_pane() -> None:
    assert picture(sheared(), 31) == [
        "            0 s    30 s    took",
        "    slots   ▂▂▃▄▄▄▂▂▂▂▂▂",
        "  ✓ shear   ━━━            10 s",
        " ▸✗ wash      ━━━✗──━━━✗   40 s",
        "  ⊘ spin    by wash[2]",
        "  ⊘ sell    by wash[2]",
    ]


@pytest.mark.parametrize(("width", "names"), [(36, ["[1,all]", "[2,some]"]), (100, ["[i=1,n=all]", "[i=2,n=some]"])])
def test_the_names_of_open_cells_stand_in_whole_where_they_are_short(width: int, names: list[str]) -> None:
    graph = load_text('version = 1\n[tasks.m]\nrun = "true"\nmatrix = { i = [1, 2], n = ["all", "some"] }\n', "g.toml")
    run = still(graph, [*ran(0, 0.0, 5.0)], 5.0)
    shown = [line.split()[1] for line in picture(run, width, unfold=True)]
    assert [name for name in shown if name in names] == names


def test_ascii_has_a_sign_for_each_of_its_own() -> None:
    assert picture(sheared(), 60, look=IN_ASCII) == [
        "            0 s        15 s       30 s        45 s      took",
        "    slots   :::::::-===========:::::::::::::::::::",
        "  + shear   ########                                    10 s",
        " *x wash           ###########x-------###########x      40 s",
        "  ! spin    blocked by wash[2] (exit 1)",
        "  ! sell    blocked by wash[2] (exit 1)",
    ]


def test_the_rest_is_expected_from_the_usual_times_and_the_free_slots() -> None:
    graph = sheep().graph
    run = still(graph, [*ran(0, 0.0, 10.0), *ran(1, 10.0)], 15.0)
    run.state.jobs = 1
    known = dict(zip(graph.labels, [10.0, 10.0, 10.0, 5.0, 5.0, 2.0], strict=True))
    run.forecast = Forecast(graph, History(Path("nowhere"), known, dict.fromkeys(known, "")))
    assert picture(run, 60, unfold=True) == [
        "            0 s     10 s    20 s     30 s    40 s       took",
        "    slots   █████████████",
        "  ✓ shear   ━━━━━━━━━                                   10 s",
        " ▾▶ wash            ─────╌╌╌╌╌╌╌╌╌╌╌╌╍╍╍╍╍               5 s",
        "  ▶  [1]            ─────╌╌╌╌                            5 s",
        "  ·  [2]                    ╌╌╌╌╌╌╌╌╌",
        "  ·  [3]                             ╍╍╍╍╍",
        "  · spin                                 ╍╍╍╍╍           0/3",
        "  · sell                                     ╍╍",
    ]


@st.composite
def spans(draw: st.DrawFn) -> list[AttemptSpan]:
    """Attempts of one row."""
    found = []
    for _ in range(draw(st.integers(0, 8))):
        times = sorted(draw(st.floats(0, 100)) for _ in range(3))
        found.append(AttemptSpan(1, *times, draw(st.sampled_from([_S.COMPLETED, _S.FAILED, _S.CANCELLED]))))
    return found


@given(spans=spans(), cells=st.integers(1, 80), part=st.integers(0, 5), ascii_only=st.booleans())
def test_each_attempt_has_its_cells(spans: list[AttemptSpan], cells: int, part: int, ascii_only: bool) -> None:
    axis, row, look = TimeAxis(), RowSpans(), IN_ASCII if ascii_only else IN_UNICODE
    axis.adapt(cells, 100.0, 100.0, settled=True)
    for _ in range(part):
        axis.zoom(2.0, around=30.0)
    for number, span in enumerate(spans):
        row.add(number, span)
    text = "".join(span.text for span in bars([row], NOTHING_EXPECTED, axis, 100.0, look))
    assert len(text) == cells
    for span in spans:
        for at in (axis.cell(span.start), min(axis.cell(span.start), axis.last_cell(span.end))):
            if 0 <= at < cells:
                assert text[at] not in {" ", look.glyphs.bars[0]}
        end = max(axis.last_cell(span.end), axis.cell(span.start))
        if 0 <= end < cells and span.status is not _S.COMPLETED:
            assert text[end] in {look.glyphs.statuses[_S.FAILED], look.glyphs.statuses[_S.CANCELLED]}
    covered = {at for span in spans for at in range(axis.cell(span.ready), axis.last_cell(span.end) + 2)}
    assert all(sign == " " for at, sign in enumerate(text) if at not in covered)


@given(spans=spans(), running=st.lists(st.floats(0, 100), max_size=2), clocks=st.lists(st.floats(0, 150), max_size=5))
def test_what_attempts_cover_follows_the_clock(
    spans: list[AttemptSpan], running: list[float], clocks: list[float]
) -> None:
    row, pieces = RowSpans(), [(span.start, span.end) for span in spans]
    for number, span in enumerate(spans):
        row.add(number, span)
    for at, clock in enumerate(sorted(clocks)):
        if at == 1:
            for number, start in enumerate(running):
                row.add(-1 - number, AttemptSpan(1, start, start, NEVER, _S.RUNNING))
        every = [*pieces, *((start, max(start, clock)) for start in running if at)]
        between = pairwise(sorted(edge for piece in every for edge in piece))
        known = sum(end - begin for begin, end in between if any(low <= begin and end <= high for low, high in every))
        assert row.covered(clock) == pytest.approx(known, abs=1e-4)


def walked(run: PlayedRun, data: st.DataObject, steps: int) -> Iterator[list[Event]]:
    """Yield the events of one thing after the other that may happen."""
    state, labels = run.traversal.state, run.graph.labels
    yield run.traversal.take()[0]
    for _ in range(steps):
        in_line = [node for node in state.nodes_with(_S.READY) if state.cause[node] == Cause.IN_LINE]
        alive = [node for status in ALIVE for node in state.nodes_with(status)]
        stopped = [node for status in (_S.FAILED, _S.CANCELLED) for node in state.nodes_with(status)]
        moves = [("start", node) for node in in_line] + [("end", node) for node in alive]
        moves += [("retry", node) for node in stopped] + [("cancel", node) for node in alive] + [("wake", -1)]
        move, node = data.draw(st.sampled_from(moves))
        if move == "start":
            run.start(labels[node], after=data.draw(st.sampled_from([0.0, 0.5])))
        elif move == "end":
            run.end(
                labels[node], data.draw(st.sampled_from([0, 0, 1])), after=data.draw(st.sampled_from([0.0, 0.2, 7.0]))
            )
        elif move == "wake":
            run.wake(1.0)
        else:
            run.give(CommandKind.RETRY if move == "retry" else CommandKind.CANCEL, labels[node])
        yield run.traversal.take()[0]


@given(graph=graphs(most_tasks=5, most_cells=4), data=st.data())
@settings(max_examples=60)
def test_rows_that_follow_a_run_are_those_of_a_fresh_look(graph: Graph, data: st.DataObject) -> None:
    run = PlayedRun(graph, jobs=data.draw(st.integers(1, 4)))
    view = SimpleNamespace(
        graph=graph,
        state=run.traversal.state,
        attempts=AttemptResults(len(graph)),
        settled=False,
        forecast=Forecast(graph, None),
        estimate=lambda _: None,
        clock=lambda: run.now,
        live_figures=None,
        stands_still=False,
        settled_last=None,
    )
    watch = view.state.watch()
    rows, order = rows_of(view), None
    width = data.draw(st.sampled_from([31, 60, 110]))
    outline = rows.bodies.outline
    if data.draw(st.booleans()):
        outline.unfold_all()
    drawn: dict[int, tuple[object, list]] = {}
    for events in walked(run, data, 25):
        view.attempts.learn(events)
        view.settled = not view.state.unsettled
        changed, watch.nodes = watch.nodes, set()
        rows.take(changed)
        rows._navigator.take(changed)
        items = [outline.item(row) for row in range(len(outline))]
        assert order in {None, tuple(items)}
        order = tuple(items)
        for item in items:
            signature = rows.signature(item, width, run.now)
            if drawn.get(item, (None,))[0] != signature:
                drawn[item] = signature, rows.spans(item, width, run.now, cursor=False)
    fresh = rows_of(view)
    if len(order or ()) > len(fresh.bodies.outline):
        fresh.bodies.outline.unfold_all()
    fresh.time.timeline.axis.__dict__.update(rows.time.timeline.axis.__dict__)
    fresh.time.timeline._expect(rows.time.timeline._expected_at[1])
    assert rows.time.head(width, run.now) == fresh.time.head(width, run.now)
    for item in order or ():
        assert drawn[item][1] == fresh.spans(item, width, run.now, cursor=False)


def test_rows_that_were_drawn_before_all_nodes_were_looked_at_get_their_bars(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timeline, "FILL", 0.0)
    graph = matrix_graph(600)
    run = still(graph, [event for node in graph.nodes for event in ran(node, 700.0 - node, 709.0 - node)], 710.0)
    rows = rows_of(run)
    items = [rows.bodies.outline.item(row) for row in range(len(rows.bodies.outline))]
    drawn: dict[int, tuple[object, list]] = {}
    while len(drawn) < len(items) or rows.are_filling:
        rows.fill()
        for item in items:
            signature = rows.signature(item, 60, 710.0)
            if drawn.get(item, (None,))[0] != signature:
                drawn[item] = signature, rows.spans(item, 60, 710.0, cursor=False)
    assert [drawn[item][1] for item in items] == [rows.spans(item, 60, 710.0, cursor=False) for item in items]
    assert rows.time.timeline.expectations == 1


def test_the_critical_path_is_current_between_two_looks_at_the_expected_rest() -> None:
    run = sheep(jobs=1)
    graph, state = run.graph, run.traversal.state
    known = dict.fromkeys(graph.labels, 10.0)
    history = History(Path("nowhere"), known, dict.fromkeys(known, ""))
    attempts = AttemptResults(len(graph))
    rows = rows_of(
        SimpleNamespace(
            graph=graph,
            state=state,
            attempts=attempts,
            settled=False,
            stands_still=False,
            settled_last=None,
            forecast=Forecast(graph, history),
        )
    )
    found = rows.time.timeline
    found.follow(40, run.now)
    assert found.critical_seconds(run.now) == (0.0, 0.0)
    run.start("shear")
    rows.take([0])
    found.follow(40, run.now + 1.0)
    assert found.critical_seconds(run.now + 1.0) == (1.0, 0.0)
    assert found.expectations == 1


def test_a_node_that_ran_before_its_parent_ran_again_did_not_wait_since_the_beginning() -> None:
    graph = Graph(["parent", "child"], [(0, 1)])
    again = [NodeEvent(20.0, 0, 1, _S.READY, Cause.NONE, "wants a slot"), *ran(0, 25.0, attempt=2)]
    for end in ([], [NodeEvent(29.0, 0, 2, _S.COMPLETED, Cause.RAN, seconds=4.0)]):
        run = still(graph, [*ran(0, 0.0, 5.0), *ran(1, 10.0, 15.0), *again, *end], 30.0)
        assert "·" not in picture(run, 60)[3]
    waited = still(graph, [*ran(0, 0.0, 5.0), *ran(1, 10.0, 15.0)], 15.0)
    assert "·" in picture(waited, 60)[3]


def test_rows_are_never_more_than_nodes() -> None:
    for graph in (matrix_graph(), sheep().graph):
        assert len(rows_of(still(graph)).bodies.outline) <= len(graph)
