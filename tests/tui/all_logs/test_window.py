"""A window of the entries of logs that grow: no line is in it twice, and none is missing."""

from __future__ import annotations

import os
from math import inf
from typing import TYPE_CHECKING

from dagtui.store.line_times import RECORD
from dagtui.store.merged_logs import FIRST, MergedLogs, Tracks
from dagtui.tui.all_logs.window import LogWindow

if TYPE_CHECKING:
    from pathlib import Path


def prints(folder: Path, track: int, data: bytes, at: float) -> Path:
    """The attempt of a track prints at a time."""
    path = folder / f"{track}.log"
    with path.open("ab") as file:
        file.write(data)
    os.utime(path, (at, at))
    return path


def lines(window: LogWindow) -> list[bytes]:
    return [entry.data for entry in window.entries if entry.is_line]


def read(folder: Path) -> tuple[Tracks, LogWindow]:
    """Two attempts go on, and what they have printed was read from the beginning on."""
    tracks = Tracks()
    for track, text in enumerate((b"a one\n", b"b one\n")):
        tracks.add(0.0, inf, prints(folder, track, text, 1.0 + track))
    window = LogWindow(MergedLogs(tracks), FIRST, {}, {0, 1})
    window.grow_down(100)
    assert lines(window) == [b"a one", b"b one"]
    return tracks, window


def test_a_line_that_gets_a_later_time_is_not_read_twice(tmp_path: Path) -> None:
    """A log without times has the time of its file, so that all its lines are as late as the last one."""
    tracks, window = read(tmp_path)
    prints(tmp_path, 0, b"a two\n", 3.0)
    window.reopen(MergedLogs(tracks))
    window.grow_down(100)
    assert lines(window) == [b"a one", b"b one", b"a two"]


def test_a_late_record_of_times_moves_no_line(tmp_path: Path) -> None:
    tracks, window = read(tmp_path)
    path = prints(tmp_path, 0, b"a two\n", 3.0)
    path.with_name("0.log.times").write_bytes(RECORD.pack(0, 2.5) + RECORD.pack(6, 2.75))
    window.reopen(MergedLogs(tracks))
    window.grow_down(100)
    assert lines(window) == [b"a one", b"b one", b"a two"]
