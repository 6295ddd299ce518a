"""What a reload would change, as the screen shows it, and what is wrong with a file."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from graph.sources import problems_of
from support.waiting import until
from tui.app.runs import CELLS, graph_of_reads, opened, run_under_way, screen_text, turns
from tui.played_run import PlayedRun
from tui.svg import SvgExtension

from dagtui.engine.messages import Command, CommandKind
from dagtui.engine.status import NodeStatus
from dagtui.graph.errors import GraphError
from dagtui.runs.reload_preview import ChangedNode, ReloadPreview
from dagtui.runs.rereading import as_now
from dagtui.runs.view import NO_FILE
from dagtui.tui.app import DagtuiApp
from dagtui.tui.screens.dialog import Dialog
from dagtui.tui.screens.reload import GraphErrorDialog, ReloadDialog, WriteBackDialog

if TYPE_CHECKING:
    from support.adopted_run import AdoptedRun
    from syrupy.assertion import SnapshotAssertion

pytestmark = pytest.mark.anyio

HOSTILE = "new \x1b]52;c;aGk=\x07[@click=app.exit]\u202e"
SIZES = [(80, 24), (120, 40)]


def preview_of(run: AdoptedRun) -> ReloadPreview:
    """Changes of every kind."""
    preview = ReloadPreview(
        base=run.graph,
        graph=run.graph,
        executed=run.graph,
        digest=b"",
        is_file=True,
        kept=3,
        changed={
            name: ChangedNode(parts, NodeStatus.WAITING)
            for name, parts in {
                "fetch": ("run",),
                CELLS[0]: ("run", "env.MODE"),
                CELLS[1]: ("run",),
                CELLS[2]: ("run",),
                "merge": ("needs",),
            }.items()
        },
        stale=(),
        settings={"call": ("timeout", "retries")},
        added=("extra", HOSTILE),
        removed=("stats",),
        removed_running=(CELLS[3],),
    )
    return as_now(run, preview)


def dialog_of(run: AdoptedRun) -> ReloadDialog:
    remark = 'This drops the edit of "call", which is not in the file.'
    return ReloadDialog(run, preview_of(run), "Reload graph.toml?", "reload", [remark])


def errors() -> GraphErrorDialog:
    text = '[tasks.a]\nrun = "true"\nretires = 3\n[tasks.b]\nneeds = ["a b"]\nrun = "x"\ntimeout = "soon"\n'
    error = GraphError(problems_of(text))
    return GraphErrorDialog("graph.toml can't be used", error, "The run goes on as it is.", editable=False)


async def picture(app: DagtuiApp, dialog: Dialog[bool], size: tuple[int, int]) -> str:
    """The screen below a dialog, and the dialog, once all of it is painted."""
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        app.jump(app.view.graph.node("split"))
        await pilot.pause()
        await app.push_screen(dialog)
        await pilot.pause()
        await pilot.wait_for_scheduled_animations()
        shot = app.export_screenshot()
        await pilot.press("escape")
    return shot


@pytest.mark.parametrize("size", SIZES, ids=["80x24", "120x40"])
async def test_pictures_of_a_reload(snapshot: SnapshotAssertion, size: tuple[int, int]):
    run = run_under_way()
    assert await picture(DagtuiApp(run), dialog_of(run), size) == snapshot.use_extension(SvgExtension)


async def test_picture_of_errors(snapshot: SnapshotAssertion):
    assert await picture(DagtuiApp(run_under_way()), errors(), (80, 24)) == snapshot.use_extension(SvgExtension)


async def test_each_changed_node_says_what_becomes_of_it():
    run = run_under_way()
    app = DagtuiApp(run)
    async with opened(app, (120, 60)):
        app.push_screen(dialog_of(run))
        await until(lambda: "Kept 2 nodes: as they are" in screen_text(app))
        shown = screen_text(app)
        for words in (
            "✓ align[s=1]  run, env.MODE: becomes stale; R runs it again",
            "✗ align[s=2]  run: takes the new definition when it runs",
            "▶ align[s=3]  run: goes on as it began",
            "⊘ merge  needs: takes the new definition when it runs",
            "Removed, but running 1 node: goes on until it ends",
            "Other keys 1 task: they count from now on",
            "call  timeout, retries",
            "Stale below 1 node: done, below a changed node",
        ):
            assert words in shown
        assert "\x1b]52" not in shown


async def test_each_node_of_the_new_graph_counts_once():
    run = run_under_way()
    found = replace(preview_of(run), kept=7, returning=("extra too",))
    dialog = ReloadDialog(run, found, "Reload graph.toml?", "reload")
    app = DagtuiApp(run)
    async with opened(app, (120, 60)):
        app.push_screen(dialog)
        await until(lambda: "Kept" in screen_text(app))
        shown = screen_text(app)
    assert "changes 5 · adds 2 · brings back 1 · removes 2 · 1 stale below · keeps 5" in shown
    for title in ("Changed 5 nodes", "Added 2 nodes", "Back in the file 1 node", "Stale below 1 node", "Kept 5 nodes"):
        assert title in shown


async def test_an_open_preview_shows_what_has_happened_since():
    play = PlayedRun(graph_of_reads())
    play.run("fetch", "check refs", "split")
    play.start(CELLS[2])
    run = play.session()
    app = DagtuiApp(run)
    async with opened(app, (120, 60)):
        app.push_screen(dialog_of(run))
        await until(lambda: "▶ align[s=3]  run: goes on as it began" in screen_text(app))
        run.give(Command(CommandKind.CANCEL, (run.graph.node(CELLS[2]),)))
        await until(lambda: "◌ align[s=3]  run: goes on as it began" in screen_text(app))
        run.give(Command(CommandKind.MARK_DONE, (run.graph.node("merge"),)))
        await until(lambda: "✓ merge  needs: stays done" in screen_text(app))


async def test_a_key_that_was_meant_for_what_was_before_does_not_reload(monkeypatch: pytest.MonkeyPatch):
    now = [100.0]
    monkeypatch.setattr(Dialog, "monotonic", staticmethod(lambda: now[0]))
    run = run_under_way()
    app = DagtuiApp(run)
    answers: list[bool | None] = []
    async with opened(app) as pilot:
        app.push_screen(dialog_of(run), answers.append)
        await pilot.press("enter")
        assert answers == []
        now[0] += 1
        await pilot.press("enter")
        await turns()
        app.push_screen(dialog_of(run), answers.append)
        await pilot.press("escape")
        await turns()
        assert answers == [True, False]


async def test_enter_answers_neither_errors_nor_the_question_where_to_write():
    app = DagtuiApp(run_under_way())
    answers: list[bool | None] = []
    async with opened(app) as pilot:
        for dialog in (errors(), WriteBackDialog("a", "graph.toml", "/x/graph.toml", ['"b"'])):
            app.push_screen(dialog, answers.append)
            await pilot.press("enter", "enter")
            assert app.screen is dialog
            await pilot.press("escape")
            await turns()
        assert answers == [False, False]


async def test_a_selection_of_several_tasks_can_not_be_edited_at_once():
    app = DagtuiApp(run_under_way())
    async with opened(app) as pilot:
        await pilot.press("M", "M", ".")
        assert app.main.top_bar.said == NO_FILE
        await pilot.press("escape", "L")
        await until(lambda: isinstance(app.screen, GraphErrorDialog))
        await until(lambda: "this run can't be reloaded" in screen_text(app))
