"""View, folds, cursor and sizes outlive the run: the next screen of the graph opens like the last one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tui.app.runs import CELLS, graph_of_reads, opened, screen_text
from tui.played_run import PlayedRun

from dagtui.host.attachment import ExitReason
from dagtui.store.screen_memory import NAME, RememberedFolds, ScreenMemory, load_screen, save_screen
from dagtui.tui.app import DagtuiApp
from dagtui.tui.graph.views import View, first_view
from dagtui.tui.screens.graph_memory import GraphMemory

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from support.adopted_run import AdoptedRun

    from dagtui.graph.model import Graph

pytestmark = pytest.mark.anyio


def run_in(folder: Path, number: int = 1, graph: Graph | None = None) -> AdoptedRun:
    return PlayedRun(graph or graph_of_reads(), folder / "runs" / str(number)).session()


async def left_after(run: AdoptedRun, keys: Sequence[str], leaving: ExitReason = ExitReason.DETACHED) -> str:
    """What was on the screen of a run when it was left after some keys."""
    memory = GraphMemory(run)
    app = DagtuiApp(run, memory=memory.recalled())
    async with opened(app) as pilot:
        await pilot.press(*keys)
        await pilot.pause()
        shown = screen_text(app)
        app.exit(leaving)
    await memory.keep(app.last_state, leaving)
    return shown


def rows(text: str) -> list[str]:
    """The rows below the top bar, without the footer."""
    return text.splitlines()[2:-1]


@pytest.mark.parametrize("keys", ["v j j space", "V", "v minus plus j", "G k underscore", "v v"])
async def test_the_next_run_opens_as_the_last_screen_was_left(tmp_path: Path, keys: str):
    before = await left_after(run_in(tmp_path), keys.split())
    after = await left_after(run_in(tmp_path, 2), [])
    assert rows(after) == rows(before)
    assert rows(await left_after(run_in(tmp_path, 3), ["v"])) != rows(before)


async def test_filter_selection_and_the_right_side_begin_anew(tmp_path: Path):
    await left_after(run_in(tmp_path), ["slash", *"align", "enter", "M", "2", "z"])
    app = DagtuiApp(run_in(tmp_path, 2), memory=GraphMemory(run_in(tmp_path, 2)).recalled())
    async with opened(app):
        assert not app.main.tree_pane.navigator.filter_query
        assert not app.main.tree_pane.selected_count
        assert app.main.side.tab == "log"
        assert not app.main.zoomed


async def test_the_last_screen_to_leave_counts(tmp_path: Path):
    one, other = (DagtuiApp(run_in(tmp_path)) for _ in range(2))
    async with opened(one) as pilot, opened(other) as second:
        await pilot.press("v")
        await second.press("v", "v")
        for app in (other, one):
            app.exit(ExitReason.DETACHED)
            await GraphMemory(app.view).keep(app.last_state, ExitReason.DETACHED)
            found = load_screen(tmp_path)
            assert found is not None
            assert found.view == app.main.tree_pane.view.value


async def test_names_that_a_graph_or_a_version_lacks_are_passed_over(tmp_path: Path):
    (tmp_path / "runs").mkdir()
    folds = {view.value: RememberedFolds(("gone", CELLS[0]), ("gone", "matrix gone")) for view in View}
    save_screen(tmp_path, ScreenMemory("by colour", "gone", 0.5, folds={**folds, "by colour": RememberedFolds(("a",))}))
    run = run_in(tmp_path)
    app = DagtuiApp(run, memory=GraphMemory(run).recalled())
    async with opened(app):
        assert app.main.tree_pane.view is first_view(run.graph)
        assert app.main.tree_pane.navigator.row == 0
        assert app.main.tree_pane.size.width == 60


async def test_the_first_view_of_a_graph_may_become_another(tmp_path: Path):
    (tmp_path / "runs").mkdir()
    await left_after(run_in(tmp_path), ["j"])
    found = load_screen(tmp_path)
    assert found is not None
    assert (found.view, found.share) == ("", None)


async def test_a_crash_forgets_what_may_have_caused_it(tmp_path: Path):
    await left_after(run_in(tmp_path), ["v"])
    assert (tmp_path / NAME).exists()
    await left_after(run_in(tmp_path, 2), [], ExitReason.CRASHED)
    assert not (tmp_path / NAME).exists()


async def test_where_nothing_can_be_written_the_screen_is_left_all_the_same(tmp_path: Path):
    (tmp_path / "runs").mkdir()
    (tmp_path / NAME).mkdir()
    await left_after(run_in(tmp_path), ["v"])
    assert await left_after(run_in(tmp_path, 2), [])
