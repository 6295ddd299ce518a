"""A run gets another graph: the screen goes on where it was, by names."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from support.scene import dag
from support.waiting import until
from tui.app.runs import CELLS, graph_of_reads, opened, run_under_way, screen_text, turns
from tui.played_run import PlayedRun

from dagtui.graph.model import Graph
from dagtui.tui.actions.action import Pane
from dagtui.tui.app import DagtuiApp
from dagtui.tui.graph.views import View
from dagtui.tui.screens.help import HelpScreen
from dagtui.tui.screens.leave import LeaveDialog
from dagtui.tui.screens.preview import PreviewDialog

if TYPE_CHECKING:
    from pathlib import Path

    from support.adopted_run import AdoptedRun

    from dagtui.runs.live import LiveRun

pytestmark = pytest.mark.anyio


def switch(run: LiveRun, *, without: tuple[str, ...] = (), before: tuple[str, ...] = ("new",)) -> None:
    """Give a run another graph: some nodes come before all others, and some are gone."""
    old = run.graph
    labels = [*before, *(name for name in old.labels if name not in without)]
    edges = [
        (old.labels[parent], old.labels[node])
        for node in old.nodes
        for parent in old.parents(node)
        if not {old.labels[parent], old.labels[node]} & set(without)
    ]
    play = PlayedRun(Graph.from_edges(labels, edges, name="reads"), run.path)
    if "fetch" not in without:
        play.run("fetch")
    other = play.session()
    run.run, run.graph, run.state, run.forecast, run.attempts = (
        other.run,
        other.graph,
        other.state,
        other.forecast,
        other.attempts,
    )
    run.__dict__.pop("as_run", None)
    run.tell_reloaded()


def cursor(app: DagtuiApp) -> str:
    node = app.main.node
    return "" if node is None else app.view.graph.labels[node]


async def test_the_cursor_stays_on_its_node_and_the_side_too():
    run = run_under_way()
    app = DagtuiApp(run)
    async with opened(app) as pilot:
        app.jump(run.graph.node(CELLS[1]))
        await pilot.press("2", "tab")
        await until(lambda: "status     ✗ failed" in screen_text(app))
        await pilot.press("escape", "j")
        below = cursor(app)
        await pilot.press("k", "tab")
        switch(run, before=("one", "two", "three"))
        assert (cursor(app), app.main.pane) == (CELLS[1], Pane.DETAILS)
        assert run.graph.labels[app.main.side.node] == CELLS[1]
        await until(lambda: "status     · waiting" in screen_text(app) and "three" in screen_text(app))
        await pilot.press("escape", "j")
        assert cursor(app) == below


async def test_a_cursor_on_a_node_that_is_gone_moves_to_the_nearest_one():
    run = run_under_way()
    app = DagtuiApp(run)
    async with opened(app) as pilot:
        app.jump(run.graph.node("merge"))
        await pilot.press("j")
        assert cursor(app) == "call"
        switch(run, without=("call", "stats"))
        assert cursor(app) in {"merge", "bad [/foo]\x1b]52;c;aGk=\x07[@click=app.exit]\u202e"}
        assert app.main.side.node == app.main.node


async def test_filter_folds_selection_and_view_stay():
    run = run_under_way()
    app = DagtuiApp(run)
    async with opened(app) as pilot:
        pane = app.main.tree_pane
        app.main.show_view(View.DEPENDENCY)
        app.jump(run.graph.node(CELLS[0]))
        await pilot.press("M")
        app.jump(run.graph.node("merge"))
        await pilot.press("space")
        assert pane.outline.is_folded(run.graph.node("merge"))
        switch(run, without=(CELLS[1],))
        pane = app.main.tree_pane
        assert [run.graph.labels[node] for node in pane.navigator.selected] == [CELLS[0]]
        assert pane.outline.is_folded(run.graph.node("merge"))
        await pilot.press("v", "v", "slash", *"align", "enter")
        switch(run, before=("align two",))
        assert pane.navigator.filter_query == "align"
        assert pane.navigator.match_count == 4
        await until(lambda: "align two" in screen_text(app))


async def test_the_log_stays_at_its_line(tmp_path: Path):
    play = PlayedRun(graph_of_reads(), tmp_path)
    play.start("fetch")
    play.prints("fetch", b"".join(b"line %d\n" % number for number in range(500)))
    play.end("fetch")
    run = play.session()
    app = DagtuiApp(run)
    async with opened(app) as pilot:
        app.jump(run.graph.node("fetch"))
        await until(lambda: "line 499" in screen_text(app))
        await pilot.press("tab", "g", "slash", *"line 77", "enter")
        await until(lambda: "line 77" in screen_text(app))
        shown, log = app.main.side.log_pane.view.top, app.main.side.log_pane._log
        switch(run)
        assert (app.main.side.log_pane.view.top, app.main.side.log_pane._log) == (shown, log)
        await until(lambda: "new" in screen_text(app))
        await turns()
        assert (app.main.side.log_pane.view.top, app.main.side.log_pane._log) == (shown, log)
        await pilot.press("n")
        assert app.main.pane is Pane.LOG


async def test_a_command_about_the_graph_before_is_not_given(monkeypatch: pytest.MonkeyPatch):
    run = run_under_way()
    app = DagtuiApp(run)
    given: list[object] = []
    monkeypatch.setattr(run, "give", given.append)
    async with opened(app) as pilot:
        app.jump(run.graph.node("split"))
        await pilot.press("R")
        assert isinstance(app.screen, PreviewDialog)
        await until(lambda: not app.screen.deaf)  # type: ignore[attr-defined]
        switch(run)
        assert app.main.top_bar.said == "the run was reloaded"
        await pilot.press("enter")
        await turns()
        assert app.screen is app.main
        assert given == []


async def test_what_stays_closes_with_a_question_below_it_that_does_not():
    run = run_under_way()
    app = DagtuiApp(run)
    async with opened(app) as pilot:
        app.jump(run.graph.node("split"))
        await pilot.press("R")
        assert isinstance(app.screen, PreviewDialog)
        app.push_screen(HelpScreen(app.keymap))
        await turns()
        switch(run)
        assert app.screen is app.main
        app.push_screen(HelpScreen(app.keymap))
        await turns()
        await pilot.press("enter")  # the manual over it
        over = list(app.screen_stack)
        switch(run, before=("x",))
        assert app.screen_stack == over


async def test_help_and_the_question_whether_to_leave_stay():
    run = run_under_way()
    app = DagtuiApp(run)
    async with opened(app) as pilot:
        await pilot.press("question_mark")
        assert isinstance(app.screen, HelpScreen)
        switch(run, before=("a",))
        assert isinstance(app.screen, HelpScreen)
        await pilot.press("escape", "q")
        await until(lambda: isinstance(app.screen, LeaveDialog))
        switch(run, before=("b", "c"))
        await until(lambda: "0 running" in screen_text(app))
        assert isinstance(app.screen, LeaveDialog)


async def test_another_screen_of_the_run_opens_where_the_last_one_was_before_the_reload():
    run: AdoptedRun = run_under_way()
    app = DagtuiApp(run)
    async with opened(app):
        app.jump(run.graph.node(CELLS[2]))
        await until(lambda: app.main.side.node == run.graph.node(CELLS[2]))
        state = app.dump_state()
    switch(run)
    again = DagtuiApp(run, state=state)
    async with opened(again):
        await until(lambda: cursor(again) == CELLS[2])
        await until(lambda: again.main.side.node == run.graph.node(CELLS[2]))


class NotedTerminals:
    """Notes what would be typed into which node."""

    def __init__(self) -> None:
        self.typed: list[tuple[int, bytes]] = []

    def resize(self, _rows: int, _columns: int) -> None:
        pass

    def type_into(self, node: int, _attempt: int, data: bytes) -> None:
        self.typed.append((node, data))


async def test_keys_that_are_typed_into_a_node_go_on_to_it(tmp_path: Path):
    play = PlayedRun(dag("login plain", login={"tty": True}), tmp_path)
    play.start("login")
    run = play.session()
    run.terminals = terminals = NotedTerminals()
    app = DagtuiApp(run)
    async with opened(app) as pilot:
        await pilot.press("i", "a")
        again = PlayedRun(dag("new login plain", login={"tty": True}), tmp_path)
        again.start("login")
        other = again.session()
        run.graph, run.state, run.attempts = other.graph, other.state, other.attempts
        run.forecast = other.forecast
        run.tell_reloaded()
        await pilot.press("q")
        assert terminals.typed == [(0, b"a"), (1, b"q")]
        reads = run_under_way()
        run.graph, run.state, run.attempts = reads.graph, reads.state, reads.attempts
        run.forecast = reads.forecast
        run.tell_reloaded()
        await until(lambda: "keys mean actions again" in screen_text(app))
        await pilot.press("j")
        assert len(terminals.typed) == 2


async def test_what_happens_after_the_switch_is_shown():
    run = run_under_way()
    app = DagtuiApp(run)
    async with opened(app):
        switch(run)
        await until(lambda: "new" in screen_text(app))
        run.note("a note after it")
        await until(lambda: "a note after it" in screen_text(app))
