"""Signals as something to read."""

from __future__ import annotations

import os
import select
import signal
import threading
import time

from dagtui.host.job_control import Signals


def test_signals_are_noted_in_order_and_do_nothing_else():
    before = signal.getsignal(signal.SIGUSR1)
    with Signals((signal.SIGUSR1, signal.SIGTERM)) as signals:
        for number in (signal.SIGTERM, signal.SIGUSR1):
            os.kill(os.getpid(), number)
        assert select.select([signals], [], [], 5)[0]
        assert list(signals.take()) == [signal.SIGTERM, signal.SIGUSR1]
        assert signals.take() == b""
    assert signal.getsignal(signal.SIGUSR1) == before


def test_more_signals_than_fit_are_no_error():
    with Signals((signal.SIGUSR1,)) as signals:
        for _ in range(70_000):
            os.kill(os.getpid(), signal.SIGUSR1)
        assert len(signals.take()) == 1024


def test_some_are_left_alone_for_a_while():
    with Signals((signal.SIGWINCH,)) as signals:
        with signals.left_alone(signal.SIGWINCH):
            os.kill(os.getpid(), signal.SIGWINCH)
            assert signals.take() == b""
        os.kill(os.getpid(), signal.SIGWINCH)
        assert list(signals.take()) == [signal.SIGWINCH]


def test_a_signal_that_comes_while_the_interpreter_does_not_look_is_noticed() -> None:
    """Another thread takes it, as it may come between the last look at signals and the beginning of a wait."""

    def take_one() -> None:
        time.sleep(0.2)  # until the wait has begun
        signal.pthread_kill(threading.get_ident(), signal.SIGUSR1)

    with Signals((signal.SIGUSR1,)) as signals:
        taker = threading.Thread(target=take_one)
        poll = select.poll()
        poll.register(signals.fileno(), select.POLLIN)
        taker.start()
        assert poll.poll(20_000), "only the next event would have told of it"
        taker.join()
        assert signals.take() == bytes((signal.SIGUSR1,))
