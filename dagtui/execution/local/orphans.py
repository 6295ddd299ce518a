"""Orphans: processes of attempts that the app inherits and ends if supervisor and reaper were killed together."""

from __future__ import annotations

import os

from dagtui.execution.local import ownership


class Orphans:
    """The children of this process that have the mark of an attempt. This process must be a child subreaper."""

    def __init__(self, session: int) -> None:
        """Create the set. `session` is the dead reaper's: it holds the log process, which ends by itself."""
        self._session = session
        self._marks = ownership.Marks()

    def end(self) -> bool:
        """Kill all orphans, and reap those that have ended. Return whether there were none."""
        found = []
        for pid in ownership.children(os.getpid()):
            if self._is_helper(pid):
                os.waitpid(pid, os.WNOHANG)  # a reaper that became our child when the supervisor died
            elif self._marks.read(pid):
                found.append(pid)
        ownership.kill_trees(found)
        for pid in found:
            os.waitpid(pid, os.WNOHANG)
        return not found

    def _is_helper(self, pid: int) -> bool:
        try:
            return os.getsid(pid) == self._session
        except OSError:
            return True
