"""What a filter looks for stands out in the names of rows."""

from __future__ import annotations

import pytest
from tui.graph.samples import matrix_graph, still

from dagtui.graph.model import Graph, Task
from dagtui.text.look import IN_UNICODE
from dagtui.tui.graph.navigator import Navigator
from dagtui.tui.graph.rows import Rows
from dagtui.tui.graph.views import View
from dagtui.tui.lines.rows import Role, width_of

NAMES = ["prepare_the_samples_of_all_patients", "Train", "report"]


def found(graph: Graph, query: str, width: int, view: View = View.DEPENDENCY) -> list[list[str]]:
    """The letters that stand out, by row."""
    navigator = Navigator(still(graph).state, view)
    navigator.set_filter(query)
    rows = Rows(still(graph), navigator, IN_UNICODE)
    shown = [rows.spans(navigator.outline.item(row), width, 1.0, cursor=False) for row in range(len(navigator.outline))]
    assert all(width_of(row) == width for row in shown)
    return [[span.text for span in row if span.role == Role.FOUND] for row in shown]


@pytest.mark.parametrize("view", [View.TASKS, View.DEPENDENCY, View.GROUP])
def test_every_occurrence_stands_out_whatever_its_case(view: View):
    graph = Graph(NAMES, [(0, 1), (1, 2)], tasks=[Task(name) for name in NAMES])
    assert found(graph, "r", 79, view)[:2] == [["r", "r"], ["r"]]
    assert ["Tr"] in found(graph, "TR", 79, view)
    assert found(graph, "!r", 79, view) == []
    assert found(graph, "", 79, view) == [[], [], []]


def test_a_row_that_is_shown_for_those_below_it_has_nothing_that_stands_out():
    graph = Graph(NAMES, [(0, 1), (1, 2)])
    assert found(graph, "report", 60) == [[], [], ["report"]]


def test_letters_that_are_cut_away_mark_the_sign_in_their_place():
    graph = Graph(NAMES, [])
    assert found(graph, "samples", 24) == [["…"]]


def test_a_matrix_row_shows_what_its_cells_were_found_by():
    assert found(matrix_graph(20), "train", 60)[1] == ["train"]


def test_a_hit_by_what_rows_leave_out_stands_out_as_a_whole():
    assert found(matrix_graph(4), "train", 60, View.TASKS) == [["train"], *[[f"[seed={seed}]"] for seed in range(4)]]
    names = [f"NFCORE_RNASEQ.RNASEQ.PREPARE.{end}" for end in ("GUNZIP_GTF", "INDEX_GENOME")]
    graph = Graph(names, [], tasks=[Task(name) for name in names])
    assert found(graph, "rnaseq.prep", 60) == [["GUNZIP_GTF"], ["INDEX_GENOME"]]
