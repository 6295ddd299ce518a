"""Below the rows of the left pane: cells of the cursor's task, and the last minute, where there is room."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from support.waiting import until
from tui.app.runs import HOSTILE, opened, run_under_way, turns
from tui.played_run import PlayedRun
from tui.widget_harness import texts

from dagtui.engine.messages import CommandKind, EndKind
from dagtui.graph.model import Graph, Task
from dagtui.text.look import IN_ASCII
from dagtui.tui.app import DagtuiApp
from dagtui.tui.graph.lower.last_minute import LastMinute
from dagtui.tui.graph.views import View

if TYPE_CHECKING:
    from textual.geometry import Region

    from dagtui.tui.graph.lower.pane import LowerPane

pytestmark = pytest.mark.anyio


def wide_graph(cells: int = 6) -> Graph:
    """fetch → train ×cells → join."""
    labels = ["fetch", *(f"train[seed={seed}]" for seed in range(cells)), "join"]
    edges = [(0, node) for node in range(1, cells + 1)] + [(node, cells + 1) for node in range(1, cells + 1)]
    task_of = [0, *[1] * cells, 2]
    return Graph(labels, edges, tasks=[Task("fetch"), Task("train"), Task("join")], task_of=task_of)


def played(cells: int = 6) -> PlayedRun:
    play = PlayedRun(wide_graph(cells), jobs=cells)
    play.run("fetch")
    play.start(*(f"train[seed={seed}]" for seed in range(cells)))
    return play


def lower(app: DagtuiApp) -> LowerPane:
    return app.main.panes.lower


def shown(app: DagtuiApp) -> list[str]:
    return texts(lower(app)) if lower(app).size else []


@pytest.mark.parametrize("rows", [4, 5, 6, 12, *range(20, 26), 29])
async def test_it_is_shown_where_eight_rows_are_free_and_takes_none_of_them_from_the_rows(rows: int):
    app = DagtuiApp(run_under_way())
    async with opened(app, (100, rows)) as pilot:
        await pilot.pause()
        tree, needed = app.main.tree_pane, len(app.main.tree_pane.outline)
        free = rows - 4 - needed
        assert bool(lower(app).size.height) == (free >= 8)
        assert tree.size.height + lower(app).size.height == max(0, rows - 4)
        if free >= 8:
            assert lower(app).size.height >= 8
            assert tree.size.height >= needed


@pytest.mark.parametrize("width", [80, 120, 200])
async def test_the_cells_of_a_folded_task_stand_there_with_status_words_and_time(width: int):
    play = played()
    play.end("train[seed=2]", value=7)
    play.end("train[seed=4]", after=1)
    app = DagtuiApp(play.session())
    async with opened(app, (width, 40)) as pilot:
        await pilot.press("j")
        await until(lambda: "train ×6" in "".join(shown(app)))
        text = "\n".join(shown(app))
        places = [text.index(f"[seed={seed}]") for seed in range(6)]
        assert places == sorted(places)
        assert "✗ [seed=2] exit 7" in " ".join(text.split())
        assert "▶ [seed=0]" in text
        assert "✓ [seed=4]" in text
        assert "last minute" in text
        await pilot.press("l")
        await until(lambda: "train ×6" not in "".join(shown(app)))  # the rows show them


async def test_of_too_many_cells_those_that_are_well_are_left_out():
    play = played(60)
    for seed in range(30):
        play.end(f"train[seed={seed}]", value=int(seed == 11), after=0.5)
    app = DagtuiApp(play.session())
    async with opened(app, (80, 24)) as pilot:
        await pilot.press("j")
        await until(lambda: "train ×60, " in "".join(shown(app)))
        text = " ".join(" ".join(shown(app)).split())
        assert "✗ [seed=11]" in text
        assert "▶ [seed=59]" in text or "▶ [seed=30]" in text
        assert "✓" not in text


async def test_the_last_minute_is_drawn_on_one_axis():
    play = played(4)
    for seed in range(3):
        play.end(f"train[seed={seed}]", after=4)
    app = DagtuiApp(play.session())
    async with opened(app, (160, 40)):
        await until(lambda: "last minute" in "".join(shown(app)))
        heading, done, running, *bars = [line for line in shown(app) if line]
        assert heading.startswith("─ last minute ─")
        assert "running 1" in running
        assert {bar.split()[1]: bar.split()[0] for bar in bars} == {
            "fetch": "✓",
            **{f"train[seed={seed}]": "✓▶"[seed == 3] for seed in range(4)},
        }
        starts = [len(bar) - len(bar.split()[-1]) for bar in bars]
        assert starts == sorted(starts)
        ends = [len(bar) for bar in bars]
        assert len(running) == max(ends)
        assert len(done) < len(running)  # the present second is not over


def test_failures_are_not_left_out_of_the_last_minute():
    play = played(20)
    play.end("train[seed=7]", value=1, after=0.2)
    for seed in range(7):
        play.end(f"train[seed={seed}]", after=2)
    for seed in range(8, 20):
        play.give(CommandKind.CANCEL, f"train[seed={seed}]")
        play.end(f"train[seed={seed}]", value=15, kind=EndKind.SIGNAL, after=2)
    run = play.session()
    shown = [bar.node for bar in LastMinute(run.state, run.clock()).bars(run.clock(), 30, 3)]
    assert run.graph.node("train[seed=7]") in shown


def test_what_was_missed_is_read_from_the_times_of_nodes():
    play = played(4)
    play.end("train[seed=0]", after=5)
    play.end("train[seed=1]", after=10)
    run = play.session()
    late = LastMinute(run.state, run.clock())
    late.take(run.clock())
    assert late.running(run.clock(), 60)[-20:] == [0, 1, 1, 1, 4, 3, 3, 3, 3, 4, *[3] * 9, 2]
    assert late.ended(run.clock(), 60)[-19:] == [*[0] * 4, 1, *[0] * 4, 1, *[0] * 9]
    assert [bar.end - bar.start for bar in late.bars(run.clock(), 60, 9)] == [4, 6, 16, 16, 11]
    assert [bar.end - bar.start for bar in late.bars(run.clock(), 12, 2)] == [4, 4]
    assert not late.bars(run.clock(), 12, 0)


async def test_a_finished_run_costs_nothing_and_a_clock_little(monkeypatch: pytest.MonkeyPatch):
    play = played(2)
    play.end("train[seed=0]")
    settled = PlayedRun(wide_graph(2))
    settled.run("fetch", "train[seed=0]", "train[seed=1]", "join")
    for run, most in ((settled.session(), 0), (play.session(), 40)):
        app = DagtuiApp(run)
        async with opened(app, (120, 40)):
            await until(lambda app=app: "last minute" in "".join(shown(app)))
            pane, clock = lower(app), run.clock()
            await turns()
            pane.flush(clock, changed=False)
            refreshed: list[Region] = []
            monkeypatch.setattr(pane, "refresh", lambda *regions, to=refreshed: to.extend(regions))
            for second in range(1, 6):
                pane.flush(clock + second, changed=False)
            assert sum(region.area for region in refreshed) / 5 <= most


async def test_it_can_be_switched_off_and_a_zoomed_tree_has_only_rows():
    app = DagtuiApp(run_under_way())
    async with opened(app, (120, 40)) as pilot:
        await until(lambda: lower(app).size.height)
        await pilot.press("z")
        await until(lambda: not lower(app).size.height)
        await pilot.press("z")
        await until(lambda: lower(app).size.height)
        await app.action_act("pane.lower")
        await until(lambda: not lower(app).size.height)
        assert not app.dump_state().lower
        await app.action_act("pane.lower")
        await until(lambda: lower(app).size.height)


async def test_a_view_that_fills_the_pane_keeps_it():
    app = DagtuiApp(run_under_way())
    async with opened(app, (120, 40)):
        app.main.show_view(View.MAP)
        app.request_frame()
        await until(lambda: not lower(app).size.height)


async def test_it_stands_below_each_row_of_each_view():
    app = DagtuiApp(run_under_way())
    async with opened(app, (120, 60)) as pilot:
        for view in View:
            app.main.show_view(view)
            app.main.tree_pane.fold_all()
            app.main.tree_pane.top()
            await pilot.pause()
            for _ in range(len(app.main.tree_pane.outline)):
                app.main.flush(app.view.clock(), changed=True)
                app.main.tree_pane.move(1)
            assert app.is_running


async def test_a_click_leads_to_the_node():
    app = DagtuiApp(played().session())
    async with opened(app, (100, 40)) as pilot:
        await pilot.press("j")
        await until(lambda: "train ×6" in "".join(shown(app)))
        y, line = next((y, line) for y, line in enumerate(shown(app)) if "[seed=4]" in line)
        await pilot.click(lower(app), offset=(line.index("[seed=4]"), y))
        await until(lambda: app.main.node == app.view.graph.node("train[seed=4]"))


async def test_hostile_names_and_ascii():
    play = PlayedRun(Graph.from_edges([HOSTILE, "a"], [(HOSTILE, "a")]))
    play.run(HOSTILE)
    app = DagtuiApp(play.session(), look=IN_ASCII)
    async with opened(app, (80, 30)):
        await until(lambda: "last minute" in "".join(shown(app)))
        assert all(line.isprintable() and line.isascii() for line in shown(app))
