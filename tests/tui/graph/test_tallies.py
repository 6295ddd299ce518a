from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st
from tui.graph.samples import graphs, matrix_graph

from dagtui.engine.status import NodeStatus
from dagtui.tui.graph import tallies as tallies_module
from dagtui.tui.graph.layout import GroupKind
from dagtui.tui.graph.nodes.layout import dependency_layout
from dagtui.tui.graph.signs import OUTSIDE, QUEUED
from dagtui.tui.graph.tallies import Tallies

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pytest

    from dagtui.graph.model import Graph
    from dagtui.tui.graph.layout import TreeLayout


STATUSES = st.integers(0, len(NodeStatus) - 1)


def recounted(layout: TreeLayout, status: Sequence[int], start: int, end: int):
    nodes = [item for item in layout.items[start:end] if item < layout.node_count]
    return [sum(status[node] == value for node in nodes) for value in range(QUEUED + 1)]


@given(graph=graphs(), data=st.data())
def test_counts_follow_every_change(graph: Graph, data: st.DataObject):
    layout = dependency_layout(graph)
    status = bytearray(data.draw(st.lists(STATUSES, min_size=len(graph), max_size=len(graph))))
    tallies = Tallies(layout, status)
    branches = [(layout.positions[item], layout.ends[item]) for item in range(len(layout))]
    counted = data.draw(st.sets(st.sampled_from(branches)))
    for _ in range(3):
        for start, end in counted:
            assert tallies.counts(start, end) == recounted(layout, status, start, end)
        changes = data.draw(st.dictionaries(st.integers(0, len(graph) - 1), STATUSES))
        before = bytes(status)
        for node, value in changes.items():
            status[node] = value
        changed = tallies.update(changes.keys())
        assert changed == sorted(layout.positions[node] for node in changes if status[node] != before[node])
        tallies.keep(data.draw(st.sets(st.sampled_from(sorted(counted)))) if counted else ())


@given(graph=graphs(), data=st.data())
def test_counts_of_cells_leave_out_what_is_below_them(graph: Graph, data: st.DataObject):
    layout = dependency_layout(graph)
    status = bytearray(data.draw(st.lists(STATUSES, min_size=len(graph), max_size=len(graph))))
    tallies = Tallies(layout, status)
    heads = {len(graph) + at: head.total for at, head in enumerate(layout.heads) if head.kind is GroupKind.MATRIX}
    for _ in range(3):
        for item, total in heads.items():
            cells = [node for node in range(len(graph)) if layout.parents[node] == item]
            cells = [node for node in cells if layout.positions[node] < layout.ends[item]]
            assert len(cells) == total
            expected = [sum(status[node] == value for node in cells) for value in range(QUEUED + 1)]
            assert tallies.cells(item, len(cells)) == expected
        changes = data.draw(st.dictionaries(st.integers(0, len(graph) - 1), STATUSES))
        for node, value in changes.items():
            status[node] = value
        tallies.update(changes.keys())


def test_many_changes_at_once_are_counted_anew(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(tallies_module, "_RECOUNTED", 3)
    graph = matrix_graph(20)
    layout = dependency_layout(graph)
    status = bytearray(len(graph))
    tallies = Tallies(layout, status)
    assert tallies.counts(0, len(layout))[NodeStatus.WAITING] == len(graph)
    status[1:11] = bytes([NodeStatus.COMPLETED]) * 10
    tallies.update(range(len(graph)))
    assert tallies.counts(0, len(layout))[NodeStatus.COMPLETED] == 10


@given(graph=graphs(), data=st.data())
def test_the_next_node_of_a_status_is_found_in_both_directions_round_the_end(graph: Graph, data: st.DataObject):
    layout = dependency_layout(graph)
    status = bytearray(data.draw(st.lists(STATUSES, min_size=len(graph), max_size=len(graph))))
    tallies = Tallies(layout, status)
    wanted = data.draw(st.sets(st.sampled_from(NodeStatus), min_size=1))
    here = data.draw(st.integers(-1, len(layout) - 1))
    hits = sorted(layout.positions[node] for node in range(len(graph)) if status[node] in wanted)
    forwards = next((at for at in hits if at > here), hits[0] if hits else None)
    backwards = next((at for at in reversed(hits) if at < here), hits[-1] if hits else None)
    assert tallies.find(wanted, here) == forwards
    assert tallies.find(wanted, here, backwards=True) == backwards


@given(graph=graphs(), data=st.data())
def test_nodes_that_are_not_part_of_the_run_are_counted_nowhere_until_they_join(graph: Graph, data: st.DataObject):
    layout = dependency_layout(graph)
    flags = st.lists(st.integers(0, 1), min_size=len(graph), max_size=len(graph))
    status, selected = bytearray(len(graph)), bytearray(data.draw(flags))
    tallies = Tallies(layout, status, selected)
    branches = [(layout.positions[item], layout.ends[item]) for item in range(len(layout))]
    for _ in range(3):
        for start, end in branches:
            nodes = [item for item in layout.items[start:end] if item < layout.node_count]
            expected = [sum(selected[node] and status[node] == value for node in nodes) for value in range(QUEUED + 1)]
            assert tallies.counts(start, end) == expected
            outside = [layout.positions[node] for node in nodes if not selected[node]]
            assert list(tallies.having(OUTSIDE, start, end)) == outside
        assert tallies.has_outside == (0 in selected)
        changes = data.draw(st.dictionaries(st.integers(0, len(graph) - 1), STATUSES))
        for node, value in changes.items():
            selected[node], status[node] = 1, value
        tallies.update(changes.keys())
