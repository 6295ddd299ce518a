"""The app as a whole: its panes, its end, and what survives it."""

from __future__ import annotations

import os
import signal
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from support.recorded_run import RecordedRun
from support.waiting import until
from textual.events import AppBlur, Key
from textual.widgets import Input, Static
from tui.app.runs import CELLS, HOSTILE, opened, run_settled, run_under_way, screen_text, shown_keys, turns
from tui.played_run import PlayedRun
from tui.widget_harness import texts

from dagtui.engine.events import NoteEvent
from dagtui.engine.messages import CommandKind, Ended, EndKind
from dagtui.engine.status import NodeStatus
from dagtui.graph.loading import load
from dagtui.graph.model import ArgumentList, Graph, Task
from dagtui.host.attachment import ExitReason
from dagtui.runs.beginning import start_run
from dagtui.runs.launch import LaunchOptions
from dagtui.text.look import IN_ASCII, IN_UNICODE
from dagtui.tui.actions.action import Pane
from dagtui.tui.actions.availability import Situation
from dagtui.tui.actions.hints import completion_notice
from dagtui.tui.actions.keymap import Keymap
from dagtui.tui.actions.table import ACTIONS
from dagtui.tui.app import DagtuiApp
from dagtui.tui.lines.prompt_screen import mount_one_by_one
from dagtui.tui.log import hits
from dagtui.tui.screens.footer import Footer
from dagtui.tui.screens.help import HelpScreen
from dagtui.tui.screens.palette import Palette

if TYPE_CHECKING:
    from collections.abc import Iterator

    from textual.widget import Widget

    from dagtui.runs.live import LiveRun

pytestmark = pytest.mark.anyio


# Panes


@pytest.mark.parametrize(("columns", "both"), [(79, False), (80, True)])
async def test_below_80_columns_panes_are_pages(columns: int, both: bool):
    app = DagtuiApp(run_under_way())
    async with opened(app, (columns, 24)) as pilot:
        left = app.main.tree_pane
        assert left.display
        assert app.main.side.display is both
        await pilot.press("tab")
        assert app.main.side.display
        assert left.display is both
        await pilot.press("tab")
        assert left.display
        assert app.main.side.display is both


async def test_the_right_side_follows_the_cursor():
    app = DagtuiApp(run_under_way())
    async with opened(app) as pilot:
        await pilot.press("j")
        await until(lambda: app.main.side.node == app.main.node)
        assert app.view.graph.labels[app.main.side.node] == "check refs"


async def test_enter_and_escape_give_back_the_zoom_that_was():
    app = DagtuiApp(run_under_way())
    async with opened(app) as pilot:
        await pilot.press("z", "enter")
        assert app.main.pane is Pane.LOG
        await pilot.press("escape")
        assert app.main.zoomed
        assert app.main.pane is Pane.TREE
        await pilot.press("escape")
        assert not app.main.zoomed


async def test_growing_wide_shows_both_panes_again():
    app = DagtuiApp(run_under_way())
    async with opened(app, (60, 20)) as pilot:
        await pilot.press("tab")
        await pilot.resize_terminal(120, 40)
        await until(lambda: app.main.tree_pane.size.width > 30)
        assert app.main.on_side
        assert app.focused is app.main.side.focus_target


async def test_typing_filters_the_tree_and_escape_ends_it():
    app = DagtuiApp(run_under_way())
    async with opened(app) as pilot:
        assert any(CELLS[3] in row for row in texts(app.main.tree_pane))
        await pilot.press("slash", *"call")
        assert app.main.tree_pane.navigator.filter_query == "call"
        assert not any(CELLS[3] in row for row in texts(app.main.tree_pane))
        assert "/call" in screen_text(app)
        await pilot.press("q", "ctrl+c")
        assert app.main.tree_pane.navigator.filter_query == ""
        assert app.focused is app.main.tree_pane


async def test_while_nodes_are_left_out_it_is_said_and_how_to_see_all_again():
    app = DagtuiApp(run_under_way())
    async with opened(app) as pilot:
        total = len(app.view.graph)
        await pilot.press("slash", *"align")
        await until(lambda: f"4 of {total}" in screen_text(app))
        await pilot.press("enter")
        assert app.focused is app.main.tree_pane
        text = screen_text(app).splitlines()
        assert "nodes /align" in text[-2]
        assert f"4 of {total}  n next  Esc all nodes" in text[-2]
        assert "? help" in text[-1]
        await pilot.press("escape")
        await until(lambda: "nodes /" not in screen_text(app))
        assert app.main.tree_pane.navigator.filter_query == ""


async def test_enter_puts_the_cursor_on_a_hit_unless_it_is_on_one():
    app = DagtuiApp(run_under_way())
    async with opened(app) as pilot:
        navigator, hits = app.main.tree_pane.navigator, [app.view.graph.node(cell) for cell in CELLS]
        await pilot.press("g", "slash", *"align", "enter")
        assert navigator.node == hits[0]  # not on what stands above it
        navigator.to_node(hits[2])
        await pilot.press("slash", "enter")
        assert navigator.node == hits[2]
        await pilot.press("slash", *"![s=", "enter")
        assert navigator.node not in hits


async def test_a_filter_that_lets_nothing_through_says_so():
    app = DagtuiApp(run_under_way())
    async with opened(app) as pilot:
        await pilot.press("slash", *"no such node")
        await until(lambda: f"0 of {len(app.view.graph)}" in screen_text(app))


async def test_a_jump_to_a_node_that_is_left_out_ends_the_filter_and_its_line():
    app = DagtuiApp(run_under_way())
    async with opened(app) as pilot:
        await pilot.press("slash", *"align", "enter")
        app.jump(app.view.graph.node("merge"))
        app.request_frame()
        await until(lambda: "nodes /" not in screen_text(app))


async def test_looking_for_something_in_a_log_leaves_the_filter_of_the_tree_as_it_is():
    app = DagtuiApp(run_under_way())
    async with opened(app) as pilot:
        await pilot.press("slash", *"align", "enter", "tab", "slash", *"words")
        assert "log /words" in screen_text(app)
        await pilot.press("enter")
        app.request_frame()
        await until(lambda: "nodes /align" in screen_text(app))
        assert app.main.tree_pane.navigator.filter_query == "align"


async def test_on_a_narrow_terminal_the_filter_is_told_where_the_tree_is():
    app = DagtuiApp(run_under_way())
    async with opened(app, (60, 20)) as pilot:
        await pilot.press("slash", *"align", "enter")
        assert "nodes /align" in screen_text(app)
        await pilot.press("tab")
        await until(lambda: "nodes /align" not in screen_text(app))
        await pilot.press("tab")
        await until(lambda: "nodes /align" in screen_text(app))


async def test_a_click_on_the_filter_lets_it_be_typed_on():
    app = DagtuiApp(run_under_way())
    async with opened(app) as pilot:
        await pilot.press("slash", *"align", "enter")
        await pilot.click("#find-field")
        await until(lambda: app.main.search_line.typing)
        await pilot.press(*"[s=2", "enter")
        assert app.main.tree_pane.navigator.filter_query == "align[s=2"


@pytest.mark.parametrize("way", ["tab", "click"])
async def test_leaving_the_field_of_a_filter_ends_the_typing_and_keeps_the_filter(way: str):
    app = DagtuiApp(run_under_way())
    async with opened(app) as pilot:
        main, total = app.main, len(app.view.graph)
        await pilot.press("slash", *"align")
        if way == "tab":
            await pilot.press("tab")
        else:
            await pilot.click(main.side, offset=(10, 5))
        await until(lambda: not main.search_line.typing)
        assert main.on_side
        assert main.focused is main.side.focus_target
        assert main.tree_pane.navigator.filter_query == "align"
        await until(lambda: f"4 of {total}" in screen_text(app) and "? help" in screen_text(app))
        await pilot.press("escape", "escape")
        await until(lambda: "nodes /" not in screen_text(app))
        assert main.focused is main.tree_pane
        assert not main.tree_pane.navigator.filter_query


async def test_leaving_the_field_of_a_search_in_a_log_keeps_the_search():
    app = DagtuiApp(run_under_way())
    async with opened(app) as pilot:
        await pilot.press("tab", "slash", *"words", "tab")
        assert app.focused is app.main.tree_pane
        assert app.main.side.log_pane.view.finder is not None
        await until(lambda: "log /" not in screen_text(app) and "? help" in screen_text(app))


async def test_clicking_the_log_moves_the_focus():
    app = DagtuiApp(run_under_way())
    async with opened(app) as pilot:
        await pilot.click(app.main.side, offset=(10, 5))
        await until(lambda: app.main.on_side)
        assert app.main.pane is Pane.LOG


# Footer


@pytest.mark.parametrize("columns", [*range(12, 40, 4), 40, 60, 80, 120, 200])
@pytest.mark.parametrize("pane", [Pane.TREE, Pane.LOG, Pane.DETAILS, Pane.WHY])
async def test_the_footer_fits(columns: int, pane: Pane):
    app = DagtuiApp(run_settled())
    footer = Footer(app.keymap)
    footer._pane, footer._unavailable = pane, frozenset({"screen.detach"})
    row = "".join(run.text for run in footer._keys(columns))
    assert len(row) == max(columns, len(" ?  help  q  quit ") - 2)
    assert row.endswith(" ? help  q quit ")


@pytest.mark.parametrize("columns", [16, 26, 80, 100, 200])
@pytest.mark.parametrize("pane", [Pane.TREE, Pane.LOG, Pane.DETAILS, Pane.WHY])
async def test_detaching_is_offered_beside_leaving_where_it_can_be_done_and_there_is_room(columns: int, pane: Pane):
    keymap = DagtuiApp(run_settled()).keymap
    for detachable in (True, False):
        footer = Footer(keymap)
        here = Situation.on(0)._replace(detachable=detachable, searched=False)
        footer._pane = pane
        of_time = {action.id for action in ACTIONS if action.id.startswith("time.")}
        footer._unavailable = keymap.unavailable(run_settled(), here) & {
            "screen.detach",
            "run.reload",
            "find.next",
            *of_time,
        }
        row = "".join(run.text for run in footer._keys(columns))
        assert len(row) == max(columns, len(" ? help  q quit "))
        end = " ? help  d detach  q quit " if detachable and columns >= 100 else " ? help  q quit "
        if columns != 80:  # there it depends on the pane
            assert row.endswith(end)
        assert ("detach" in row) == any(id_ == "screen.detach" for _, _, id_ in footer._places)
        for first, last, id_ in footer._places:
            assert row[first:last] == f" {keymap.shown(id_)} {next(key.words for key in ACTIONS if key.id == id_)} "


async def test_keys_of_the_footer_can_be_clicked():
    app = DagtuiApp(run_under_way())
    async with opened(app) as pilot:
        start = next(start for start, _, id_ in app.main.footer._places if id_ == "run.pause")
        await pilot.click(app.main.footer, offset=(start + 1, 0))
        assert app.view.state.paused


@pytest.mark.parametrize(
    ("node", "there", "absent"),
    [
        (CELLS[0], {"node.rerun"}, {"node.retry", "node.cancel", "node.skip", "node.mark_done"}),
        (CELLS[1], {"node.retry", "node.skip"}, {"node.cancel"}),
        (CELLS[2], {"node.cancel", "run.pause", "find.failure"}, {"node.retry", "node.skip"}),
    ],
)
async def test_keys_that_would_do_nothing_for_the_node_are_not_in_the_footer(
    node: str, there: set[str], absent: set[str]
):
    app = DagtuiApp(run_under_way())
    async with opened(app, (200, 50)):
        app.jump(app.view.graph.node(node))
        await until(lambda: shown_keys(app) >= there and not shown_keys(app) & absent)


async def test_the_footer_follows_the_cursor_though_nothing_happens_in_the_run():
    play = PlayedRun(Graph.from_edges(["good", "bad"], []))
    play.start("good", "bad")
    play.end("good")
    play.end("bad", 1)
    app = DagtuiApp(play.session())
    async with opened(app):
        await until(lambda: app._frames._timer is None)
        assert "node.retry" not in shown_keys(app)
        app.jump(1)
        await until(lambda: "node.retry" in shown_keys(app))


async def test_keys_that_would_do_nothing_for_the_run_are_not_in_the_footer():
    app = DagtuiApp(run_settled())
    async with opened(app, (200, 50)):
        await until(lambda: "tree.view" in shown_keys(app))
        idle = {"node.cancel", "node.cancel_subtree", "run.pause", "find.failure", "find.running", "run.retry_failed"}
        assert not shown_keys(app) & idle


async def test_keys_do_not_flicker_between_two_short_nodes():
    play = PlayedRun(Graph.from_edges(["first", "second"], [("first", "second")]))
    play.start("first")
    play.end("first")
    app = DagtuiApp(play.session())
    async with opened(app, (200, 50)):
        assert not app.view.alive()
        await until(lambda: "find.running" in shown_keys(app))


async def test_the_footer_says_what_a_key_does_now():
    app = DagtuiApp(run_under_way())
    async with opened(app) as pilot:
        app.jump(app.view.graph.node(CELLS[2]))
        await until(lambda: "p pause" in screen_text(app) and "x cancel" in screen_text(app))
        await pilot.press("p", "x", "ctrl+l")
        await until(lambda: "p resume" in screen_text(app) and "x kill" in screen_text(app))


async def test_a_large_log_of_a_settled_run_is_looked_through_to_its_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(hits, "STEP_SECONDS", 0.0)
    play = PlayedRun(Graph.from_edges(["chatty"], []), tmp_path)
    play.run("chatty")
    play.prints("chatty", b"nothing\nneedle\n" * 20 + b"the end\n" * 100)
    app = DagtuiApp(play.session())
    async with opened(app) as pilot:
        await pilot.press("tab", "slash", *"needle")
        await until(lambda: "20 hits" in screen_text(app) or "/20" in screen_text(app))


async def test_what_was_said_goes_with_the_next_key():
    app = DagtuiApp(run_under_way())
    async with opened(app) as pilot:
        await pilot.press("p")
        assert app.main.top_bar.said
        await pilot.press("j")
        assert not app.main.top_bar.said


async def test_a_note_of_the_run_is_told():
    app = DagtuiApp(run_under_way())
    async with opened(app):
        node = app.view.graph.node(HOSTILE)
        app.view.state.apply(NoteEvent(1.0, "can't be killed\x1b[2J", node))
        app.request_frame()
        await until(lambda: "can't be killed^[[2J" in screen_text(app))


async def test_a_note_that_was_made_before_there_was_a_screen_is_told_once(tmp_path: Path):
    session = live_session(tmp_path)
    try:
        session.note("resumed: 3 completed nodes stay")
        first = DagtuiApp(session)
        async with opened(first):
            await until(lambda: "3 completed nodes stay" in first.main.top_bar.said)
            first.exit(ExitReason.DETACHED)
        assert not session.untold
    finally:
        await session.close("test")


async def test_how_the_run_ended_is_said_with_the_keys_that_help(tmp_path: Path):
    session = live_session(tmp_path)
    try:
        app = DagtuiApp(session)
        async with opened(app) as pilot:
            app.jump(0)
            await pilot.press("x")
            await until(lambda: session.settled)
            await until(lambda: "Finished" in app.main.top_bar.said)
            assert app.main.top_bar.said == "Finished: 1 blocked, 1 cancelled. r retry · q quit"
    finally:
        await session.close("test")


@pytest.mark.parametrize(
    ("here", "words"),
    [
        (Situation.on(0), "Finished: 1 failed. r retry · q quit"),
        (Situation(None, (0, 1), (0, 1)), "Finished: 1 failed. e next failure · r retry · q quit"),
        (Situation.on(1), "Finished: 1 failed. e next failure · q quit"),
    ],
)
def test_a_failure_is_said_with_the_keys_that_help_where_the_cursor_is(here: Situation, words: str):
    play = PlayedRun(Graph.from_edges(["bad", "good"], []))
    play.start("bad", "good")
    play.end("bad", 1)
    play.end("good")
    assert completion_notice(play.session(), Keymap(ACTIONS), here, look=IN_UNICODE)[0] == words


def test_on_a_screen_that_only_watches_a_failure_is_said_without_commands():
    play = PlayedRun(Graph.from_edges(["only"], []))
    play.run("only", value=1)
    run = RecordedRun(play.graph, play.traversal.take()[0], play.now, Path("1"))
    words = completion_notice(run, Keymap(ACTIONS), Situation.on_many(run.state, (0,)), look=IN_UNICODE)[0]
    assert words == "Finished: 1 failed. e next failure · q quit"


def test_where_the_cursor_is_on_the_only_failure_there_is_no_next_one():
    play = PlayedRun(Graph.from_edges(["a", "b"], [("a", "b")]))
    play.start("a")
    play.end("a", value=1)
    words = completion_notice(play.session(), Keymap(ACTIONS), Situation.on(0), look=IN_UNICODE)[0]
    assert words == "Finished: 1 failed, 1 blocked. r retry · q quit"


def test_of_several_failures_it_is_said_how_to_retry_all():
    play = PlayedRun(Graph.from_edges(["a", "b"], []))
    for name in "ab":
        play.start(name)
        play.end(name, value=1)
    words = completion_notice(play.session(), Keymap(ACTIONS), Situation.on(0), look=IN_UNICODE)[0]
    assert words == "Finished: 2 failed. e next failure · r retry · A retry all · q quit"


def fail_all(session: LiveRun) -> None:
    """End what is in flight."""
    for cell in CELLS[2:]:
        node = session.graph.node(cell)
        session.run.post(Ended(node, session.state.attempt[node], EndKind.EXIT, 1, "", 1.0))


async def test_when_a_run_has_failed_that_nobody_touched_the_cursor_is_on_the_first_failure():
    app = DagtuiApp(run_under_way())
    async with opened(app):
        fail_all(app.view)
        await until(lambda: "Finished" in app.main.top_bar.said)
        assert app.main.node == app.view.graph.node(CELLS[1])
        await until(lambda: app.main.side.node == app.main.node)
        assert app.focused is app.main.tree_pane


@pytest.mark.parametrize("key", ["j", "3", "ctrl+l"])
async def test_the_cursor_stays_where_a_person_may_have_put_it(key: str):
    app = DagtuiApp(run_under_way())
    async with opened(app) as pilot:
        await pilot.press(key)
        before = app.main.node
        fail_all(app.view)
        await until(lambda: "Finished" in app.main.top_bar.said)
        assert app.main.node == before


async def test_a_failure_that_is_allowed_leads_nobody_away():
    task = Task("mild", ArgumentList(("false",)), allow_failure=True)
    play = PlayedRun(Graph(["first", "mild"], [], tasks=[Task("first", ArgumentList(("true",))), task]))
    play.start("first", "mild")
    play.end("first")
    app = DagtuiApp(play.session())
    async with opened(app):
        app.view.run.post(Ended(1, 1, EndKind.EXIT, 1, "", 1.0))
        await until(lambda: app.main.top_bar.said == "Completed. q quit")
        assert app.main.node == 0


@pytest.mark.parametrize(
    ("failed", "cancelled", "said"),
    [
        (False, False, "retry all failed: nothing has failed"),
        (False, True, "nothing has failed; r retries cancelled nodes"),
        (True, True, "every failure is allowed; r retries failed and cancelled nodes"),
        (True, False, "every failure is allowed; r retries failed nodes"),
    ],
)
async def test_retrying_all_failed_names_the_key_for_what_it_leaves_out(*, failed: bool, cancelled: bool, said: str):
    tasks = [Task("mild", ArgumentList(("false",)), allow_failure=True), Task("last", ArgumentList(("true",)))]
    play = PlayedRun(Graph(["mild", "last"], [], tasks=tasks))
    play.start("mild", "last")
    if failed:
        play.end("mild", 1)
    if cancelled:
        play.give(CommandKind.CANCEL, "last")
        play.end("last", 1)
    app = DagtuiApp(play.session())
    async with opened(app) as pilot:
        await pilot.press("A")
        assert app.main.top_bar.said == said


async def test_whoever_comes_back_is_told_how_it_ended_meanwhile():
    app = DagtuiApp(run_under_way())
    async with opened(app):
        kept = app.dump_state()
    fail_all(app.view)
    app.view.run.turn()
    second = DagtuiApp(app.view, state=kept)
    async with opened(second):
        await until(lambda: "Finished: 3 failed" in second.main.top_bar.said)
        assert second.main.node == second.view.graph.node(CELLS[1])


async def test_keys_typed_before_the_screen_is_restored_act_on_the_restored_screen(monkeypatch: pytest.MonkeyPatch):
    app = DagtuiApp(run_under_way())
    async with opened(app):
        kept = app.dump_state()
    second = DagtuiApp(app.view, state=kept)
    restorations: list[object] = []
    monkeypatch.setattr(second.main, "call_after_refresh", lambda *call: restorations.append(call))
    async with opened(second):
        for key in ("slash", "q"):
            second.post_message(Key(key, {"slash": "/"}.get(key, key)))
        await turns()
        restore, state = restorations[0]
        restore(state)
        await until(lambda: second.main.search_line.text == "q", seen=lambda: screen_text(second))
        assert second.focused is second.main.query_one(Input)


# The start


class _TypedAtOnce(DagtuiApp):
    """Gets a key before its screen has all of its widgets."""

    def on_mount(self) -> None:
        super().on_mount()
        assert not self.main.is_mounted
        for key in "/spl":
            self.post_message(Key("slash" if key == "/" else key, key))


async def test_keys_typed_before_the_screen_is_complete_act_on_it_in_order(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("dagtui.tui.lines.prompt_screen.is_slice_over", lambda: True)
    async with opened(app := _TypedAtOnce(run_under_way())):
        await until(lambda: app.main.tree_pane.navigator.filter_query == "spl")
        assert app.main.search_line.typing


async def test_a_screen_that_closes_while_it_opens_mounts_no_more_widgets():
    def until_closed() -> Iterator[Widget]:
        yield (first := Static())
        widgets.append(first)
        app.exit(ExitReason.LOST)
        yield Static()

    widgets: list[Widget] = []
    async with opened(app := DagtuiApp(run_under_way())):
        await mount_one_by_one(app.main, until_closed())
        assert [widget.is_mounted for widget in widgets] == [True]
    assert app.return_value is ExitReason.LOST


# Help and palette


@pytest.mark.parametrize("text", ["?in x", "?nx", "?quit x", "?\rn", "?\rqqx", "?\r\rnqqqx"])
async def test_what_is_typed_behind_the_key_of_the_help_commands_nothing(text: str):
    async with opened(app := DagtuiApp(run_under_way())) as pilot:
        done = _record_actions(app)
        _type(app, text)
        await until(lambda: not app.message_queue_size)
        await turns()
        assert done == []
        while app.screen is not app.main:
            await pilot.press("escape")
        await pilot.press("x")
        assert done == ["node.cancel"]


async def test_the_help_stays_open_until_a_key_that_closes_it():
    async with opened(app := DagtuiApp(run_under_way())) as pilot:
        await pilot.press("question_mark", "n", "i", "x")
        assert isinstance(app.screen, HelpScreen)
        await pilot.press("q")
        assert app.screen is app.main


async def test_the_palette_runs_a_command():
    app = DagtuiApp(run_under_way())
    async with opened(app) as pilot:
        await pilot.press("colon", *"pause")
        await until(lambda: "Pause run" in screen_text(app))
        await pilot.press("enter")
        await until(lambda: app.view.state.paused)


_KEY_NAMES = {
    ":": "colon",
    "?": "question_mark",
    ";": "semicolon",
    "\r": "enter",
    "\x1b": "escape",
    "\x7f": "backspace",
    " ": "space",
    "↓": "down",
}


def _type(app: DagtuiApp, text: str) -> None:
    """Send keys at once, as a paste or a slow link does."""
    for character in text:
        app.post_message(Key(_KEY_NAMES.get(character, character), None if character == "↓" else character))


def _record_actions(app: DagtuiApp) -> list[str]:
    """Let every action but those that open a page only be recorded."""
    done: list[str] = []
    app._actions |= {id_: partial(done.append, id_) for id_ in app._actions.keys() - {"screen.palette", "screen.help"}}
    return done


_TYPED = [
    ("\r\r", []),
    (" \r", []),
    ("↓\r", ["node.rerun"]),
    ("copy\r", ["screen.copy_line"]),
    ("zzzz\r", []),
    ("pause\r", ["run.pause"]),
    ("resume\r", []),
    ("first\r;", ["log.first_error", "log.first_error"]),
    ("log↓↓\r", ["find.all"]),
]


@pytest.mark.parametrize(
    ("first", "text", "expected"),
    [*(("", *row) for row in _TYPED), *(("c", *row) for row in _TYPED[:4])],
)
async def test_enter_in_the_palette_runs_only_what_the_typed_text_finds(first: str, text: str, expected: list[str]):
    async with opened(app := DagtuiApp(run_under_way())) as pilot:
        done = _record_actions(app)
        if first:
            await pilot.press("colon", first)
            await until(lambda: "Cancel node" in screen_text(app))
            _type(app, text[1:] if text[0] == first else f"\x7f{text}")
        else:
            _type(app, f":{text}")
        await until(lambda: not app.message_queue_size and (not expected or app.screen is app.main))
        await turns()
        assert done == expected


async def test_keys_keep_their_order_when_the_terminal_does_not_tell_that_it_has_the_focus_again():
    async with opened(app := DagtuiApp(run_under_way())):
        done = _record_actions(app)
        app.post_message(AppBlur())
        _type(app, ":pause\r")
        await until(lambda: bool(done))
        assert done == ["run.pause"]


async def test_the_palette_offers_to_resume_a_paused_run():
    async with opened(app := DagtuiApp(run_under_way())):
        done = _record_actions(app)
        app.view.state.paused = True
        _type(app, ":pause\r\x1b")
        _type(app, ":resume\r")
        await until(lambda: bool(done))
        assert done == ["run.pause"]


async def test_the_palette_jumps_to_a_node_whatever_its_name():
    app = DagtuiApp(run_under_way())
    async with opened(app) as pilot:
        await pilot.press("colon", *"bad")
        await until(lambda: "bad [/foo]^[]52;c;aGk=^G" in screen_text(app))
        await pilot.press("enter")
        await until(lambda: app.main.node == app.view.graph.node(HOSTILE))


async def test_what_is_typed_behind_the_key_of_the_palette_goes_into_it(monkeypatch: pytest.MonkeyPatch):
    """On a busy machine a screen is resumed, and then chooses what has the focus, long after its key."""
    monkeypatch.setattr(Palette, "AUTO_FOCUS", "")
    app = DagtuiApp(run_under_way())
    async with opened(app):
        for key, character in [("colon", ":"), *((character, character) for character in "pause")]:
            app.post_message(Key(key, character))
        await until(lambda: [field.value for field in app.screen.query(Input)] == ["pause"])


async def test_control_c_leaves_the_palette():
    app = DagtuiApp(run_under_way())
    async with opened(app) as pilot:
        await pilot.press("ctrl+p")
        await until(lambda: isinstance(app.screen, Palette))
        await pilot.press("ctrl+c")
        await until(lambda: app.screen is app.main)


@pytest.mark.parametrize("key", ["ctrl+q", "ctrl+a", "ctrl+b", "ctrl+s"])
async def test_keys_of_the_terminal_do_nothing(key: str):
    app = DagtuiApp(run_under_way())
    async with opened(app) as pilot:
        before = screen_text(app)
        await pilot.press(key)
        await pilot.pause()
        assert app.is_running
        assert screen_text(app) == before


# ASCII


@pytest.mark.parametrize("size", [(60, 12), (120, 40)])
async def test_with_ascii_nothing_else_is_shown(size: tuple[int, int]):
    app = DagtuiApp(run_under_way(), look=IN_ASCII)
    async with opened(app, size) as pilot:
        for keys in [], ["2"], ["3"], ["1"], ["question_mark"], ["q"], ["A"], ["slash", "a"], ["G", "enter"]:
            await pilot.press(*keys)
            await pilot.pause()
            assert {character for character in screen_text(app) if not character.isascii()} == set(), keys
            await pilot.press("escape", "escape")
            await until(lambda: app.screen is app.main)


async def test_with_ascii_the_palette_is_too():
    app = DagtuiApp(run_under_way(), look=IN_ASCII)
    async with opened(app) as pilot:
        await pilot.press("colon", *"align")
        await until(lambda: CELLS[3] in screen_text(app))
        assert {character for character in screen_text(app) if not character.isascii()} == set()


# The end


async def test_a_signal_ends_the_app():
    app = DagtuiApp(run_under_way())
    async with opened(app):
        os.kill(os.getpid(), signal.SIGTERM)
        await until(lambda: app.return_value is not None)
    assert app.return_value is ExitReason.TERMINATED
    assert app.signal_number == signal.SIGTERM
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


async def test_a_lost_terminal_ends_the_app():
    app = DagtuiApp(run_under_way())
    async with opened(app):
        app.lose("hung up")
        await until(lambda: app.return_value is not None)
    assert app.return_value is ExitReason.LOST


async def test_when_the_run_fails_the_screen_says_so_and_stays():
    session = run_under_way()

    async def drive() -> None:
        raise ExceptionGroup("unhandled", [OSError(28, "No space [/left]")])

    session.drive = drive
    app = DagtuiApp(session)
    async with opened(app) as pilot:
        await until(lambda: "stopped working: OSError" in screen_text(app))
        assert "[/left]" in screen_text(app)
        await pilot.press("j", "3")
        assert app.is_running
        await pilot.press("q")
        await until(lambda: app.return_value is not None)
    assert app.return_value is ExitReason.CANCEL_ALL


def live_session(directory: Path) -> LiveRun:
    """Real processes: a node that sleeps, one after it, and one that ends at once."""
    labels = ["slow", "after", "quick"]
    commands = [("sleep", "60"), ("true",), ("echo", "done")]
    path = directory / "live.toml"
    path.write_text("version = 1\n")
    tasks = [Task(name, ArgumentList(command)) for name, command in zip(labels, commands, strict=True)]
    graph = Graph(labels, [(0, 1)], name="live", tasks=tasks, path=path, directory=directory)
    return start_run(graph, LaunchOptions(jobs=4))


async def test_a_second_app_goes_on_where_the_first_ended(tmp_path: Path):
    session = live_session(tmp_path)
    state = session.state
    try:
        first = DagtuiApp(session)
        async with opened(first) as pilot:
            await until(lambda: state.status_of(2) is NodeStatus.COMPLETED)
            await pilot.press("slash", *"o", "enter", "G", "tab", "3", "z")
            kept = first.dump_state()
            first.exit(ExitReason.LEFT_SETTLED)
        assert state.status_of(0) is NodeStatus.RUNNING, "the app is gone, the run is not"

        second = DagtuiApp(session, state=kept)
        async with opened(second) as pilot:
            await until(lambda: second.main.on_side)
            main = second.main
            assert (main.pane, main.zoomed, main.tree_pane.navigator.filter_query) == (Pane.WHY, True, "o")
            assert main.tree_pane.dump_state() == kept.tree
            await pilot.press("z", "tab", "escape")
            second.jump(session.graph.node("slow"))
            await pilot.press("x")
            await until(lambda: state.status_of(0) is NodeStatus.CANCELLED)
            await until(lambda: session.settled)
            await pilot.press("q")
        assert second.return_value is ExitReason.LEFT_SETTLED
    finally:
        await session.close("test")


async def test_nothing_is_left_to_do_when_all_is_settled():
    app = DagtuiApp(run_settled())
    async with opened(app) as pilot:
        await until(lambda: app._frames._timer is None)
        await pilot.pause()
        shown = []
        app._display = lambda *frame: shown.append(frame)
        await pilot.press("ctrl+a")
        await turns()
        assert shown == []


@pytest.mark.parametrize("name", ["graph.toml", "a" * 25 + ".toml"])
async def test_the_note_of_a_changed_file_names_the_key_and_fits(tmp_path: Path, name: str):
    file = tmp_path / name
    file.write_text('version = 1\n[tasks.a]\nask = "Go on?"\n')
    run = start_run(load(file, {}))
    app = DagtuiApp(run)
    async with opened(app, (80, 24)):
        file.write_text(file.read_text() + "# more\n")
        run.monitor.look()
        await until(lambda: f"{name} changed: the run keeps what it read; L reloads" in screen_text(app))
    await run.close()
