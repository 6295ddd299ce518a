"""The help: every sign and key with its words, in columns, and the filter."""

from __future__ import annotations

from pathlib import Path
from string import Formatter
from typing import TYPE_CHECKING

import pytest
from tui.app.runs import CELLS, opened, run_under_way, screen_text
from tui.gallery.scenes import run_of
from tui.recordings import MOMENTS, recorded

from dagtui.engine.status import NodeStatus
from dagtui.text.look import IN_ASCII, IN_UNICODE, UNICODE, Glyphs, LaneGlyphs, Look
from dagtui.text.signs import SIGNS
from dagtui.tui.actions.table import ACTIONS
from dagtui.tui.app import DagtuiApp
from dagtui.tui.graph.views import View
from dagtui.tui.lines.rows import Role
from dagtui.tui.screens.help import HelpScreen
from dagtui.tui.screens.help_entries import MEANINGS, matching, signs

if TYPE_CHECKING:
    from textual.pilot import Pilot

    from dagtui.host.attachment import ExitReason

pytestmark = pytest.mark.anyio

ALBUMS = Path(__file__).parents[1] / "snapshots" / "gallery"
LANES = {name for name, kind in Glyphs.__annotations__.items() if "LaneGlyphs" in str(kind)}


def drawn() -> set[str]:
    """The signs that entries draw, by name: of lanes, each of their signs."""
    shown = "".join(sign.drawn for found in SIGNS.values() for sign in found)
    return {field for _, field, _, _ in Formatter().parse(shown) if field}


@pytest.mark.parametrize("name", Glyphs._fields)
def test_every_sign_is_explained(name: str):
    if name in LANES:
        missing = {f"{name}.{field}" for field in LaneGlyphs._fields} - drawn()
    elif name == "statuses":
        missing = set(NodeStatus) - MEANINGS.keys()
    else:
        missing = {name} - {field.partition("[")[0] for field in drawn()}
    assert not missing, "add them to dagtui/text/signs.py"


@pytest.mark.parametrize("name", ["statuses", "shares", "map_cells", "map_shares", "bars"])
def test_each_sign_of_a_scale_is_explained(name: str):
    drawn = {entry.sign.text for section in signs(IN_UNICODE) for entry in section.entries}
    assert set(getattr(UNICODE, name)) <= set("".join(drawn)), "add it to dagtui/text/signs.py"


def test_every_sign_in_the_pictures_is_explained():
    """Of scales, the help shows the first, the last, and some between."""
    known = {*UNICODE.levels, *"←→↑↓", *"".join(e.sign.text for one in signs(IN_UNICODE) for e in one.entries)}
    for path in ALBUMS.glob("*.txt"):
        lines = [line[1:] for line in path.read_text(encoding="utf-8").splitlines() if line.startswith("|")]
        found = {character: line for line in lines for character in line if not character.isascii()}
        assert not {character: line for character, line in found.items() if character not in known}, path.stem


@pytest.mark.parametrize("look", [IN_UNICODE, IN_ASCII], ids=["unicode", "ascii"])
def test_every_sign_can_be_drawn(look: Look):
    texts = [sign.text(look) for found in SIGNS.values() for sign in found]
    assert all(texts)
    assert look is IN_UNICODE or "".join(texts).isascii()


async def help_over(app: DagtuiApp, pilot: Pilot[ExitReason], *before: str) -> HelpScreen:
    await pilot.press(*before, "question_mark")
    assert isinstance(app.screen, HelpScreen)
    return app.screen


@pytest.mark.parametrize("size", [(40, 12), (80, 24), (120, 40), (200, 50)])
async def test_every_key_and_status_is_there_at_every_size(size: tuple[int, int]):
    app = DagtuiApp(run_under_way(), keys={"node.retry": "K"})
    async with opened(app, size) as pilot:
        shown = await help_over(app, pilot)
        sections = [*shown._here, *shown._signs, *shown._others]
        words = ["".join(span.text for span in entry.words) for one in sections for entry in one.entries]
        keys = {entry.sign.text for one in sections for entry in one.entries}
        for action in filter(lambda action: action.keys, ACTIONS):
            assert words.count(action.help) == 1, action.id
            assert app.keymap.all_shown(action.id) in keys
        rows = [row.text for row in shown.body()]
        assert max(map(len, rows)) <= size[0] - 6
        for word in " ".join(words).split():
            assert any(word in row for row in rows)
        assert "K Run a failed" in "\n".join(rows)
        assert "r Run a failed" not in "\n".join(rows)
        assert all(any(f"{status.word}: " in row for row in rows) for status in NodeStatus)


async def test_columns_stand_beside_each_other_from_80_columns_on():
    for columns, beside in (60, False), (80, True), (120, True), (200, True):
        app = DagtuiApp(run_under_way())
        async with opened(app, (columns, 40)) as pilot:
            await help_over(app, pilot)
            row = next(row for row in screen_text(app).splitlines() if "In the tree" in row)
            assert ("Statuses" in row) is beside, columns


async def test_the_keys_of_the_focused_pane_come_first():
    app = DagtuiApp(run_under_way())
    async with opened(app, (60, 60)) as pilot:
        shown = await help_over(app, pilot)
        text = screen_text(app)
        assert "In the tree" in text
        await pilot.press("escape", "tab")
        shown = await help_over(app, pilot)
        text = "\n".join(row.text for row in shown.body())
        assert text.index("In the log") < text.index("Follow the end of the log") < text.index("Statuses")
        assert text.index("Statuses") < text.index("Skip a node")


async def test_keys_that_do_nothing_here_come_last_in_their_pane():
    app = DagtuiApp(run_under_way())
    async with opened(app) as pilot:
        app.jump(app.view.graph.node(CELLS[1]))  # it failed
        shown = await help_over(app, pilot)
        words = ["".join(span.text for span in entry.words) for entry in shown._here[0].entries]
        cancel, retry = (next(one for one in words if one.startswith(start)) for start in ("Cancel a node;", "Run a f"))
        assert words.index(retry) < words.index(cancel)


async def test_keys_stand_beside_their_words():
    app = DagtuiApp(run_under_way())
    async with opened(app) as pilot:
        await help_over(app, pilot)
        assert " r Run a failed" in screen_text(app)
        assert " ▶ running: " in screen_text(app)


async def test_the_row_of_the_cursor_is_told_in_words():
    app = DagtuiApp(run_under_way())
    async with opened(app) as pilot:
        app.jump(app.view.graph.node(CELLS[1]))
        await help_over(app, pilot)
        assert f"This row: {CELLS[1]}" in screen_text(app)
        assert "✗ failed: exit 1" in screen_text(app)


async def test_a_row_of_many_nodes_is_told_in_words():
    app = DagtuiApp(recorded(MOMENTS["failed"]))
    async with opened(app) as pilot:
        app.jump(app.view.graph.node("train[seed=1,size=small]"))
        shown = await help_over(app, pilot, "h")
        text = "\n".join(row.text for row in shown.body()[:2])
        assert "This row: train  stands for 3 nodes" in text
        assert "✓3 done" in text


async def test_what_is_typed_filters_and_escape_goes_back_step_by_step():
    app = DagtuiApp(run_under_way())
    async with opened(app) as pilot:
        shown = await help_over(app, pilot)
        everything = len(shown.body())
        await pilot.press("slash", *"stale")
        text = screen_text(app)
        assert "/stale" in text
        assert "1 of " in text
        assert "≈ stale: done, but" in text
        assert "Cancel" not in text.partition("Keys and signs")[2].partition("╰")[0]
        await pilot.press("backspace", "enter")  # the filter stays, and letters are keys again
        await pilot.press("q")
        assert isinstance(app.screen, HelpScreen)
        assert len(shown.body()) == everything
        await pilot.press("slash", *"zzz")
        assert "nothing here has these words" in screen_text(app)
        await pilot.press("escape")
        assert len(shown.body()) == everything
        await pilot.press("escape")
        assert app.screen is app.main


async def test_a_key_is_found_by_its_name_in_the_footer():
    app = DagtuiApp(run_under_way())
    async with opened(app) as pilot:
        shown = await help_over(app, pilot)
        await pilot.press("slash", *"retry")
        assert "r Run a failed" in "\n".join(row.text for row in shown.body())


async def test_letters_of_a_filter_command_nothing():
    app = DagtuiApp(run_under_way())
    async with opened(app) as pilot:
        await help_over(app, pilot)
        await pilot.press("slash", *"xXqnr j/", "space")
        assert "/xXqnr j/ " in screen_text(app)
        assert app.view.state.status_of(app.main.node) is not NodeStatus.CANCELLING


def test_hits_are_marked():
    (found,) = matching(signs(IN_UNICODE), "root failure")
    (entry,) = found.entries
    assert [span.text for span in entry.words if span.role == Role.HIT] == ["root", "failure"]
    assert "".join(span.text for span in entry.words).endswith("to a root failure")


def test_signs_can_be_looked_for():
    assert [entry.sign.text for one in matching(signs(IN_UNICODE), "≈") for entry in one.entries] == ["≈"]
    assert list(matching(signs(IN_ASCII), "≈")) == []


@pytest.mark.parametrize("view", View)
async def test_it_opens_on_every_row_of_every_view(view: View, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    app = DagtuiApp(run_of("genome"))
    async with opened(app, (80, 24)):
        app.main.show_view(view)
        pane = app.main.tree_pane
        pane.unfold_all()
        for row in range(min(12, len(pane.outline))):
            pane.navigator.to_row(row)
            pane.follow()
            app._actions["screen.help"]()
            shown = app.screen
            assert isinstance(shown, HelpScreen)
            said = [row.text for row in shown._about]
            assert not said or (said[0].startswith("This row: ") and len(said[0]) > len("This row: ")), said
            await shown.dismiss()
