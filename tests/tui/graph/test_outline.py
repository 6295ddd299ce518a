from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st
from tui.graph.samples import chain, graphs, matrix_graph, names

from dagtui.tui.graph.layout import TOP
from dagtui.tui.graph.nodes.layout import dependency_layout
from dagtui.tui.graph.outline import Outline

if TYPE_CHECKING:
    from dagtui.graph.model import Graph
    from dagtui.tui.graph.layout import TreeLayout


def visible(layout: TreeLayout, folded: set[int], kept: set[int] | None = None) -> list[int]:
    """The positions in sight, looked for the slow way."""
    found = []
    for position, item in enumerate(layout.items):
        if kept is not None and item not in kept:
            continue
        above, hidden = layout.parents[item], False
        while above != TOP and not hidden:
            hidden = above in folded and position < layout.ends[above]
            above = layout.parents[above]
        if not hidden:
            found.append(position)
    return found


def with_ancestors(layout: TreeLayout, nodes: set[int]) -> set[int]:
    found = set()
    for node in nodes:
        item = node
        while item != TOP:
            found.add(item)
            item = layout.parents[item]
    return found


def foldable(layout: TreeLayout, item: int, kept: set[int] | None) -> bool:
    inside = layout.items[layout.positions[item] + 1 : layout.ends[item]]
    return any(kept is None or other in kept for other in inside)


@given(graph=graphs(), data=st.data())
def test_the_rows_are_what_folds_and_filter_leave(graph: Graph, data: st.DataObject):
    """Any sequence of actions leaves the rows that a slow look at the same folds finds."""
    layout = dependency_layout(graph)
    outline = Outline(layout)
    folded: set[int] = set()
    kept: set[int] | None = None
    before: set[int] = set()
    for _ in range(data.draw(st.integers(1, 12))):
        item = data.draw(st.integers(0, len(layout) - 1))
        action = data.draw(
            st.sampled_from(["fold", "unfold", "fold all", "unfold all", "reveal", "filter", "unfilter"])
        )
        if action == "fold":
            changed = outline.fold(item)
            assert changed == (item not in folded and foldable(layout, item, kept))
            folded |= {item} if changed else set()
        elif action == "unfold":
            assert outline.unfold(item) == (item in folded)
            folded.discard(item)
        elif action == "fold all":
            outline.fold_all()
            folded = {other for other in range(len(layout)) if layout.foldable(other)}
        elif action == "unfold all":
            outline.unfold_all()
            folded = set()
        elif action == "reveal" and (kept is None or item in kept):
            outline.reveal(item)
            position = layout.positions[item]
            folded = {other for other in folded if not layout.positions[other] < position < layout.ends[other]}
            assert outline.row(item) is not None
        elif action == "filter":
            before = folded if kept is None else before
            nodes = data.draw(st.sets(st.integers(0, len(graph) - 1)))
            outline.filter(nodes)
            kept, folded = with_ancestors(layout, nodes), set()
        elif action == "unfilter" and kept is not None:
            outline.unfilter()
            kept, folded = None, before
        assert list(outline.rows) == visible(layout, folded, kept)
        assert outline.filtered == (kept is not None)
        assert set(outline.folded_items) == (folded if kept is None else before)
        for other in range(len(layout)):
            assert outline.is_foldable(other) == foldable(layout, other, kept)


@given(graph=graphs(), data=st.data())
def test_folding_and_unfolding_are_inverse(graph: Graph, data: st.DataObject):
    layout = dependency_layout(graph)
    outline = Outline(layout, data.draw(st.sets(st.integers(0, len(layout) - 1))))
    rows = list(outline.rows)
    item = data.draw(st.sampled_from([outline.item(row) for row in range(len(outline))]))
    if outline.fold(item):
        assert len(outline) < len(rows)
        assert outline.unfold(item)
    elif outline.is_folded(item):
        assert outline.unfold(item)
        assert len(outline) > len(rows)
        assert outline.fold(item)
    assert list(outline.rows) == rows


@given(graph=graphs(), data=st.data())
def test_rows_and_items_find_each_other(graph: Graph, data: st.DataObject):
    layout = dependency_layout(graph)
    outline = Outline(layout, data.draw(st.sets(st.integers(0, len(layout) - 1))))
    for row in range(len(outline)):
        assert outline.row(outline.item(row)) == row
    for item in range(len(layout)):
        near = outline.item(outline.nearest_row(item))
        if outline.row(item) is None:
            assert layout.positions[near] < layout.positions[item] < layout.ends[near]
            assert outline.is_folded(near)
        else:
            assert near == item


@given(graph=graphs(), data=st.data())
def test_a_later_sibling_is_one_in_sight_of_the_filter(graph: Graph, data: st.DataObject):
    layout = dependency_layout(graph)
    outline = Outline(layout)
    nodes = data.draw(st.none() | st.sets(st.integers(0, len(graph) - 1), min_size=1))
    kept = set(range(len(layout)))
    if nodes is not None:
        outline.filter(nodes)
        kept = with_ancestors(layout, nodes)
    for item in kept:
        later = [
            other
            for other in kept
            if layout.parents[other] == layout.parents[item] and layout.positions[other] > layout.positions[item]
        ]
        assert outline.has_later_sibling(item) == bool(later)


def test_a_folded_matrix_hides_its_cells_only():
    graph = matrix_graph(9)
    layout = dependency_layout(graph)
    outline = Outline(layout)
    outline.fold(layout.parents[graph.node("train[seed=0]")])
    assert names(layout, graph, outline.rows) == [
        "prep",
        "  <matrix train×9>",
        "  score",
        "  notify",
    ]


def test_a_deep_chain_folds_unfolds_and_reveals():
    outline = Outline(dependency_layout(chain(100_000)))
    outline.fold_all()
    assert list(outline.rows) == [0]
    assert outline.reveal(99_999)
    assert len(outline) == 100_000
    outline.fold(50_000)
    assert len(outline) == 50_001
    outline.unfold(50_000)
    assert outline.row(99_999) == 99_999
