from __future__ import annotations

import signal
from functools import partial
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tui.graph.samples import chain, graphs, matrix_graph, ran, still

from dagtui.engine.events import NodeEvent
from dagtui.engine.messages import Ended, EndKind
from dagtui.engine.status import Cause, NodeStatus
from dagtui.engine.why import ended_why
from dagtui.execution.local.submitted import starved_words
from dagtui.execution.slurm.job_queue import final_words
from dagtui.graph.files.file_edges import FileEdges
from dagtui.graph.model import Graph, Task
from dagtui.text import cell_width
from dagtui.text.look import ASCII, IN_ASCII, IN_UNICODE, UNICODE, Glyphs, Look
from dagtui.text.shortening import shortened
from dagtui.tui.graph.navigator import Navigator
from dagtui.tui.graph.row_body import Body, Note, fitted
from dagtui.tui.graph.rows import Rows
from dagtui.tui.graph.views import View
from dagtui.tui.lines.rows import Span, muted, width_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dagtui.engine.events import Event

HOSTILE = [
    "\x1b[31mred\x1b[0m",
    "[/red][@click=app.quit]",
    "a\u202eb",
    "日本語のとても長い名前",
    "e\u0301" * 30,
    "\x9b1A",
    "\n\r\t",
]

CAUSES = {
    NodeStatus.COMPLETED: [Cause.RAN, Cause.MARKED],
    NodeStatus.FAILED: [Cause.EXIT, Cause.SIGNAL],
    NodeStatus.RETRYING: [Cause.EXIT, Cause.TIMEOUT],
    NodeStatus.CANCELLING: [Cause.CANCEL, Cause.RESTART],
    NodeStatus.CANCELLED: [Cause.CANCEL],
    NodeStatus.SKIPPED: [Cause.PERSON, Cause.NOTHING_FAILED],
}


def text(rows: Rows, item: int, width: int, clock: float = 100.0) -> str:
    return "".join(piece.text for piece in rows.spans(item, width, clock, cursor=False))


def rows_of(graph: Graph, events: Sequence[Event], *, look: Look = IN_UNICODE, view: View = View.DEPENDENCY) -> Rows:
    session = still(graph, events)
    return Rows(session, Navigator(session.state, view), look)


def one_node(*events: Event, label: str = "node", parents: int = 0) -> Rows:
    graph = Graph([label, *(f"p{at}" for at in range(parents))], [(at + 1, 0) for at in range(parents)])
    return rows_of(graph, list(events))


@given(graph=graphs(), data=st.data())
def test_a_row_fills_its_width_exactly_whatever_is_in_it(graph: Graph, data: st.DataObject) -> None:
    statuses = data.draw(st.lists(st.sampled_from(NodeStatus), min_size=len(graph), max_size=len(graph)))
    events = [NodeEvent(1.0, node, 2, status, blocker=0, due=104.0) for node, status in enumerate(statuses) if node]
    view = data.draw(st.sampled_from([View.DEPENDENCY, View.TASKS, View.TIME]))
    rows = rows_of(graph, events, look=data.draw(st.sampled_from([IN_UNICODE, IN_ASCII])), view=view)
    if data.draw(st.booleans()):
        rows.bodies.outline.unfold_all()
    for width in data.draw(st.lists(st.integers(16, 220), min_size=1, max_size=4)):
        for row in range(len(rows.bodies.outline)):
            assert cell_width(text(rows, rows.bodies.outline.item(row), width)) == width


@pytest.mark.parametrize("label", HOSTILE)
@pytest.mark.parametrize("width", [24, 40, 80, 120])
@pytest.mark.parametrize("view", [View.DEPENDENCY, View.TASKS, View.TIME])
def test_nothing_of_a_name_can_act_on_the_terminal(label: str, width: int, view: View) -> None:
    graph = Graph([label], [], tasks=[Task(label)])
    row = text(rows_of(graph, ran(0, 1, 2, code=1), view=view), 0, width)
    assert row.isprintable()
    assert "\u202e" not in row
    assert cell_width(row) == width


def test_nothing_but_ascii_is_added_where_only_that_can_be_shown() -> None:
    graph = matrix_graph(30)
    events = [*ran(0, 1, 5), *ran(1, 6, 9, code=7), *ran(2, 6, attempt=3)]
    events += [NodeEvent(9, graph.node("score"), 0, NodeStatus.FAILED_PARENT, blocker=1)]
    events += [NodeEvent(9, 0, 1, NodeStatus.COMPLETED, Cause.RAN, stale=True)]
    rows = rows_of(graph, events, look=IN_ASCII)
    for fold in (True, False):
        for width in (20, 30, 50, 120):
            for row in range(len(rows.bodies.outline)):
                assert text(rows, rows.bodies.outline.item(row), width).isascii()
        if fold:
            rows.bodies.outline.unfold_all()


@pytest.mark.parametrize("glyphs", [UNICODE, ASCII])
def test_every_glyph_takes_one_cell(glyphs: Glyphs) -> None:
    words = {"dots", "separator", "chosen", "choice", "branch", "reference", "file_reference"}
    several = {"statuses", "shares", "lanes", "shared_lanes", "map_cells", "map_shares", "bars", "levels"}
    signs = [glyph for name, glyph in glyphs._asdict().items() if name not in words | several]
    every = [*signs, *glyphs.statuses, *glyphs.shares, *glyphs.lanes, *glyphs.shared_lanes]
    every += [*glyphs.map_cells, *glyphs.map_shares, *glyphs.bars, *glyphs.levels]
    assert all(cell_width(sign) == 1 for sign in every)
    assert len(glyphs.statuses) == len(glyphs.shares) == len(glyphs.map_cells) == len(NodeStatus)
    assert len({*glyphs.map_cells, *glyphs.map_shares}) == len(NodeStatus) + 2, "they differ without colours"


def test_a_folded_matrix_says_how_many_of_its_nodes_stand_where() -> None:
    graph = matrix_graph(200)
    events = [*ran(0, 1, 2)]
    for node in range(1, 199):
        events += ran(node, 3, None if node > 190 else 4, code=1 if node in {5, 6} else 0)
    rows = rows_of(graph, events)
    head = rows.bodies.outline.layout.parents[1]
    assert text(rows, head, 60).split() == [")├▸✗", "train", "×200", "→", "score", "✓188", "▶8", "✗2", "·2"]
    narrow = text(rows, head, 24)
    assert "train" in narrow
    assert "✗2" in narrow
    assert "✓188" not in narrow  # what matters least goes first


GUESSED = {"JobState": "FAILED", "ExitCode": "0:9"}
"""What a limit of memory may be the cause of. A person who kills a job leaves the same."""


@pytest.mark.parametrize("details", [{"JobState": "OUT_OF_MEMORY"}, GUESSED, {}])
def test_a_node_that_was_killed_for_memory_says_so_in_few_cells(details: dict[str, str]) -> None:
    text_of_end = f"job 12: {final_words(details)}" if details else starved_words(0)
    killed = ended_why(Ended(0, 1, EndKind.SIGNAL, signal.SIGKILL, text_of_end))
    events = [*ran(0, 1), NodeEvent(3, 0, 1, NodeStatus.FAILED, Cause.SIGNAL, killed, value=signal.SIGKILL)]
    rows = rows_of(Graph(["assemble"], []), events, view=View.TASKS)
    assert ("out of memory" in text(rows, 0, 38)) is (details is not GUESSED)
    assert "signal KILL (9)" in text(rows, 0, 110)


@pytest.mark.parametrize("view", [View.DEPENDENCY, View.TASKS])
@pytest.mark.parametrize("width", [38, 60, 110])
def test_a_failure_that_is_allowed_says_so(width: int, view: View) -> None:
    graph = Graph(["a", "b"], [], tasks=[Task("a", allow_failure=True), Task("b")])
    rows = rows_of(graph, [*ran(0, 1, 3, code=1), *ran(1, 1, 3, code=1)], view=view)
    assert ["allowed" in text(rows, item, width) for item in (0, 1)] == [True, False]
    assert all("exit 1" in text(rows, item, width) for item in (0, 1))


@pytest.mark.parametrize("width", [36, 47, 48, 100])
def test_the_row_of_a_large_family_counts_its_failures_at_every_width(width: int) -> None:
    graph = matrix_graph(20)
    events = [event for node in range(21) for event in ran(node, 1, 2, code=int(node > 17))]
    rows = rows_of(graph, events, view=View.TASKS)
    shown = text(rows, rows.bodies.outline.layout.parents[1], width).split()
    assert shown[:3] == ["├─●", "▸", "train"]
    assert "✗3" in shown


def test_a_failure_below_a_folded_row_stays_longer_than_what_is_well() -> None:
    tasks = [Task("prepare"), Task("train")]
    labels = [f"{task.name}[{at}]" for task in tasks for at in range(12)]
    graph = Graph(labels, [(at, 12 + at) for at in range(12)], tasks=tasks, task_of=[0] * 12 + [1] * 12)
    events = [event for node in range(12) for event in ran(node, 1, 2)]
    rows = rows_of(graph, [*events, *ran(12, 3, 4, code=1), *ran(13, 3, 4)])
    shown = [text(rows, rows.bodies.outline.layout.parents[0], width) for width in range(100, 20, -1)]
    assert all("✗1" in row and "+12" in row for row in shown)
    assert "✓12" not in shown[-1]


def test_a_folded_matrix_counts_its_own_cells_and_says_apart_what_is_below_them() -> None:
    tasks = [Task("prepare"), Task("train")]
    labels = [f"{task.name}[{at}]" for task in tasks for at in range(12)]
    graph = Graph(labels, [(at, 12 + at) for at in range(12)], tasks=tasks, task_of=[0] * 12 + [1] * 12)
    events = [event for node in range(11) for event in ran(node, 1, 2)]
    events += [*ran(11, 1, None), *ran(12, 3, 4, code=1), *ran(13, 3, None)]
    rows = rows_of(graph, events)
    head = rows.bodies.outline.layout.parents[0]
    below = ["✗1", "▶1"]
    shown = text(rows, head, 100).split()
    assert shown[:5] == ["▸▶", "prepare", "×12", "✓11", "▶1"]
    assert shown[5:7] == ["+12", "below:"]
    assert sorted(shown[7:9]) == sorted(below)
    rows.bodies.outline.unfold(head)
    assert text(rows, head, 100).split() == ["▾▶", "prepare", "×12", "✓11", "▶1"]
    rows.bodies.outline.fold(0)
    assert text(rows, 0, 100).split()[-5:] == ["+1", "below:", "✗1", "1.0", "s"]


@pytest.mark.parametrize("width", [24, 40, 60, 120])
def test_a_failure_shows_its_glyph_and_its_time_at_every_width(width: int) -> None:
    row = text(one_node(*ran(0, 1, 13, code=7)), 0, width)
    assert row.split()[0] == "✗"
    assert row.replace(" ", "").endswith("12s")
    assert "exit 7" in row


def test_the_why_of_what_is_held_back_names_the_root_where_there_is_room() -> None:
    graph = Graph(["a", "b", "c"], [(0, 1), (1, 2)])
    held = [NodeEvent(3, node, 0, NodeStatus.FAILED_PARENT, blocker=node - 1) for node in (1, 2)]
    rows = rows_of(graph, [*ran(0, 1, 2, code=7), *held])
    assert "by a" in text(rows, 2, 60)
    assert "blocked by a (exit 7)" in text(rows, 2, 100)


def test_the_root_of_a_very_long_chain_is_named_too() -> None:
    graph = chain(5_000)
    held = [NodeEvent(3, node, 0, NodeStatus.FAILED_PARENT, blocker=node - 1) for node in range(1, 5_000)]
    rows = rows_of(graph, [*ran(0, 1, 2, code=7), *held])
    assert "blocked by n0 (exit 7)" in text(rows, 4_999, 200)


@pytest.mark.parametrize("look", [IN_UNICODE, IN_ASCII])
@pytest.mark.parametrize("width", [24, 40, 80, 200])
def test_rows_are_indented_eight_times_at_most_and_then_say_what_they_are_below(width: int, look: Look) -> None:
    rows = rows_of(chain(100_000), [], look=look)
    assert text(rows, 8, width).index(look.glyphs.elbow) == 8
    for node in (9, 99_999):
        row = text(rows, node, width)
        assert f"n{node}" in row
        assert row.index(look.glyphs.elbow) == (16 if width >= 48 else 8)
        assert row.partition(look.glyphs.elbow)[0].strip().endswith(look.glyphs.prompt)
        assert cell_width(row) == width


def test_a_list_of_deep_siblings_says_once_what_it_is_below() -> None:
    edges = [*((node, node + 1) for node in range(9)), (9, 10), (9, 11), (10, 12)]
    graph = Graph([*(f"n{node}" for node in range(10)), "x", "y", "z"], edges)
    rows = rows_of(graph, [])
    shown = [text(rows, graph.node(name), 60).partition("·")[0] for name in "xzy"]
    assert ["n9" in row for row in shown] == [True, True, True]
    assert shown[1].endswith(" n9 › x ›└─")
    rows.bodies.outline.fold(graph.node("x"))
    assert "n9" not in text(rows, graph.node("y"), 60), "x is above it"


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        ([], ""),
        (ran(0, 30), "1 m 10 s"),
        (ran(0, 95.5), "4 s"),
        (ran(0, 10, 12.34), "2.3 s"),
        ([*ran(0, 10), NodeEvent(20, 0, 1, NodeStatus.RETRYING, Cause.EXIT, "exit 1", due=103.5)], "in 3 s"),
        ([*ran(0, 10), NodeEvent(20, 0, 1, NodeStatus.CANCELLING, Cause.CANCEL)], "1 m 30 s"),
        ([NodeEvent(5, 0, 0, NodeStatus.COMPLETED, Cause.MARKED)], ""),
        ([NodeEvent(5, 0, 0, NodeStatus.SKIPPED, Cause.PERSON)], ""),
    ],
)
def test_the_column_of_times_says_how_long(events: Sequence[Event], expected: str) -> None:
    assert one_node(*events).bodies.time(0, 100.0) == expected


def test_a_waiting_node_says_how_many_parents_are_settled() -> None:
    rows = one_node(*ran(1, 1, 2), *ran(2, 1, 2, code=1), parents=7)
    assert rows.bodies.time(0, 100.0) == "2/7"
    assert text(rows, 0, 60).endswith(" after 2/7")
    assert text(rows, 0, 40).endswith("   2/7")


def test_attempts_and_staleness_are_shown() -> None:
    events = [*ran(0, 10, 12, attempt=3), NodeEvent(20, 0, 3, NodeStatus.COMPLETED, Cause.RAN, stale=True)]
    row = text(one_node(*events), 0, 60)
    assert "×3" in row
    assert "≈stale" in row
    assert "≈ " in text(one_node(*events), 0, 40)


def test_the_name_of_a_cell_below_its_matrix_is_the_cell() -> None:
    rows = rows_of(matrix_graph(20), [])
    assert "[seed=3]" in text(rows, 4, 60)
    assert "train" not in text(rows, 4, 60)
    assert "train[seed=1]" in text(rows_of(matrix_graph(2), []), 2, 60)


@given(
    name=st.text(alphabet="ab日", max_size=30),
    notes=st.lists(st.text(alphabet="x日", max_size=9), max_size=4),
    aside=st.text(alphabet="why ", max_size=40),
    room=st.integers(1, 120),
    column=st.integers(0, 60),
)
def test_a_body_takes_exactly_its_room(name: str, notes: list[str], aside: str, room: int, column: int) -> None:
    pieces = [Note(rank, muted(note)) for rank, note in enumerate(notes)]
    body = Body(Span(name), muted(" x2"), pieces, muted(aside))
    shorten = partial(shortened, name)
    assert width_of(fitted(body, room, column=column, shorten=shorten, look=IN_UNICODE)) == room


@given(graph=graphs(), data=st.data())
def test_rows_that_look_different_have_different_signatures(graph: Graph, data: st.DataObject) -> None:
    """What the screen is not told to repaint must look the same."""
    session = still(graph)
    rows = Rows(session, Navigator(session.state, View.DEPENDENCY), IN_UNICODE)
    width = data.draw(st.sampled_from([30, 60, 100]))
    for node in data.draw(st.lists(st.integers(0, len(graph) - 1), max_size=8)):
        items = [rows.bodies.outline.item(row) for row in range(len(rows.bodies.outline))]
        before = {item: (rows.signature(item, width, 100.0), text(rows, item, width)) for item in items}
        status = data.draw(st.sampled_from(NodeStatus))
        event = NodeEvent(
            data.draw(st.sampled_from([50.0, 90.0])),
            node,
            data.draw(st.integers(0, 2)),
            status,
            data.draw(st.sampled_from(CAUSES.get(status, [Cause.NONE]))),
            data.draw(st.sampled_from(["exit 1", "exit 2"])),
            due=104.0,
            seconds=data.draw(st.sampled_from([0.0, 3.0])),
            stale=data.draw(st.booleans()) and status is NodeStatus.COMPLETED,
        )
        session.state.apply(event)
        rows._navigator.tallies.update([node])
        for item, (signature, row) in before.items():
            clock = data.draw(st.sampled_from([100.0, 101.0]))
            if text(rows, item, width, clock) != row:
                assert rows.signature(item, width, clock) != signature


def test_another_reason_for_the_same_status_is_painted() -> None:
    session = still(chain(2), ran(0, 1, 2, code=1))
    rows = Rows(session, Navigator(session.state, View.DEPENDENCY), IN_UNICODE)
    before = rows.signature(0, 60, 100.0)
    session.state.apply(ran(0, 1, 2, code=2)[1])
    assert "exit 2" in text(rows, 0, 60)
    assert rows.signature(0, 60, 100.0) != before


def test_what_is_free_for_a_queued_node_is_painted_within_a_second() -> None:
    graph = Graph(["wide", "other"], [], tasks=[Task("wide", slots=4), Task("other")])
    session = still(graph, [NodeEvent(1.0, 0, 0, NodeStatus.READY), NodeEvent(1.0, 1, 1, NodeStatus.RUNNING)])
    rows = Rows(session, Navigator(session.state, View.DEPENDENCY), IN_UNICODE)
    before = rows.signature(0, 100, 100.0)
    assert "wants 4 slots, 3 free" in text(rows, 0, 100)
    session.state.apply(ran(1, 1, 2)[1])
    assert "wants 4 slots, 4 free" in text(rows, 0, 100)
    assert rows.signature(0, 100, 101.0) != before


def test_a_finally_node_that_waits_is_marked() -> None:
    graph = Graph(["a", "b", "last"], [(0, 1)], tasks=[Task("a"), Task("b"), Task("last", is_finally=True)])
    rows = rows_of(graph, [NodeEvent(1.0, 0, 1, NodeStatus.RUNNING)])
    shown = {width: text(rows, 2, width) for width in (40, 100)}
    assert "finally" in shown[40]
    assert "runs when all others have ended" in shown[100]
    assert "finally" not in text(rows, 1, 40)


def shown_names(labels: Sequence[str], width: int, edges: Sequence[tuple[int, int]] = ()) -> list[str]:
    """What stands behind the glyph of each row."""
    rows = rows_of(Graph(list(labels), list(edges)), [])
    rows.bodies.outline.unfold_all()
    shown = [text(rows, rows.bodies.outline.item(row), width) for row in range(len(rows.bodies.outline))]
    return [row.partition("·")[2].split()[0] for row in shown]


SAMPLES = [f"call_variants_for_sample_NA12878_chromosome_{number}" for number in range(1, 23)]
STEPS = [
    f"NFCORE_RNASEQ.RNASEQ.BEDGRAPH_BEDCLIP_BEDGRAPHTOBIGWIG_{way}.UCSC_{step}"
    for way in ("FORWARD", "REVERSE")
    for step in ("BEDCLIP", "BEDGRAPHTOBIGWIG")
]


@pytest.mark.parametrize("width", [24, 32, 48])
def test_long_names_of_siblings_say_their_beginning_once_and_how_they_differ(width: int) -> None:
    head, *others, _ = shown_names([*SAMPLES, "another"], width)
    assert head.startswith("call_")
    assert others == [f"…chromosome_{number}" for number in range(1, 23)]


@pytest.mark.parametrize("width", [32, 48])
@pytest.mark.parametrize("edges", [[], [(0, 1), (0, 2), (2, 3)]])
def test_long_names_of_one_workflow_look_different(width: int, edges: list[tuple[int, int]]) -> None:
    assert len(set(shown_names(STEPS, width, edges))) == len(STEPS)


def test_a_name_says_its_beginning_again_where_the_rows_around_it_are_gone() -> None:
    rows = rows_of(Graph([*SAMPLES[:2], "another"], []), [])
    assert "…chromosome_2" in text(rows, 1, 32)
    rows._navigator.set_filter("chromosome_2")
    assert "call_" in text(rows, 1, 32)


def test_the_cause_of_a_held_back_node_keeps_its_end() -> None:
    rows = rows_of(Graph([SAMPLES[0], "child"], [(0, 1)]), [*ran(0, 1, 2, code=1)])
    rows.bodies._state.apply(NodeEvent(3, 1, 0, NodeStatus.FAILED_PARENT, blocker=0))
    assert "by call_variants_for_sample_NA12878_chromosome_1" in text(rows, 1, 60)
    assert "by call_variant…_chromosome_1" in text(rows, 1, 40)
    for width in (16, 20, 24, 28):
        row = text(rows, 1, width)
        assert " by " in row or row.split()[-1][0] == "…", "a sign at least"


@pytest.mark.parametrize(
    ("look", "expected"),
    [
        (IN_UNICODE, ["▾· a", ")╞═· b → c +1", ")╞═· c ⇢ d", "├─· d → e", ")╘═· e"]),
        (IN_ASCII, ["v. a", ")::. b -> c +1", ")::. c :> d", "|-. d -> e", ")::. e"]),
    ],
)
def test_edges_of_files_are_drawn_apart(look: Look, expected: list[str]) -> None:
    graph = Graph([*"abcde"], [(0, 1), (0, 2), (1, 2), (1, 3), (2, 3), (0, 4), (3, 4)])
    graph.file_edges = FileEdges([(0, 1), (0, 2), (2, 3), (0, 4)], 5)
    shown = rows_of(graph, [], look=look)
    outline = shown.bodies.outline
    drawn = [" ".join(text(shown, outline.item(row), 60).split("after")[0].split()) for row in range(len(outline))]
    assert drawn == expected


def test_the_time_of_a_task_is_that_in_which_a_node_of_it_ran() -> None:
    graph = matrix_graph(3)
    events = [*ran(0, 1, 2), *ran(1, 10, 13), *ran(2, 12, 15), *ran(3, 60, 61)]
    rows = rows_of(graph, events, view=View.TASKS)
    (train,) = (item for item in rows.bodies.outline.layout.items if rows.bodies.outline.layout.head(item) is not None)
    assert text(rows, train, 60).endswith("6.0 s"), "10 to 15 and 60 to 61"
    running = rows_of(graph, [*events[:-1]], view=View.TASKS)
    assert text(running, train, 60, clock=70.0).endswith("15 s")


@pytest.mark.parametrize("view", [View.TASKS, View.DEPENDENCY])
@pytest.mark.parametrize(
    ("usual", "width", "expected"),
    [
        (5.0, 60, " 2 s/5.0 s"),
        (None, 60, " 2 s"),
        (0.01, 60, " 2 s"),
        (5.0, 30, " 2 s"),  # there is no room
        (7200.0, 60, " 2 s"),
    ],
)
def test_the_usual_time_stands_behind_that_of_a_running_node(
    view: View, usual: float | None, width: int, expected: str
) -> None:
    session = still(Graph(["node"], []), [NodeEvent(98.0, 0, 1, NodeStatus.RUNNING)])
    session.forecast = SimpleNamespace(estimate=lambda _: usual)
    rows = Rows(session, Navigator(session.state, view), IN_UNICODE)
    assert text(rows, 0, width).endswith(expected)


def test_the_time_of_a_row_of_many_leaves_out_attempts_before_a_rerun() -> None:
    events = [*ran(1, 1, 10), *ran(2, 1, 20)]
    events += [NodeEvent(90.0, node, 1, NodeStatus.WAITING, fresh=True) for node in (1, 2)]
    rows = rows_of(matrix_graph(2), [*events, NodeEvent(98.0, 1, 2, NodeStatus.RUNNING)], view=View.TASKS)
    row = text(rows, rows.bodies.outline.item(1), 60)
    assert "train" in row
    assert row.split()[-2:] == ["2", "s"]


@pytest.mark.parametrize(("began", "told"), [(98.0, "2 s/5.0 s"), (100.0, "0 s/5.0 s")])
def test_the_usual_time_is_told_once(began: float, told: str) -> None:
    session = still(Graph(["node"], []), [NodeEvent(began, 0, 1, NodeStatus.RUNNING)])
    session.forecast = SimpleNamespace(estimate=lambda _: 5.0)
    row = text(Rows(session, Navigator(session.state, View.DEPENDENCY), IN_UNICODE), 0, 120)
    assert told in row
    assert "about" not in row
