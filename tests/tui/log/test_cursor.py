"""The cursor of a log: where keys, hits and clicks put it, what is selected from it, and what follows."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest
from support.waiting import until
from textual import events
from tui.played_run import PlayedRun, lines
from tui.widget_harness import mounted, strips, texts

from dagtui.graph.model import Graph, ShellCommand, Task
from dagtui.text.look import IN_ASCII, UNICODE
from dagtui.tui.lines.rows import row
from dagtui.tui.log.pane import LogPane

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.anyio


@pytest.fixture
def play(tmp_path: Path) -> PlayedRun:
    graph = Graph(["fetch"], [], tasks=[Task("fetch", ShellCommand("x"))], directory=tmp_path)
    found = PlayedRun(graph, tmp_path / "logs")
    found.start("fetch")
    return found


async def opened(pane: LogPane) -> LogPane:
    pane.view.pace.rate = 10_000_000
    pane.view.pace.spend(-10_000_000)
    pane.show(0)
    await until(lambda: pane.view.size.height == pane.size.height - 1)
    pane.flush(0.0)
    pane.view.focus()
    await until(lambda: pane.view.has_focus)
    return pane


def under_cursor(pane: LogPane) -> list[str]:
    """The rows with the sign of the cursor."""
    return [row[1:] for row in texts(pane.view) if row.startswith(UNICODE.cursor)]


async def test_it_stands_on_the_last_line_and_follows_until_it_is_moved(play: PlayedRun):
    play.prints("fetch", lines(1, 100))
    async with mounted(LogPane(play.session())) as pane:
        await opened(pane)
        assert under_cursor(pane) == ["line 100"]
        play.prints("fetch", lines(101, 103))
        pane.flush(0.0)
        assert under_cursor(pane) == ["line 103"]
        pane.move(-1)
        shown = texts(pane.view)
        play.prints("fetch", lines(104, 105))
        pane.flush(0.0)
        assert under_cursor(pane) == ["line 102"]
        assert texts(pane.view) == shown
        assert "+2 lines" in texts(pane.header)[0]
        for _ in range(3):
            pane.move(1)
        assert pane.view.follows, "on the last line it follows again"
        play.prints("fetch", lines(106, 106))
        pane.flush(0.0)
        assert under_cursor(pane) == ["line 106"]


async def test_it_moves_within_the_window_and_then_scrolls_it_line_by_line(play: PlayedRun):
    play.prints("fetch", lines(1, 100))
    async with mounted(LogPane(play.session())) as pane:
        await opened(pane)
        height = pane.view.size.height
        for number in range(99, 100 - height, -1):
            pane.move(-1)
            assert under_cursor(pane) == [f"line {number}"]
            assert texts(pane.view)[-1][1:] == "line 100"
        pane.move(-1)
        assert texts(pane.view)[0] == f"▌line {100 - height}"
        assert texts(pane.view)[-1] == " line 99"
        pane.top()
        assert texts(pane.view)[0] == "▌line 1"
        for _ in range(height):
            pane.move(1)
        assert texts(pane.view)[0] == " line 2"
        assert texts(pane.view)[-1] == f"▌line {height + 1}"


async def test_pages_keep_its_row_and_end_at_the_ends(play: PlayedRun):
    play.prints("fetch", lines(1, 100))
    async with mounted(LogPane(play.session())) as pane:
        await opened(pane)
        pane.move(-4)
        row = next(y for y, text in enumerate(texts(pane.view)) if text.startswith("▌"))
        pane.page(-1)
        assert texts(pane.view)[row].startswith("▌")
        for _ in range(10):
            pane.half_page(-1)
        assert under_cursor(pane) == ["line 1"]
        for _ in range(10):
            pane.page(1)
        assert pane.view.follows


async def test_the_top_of_a_short_log_is_not_its_end(play: PlayedRun):
    play.prints("fetch", lines(1, 3))
    async with mounted(LogPane(play.session())) as pane:
        await opened(pane)
        pane.top()
        assert (under_cursor(pane), pane.view.follows) == (["line 1"], False)
        pane.view.scroll_rows(-3)
        assert under_cursor(pane) == ["line 1"]
        pane.view.scroll_rows(3)
        assert under_cursor(pane) == ["line 3"]


async def test_the_wheel_takes_it_along_but_leaves_a_selection(play: PlayedRun):
    play.prints("fetch", lines(1, 100))
    async with mounted(LogPane(play.session())) as pane:
        await opened(pane)
        pane.view.scroll_rows(-30)
        assert under_cursor(pane) == ["line 70"]
        pane.toggle_selection()
        pane.view.scroll_rows(-30)
        assert (under_cursor(pane), pane.copied_line().text) == ([], "line 70")


async def test_hits_and_the_first_error_put_it_there_and_nothing_follows(play: PlayedRun):
    play.prints("fetch", lines(1, 50) + b"fatal: no disk\n" + lines(51, 99) + b"line 11 again\n")
    async with mounted(LogPane(play.session())) as pane:
        await opened(pane)
        pane.first_error()
        assert under_cursor(pane) == ["fatal: no disk"]
        assert pane.copied_line().text == "fatal: no disk"
        pane.find("line 11")
        assert under_cursor(pane) == ["line 11 again"]
        assert not pane.view.follows, "although it is the last line"
        pane.find_hit(1)
        assert under_cursor(pane) == ["line 11"]
        pane.top()
        pane.find_hit(1)
        assert under_cursor(pane) == ["line 11"], "from the cursor on"
        pane.move(1)
        pane.find_hit(-1)
        assert under_cursor(pane) == ["line 11"]


async def test_a_search_that_is_given_up_puts_it_back(play: PlayedRun):
    play.prints("fetch", lines(1, 100))
    async with mounted(LogPane(play.session())) as pane:
        await opened(pane)
        pane.move(-7)
        before = texts(pane.view)
        pane.search.begin()
        pane.find("line 2")
        assert under_cursor(pane) != ["line 93"]
        pane.give_up_find()
        assert texts(pane.view) == before


async def test_selected_lines_are_copied_and_the_selection_ends(play: PlayedRun):
    play.prints("fetch", lines(1, 30))
    async with mounted(LogPane(play.session())) as pane:
        await opened(pane)
        pane.move(-3)
        pane.toggle_selection()
        pane.move(-2)
        assert "3 lines selected" in texts(pane.header)[0]
        assert [row[1:] for row in texts(pane.view) if row.startswith(UNICODE.selected)] == ["line 26", "line 27"]
        fills = {strip.text[1:].rstrip(): list(strip)[-1].style.bgcolor for strip in strips(pane.view)}
        assert fills["line 26"] == fills["line 25"] != fills["line 28"]
        assert pane.copied_line().text == "line 25\nline 26\nline 27"
        assert "selected" not in texts(pane.header)[0]
        assert pane.copied_line().text == "line 25"


async def test_a_selection_does_not_grow_with_the_log(play: PlayedRun):
    play.prints("fetch", lines(1, 30))
    async with mounted(LogPane(play.session())) as pane:
        await opened(pane)
        pane.toggle_selection()
        play.prints("fetch", lines(31, 32))
        pane.flush(0.0)
        assert pane.view.cursor.selected == (29, 29)
        pane.bottom()
        assert (pane.view.cursor.selected, pane.view.follows) == ((29, 31), False)
        pane.toggle_selection()
        pane.bottom()
        assert pane.view.follows


async def test_of_rows_that_are_gone_none_is_selected(play: PlayedRun):
    play.prints("fetch", lines(1, 3) + b"layer 1\nlayer 2\nlayer 3\n")
    async with mounted(LogPane(play.session())) as pane:
        await opened(pane)
        pane.toggle_selection()
        play.prints("fetch", b"\x1b[3A\x1b[Jdone\n")
        pane.flush(0.0)
        pane.view.set_ending([row("succeeded")])  # with it, rows that were left blank go
        assert (pane.view.line_count, pane.view.cursor.selected) == (4, (3, 3))
        assert pane.copied_line().text == "done"


async def test_copied_text_is_the_logs_whatever_wraps_it(play: PlayedRun):
    text = "    " + " ".join(f"word{number}" for number in range(60)) + "\tend"
    play.prints("fetch", f"{text}\n".encode())
    async with mounted(LogPane(play.session()), (40, 12)) as pane:
        await opened(pane)
        shown = texts(pane.view)
        assert all(row[1:].startswith("    ↳ word") for row in shown[1:])
        assert pane.copied_line().text == pane.copied().text == text
        pane.toggle_wrap()
        assert pane.copied_line().text == pane.copied().text == text


async def test_of_a_line_taller_than_the_window_all_can_be_seen(play: PlayedRun):
    words = [f"word{number}" for number in range(300)]
    play.prints("fetch", b"before\n" + " ".join(words).encode() + b"\nafter\n")
    async with mounted(LogPane(play.session()), (40, 8)) as pane:
        await opened(pane)
        pane.top()
        seen: set[str] = set()
        for _ in range(1_000):
            seen |= set(" ".join(texts(pane.view)).split())
            if pane.view.follows:
                break
            pane.move(1)
        assert seen.issuperset(words)
        down = len(seen)
        seen.clear()
        for _ in range(1_000):
            seen |= set(" ".join(texts(pane.view)).split())
            if pane.view.cursor.line == 0:
                break
            pane.move(-1)
        assert seen.issuperset(words), down


async def test_a_click_puts_it_there_and_dragging_selects(play: PlayedRun):
    play.prints("fetch", lines(1, 100))
    async with mounted(LogPane(play.session())) as pane:
        await opened(pane)

        def mouse(kind: type[events.MouseEvent], y: int) -> events.MouseEvent:
            return kind(pane.view, 3, y, 0, 0, 1, shift=False, meta=False, ctrl=False)

        pane.view.on_mouse_down(mouse(events.MouseDown, 4))
        pane.view.on_mouse_up()
        assert texts(pane.view)[4] == under_cursor(pane)[0].join(["▌", ""])
        assert not pane.view.follows
        pane.view.on_mouse_down(mouse(events.MouseDown, 6))
        pane.view.on_mouse_move(mouse(events.MouseMove, 8))
        pane.view.on_mouse_up()
        first, last = pane.view.cursor.selected or (0, 0)
        assert last - first == 2
        pane.view.on_mouse_down(mouse(events.MouseDown, 6))
        for _ in range(3):
            pane.view.on_mouse_move(mouse(events.MouseMove, -1))
        pane.view.on_mouse_up()
        above, below = pane.view.cursor.selected or (0, 0)
        assert below - above == 6 + 3, "at the edge the window scrolls"
        pane.view.on_mouse_down(mouse(events.MouseDown, 2))
        assert pane.view.cursor.selected is None


async def test_in_ascii_its_signs_are_ascii(play: PlayedRun):
    play.prints("fetch", b"word " * 50 + b"\nshort\n")
    async with mounted(LogPane(play.session(), look=IN_ASCII), (40, 12)) as pane:
        await opened(pane)
        pane.move(-1)
        assert texts(pane.view)[0].startswith(">word")
        assert texts(pane.view)[1].startswith(">\\ word")
        pane.toggle_wrap()
        pane.scroll_columns(8)
        assert texts(pane.view)[0].startswith(">< word")
        assert texts(pane.view)[0].endswith(">")


async def test_wherever_it_goes_it_is_on_a_line_in_sight(play: PlayedRun):
    """Random keys over a log with long lines, which grows meanwhile."""
    chance = random.Random(1)
    play.prints("fetch", b"".join(b"word " * chance.randrange(40) + b"\n" for _ in range(60)))
    async with mounted(LogPane(play.session()), (40, 12)) as pane:
        await opened(pane)
        keys = [
            *(lambda step=step: pane.move(step) for step in (-1, -1, -1, 1, 1, -7)),
            *(lambda step=step: pane.page(step) for step in (-1, 1)),
            *(lambda step=step: pane.half_page(step) for step in (-1, -1, 1)),
            *(pane.top, pane.bottom, pane.toggle_follow, pane.toggle_wrap, pane.toggle_selection, pane.toggle_numbers),
            lambda: pane.scroll_columns(8),
            lambda: play.prints("fetch", b"more " * chance.randrange(20) + b"\n"),
        ]
        for _ in range(400):
            chance.choice(keys)()
            pane.flush(0.0)
            view = pane.view
            assert 0 <= view.cursor.line < view.line_count
            assert view.cursor.line in {spot.line for spot in view.spots}
            assert not (view.follows and view.cursor.line != view.line_count - 1)
            assert not (view.follows and view.cursor.selected)
