"""The processes of all attempts: who owns which, which signal is due for whom, and when the last one is gone."""

from __future__ import annotations

import os
from math import inf
from typing import TYPE_CHECKING

from dagtui.execution.local import ownership
from dagtui.execution.local.attempt import Attempt

if TYPE_CHECKING:
    import signal

    from dagtui.execution.local.attempt import Key
else:
    import _signal as signal  # see ownership.py

UNKILLABLE = 5.0
"""Seconds beyond the longest grace, after which what can't be killed is left alone."""
_KILL_AGAIN, _KILL_SLOWEST = 0.005, 0.5  # seconds between rounds of KILL; what can't be killed is tried ever less often


class Processes:
    """Every process below the supervisor, the log process apart."""

    def __init__(self, marks: ownership.Marks) -> None:
        self.attempts: dict[Key, Attempt] = {}
        """Those that have a process."""
        self._marks = marks
        self._own_children = ownership.OwnChildren()
        self._session = os.getsid(0)
        self._owner: dict[int, Attempt] = {}  # by pid: every child of ours that is not reaped
        self._claims: dict[int, Attempt] = {}  # by mark, and by minus the session
        self._late = _owner_of_orphans()  # orphans of attempts that are over: they end at once
        self._strays = _owner_of_orphans()  # orphans that nobody claims: they end with the run
        self._timed: set[Attempt] = set()  # with a signal due
        self._changed: set[Attempt] = set()  # without leader, and of which a process was reaped

    def __bool__(self) -> bool:
        return bool(self._owner or self.attempts)

    @property
    def unsettled(self) -> bool:
        """Whether `settle` has something to do, or soon will have."""
        return bool(self._changed or self._timed)

    @property
    def due(self) -> float:
        """When `settle` has to be called, at the latest."""
        return min((attempt.due for attempt in self._timed), default=inf)

    def add(self, attempt: Attempt) -> None:
        """Take in an attempt whose leader has just started."""
        attempt.children.add(attempt.leader)
        self.attempts[attempt.key] = attempt
        self._owner[attempt.leader] = attempt
        self._claims[attempt.mark or -attempt.leader] = self._claims[-attempt.leader] = attempt

    def reaped(self, pid: int) -> Attempt | None:
        """Note that a child was reaped; the attempt whose leader it was."""
        attempt = self._owner.pop(pid, self._strays)
        if not ownership.group_lives(pid):
            attempt.children.discard(pid)
        is_leader = pid == attempt.leader and not attempt.ended  # else it is an orphan that was given the same number
        attempt.ended = attempt.ended or is_leader
        if attempt.ended:
            self._changed.add(attempt)
        return attempt if is_leader else None

    def stop(self, attempt: Attempt, grace: float, now: float) -> None:
        """TERM now and KILL after `grace` seconds, 0: KILL now; when already told, what comes first holds."""
        told = attempt.next_signal == signal.SIGKILL
        attempt.due = min(attempt.due, now + grace if told else now)
        attempt.patience = min(attempt.patience, grace)
        if not grace:
            attempt.next_signal = signal.SIGKILL
        self._timed.add(attempt)

    def stop_all(self, now: float) -> float:
        """Stop every attempt with its own grace, and every stray; the longest grace."""
        for attempt in self.attempts.values():
            self.stop(attempt, attempt.grace, now)
        self.stop(self._strays, self._strays.grace, now)
        return max((attempt.grace for attempt in self.attempts.values()), default=0.0)

    def settle(self, now: float, expected: int) -> None:
        """Find orphans, let go of attempts without processes, send the signals that are due.

        What a leader has left behind is counted, and hears its first signal at the next call: the log process is to
        hear of it before.

        `expected` counts the children of ours that are nobody's: the log process.
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
                self._press(attempt, now)

    def _adopt(self, now: float, expected: int) -> None:
        """Give the orphans that have become our children to the attempts that claim them."""
        pids = self._own_children.pids()
        if len(pids) <= len(self._owner) + expected:
            return
        for pid in reversed(pids):  # the latest come last, and if they fork away, they will be there longest
            if pid in self._owner:
                continue
            owner = self._claim(pid)
            if owner is None:
                continue
            owner.children.add(pid)
            self._owner[pid] = owner
            if owner.pause:  # KILL has begun, and this one has slipped through
                ownership.kill(pid)
                owner.pause = _KILL_AGAIN
                owner.due = min(owner.due, now + _KILL_AGAIN)

    def _claim(self, pid: int) -> Attempt | None:
        try:
            session = os.getsid(pid)
        except OSError:
            session = 0
        if session == self._session:  # the log process: it bears a mark, but every attempt has a session of its own
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
        """Let go of an attempt whose leader has ended; what that left behind is told to end."""
        if attempt.children:
            if attempt.due == inf:
                attempt.left = ownership.count_running(attempt.children)
                self.stop(attempt, attempt.grace, now)
            return
        self._timed.discard(attempt)
        if attempt.leader:
            del self.attempts[attempt.key]
            for claim in (attempt.mark, -attempt.leader):
                if self._claims.get(claim) is attempt:  # its number may have gone to a newer leader
                    del self._claims[claim]
        else:
            attempt.due, attempt.patience, attempt.pause = inf, inf, 0.0
            attempt.next_signal = signal.SIGTERM

    def _press(self, attempt: Attempt, now: float) -> None:
        """Send the signal that is due to all that exists of an attempt."""
        if attempt.next_signal == signal.SIGTERM:
            ownership.terminate_trees(attempt.children)
            attempt.next_signal = signal.SIGKILL
            attempt.due = now + attempt.patience
            return
        ownership.kill_trees(attempt.children)
        attempt.pause = min(attempt.pause * 2 or _KILL_AGAIN, _KILL_SLOWEST)
        attempt.due = now + attempt.pause


def _owner_of_orphans() -> Attempt:
    """Somebody without a leader, who ends whenever no orphan of theirs is left."""
    owner = Attempt((-1, 0))
    owner.ended = True
    owner.grace = UNKILLABLE
    return owner
