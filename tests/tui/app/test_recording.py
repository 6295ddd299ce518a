"""A past run on the screen: each view shows each moment as if the screen had just been opened there."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest
from support.recordings import BEGAN_AT, recording_of, records_of
from support.waiting import until
from textual.events import MouseMove
from tui.app.runs import opened, screen_text, shown_keys
from tui.played_run import PlayedRun

from dagtui.engine.events import CommandEvent, NodeEvent, NoteEvent, RunEvent
from dagtui.engine.messages import CommandKind
from dagtui.engine.status import Cause, NodeStatus
from dagtui.graph.model import Graph
from dagtui.store.line_times import RECORD
from dagtui.tui.actions.action import Pane
from dagtui.tui.actions.recording import MOMENT_ACTIONS, RECORDED_ACTIONS
from dagtui.tui.actions.table import ACTIONS
from dagtui.tui.actions.usable_keys import MOMENTS, usable
from dagtui.tui.graph.tallies import OUTSIDE
from dagtui.tui.graph.views import View
from dagtui.tui.recorded_app import RecordedApp

if TYPE_CHECKING:
    from pathlib import Path

    from textual.pilot import Pilot

    from dagtui.host.attachment import ExitReason
    from dagtui.runs.recorded import RecordedRun

pytestmark = pytest.mark.anyio

CELLS = [f"align[s={number}]" for number in range(1, 7)]


def played(folder: Path) -> PlayedRun:
    """A run with failures, a blocked node, a cancel, a retry, a rerun and a hold."""
    labels = ["fetch", "split", *CELLS, "merge", "stats", "report"]
    edges = [("fetch", "split"), *(("split", cell) for cell in CELLS), *((cell, "merge") for cell in CELLS)]
    play = PlayedRun(Graph.from_edges(labels, [*edges, ("merge", "report"), ("split", "stats")], name="reads"), folder)
    play.run("fetch", "split")
    play.give(CommandKind.HOLD, "stats")
    play.start(*CELLS[:4])
    play.end(CELLS[0], after=10)
    play.end(CELLS[1], value=1)
    play.end(CELLS[2], after=1)
    play.start(*CELLS[4:])
    play.give(CommandKind.CANCEL, CELLS[3])
    play.end(CELLS[3], value=143)
    play.end(CELLS[4], value=2)
    play.give(CommandKind.RETRY, CELLS[1])
    play.run(CELLS[1])
    play.end(CELLS[5])
    play.give(CommandKind.RELEASE, "stats")
    play.run("stats")
    play.give(CommandKind.RERUN, "fetch")
    play.run("fetch")
    play.run("split")
    return play


def recording(folder: Path) -> RecordedRun:
    play = played(folder)
    events = [RunEvent(0.0, "started", jobs=play.jobs), *play.traversal.take()[0]]
    run = recording_of(play.graph, records_of(play.graph, events), folder)
    run.number, run.path = 1, folder / "runs" / "1"
    return run


async def settle(app: RecordedApp, pilot: Pilot[ExitReason]) -> None:
    """Let every pane paint what it has put off."""
    app.main.top_bar.dismiss()
    app.request_frame()
    await pilot.pause(0.02)
    await until(lambda: not app.main.flush(app.view.clock(), changed=False))
    await pilot.pause()


def draw_anew(app: RecordedApp) -> None:
    """Forget what the tree has drawn, as a resize does. The screen draws it before the next frame."""
    app.main.tree_pane._drawn.clear()
    app.main.tree_pane.refresh()


async def shown(app: RecordedApp, pilot: Pilot[ExitReason], view: View, node: int) -> list[str]:
    """The rows of the screen, with the cursor on a node if it has a row."""
    app.main.show_view(view)
    app.main.jump(node)
    await settle(app, pilot)
    return screen_text(app).splitlines()


async def test_each_view_shows_a_moment_as_if_it_had_been_opened_there(tmp_path: Path):
    source = random.Random(0)
    run = recording(tmp_path)
    async with opened(RecordedApp(run), (130, 44)) as pilot:
        app = pilot.app
        for moment in (20, 19, 75):
            node = source.randrange(len(run.graph))
            app.main.jump(node)
            app.main.show_view(source.choice(list(View)))
            app.main.show_tab(source.choice([Pane.LOG, Pane.DETAILS, Pane.WHY]))
            app.recorded_screen.show_moment(moment)
            fresh = recording(tmp_path)
            fresh.go_to(run.moment)
            async with opened(RecordedApp(fresh, state=app.dump_state()), (130, 44)) as other:
                for view in (app.main.tree_pane.view, *View):
                    found, expected = await shown(app, pilot, view, node), await shown(other.app, other, view, node)
                    assert found == expected, (run.moment, view)


async def test_keys_step_and_say_where_the_recording_ends(tmp_path: Path):
    run = recording(tmp_path)
    async with opened(RecordedApp(run)) as pilot:
        await pilot.press(".")
        assert "this is the end of the recording" in screen_text(pilot.app)
        await pilot.press(",", ",", "<", ".")
        assert run.moment == run.last - 6
        await pilot.press(">", "<", "<")
        assert run.moment == run.last - 11
        for _ in range(20):
            await pilot.press("<")
        assert run.moment == run.first
        assert "this is the beginning of the recording" in screen_text(pilot.app)


async def test_rows_that_were_drawn_before_they_learnt_of_a_moment_show_it(tmp_path: Path):
    run = recording(tmp_path)
    async with opened(RecordedApp(run)) as pilot:
        app = pilot.app
        await settle(app, pilot)
        app.recorded_screen.show_moment(run.first)
        draw_anew(app)
        assert "✓" in screen_text(app)
        await settle(app, pilot)
        assert "✓" not in screen_text(app)


async def test_rows_that_were_asked_for_before_they_were_drawn_show_the_moment(tmp_path: Path):
    run = recording(tmp_path)
    run.go_to(run.first)
    async with opened(RecordedApp(run)) as pilot:
        app = pilot.app
        for moment in range(run.first, 12):
            app.recorded_screen.show_moment(moment)
            assert app.main.tree_pane.many is None
            await settle(app, pilot)
            shown = screen_text(app)
            draw_anew(app)
            assert screen_text(app) == shown, moment


@pytest.mark.parametrize("columns", [60, 80, 200])
async def test_the_track_of_the_bar_stays_where_it_is(tmp_path: Path, columns: int):
    run = recording(tmp_path)
    async with opened(RecordedApp(run), (columns, 24)) as pilot:
        bar = pilot.app.recorded_screen.bar
        tracks = set()
        for moment in (run.first, 12, run.last):
            run.go_to(moment)
            bar.draw(columns, 1)
            tracks.add(bar._track)
        assert run.elapsed > 10
        assert len(tracks) == 1


async def test_the_bar_has_the_keys_of_a_pane(tmp_path: Path):
    run = recording(tmp_path)
    async with opened(RecordedApp(run)) as pilot:
        app = pilot.app
        await pilot.press("tab", "tab")
        assert app.recorded_screen.on_bar
        assert {"fold.toggle", "move.top", "find.failure", "moment.far_back"} <= shown_keys(app)
        await pilot.press("g")
        assert (run.moment, run.clock()) == (run.first, 0.0)
        await settle(app, pilot)
        assert "✓" not in screen_text(app)  # the rows are those of the beginning, although they lost the focus
        await pilot.press("e")
        assert run.graph.labels[app.main.node or 0] == CELLS[1]
        assert run.state.status_of(run.graph.node(CELLS[1])) is NodeStatus.FAILED
        at = run.moment
        await pilot.press("e")
        assert run.moment > at
        await pilot.press("E")
        assert run.moment == at
        await pilot.press("l", "h")
        await pilot.press("right", "left", "pageup", "k")
        assert run.moment < at
        await pilot.press("G")
        assert run.moment == run.last
        await pilot.resize_terminal(80, 24)
        await until(lambda: "Space play" in screen_text(app))
        await pilot.press("escape")
        assert not app.recorded_screen.on_bar
        assert app.focused is app.main.tree_pane


async def test_the_bar_follows_the_pointer(tmp_path: Path):
    run = recording(tmp_path)
    async with opened(RecordedApp(run)) as pilot:
        app = pilot.app
        bar = app.recorded_screen.bar
        first, cells = bar._track
        middle, row = first + cells // 2, bar.region.y
        await pilot.mouse_down(offset=(first, row))
        assert run.clock() == 0.0
        for column in (first + 3, middle):
            app.screen._forward_event(MouseMove(None, column, row, 1, 0, 1, False, False, False, column, row))
        await until(lambda: abs(run.clock() / run.last_clock - 0.5) < 0.05)
        await pilot.mouse_up(offset=(middle, row))
        app.screen._forward_event(MouseMove(None, first, row, 1, 0, 0, False, False, False, first, row))
        await pilot.pause()
        assert abs(run.clock() / run.last_clock - 0.5) < 0.05
        assert app.recorded_screen.on_bar


async def test_a_recording_plays_faster_each_time_then_stops(tmp_path: Path):
    run = recording(tmp_path)
    async with opened(RecordedApp(run)) as pilot:
        screen = pilot.app.recorded_screen
        await pilot.press("tab", "tab", "space")
        assert screen.player.speed == 1
        assert run.moment < run.last  # from the beginning
        await pilot.press("space", "space")
        # A busy machine may be at the end by now.
        assert "×100" in screen_text(pilot.app) or run.moment == run.last
        await until(lambda: run.moment == run.last)
        assert screen.player.speed == 0
        await pilot.press("space", "space", "space", "space")
        assert screen.player.speed == 0


async def test_commands_are_refused_as_of_a_past_run_and_nothing_is_painted_by_itself(tmp_path: Path):
    run = recording(tmp_path)
    async with opened(RecordedApp(run)) as pilot:
        app = pilot.app
        await pilot.press("r")
        assert "read-only: this is a recording of a past run" in screen_text(app)
        await pilot.press("escape", ",")
        await settle(app, pilot)
        assert run.state.unsettled
        await until(lambda: app._frames._timer is None)


async def test_another_graph_is_shown_where_what_is_part_of_the_run_differs(tmp_path: Path):
    graph = Graph.from_edges(["a", "b"], [], name="g")
    events = [
        RunEvent(0.0, "started", jobs=1, targets=(0,), named=("a",)),
        NodeEvent(1.0, 0, 1, NodeStatus.COMPLETED, Cause.RAN, "succeeded", seconds=1.0),
        RunEvent(2.0, "resumed", jobs=1, targets=(1,), named=("b",)),
        NodeEvent(3.0, 1, 1, NodeStatus.COMPLETED, Cause.RAN, "succeeded", seconds=1.0),
    ]
    run = recording_of(graph, records_of(graph, events), tmp_path)
    async with opened(RecordedApp(run)) as pilot:
        for key, rows in ((",", 0), (",", 1), (",", 1), (".", 1), (".", 0)):
            await pilot.press(key)
            await settle(pilot.app, pilot)
            outside = OUTSIDE in pilot.app.main.tree_pane.navigator.tallies.statuses(0, 2)
            assert outside is bool(rows), run.moment


def test_own_keys_of_steps_are_no_mistake_on_other_screens():
    assert {action.id for action in MOMENT_ACTIONS} == MOMENTS
    own = {"moment.on": "T", "node.retry": "U"}
    assert usable(ACTIONS, own) == ({"node.retry": "U"}, [])
    assert usable(RECORDED_ACTIONS, own) == (own, [])
    assert [refused.id for refused in usable(RECORDED_ACTIONS, {"moment.on": "j"}).refused] == ["moment.on"]


async def test_settled_moments_have_their_own_times(tmp_path: Path):
    def ran(at: float, attempt: int) -> NodeEvent:
        return NodeEvent(at, 0, attempt, NodeStatus.COMPLETED, Cause.RAN, "succeeded", seconds=1.0)

    again = [CommandEvent(20.0, 1, CommandKind.RERUN, (0,)), NodeEvent(20.0, 0, 1, NodeStatus.READY, fresh=True)]
    events = [RunEvent(0.0, "started", jobs=1), ran(4.0, 1), *again, ran(26.0, 2), RunEvent(30.0, "ended")]
    graph = Graph.from_edges(["a"], [], name="g")
    async with opened(RecordedApp(recording_of(graph, records_of(graph, events), tmp_path))) as pilot:
        await settle(pilot.app, pilot)
        assert "completed  10 s" in screen_text(pilot.app)
        pilot.app.recorded_screen.show_moment(2)
        await settle(pilot.app, pilot)
        assert "completed  4 s" in screen_text(pilot.app)


async def test_the_log_of_an_attempt_in_flight_ends_where_it_had_ended_then(tmp_path: Path):
    graph = Graph.from_edges(["a"], [], name="g")
    events = [
        RunEvent(0.0, "started", jobs=1),
        NodeEvent(1.0, 0, 1, NodeStatus.RUNNING),
        NoteEvent(2.0, "a note"),
        NodeEvent(3.0, 0, 1, NodeStatus.COMPLETED, Cause.RAN, "succeeded", seconds=2.0),
    ]
    run = recording_of(graph, records_of(graph, events), tmp_path)
    log = run.log_path(0, 1)
    log.parent.mkdir(parents=True)
    log.write_bytes(b"at first\nlater\nlate\n")
    times = ((0, 1.5), (9, 2.5), (15, 3.5))
    log.with_name(f"{log.name}.times").write_bytes(b"".join(RECORD.pack(at, BEGAN_AT + clock) for at, clock in times))
    async with opened(RecordedApp(run)) as pilot:
        app = pilot.app
        for moment, lines in ((4, 3), (3, 1), (2, 0), (3, 1), (4, 3)):
            app.recorded_screen.show_moment(moment)
            await settle(app, pilot)
            assert ("at first" in screen_text(app)) is (lines > 0)
            assert app.main.side.log_pane.view.line_count == lines
        app.recorded_screen.show_moment(3)
        await pilot.press("a")
        await until(lambda: "at first" in screen_text(app))
        assert "later" not in screen_text(app)
        await pilot.press("escape")
        app.recorded_screen.show_clock(2.7)
        await settle(app, pilot)
        assert app.main.side.log_pane.view.line_count == 2
