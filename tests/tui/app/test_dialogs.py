from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from support.waiting import until
from tui.app.runs import CELLS, HOSTILE, click_on, opened, run_settled, run_under_way, screen_text
from tui.played_run import PlayedRun

from dagtui.engine.messages import Command, CommandKind, Ended, EndKind, Started
from dagtui.engine.status import NodeStatus
from dagtui.graph.model import Graph, ShellCommand, Task
from dagtui.host.attachment import ExitReason
from dagtui.tui.app import DagtuiApp
from dagtui.tui.screens import dialog
from dagtui.tui.screens.leave import LeaveDialog
from dagtui.tui.screens.preview import ALSO, CHANGED, PreviewDialog

if TYPE_CHECKING:
    from textual.pilot import Pilot

pytestmark = pytest.mark.anyio


class Time:
    """A clock that a test turns."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def time(monkeypatch: pytest.MonkeyPatch):
    time = Time()
    monkeypatch.setattr(dialog.Dialog, "monotonic", staticmethod(time))
    return time


async def ask(app: DagtuiApp, pilot: Pilot[ExitReason], label: str, key: str):
    app.main.tree_pane.select(app.view.graph.node(label))
    await pilot.press(key)
    await until(lambda: isinstance(app.screen, PreviewDialog))
    return app.screen


async def test_enter_is_ignored_at_first(time: Time):
    app = DagtuiApp(run_under_way())
    async with opened(app) as pilot:
        await ask(app, pilot, CELLS[2], "X")
        time.now += 0.29
        await pilot.press("enter", "y")
        assert isinstance(app.screen, PreviewDialog)
        assert app.view.state.status_of(app.view.graph.node(CELLS[2])) is NodeStatus.RUNNING
        time.now += 0.02
        await pilot.press("enter")
        assert app.screen is app.main
        assert app.view.state.status_of(app.view.graph.node(CELLS[2])) is NodeStatus.CANCELLING


@pytest.mark.parametrize("key", ["escape", "n", "q", "ctrl+c"])
async def test_other_keys_leave_everything_as_it_is(time: Time, key: str):
    app = DagtuiApp(run_under_way())
    async with opened(app) as pilot:
        await ask(app, pilot, CELLS[2], "X")
        before = bytes(app.view.state.status)
        time.now += 1
        await pilot.press(key)
        assert app.screen is app.main
        assert bytes(app.view.state.status) == before
        assert app.is_running


async def test_the_preview_names_every_group_and_node():
    app = DagtuiApp(run_under_way())
    async with opened(app) as pilot:
        await ask(app, pilot, "split", "R")
        text = screen_text(app)
        assert "Rerun split?" in text
        assert all(words in text for words in ("Stop, then run again", "Run again", CELLS[0], CELLS[2]))


async def test_this_node_only_is_another_preview(time: Time):
    app = DagtuiApp(run_under_way())
    async with opened(app) as pilot:
        await ask(app, pilot, "split", "R")
        both = app.screen.preview.kills_and_reruns
        await pilot.press("tab")
        assert app.screen.preview.kills_and_reruns == {app.view.graph.node("split")} < both
        await pilot.press("d")
        assert app.screen.preview.kills_and_reruns == both
        await pilot.press("o")
        time.now += 1
        await pilot.press("enter")
        assert app.view.state.status_of(app.view.graph.node(CELLS[0])) is NodeStatus.COMPLETED
        assert app.view.state.status_of(app.view.graph.node("split")) is NodeStatus.READY


async def test_when_more_would_be_stopped_than_was_shown_it_is_shown_first(time: Time):
    play = PlayedRun(Graph.from_edges(["top", "left", "right"], [("top", "left"), ("top", "right")]))
    play.start("top")
    session = play.session()
    state = session.state
    app = DagtuiApp(session)
    async with opened(app) as pilot:
        await ask(app, pilot, "top", "X")
        session.run.post(Ended(0, state.attempt[0], EndKind.EXIT, 0, "", 1.0))
        time.now += 1
        await pilot.press("enter")
        assert isinstance(app.screen, PreviewDialog)
        assert CHANGED in screen_text(app)
        assert not state.marks
        await pilot.press("enter")
        assert isinstance(app.screen, PreviewDialog), "the new question has its own 300 ms"
        time.now += 1
        await pilot.press("enter")
        assert app.screen is app.main
        assert list(state.marks) == [1, 2]


async def test_a_preview_follows_the_run_and_says_when_nothing_is_left(time: Time):
    app = DagtuiApp(run_under_way())
    session = app.view
    node = session.graph.node(CELLS[2])
    async with opened(app) as pilot:
        await ask(app, pilot, CELLS[2], "X")
        assert app.screen.preview.stopped == (node,)
        assert "│ Enter" in screen_text(app)
        for cell in CELLS[2:]:
            number = session.graph.node(cell)
            session.run.post(Ended(number, session.state.attempt[number], EndKind.EXIT, 0, "", 1.0))
        session.run.turn()
        await until(lambda: app.screen.preview.nothing is not None)
        await until(lambda: "│ Enter" not in screen_text(app))
        assert "Esc" in screen_text(app)
        time.now += 1
        await pilot.press("enter")
        assert isinstance(app.screen, PreviewDialog), "there is nothing to assent to"


async def test_what_has_just_come_into_a_preview_is_not_assented_to_unread(time: Time):
    play = PlayedRun(Graph.from_edges(["top", "left", "right"], [("top", "left"), ("top", "right")]))
    play.start("top")
    session = play.session()
    app = DagtuiApp(session)
    async with opened(app) as pilot:
        await ask(app, pilot, "top", "X")
        time.now += 1
        session.run.post(Ended(0, session.state.attempt[0], EndKind.EXIT, 0, "", 1.0))
        session.run.turn()
        session.run.post(Started(1, session.state.attempt[1]))
        session.run.turn()
        await until(lambda: bool(app.screen.preview.stopped) and app.screen.preview.stopped[0] == 1)
        await pilot.press("enter")
        assert isinstance(app.screen, PreviewDialog)
        assert CHANGED in screen_text(app)
        time.now += 1
        await pilot.press("enter")
        assert app.screen is app.main


async def test_nodes_that_begin_faster_than_a_person_reads_are_asked_about_once_more_and_not_for_ever(time: Time):
    labels = ["top", *map(str, range(1, 1000))]
    play = PlayedRun(Graph.from_edges(labels, [("top", label) for label in labels[1:]]), jobs=1)
    play.start("top")
    session = play.session()
    state = session.state
    app = DagtuiApp(session)

    def next_begins(node: int) -> None:
        session.run.post(Ended(node, state.attempt[node], EndKind.EXIT, 0, "", 0.01))
        session.run.turn()
        session.run.post(Started(node + 1, state.attempt[node + 1]))

    async with opened(app) as pilot:
        await ask(app, pilot, "top", "X")
        time.now += 1
        for node in range(3):
            next_begins(node)
        await pilot.press("enter")
        assert isinstance(app.screen, PreviewDialog)
        assert ALSO in screen_text(app)
        shown = app.screen.preview.stopped
        next_begins(3)
        time.now += 1
        await pilot.press("enter")
        assert app.screen is app.main
        assert state.status_of(3) is NodeStatus.COMPLETED
        assert state.status_of(4) is NodeStatus.CANCELLING
        assert list(state.marks) == list(range(4, 1000))
        assert len(shown) < 900, "most were not even in line"


async def test_when_less_is_left_than_was_shown_it_goes_on(time: Time):
    session = run_under_way()
    app = DagtuiApp(session)
    node = session.graph.node(CELLS[2])
    async with opened(app) as pilot:
        await ask(app, pilot, "split", "X")
        session.run.post(Ended(node, session.state.attempt[node], EndKind.EXIT, 0, "", 1.0))
        time.now += 1
        await pilot.press("enter")
        assert app.screen is app.main
        assert session.state.status_of(node) is NodeStatus.COMPLETED
        assert session.state.status_of(session.graph.node(CELLS[3])) is NodeStatus.CANCELLING


async def test_a_command_that_would_do_nothing_says_why():
    app = DagtuiApp(run_under_way())
    async with opened(app) as pilot:
        app.main.tree_pane.select(app.view.graph.node("fetch"))
        await pilot.press("r")
        assert "fetch: it already succeeded; rerun it instead (R)" in screen_text(app)
        await pilot.press("x")
        assert "it has finished already" in screen_text(app)
        assert app.screen is app.main


async def test_retrying_what_is_held_back_shows_the_roots(time: Time):
    app = DagtuiApp(run_under_way())
    async with opened(app) as pilot:
        await ask(app, pilot, "merge", "r")
        assert CELLS[1] in screen_text(app)
        time.now += 1
        await pilot.press("enter")
        assert app.view.state.status_of(app.view.graph.node(CELLS[1])) is NodeStatus.READY


async def test_hostile_names_stay_text():
    app = DagtuiApp(run_under_way())
    async with opened(app) as pilot:
        await ask(app, pilot, HOSTILE, "r")
        text = screen_text(app)
        assert "bad [/foo]^[]52;c;aGk=^G[@click=app.exit]\\u202e" in text
        assert "\x1b" not in text


@pytest.mark.parametrize("size", [(40, 12), (60, 20), (80, 24), (200, 50)])
async def test_question_and_keys_are_always_to_be_seen(size: tuple[int, int]):
    labels = ["top", *(f"node {number}" for number in range(300))]
    play = PlayedRun(Graph.from_edges(labels, [("top", label) for label in labels[1:]]), jobs=1)
    play.start("top")
    app = DagtuiApp(play.session())
    async with opened(app, size) as pilot:
        await ask(app, pilot, "top", "X")
        rows = screen_text(app).splitlines()
        assert any("Cancel subtree top?" in row for row in rows)
        assert any("Enter" in row and "cancel subtree" in row for row in rows)
        assert any("Will not run" in row for row in rows) or size[1] == 12
        await pilot.press("G")
        assert "node 299" in screen_text(app)


# Leaving


async def test_a_settled_run_is_left_at_once():
    app = DagtuiApp(run_settled())
    async with opened(app) as pilot:
        await pilot.press("q")
    assert app.return_value is ExitReason.LEFT_SETTLED


async def test_the_default_is_to_stay(time: Time):
    app = DagtuiApp(run_under_way())
    async with opened(app) as pilot:
        await pilot.press("q")
        time.now += 1
        await pilot.press("enter")
        assert app.screen is app.main
        assert app.view.alive() == 2


@pytest.mark.parametrize("keys", [["escape"], ["n"], ["q"], ["ctrl+c"], ["tab", "tab", "enter"]])
async def test_leaving_can_be_given_up(time: Time, keys: list[str]):
    app = DagtuiApp(run_under_way())
    async with opened(app) as pilot:
        await pilot.press("ctrl+c")
        time.now += 1
        await pilot.press(*keys)
        assert app.screen is app.main
        assert app.view.alive() == 2


@pytest.mark.parametrize("keys", [["c"], ["y"], ["tab", "enter"]])
async def test_cancel_all_and_leave_waits_for_what_is_stopping(time: Time, keys: list[str]):
    session = run_under_way()
    app = DagtuiApp(session)
    async with opened(app) as pilot:
        await pilot.press("q", *keys)
        assert not session.state.cancelled_all, "deaf at first"
        time.now += 1
        if isinstance(app.screen, LeaveDialog) and keys[0] == "tab":
            await pilot.press("enter")
        else:
            await pilot.press(*keys)
        assert session.state.cancelled_all
        assert "2 nodes still stopping" in screen_text(app)
        assert app.is_running
        for label in CELLS[2:]:
            node = session.graph.node(label)
            session.run.post(Ended(node, session.state.attempt[node], EndKind.SIGNAL, 15, "", 1.0))
        await until(lambda: app.return_value is not None)
    assert app.return_value is ExitReason.CANCEL_ALL
    assert session.settled


@pytest.mark.parametrize("paused", [False, True], ids=["", "paused"])
@pytest.mark.parametrize("again", [False, True], ids=["they run", "a second q"])
async def test_leaving_waits_for_finally_nodes_until_they_are_cancelled_too(time: Time, *, again: bool, paused: bool):
    tasks = [Task(label, ShellCommand("true"), is_finally=label != "work") for label in ("work", "report", "tidy")]
    play = PlayedRun(Graph(["work", "report", "tidy"], [(1, 2)], tasks=tasks))
    play.start("work")
    session = play.session()
    app = DagtuiApp(session)

    def end(node: int, kind: EndKind, value: int) -> None:
        session.run.post(Ended(node, session.state.attempt[node], kind, value, "", 1.0))

    async with opened(app) as pilot:
        await pilot.press(*(["p"] if paused else []), "q")
        time.now += 1
        await pilot.press("c")
        end(0, EndKind.SIGNAL, 15)
        await until(lambda: "2 finally nodes still to run" in screen_text(app))
        assert app.return_value is None
        session.run.post(Started(1, session.state.attempt[1]))
        await until(lambda: session.state.status_of(1) is NodeStatus.RUNNING)
        if again:
            await pilot.press("q")
            await until(lambda: "1 node still stopping" in screen_text(app))
            end(1, EndKind.SIGNAL, 15)
        else:
            end(1, EndKind.EXIT, 0)
            await until(lambda: "1 finally node still to run" in screen_text(app))
            session.run.post(Started(2, session.state.attempt[2]))
            end(2, EndKind.EXIT, 0)
        await until(lambda: app.return_value is not None)
    assert app.return_value is ExitReason.CANCEL_ALL
    assert session.settled


async def test_a_second_q_kills_at_once(time: Time):
    session = run_under_way()
    app = DagtuiApp(session)
    async with opened(app) as pilot:
        await pilot.press("q")
        time.now += 1
        await pilot.press("c", "q")
        await pilot.pause()
        assert "still being killed" in screen_text(app)
        assert all("killed" in session.state.why[session.graph.node(label)] for label in CELLS[2:])


async def test_what_cannot_be_killed_does_not_hold_up_leaving(time: Time):
    session = run_under_way()
    app = DagtuiApp(session)
    async with opened(app) as pilot:
        await pilot.press("q")
        time.now += 1
        await pilot.press("c", "q")
        session.run.traversal.unkillable.update(map(session.graph.node, CELLS[2:]))
        app.request_frame()
        await until(lambda: app.return_value is not None)
    assert app.return_value is ExitReason.CANCEL_ALL


async def test_while_stopping_one_may_still_stay(time: Time):
    session = run_under_way()
    app = DagtuiApp(session)
    async with opened(app) as pilot:
        await pilot.press("q")
        time.now += 1
        await pilot.press("c", "escape")
        assert app.screen is app.main
        session.give(Command(CommandKind.RETRY, (session.graph.node(CELLS[2]),)))
        assert app.is_running


async def test_choosing_to_cancel_all_shows_what_that_would_do_now_not_when_the_question_was_put():
    app = DagtuiApp(run_under_way())
    async with opened(app) as pilot:
        app.push_screen(LeaveDialog(app.view, detachable=True))
        await until(lambda: "cancel all and leave" in screen_text(app))
        node = app.view.graph.node(CELLS[2])
        app.view.run.post(Ended(node, app.view.state.attempt[node], EndKind.EXIT, 0, "", 1.0))
        await pilot.press("tab", "tab")
        await until(lambda: CELLS[3] in screen_text(app))
        assert CELLS[2] not in app.screen._body.copy_text()


async def test_where_detaching_is_the_default_nothing_is_rehearsed_until_cancelling_is_chosen():
    app = DagtuiApp(run_under_way())
    asked: list[Command] = []
    preview = app.view.preview
    app.view.preview = lambda command: asked.append(command) or preview(command)
    async with opened(app) as pilot:
        app.push_screen(LeaveDialog(app.view, detachable=True))
        await until(lambda: "cancel all and leave" in screen_text(app))
        assert asked == []
        await pilot.press("tab", "tab")
        assert [command.kind for command in asked] == [CommandKind.CANCEL_ALL]


async def test_what_ends_while_the_question_stands_is_no_longer_at_stake():
    app = DagtuiApp(run_under_way())
    async with opened(app) as pilot:
        await pilot.press("q")
        await until(lambda: CELLS[2] in screen_text(app) and isinstance(app.screen, LeaveDialog))
        body = app.screen._body
        node = app.view.graph.node(CELLS[2])
        app.view.run.post(Ended(node, app.view.state.attempt[node], EndKind.EXIT, 0, "", 1.0))
        await until(lambda: CELLS[2] not in body.copy_text())
        assert "Stop 1 node" in body.copy_text()
        assert CELLS[3] in body.copy_text()


async def test_the_question_whether_to_leave_counts_what_is_in_flight_now():
    app = DagtuiApp(run_under_way())
    async with opened(app):
        app.push_screen(LeaveDialog(app.view, detachable=True))
        await until(lambda: "2 running" in screen_text(app))
        node = app.view.graph.node(CELLS[2])
        app.view.run.post(Ended(node, app.view.state.attempt[node], EndKind.EXIT, 0, "", 1.0))
        await until(lambda: "1 running" in screen_text(app))


async def test_when_the_run_settles_while_the_question_stands_it_says_so():
    app = DagtuiApp(run_under_way())
    async with opened(app):
        app.push_screen(LeaveDialog(app.view, detachable=True))
        await until(lambda: "2 running" in screen_text(app))
        for cell in CELLS[2:]:
            node = app.view.graph.node(cell)
            app.view.run.post(Ended(node, app.view.state.attempt[node], EndKind.EXIT, 0, "", 1.0))
        await until(lambda: "The run has finished. Leave?" in screen_text(app))


async def test_a_list_that_is_cut_says_that_it_scrolls():
    app = DagtuiApp(run_under_way())
    async with opened(app, (60, 14)) as pilot:
        await ask(app, pilot, "fetch", "R")
        assert "j k scroll" in screen_text(app)
        await pilot.resize_terminal(120, 50)
        await until(lambda: "j k scroll" not in screen_text(app))


# The mouse


async def test_the_keys_of_a_question_can_be_clicked(time: Time):
    app = DagtuiApp(run_under_way())
    node = app.view.graph.node(CELLS[2])
    async with opened(app) as pilot:
        await ask(app, pilot, CELLS[2], "X")
        await click_on(app, pilot, "cancel subtree   ")
        assert isinstance(app.screen, PreviewDialog), "a double click on what opened it does not answer it"
        time.now += 1
        await click_on(app, pilot, "Esc go back")
        assert app.screen is app.main
        assert app.view.state.status_of(node) is NodeStatus.RUNNING
        await ask(app, pilot, CELLS[2], "X")
        time.now += 1
        await click_on(app, pilot, "Enter cancel")
        assert app.screen is app.main
        assert app.view.state.status_of(node) is NodeStatus.CANCELLING


async def test_the_answers_of_a_preview_can_be_clicked():
    app = DagtuiApp(run_under_way())
    async with opened(app) as pilot:
        await ask(app, pilot, "split", "R")
        both = app.screen.preview.kills_and_reruns
        await click_on(app, pilot, "○ ")
        assert app.screen.preview.kills_and_reruns == {app.view.graph.node("split")} < both
        await click_on(app, pilot, "● ")
        assert app.screen.preview.kills_and_reruns < both, "it is chosen already"
        await click_on(app, pilot, "○ ")
        assert app.screen.preview.kills_and_reruns == both


@pytest.mark.parametrize("detachable", [False, True])
async def test_the_answers_before_leaving_can_be_clicked(time: Time, detachable: bool):
    app = DagtuiApp(run_under_way())
    async with opened(app) as pilot:
        app.push_screen(LeaveDialog(app.view, detachable=detachable))
        await until(lambda: "○ cancel all and leave" in screen_text(app))
        time.now += 1
        for answer in ["cancel all and leave", "stay", "detach", "cancel all and leave"]:
            if answer != "detach" or detachable:
                await click_on(app, pilot, f"○ {answer}")
                assert f"● {answer}" in screen_text(app)
        await click_on(app, pilot, "Enter cancel all and leave")
        assert app.view.state.cancelled_all


async def test_clicks_beside_the_keys_do_nothing(time: Time):
    app = DagtuiApp(run_under_way())
    async with opened(app, (60, 14)) as pilot:
        await ask(app, pilot, "fetch", "R")
        time.now += 1
        for words in ("j k scroll", "Rerun fetch?", "     │"):
            await click_on(app, pilot, words)
            assert isinstance(app.screen, PreviewDialog)
