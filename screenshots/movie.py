"""Make the moving picture of the README from a run of the demo in a real terminal: `python screenshots/movie.py`.

It takes about a minute. Nodes run faster in the picture than they do; what a person does has its own time.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from picture import Frame, moving
from shell import ROOT, shell_in

if TYPE_CHECKING:
    from pathlib import Path

    from picture import Row
    from shell import Terminal

TARGET = ROOT / "screenshots" / "demo.svg"
MOST_BYTES = 1_000_000
QUIET = 0.04
"""A screen that has not changed for so many seconds is a frame."""
SHORTEST = 0.12
"""Frames that are shown for less are left out, in seconds of the picture."""


@dataclass(frozen=True, slots=True)
class Shot:
    """A screen as it was recorded."""

    rows: tuple[Row, ...]
    title: str
    at: float


class Recorder:
    """A shell on a terminal; what its screen shows becomes frames."""

    def __init__(self, terminal: Terminal) -> None:
        self.terminal = terminal
        self.title = ""
        self.speed = 1.0
        """How much faster the picture is than the terminal."""
        self._clock = 0.0
        self._seen = time.monotonic()
        self._shots: list[Shot] = []

    def follow(self, text: str = "", seconds: float = 0.0) -> None:
        """Record until the screen shows the text, then for so many seconds of the picture."""
        end = time.monotonic() + 60
        while text not in self.terminal.text:
            self._look()
            if time.monotonic() > end:
                raise AssertionError(f"no {text!r} on the screen:\n{self.terminal.text}")
        end = time.monotonic() + seconds * self.speed
        while time.monotonic() < end:
            self._look()

    def type(self, keys: str) -> None:
        """Type as a person does."""
        for key in keys:
            self.terminal.send(key)
            self.follow(seconds=0.06 if len(keys) > 1 else 0)

    def begin(self) -> None:
        """Begin the picture with what the screen shows now."""
        self._look()
        self._clock, self._shots = 0.0, self._shots[-1:]

    def frames(self) -> list[Frame]:
        """What was recorded: each screen with the time until the next one."""
        frames: list[Frame] = []
        begin = 0.0
        for shot, after in zip(self._shots, [*self._shots[1:], None], strict=True):
            end = self._clock if after is None else after.at
            if end - begin >= SHORTEST or after is None:
                frames.append(Frame(shot.rows, shot.title, end - begin))
                begin = end
        return frames

    def _look(self) -> None:
        self.terminal.read(QUIET)
        while self.terminal.read(0.01):
            pass
        now = time.monotonic()
        self._clock += (now - self._seen) / self.speed
        self._seen = now
        rows = self.terminal.rows
        empty = not self.terminal.text.strip()  # between two programs
        if empty or (self._shots and (rows, self.title) == (self._shots[-1].rows, self._shots[-1].title)):
            return
        self._shots.append(Shot(rows, self.title, self._clock))


def play(it: Recorder, folder: Path) -> None:
    """The story: it runs, a node fails, why, retry, red turns green, detach, back."""
    it.title = "dagtui demo: nodes run as soon as their parents are done"
    it.type("dagtui demo -p steps=6\n")
    it.terminal.wait_for_text("running")
    it.begin()
    it.speed = 3.6
    it.follow("nobody has approved")
    it.speed = 1.0
    it.title = "one node fails: its log, command and exit status"
    it.follow(seconds=2.0)
    it.title = "3: why are the others blocked?"
    it.type("j3")
    it.follow(seconds=2.0)
    it.title = "fix the cause: touch approved.txt"
    it.type("k1")
    (folder / "dagtui-demo" / "approved.txt").touch()
    it.follow(seconds=1.5)
    it.title = "r: retry it; the preview says what would run"
    it.type("r")
    it.follow("Enter retry", seconds=1.8)
    it.title = "red turns green"
    it.type("\r")
    it.follow("✓ 14", seconds=1.4)
    it.title = "d: detach; the run needs no terminal"
    it.type("d")
    it.follow("$ ", seconds=1.4)
    it.title = "the same command brings the screen back, on any terminal"
    it.type("dagtui demo\n")
    it.follow("✓ 14", seconds=2.0)


def main() -> None:
    """Record, and write the picture."""
    with shell_in("ada") as (terminal, folder):
        it = Recorder(terminal)
        play(it, folder)
    frames = it.frames()
    drawn = moving(frames)
    size = len(drawn.encode())
    print(f"{len(frames)} frames, {sum(frame.seconds for frame in frames):.1f} s, {size / 1000:.0f} kB")  # noqa: T201
    if size > MOST_BYTES:
        raise SystemExit("the picture is larger than 1 MB")
    TARGET.write_text(drawn, encoding="utf-8")


if __name__ == "__main__":
    main()
