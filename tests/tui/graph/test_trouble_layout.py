"""The rows of the trouble view: which nodes stand where, and how they are found."""

from __future__ import annotations

import random
import sys
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st
from tui.graph.samples import chain, matrix_graph, names, ran, still

from dagtui.engine.events import NodeEvent, RunEvent
from dagtui.engine.state import RunState
from dagtui.engine.status import Cause, NodeStatus
from dagtui.graph.model import Graph
from dagtui.tui.graph.layout import TOP, GroupKind, TreeLayout
from dagtui.tui.graph.navigator import Navigator
from dagtui.tui.graph.outline import Outline
from dagtui.tui.graph.tallies import OUTSIDE, Tallies
from dagtui.tui.graph.trouble.layout import TroubleLayout
from dagtui.tui.graph.trouble.troubles import Clues, TroubleKind, Troubles
from dagtui.tui.graph.views import View

if TYPE_CHECKING:
    from collections.abc import Sequence

MESSAGES = ["", "disk full: 1", "disk full: 2", "no such file 'a'"]
_S = NodeStatus


SEEDS = st.integers(0, 2**32)


def troubled(choose: random.Random) -> tuple[RunState, Clues]:
    """A run in any state, of which some logs are read."""
    graph = matrix_graph(choose.randint(1, 12))
    state, clues = RunState(graph), Clues()
    if choose.randrange(2):
        state.apply(RunEvent(0, "started", jobs=1, targets=(choose.choice(graph.nodes),)))
    for node in graph.nodes:
        change(choose, state, clues, node)
    return state, clues


def change(choose: random.Random, state: RunState, clues: Clues, node: int) -> None:
    """Let something happen to a node."""
    status = choose.choice([*_S, _S.FAILED, _S.FAILED, None])
    if status is None or (state.is_outside(node) and choose.randrange(10)):
        return
    cause = {_S.FAILED: Cause.EXIT, _S.RETRYING: Cause.EXIT, _S.COMPLETED: Cause.RAN}.get(status, Cause.NONE)
    if status is _S.READY and choose.randrange(2):
        cause = Cause.ASKS
    why = choose.choice(["exit 1", "exit 2"])
    stale = status is _S.COMPLETED and bool(choose.randrange(2))
    at = choose.randint(1, 5)
    state.apply(NodeEvent(at, node, state.attempt[node] + 1, status, cause, why, seconds=0.5, stale=stale))
    if choose.randrange(2):
        clues.lines[node, state.attempt[node]] = choose.choice(MESSAGES)
    if choose.randrange(2):
        clues.late = clues.late ^ {node}


@given(seed=SEEDS)
def test_what_is_found_is_what_a_layout_that_stores_all_would_find(seed: int) -> None:
    choose = random.Random(seed)
    state, clues = troubled(choose)
    graph = state.graph
    layout = TroubleLayout(Troubles(state, clues), state, choose.choice([None, *graph.nodes]))
    items = list(layout.items)
    parents = [layout.parents[item] for item in range(len(layout))]
    assert sorted(items) == list(range(len(layout)))
    stored = TreeLayout(len(graph), layout.heads, parents, items)
    assert list(stored.items) == items
    for item in range(len(layout)):
        assert layout.positions[item] == stored.positions[item]
        assert layout.ends[item] == stored.ends[item]
        assert layout.depths[item] == stored.depths[item]
    values = bytes(node % 7 for node in graph.nodes)
    assert layout.in_order(values, 99) == stored.in_order(values, 99)
    shown = [node for node in graph.nodes if choose.randrange(2)]
    kept, known = layout.with_ancestors(shown), stored.with_ancestors(shown)
    for item in items:
        owner = layout.parents[item] if layout.note(item) else item
        assert kept[layout.positions[item]] == known[stored.positions[owner]]


@given(seed=SEEDS)
def test_changes_one_by_one_lead_to_the_same_troubles_as_a_fresh_look(seed: int) -> None:
    choose = random.Random(seed)
    state, clues = troubled(choose)
    troubles, watch = Troubles(state, clues), state.watch()
    for _ in range(6):
        watch.clear()
        before = described(TroubleLayout(troubles, state))
        change(choose, state, clues, choose.choice(state.graph.nodes))
        state.off_record = frozenset(choose.sample(state.graph.nodes, choose.randrange(3)))
        changed = troubles.take(watch.nodes)
        fresh = described(TroubleLayout(Troubles(state, clues), state))
        assert described(TroubleLayout(troubles, state)) == fresh
        assert changed or before[1] == fresh[1], "what is elsewhere is told"


def described(layout: TroubleLayout) -> tuple[bytes, Sequence[object]]:
    return layout.kinds, [*layout.items, *layout.heads]


@given(seed=SEEDS)
def test_a_row_stands_in_the_section_of_its_status(seed: int) -> None:
    state, clues = troubled(random.Random(seed))
    layout = TroubleLayout(Troubles(state, clues), state)
    order: list[int] = []
    for item in layout.items:
        head, node = layout.head(item), layout.node(item)
        if node is None:
            continue
        above = layout.head(layout.parents[item]) if layout.parents[item] != TOP else None
        status = state.status_of(node)
        if above is None:
            order.append(layout.kinds[node])
        if above is not None and above.kind is GroupKind.REST:
            assert status not in {_S.FAILED, _S.RETRYING}
            assert not state.stale[node]
        elif above is not None and above.kind is GroupKind.ALIKE:
            assert status is _S.FAILED
            assert state.why[node] == above.title
        elif above is not None:
            assert state.is_outside(node)
        elif layout.kinds[node] == TroubleKind.LATE:
            assert status is _S.RUNNING
        assert head is None
    assert order == sorted(order), "kinds in their order"
    assert TroubleKind.NONE not in order
    rows = len(Outline(layout, (item for item in layout.foldables())))
    assert rows <= 3 * len(state.graph) + 3


def test_alike_failures_are_one_group_and_the_first_failure_comes_first() -> None:
    events = [*ran(3, 1, 5, code=1), *ran(1, 1, 2, code=1), *ran(2, 1, 4, code=2), *ran(4, 1, 9, code=1)]
    session = still(matrix_graph(4), events)
    session.state.apply(NodeEvent(10, 5, 0, _S.FAILED_PARENT, blocker=1))
    clues = Clues()
    clues.lines = {(1, 1): "disk 1 is full", (2, 1): "oh", (3, 1): "no such file", (4, 1): "disk 33 is full"}
    layout = TroubleLayout(Troubles(session.state, clues), session.state)
    assert names(layout, session.graph, range(len(layout))) == [
        "<note ×0>",
        "<alike exit 1×2>",
        "  <note ×0>",
        "  <note ×0>",
        "  train[seed=0]",
        "  train[seed=3]",
        "train[seed=1]",
        "  <note ×0>",
        "  <note ×0>",
        "train[seed=2]",
        "  <note ×0>",
        "  <note ×0>",
        "<rest everything else×3>",
        "  prep",
        "  score",
        "  notify",
    ]
    outline = Outline(layout, layout.foldables())
    assert len(outline) == 11
    outline.unfold(outline.item(1))
    assert outline.item(4) == 1
    outline.fold(outline.item(1))
    assert len(outline) == 11
    outline.reveal(4)
    assert outline.row(4) == 5


def test_without_trouble_there_are_words_and_all_nodes() -> None:
    session = still(chain(3), ran(0, 1, 2))
    layout = TroubleLayout(Troubles(session.state, Clues()), session.state)
    assert names(layout, session.graph, range(2)) == ["<note ×0>", "<rest all nodes×3>"]


def test_the_tallies_count_what_is_not_wrong() -> None:
    session = still(chain(4), [*ran(0, 1, 2), *ran(1, 3, 4, code=1)])
    state = session.state
    layout = TroubleLayout(Troubles(state, Clues()), state)
    tallies = Tallies(layout, state.status, state.selected)
    (rest,) = (item for item in layout.foldables())
    counts = tallies.counts(layout.members_start(rest), layout.ends[rest])
    assert counts[_S.COMPLETED] == 1
    assert counts[_S.WAITING] == 2
    assert counts[_S.FAILED] == 0
    assert OUTSIDE not in tallies.statuses(0, len(layout))


def test_what_is_wrong_is_shown_anew_at_a_cost_that_does_not_depend_on_the_number_of_nodes() -> None:
    few, many = calls_to_regroup(100), calls_to_regroup(50_000)
    assert many < few * 1.2 + 20


def calls_to_regroup(count: int) -> int:
    """How many functions are called to show another failure."""
    state = still(Graph([f"n{node}" for node in range(count)], []), ran(3, 1, 2, code=1)).state
    navigator = Navigator(state, View.TROUBLE)
    for event in ran(count // 2, 3, 4, code=1):
        state.apply(event)
    navigator.take({count // 2})
    assert navigator.trouble.is_outdated(navigator.cursor)
    calls = 0

    def called(*_: object) -> None:
        nonlocal calls
        calls += 1

    sys.setprofile(called)
    try:
        navigator.regroup()
    finally:
        sys.setprofile(None)
    return calls
