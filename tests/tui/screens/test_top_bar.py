from __future__ import annotations

from contextlib import asynccontextmanager
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tui.graph.samples import chain, matrix_graph, ran, still
from tui.widget_harness import WidgetHarness

from dagtui.engine.events import CommandEvent, NodeEvent
from dagtui.engine.messages import CommandKind
from dagtui.engine.status import Cause, NodeStatus
from dagtui.graph.gates import Gate
from dagtui.graph.model import Graph, Task
from dagtui.graph.pools import Pool
from dagtui.runs.eta_range import EtaRange
from dagtui.runs.view import Notice
from dagtui.text import cell_width
from dagtui.text.look import IN_ASCII, IN_UNICODE, Look
from dagtui.tui.screens.progress_line import segments
from dagtui.tui.screens.top_bar import TopBar

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from textual.geometry import Region
    from textual.pilot import Pilot

    from dagtui.runs.view import RunView


class RecordingBar(TopBar):
    """Remembers what it was told to refresh."""

    def __init__(self, session: RunView, *, look: Look) -> None:
        super().__init__(session, look)
        self.refreshed: list[Region] = []

    def refresh(self, *regions: Region, repaint: bool = True, layout: bool = False, recompose: bool = False) -> TopBar:
        self.refreshed += regions or [self.size.region]
        return super().refresh(*regions, repaint=repaint, layout=layout, recompose=recompose)


@asynccontextmanager
async def showing(
    session: RunView, width: int = 100, *, look: Look = IN_UNICODE
) -> AsyncIterator[tuple[RecordingBar, Pilot[None]]]:
    bar = RecordingBar(session, look=look)
    async with WidgetHarness(bar).run_test(size=(width, 5)) as pilot:
        await pilot.pause()
        bar.refreshed.clear()
        yield bar, pilot


def lines(bar: TopBar) -> list[str]:
    return [bar.render_line(y).text for y in range(2)]


def busy(now: float = 402.0) -> RunView:
    graph = matrix_graph(200)
    events = [*ran(0, 1, 2)]
    for node in range(1, 193):
        events += ran(node, 3, None if node > 188 else 4, code=1 if node in {5, 6} else 0)
    return still(graph, events, now)


@pytest.mark.anyio
async def test_failures_that_were_allowed_are_counted_apart() -> None:
    tasks = [Task(f"n{node}", allow_failure=node == 2) for node in range(4)]
    graph = Graph([task.name for task in tasks], [], tasks=tasks)
    events = [event for node in range(3) for event in ran(node, 1, 2, code=1)]
    async with showing(still(graph, events)) as (bar, _):
        assert "✗ 2  ✗ 1 allowed" in lines(bar)[1]
    async with showing(still(graph, events), 25) as (bar, _):
        assert "✗2 (✗1)" in lines(bar)[1]


@pytest.mark.anyio
async def test_a_wait_for_a_person_is_not_counted() -> None:
    graph = chain(1)
    settled = [*ran(0, 1, 4, code=1)]
    woken = [
        CommandEvent(200, 1, CommandKind.RETRY, (0,)),
        NodeEvent(200, 0, 1, NodeStatus.READY, fresh=True),
        *ran(0, 200, None, attempt=2),
    ]
    async with showing(still(graph, settled, now=190)) as (bar, _):
        assert " 4 s " in lines(bar)[0]
    async with showing(still(graph, [*settled, *woken], now=203)) as (bar, _):
        assert " running  7 s " in lines(bar)[0]


@pytest.mark.anyio
@pytest.mark.parametrize("width", [40, 80, 200])
async def test_what_is_out_of_order_is_shown_for_as_long_as_it_lasts(width: int) -> None:
    session = busy()
    async with showing(session, width) as (bar, _):
        before = lines(bar)
        session.changed_file = Notice("g.toml changed", "")
        assert bar.flush(session.clock())
        assert "g.toml ch" in lines(bar)[1]
        assert cell_width(lines(bar)[1]) == width
        assert not bar.flush(session.clock())
        session.changed_file = None
        assert bar.flush(session.clock())
        assert lines(bar) == before


@pytest.mark.anyio
@pytest.mark.parametrize("width", [40, 80, 200])
async def test_a_run_that_waits_for_its_disk_says_so(width: int) -> None:
    session = busy()
    async with showing(session, width) as (bar, _):
        session.state.note_record("waits for space on /mnt", frozenset({1}))
        assert bar.flush(session.clock())
        first, second = lines(bar)
        assert "held up" in first or width == 40
        assert "running" not in first
        assert "waits for" in second
        assert ("waits for space on /mnt: 1 not on" in second) == (width >= 80)
        session.state.note_record("", frozenset())
        assert bar.flush(session.clock())
        assert "▶" in lines(bar)[0]
        assert "waits" not in lines(bar)[1]


def expecting(session: RunView, remaining: tuple[float, int] | None) -> RunView:
    """The session with another forecast."""
    session.remaining = lambda: remaining
    return session


@pytest.mark.anyio
async def test_the_run_its_time_and_its_counts() -> None:
    async with showing(expecting(busy(), (190.0, 193))) as (bar, _):
        first, second = lines(bar)
        words = "matrix #12 ▶ running 6 m 42 s ETA 3 m 10 s bound by train[seed=192] slots 4/4"
        assert " ".join(first.split()) == words
        assert second.split()[1:] == ["✓", "187", "▶", "4", "✗", "2", "·", "10"]


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("seconds", "width", "words"),
    [
        (12.0, 120, "running 2 s ETA 12 s + 2 answers bound by c slots"),
        (12.0, 46, "ETA 12 s +"),
        (0.0, 120, "running 2 s waits for 2 answers slots"),
    ],
)
async def test_an_estimate_says_which_answers_it_leaves_out(seconds: float, width: int, words: str) -> None:
    tasks = [Task("a"), Task("b", action=Gate("Go on?")), Task("c"), Task("d", action=Gate("Publish?"))]
    graph = Graph(["a", "b", "c", "d"], [(1, 2), (2, 3)], tasks=tasks)
    async with showing(expecting(still(graph, ran(0, 0), 2.0), (seconds, 2)), width) as (bar, _):
        assert words in " ".join(lines(bar)[0].split())


@pytest.mark.anyio
async def test_an_estimate_leaves_out_how_long_nodes_are_held() -> None:
    graph = Graph.from_edges(["a", "b", "c"], [("a", "c"), ("b", "c")])
    hold = CommandEvent(0.0, 1, CommandKind.HOLD, (1, 2))
    session = expecting(still(graph, [hold, *ran(0, 0), NodeEvent(0.0, 1, 0, NodeStatus.READY)], 2.0), (12.0, 2))
    for width in (120, 50, 30, 17):
        async with showing(session, width) as (bar, _):
            assert cell_width(lines(bar)[0]) == width
            assert ("2 held  slots 1/4" in lines(bar)[0]) == (width >= 60)
            assert "ETA 12 s +" in lines(bar)[0] or width < 50
    ended = [hold, *ran(0, 0, 1), NodeEvent(0.0, 1, 0, NodeStatus.READY)]
    async with showing(expecting(still(graph, ended, 2.0), (12.0, 2)), 120) as (bar, _):
        assert "○ held" in lines(bar)[0]
        assert "ETA" not in lines(bar)[0]


@pytest.mark.anyio
async def test_pools_are_shown_where_there_is_room() -> None:
    graph = Graph(["a", "b"], [], tasks=[Task("a", pools=(("gpu", 1),)), Task("b", pools=(("mem", 8 * 10**9),))])
    graph.pools = (Pool("gpu", 2), Pool("mem", 32 * 10**9, 1000))
    session = still(graph, [*ran(0, 0), *ran(1, 0)], 2.0)
    for width, shown in ((120, "gpu 1/2  mem 8/32 GB  slots 2/4"), (80, "slots 2/4")):
        async with showing(session, width) as (bar, _):
            assert lines(bar)[0].split("   ")[-1].strip() == shown


@pytest.mark.anyio
async def test_slots_are_counted_and_not_nodes() -> None:
    graph = Graph(["a", "b", "c"], [], tasks=[Task("a", slots=2), Task("b", slots=2), Task("c", slots=2)])
    session = still(graph, [*ran(0, 0), *ran(1, 0)], 2.0)
    async with showing(session) as (bar, _):
        assert lines(bar)[0].rstrip().endswith("slots 4/4")


@pytest.mark.anyio
@pytest.mark.parametrize(("look", "sign"), [(IN_UNICODE, "≈"), (IN_ASCII, "%")])
@pytest.mark.parametrize(("width", "word"), [(40, " stale"), (17, "")])
async def test_stale_nodes_are_counted(width: int, word: str, look: Look, sign: str) -> None:
    graph = Graph.from_edges(["a", "b"], [("a", "b")])
    events = [*ran(0, 0, 1), *ran(1, 1, 2)]
    session = still(graph, [*events, events[-1]._replace(stale=True)], 3.0)
    async with showing(session, width, look=look) as (bar, _):
        assert lines(bar)[1].rstrip().endswith(f"{sign}1{word}")


@pytest.mark.anyio
async def test_without_history_there_is_no_forecast() -> None:
    async with showing(busy()) as (bar, _):
        assert "no history" in lines(bar)[0]
        assert "ETA" not in lines(bar)[0]


@pytest.mark.anyio
@pytest.mark.parametrize("width", [*range(24, 60, 3), 80, 120, 200])
@pytest.mark.parametrize("look", [IN_UNICODE, IN_ASCII], ids=["unicode", "ascii"])
async def test_every_width_is_filled_and_keeps_what_matters_most(width: int, look: Look) -> None:
    session = expecting(busy(), (190.0, 193))
    async with showing(session, width, look=look) as (bar, _):
        first, second = lines(bar)
        assert cell_width(first) == cell_width(second) == width
        assert "mat" in first
        assert "6m42s" in first.replace(" ", "")
        assert "4/4" in first
        assert (">" if look.ascii else "▶") in first
        assert "x2" in second.replace(" ", "") if look.ascii else "✗2" in second.replace(" ", "")
        assert ("ETA" in first) == (width >= 33)
        assert ("train[seed=192]" in first) == (width >= 80)
        if look.ascii:
            assert first.isascii()
            assert second.isascii()


@pytest.mark.anyio
@pytest.mark.parametrize("width", [24, 40, 100])
@pytest.mark.parametrize("name", ["\x1b[31mred", "[/red]", "a\u202eb", "長い名前" * 20, "x" * 300])
async def test_a_hostile_name_stays_in_its_line(width: int, name: str) -> None:
    session = expecting(still(Graph([name], [], name=name), now=5.0), (10.0, 0))
    async with showing(session, width) as (bar, _):
        first = lines(bar)[0]
        assert first.isprintable()
        assert "\u202e" not in first
        assert cell_width(first) == width
        assert "0/4" in first


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("code", "word", "glyph"), [(0, "completed", "✓"), (7, "failed", "✗")], ids=["completed", "failed"]
)
async def test_a_settled_run_says_how_it_ended_and_its_time_stands_still(code: int, word: str, glyph: str) -> None:
    session = still(Graph(["a"], []), ran(0, 1, 61, code=code), now=500.0)
    async with showing(session) as (bar, _):
        assert f"{glyph} {word}  1 m 01 s" in lines(bar)[0]
        bar.flush(500.0)
        bar.refreshed.clear()
        for clock in (501.0, 502.0, 600.0):
            assert bar.flush(clock) == 0
        assert not bar.refreshed


@pytest.mark.anyio
async def test_a_cancelled_run_says_so() -> None:
    graph = Graph(["a"], [])
    events = [
        CommandEvent(2.0, 1, CommandKind.CANCEL_ALL),
        NodeEvent(2.0, 0, 0, NodeStatus.CANCELLED, Cause.CANCEL, marks=(1,)),
    ]
    async with showing(still(graph, events)) as (bar, _):
        assert "■ cancelled" in lines(bar)[0]


@pytest.mark.anyio
async def test_a_pause_is_shown_at_once() -> None:
    session = busy()
    async with showing(session) as (bar, pilot):
        bar.flush(402.0)
        session.state.apply(CommandEvent(402.0, 1, CommandKind.PAUSE))
        assert bar.flush(402.01)
        await pilot.pause()
        assert "paused" in lines(bar)[0]


@pytest.mark.anyio
async def test_a_clock_refreshes_its_own_cells_only() -> None:
    async with showing(expecting(busy(), None)) as (bar, pilot):
        bar.flush(402.0)
        await pilot.pause()
        bar.refreshed.clear()
        assert bar.flush(402.5) == 0
        assert bar.flush(403.0) == 1
        (region,) = bar.refreshed
        assert region.height == 1
        assert region.width < 10
        await pilot.pause()
        assert "6 m 43 s" in lines(bar)[0]


@pytest.mark.anyio
async def test_counts_that_change_all_the_time_are_painted_a_few_times_a_second() -> None:
    session = busy()
    async with showing(session) as (bar, pilot):
        bar.flush(402.0)
        painted = 0
        for step in range(100):
            for event in ran(193 + step // 20, 402.0, 402.0 + step / 100):
                session.state.apply(event)
            painted += bar.flush(402.0 + step / 100) > 0
        assert 2 <= painted <= 6
        bar.flush(403.3)
        await pilot.pause()
        assert f"✓ {session.state.counts[NodeStatus.COMPLETED]}" in lines(bar)[1]


@pytest.mark.anyio
@pytest.mark.parametrize("settled", [0, 1, 150])
@pytest.mark.parametrize("width", [40, 80, 200])
async def test_the_bar_fills_the_line_up_to_the_counts_at_its_end(settled: int, width: int) -> None:
    events = [event for node in range(settled) for event in ran(node, 1, 2)]
    async with showing(still(chain(200), events), width) as (bar, _):
        second = lines(bar)[1]
        shown, _, counts = second.strip().partition("  ")
        assert set(shown) <= set("━─")
        assert second == f" {shown}  {counts} "
        assert counts.endswith("· 200" if not settled else f"· {200 - settled}")


@pytest.mark.anyio
async def test_a_count_that_moves_the_bar_by_a_cell_refreshes_few_cells() -> None:
    session = still(chain(200), [event for node in range(60) for event in ran(node, 1, 2)])
    async with showing(session, 200) as (bar, pilot):
        bar.refreshed.clear()
        for event in ran(60, 402.0, 402.1):
            session.state.apply(event)
        assert bar.flush(402.5)
        await pilot.pause()
        assert 0 < sum(region.width for region in bar.refreshed) < 20


@pytest.mark.anyio
@pytest.mark.parametrize("width", [40, 60, 80, 120])
async def test_a_message_stands_between_bar_and_counts_as_far_as_there_is_room(width: int) -> None:
    session = busy()
    session.changed_file = Notice("g.toml changed", "")
    words = "copied to /tmp/x: 12 lines"
    async with showing(session, width) as (bar, pilot):
        before = lines(bar)
        bar.say(words)
        await pilot.pause()
        first, second = lines(bar)
        assert first == before[0]
        assert words in second
        assert "g.toml" not in second
        assert cell_width(second) == width
        assert ("━" in second) == (width >= 60)
        assert second.rstrip().endswith("10") == (width >= 60)
        bar.dismiss()
        assert lines(bar) == before


@pytest.mark.anyio
@pytest.mark.parametrize("width", [12, 40, 80])
async def test_a_long_hostile_message_is_cut_and_stays_if_it_is_a_lasting_one(width: int) -> None:
    async with showing(busy(), width) as (bar, pilot):
        bar.say("\x1b[31mbad\u202e " + "長い" * 300, lasting=True)
        bar.dismiss()
        await pilot.pause()
        second = lines(bar)[1]
        assert "bad" in second
        assert second.isprintable()
        assert "\u202e" not in second
        assert cell_width(second) == width
        bar.say("short")
        bar.dismiss()
        assert not bar.said


@given(st.lists(st.integers(1, 10**6), min_size=1, max_size=10), st.integers(10, 80))
def test_segments_fill_the_bar_and_each_count_has_a_cell(counts: list[int], width: int) -> None:
    cells = segments(counts, width)
    assert sum(cells) == width
    assert min(cells) >= 1
    for one, other in zip(counts, cells, strict=True):
        share = one * width / sum(counts)
        assert other <= share + 1  # never more than its share, but for the cell that each one has
    order = sorted(range(len(counts)), key=counts.__getitem__)
    assert all(cells[a] <= cells[b] for a, b in pairwise(order) if counts[a] < counts[b])


def test_no_counts_have_no_segments() -> None:
    assert segments([], 10) == []


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("width", "words"),
    [
        (140, "ETA 12–20 s, from 3 runs, bound by train[seed=192] "),
        (90, "ETA 12–20 s by train[seed=192] "),
        (60, "ETA 12–20 s "),
        (34, "ETA 12–20s "),
    ],
)
async def test_an_estimate_is_a_range_with_what_it_rests_on(width: int, words: str) -> None:
    session = expecting(busy(), (15.0, 193))
    session.eta_range = lambda: EtaRange(12.0, 20.0, 3)
    for look in (IN_UNICODE, IN_ASCII):
        async with showing(session, width, look=look) as (bar, _):
            first = lines(bar)[0]
            assert cell_width(first) == width
            assert (words.replace("–", "-") if look.ascii else words) in first
