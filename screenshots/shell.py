"""A shell in a real terminal, in a folder that `dagtui` is found in: what the pictures are taken of."""

from __future__ import annotations

import os
import re
import shutil
import sys
import tempfile
from contextlib import contextmanager
from copy import copy, deepcopy
from pathlib import Path
from typing import TYPE_CHECKING

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from picture import rows_of  # noqa: E402 - after the path is set
from support.session_harness import SessionHarness  # noqa: E402 - as above
from support.terminal import PtyTerminal  # noqa: E402 - as above
from support.waiting import wait_for  # noqa: E402 - as above

if TYPE_CHECKING:
    from collections.abc import Iterator

    from picture import Row
    from pyte.screens import Char, Cursor, StaticDefaultDict

COLUMNS, LINES = 108, 26
COLOURS = "#c5c8c6", "#15181c"


class Terminal(PtyTerminal):
    """A terminal with an alternate screen, as real ones have: pyte has only one."""

    _SWITCH = re.compile(r"(\x1b\[\?1049[hl])")
    _UNFINISHED = re.compile(r"\x1b(?:\[(?:\?[0-9]*)?)?\Z")
    _rest = ""
    _normal: tuple[StaticDefaultDict[int, StaticDefaultDict[int, Char]], Cursor] | None = None

    @property
    def rows(self) -> tuple[Row, ...]:
        """What is on the screen, with its styles."""
        return rows_of(self._screen, *COLOURS)

    def _feed(self, text: str) -> None:
        text = self._rest + text
        unfinished = self._UNFINISHED.search(text)
        end = unfinished.start() if unfinished else len(text)
        self._rest = text[end:]
        for part in self._SWITCH.split(text[:end]):
            super()._feed(part)
            screen = self._screen
            if part == "\x1b[?1049h":
                self._normal = deepcopy(screen.buffer), copy(screen.cursor)
                screen.erase_in_display(2)
            elif part == "\x1b[?1049l" and self._normal is not None:
                screen.buffer, screen.cursor = self._normal
                screen.dirty.update(range(screen.lines))


@contextmanager
def shell_in(name: str, columns: int = COLUMNS, lines: int = LINES) -> Iterator[tuple[Terminal, Path]]:
    """A terminal with a shell that waits for its first command, and its folder; the name is read in pictures."""
    folder = Path(tempfile.gettempdir(), name)
    folder.mkdir()
    try:
        program = folder / "bin" / "dagtui"
        program.parent.mkdir()
        program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m dagtui "$@"\n', encoding="utf-8")
        program.chmod(0o755)
        path = f"{program.parent}:{os.environ['PATH']}"
        env = {"PATH": path, "PS1": "$ ", "LANG": "C.UTF-8", "DAGTUI_SOCKET_DIR": str(folder / "sockets"), "ENV": ""}
        with Terminal(["sh", "-i"], columns=columns, rows=lines, env=env, cwd=folder) as terminal:
            terminal.wait_for_text("$ ")
            yield terminal, folder
    finally:
        for graphs in {folder, *(path.parent for path in folder.rglob(".dagtui"))}:
            SessionHarness(graphs, folder / "sockets").clear()
        wait_for(lambda: _is_removed(folder), f"end of {folder}")


def _is_removed(folder: Path) -> bool:
    """Remove a folder, unless a helper process of a run that was killed still writes its last results there."""
    shutil.rmtree(folder, ignore_errors=True)
    return not folder.exists()
