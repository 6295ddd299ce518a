"""The log pane over real files that grow between two frames."""

from __future__ import annotations

import os
import re
import time
from typing import TYPE_CHECKING

import pytest
from support.waiting import until
from tui.played_run import PlayedRun, lines, write_times
from tui.widget_harness import mounted, strips
from tui.widget_harness import texts as whole_rows

from dagtui.engine.messages import CommandKind, EndKind
from dagtui.graph.model import Graph, RetryPolicy, ShellCommand, Task
from dagtui.store.errors import StoreError
from dagtui.text.labels import FORBIDDEN
from dagtui.text.look import IN_ASCII
from dagtui.tui.log import hits, log_footer
from dagtui.tui.log.pane import LogPane
from dagtui.tui.log.throttle import LogThrottle
from dagtui.tui.log.view import LogView

if TYPE_CHECKING:
    from pathlib import Path

    from dagtui.tui.lines.painter import PaintedRows

pytestmark = pytest.mark.anyio


@pytest.fixture(autouse=True)
def _time_for_a_step(monkeypatch: pytest.MonkeyPatch):
    """What a step of a search finds depends on bytes alone, on a busy machine too."""
    monkeypatch.setattr(hits, "STEP_SECONDS", 60.0)


@pytest.fixture
def play(tmp_path: Path) -> PlayedRun:
    tasks = [
        Task("fetch", ShellCommand("curl -fsS $URL"), retry=RetryPolicy(retries=2)),
        Task("refs", ShellCommand("make refs")),
        Task("split", ShellCommand("split in.csv")),
    ]
    graph = Graph(["fetch", "refs", "split"], [(0, 2), (1, 2)], tasks=tasks, directory=tmp_path / "project")
    return PlayedRun(graph, tmp_path / "logs")


def texts(widget: PaintedRows) -> list[str]:
    """The rows of a widget: of a log without the margin, in which the sign of the cursor stands."""
    return [row[1:] if isinstance(widget, LogView) else row for row in whole_rows(widget)]


def rest(pane: LogPane) -> None:
    """Fill the bucket: what comes is drawn at once."""
    pane.view.pace.rate = 10_000_000
    pane.view.pace.spend(-10_000_000)


async def opened(pane: LogPane, node: int = 0, attempt: int | None = None) -> LogPane:
    rest(pane)
    pane.show(node, attempt)
    await until(lambda: pane.window.outer_size.height == pane.size.height - 1)
    pane.flush(pane._run.clock())
    return pane


def chosen(pane: LogPane, first: int, last: int) -> None:
    """Select lines."""
    pane.go_to_line(first)
    pane.toggle_selection()
    pane.go_to_line(last)


def searched(pane: LogPane) -> None:
    """Frames, until there is nothing more to look through."""
    while pane.flush(0.0):
        pass


def below(pane: LogPane) -> str:
    return texts(pane.header)[0]


class TestFollowing:
    async def test_the_end_stays_in_sight_while_the_log_grows(self, play: PlayedRun):
        play.start("fetch")
        play.prints("fetch", lines(1, 30))
        async with mounted(LogPane(play.session())) as pane:
            await opened(pane)
            assert texts(pane.view)[-1] == "line 30"
            play.prints("fetch", lines(31, 33))
            pane.flush(0.0)
            assert texts(pane.view)[-3:] == ["line 31", "line 32", "line 33"]
            assert "+" not in below(pane)

    async def test_scrolled_away_it_stays_and_counts_the_lines_below(self, play: PlayedRun):
        play.start("fetch")
        play.prints("fetch", lines(1, 100))
        async with mounted(LogPane(play.session())) as pane:
            await opened(pane)
            pane.view.scroll_rows(-5)
            pane.flush(0.0)
            before = texts(pane.view)
            assert "+5 lines" in below(pane)
            play.prints("fetch", lines(101, 110))
            pane.flush(0.0)
            assert texts(pane.view) == before
            assert "+15 lines" in below(pane)

    async def test_scrolling_to_the_end_follows_again(self, play: PlayedRun):
        play.start("fetch")
        play.prints("fetch", lines(1, 100))
        async with mounted(LogPane(play.session())) as pane:
            await opened(pane)
            pane.page(-1)
            assert not pane.view.follows
            pane.page(1)
            assert pane.view.follows
            pane.top()
            assert texts(pane.view)[0] == "line 1"
            pane.bottom()
            assert texts(pane.view)[-1] == "line 100"

    async def test_toggled_off_it_stays_though_it_is_at_the_end(self, play: PlayedRun):
        play.start("fetch")
        play.prints("fetch", lines(1, 100))
        async with mounted(LogPane(play.session())) as pane:
            await opened(pane)
            pane.toggle_follow()
            assert not pane.view.follows
            play.prints("fetch", lines(101, 101))
            pane.flush(0.0)
            assert texts(pane.view)[-1] == "line 100"
            pane.toggle_follow()
            assert pane.view.follows
            assert texts(pane.view)[-1] == "line 101"

    async def test_a_short_log_stands_at_the_top_and_grows_downwards(self, play: PlayedRun):
        play.start("fetch")
        play.prints("fetch", b"one\ntw")
        async with mounted(LogPane(play.session())) as pane:
            await opened(pane)
            assert texts(pane.view)[:3] == ["one", "tw", ""]
            play.prints("fetch", b"o\nthree\n")
            pane.flush(0.0)
            assert texts(pane.view)[:3] == ["one", "two", "three"]

    async def test_a_progress_bar_shows_its_last_state(self, play: PlayedRun):
        play.start("fetch")
        play.prints("fetch", b"start\n" + b"".join(b"\r%d%%" % number for number in range(50_000)))
        async with mounted(LogPane(play.session())) as pane:
            await opened(pane)
            assert texts(pane.view)[:2] == ["start", "49999%"]
            play.prints("fetch", b"\rdone\n")
            pane.flush(0.0)
            assert texts(pane.view)[:2] == ["start", "done9%"], "a terminal keeps the rest too"


class TestWhatATerminalWouldShow:
    async def test_what_a_line_overwrites_keeps_the_rest_of_it(self, play: PlayedRun):
        play.start("fetch")
        play.prints("fetch", b"Starting database ............\r[ OK ]\n100 items left\r 99 items left\r  5\n")
        async with mounted(LogPane(play.session())) as pane:
            await opened(pane)
            assert texts(pane.view)[:2] == ["[ OK ]ng database ............", "  5 items left"]

    async def test_what_was_overwritten_is_found_and_said_to_be(self, play: PlayedRun):
        play.start("fetch")
        play.prints("fetch", b"Starting database ............\r[ OK ]\nStarting all\n")
        async with mounted(LogPane(play.session())) as pane:
            await opened(pane)
            pane.find("Starting")
            searched(pane)
            assert "1/2 overwritten since" in below(pane)
            first = strips(pane.view)[0].crop(1)
            assert {segment.style.bgcolor for segment in first if segment.text.strip()} == {
                pane.view.painter.style("rows--hit-current").bgcolor
            }
            pane.find_hit(1)
            assert "2/2" in below(pane)
            assert "overwritten" not in below(pane)

    async def test_lines_that_are_redrawn_are_shown_once(self, play: PlayedRun):
        """As docker compose does it: back to the first line of the block, and over all of them again."""
        play.start("fetch")
        play.prints("fetch", b"pulling\n[+] Running 0/2\n a waits\n b waits\n")
        async with mounted(LogPane(play.session())) as pane:
            await opened(pane)
            assert texts(pane.view)[:5] == ["pulling", "[+] Running 0/2", " a waits", " b waits", ""]
            pane.find("waits")
            searched(pane)
            for number in range(3):
                frame = b"\x1b[3A\x1b[0G\x1b[?25l[+] Running %d/2\n\x1b[2K a %d\n\x1b[2K b %d\n\x1b[?25h"
                play.prints("fetch", frame % (number, number, number))
                pane.flush(0.0)
                searched(pane)
                assert texts(pane.view)[1:5] == [f"[+] Running {number}/2", f" a {number}", f" b {number}", ""]
                assert "1/2 overwritten since" in below(pane)
            play.prints("fetch", b"\x1b[1A\x1b[2K b done\nend\n")
            pane.flush(0.0)
            assert texts(pane.view)[1:6] == ["[+] Running 2/2", " a 2", " b done", "end", ""]
            pane.toggle_numbers()
            assert texts(pane.view)[4] == "   5 end"

    async def test_a_line_that_was_drawn_already_is_redrawn(self, play: PlayedRun):
        play.start("fetch")
        play.prints("fetch", lines(1, 200))
        async with mounted(LogPane(play.session())) as pane:
            await opened(pane)
            pane.move(-3)
            play.prints("fetch", b"\x1b[10A\rone of above\n" + b"\n" * 9)
            pane.flush(0.0)
            assert "one of above" in texts(pane.view)

    async def test_moves_to_the_right_leave_blanks(self, play: PlayedRun):
        play.start("fetch")
        play.prints("fetch", b"name\x1b[20Gsize\x1b[4Cdate\n")
        async with mounted(LogPane(play.session())) as pane:
            await opened(pane)
            assert texts(pane.view)[0] == "name               size    date"

    async def test_a_colour_is_carried_on_until_it_ends(self, play: PlayedRun):
        play.start("fetch")
        play.prints("fetch", b"\x1b[31mError: first line\n  at second line\n  at third line\x1b[0m\nplain\n")
        async with mounted(LogPane(play.session())) as pane:
            await opened(pane)
            colours = [
                segment.style.color
                for strip in strips(pane.view)[:4]
                for segment in strip.crop(1)
                if segment.text.strip()
            ]
            assert [colour.name for colour in colours[:3]] == ["red"] * 3
            assert colours[3] == pane.view.painter.style("rows--plain").color


class TestPainting:
    async def test_nothing_is_refreshed_when_nothing_changed(self, play: PlayedRun, monkeypatch: pytest.MonkeyPatch):
        play.start("fetch")
        play.prints("fetch", lines(1, 100))
        async with mounted(LogPane(play.session())) as pane:
            await opened(pane)
            refreshed = []
            for widget in (pane, pane.view, pane.header, pane.silence):
                monkeypatch.setattr(widget, "refresh", lambda *regions, **_: refreshed.append(regions))
            for _ in range(5):
                assert pane.flush(0.0) is False
            assert refreshed == []
            play.prints("fetch", lines(101, 101))
            pane.flush(0.0)
            assert refreshed

    async def test_only_rows_that_differ_are_refreshed(self, play: PlayedRun, monkeypatch: pytest.MonkeyPatch):
        play.start("fetch")
        play.prints("fetch", b"one\ntwo\n")
        async with mounted(LogPane(play.session())) as pane:
            await opened(pane)
            regions = []
            monkeypatch.setattr(pane.view, "refresh", lambda *given, **_: regions.extend(given))
            play.prints("fetch", b"three\n")
            pane.flush(0.0)
            assert [(region.y, region.height, region.width) for region in regions] == [(1, 1, 1), (2, 1, 6)]

    async def test_a_chatty_task_is_drawn_less_often_but_its_end_is_drawn(self, play: PlayedRun):
        play.start("fetch")
        play.prints("fetch", lines(1, 100))
        async with mounted(LogPane(play.session())) as pane:
            now = [0.0]
            await opened(pane)
            pane.view.pace = LogThrottle(5_000, lambda: now[0])
            drawn = 0
            for frame in range(300):
                now[0] += 1 / 30
                play.prints("fetch", b"%d\n" % frame)
                pane.flush(0.0)
                drawn += texts(pane.view)[-1] == str(frame)
            assert 0 < drawn < 150
            now[0] += 10
            assert pane.flush(0.0) is False
            assert texts(pane.view)[-1] == "299"

    async def test_the_log_of_another_node_is_drawn_at_once_and_only_where_it_differs(
        self, play: PlayedRun, monkeypatch: pytest.MonkeyPatch
    ):
        for name, last in (("fetch", b"ready"), ("refs", b"wrong")):
            play.start(name)
            play.prints(name, lines(1, 5) + last)
        async with mounted(LogPane(play.session())) as pane:
            await opened(pane)
            pane.view.pace = LogThrottle(1, lambda: 0.0)
            pane.view.pace.spend(10_000)
            refreshed: list[object] = []
            monkeypatch.setattr(pane.view, "refresh", lambda *regions: refreshed.extend(regions))
            pane.show(1)
            assert texts(pane.view)[:6] == ["line 1", "line 2", "line 3", "line 4", "line 5", "wrong"]
            assert [(region.x, region.y, region.width) for region in refreshed] == [(1, 5, 5)]

    async def test_what_is_kept_does_not_grow_with_the_log(self, play: PlayedRun):
        play.start("fetch")
        play.prints("fetch", lines(1, 20_000))
        async with mounted(LogPane(play.session())) as pane:
            await opened(pane)
            for _ in range(100):
                pane.page(-1)
            assert len(pane.view.drawing._known) <= pane.view.size.height
            assert len(pane.view._strips) <= pane.view.size.height

    async def test_colours_are_kept(self, play: PlayedRun):
        play.start("fetch")
        play.prints("fetch", b"\x1b[31mred\x1b[0m plain\n")
        async with mounted(LogPane(play.session())) as pane:
            await opened(pane)
            first = strips(pane.view)[0]
            assert next(segment for segment in first if segment.text == "red").style.color.name == "red"
            assert first.text.rstrip() == "▌red plain"

    async def test_it_is_drawn_anew_at_another_size(self, play: PlayedRun):
        play.start("fetch")
        play.prints("fetch", b"0123456789" * 10 + b"\n")
        async with mounted(LogPane(play.session()), size=(80, 10)) as pane:
            await opened(pane)
            assert len(texts(pane.view)[0]) == 79
            pane.styles.width = 41
            rows = ["0123456789" * 4, f"↳ {'0123456789' * 4}"[:40], "↳ 89" + "0123456789" * 2]
            await until(lambda: pane.view.size.width == 41 and texts(pane.view)[:3] == rows)


class TestShowing:
    async def test_long_lines_are_wrapped_or_cut_and_scrolled_sideways(self, play: PlayedRun):
        play.start("fetch")
        text = "".join(f"{number:04}" for number in range(50))
        play.prints("fetch", text.encode() + b"\nshort\n")
        async with mounted(LogPane(play.session()), size=(40, 12)) as pane:
            await opened(pane)
            assert "".join(texts(pane.view)[:6]).replace("↳ ", "") == text
            assert pane.toggle_wrap() is False
            assert texts(pane.view)[:2] == [f"{text[:38]}›", "short"]
            pane.scroll_columns(8)
            assert texts(pane.view)[:2] == [f"‹{text[9:46]}›", "‹"]
            assert "from column 9" in below(pane)
            pane.scroll_columns(1000)
            assert texts(pane.view)[0] == f"‹{text[-18:]}"
            pane.scroll_columns(-1000)
            assert texts(pane.view)[0] == f"{text[:38]}›"

    async def test_times_and_numbers_stand_before_the_lines(self, play: PlayedRun):
        play.start("fetch")
        path = play.prints("fetch", b"one\n" + b"x" * 70 + b"\n")
        write_times(path, [(0, 1_700_000_000.0), (4, 1_700_000_061.0)])
        async with mounted(LogPane(play.session())) as pane:
            await opened(pane)
            pane.toggle_times()
            first, second = (time.strftime("%H:%M:%S", time.localtime(at)) for at in (1_700_000_000, 1_700_000_061))
            assert texts(pane.view)[:2] == [f"{first} one", f"{second} {'x' * 70}"]
            pane.toggle_numbers()
            assert texts(pane.view)[0] == f"{first}    1 one"
            assert texts(pane.view)[1].startswith(f"{second}    2 x")
            assert texts(pane.view)[2] == " " * 14 + "↳ " + "x" * 5
            pane.toggle_times()
            assert texts(pane.view)[0] == "   1 one"

    async def test_lines_that_came_at_once_have_the_time_of_their_file(self, play: PlayedRun):
        play.start("fetch")
        path = play.prints("fetch", b"one\n")
        os.utime(path, (1_700_000_000, 1_700_000_000))
        async with mounted(LogPane(play.session())) as pane:
            await opened(pane)
            pane.toggle_times()
            assert texts(pane.view)[0] == time.strftime("%H:%M:%S one", time.localtime(1_700_000_000))

    async def test_a_large_log_opens_at_its_end_and_gets_its_numbers_later(self, play: PlayedRun):
        play.start("fetch")
        path = play.prints("fetch", b"first\n")
        with path.open("ab") as file:
            for _ in range(20):
                file.write(b"%s\n" % (b"x" * 99) * 10_000)
            file.write(b"last\n")
        async with mounted(LogPane(play.session())) as pane:
            await opened(pane)
            pane.toggle_numbers()
            assert texts(pane.view)[-1].endswith(" last")
            assert "indexing" in below(pane)
            assert "?" in texts(pane.view)[-1]
            while pane.flush(0.0):
                pass
            assert "indexing" not in below(pane)
            assert texts(pane.view)[-1] == "200002 last"
            pane.top()
            assert texts(pane.view)[0].endswith("1 first")

    @pytest.mark.parametrize("after", [b"", b"\nnext\n"], ids=["open", "ended"])
    async def test_the_count_of_a_huge_line_follows_it(self, play: PlayedRun, after: bytes):
        play.start("fetch")
        play.prints("fetch", b"x" * 30_000_000)
        async with mounted(LogPane(play.session()), (60, 400)) as pane:
            await opened(pane)
            play.prints("fetch", after)
            while pane.flush(0.0):
                pass
            assert f"[+{30_000_000 - 16_384:,} chars]" in "".join(texts(pane.view))
            play.prints("fetch", b"y" * 1000)
            pane.flush(0.0)
            grown = 0 if after else 1000
            assert f"[+{30_000_000 + grown - 16_384:,} chars]" in "".join(texts(pane.view))

    async def test_an_unreadable_log_says_why(self, play: PlayedRun, monkeypatch: pytest.MonkeyPatch):
        play.start("fetch")
        async with mounted(LogPane(play.session())) as pane:
            await opened(pane)

            def fail() -> None:
                raise StoreError("can't read the log: input/output error\x1b[2J")

            monkeypatch.setattr(pane._log.file, "refresh", fail)
            pane.flush(0.0)
            assert texts(pane.silence)[0] == "can't read the log: input/output error^[[2J"

    async def test_a_long_name_leaves_room_for_how_the_node_stands(self, tmp_path: Path):
        name = "train[seed=1,size=small]"
        play = PlayedRun(Graph.from_edges([name], []), tmp_path / "logs")
        play.run(name)
        async with mounted(LogPane(play.session()), (34, 10)) as pane:
            await opened(pane)
            assert texts(pane.header)[0] == "✓ train[1,small]  done 3.0 s"


class TestFinding:
    async def test_hits_are_counted_highlighted_and_gone_to(self, play: PlayedRun):
        play.start("fetch")
        play.prints("fetch", lines(1, 200))
        async with mounted(LogPane(play.session())) as pane:
            await opened(pane)
            pane.top()
            pane.find("line 11")
            assert pane.view.finder.tally()[:2] == (1, 11)
            assert "1/11" in below(pane)
            pane.find_hit(1)
            assert "2/11" in below(pane)
            shown = strips(pane.view)
            row = next(strip for strip in shown if strip.text[1:].startswith("line 110"))
            hit = next(segment for segment in row if segment.text == "line 11")
            assert hit.style.bgcolor is not None
            assert hit.style.bgcolor != next(iter(shown[0])).style.bgcolor
            pane.find_hit(-1)
            pane.find_hit(-1)
            assert "11/11" in below(pane)
            assert "line 119" in texts(pane.view)

    async def test_what_is_typed_is_looked_for_from_where_the_typing_began(self, play: PlayedRun):
        play.start("fetch")
        play.prints("fetch", lines(1, 300))
        async with mounted(LogPane(play.session())) as pane:
            await opened(pane)
            pane.top()
            pane.move(150)
            pane.view.flush()
            here = texts(pane.view)
            pane.search.begin()
            pane.find("line 2")
            pane.view.flush()
            assert "line 200" in texts(pane.view)
            pane.find("line 17")
            pane.view.flush()
            assert "line 170" in texts(pane.view), "and not the first one, as from line 200 on"
            pane.give_up_find()
            pane.view.flush()
            assert texts(pane.view) == here
            assert pane.view.finder is None

    async def test_giving_up_follows_the_end_again(self, play: PlayedRun):
        play.start("fetch")
        play.prints("fetch", lines(1, 200))
        async with mounted(LogPane(play.session())) as pane:
            await opened(pane)
            pane.search.begin()
            pane.find("line 70")
            assert not pane.view.follows
            pane.give_up_find()
            assert pane.view.follows

    async def test_what_grows_later_is_found_too(self, play: PlayedRun):
        play.start("fetch")
        play.prints("fetch", b"nothing\n")
        async with mounted(LogPane(play.session())) as pane:
            await opened(pane)
            pane.find("needle")
            assert "no hits" in below(pane)
            play.prints("fetch", b"a needle\n")
            pane.flush(0.0)
            pane.flush(0.0)
            assert "needle 1 hit" in below(pane)

    async def test_an_exclamation_mark_inverts(self, play: PlayedRun):
        play.start("fetch")
        play.prints("fetch", b"DEBUG a\nimportant\nDEBUG b\n")
        async with mounted(LogPane(play.session())) as pane:
            await opened(pane)
            pane.find("!DEBUG")
            assert "1/1" in below(pane)
            pane.clear_find()
            assert "1/1" not in below(pane)

    async def test_the_first_error_is_gone_to(self, play: PlayedRun):
        play.start("fetch")
        play.prints("fetch", lines(1, 50) + b"Traceback (most recent call last):\n" + lines(51, 200))
        async with mounted(LogPane(play.session())) as pane:
            await opened(pane)
            pane.first_error()
            assert any(text.startswith("Traceback") for text in texts(pane.view))
            assert pane.copied_line().text == "Traceback (most recent call last):"

    @pytest.mark.parametrize("printed", [b"all is well\n", b""])
    async def test_no_error_is_said(self, play: PlayedRun, printed: bytes):
        play.start("fetch")
        play.prints("fetch", printed)
        async with mounted(LogPane(play.session())) as pane:
            await opened(pane)
            pane.first_error()
            assert "no line looks like an error" in below(pane)


class TestFindingInLongLines:
    @pytest.fixture(params=["wrapped", "cut"])
    def wraps(self, request: pytest.FixtureRequest) -> bool:
        return request.param == "wrapped"

    @pytest.fixture
    def long_line(self, play: PlayedRun) -> PlayedRun:
        play.start("fetch")
        keys = b",".join(b'"k%d": %d' % (number, number) for number in range(8_000))
        play.prints("fetch", lines(1, 100) + b"{" + keys + b"}\n" + lines(101, 200) + b"k7000 again\n")
        return play

    async def until_there(self, pane: LogPane, text: str) -> None:
        for _ in range(1_000):
            if text.replace(" ", "") in "".join(texts(pane.view)).replace("↳ ", "").replace(" ", ""):
                return
            pane.flush(0.0)
        raise AssertionError(f"{text} is not to be seen: {texts(pane.view)}")

    async def test_a_hit_anywhere_in_it_is_gone_to(self, long_line: PlayedRun, wraps: bool):
        async with mounted(LogPane(long_line.session())) as pane:
            await opened(pane)
            pane.view.wraps = wraps
            pane.top()
            pane.find("k7000")
            await self.until_there(pane, '"k7000": 7000')
            searched(pane)
            assert "1/2" in below(pane)
            row = next(strip for strip in strips(pane.view) if '"k7000"' in strip.text)
            hit = pane.view.painter.style("rows--hit-current").bgcolor
            assert any(segment.text == "k7000" and segment.style.bgcolor == hit for segment in row)
            pane.find_hit(1)
            await self.until_there(pane, "k7000 again")
            pane.find_hit(-1)
            await self.until_there(pane, '"k7000": 7000')
            pane.find("k3000")
            await self.until_there(pane, '"k3000": 3000')
            pane.clear_find()
            pane.top()
            pane.find("k12,")
            searched(pane)
            assert "no hits" in below(pane)

    async def test_all_hits_of_it_are_gone_to_in_both_directions(self, long_line: PlayedRun, wraps: bool):
        async with mounted(LogPane(long_line.session())) as pane:
            await opened(pane)
            pane.view.wraps = wraps
            pane.top()
            pane.find("k777")
            wanted = ['"k777"', *(f'"k777{digit}"' for digit in range(10))]
            seen: list[str] = []
            for _ in range(len(wanted)):
                searched(pane)
                shown = "".join(texts(pane.view))
                seen += [key for key in wanted if key in shown and key not in seen]
                if seen == wanted:
                    break
                pane.find_hit(1)
            assert seen == wanted
            for _ in range(len(wanted)):
                pane.find_hit(-1)
                searched(pane)
                if '"k777"' in "".join(texts(pane.view)):
                    return
            raise AssertionError("the first one is not gone back to")

    async def test_the_first_error_is_shown_where_it_stands(self, play: PlayedRun, wraps: bool):
        play.start("fetch")
        play.prints("fetch", b"x " * 30_000 + b"fatal: it broke " + b"y " * 30_000 + b"\nmore\n")
        async with mounted(LogPane(play.session())) as pane:
            await opened(pane)
            pane.view.wraps = wraps
            pane.first_error()
            await self.until_there(pane, "fatal: it broke")

    async def test_of_a_huge_line_each_frame_looks_at_a_part(self, play: PlayedRun):
        play.start("fetch")
        play.prints("fetch", b"x" * 15_000_000 + b" needle " + b"y" * 15_000_000)
        async with mounted(LogPane(play.session())) as pane:
            await opened(pane)
            pane.find("needle")
            assert "1/1" not in below(pane)
            await self.until_there(pane, " needle ")


class TestAttempts:
    async def test_a_new_attempt_is_shown_unless_another_one_was_chosen(self, play: PlayedRun):
        play.start("fetch")
        play.prints("fetch", b"first try\n")
        play.end("fetch", 1)
        play.wake(5.0)
        play.start("fetch")
        play.prints("fetch", b"second try\n")
        async with mounted(LogPane(play.session())) as pane:
            await opened(pane)
            assert texts(pane.view)[0] == "second try"
            assert "attempt 2  " in below(pane)
            pane.previous_attempt()
            assert texts(pane.view)[0] == "first try"
            assert "attempt 1, the latest is 2" in below(pane)
            pane.previous_attempt()
            assert pane.attempt == 1
            pane.next_attempt()
            assert pane.pinned is None
            assert texts(pane.view)[0] == "second try"

    async def test_state_goes_to_another_pane(self, play: PlayedRun):
        play.start("fetch")
        play.prints("fetch", lines(1, 100))
        session = play.session()
        async with mounted(LogPane(session)) as pane:
            await opened(pane)
            pane.toggle_wrap()
            pane.toggle_numbers()
            pane.top()
            pane.move(3)
            state, shown = pane.dump_state(), texts(pane.view)
        async with mounted(LogPane(session)) as pane:
            rest(pane)
            pane.restore_state(state)
            await until(lambda: pane.view.size.height > 0)
            pane.restore_state(state)
            pane.flush(0.0)
            assert texts(pane.view) == shown


class TestCopying:
    async def test_a_line_is_copied_whole_with_its_tabs_and_without_colours(self, play: PlayedRun):
        long = "".join(f"cell {number}\t" for number in range(10_000)) + "end"
        play.start("fetch")
        data = f"a\t\x1b[31mred\x1b[0m\tb\r\n{long}\n50 %\t\rdone\tnow\n\x1b]52;c;eA==\x07\x9b1A\ufffe\n"
        play.prints("fetch", data.encode())
        async with mounted(LogPane(play.session())) as pane:
            await opened(pane)
            chosen(pane, 0, 3)
            copied = pane.copied_line()
            assert copied.text.split("\n") == ["a\tred\tb", long, "done    now", "\\x9b1A\\ufffe"]
            assert copied.remark == ""

    async def test_what_is_left_out_is_said(self, play: PlayedRun, monkeypatch: pytest.MonkeyPatch):
        play.start("fetch")
        play.prints("fetch", b"x\n" * 25_000 + b"y" * 3_000 + b"\n")
        async with mounted(LogPane(play.session())) as pane:
            await opened(pane)
            chosen(pane, 0, 25_000)
            copied = pane.copied_line()
            assert copied.text == "\n".join("x" * 10_000)
            assert copied.remark == "only the first 10,000 of 25,001 lines"
            monkeypatch.setattr("dagtui.tui.log.attempt_log.MOST_CHARACTERS", 2_000)
            chosen(pane, 25_000, 25_000)
            assert pane.copied_line().text == "y" * 2_000
            assert pane.copied_line().remark == "line 25,001 without its last 1.0 kB"
            chosen(pane, 0, 24_999)
            assert pane.copied_line().remark == "only the first 1,000 of 25,000 lines"


class TestEndings:
    async def test_a_failure_ends_with_what_helps_to_repeat_it(self, play: PlayedRun):
        play.start("refs")
        path = play.prints("refs", b"boom\n")
        play.end("refs", 3, after=185.0)
        async with mounted(LogPane(play.session())) as pane:
            await opened(pane, 1)
            shown = "\n".join(texts(pane.view))
            assert "exit 3 after 3 m 05 s" in shown
            copied = pane.copied_failure().text
            assert copied.splitlines()[0] == "refs: exit 3 after 3 m 05 s"
            assert "command   make refs" in copied
            assert f"log       {path}" in copied
            assert "cwd" in copied

    async def test_the_block_is_there_without_output_too(self, play: PlayedRun):
        play.start("refs")
        play.end("refs", kind=EndKind.COULD_NOT_START, text="no such file: make")
        async with mounted(LogPane(play.session())) as pane:
            await opened(pane, 1)
            await until(lambda: any(texts(pane.silence)))
            shown = "\n".join(texts(pane.silence))
            assert "could not start: no such file: make" in shown
            assert "command   make refs" in shown
            assert "command   make refs" in pane.copied().text

    @pytest.mark.parametrize(
        ("script", "rest_of_it"),
        [
            ("\n".join(f"step {number}" for number in range(1, 31)), "and 27 more lines: see Details"),
            ("x" * 3000, "see Details for the full text"),
            ("x" * 3000 + "\nstep 2", "and 1 more line: see Details"),
            ("x" * 9000, "copy it for the full text"),
            ("x" * 9000 + "\nstep 2\nstep 3\nstep 4\nstep 5", "and 4 more lines: copy it for the full text"),
        ],
    )
    async def test_a_long_command_leaves_what_was_printed_in_sight(
        self, tmp_path: Path, script: str, rest_of_it: str
    ) -> None:
        graph = Graph(["long"], [], tasks=[Task("long", ShellCommand(script))], directory=tmp_path)
        play = PlayedRun(graph, tmp_path / "logs")
        play.start("long")
        play.prints("long", b"the reason\n")
        play.end("long", 1)
        async with mounted(LogPane(play.session()), (60, 18)) as pane:
            await opened(pane)
            shown = "\n".join(texts(pane.view))
            assert "the reason" in shown
            assert rest_of_it in shown
            assert script in pane.copied_failure().text.replace("\n          ", "\n"), "copied it is whole"

    async def test_a_retry_to_come_is_announced(self, play: PlayedRun):
        play.start("fetch")
        play.prints("fetch", b"first try\n")
        play.end("fetch", 1)
        async with mounted(LogPane(play.session())) as pane:
            await opened(pane)
            assert "retrying" in "\n".join(texts(pane.view))
            assert "attempt 1 of 3" in "\n".join(texts(pane.view))

    async def test_the_block_is_built_when_what_it_shows_changes(
        self, play: PlayedRun, monkeypatch: pytest.MonkeyPatch
    ):
        play.start("fetch")
        play.prints("fetch", b"first try\n")
        play.end("fetch", 1)
        session = play.session()
        built = []
        real = log_footer.failure_facts
        monkeypatch.setattr(log_footer, "failure_facts", lambda *about: built.append(about) or real(*about))
        async with mounted(LogPane(session)) as pane:
            await opened(pane)
            for _ in range(20):
                pane.flush(session.clock())
            assert len(built) == 1
            play.give(CommandKind.SKIP, "fetch")
            for event in play.traversal.take()[0]:
                session.state.apply(event)
            pane.flush(session.clock())
            assert len(built) == 2
            assert "retrying" not in "\n".join(texts(pane.view))

    @pytest.mark.parametrize(
        ("script", "node", "words"),
        [
            ([], 2, "waiting: 0 / 2 parents settled"),
            ([("start", "fetch")], 0, "no output yet, running for 0 s"),
            ([("start", "refs"), ("end", "refs")], 1, "succeeded without output"),
            ([("start", "refs"), ("fail", "refs")], 1, "failed without output"),
            ([("start", "refs"), ("fail", "refs")], 2, "has not started, blocked by"),
            ([("cancel", "split")], 2, "did not run: cancelled"),
            ([("mark", "split")], 2, "did not run: marked done by a person"),
            ([("skip", "split")], 2, "did not run: skipped by a person"),
        ],
    )
    async def test_without_output_it_says_why(
        self, play: PlayedRun, script: list[tuple[str, str]], node: int, words: str
    ):
        commands = {"cancel": CommandKind.CANCEL, "mark": CommandKind.MARK_DONE, "skip": CommandKind.SKIP}
        for what, label in script:
            if what == "start":
                play.start(label)
            elif what in commands:
                play.give(commands[what], label)
            else:
                play.end(label, 1 if what == "fail" else 0)
        async with mounted(LogPane(play.session())) as pane:
            await opened(pane, node)
            await until(lambda: texts(pane.silence)[:1] == [words])

    async def test_parents_that_are_waited_for_lead_to_themselves(self, play: PlayedRun):
        play.start("refs")
        async with mounted(LogPane(play.session(12.0))) as pane:
            await opened(pane, 2)
            named = ["▶ refs  running 12 s", "○ fetch  queued"]
            await until(lambda: [text.strip() for text in texts(pane.silence)[2:4]] == named)
            pane.silence.focus()
            await until(lambda: pane.silence.has_focus)
            assert pane.activate()
            await until(lambda: bool(pane.app.jumps))
            assert pane.app.jumps == [1]

    async def test_output_that_comes_takes_the_page_away(self, play: PlayedRun):
        play.start("fetch")
        async with mounted(LogPane(play.session())) as pane:
            await opened(pane)
            pane.window.focus()
            await until(lambda: pane.silence.has_focus)
            play.prints("fetch", b"at last\n")
            pane.flush(0.0)
            await until(lambda: pane.view.size.height > 0 and pane.view.has_focus)
            pane.flush(0.0)
            assert texts(pane.view)[0] == "at last"


HOSTILE = [
    b"\x1b]52;c;aGVsbG8=\x07copied",
    b"\x1bPq#0;2;0;0;0\x1b\\ sixel",
    b"\x90dcs\x9c \x9b31m c1 \x85",
    "right \u202e to left \u2066 isolate \u200f".encode(),
    b"[bold]markup[/foo] [@click=app.exit]x[/]",
    b"\r".join(b"%d%%" % number for number in range(5000)),
    b"x" * 1_000_000,
    b"nul\x00nul\x00",
    b"\xff\xfe\xc0\xaf invalid \xed\xa0\x80",
    b"\x1b[2J\x1b[H\x1b[?1049l\x1bc clear",
    b"\x08\x08\x08back \x0e shift \x7f",
    "e\u0301\u0301\u0301 zalgo \U000e0041 tag \ufeff".encode(),
    b"\x1b[31" * 500,
    "漢字かな한글 wide 🙂👩‍👩‍👧".encode(),
]


@pytest.mark.parametrize("size", [(80, 40), (40, 12), (3, 3)])
async def test_nothing_hostile_gets_through(play: PlayedRun, size: tuple[int, int]):
    play.start("fetch")
    play.prints("fetch", b"\n".join(HOSTILE) + b"\n")
    play.end("fetch", 1)
    async with mounted(LogPane(play.session()), size=size) as pane:
        await opened(pane)
        for step in (pane.toggle_wrap, pane.toggle_times, pane.toggle_numbers, pane.toggle_wrap, pane.top):
            step()
            for _ in range(20):
                for strip in [*strips(pane.view), *strips(pane.header)]:
                    assert not re.search(f"[{FORBIDDEN}]", strip.text)
                    assert all(segment.control is None for segment in strip)
                    assert not any(segment.style and (segment.style.link or segment.style.meta) for segment in strip)
                    assert strip.cell_length == pane.view.size.width
                pane.page(1)


async def test_ascii_mode_shows_ascii_only(play: PlayedRun):
    play.start("fetch", "refs")
    play.prints("refs", b"plain\n")
    play.end("refs", 2)
    async with mounted(LogPane(play.session(), look=IN_ASCII)) as pane:
        for node in (0, 1, 2):
            await opened(pane, node)
            for widget in (pane.header, pane.view, pane.silence):
                assert "".join(texts(widget)).isascii()
