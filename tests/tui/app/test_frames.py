from __future__ import annotations

import asyncio

import pytest
from support.waiting import until
from tui.app.runs import CELLS, run_settled, run_under_way, turns

from dagtui.engine.events import NoteEvent
from dagtui.engine.messages import Command, CommandKind, Ended, EndKind
from dagtui.tui.terminal import frame_schedule
from dagtui.tui.terminal.frame_schedule import CROWDED, Frames, interval

pytestmark = pytest.mark.anyio


class Painter:
    """Counts frames; may refuse them as a terminal does that is behind."""

    def __init__(self) -> None:
        self.count = 0
        self.stalled = False

    def __call__(self) -> bool:
        self.count += 1
        return not self.stalled


def test_fewer_frames_over_ssh():
    assert interval({}) == 1 / 30
    assert interval({"SSH_CONNECTION": ""}) == 1 / 30
    assert interval({"SSH_CONNECTION": "10.0.0.1 1 10.0.0.2 22"}) == 1 / 10


async def test_one_frame_and_silence_when_settled():
    paint = Painter()
    one = Frames(run_settled(), paint, 0.001)
    one.start()
    await until(lambda: one._timer is None)
    assert paint.count == 1


async def test_frames_come_while_attempts_run():
    paint = Painter()
    one = Frames(run_under_way(), paint, 0.001)
    one.start()
    await until(lambda: paint.count > 5)
    one.stop()
    count = paint.count
    await turns()
    assert paint.count == count


async def test_many_requests_are_one_frame():
    paint = Painter()
    one = Frames(run_settled(), paint, 0.001)
    for _ in range(100):
        one.request()
    await until(lambda: one._timer is None)
    assert paint.count == 1


async def test_an_event_brings_a_frame_and_the_last_word(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(frame_schedule, "AFTERWARDS", 0.01)
    session = run_under_way()
    for label in CELLS[2:]:
        node = session.graph.node(label)
        session.run.post(Ended(node, session.state.attempt[node], EndKind.EXIT, 0, "", 1.0))
    session.run.turn()
    paint = Painter()
    one = Frames(session, paint, 0.001)
    one.start()
    await until(lambda: one._timer is None)
    before = paint.count
    session.give(Command(CommandKind.PAUSE))
    await until(lambda: one._timer is None)
    assert paint.count == before + 2, "at once, and once more when panes may have put something off"


@pytest.mark.parametrize(("amount", "intervals"), [(CROWDED + 1, 2), (CROWDED, 1)])
async def test_of_more_events_than_anybody_can_follow_every_second_frame_is_left_out(amount: int, intervals: int):
    paint = Painter()
    one = Frames(run_settled(), paint, 0.1)
    one.start()
    await until(lambda: paint.count == 1 and one._timer is None)
    one._heard([NoteEvent(0.0, "many")] * amount)
    await until(lambda: paint.count == 2)
    one._heard([NoteEvent(0.0, "one more")])
    assert one._due == pytest.approx(max(one._heard_at, one._last + intervals * 0.1))
    one.request()
    assert one._due <= max(asyncio.get_running_loop().time(), one._last + 0.1), "a person never waits for it"
    one.stop()


async def test_a_frame_that_could_not_be_painted_is_tried_again():
    paint = Painter()
    paint.stalled = True
    one = Frames(run_settled(), paint, 0.001)
    one.start()
    await until(lambda: paint.count > 3)
    paint.stalled = False
    await until(lambda: one._timer is None)


async def test_stopped_frames_leave_the_run_alone():
    session = run_under_way()
    listeners = list(session._listeners)
    one = Frames(session, Painter(), 0.001)
    one.start()
    one.stop()
    assert session._listeners == listeners
    assert one._timer is None
