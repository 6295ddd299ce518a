"""Typing into a node: while it lasts, every key goes to the node's terminal, but for Esc Esc."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from textual import events

from dagtui.engine.status import NodeStatus
from dagtui.text.amounts import CellWidth
from dagtui.text.labels import name_label
from dagtui.tui.lines.rows import Role
from dagtui.tui.terminal.typed_keys import MOST_PASTED, pasted, typed

if TYPE_CHECKING:
    from collections.abc import Callable

    from textual.events import Event

    from dagtui.engine.protocol import NodeTerminals
    from dagtui.graph.model import NodeIndex
    from dagtui.runs.live import LiveRun
    from dagtui.tui.screen_app import ScreenApp

_NAME_CELLS = CellWidth(40)
_LOOKED_AT = 1 << 16
"""Bytes at the end of a log in which a program says whether it wants brackets around pasted text."""
_WANTS, _WANTS_NOT = b"\x1b[?2004h", b"\x1b[?2004l"


class Typist:
    """Types into the running attempt of one node."""

    def __init__(self, app: ScreenApp, run: LiveRun, terminals: NodeTerminals, node: NodeIndex) -> None:
        self._app = app
        self._run = run
        self._terminals = terminals
        self._node = node
        self._attempt = run.state.attempt[node]
        self._escaped = False
        """Whether the last key was Esc."""
        self.say()

    def say(self) -> None:
        """Show where keys go."""
        name = name_label(self._run.graph.labels[self._node], _NAME_CELLS)
        self._app.say(f"typing into {name}: every key goes there; Esc Esc ends this", Role.WARNING, lasting=True)

    def take_up(self, renumbered: Callable[[NodeIndex], NodeIndex]) -> None:
        """Go on with the same node: keys that were meant for it must not become commands."""
        self._node = renumbered(self._node)

    @property
    def is_over(self) -> bool:
        """Whether the attempt has ended."""
        state = self._run.state
        if self._node < 0:
            return True
        return state.status[self._node] != NodeStatus.RUNNING or state.attempt[self._node] != self._attempt

    def takes(self, event: Event) -> bool:
        """Type a key or a paste. Return whether the event was one. Ends at the second Esc, and when the node ends."""
        if not isinstance(event, events.Key | events.Paste):
            return False
        if self.is_over:
            self._app.end_typing()
            return False
        if isinstance(event, events.Paste):
            self._escaped = False
            if len(event.text) > MOST_PASTED:
                self._app.say(f"only the first {MOST_PASTED:,} bytes were pasted", Role.WARNING, lasting=True)
            self._type(pasted(event.text, bracketed=self._wants_brackets()))
            return True
        if event.key == "escape" and self._escaped:
            self._app.end_typing()
            return True
        self._escaped = event.key == "escape"
        self._type(typed(event))
        return True

    def _type(self, data: bytes) -> None:
        if data:
            self._terminals.type_into(self._node, self._attempt, data)

    def _wants_brackets(self) -> bool:
        """Return whether the program has asked for brackets around pasted text."""
        try:
            with self._run.log_path(self._node, self._attempt).open("rb") as log:
                log.seek(max(0, os.fstat(log.fileno()).st_size - _LOOKED_AT))
                data = log.read()
        except OSError:  # it has printed nothing
            return False
        return data.rfind(_WANTS) > data.rfind(_WANTS_NOT)
