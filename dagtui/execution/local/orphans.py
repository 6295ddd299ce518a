"""What is left of attempts when supervisor and reaper were killed together: the app inherits it, and ends it."""

from __future__ import annotations

import os

from dagtui.execution.local import ownership


class Orphans:
    """Children of this process that bear the mark of an attempt; it must be a child subreaper."""

    def __init__(self, session: int) -> None:
        """`session` is the dead reaper's: what belongs to it is the log process, which ends by itself."""
        self._session = session
        self._marks = ownership.Marks()

    def end(self) -> bool:
        """KILL all that are left, and reap what has ended; whether there were none."""
        found = []
        for pid in ownership.children(os.getpid()):
            if self._is_helper(pid):
                os.waitpid(pid, os.WNOHANG)  # a reaper that was no child of ours as long as the supervisor lived
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
