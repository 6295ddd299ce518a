"""Columns hold on terminals that find characters wider or narrower than we do."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

import pyte
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console
from rich.segment import Segment
from rich.style import Style
from textual._compositor import LayoutUpdate
from textual.app import App
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget
from tui.widget_harness import WidgetHarness
from wcwidth import wcwidth

from dagtui.text import label
from dagtui.text.look import UNICODE
from dagtui.tui.lines.compositor import AnchoredLayout, TightUpdate
from dagtui.tui.lines.doubtful import is_doubtful
from dagtui.tui.lines.painter import PaintedRows
from dagtui.tui.lines.prompt_screen import PromptScreen

if TYPE_CHECKING:
    from textual.app import ComposeResult

CONSOLE = Console(color_system=None)
WIDTH = 40
NAMES = [
    "👋🏽 wave",
    "✍🏽 hand",
    "क्षत्रिय",
    "👩‍👩‍👧 three",
    "🇩🇪🇫🇷 flags",
    "1\ufe0f\u20e3 key",
    "❤\ufe0f heart",
    "e\u0301t\u0308 marks",
    "ก็ นี่ thai",
    "\u1112\u1161\u11ab jamo",
    "\U0001fae9 new",
    "\U0001fb00 legacy",
    "☰ trigram",
    "한글 日本 sure",
    "ascii",
]


@pytest.fixture(params=[1, 2], ids=["narrow", "wide"])
def terminal(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> pyte.Screen:
    """A terminal that finds every doubtful character one cell wide, or every one two, full of older text."""
    monkeypatch.setattr(
        pyte.screens, "wcwidth", lambda char: request.param if is_doubtful(char) else max(1, cell_len(char))
    )
    screen = pyte.Screen(WIDTH, 4)
    screen.reset_mode(7 << 5)  # no wrapping, as the driver sets it
    pyte.Stream(screen).feed("\r\n".join("?" * WIDTH for _ in range(4)))
    return screen


def shown(screen: pyte.Screen, row: int) -> str:
    """The row by cells."""
    return "".join(screen.buffer[row][x].data[:1] or " " for x in range(screen.columns))


class Column(Widget):
    """A name and sure words behind it, at the right edge."""

    DEFAULT_CSS = "Column { width: 20; height: 4; }"

    def __init__(self, names: list[str], words: str) -> None:
        super().__init__()
        self._names, self._words = names, words

    def render_line(self, y: int) -> Strip:
        name = Segment(self._names[y], Style(bold=True))
        free = self.size.width - name.cell_length - len(self._words)
        return Strip([name, Segment(" " * free + self._words)])


class TwoColumns(PromptScreen[None]):
    DEFAULT_CSS = "TwoColumns { layout: horizontal; }"
    names: list[str]

    def compose(self) -> ComposeResult:
        yield Column(self.names, "left")
        yield Column(["log"] * 4, "right")


class Named(App[None]):
    def __init__(self, names: list[str]) -> None:
        super().__init__()
        self._names = names

    def get_default_screen(self) -> TwoColumns:
        screen = TwoColumns()
        screen.names = self._names
        return screen


@pytest.mark.anyio
@pytest.mark.parametrize("first", range(0, len(NAMES), 4))
async def test_what_stands_behind_a_name_stands_where_it_belongs(terminal: pyte.Screen, first: int) -> None:
    names = [*NAMES[first : first + 4], *["-"] * 4][:4]
    app = Named(names)
    async with app.run_test(size=(WIDTH, 4)) as pilot:
        await pilot.pause()
        compositor = app.screen._compositor
        stream = pyte.Stream(terminal)
        stream.feed(compositor.render_update(full=True).render_segments(CONSOLE))  # type: ignore[union-attr]
        for y in range(4):
            assert shown(terminal, y)[16:] == "left" + "log".ljust(15) + "right"
            assert "?" not in shown(terminal, y)
        # Only the names: what a wider one covers is painted again, too.
        compositor._dirty_regions.update(Region(0, y, cell_len(name), 1) for y, name in enumerate(names))
        stream.feed(compositor.render_update().render_segments(CONSOLE))  # type: ignore[union-attr]
        for y in range(4):
            assert shown(terminal, y)[16:] == "left" + "log".ljust(15) + "right"


@given(text=st.lists(st.sampled_from([*"aé─▶", " ", "日", "👋🏽", "e\u0301", "क्ष", "🇩"]), max_size=12).map("".join))
def test_nothing_is_added_but_moves_and_blanks_below_them(text: str) -> None:
    strip = Strip([Segment(text), Segment("  |end")])
    width = strip.cell_length
    codes = TightUpdate([{0: strip}], [(0, 0, width)], [[width]]).render_segments(CONSOLE)
    if not is_doubtful(text):
        assert codes == f"\x1b[1;1H{text}  |end"
        return
    screen = pyte.Screen(60, 1)
    pyte.Stream(screen).feed(codes)
    assert shown(screen, 0)[width - 4 : width] == "|end"
    assert all(character in codes for character in text)


def test_what_takes_more_cells_than_it_should_is_whole_where_blanks_follow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pyte.screens, "wcwidth", lambda _: 1)
    name = "क्षत्रिय"
    strip = Strip([Segment(f"{name} or so"), Segment("    done", Style(bold=True)), Segment(f"  {name} b", Style())])
    width = strip.cell_length
    screen = pyte.Screen(50, 1)
    pyte.Stream(screen).feed(TightUpdate([{0: strip}], [(0, 0, width)], [[width]]).render_segments(CONSOLE))
    assert shown(screen, 0).rstrip() == f"{name} or so done  {name} b"


def test_a_phrase_is_cut_into_words_where_it_might_reach_into_the_next_pane(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pyte.screens, "wcwidth", lambda _: 1)
    strip = Strip([Segment("क्षत्रिय so  ")])
    width = strip.cell_length
    screen = pyte.Screen(20, 1)
    stream = pyte.Stream(screen)
    stream.feed("|" * 20)
    stream.feed(TightUpdate([{0: strip}], [(0, 0, width)], [[width, 20]]).render_segments(CONSOLE))
    assert shown(screen, 0) == "क्षत्रso".ljust(width)[:width] + "|" * (20 - width)


def test_a_part_of_a_row_behind_such_a_word_is_written_with_it() -> None:
    strip = Strip([Segment("नि wave"), Segment("  12 s")])
    update = TightUpdate([{0: strip}], [(0, 8, 12)], [[12]])
    assert update.render_segments(CONSOLE) == "\x1b[1;9H12 s"
    update = TightUpdate([{0: strip}], [(0, 2, 6)], [[12]])
    assert "नि wave" in update.render_segments(CONSOLE)


@pytest.mark.parametrize("text", ["👋🏽   wave", "'✍🏽' wave", "नि 👋🏽  wave"])
def test_a_colour_of_skin_that_takes_cells_of_its_own_is_written_over(
    text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pyte.screens, "wcwidth", lambda char: 2 if char in "👋🏽" else 1)
    strip = Strip([Segment(text)])
    width = strip.cell_length
    screen = pyte.Screen(30, 1)
    pyte.Stream(screen).feed(TightUpdate([{0: strip}], [(0, 0, width)], [[width]]).render_segments(CONSOLE))
    assert "🏽" not in shown(screen, 0)
    assert shown(screen, 0)[width - 4 :].rstrip() == "wave"


class Words(PaintedRows):
    words = "क्षत्रिय"

    def draw(self, width: int, height: int) -> list[Strip]:
        return [Strip([Segment(self.words)]).crop(0, width)][:height]


class WordsApp(WidgetHarness[Words]):
    def get_default_screen(self) -> PromptScreen[None]:
        return PromptScreen()


@pytest.mark.anyio
async def test_what_a_word_took_too_much_is_painted_over_when_it_has_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pyte.screens, "wcwidth", lambda _: 1)
    words = Words()
    app = WordsApp(words)
    screen = pyte.Screen(20, 2)
    stream = pyte.Stream(screen)
    async with app.run_test(size=(20, 2)) as pilot:
        await pilot.pause()
        compositor = app.screen._compositor
        stream.feed(compositor.render_update(full=True).render_segments(CONSOLE))  # type: ignore[union-attr]
        words.words = "abc"
        compositor._dirty_regions.update(words.paint(*words.changed_rows()))
        stream.feed(compositor.render_update().render_segments(CONSOLE))  # type: ignore[union-attr]
        assert shown(screen, 0).rstrip() == "abc"


def test_what_the_screen_is_drawn_with_is_sure() -> None:
    drawn = "".join(["".join(signs) for signs in UNICODE] + ["…→↳›█▓░▁▂▃▄▅▆▇━╺╸│─┌┐└┘"])
    assert not is_doubtful(drawn)


def test_of_what_is_sure_others_find_the_same_width() -> None:
    sure = (chr(code) for code in range(0x20, 0x40000) if not 0xD800 <= code < 0xE000)
    known = [c for c in sure if not is_doubtful(c) and unicodedata.category(c) != "Cn" and label(c) == c]
    assert len(known) > 90_000
    assert [f"U+{ord(c):04X}" for c in known if wcwidth(c) != cell_len(c)] == []


def test_a_screen_of_sure_characters_costs_what_it_cost() -> None:
    rows = [[Strip([Segment("├─▶ größer")]), Strip([Segment(" 日本 │")])], [Strip([Segment("plain")])]]
    region = Region(0, 0, WIDTH, 2)
    codes = AnchoredLayout(rows, region).render_segments(CONSOLE)  # type: ignore[arg-type]
    assert codes == LayoutUpdate(rows, region).render_segments(CONSOLE)  # type: ignore[arg-type]
