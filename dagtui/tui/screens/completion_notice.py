"""Completion notice: how the run ended, and which keys help now."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dagtui.engine.status import NodeStatus, Verdict
from dagtui.runs.wording import counts, stale_words
from dagtui.tui.lines.rows import Role

if TYPE_CHECKING:
    from dagtui.graph.model import NodeIndex
    from dagtui.runs.view import RunView
    from dagtui.text.look import Look
    from dagtui.tui.actions.availability import Situation
    from dagtui.tui.actions.keymap import Keymap

_COUNTED = (NodeStatus.FAILED, NodeStatus.FAILED_PARENT, NodeStatus.CANCELLED)
"""The statuses counted for a run that did not complete."""


def completion_notice(run: RunView, keymap: Keymap, here: Situation, look: Look) -> tuple[str, Role]:
    """Return the notice for a finished run and its role."""
    state = run.state
    verdict = state.verdict()
    if verdict is Verdict.COMPLETED:
        ended, hints, role = f"Completed{stale_words(state.stale_count)}", [], Role.PLAIN
    else:
        ended = f"Finished: {counts(state, _COUNTED)}{stale_words(state.stale_count)}"
        without = keymap.unavailable(run, here)
        hints, role = [hint for hint in _hints(run, here.node) if hint[0] not in without], Role.WARNING
    hints.append(("screen.leave", "quit"))
    keys = [f"{key} {does}" for id_, does in hints if (key := keymap.shown(id_, look))]
    return f"{ended}. {look.glyphs.separator.join(keys)}", role


def _hints(run: RunView, node: NodeIndex | None) -> list[tuple[str, str]]:
    """Return key ids and what they do for a run that did not complete."""
    state = run.state
    failed = state.counts[NodeStatus.FAILED]
    on_failure = node is not None and state.status_of(node) is NodeStatus.FAILED
    found: list[tuple[str, str]] = []
    if failed > on_failure:
        found.append(("find.failure", "next failure"))
    found.append(("node.retry", "retry"))
    if failed > 1:
        found.append(("run.retry_failed", "retry all"))
    return found
