"""The last filter lets real frames through unchanged, and nothing else."""

from __future__ import annotations

import pytest
from textual.app import App, ComposeResult
from textual.containers import Horizontal, VerticalScroll
from textual.widgets import Button, DataTable, Footer, Header, Input, Markdown, ProgressBar, Static, TextArea, Tree

from dagtui.tui.terminal.frame_filter import frame_filter

pytestmark = pytest.mark.anyio


class ManyWidgets(App[None]):
    def compose(self) -> ComposeResult:
        yield Header()
        with Horizontal():
            tree: Tree[None] = Tree("the tree")
            for name in ["one", "größer", "三", "👩‍👩‍👧", "\N{RIGHTWARDS ARROW WITH HOOK} other"]:
                tree.root.add(name, expand=True).add_leaf("leaf")
            tree.root.expand()
            yield tree
            with VerticalScroll():
                yield Markdown("# Title\n\n`code` *italic* **bold** [link](x)\n\n- one\n- two")
                yield Static("[red on blue]colours[/] [bold dim italic underline strike reverse]all[/]\u00a0hard")
                yield Button("Go", variant="success")
                yield ProgressBar(total=10)
                yield Input("typed")
                yield TextArea("some\ntext")
                table: DataTable[str] = DataTable()
                table.add_columns("a", "b")
                table.add_row("1", "2")
                yield table
        yield Footer()


@pytest.mark.parametrize("size", [(60, 20), (80, 24), (200, 50)])
async def test_frames_of_textual_pass_unchanged(size: tuple[int, int]):
    app = ManyWidgets()
    async with app.run_test(size=size) as pilot:
        await pilot.press("tab", "down")
        compositor = app.screen._compositor
        for frame in [compositor.render_update(full=True), partial_update(app)]:
            codes = frame.render_segments(app.console)
            assert codes.count("\x1b") > 20
            whole = f"\x1b[?2026h{codes}\x1b[12;7H\x1b[?2026l"
            assert frame_filter(whole) == whole


def partial_update(app: App[None]):
    compositor = app.screen._compositor
    compositor._dirty_regions.clear()
    widgets = {widget for widget in app.screen.query("*") if widget.display}
    for widget in widgets:
        widget.refresh()
    compositor.update_widgets(widgets)
    return compositor.render_partial_update()


@pytest.mark.parametrize(
    "code",
    [
        "\x1b]52;c;aGk=\x07", "\x1b]0;title\x1b\\", "\x1b]8;;http://x\x1b\\", "\x1bP$qm\x1b\\", "\x1b_Gx\x1b\\",
        "\x1b[6n", "\x1b[c", "\x1b[?1049l", "\x1b[?25h", "\x1b[2J", "\x1b[5A", "\x1b[1;2", "\x1bc", "\x1b(0", "\x1b",
        "\x1b[H", "\x1b[?2026$p", "\x1b[>4;2m", "\x1b[1 q", "\x9b5n", "\x9d52;c;x\x9c", "\x07", "\x08", "\t", "\r",
        "\x0e", "\x00", "\x7f", "\u202e", "\u2066", "\u200f", "\u2028", "\U000e0041", "\ud800",
    ],
    ids=ascii,
)  # fmt: skip
def test_any_other_code_loses_what_makes_it_one(code: str):
    frame = f"\x1b[1mbefore{code}after\x1b[0m"
    shown = frame_filter(frame)
    assert shown != frame
    assert shown.startswith("\x1b[1mbefore")
    assert shown.endswith("after\x1b[0m")
    assert shown[4:-4].isprintable()
    assert "\x1b" not in shown[4:-4]
    assert frame_filter(shown) == shown


@pytest.mark.parametrize("text", ["👩‍👩‍👧", "\ue0b0", "a\u00a0b", "é", "e\u0301", "三"])
def test_text_that_is_only_unusual_passes(text: str):
    assert frame_filter(text) == text
