"""The processes of all attempts: their owners, the signals that are due, and the end of the last process."""

from __future__ import annotations

import os
from math import inf
from typing import TYPE_CHECKING, cast

from dagtui.execution.local import ownership
from dagtui.execution.local.attempt import Attempt

if TYPE_CHECKING:
    import signal

    from dagtui.execution.local.attempt import Key
    from dagtui.text.amounts import Seconds
else:
    import _signal as signal  # see ownership.py

UNKILLABLE = 5.0
"""Seconds beyond the longest grace, after which processes that can't be killed are abandoned."""
_KILL_AGAIN, _KILL_SLOWEST = 0.005, 0.5  # seconds between rounds of KILL, first and longest


class Processes:
    """All processes below the supervisor, except the log process."""

    def __init__(self, marks: ownership.Marks) -> None:
        self.attempts: dict[Key, Attempt] = {}
        """The attempts that have a process."""
        self.gone: list[Attempt] = []
        """Held attempts of which no process is left, or only processes that can't be killed. The caller takes them."""
        self._marks = marks
        self._own_children = ownership.OwnChildren()
        self._session = os.getsid(0)
        self._owner: dict[int, Attempt] = {}  # owner of each child that is not reaped, by pid
        self._claims: dict[int, Attempt] = {}  # by mark, and by negative session id
        self._late = _owner_of_orphans()  # owns orphans of attempts that are over, which are ended at once
        self._strays = _owner_of_orphans()  # owns orphans without an attempt, which are ended with the run
        self._timed: set[Attempt] = set()  # attempts with a signal due
        self._changed: set[Attempt] = set()  # attempts without a leader, of which a process was reaped

    def __bool__(self) -> bool:
        return bool(self._owner or self.attempts)

    @property
    def unsettled(self) -> bool:
        """Whether `settle` has something to do now or soon."""
        return bool(self._changed or self._timed)

    @property
    def due(self) -> float:
        """Latest time to call `settle`."""
        return min((attempt.due for attempt in self._timed), default=inf)

    def add(self, attempt: Attempt) -> None:
        """Add an attempt whose leader has just started."""
        attempt.children.add(attempt.leader)
        self.attempts[attempt.key] = attempt
        self._owner[attempt.leader] = attempt
        self._claims[attempt.mark or -attempt.leader] = self._claims[-attempt.leader] = attempt

    def reaped(self, pid: int) -> Attempt | None:
        """Note that a child was reaped. Return the attempt that it led, or None."""
        attempt = self._owner.pop(pid, self._strays)
        if not ownership.group_lives(pid):
            attempt.children.discard(pid)
        is_leader = pid == attempt.leader and not attempt.ended  # otherwise it is an orphan with a reused pid
        attempt.ended = attempt.ended or is_leader
        if attempt.ended:
            self._changed.add(attempt)
        return attempt if is_leader else None

    def hold(self, attempt: Attempt) -> bool:
        """Hold the end of an attempt whose leader has ended, if other processes of it still run."""
        attempt.held = bool(attempt.children) and bool(attempt.left or ownership.count_running(attempt.children))
        return attempt.held

    def stop(self, attempt: Attempt, grace: Seconds, now: float) -> None:
        """Send TERM now and KILL after `grace` seconds (0: KILL now). Of several stops, the earliest KILL holds."""
        terminated = attempt.next_signal == signal.SIGKILL
        attempt.due = min(attempt.due, now + grace if terminated else now)
        attempt.patience = min(attempt.patience, grace)
        if not grace:
            attempt.next_signal = signal.SIGKILL
        self._timed.add(attempt)

    def stop_all(self, now: float) -> float:
        """Stop every attempt with its own grace, and every stray. Return the longest grace."""
        for attempt in self.attempts.values():
            self.stop(attempt, attempt.grace, now)
        self.stop(self._strays, self._strays.grace, now)
        return max((attempt.grace for attempt in self.attempts.values()), default=0.0)

    def settle(self, now: float, expected: int) -> None:
        """Find orphans, drop attempts without processes, and send the signals that are due.

        Processes that a leader left behind are counted first, and get their first signal at the next call, after the
        log process was told about them. `expected` is the number of children that belong to no attempt: the log
        process and a forked reaper.
        """
        self._adopt(now, expected)
        if ownership.LOOK_AGAIN:
            self._look_at_groups()
        due = [attempt for attempt in self._timed if attempt.due <= now]
        for attempt in self._changed:
            self._check_end(attempt, now)
        self._changed.clear()
        for attempt in due:
            if attempt in self._timed:
                self._send_signal(attempt, now)

    def _adopt(self, now: float, expected: int) -> None:
        """Assign orphans that became our children to their attempts."""
        pids = self._own_children.pids()
        if len(pids) <= len(self._owner) + expected:
            return
        for pid in reversed(pids):  # the newest are last in the list; if they keep forking, they live longest
            if pid in self._owner:
                continue
            owner = self._claim(pid)
            if owner is None:
                continue
            owner.children.add(pid)
            self._owner[pid] = owner
            if owner.pause:  # KILL was sent, and this process escaped
                ownership.kill(pid)
                owner.pause = _KILL_AGAIN
                owner.due = min(owner.due, now + _KILL_AGAIN)

    def _claim(self, pid: int) -> Attempt | None:
        try:
            session = os.getsid(pid)
        except OSError:
            session = 0
        if session == self._session:  # the log process: it has a mark too, but attempts have sessions of their own
            return None
        mark = self._marks.read(pid)
        owner = self._claims.get(mark) or self._claims.get(-session)
        if owner is not None:
            return owner
        if not mark:
            return self._strays
        self.stop(self._late, self._late.grace, 0.0)
        return self._late

    def _look_at_groups(self) -> None:
        for attempt in self._timed:
            if attempt.ended:
                attempt.children = {pid for pid in attempt.children if ownership.group_lives(pid)}
                self._changed.add(attempt)

    def _check_end(self, attempt: Attempt, now: float) -> None:
        """Drop an attempt whose leader has ended, or stop the processes that the leader left behind."""
        if attempt.children:
            if attempt.due == inf:
                attempt.left = ownership.count_running(attempt.children)
                self.stop(attempt, attempt.grace, now)
            return
        self._timed.discard(attempt)
        self._let_go(attempt)
        if attempt.leader:
            del self.attempts[attempt.key]
            for claim in (attempt.mark, -attempt.leader):
                if self._claims.get(claim) is attempt:  # its pid may have been reused for a newer leader
                    del self._claims[claim]
        else:
            attempt.due, attempt.patience, attempt.pause = inf, inf, 0.0
            attempt.next_signal = signal.SIGTERM

    def _send_signal(self, attempt: Attempt, now: float) -> None:
        """Send the signal that is due to all processes of an attempt."""
        if attempt.next_signal == signal.SIGTERM:
            ownership.terminate_trees(attempt.children)
            attempt.next_signal = signal.SIGKILL
            attempt.due = now + attempt.patience
            return
        if not attempt.pause:
            attempt.give_up = now + UNKILLABLE
        elif now >= attempt.give_up:
            self._let_go(attempt)
        ownership.kill_trees(attempt.children)
        attempt.pause = min(attempt.pause * 2 or _KILL_AGAIN, _KILL_SLOWEST)
        attempt.due = now + attempt.pause

    def _let_go(self, attempt: Attempt) -> None:
        if attempt.held:
            attempt.held = False
            self.gone.append(attempt)


def _owner_of_orphans() -> Attempt:
    """Return a pseudo-attempt without a leader, which owns orphans and ends when none is left."""
    owner = Attempt(cast("Key", (-1, 0)))
    owner.ended = True
    owner.grace = UNKILLABLE
    return owner
