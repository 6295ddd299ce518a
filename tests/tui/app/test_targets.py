"""Nodes that are not part of the run: how they look, what the pages say, and that `r` adds them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from support.waiting import until
from tui.app.runs import opened, screen_text, shown_keys
from tui.played_run import PlayedRun

from dagtui.engine.messages import CommandKind
from dagtui.graph.model import ArgumentList, Graph, Task
from dagtui.tui.app import DagtuiApp
from dagtui.tui.graph.views import View
from dagtui.tui.screens.preview import PreviewDialog

if TYPE_CHECKING:
    from support.adopted_run import AdoptedRun

pytestmark = pytest.mark.anyio

CELLS = [f"cell[n={number}]" for number in range(9)]
SAYS = "not part of this run: r adds it"


def played() -> PlayedRun:
    """A run for the first node. It is done. Another needs it, and a task with cells needs that one."""
    command = ArgumentList(("true",))
    labels = ["first", "second", "third", *CELLS]
    edges = [(0, 1), (1, 2), *((2, number) for number in range(3, 12))]
    tasks = [Task(name, command) for name in ("first", "second", "third", "cell")]
    graph = Graph(labels, edges, tasks=tasks, task_of=[0, 1, 2, *[3] * len(CELLS)])
    play = PlayedRun(graph, targets=("first",))
    play.run("first")
    return play


def run_of_the_first() -> AdoptedRun:
    return played().session()


async def test_the_rest_of_the_graph_is_dimmed_and_counts_nowhere():
    app = DagtuiApp(run_of_the_first())
    async with opened(app) as pilot:
        await until(lambda: "✓ completed" in screen_text(app))
        assert "✓ 1" in screen_text(app).splitlines()[1]
        await pilot.press("j", "3")
        await until(lambda: SAYS in screen_text(app))
        assert "r adds second to the run, with all that it needs" in screen_text(app)
        assert shown_keys(app) & {"node.retry", "node.cancel", "node.rerun", "node.skip"} == {"node.retry"}
        await pilot.press("2")
        await until(lambda: "status     not part of this run" in screen_text(app))
        await pilot.press("1")
        await until(lambda: SAYS in screen_text(app) and "second  not part of this run" in screen_text(app))


async def test_r_adds_a_node_whose_parents_are_part_of_the_run_at_once():
    run = run_of_the_first()
    app = DagtuiApp(run)
    async with opened(app) as pilot:
        await pilot.press("j", "r")
        await until(lambda: "second: joins the run" in screen_text(app))
        assert run.state.total == 2
        await until(lambda: "▶ running" in screen_text(app))


async def test_other_nodes_that_join_are_shown_first():
    run = run_of_the_first()
    app = DagtuiApp(run)
    async with opened(app) as pilot:
        await pilot.press("j", "j", "r")
        await until(lambda: isinstance(app.screen, PreviewDialog) and "Added to the run 2 nodes" in screen_text(app))
        assert "adds 2" in screen_text(app)
        await until(lambda: isinstance(app.screen, PreviewDialog) and not app.screen.deaf)
        await pilot.press("enter")
        await until(lambda: run.state.total == 3)


async def test_a_folded_row_and_a_section_of_such_nodes_are_added_as_one():
    run = run_of_the_first()
    app = DagtuiApp(run)
    async with opened(app) as pilot:
        await pilot.press("G")
        await until(lambda: "not part of this run  9" in screen_text(app))
        assert "r adds the nodes to the run, with all that they need" in screen_text(app)
        app.main.show_view(View.TROUBLE)
        await pilot.press("G")
        await until(lambda: "not part of this run ×11" in screen_text(app))
        await pilot.press("r")
        await until(lambda: isinstance(app.screen, PreviewDialog) and not app.screen.deaf)
        assert "Added to the run 11 nodes" in screen_text(app)
        await pilot.press("enter")
        await until(lambda: run.state.total == 12)


async def test_a_folder_of_such_nodes_has_no_number():
    tasks = [Task("a", ArgumentList(("true",))), Task("b", ArgumentList(("true",)), group="later")]
    play = PlayedRun(Graph(["a", "b"], [], tasks=tasks), targets=("a",))
    play.run("a")
    app = DagtuiApp(play.session())
    async with opened(app):
        app.main.show_view(View.GROUP)
        await until(lambda: any("later/" in line for line in screen_text(app).splitlines()))
        (line,) = (line for line in screen_text(app).splitlines() if "later/" in line)
        assert "×" not in line


async def test_a_selection_leaves_out_what_is_not_part_of_the_run():
    play = played()
    play.give(CommandKind.RETRY, "second")
    app = DagtuiApp(play.session())
    async with opened(app) as pilot:
        await pilot.press("j", "M", "j", "M", "x")
        await until(lambda: isinstance(app.screen, PreviewDialog))
        assert "9 selected nodes left out" in screen_text(app)
        assert "not part of this run: retry adds it" in screen_text(app)
