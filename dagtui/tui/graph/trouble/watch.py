"""Watch for troubles that events do not tell: nodes that run or wait for long, and what failed logs say."""

from __future__ import annotations

from itertools import takewhile
from typing import TYPE_CHECKING, Final, NamedTuple

import anyio.to_thread

from dagtui.engine.status import NodeStatus
from dagtui.report.decisive_lines import decisive_line
from dagtui.text.amounts import ClockTime, seconds_since

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from dagtui.engine.messages import AttemptNumber
    from dagtui.graph.model import NodeIndex
    from dagtui.runs.view import RunView
    from dagtui.tui.graph.navigator import Navigator

MOST_READ: Final = 500
"""The most failures whose logs are read, those that failed first. The exit message reads as many."""
LINE_CHARACTERS: Final = 500
LATE_TIMES: Final = 2
LATE_SECONDS: Final = 5.0
"""A node is late when it has run for twice its usual time, and for at least this much longer."""
LONG_QUEUED: Final = 600.0
"""An attempt is queued for long when it has waited for more seconds than this."""
_BATCH: Final = 32
_INCOMPLETE_SECONDS: Final = 1.0
"""How long after the end of an attempt the last of its output may arrive."""


class _Unread(NamedTuple):
    node: NodeIndex
    attempt: AttemptNumber
    path: Path


class TroubleWatch:
    """Finds the clues of a navigator."""

    def __init__(self, run: RunView, navigator: Navigator) -> None:
        self._run = run
        self._navigator = navigator
        self._early: set[tuple[NodeIndex, AttemptNumber]] = set()
        """Attempts whose logs were read so soon after their end that they are read once more."""
        self._unread: list[_Unread] = []

    def look(self, clock: ClockTime) -> None:
        """Look which nodes are late or wait for long, and which logs are to be read again. Called once a second."""
        clues, run = self._navigator.trouble.clues, self._run
        running = run.state.nodes_with(NodeStatus.RUNNING) if run.forecast.known else ()
        late = frozenset(node for node in running if is_late(run, node, clock))
        if late != clues.late:
            clues.late = late
        if run.state.any_remote:
            self._look_elsewhere(clock)
        for node, attempt in list(self._early):
            if seconds_since(run.state.ended[node], clock) > _INCOMPLETE_SECONDS:
                self._early.discard((node, attempt))
                self._unread.append(_Unread(node, attempt, run.log_path(node, attempt)))

    def _look_elsewhere(self, clock: ClockTime) -> None:
        """Look what waits on other machines for long, and what is out of reach."""
        clues, state = self._navigator.trouble.clues, self._run.state
        since = state.queued_since
        # Attempts stand in the order in which they were submitted: what waits for long comes first.
        queued = frozenset(takewhile(lambda node: clock - since[node] > LONG_QUEUED, since))
        named = state.executor_of.items() if state.silent else ()
        silent = frozenset(node for node, name in named if name in state.silent)
        if queued != clues.queued:
            clues.queued = queued
        if silent != clues.silent:
            clues.silent = silent

    def seek(self) -> bool:
        """Look which logs of failures were not read yet. Return whether there are any."""
        troubles, run = self._navigator.trouble.troubles, self._run
        if troubles is not None:
            attempts, pending = run.state.attempt, {unread[:2] for unread in self._unread}
            for node in troubles.unread(MOST_READ):
                key = node, attempts[node]
                if key not in pending:
                    self._unread.append(_Unread(*key, run.log_path(*key)))
        return bool(self._unread)

    async def read(self) -> bool:
        """Read some logs, in a thread. Return whether there were any."""
        batch, self._unread = self._unread[:_BATCH], self._unread[_BATCH:]
        if not batch:
            return False
        lines = await anyio.to_thread.run_sync(_lines, [unread.path for unread in batch])
        state, clock = self._run.state, self._run.clock()
        for (node, attempt, _), line in zip(batch, lines, strict=True):
            first = (node, attempt) not in self._navigator.trouble.clues.lines
            self._navigator.trouble.clues.lines[node, attempt] = line
            if first and seconds_since(state.ended[node], clock) <= _INCOMPLETE_SECONDS:
                self._early.add((node, attempt))
        self._navigator.trouble.take([unread.node for unread in batch])
        return True


def is_late(run: RunView, node: NodeIndex, clock: ClockTime) -> bool:
    """Return whether a running node takes longer than its own earlier runs let expect."""
    usual = usual_seconds(run, node)
    return usual is not None and seconds_since(run.state.started[node], clock) > max(
        LATE_TIMES * usual, usual + LATE_SECONDS
    )


def usual_seconds(run: RunView, node: NodeIndex) -> float | None:
    """Return how long a node took in earlier runs. None if it never succeeded, or runs as long as others need it."""
    return run.estimate(node) if run.knows(node) and run.graph.task(node).service is None else None


def _lines(paths: Sequence[Path]) -> list[str]:
    return [decisive_line(path)[:LINE_CHARACTERS] for path in paths]
