"""Rows that stand for many nodes, and nodes that are selected: what is shown of them, and what commands mean."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from support.waiting import until
from tui.app.runs import click_on, opened, screen_text, shown_keys
from tui.played_run import PlayedRun

from dagtui.engine.messages import Command, CommandKind
from dagtui.engine.status import NodeStatus
from dagtui.graph.model import ArgumentList, Graph, RetryPolicy, Task
from dagtui.tui.app import DagtuiApp
from dagtui.tui.screens.preview import PreviewDialog

if TYPE_CHECKING:
    from dagtui.runs.live import LiveRun

pytestmark = pytest.mark.anyio

PARTS = [f"part[n={number}]" for number in range(12)]


def parts_under_way() -> LiveRun:
    """Of twelve cells one has failed with 3, one has completed, two run, and eight are ready."""
    command = ArgumentList(("true",))
    labels = ["first", *PARTS]
    play = PlayedRun(
        Graph(labels, [], tasks=[Task("first", command), Task("part", command)], task_of=[0, *[1] * len(PARTS)]), jobs=5
    )
    play.start("first", *PARTS[:4])
    play.end("first")
    play.end(PARTS[0], value=3)
    play.end(PARTS[1])
    return play.session()


def named(app: DagtuiApp) -> set[str]:
    """The nodes that the preview names."""
    dialog = app.screen
    assert isinstance(dialog, PreviewDialog)
    return {app.view.graph.labels[node] for node in (*dialog.preview.again, *dialog.preview.stopped)}


async def test_the_right_side_says_how_the_nodes_of_a_row_stand():
    app = DagtuiApp(parts_under_way())
    async with opened(app) as pilot:
        await pilot.press("j")
        await until(lambda: "2 of 12 settled" in screen_text(app))
        text = screen_text(app)
        assert "✗ failed" in text
        assert "✗ part[n=0]  exit 3 after 3.0 s" in text
        assert "▶ part[n=3]  9 s" in text
        assert "[1 Log]" not in text, "none of the tabs is what is shown"
        await pilot.press("k")
        await until(lambda: "settled" not in screen_text(app))


async def test_what_the_page_offers_is_what_the_footer_offers():
    """Nodes that wait for their next attempt can be retried at once, also where nothing has come to an end."""
    part = Task("part", ArgumentList(("true",)), retry=RetryPolicy(retries=1, delay=60.0))
    play = PlayedRun(Graph(PARTS, [], tasks=[part], task_of=[0] * len(PARTS)), jobs=5)
    play.start(PARTS[0])
    play.end(PARTS[0], value=3)
    app = DagtuiApp(play.session())
    async with opened(app):
        await until(lambda: "selects the nodes" in screen_text(app))
        assert "node.retry" in shown_keys(app)
        assert "r retries the nodes that did not succeed" in screen_text(app)


async def test_on_the_page_the_footer_has_no_keys_of_a_log():
    app = DagtuiApp(parts_under_way())
    async with opened(app) as pilot:
        await pilot.press("j", "tab")
        await until(lambda: "node.cancel" in shown_keys(app) and "tree.view" not in shown_keys(app))
        assert not {id_ for id_ in shown_keys(app) if id_.startswith("log.")}


async def test_looking_for_something_from_the_page_looks_in_the_tree():
    app = DagtuiApp(parts_under_way())
    async with opened(app) as pilot:
        await pilot.press("j", "tab")
        await until(lambda: app.main.on_side)
        await pilot.press("slash", *"n=7")
        assert app.main.tree_pane.navigator.filter_query == "n=7"


async def test_what_it_says_follows_the_run():
    app = DagtuiApp(parts_under_way())
    async with opened(app) as pilot:
        await pilot.press("j")
        await until(lambda: "2 of 12 settled" in screen_text(app))
        app.view.give(cancel(app, PARTS[11]))
        await until(lambda: "3 of 12 settled" in screen_text(app))


async def test_a_name_on_the_page_leads_to_its_node():
    app = DagtuiApp(parts_under_way())
    async with opened(app) as pilot:
        await pilot.press("j", "tab")
        await until(lambda: app.main.side.shows_branch and app.focused is app.main.side.branch)
        await pilot.press("enter")
        await until(lambda: app.main.node == app.view.graph.node(PARTS[0]))
        assert not app.main.side.shows_branch


async def test_retrying_a_row_shows_and_retries_what_failed_of_it():
    app = DagtuiApp(parts_under_way())
    async with opened(app) as pilot:
        await pilot.press("j")
        await until(lambda: "node.retry" in shown_keys(app))
        await pilot.press("r")
        assert named(app) == {PARTS[0]}


async def test_cancelling_a_row_shows_what_it_would_stop():
    app = DagtuiApp(parts_under_way())
    async with opened(app) as pilot:
        await pilot.press("j", "x")
        assert isinstance(app.screen, PreviewDialog)
        assert named(app) >= {PARTS[2], PARTS[3]}
        assert not named(app) & {"first", *PARTS[:2]}
        assert len(app.screen.preview.stopped) + len(app.screen.preview.dropped) == 10


async def test_commands_on_a_row_spare_what_a_filter_hides():
    app = DagtuiApp(parts_under_way())
    async with opened(app) as pilot:
        await pilot.press("slash", *"n=2", "enter", "g", "x")
        assert isinstance(app.screen, PreviewDialog)
        assert app.screen.preview.command.nodes == (app.view.graph.node(PARTS[2]),)


async def test_where_there_is_nothing_to_do_for_any_it_says_why():
    app = DagtuiApp(PlayedRun(parts_under_way().graph).session())
    async with opened(app) as pilot:
        await pilot.press("j", "r")
        assert app.main.top_bar.said == "nothing to retry in 12 nodes: it has not run yet, it starts as soon as it can"


async def test_commands_mean_what_is_selected():
    app = DagtuiApp(parts_under_way())
    async with opened(app) as pilot:
        for part in (PARTS[0], PARTS[2]):
            app.jump(app.view.graph.node(part))
            await pilot.press("M")
        await until(lambda: "Esc deselect 2" in screen_text(app))
        await pilot.press("tab")  # from where Esc goes back
        await until(lambda: "Esc back" in screen_text(app))
        await pilot.press("escape")
        await until(lambda: "Esc deselect 2" in screen_text(app))
        assert screen_text(app).count("•") == 2
        await pilot.press("R")
        assert named(app) == {PARTS[0], PARTS[2]}
        assert "Tab these nodes only" in screen_text(app)
        await pilot.press("escape")
        assert app.main.tree_pane.selected_count == 2
        app.view.give(cancel(app, PARTS[3]))
        await pilot.press("x")
        assert named(app) == {PARTS[2]}


async def test_a_preview_names_what_it_leaves_out_of_a_selection():
    app = DagtuiApp(parts_under_way())
    async with opened(app) as pilot:
        for part in PARTS[:2]:
            app.jump(app.view.graph.node(part))
            await pilot.press("M")
        await until(lambda: "Esc deselect 2" in screen_text(app))
        await pilot.press("r")
        await until(lambda: "1 selected node left out" in screen_text(app))
        assert "it already succeeded; rerun it instead" in screen_text(app)
        assert app.screen.preview.command.nodes == (app.view.graph.node(PARTS[0]),)


async def test_a_command_ends_the_selection_that_it_meant(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(PreviewDialog, "deaf", False)
    app = DagtuiApp(parts_under_way())
    async with opened(app) as pilot:
        app.jump(app.view.graph.node(PARTS[2]))
        await pilot.press("M", "M", "p")
        assert app.main.tree_pane.selected_count == 2, "pausing has nothing to do with it"
        await pilot.press("x", "enter")
        assert app.main.tree_pane.selected_count == 0
        for part in PARTS[2:4]:
            assert app.view.state.status_of(app.view.graph.node(part)) is NodeStatus.CANCELLING


async def test_selecting_a_row_selects_all_it_stands_for_and_again_none():
    app = DagtuiApp(parts_under_way())
    async with opened(app) as pilot:
        await pilot.press("j", "M")
        assert app.main.tree_pane.navigator.targets == tuple(map(app.view.graph.node, PARTS))
        await pilot.press("M")
        assert app.main.tree_pane.selected_count == 0


async def test_escape_ends_the_selection_before_the_filter():
    app = DagtuiApp(parts_under_way())
    async with opened(app) as pilot:
        await pilot.press("slash", *"n=2", "enter", "G", "M", "escape")
        assert (app.main.tree_pane.selected_count, app.main.tree_pane.navigator.filter_query) == (0, "n=2")
        await pilot.press("escape")
        assert app.main.tree_pane.navigator.filter_query == ""


async def test_another_screen_has_the_same_selection():
    app = DagtuiApp(parts_under_way())
    async with opened(app) as pilot:
        await pilot.press("j", "M")
        kept = app.dump_state()
    second = DagtuiApp(app.view, state=kept)
    async with opened(second):
        await until(lambda: second.main.tree_pane.selected_count == len(PARTS))


async def test_copying_a_row_copies_the_names_it_stands_for():
    app = DagtuiApp(parts_under_way())
    async with opened(app) as pilot:
        await pilot.press("j", "y")
        assert app.clipboard.split("\n") == PARTS


async def test_a_large_selection_is_not_looked_through_for_every_frame(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("dagtui.tui.graph.row_cursor.COUNTED", 3)
    app = DagtuiApp(parts_under_way())
    async with opened(app) as pilot:
        await pilot.press("j", "M")
        assert len(app.main.tree_pane.navigator.targets) == len(PARTS)
        assert app.view.graph.node("first") in app.main.tree_pane.navigator.samples, (
            "nodes of the whole run stand for it"
        )


def cancel(app: DagtuiApp, name: str):
    return Command(CommandKind.CANCEL, (app.view.graph.node(name),))


async def test_what_can_be_done_about_many_can_be_clicked():
    app = DagtuiApp(parts_under_way())
    async with opened(app) as pilot:
        await pilot.press("j")
        await until(lambda: "2 of 12 settled" in screen_text(app))
        rows = len(app.main.tree_pane.outline)
        await click_on(app, pilot, "shows or hides the nodes")
        await until(lambda: len(app.main.tree_pane.outline) > rows)
        await click_on(app, pilot, "x cancels the unsettled")
        await until(lambda: isinstance(app.screen, PreviewDialog))
        assert PARTS[2] in named(app)


async def test_what_can_be_done_about_a_node_can_be_clicked():
    app = DagtuiApp(parts_under_way())
    node = app.view.graph.node(PARTS[2])
    async with opened(app) as pilot:
        app.main.tree_pane.select(node)
        await pilot.press("3")
        await until(lambda: f"x cancels {PARTS[2]}" in screen_text(app))
        await click_on(app, pilot, f"cancels {PARTS[2]}")
        await until(lambda: app.view.state.status_of(node) is NodeStatus.CANCELLING)
