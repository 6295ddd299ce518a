"""Watch logs that grow: when each of them got longer, and how many lines came."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

from dagtui.store.files import count_lines
from dagtui.store.merged_logs import FOREVER
from dagtui.text.amounts import WallTime

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dagtui.store.merged_logs import Tracks

_KEPT = 64
"""Number of times a log is remembered to have grown. Its own record of times is never so far behind."""
_MOST_COUNTED = 1 << 20
"""Bytes of a log's growth that are searched for newlines in one look."""


class Growth(NamedTuple):
    """What has come since the look before."""

    tracks: tuple[int, ...] = ()
    """The tracks whose logs grew."""
    size: int = 0
    """The most bytes that one of them grew by."""
    lines: int = 0
    """Number of new lines, if they were counted."""
    is_exact: bool = True
    """Whether all lines were counted."""


class LogGrowth:
    """Watches the logs of the attempts that go on."""

    def __init__(self, tracks: Tracks) -> None:
        self._tracks = tracks
        self.sizes: dict[int, int] = {}
        """The size of each log at the last look."""

    def look(self, tracks: Iterable[int], *, counts: bool = False) -> Growth:
        """Look at the sizes of logs. If it `counts`, read what has come and count its lines."""
        grown: list[int] = []
        most = lines = 0
        is_exact = True
        for track in tracks:
            path, before = self._tracks.path(track), self.sizes.get(track, 0)
            if path is None:
                continue
            try:
                status = os.stat(path, follow_symlinks=False)
            except OSError:
                continue  # nothing was printed yet
            self.sizes[track] = size = status.st_size
            if size <= before:
                continue
            grown.append(track)
            most = max(most, size - before)
            self._note(track, before, WallTime(status.st_mtime))
            if counts:
                lines += count_lines(path, before, min(size, before + _MOST_COUNTED))
                is_exact = is_exact and size - before <= _MOST_COUNTED
        return Growth(tuple(grown), most, lines, is_exact)

    def _note(self, track: int, offset: int, at: WallTime) -> None:
        if not offset or self._tracks.ends[track] < FOREVER:
            return
        seen = self._tracks.seen.get(track, [])
        self._tracks.seen[track] = [*seen[-_KEPT + 1 :], (offset, at)]  # a new list: others may be reading the old one
