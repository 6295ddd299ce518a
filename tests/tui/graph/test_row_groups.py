from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st
from tui.graph.samples import graphs, in_statuses

from dagtui.engine.status import NodeStatus
from dagtui.tui.graph.layout import GroupKind
from dagtui.tui.graph.row_groups import counts, many, members
from dagtui.tui.graph.tallies import Tallies
from dagtui.tui.graph.tasks.stems import stem
from dagtui.tui.graph.views import View, Views

if TYPE_CHECKING:
    from dagtui.graph.model import Graph

STATUSES = st.integers(0, len(NodeStatus) - 1)


@given(graph=graphs(), data=st.data())
def test_a_row_means_its_cells_its_folder_or_its_section_and_nothing_that_is_hidden(graph: Graph, data: st.DataObject):
    status = bytearray(data.draw(st.lists(STATUSES, min_size=len(graph), max_size=len(graph))))
    views = Views(in_statuses(graph, status))
    query = data.draw(st.sampled_from(["", "[1", "!t0"]))
    views.set_filter(query)
    shown = set(views.names.matching(query)) if query else set(range(len(graph)))
    for view in View:
        outline = views.outline(view)
        for item, head in enumerate(outline.layout.heads, outline.layout.node_count):
            found = members(outline, item)
            assert len(found) == len(set(found))
            if head.kind is GroupKind.MATRIX:
                tasks = {graph.task(node).name for node in found}
                assert tasks <= {head.title} or {stem(task) for task in tasks} == {head.title}
                assert query or len(found) == head.total
            elif head.kind is GroupKind.ALIKE:
                assert {node for node in found if node in shown} == {
                    node for node in shown if status[node] == NodeStatus.FAILED
                }
            elif head.kind is GroupKind.NOTE:
                assert found == []
            if view is not View.DEPENDENCY:  # there, what is above a match is shown as well
                assert shown.issuperset(found)


@given(graph=graphs(), data=st.data())
def test_what_is_named_is_behind_the_row_and_of_that_status(graph: Graph, data: st.DataObject):
    status = bytearray(data.draw(st.lists(STATUSES, min_size=len(graph), max_size=len(graph))))
    outline = Views(in_statuses(graph, status)).outline(View.DEPENDENCY)
    tallies = Tallies(outline.layout, status)
    for item in range(len(outline.layout)):
        found = many(outline, tallies, item)
        assert (found is None) == (counts(outline, tallies, item) is None)
        if found is None:
            continue
        for one, nodes in found.named.items():
            assert set(nodes) <= set(members(outline, item))
            assert len(nodes) == min(20, found.counts[one])
            assert all(status[node] == one for node in nodes)
