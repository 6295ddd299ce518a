from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest
from support.waiting import until
from textual.events import MouseScrollDown, MouseScrollUp
from tui.graph.samples import chain, matrix_graph, ran, still
from tui.widget_harness import WidgetHarness

from dagtui.engine.events import NodeEvent
from dagtui.engine.status import NodeStatus
from dagtui.graph.model import Graph
from dagtui.text.look import IN_ASCII, IN_UNICODE, UNICODE, Look
from dagtui.tui.graph.guides import marker_column
from dagtui.tui.graph.tree import TreePane
from dagtui.tui.graph.views import View

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from textual.geometry import Region
    from textual.pilot import Pilot

    from dagtui.runs.view import RunView

pytestmark = pytest.mark.anyio

HOSTILE = [
    "\x1b]52;c;aGk=\x07\x1b[31mred",
    "[/red][@click=app.quit]quit[/]",
    "a\u202eb\u2066c",
    "日本語のとても長い名前" * 4,
    "new\nline\ttab",
]


class RecordingPane(TreePane):
    """Remembers what it was told to refresh."""

    def __init__(self, session: RunView, *, look: Look = IN_UNICODE) -> None:
        super().__init__(session, look)
        self.navigator.show(View.DEPENDENCY)
        self.refreshed: list[Region] = []
        self.refreshed_whole = 0

    def refresh(
        self, *regions: Region, repaint: bool = True, layout: bool = False, recompose: bool = False
    ) -> TreePane:
        self.refreshed += regions
        self.refreshed_whole += not regions
        return super().refresh(*regions, repaint=repaint, layout=layout, recompose=recompose)

    def forget(self) -> None:
        self.refreshed, self.refreshed_whole = [], 0


class OneTree(WidgetHarness[RecordingPane]):
    """Remembers what the pane says."""

    def __init__(self, pane: RecordingPane) -> None:
        super().__init__(pane)
        self.said: list[tuple[str, int | None]] = []

    def on_tree_pane_selected(self, message: TreePane.Selected) -> None:
        self.said.append(("selected", message.node))

    def on_tree_pane_opened(self, message: TreePane.Opened) -> None:
        self.said.append(("opened", message.node))


@asynccontextmanager
async def showing(
    session: RunView, size: tuple[int, int] = (80, 24), *, look: Look = IN_UNICODE
) -> AsyncIterator[tuple[OneTree, RecordingPane, Pilot[None]]]:
    pane = RecordingPane(session, look=look)
    app = OneTree(pane)
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        pane.forget()
        yield app, pane, pilot


def lines(pane: TreePane) -> list[str]:
    return [pane.render_line(y).text for y in range(pane.size.height)]


@pytest.mark.parametrize("width", [24, 40, 80, 120])
@pytest.mark.parametrize("look", [IN_UNICODE, IN_ASCII], ids=["unicode", "ascii"])
async def test_hostile_labels_stay_in_their_row(width: int, look: Look) -> None:
    graph = Graph(HOSTILE, [(0, 1), (0, 2), (2, 3)])
    session = still(graph, [*ran(0, 1, 2), *ran(1, 2, 5, code=1), *ran(2, 3)])
    async with showing(session, (width, 12), look=look) as (app, pane, _):
        for y in range(12):
            strip = pane.render_line(y)
            assert strip.cell_length == width
            assert strip.text.isprintable()
            assert not any(character in strip.text for character in "\u202e\u2066\x1b\x07")
        assert app.export_screenshot()


async def test_nothing_changed_paints_nothing() -> None:
    session = still(matrix_graph(), [*ran(0, 1, 5)])
    async with showing(session) as (_, pane, _):
        for _ in range(3):
            assert pane.flush(100.0) == 0
        assert pane.flush(101.0) == 0  # nothing runs: no clock to show
        assert not pane.refreshed
        assert not pane.refreshed_whole


async def test_a_change_refreshes_its_row_and_no_other() -> None:
    graph = chain(10)
    session = still(graph)
    async with showing(session) as (_, pane, pilot):
        session.state.apply(ran(3, 100)[0])
        assert pane.flush(100.0) == 1
        assert [(region.y, region.height) for region in pane.refreshed] == [(3, 1)]
        assert not pane.refreshed_whole
        await pilot.pause()
        assert "▶ n3" in lines(pane)[3]
        assert pane.flush(100.5) == 0


async def test_a_change_out_of_sight_refreshes_nothing() -> None:
    session = still(chain(200))
    async with showing(session) as (_, pane, _):
        session.state.apply(ran(150, 100)[0])
        assert pane.flush(100.0) == 0
        assert not pane.refreshed


async def test_a_running_row_refreshes_the_cells_of_its_time_once_a_second() -> None:
    session = still(chain(10), ran(4, 90))
    async with showing(session) as (_, pane, pilot):
        assert pane.flush(100.4) == 0
        assert pane.flush(101.0) == 1
        (region,) = pane.refreshed
        assert (region.y, region.height) == (4, 1)
        assert region.width < 10
        await pilot.pause()
        assert lines(pane)[4].rstrip().endswith("11 s")


async def test_a_node_that_ends_while_only_its_clock_is_painted_gets_its_other_cells_painted_next() -> None:
    started, ended = ran(3, 100, 102)
    session = still(chain(10), [started])
    async with showing(session) as (_, pane, pilot):
        assert pane.flush(101.0) == 1
        session.state.apply(ended)  # between the request to paint the cells of its time and the painting of them
        await pilot.pause()
        pane.forget()
        before = lines(pane)[3]
        assert pane.flush(102.0) == 1
        assert {region.y for region in pane.refreshed} == {3}
        painted = {x for region in pane.refreshed for x in range(region.x, region.right)}
        assert {x for x in range(80) if before[x] != lines(pane)[3][x]} <= painted
        await pilot.pause()
        assert "✓ n3" in lines(pane)[3]
        assert pane.flush(102.1) == 0


async def test_a_folded_matrix_refreshes_its_counts() -> None:
    graph = matrix_graph(20)
    session = still(graph, ran(0, 1, 2))
    async with showing(session) as (_, pane, pilot):
        for node in range(1, 6):
            for event in ran(node, 50, 60):
                session.state.apply(event)
        assert pane.flush(100.0) == 2
        await pilot.pause()
        assert "✓5" in lines(pane)[1]
        assert "·15" in lines(pane)[1]
        assert lines(pane)[2].rstrip().endswith("5/20")


async def test_waiting_rows_follow_their_parents() -> None:
    graph = Graph(["a", "b", "end"], [(0, 2), (1, 2)])
    session = still(graph)
    async with showing(session) as (_, pane, pilot):
        for event in ran(0, 50, 60):
            session.state.apply(event)
        assert pane.flush(100.0) >= 2
        await pilot.pause()
        assert any("end" in line and "1/2" in line for line in lines(pane))


async def test_moving_the_cursor_repaints_two_rows_and_marks_the_new_one() -> None:
    async with showing(still(Graph([*"abcdefghij"], []))) as (_, pane, pilot):
        assert lines(pane)[0].startswith("▌")
        pane.move(2)
        assert sorted(region.y for region in pane.refreshed) == [0, 2]
        assert not pane.refreshed_whole
        await pilot.pause()
        assert [line[0] for line in lines(pane)[:3]] == [" ", " ", "▌"]
        assert pane.cursor_node == 2


async def test_the_rows_that_parents_and_children_stand_in_are_marked() -> None:
    graph = Graph([*"abcdefgh"], [(0, 3), (3, 5), (3, 6), (6, 7)])
    async with showing(still(graph)) as (_, pane, pilot):
        pane.select(3)
        await pilot.pause()
        pane.refreshed.clear()
        rows = {line.split()[-1]: line[0] for line in lines(pane) if line.strip()}
        assert rows == {"a": "(", "d": "▌", "f": ")", "g": ")", "h": " ", "b": " ", "c": " ", "e": " "}
        pane.select(1)
        await pilot.pause()
        assert {line[0] for line in lines(pane) if line.strip()} == {" ", "▌"}
        pane.select(6)
        pane.navigator.outline.fold(0)
        pane.navigator.to_row(1)
        pane.follow()
        await pilot.pause()
        assert lines(pane)[0].startswith(" ")


async def test_where_the_cursor_rests_is_said_once_for_many_steps() -> None:
    async with showing(still(chain(40))) as (app, pane, _pilot):
        await until(lambda: app.said == [("selected", 0)] and pane._pausing is None)
        for _ in range(20):
            pane.move(1)
        await until(lambda: app.said[-1] == ("selected", 20))
        assert len(app.said) <= 3


async def test_a_row_that_is_no_node_is_said_as_none_and_opening_it_unfolds_it() -> None:
    graph = matrix_graph(20)
    async with showing(still(graph)) as (app, pane, _pilot):
        pane.move(1)
        await until(lambda: app.said[-1] == ("selected", None))
        pane.open_cursor()
        assert len(pane.outline) == 24
        pane.move(1)
        pane.open_cursor()
        await until(lambda: ("opened", 1) in app.said)


async def test_pages_and_ends() -> None:
    async with showing(still(chain(200)), (60, 20)) as (_, pane, pilot):
        pane.page(1)
        assert pane.navigator.row == 19
        pane.page(0.5)
        assert pane.navigator.row == 28
        pane.bottom()
        await pilot.pause()
        assert pane.navigator.row == 199
        assert "n199" in lines(pane)[-1]
        pane.page(-1)
        pane.top()
        await pilot.pause()
        assert pane.scroll_offset.y == 0


async def test_the_row_with_the_cursor_stays_where_it_is_when_others_fold() -> None:
    graph = Graph([f"n{node}." for node in range(300)], [(0, node) for node in range(1, 150)])
    async with showing(still(graph), (60, 20)) as (_, pane, pilot):
        pane.select(200)
        await pilot.pause()
        before = pane.navigator.row - pane.scroll_offset.y
        pane.fold_all()
        await pilot.pause()
        assert pane.cursor_node == 200
        assert pane.navigator.row - pane.scroll_offset.y == before


async def test_the_scroll_bar_takes_its_cell_from_the_rows() -> None:
    session = still(chain(200), ran(0, 1, 13))
    async with showing(session, (60, 20)) as (_, pane, _):
        assert pane.row_width == 59
        assert lines(pane)[0].endswith("12 s")
        assert len(lines(pane)[0]) == 59


async def test_a_click_selects_on_the_marker_it_folds_and_twice_it_opens() -> None:
    async with showing(still(chain(10))) as (app, pane, pilot):
        await pilot.click(offset=(30, 3))
        assert pane.cursor_node == 3
        item = pane.outline.item(2)
        column = 1 + marker_column(pane.outline, item, pane.row_width)
        assert lines(pane)[2][column] == "▾"
        await pilot.click(offset=(column, 2))
        assert len(pane.outline) == 3
        await pilot.click(offset=(30, 1), times=2)
        await until(lambda: ("opened", 1) in app.said)
        assert ("opened", 2) not in app.said
        await pilot.click(offset=(30, 15))
        assert pane.cursor_node == 1


async def test_the_next_failure_is_found_though_no_frame_was_painted_since() -> None:
    graph = matrix_graph(20)
    session = still(graph)
    async with showing(session) as (_, pane, _):
        for event in ran(7, 50, 60, code=1):
            session.state.apply(event)
        assert pane.next_with({NodeStatus.FAILED})
        assert pane.cursor_node == 7
        assert not pane.next_with({NodeStatus.CANCELLED}, backwards=True)


async def test_another_app_goes_on_where_the_first_one_was() -> None:
    graph = Graph([f"n{node}." for node in range(300)], [(0, node) for node in range(1, 150)])
    session = still(graph)
    async with showing(session, (60, 20)) as (_, pane, pilot):
        pane.select(120)
        pane.set_filter("1")
        await pilot.pause()
        state, shown = pane.dump_state(), lines(pane)
    async with showing(session, (60, 20)) as (_, pane, pilot):
        pane.restore_state(state)
        await pilot.pause()
        assert lines(pane) == shown
        assert pane.cursor_node == 120
    assert not session.state._watches


async def test_colours_of_another_theme_are_taken_over() -> None:
    session = still(chain(3), ran(0, 1, 2, code=1))
    async with showing(session) as (app, pane, pilot):
        before = pane.render_line(0)
        app.theme = "dagtui-light"
        await pilot.pause()
        after = pane.render_line(0)
        assert after.text == before.text
        assert [segment.style for segment in after] != [segment.style for segment in before]


@pytest.mark.parametrize("theme", ["dagtui-dark", "dagtui-light", "dagtui-ansi", "dagtui-contrast"])
async def test_the_cursor_can_be_seen_without_colours(theme: str) -> None:
    async with showing(still(chain(5))) as (app, pane, pilot):
        app.theme = theme
        pane.focus()
        await pilot.pause()
        assert lines(pane)[0][0] == "▌"
        assert lines(pane)[2][0] == " "
        if theme in {"dagtui-ansi", "dagtui-contrast"}:
            assert all(segment.style.reverse for segment in pane.render_line(0))
            assert not any(segment.style.reverse for segment in pane.render_line(1))
        else:
            assert pane.render_line(0)._segments[0].style.bgcolor != pane.render_line(1)._segments[0].style.bgcolor


async def test_an_empty_graph_and_a_filter_without_hits_show_nothing_and_break_nothing() -> None:
    for session in (still(Graph([], [])), still(chain(5))):
        async with showing(session) as (app, pane, pilot):
            pane.set_filter("no such node")
            for action in (
                pane.fold,
                pane.unfold,
                pane.toggle,
                pane.top,
                pane.bottom,
                pane.open_cursor,
                pane.cycle_view,
            ):
                action()
            pane.flush(200.0)
            await pilot.pause()
            assert pane.cursor_node is None
            assert not "".join(lines(pane)).strip()
            assert app.said[-1:] in ([], [("selected", None)])


async def test_a_note_of_the_run_is_no_change_of_a_row() -> None:
    session = still(chain(5))
    async with showing(session) as (_, pane, _):
        session.state.apply(NodeEvent(99.0, 2, 0, NodeStatus.WAITING))
        assert pane.flush(100.0) == 0


async def test_only_rows_whose_lines_are_lit_are_drawn_again_when_the_cursor_moves() -> None:
    session = still(matrix_graph(3))
    async with showing(session) as (_, pane, pilot):
        pane.show_view(View.TASKS)
        pane.top()
        await pilot.pause()
        before = [row.strip for _, row in sorted(pane._drawn.items())]
        pane.move(1)
        await pilot.pause()
        after = [row.strip for _, row in sorted(pane._drawn.items())]
        changed = [row for row, (one, other) in enumerate(zip(before, after, strict=False)) if one is not other]
        assert changed == [0, 1, 2, 3], "prep → train → score, and notify needs prep"
        pane.bottom()
        await pilot.pause()
        assert "└" not in "".join(lines(pane)[:4])


async def test_a_click_on_the_marker_opens_the_cells_of_a_task() -> None:
    session = still(matrix_graph(3))
    async with showing(session) as (_, pane, pilot):
        pane.show_view(View.TASKS)
        await pilot.pause()
        row = next(y for y, line in enumerate(lines(pane)) if "train" in line)
        assert len(pane.outline) == 4
        await pilot.click(offset=(lines(pane)[row].index(UNICODE.shut), row))
        await pilot.pause()
        assert len(pane.outline) == 7
        assert "[seed=0]" in lines(pane)[row + 1]


async def test_the_view_of_times_fills_in_pieces_while_the_clock_stands_still(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dagtui.tui.graph.time.timeline.FILL", 1e-9)
    session = still(chain(1000), [event for node in range(1000) for event in ran(node, node, node + 1)], now=1000.0)
    async with showing(session) as (_, pane, pilot):
        pane.show_view(View.TIME)
        await pilot.pause()
        frames = 0
        while pane.rows.are_filling:
            pane.flush(session.clock())
            frames += 1
        assert 1 < frames <= 6
        assert pane.rows.time.timeline.spans.last == 1000.0


async def test_keys_before_the_first_frame_of_time_act_on_the_whole_run() -> None:
    session = still(chain(3), [event for node in range(3) for event in ran(node, node, node + 1)], now=3.0)
    async with showing(session) as (_, pane, _pilot):
        pane.show_view(View.TIME)
        assert pane.zoom_time(2.0)
        axis = pane.rows.time.timeline.axis
        assert axis.cells > 1
        assert axis.cells * axis.scale >= 1.5  # half of the run


async def test_the_wheel_with_shift_scrolls_the_time_axis() -> None:
    session = still(chain(3), [event for node in range(3) for event in ran(node, node, node + 1)], now=3.0)
    async with showing(session) as (_, pane, pilot):
        pane.show_view(View.TIME)
        await pilot.pause()
        pane.zoom_time(4.0)
        axis = pane.rows.time.timeline.axis
        for kind, moves in ((MouseScrollUp, -1), (MouseScrollDown, 1)):
            before = axis.begin
            pane.post_message(kind(pane, 1, 1, 0, 0, 0, shift=True, meta=False, ctrl=False))
            await pilot.pause()
            assert (axis.begin - before) * moves > 0
