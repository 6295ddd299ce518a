"""What holds in every view of a graph, also while its run goes on."""

from __future__ import annotations

import random
import re
from functools import cache
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from support.waiting import until
from tui.app.runs import opened
from tui.gallery import graphs as shapes
from tui.gallery.scenes import run_of
from tui.graph.samples import graphs, still

from dagtui.engine.messages import Command, CommandKind, Ended, EndKind, Started
from dagtui.engine.status import ALIVE, NodeStatus
from dagtui.text.look import IN_UNICODE
from dagtui.tui.app import DagtuiApp
from dagtui.tui.graph.layout import GroupKind
from dagtui.tui.graph.navigator import Navigator
from dagtui.tui.graph.rows import Rows
from dagtui.tui.graph.views import View
from dagtui.tui.screens.preview import PreviewDialog

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from support.adopted_run import AdoptedRun

    from dagtui.graph.model import Graph
    from dagtui.tui.graph.outline import Outline
    from dagtui.tui.graph.tree import TreePane

pytestmark = pytest.mark.anyio

PANE_AT_80 = 31
"""Cells of the left pane on a terminal of 80 columns."""
STEPS = 25
WELL = {NodeStatus.COMPLETED, NodeStatus.SKIPPED, NodeStatus.WAITING}
LISTS = [view for view in View if view is not View.MAP]
"""Views with a row for each thing. A map is as high as its pane."""
BY_PLACE = [view for view in View if view is not View.TROUBLE]
"""Views whose rows do not depend on what has happened."""


@pytest.fixture(autouse=True)
def _logs_go_elsewhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.chdir(tmp_path)


@cache
def shape(name: str) -> Graph:
    return getattr(shapes, name)()


def rows_in(graph: Graph, view: View) -> Rows:
    session = still(graph)
    return Rows(session, Navigator(session.state, view), IN_UNICODE)


def node_rows(outline: Outline) -> int:
    """The number of rows that are not headings."""
    headings = set(GroupKind) - {GroupKind.MATRIX, GroupKind.CELL}
    heads = (outline.layout.head(outline.item(row)) for row in range(len(outline)))
    return sum(head is None or head.kind not in headings for head in heads)


@pytest.mark.parametrize("name", ["genome", "rnaseq", "diamonds", "five_thousand"])
@pytest.mark.parametrize("view", LISTS)
def test_no_view_has_more_rows_than_nodes(view: View, name: str):
    graph = shape(name)
    assert node_rows(rows_in(graph, view).bodies.outline) <= len(graph)


@settings(max_examples=40)
@given(graph=graphs())
def test_no_view_of_any_graph_has_more_rows_than_nodes(graph: Graph):
    for view in LISTS:
        assert node_rows(rows_in(graph, view).bodies.outline) <= len(graph), view


@pytest.mark.parametrize("view", LISTS)
def test_different_names_look_different_at_80_columns(view: View):
    rows = rows_in(shape("rnaseq"), view)
    outline = rows.bodies.outline
    shown: dict[str, int] = {}
    for item in map(outline.item, range(len(outline))):
        text = "".join(span.text for span in rows.spans(item, PANE_AT_80, 0.0, cursor=False))
        found = re.search(r"[^\W\d]*[….\w]*[A-Z]{2}[….\w]*", text)
        if found is not None:
            assert found.group() not in shown, text
            shown[found.group()] = item


def in_flight(run: AdoptedRun) -> list[int]:
    return [node for node in run.graph.nodes if run.state.status_of(node) in ALIVE]


def step(run: AdoptedRun, chance: random.Random) -> None:
    """Let something happen in a run, and the run act on it."""
    submitted = list(run.run.traversal.submitted)
    flying = in_flight(run)
    if submitted and chance.random() < 0.5:
        node = chance.choice(submitted)
        run.run.post(Started(node, run.state.attempt[node]))
    elif flying and chance.random() < 0.8:
        node = chance.choice(flying)
        code = chance.choice([0, 0, 0, 1])
        run.run.post(Ended(node, run.state.attempt[node], EndKind.EXIT, code, "", 1.0))
    else:
        kind = chance.choice([CommandKind.RETRY, CommandKind.CANCEL, CommandKind.SKIP, CommandKind.RERUN])
        run.give(Command(kind, (chance.randrange(len(run.graph)),)))
    run.run.turn()


def order(pane: TreePane) -> list[int]:
    return [pane.outline.item(row) for row in range(len(pane.outline))]


@pytest.mark.parametrize("view", BY_PLACE)
async def test_rows_stay_in_their_order_and_the_cursor_on_its_node(view: View):
    chance = random.Random(f"{view}")
    app = DagtuiApp(run_of("genome, running"))
    async with opened(app, (80, 24)):
        app.main.show_view(view)
        app.jump(app.view.graph.node("align[sample=SRR6357073]"))
        node, before = app.main.node, order(app.main.tree_pane)
        for _ in range(STEPS):
            step(app.view, chance)
            app._paint_changes()
            assert app.main.node == node
            assert order(app.main.tree_pane) == before


def in_trouble(pane: TreePane) -> list[int]:
    """The nodes of the rows before those without trouble."""
    found: list[int] = []
    pane.unfold_all()
    for row in range(len(pane.outline)):
        item = pane.outline.item(row)
        head, node = pane.outline.layout.head(item), pane.outline.layout.node(item)
        if head is not None and head.kind is GroupKind.REST:
            break
        found += [node] if head is None and node is not None else []
    return found


@pytest.mark.parametrize("seed", range(3))
async def test_trouble_shows_all_failures_and_nothing_that_is_well_at_any_moment(seed: int):
    chance = random.Random(seed)
    app = DagtuiApp(run_of("genome, running"))
    async with opened(app, (80, 24)):
        app.main.show_view(View.TROUBLE)
        pane, state = app.main.tree_pane, app.view.state
        for _ in range(STEPS):
            step(app.view, chance)
            pane._regroup_at = 0.0  # rows are grouped again at once, not after a share of the time that it takes
            app._paint_changes()
            shown = in_trouble(pane)
            failed = {node for node in app.view.graph.nodes if state.status_of(node) is NodeStatus.FAILED}
            assert failed <= set(shown)
            assert not [node for node in shown if state.status_of(node) in WELL and not state.stale[node]]


async def test_in_trouble_the_cursor_stays_on_its_node_as_long_as_it_is_there():
    chance = random.Random(7)
    app = DagtuiApp(run_of("genome"))
    async with opened(app, (80, 24)) as pilot:
        app.main.show_view(View.TROUBLE)
        await pilot.press("e")
        node = app.main.node
        assert app.view.state.status_of(node) is NodeStatus.FAILED
        for _ in range(STEPS):
            step(app.view, chance)
            app._paint_changes()
            if app.view.state.status_of(node) is NodeStatus.FAILED:
                assert app.main.node == node


@pytest.mark.parametrize("key", ["X", "R"])
async def test_an_open_preview_equals_a_fresh_one_after_every_event(key: str):
    chance = random.Random(key)
    app = DagtuiApp(run_of("genome, running"))
    async with opened(app, (80, 24)) as pilot:
        app.jump(app.view.graph.node("align[sample=SRR6357073]"))
        await pilot.press(key)
        dialog = app.screen
        assert isinstance(dialog, PreviewDialog)
        for _ in range(STEPS):
            step(app.view, chance)
            await until(_is_fresh(app, dialog))


def _is_fresh(app: DagtuiApp, dialog: PreviewDialog) -> Callable[[], bool]:
    def is_fresh() -> bool:
        app._paint_changes()
        return dialog.preview == app.view.preview(dialog.preview.command)

    return is_fresh
