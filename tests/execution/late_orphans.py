"""Print what happens to orphans that appear while KILL is sent, after their attempt is over, and without a mark."""

import os
import signal
import sys
import time

from support.waiting import wait_for

from dagtui.execution.local.attempt import Attempt
from dagtui.execution.local.ownership import Marks
from dagtui.execution.local.processes import Processes


def child() -> int:
    """Fork an idle child in a session of its own."""
    ready, say = os.pipe()
    pid = os.fork()
    if not pid:
        os.setsid()
        os.write(say, b"x")
        while True:
            signal.pause()
    os.read(ready, 1)
    return pid


def has_ended(pid: int) -> bool:
    return os.waitpid(pid, os.WNOHANG)[0] == pid


def main() -> None:
    marks = Marks()
    processes = Processes(marks)
    other = child()
    attempt = Attempt((0, 1))
    attempt.mark = marks.take()
    attempt.leader = os.fork() or os._exit(0)
    processes.add(attempt)
    now = time.monotonic()
    processes.stop(attempt, 0.0, now)
    processes.settle(now, 0)
    slipped = child()
    processes.settle(now, 0)  # no round of KILL is due
    wait_for(lambda: has_ended(slipped))
    processes.reaped(slipped)
    os.waitpid(attempt.leader, 0)
    processes.reaped(attempt.leader)
    processes.settle(time.monotonic(), 0)
    assert not processes.attempts
    marked = child()
    processes.settle(time.monotonic(), 0)
    wait_for(lambda: has_ended(marked))
    processes.reaped(marked)
    sys.stdout.write(f"slipped: gone, marked: gone, other: {'gone' if has_ended(other) else 'there'}\n")
    processes.stop_all(time.monotonic())
    processes.settle(time.monotonic(), 0)
    wait_for(lambda: has_ended(other))


if __name__ == "__main__":
    main()
