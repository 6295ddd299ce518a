"""The palette: short names with their keys, what fits the cursor's node first, and nodes by name."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
from support.waiting import until
from textual.command import CommandList
from tui.app.runs import CELLS, opened, run_under_way, screen_text

from dagtui.settings.loading import read_settings
from dagtui.tui.actions.table import ACTIONS
from dagtui.tui.app import DagtuiApp
from dagtui.tui.lines.theme import LIGHT

if TYPE_CHECKING:
    from pathlib import Path

    from textual.pilot import Pilot

    from dagtui.host.attachment import ExitReason
    from dagtui.settings.file import SettingsFile

pytestmark = pytest.mark.anyio


def listed(app: DagtuiApp) -> list[str]:
    """The rows of the palette, also those that are scrolled away."""
    return [str(option.prompt) for option in app.screen.query_one(CommandList).options]


async def typed(app: DagtuiApp, pilot: Pilot[ExitReason], text: str) -> list[str]:
    await pilot.press("colon", *text)
    assert await app.screen.until_found()
    return listed(app)


async def test_names_are_short_and_told_apart():
    titles = [action.short_name for action in ACTIONS]
    assert len(set(titles)) == len(titles)
    assert max(map(len, titles)) <= 22
    assert all(title[0].isupper() for title in titles)


@pytest.mark.parametrize("size", [(40, 12), (200, 50)])
async def test_keys_are_aligned_at_the_right(size: tuple[int, int]):
    app = DagtuiApp(run_under_way(), keys={"node.cancel": "K"})
    async with opened(app, size) as pilot:
        rows = await typed(app, pilot, "")
        assert len({len(row) for row in rows}) == 1
        assert next(row for row in rows if row.startswith("Cancel node")).endswith(" K")
        assert all(row.startswith(("Find ", "Rerun with")) is False or row.endswith(("/", "R", "F")) for row in rows)


async def test_nothing_is_cut_off():
    app = DagtuiApp(run_under_way())
    async with opened(app, (40, 12)) as pilot:
        await typed(app, pilot, "")
        await pilot.press(*["down"] * len(listed(app)))
        await until(lambda: listed(app)[-1].split("  ")[0] in screen_text(app))
        assert "╰" in screen_text(app).splitlines()[-2]


async def test_what_fits_the_node_comes_first_and_what_would_do_nothing_last_with_its_reason():
    app = DagtuiApp(run_under_way())
    async with opened(app) as pilot:
        app.jump(app.view.graph.node(CELLS[1]))  # it failed
        rows = await typed(app, pilot, "")
        assert rows[0].startswith("Retry node")
        names = [row.split("  ")[0] for row in rows]
        assert names.index("Quit") < names.index("Cancel node")
        assert "Cancel a node" not in next(row for row in rows if row.startswith("Cancel node"))
        await pilot.press("escape")
        app.jump(app.view.graph.node(CELLS[2]))  # it runs
        rows = await typed(app, pilot, "")
        names = [row.split("  ")[0] for row in rows]
        assert names[0] == "Cancel node"
        assert names.index("Retry node") > names.index("Quit")


async def test_letters_are_found_that_are_not_beside_each_other():
    app = DagtuiApp(run_under_way())
    async with opened(app) as pilot:
        app.jump(app.view.graph.node(CELLS[2]))
        assert (await typed(app, pilot, "cansub"))[0].startswith("Cancel subtree")


async def test_words_of_the_sentence_are_found():
    app = DagtuiApp(run_under_way())
    async with opened(app) as pilot:
        app.jump(app.view.graph.node(CELLS[1]))
        assert (await typed(app, pilot, "again"))[0].startswith("Retry node")


async def test_nodes_come_before_what_would_do_nothing():
    app = DagtuiApp(run_under_way())
    async with opened(app) as pilot:
        rows = await typed(app, pilot, "ali")
        assert all("align" in row for row in rows[:4])
        assert rows[0].endswith("done")
        await pilot.press("down", "enter")
        await until(lambda: app.screen is app.main)
        assert app.main.node == app.view.graph.node(CELLS[1])


def a_file(folder: Path) -> SettingsFile:
    path = folder / "config.toml"
    path.write_text("# mine\nbell = true  # loud\n", encoding="utf-8")
    return read_settings(path)


async def test_a_theme_is_previewed_under_the_cursor_and_escape_puts_the_old_one_back(tmp_path: Path):
    app = DagtuiApp(run_under_way(), settings_file=a_file(tmp_path))
    async with opened(app) as pilot:
        assert [row.split("  ")[0] for row in await typed(app, pilot, "theme: l")] == ["Theme: light"]
        assert app.theme == "dagtui-light"
        await pilot.press("backspace")
        assert await app.screen.until_found()
        names = [row.split()[1] for row in listed(app) if row.startswith("Theme: ")]
        seen = []
        for _ in names:
            seen.append(app.theme)
            await pilot.press("down")
            await pilot.pause()
        assert set(seen) == {f"dagtui-{name}" for name in ("dark", "light", "ansi", "contrast")}
        await pilot.press("escape")
        await until(lambda: app.theme == "dagtui-dark")
    assert (tmp_path / "config.toml").read_text(encoding="utf-8") == "# mine\nbell = true  # loud\n"


async def test_what_is_no_theme_shows_the_chosen_one(tmp_path: Path):
    app = DagtuiApp(run_under_way(), settings_file=a_file(tmp_path))
    async with opened(app) as pilot:
        await typed(app, pilot, "contrast")
        assert app.theme == "dagtui-contrast"
        await pilot.press("x", "y", "z")
        await until(lambda: app.theme == "dagtui-dark")


async def test_a_chosen_theme_stays_and_is_remembered_in_its_own_line(tmp_path: Path):
    app = DagtuiApp(run_under_way(), settings_file=a_file(tmp_path))
    async with opened(app) as pilot:
        await typed(app, pilot, "contrast")
        await pilot.press("enter")
        await until(lambda: "also next time" in app.main.top_bar.said)
        assert app.theme == "dagtui-contrast"
        rows = await typed(app, pilot, "theme:")
        assert [row.split()[1] for row in rows if row.rstrip().endswith(" now")] == ["contrast"]
    text = (tmp_path / "config.toml").read_text(encoding="utf-8")
    assert text == '# mine\nbell = true  # loud\ntheme = "contrast"\n'
    again = DagtuiApp(run_under_way(), settings_file=read_settings(tmp_path / "config.toml"))
    async with opened(again):
        assert again.theme == "dagtui-contrast"


async def test_the_last_of_two_quick_choices_is_remembered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    written: list[str] = []
    delays = iter((0.1, 0.0))

    def slowly_at_first(*change: str) -> None:
        time.sleep(next(delays))
        written.append(change[-1])

    monkeypatch.setattr("dagtui.settings.writing.change_setting", slowly_at_first)
    app = DagtuiApp(run_under_way(), settings_file=a_file(tmp_path))
    async with opened(app) as pilot:
        app.themes.choose("light")
        await pilot.pause()
        app.themes.choose("contrast")
        await until(lambda: len(written) == 2)
    assert written[-1] == "contrast"


async def test_a_theme_that_cannot_be_remembered_is_shown_all_the_same(tmp_path: Path):
    app = DagtuiApp(run_under_way(), settings_file=a_file(tmp_path))
    (tmp_path / "config.toml").write_text("bell = \n", encoding="utf-8")
    async with opened(app) as pilot:
        await typed(app, pilot, "contrast")
        await pilot.press("enter")
        await until(lambda: "on this screen only" in app.main.top_bar.said)
        assert app.theme == "dagtui-contrast"


async def test_a_preview_is_of_the_whole_screen_and_not_dimmed(tmp_path: Path):
    app = DagtuiApp(run_under_way(), settings_file=a_file(tmp_path))
    async with opened(app) as pilot:
        await typed(app, pilot, "theme: l")
        ground = LIGHT.background
        await until(lambda: app.screen.query_one(CommandList).styles.background.hex.lower() == ground)
        assert app.screen.styles.background.a == 0
        assert app.main.styles.background.hex.lower() == ground
        await pilot.press("escape", "colon", "q")
        assert await app.screen.until_found()
        assert app.screen.styles.background.a > 0
