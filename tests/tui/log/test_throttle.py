from __future__ import annotations

from dagtui.tui.log.throttle import LogThrottle


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_steady_stream_takes_the_rate_and_no_more():
    clock = Clock()
    pace = LogThrottle(1000, clock)
    spent = 0
    for _ in range(300):  # ten seconds of frames
        if pace.allows(400):
            pace.spend(400)
            spent += 400
        clock.now += 1 / 30
    assert 10_000 <= spent <= 11_000


def test_a_line_after_a_pause_shows_at_once():
    clock = Clock()
    pace = LogThrottle(1000, clock)
    pace.spend(1000)
    assert not pace.allows(100)
    clock.now += 0.2
    assert pace.allows(100)


def test_a_frame_larger_than_the_bucket_is_drawn_when_it_is_full():
    clock = Clock()
    pace = LogThrottle(1000, clock)
    assert pace.allows(5000)
    pace.spend(5000)
    clock.now += 3
    assert not pace.allows(5000)
    clock.now += 3
    assert pace.allows(5000)
