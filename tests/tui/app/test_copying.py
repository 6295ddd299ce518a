"""What the keys that copy do in each pane, what is said about it, and where a pager opens."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from support.waiting import until
from textual import events
from tui.app.runs import click_on, opened, screen_text

from dagtui.graph.loading import load
from dagtui.graph.model import NodeIndex
from dagtui.runs.beginning import start_run
from dagtui.tui.actions.action import Pane
from dagtui.tui.actions.pagers import PagedLine, place_in_pager
from dagtui.tui.app import DagtuiApp

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from textual.pilot import Pilot

    from dagtui.host.attachment import ExitReason

pytestmark = pytest.mark.anyio

GRAPH = """
version = 1
[tasks.align]
run = '''
for i in $(seq 60); do echo "mapping $i k reads"; done
echo "fatal: not enough memory for sorting, which is what this line says at some length"
echo done
exit 105
'''
[tasks.merge]
needs = ["align"]
run = "true"
"""


@pytest.fixture
async def failed(tmp_path: Path) -> AsyncIterator[tuple[DagtuiApp, Pilot[ExitReason]]]:
    """A screen of a run whose first node has failed."""
    file = tmp_path / "genome.toml"
    file.write_text(GRAPH)
    run = start_run(load(file, {}))
    app = DagtuiApp(run)
    async with opened(app, (100, 30)) as pilot:
        await until(lambda: run.settled and "mapping 60 k reads" in screen_text(app))
        app.main.tree_pane.select(NodeIndex(0))
        await pilot.pause()
        yield app, pilot
    await run.close()


def said(app: DagtuiApp) -> str:
    return app.main.top_bar.said


async def test_in_a_log_the_line_the_selection_the_window_and_the_block(
    failed: tuple[DagtuiApp, Pilot[ExitReason]], tmp_path: Path
):
    app, pilot = failed
    error = "fatal: not enough memory for sorting, which is what this line says at some length"
    where = ", to .dagtui/genome/runs/1/copied.txt and by OSC 52"
    await pilot.press("tab", ";", "y")
    assert app.clipboard == error
    assert said(app).startswith("copied 1 line: fatal: not enough memory")
    assert said(app).endswith(f"…{where}")
    assert said(app) in screen_text(app), "it has room"
    assert (tmp_path / ".dagtui/genome/runs/1/copied.txt").read_text() == f"{error}\n"
    await pilot.press("V", "k", "k")
    assert "3 lines selected" in screen_text(app)
    assert "Esc end selection" in screen_text(app)
    await pilot.press("y")
    assert app.clipboard == f"mapping 59 k reads\nmapping 60 k reads\n{error}"
    assert said(app) == f"copied 3 lines: mapping 59 k reads{where}"
    await pilot.press("V", "escape")
    assert (app.main.pane, app.main.side.log_pane.view.cursor.selected) == (Pane.LOG, None)
    await pilot.press("Y")
    assert app.clipboard.split("\n")[-1] == "done"
    assert len(app.clipboard.split("\n")) > 3
    await pilot.press("c")
    assert app.clipboard.startswith("align: exit 105")
    assert "\ncommand\nfor i in $(seq 60)" in app.clipboard
    assert said(app).startswith("copied the failure block: align: exit 105")


async def test_in_the_tree_names_rows_and_blocks(failed: tuple[DagtuiApp, Pilot[ExitReason]]):
    app, pilot = failed
    await pilot.press("y")
    assert app.clipboard == "align"
    assert said(app).startswith("copied 1 name: align, to ")
    await pilot.press("Y")
    assert [row.split()[:2] for row in app.clipboard.split("\n")[:2]] == [["●", "align"], ["●", "merge"]]
    await pilot.press("c")
    assert app.clipboard.startswith("align: exit 105")
    await pilot.press("j", "c")
    assert said(app) == "no attempt has failed here: there is no failure block"
    await pilot.press("M", "k", "M", "y")
    assert app.clipboard == "align\nmerge"
    assert said(app).startswith("copied 2 names: align, to ")


async def test_in_why_and_details_the_row_of_the_cursor_and_the_page(failed: tuple[DagtuiApp, Pilot[ExitReason]]):
    app, pilot = failed
    await pilot.press("j", "3", "tab")
    await until(lambda: app.main.side.why.cursor >= 0)
    await pilot.press("y")
    assert "align" in app.clipboard
    assert "\n" not in app.clipboard
    await pilot.press("Y")
    assert len(app.clipboard.split("\n")) > 3
    await pilot.press("k", "c")
    assert "failure block" in said(app)
    for tab in ("2", "4"):
        await pilot.press(tab, "Y")
        assert said(app).startswith("copied "), tab


async def test_sideways_keys_say_what_makes_them_work(failed: tuple[DagtuiApp, Pilot[ExitReason]]):
    app, pilot = failed
    await pilot.press("tab", "l")
    assert said(app) == "long lines are wrapped: w cuts them"
    await pilot.press("w", "l")
    assert "from column 9" in screen_text(app)


async def test_from_the_palette_selecting_goes_to_the_log(failed: tuple[DagtuiApp, Pilot[ExitReason]]):
    app, _ = failed
    app._actions["log.select"]()
    await until(lambda: "1 line selected" in screen_text(app))
    assert app.main.pane is Pane.LOG


@pytest.mark.parametrize(("columns", "end"), [(60, "to .dagtui/genome/runs/1/copied.txt"), (40, "/1/copied.txt")])
async def test_on_narrow_screens_the_end_of_the_files_name_is_told(
    failed: tuple[DagtuiApp, Pilot[ExitReason]], columns: int, end: str
):
    app, pilot = failed
    await pilot.resize_terminal(columns, 20)
    await pilot.press("y")
    assert said(app).startswith("copied 1 name")
    assert said(app).endswith(end)
    await until(lambda: said(app) in screen_text(app))


async def test_what_can_not_be_written_is_said(failed: tuple[DagtuiApp, Pilot[ExitReason]], tmp_path: Path):
    app, pilot = failed
    (tmp_path / ".dagtui/genome/runs/1/copied.txt").mkdir()
    await pilot.press("y")
    assert said(app) == "copied 1 name by OSC 52 only: .dagtui/genome/runs/1/copied.txt: Is a directory"


async def test_the_cursor_is_shown_where_keys_reach_it(failed: tuple[DagtuiApp, Pilot[ExitReason]]):
    app, pilot = failed
    assert "▌done" not in screen_text(app)
    await pilot.press("tab")
    await until(lambda: "▌done" in screen_text(app))
    await pilot.press("tab")
    await until(lambda: "▌done" not in screen_text(app))


async def test_keys_typed_after_enter_are_meant_for_the_log(failed: tuple[DagtuiApp, Pilot[ExitReason]]):
    app, _ = failed
    for key, character in (("enter", "\r"), ("k", "k"), ("k", "k"), ("y", "y")):
        app.post_message(events.Key(key, character))
    await until(lambda: app.clipboard == "mapping 60 k reads", seen=lambda: app.clipboard)
    assert (app.main.pane, app.main.node) == (Pane.LOG, 0)


async def test_a_click_gives_the_log_the_focus_and_puts_the_cursor_there(failed: tuple[DagtuiApp, Pilot[ExitReason]]):
    app, pilot = failed
    await click_on(app, pilot, "mapping 58 k")
    await until(lambda: "▌mapping 58 k reads" in screen_text(app))
    await pilot.press("y")
    assert app.clipboard == "mapping 58 k reads"


async def test_the_key_of_two_actions_does_what_the_pane_says(failed: tuple[DagtuiApp, Pilot[ExitReason]]):
    app, pilot = failed
    before = app.main.tree_pane.view
    await pilot.press("V")
    assert app.main.tree_pane.view is not before
    shown = app.main.tree_pane.view
    await pilot.press("v", "tab", "V")
    assert app.main.tree_pane.view is not shown
    assert app.main.side.log_pane.view.cursor.selected


@pytest.mark.parametrize(
    ("program", "line", "wanted"),
    [
        ("less", PagedLine(4200, 61, last=False), ("+4200P",)),
        ("/usr/bin/less", PagedLine(4200, None, last=False), ("+4200P",)),
        ("less", PagedLine(4200, 61, last=True), ("+G",)),
        ("less", PagedLine(0, 1, last=False), ()),
        ("vim", PagedLine(4200, 61, last=False), ("+61",)),
        ("more", PagedLine(4200, 61, last=True), ("+61",)),
        ("vim", PagedLine(4200, None, last=False), ()),
        ("bat", PagedLine(4200, 61, last=False), ()),
        ("less", None, ()),
    ],
)
def test_pagers_open_at_the_line_as_they_can(program: str, line: PagedLine | None, wanted: tuple[str, ...]):
    assert tuple(place_in_pager(program, line, None)) == wanted


def test_the_less_of_busybox_takes_no_place(tmp_path: Path):
    (tmp_path / "busybox").touch(0o755)
    (tmp_path / "less").symlink_to("busybox")
    assert place_in_pager("less", PagedLine(4200, 61, last=False), str(tmp_path)) == ()
