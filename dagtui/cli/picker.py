"""A list on the terminal from which the user picks a line, before there is a screen."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from dagtui.cli.keystrokes import END, ESCAPE, Keystrokes, single_keys
from dagtui.text import fit
from dagtui.text.amounts import CellWidth

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dagtui.text.look import Look

_UP = frozenset({"k", "\x1b[A", "\x1bOA", "\x10"})
_DOWN = frozenset({"j", "\x1b[B", "\x1bOB", "\x0e"})
_FIRST = frozenset({"g", "\x1b[H", "\x1bOH", "\x1b[1~"})
_LAST = frozenset({"G", "\x1b[F", "\x1bOF", "\x1b[4~"})
_TAKE = frozenset({"\r", "\n"})
_QUIT = frozenset({"q", "Q", ESCAPE, "\x04", END})
MARGIN = 3
"""Cells of the terminal's width that are not for the lines."""
_AROUND = 3
"""Lines other than those of the list: title, heading, and keys."""


class Picker:
    """Shows lines below the cursor, and removes itself after the choice."""

    def __init__(self, title: str, heading: str, lines: Sequence[str], look: Look, at: int = 0) -> None:
        """All texts must be safe to show. `at` is the line under the cursor at first."""
        self._title = title
        self._heading = heading
        self._lines = lines
        self._look = look
        self._at, self._first = at, 0
        """The line under the cursor, and the first shown line."""
        self._drawn = 0

    def pick(self) -> int | None:
        """Return the index of the picked line, or None. Raises KeyboardInterrupt."""
        keystrokes = Keystrokes(0)
        with single_keys(0):
            try:
                while True:
                    self._draw()
                    key = keystrokes.read()
                    if key in _TAKE:
                        return self._at
                    if key in _QUIT:
                        return None
                    self._move(key)
            finally:
                self._write(self._erase())

    def _move(self, key: str) -> None:
        last = len(self._lines) - 1
        if key in _UP:
            self._at = max(0, self._at - 1)
        elif key in _DOWN:
            self._at = min(last, self._at + 1)
        elif key in _FIRST:
            self._at = 0
        elif key in _LAST:
            self._at = last

    def _draw(self) -> None:
        """Repaint everything, because the terminal's size may have changed."""
        columns, rows = os.get_terminal_size(1)
        shown = max(1, min(len(self._lines), rows - _AROUND - 1))
        self._first = min(max(self._first, self._at - shown + 1), self._at)
        window = range(self._first, self._first + shown)
        mark = ">" if self._look.ascii else "▶"
        keys = "Up, Down: choose  Enter: attach  q: quit" if self._look.ascii else "↑ ↓ choose · Enter attach · q quit"
        more = f"  ({self._at + 1} of {len(self._lines)})" if shown < len(self._lines) else ""
        lines = [
            self._title,
            f"  {self._heading}",
            *(f"{mark if at == self._at else ' '} {self._lines[at]}" for at in window),
            keys + more,
        ]
        # On some terminals, a line of full width would leave the cursor in the next line.
        cut = [fit(line, CellWidth(max(1, columns - 1)), self._look) for line in lines]
        cut[2 + self._at - self._first] = f"\x1b[7m{cut[2 + self._at - self._first]}\x1b[m"
        self._write(self._erase() + "".join(f"{line}\n" for line in cut))
        self._drawn = len(cut)

    def _erase(self) -> str:
        up = f"\x1b[{self._drawn}A" if self._drawn else ""
        return f"{up}\r\x1b[J"

    def _write(self, text: str) -> None:
        data = memoryview(text.encode("ascii" if self._look.ascii else "utf-8", "replace"))
        while data:
            data = data[os.write(1, data) :]
