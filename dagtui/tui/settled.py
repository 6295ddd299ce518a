"""The line that says how a run ended, and which keys help now."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dagtui.engine.status import NodeStatus, Verdict
from dagtui.text import count
from dagtui.tui.rows import Role

if TYPE_CHECKING:
    from dagtui.session.session import Session
    from dagtui.tui.keymap import Keymap

_AMISS = (NodeStatus.FAILED, NodeStatus.FAILED_PARENT, NodeStatus.CANCELLED)
"""What is counted of a run that did not complete."""


def settled(session: Session, keymap: Keymap, *, read_only: bool, ascii_only: bool) -> tuple[str, Role]:
    """What to say once everything is settled, and how it should look."""
    state = session.state
    verdict = state.verdict()
    if verdict is Verdict.COMPLETED:
        words, hints, role = "completed", [], Role.PLAIN
    else:
        words = ", ".join(f"{count(state.counts[status])} {status.word}" for status in _AMISS if state.counts[status])
        hints, role = _helpful(session, read_only=read_only), Role.WARNING
    hints.append(("screen.leave", "leave"))
    keys = [f"{key} {does}" for id_, does in hints if (key := keymap.shown(id_, ascii=ascii_only))]
    return f"settled: {words}; {', '.join(keys)}", role


def _helpful(session: Session, *, read_only: bool) -> list[tuple[str, str]]:
    """Ids of keys and what they do for a run that did not complete."""
    found: list[tuple[str, str]] = []
    if session.state.counts[NodeStatus.FAILED]:
        found.append(("find.failure", "next failure"))
    if not read_only:
        found.append(("node.retry", "retry"))
    return found
