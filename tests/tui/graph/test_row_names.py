"""Names in rows: common beginnings once, cut in the middle, one form for all, never two alike."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tui.graph.samples import ran, still

from dagtui.engine.events import NodeEvent
from dagtui.engine.status import NodeStatus
from dagtui.graph.model import Graph, Matrix, Task
from dagtui.text import cell_width
from dagtui.text.look import IN_UNICODE
from dagtui.text.shortening import common_beginning
from dagtui.tui.graph.navigator import Navigator
from dagtui.tui.graph.rows import Rows
from dagtui.tui.graph.tasks.stems import without_common_end
from dagtui.tui.graph.views import View
from dagtui.tui.graph.weights import WORST_FIRST, worst

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dagtui.engine.events import Event

PANE_AT_80 = 32
LONG = "NFCORE_RNASEQ.RNASEQ.QUANTIFY_PSEUDO_ALIGN"
"""More than 40 letters."""


def rows_of(graph: Graph, view: View, events: Sequence[Event] = ()) -> Rows:
    session = still(graph, events)
    rows = Rows(session, Navigator(session.state, view), IN_UNICODE)
    rows.bodies.outline.unfold_all()
    return rows


def shown(rows: Rows, width: int) -> list[str]:
    outline = rows.bodies.outline
    items = [outline.item(row) for row in range(len(outline))]
    return ["".join(span.text for span in rows.spans(item, width, 100.0, cursor=False)) for item in items]


ENDS = st.lists(
    st.from_regex(r"([A-Z]{2,12}[._]){0,3}[A-Z0-9]{1,14}(_[0-9]{1,3})?", fullmatch=True),
    min_size=2,
    max_size=40,
    unique=True,
)


@settings(max_examples=15)
@given(ends=ENDS, between=st.sampled_from([".", "_", "", "[s=", "/"]), tail=st.sampled_from(["", ".DONE", "_SORTED"]))
@pytest.mark.parametrize("view", [View.TASKS, View.DEPENDENCY, View.GROUP])
def test_names_that_share_forty_letters_look_different(view: View, ends: list[str], between: str, tail: str):
    names = [f"{LONG}{between}{end}{tail}{']' if between == '[s=' else ''}" for end in ends]
    rows = rows_of(Graph(names, [], tasks=[Task(name) for name in names]), view)
    outline = rows.bodies.outline
    assert all(cell_width(row) == PANE_AT_80 for row in shown(rows, PANE_AT_80))
    nodes = [item for item in map(outline.item, range(len(outline))) if outline.layout.head(item) is None]
    cuts = [
        rows.names.cut(item, 14) if cell_width(rows.names.name(item)) > 14 else rows.names.name(item) for item in nodes
    ]
    assert len(set(cuts)) == len(nodes) == len(names)
    assert all(cell_width(cut) <= 14 for cut in cuts)


@settings(max_examples=15)
@given(ends=ENDS)
def test_rows_of_many_that_share_forty_letters_look_different(ends: list[str]):
    names = [f"{LONG}.{end}" for end in ends]
    labels = [f"{name}[s={number}]" for name in names for number in range(3)]
    graph = Graph(labels, [], tasks=[Task(name) for name in names], task_of=[at // 3 for at in range(len(labels))])
    rows = rows_of(graph, View.TASKS)
    rows.bodies.outline.fold_all()
    cuts = [row.partition(" ×3")[0].split()[-1] for row in shown(rows, PANE_AT_80)]
    assert len(set(cuts)) == len(names)


def test_what_all_tasks_begin_with_is_left_out():
    names = [f"NFCORE_RNASEQ.RNASEQ.{end}" for end in ("PREPARE_GENOME.GUNZIP_GTF_3", "FASTQC_1", "MULTIQC_197")]
    rows = rows_of(Graph(names, [], tasks=[Task(name) for name in names]), View.DEPENDENCY)
    assert rows.names.beginning == "NFCORE_RNASEQ.RNASEQ."
    assert [row.split()[1] for row in shown(rows, 60)] == ["PREPARE_GENOME.GUNZIP_GTF_3", "FASTQC_1", "MULTIQC_197"]
    assert shown(rows, 24)[0].split()[1] == "…GUNZIP_GTF_3"


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["prepare", "prepare_more"], ""),
        (["extract_all_of_the_zendesk_users", "other"], ""),
        (["extract_all_of_the_zendesk_users", "extract_all_of_the_zendesk_tickets"], "extract_all_of_the_"),
        (["extract_all_of_the_zendesk_users", "extract_all_of_the_"], ""),
        (["one_task_with_a_very_long_name_alone"], ""),
        ([], ""),
    ],
)
def test_a_common_beginning_ends_with_a_word_and_leaves_something(names: list[str], expected: str):
    assert common_beginning(names) == expected


@pytest.mark.parametrize(("width", "form"), [(32, "[1,small]"), (80, "[seed=1,size=small]")])
@pytest.mark.parametrize("view", [View.DEPENDENCY, View.TROUBLE])
def test_all_cells_of_a_screen_have_one_form(width: int, form: str, view: View):
    plain = Matrix((("seed", (1, 2)), ("size", ("small", "l"))))
    cells = ["[seed=1,size=small]", "[seed=2,size=l]"]
    labels = [f"{task}{cell}" for task in ("t", "evaluate") for cell in cells]
    tasks = [Task("t", matrix=plain), Task("evaluate", matrix=plain)]
    graph = Graph(labels, [(0, 2), (1, 3)], tasks=tasks, task_of=[0, 0, 1, 1], cells=[()] * 4)
    found = [row for row in shown(rows_of(graph, view), width) if "small" in row]
    assert len(found) == 2
    assert all(form in row for row in found), found


def test_cells_of_listed_matrices_keep_the_names_of_their_keys():
    listed = Matrix((), include=((("a", 1),), (("b", 1),)))
    graph = Graph(
        ["train[a=1]", "train[b=1]"], [], tasks=[Task("train", matrix=listed)], task_of=[0, 0], cells=[()] * 2
    )
    names = {row.split()[-1] for row in shown(rows_of(graph, View.TROUBLE), 20)}
    assert names.issuperset(graph.labels)


def test_a_cause_has_what_is_free_and_leaves_a_sign_where_nothing_is():
    cause = "load_jira_tickets_of_the_last_quarter"
    graph = Graph([cause, "child", "another_child_with_a_longer_name"], [(0, 1), (0, 2)])
    events = [*ran(0, 1, 2, code=1)]
    events += [NodeEvent(3, node, 0, NodeStatus.FAILED_PARENT, blocker=0) for node in (1, 2)]
    for view in (View.DEPENDENCY, View.TASKS):
        rows = rows_of(graph, view, events)
        assert (f"by {cause}" if view is View.DEPENDENCY else "by load_jira_tic…e_last_quarter") in shown(rows, 79)[1]
        for width in range(24, 79):
            for row in shown(rows, width)[1:]:
                said = row.split()[-1]
                assert "by " in row or said == "…" or (said[0] == "…" and cause.endswith(said[1:])), (width, row)


def test_a_row_of_many_names_the_cause_of_the_worst():
    tasks = [Task("train"), Task("score")]
    labels = [*(f"train[seed={seed}]" for seed in range(3)), "score"]
    graph = Graph(labels, [(at, 3) for at in range(3)], tasks=tasks, task_of=[0, 0, 0, 1])
    events = [*ran(0, 1, 2), *ran(1, 1, 2, code=7), NodeEvent(3, 3, 0, NodeStatus.FAILED_PARENT, blocker=1)]
    rows = rows_of(graph, View.TASKS, events)
    rows.bodies.outline.fold_all()
    train, score = shown(rows, 48)
    assert "exit 7" in train
    assert "by train[" in score


@pytest.mark.parametrize(
    ("stems", "expected"),
    [
        (["A.FASTQC.SRR", "A.STAR.SRR"], ["A.FASTQC", "A.STAR"]),
        (["A.FASTQC.SRR", "A.STAR.ERR"], ["A.FASTQC.SRR", "A.STAR.ERR"]),
        (["A.FASTQC.SRR"], ["A.FASTQC.SRR"]),
        (["chunk", "chunk"], ["chunk", "chunk"]),
        ([".SRR", "A.SRR"], [".SRR", "A.SRR"]),
        ([], []),
    ],
)
def test_an_end_that_all_titles_share_is_left_out(stems: list[str], expected: list[str]):
    assert list(without_common_end(stems)) == expected


@given(st.binary(max_size=60).map(lambda some: bytes(byte % 11 for byte in some)))
def test_the_worst_of_many_is_the_first_by_order(statuses: bytes):
    inside = [NodeStatus(status) for status in statuses if status < len(NodeStatus)]
    assert worst(statuses) == min(inside, key=WORST_FIRST.index, default=len(NodeStatus))
