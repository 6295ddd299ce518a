"""Attempts on other machines: their own sign, where they wait and run, and what is out of reach."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from support.waiting import until
from tui.app.runs import opened, screen_text
from tui.gallery.scenes import run_of

from dagtui.control.live import Screen
from dagtui.control.status_report import status_report
from dagtui.engine.events import NoteEvent
from dagtui.engine.messages import Command, CommandKind, Ended, EndKind
from dagtui.engine.status import NodeStatus
from dagtui.report.plain import PlainLines
from dagtui.report.status_text import headline, node_objects
from dagtui.runs.executor_words import common_executor, executors_used
from dagtui.runs.wording import asked
from dagtui.text.amounts import CellWidth, ClockTime
from dagtui.text.look import IN_UNICODE, UNICODE
from dagtui.tui.actions.availability import jobs_command
from dagtui.tui.app import DagtuiApp
from dagtui.tui.graph.signs import QUEUED
from dagtui.tui.graph.tallies import Tallies
from dagtui.tui.graph.trouble.troubles import TroubleKind, Troubles
from dagtui.tui.graph.trouble.watch import LONG_QUEUED, TroubleWatch
from dagtui.tui.graph.views import View

if TYPE_CHECKING:
    from support.adopted_run import AdoptedRun

pytestmark = pytest.mark.anyio
FAR = "align[sample=9]"


@pytest.fixture
def run() -> AdoptedRun:
    return run_of("mixed")


def test_slots_and_queues_of_executors(run: AdoptedRun):
    assert [use.words for use in executors_used(run.state)] == ["gpubox 3, 1 queued", "cluster 12/12, 6 queued"]
    answer = status_report(run, Screen.NONE)
    assert "gpubox 3, 1 queued, cluster 12/12, 6 queued" in headline(answer)
    assert answer["notices"] == ["gpubox does not answer: the connection was refused, since 40 s"]


def test_the_notice_goes_away_when_the_executor_answers(run: AdoptedRun):
    assert run.notices
    run.state.apply(NoteEvent(run.clock(), "gpubox answers again", executor="gpubox"))
    assert run.notices == []


def test_an_object_of_a_node_says_where_it_waits_or_runs(run: AdoptedRun):
    there = {str(found["node"]): found for found in node_objects(run, range(len(run.graph)))}
    waits, runs, here = there[FAR], there["align[sample=2]"], there["check[part=1]"]
    assert (waits["executor"], waits["where"], waits["queued"]) == ("cluster", None, 158.0)
    assert str(waits["why"]).startswith("queued on cluster: job 4711: Resources")
    assert (runs["executor"], runs["where"], runs["queued"]) == ("cluster", "n3, job 4711_4", None)
    assert (here["executor"], here["where"], here["queued"]) == (None, None, None)
    # Of nodes that wait here for a slot there, each executor has its own reason.
    assert "cluster" in str(there["align[sample=16]"]["why"])


def test_keys_for_slots_act_on_where_the_targets_run(run: AdoptedRun):
    graph, state = run.graph, run.state
    on_cluster, on_host, here = (graph.node(label) for label in (FAR, "train[seed=1]", "check[part=1]"))
    more = jobs_command(run, [on_cluster], 1)
    assert not isinstance(more, str)
    assert (more.executor, more.jobs) == ("cluster", 13)
    assert asked(graph, more) == "set jobs of cluster to 13"
    assert jobs_command(run, [on_host], 1) == "gpubox takes any number of attempts"
    fewer = jobs_command(run, [on_host], -1)
    assert not isinstance(fewer, str)
    assert (fewer.executor, fewer.jobs) == ("gpubox", 2)
    for nodes in ([here], [on_cluster, on_host], []):
        command = jobs_command(run, nodes, 1)
        assert not isinstance(command, str)
        assert (command.executor, command.jobs) == ("", state.jobs + 1)
    assert common_executor(state, [on_cluster, here]) == ""


async def test_cells_show_what_waits_elsewhere_and_count_it_apart(run: AdoptedRun):
    app = DagtuiApp(run)
    async with opened(app, (120, 40)) as pilot:
        for view in View:
            assert app.main.tree_pane.view is view
            if view in {View.TASKS, View.MAP}:
                assert f"▶{UNICODE.queued}" in screen_text(app)
            await pilot.press("v")
        layout = app.main.tree_pane.navigator.outline.layout
        tallies = Tallies(layout, run.state.status, run.state.selected, lambda: run.state.queued_since)
        everything = 0, len(layout)
        assert tallies.statuses(*everything).count(QUEUED) == 7
        counts = tallies.counts(*everything)
        assert (counts[NodeStatus.READY], counts[QUEUED], sum(counts)) == (4, 7, len(run.graph))
        assert len(list(tallies.having(NodeStatus.READY, *everything))) == 11


async def test_rows_say_where_a_node_runs_and_what_is_in_doubt(run: AdoptedRun, monkeypatch: pytest.MonkeyPatch):
    """Also beside the usual time, and in few cells the machine without the job, so that the time has room."""
    node = run.graph.node("align[sample=2]")
    clock = ClockTime(run.state.started[node] + 10.0)
    monkeypatch.setattr(type(run), "estimate", lambda _run, _node: 50.0)
    app = DagtuiApp(run)
    async with opened(app, (120, 40)):
        bodies = app.main.tree_pane.rows.bodies
        layout = app.main.tree_pane.navigator.outline.layout
        item = next(item for item in range(len(layout)) if layout.nodes[item] == node)

        def said(width: int) -> str:
            body = bodies.node_body(node, item, CellWidth(width), clock)[1]
            return f"{body.aside.text}|{'' if body.reason is None else body.reason.words + body.reason.more}"

        assert said(100) == "on n3, job 4711_4|"
        assert said(40) == "|on n3"
        run.state.doubts[node], run.state.due[node] = "n3 is gone", ClockTime(clock + 20.0)
        assert said(100) == "attempt 1 on n3, job 4711_4; n3 is gone; counts as lost in 20 s|"
        assert said(40) == "|in doubt: n3 is gone"


async def test_what_is_queued_after_a_preview_has_its_sign(run: AdoptedRun):
    """A preview is rolled back, which gives the state another collection of queued nodes."""
    app = DagtuiApp(run)
    async with opened(app, (120, 40)):
        pane = app.main.tree_pane
        run.preview(Command(CommandKind.CANCEL_ALL))
        ended = run.graph.node("align[sample=1]")
        run.run.post(Ended(ended, 1, EndKind.EXIT, 0, "", 100.0))
        run.run.turn()
        pane.take_changes()
        assert pane.navigator.tallies.statuses(0, len(pane.outline.layout)).count(QUEUED) == 8
        assert (run.state.ready_there, run.state.alive_there) == (8, 7)


async def test_rows_of_many_nodes_and_lists_tell_what_waits_elsewhere(run: AdoptedRun):
    app, sign = DagtuiApp(run), UNICODE.queued
    async with opened(app, (120, 40)) as pilot:
        app.main.show_view(View.GROUP)
        assert f"○4 {sign}6" in screen_text(app)
        app.main.tree_pane.find_next("align")
        await pilot.press("h")
        await until(lambda: "queued elsewhere" in screen_text(app))
        assert re.search(rf"{sign} queued elsewhere +6\n", re.sub(" *│? *\n", "\n", screen_text(app)))
        for label, key in (("report", "2"), ("report", "3")):
            app.jump(run.graph.node(label))
            await pilot.press(key)
            await until(lambda: f"{sign} align[sample=9]" in screen_text(app))
        await pilot.press("colon", *"align[sample=9")
        await app.screen.until_found()
        await until(lambda: f"{sign} align[sample=9]" in screen_text(app) and "queued on cluster" in screen_text(app))


async def test_keys_for_slots_say_what_they_act_on(run: AdoptedRun):
    app = DagtuiApp(run)
    async with opened(app, (200, 50)) as pilot:
        app.jump(run.graph.node(FAR))
        await until(lambda: "< cluster: jobs 12 → 11  > 13" in screen_text(app))
        app.jump(run.graph.node("check[part=1]"))
        await until(lambda: "< this machine: jobs 4 → 3" in screen_text(app))
        app.jump(run.graph.node("train[seed=1]"))
        await until(lambda: "< gpubox: at most 2 jobs" in screen_text(app))
        assert "> gpubox" not in screen_text(app)
        await pilot.press("question_mark", "slash", *"gpubox")
        await until(lambda: "/gpubox    1 of " in screen_text(app))


async def test_time_counts_what_an_attempt_took_while_no_process_had_the_run(run: AdoptedRun):
    node = next(iter(run.state.nodes_with(NodeStatus.COMPLETED)))
    app = DagtuiApp(run)
    async with opened(app, (120, 40)):
        result = run.attempts.of(node)[-1]
        run.attempts.of = lambda _node: [result._replace(seconds=4000.0)]
        assert app.main.tree_pane.rows.time._node_time(node, run.clock()) == "1 h 06 m"


async def test_what_is_out_of_reach_or_waits_for_long_is_trouble(run: AdoptedRun):
    app = DagtuiApp(run)
    async with opened(app, (120, 40)):
        navigator = app.main.tree_pane.navigator
        navigator.trouble.troubles = Troubles(run.state, navigator.trouble.clues)
        watch = TroubleWatch(run, navigator)
        watch.look(run.clock())
        navigator.trouble.take([])
        assert len(navigator.trouble.troubles.nodes(TroubleKind.SILENT)) == 3
        assert not navigator.trouble.troubles.nodes(TroubleKind.QUEUED)
        watch.look(run.clock() + LONG_QUEUED)
        navigator.trouble.take([])
        assert len(navigator.trouble.troubles.nodes(TroubleKind.QUEUED)) == 6


def test_plain_lines_say_once_that_a_node_is_queued_and_where_it_runs(run: AdoptedRun):
    from tui.gallery.scenes import _events_of

    _, events = _events_of("mixed")
    lines = "\n".join(PlainLines(run, IN_UNICODE).lines(events))
    assert lines.count("align[sample=9]  queued on cluster: job 4711: Resources") <= 1
    assert f"{UNICODE.queued} align[sample=9]  queued on cluster: job 4711: Resources" in lines
    assert "align[sample=2]  started on n3, job 4711_4" in lines
    assert "gpubox does not answer: the connection was refused" in lines
