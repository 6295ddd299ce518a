"""Signs, roles and words of what rows and cells show of nodes: their statuses, and two numbers beside these."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dagtui.engine.status import NodeStatus
from dagtui.tui.lines.rows import Role, Span, sign_role
from dagtui.tui.lines.theme import STATUS_CLASSES

if TYPE_CHECKING:
    from dagtui.text.look import Look

OUTSIDE: Final = len(NodeStatus)
"""Stands for a node that is not part of the run. It is counted nowhere."""
QUEUED: Final = OUTSIDE + 1
"""Stands for a READY node whose attempt waits in the queue of an executor on other machines."""
QUEUED_WORD: Final = "queued elsewhere"


def sign_of(status: int, signs: str, look: Look) -> str:
    """Return which of some signs, one for each status, stands for a status, for QUEUED or for OUTSIDE."""
    if status == QUEUED:
        return look.glyphs.queued
    return signs[status] if status < OUTSIDE else " "


def role_of(status: int) -> str:
    """Return the role of a status, of QUEUED or of OUTSIDE."""
    if status == QUEUED:
        return STATUS_CLASSES[NodeStatus.READY]
    return STATUS_CLASSES[NodeStatus(status)] if status < OUTSIDE else Role.GUIDE


def sign_run(status: int, look: Look) -> Span:
    """Return the sign of a status, of QUEUED or of OUTSIDE in its colour. A failure is louder than all others."""
    role = sign_role(NodeStatus(status)) if status < OUTSIDE else role_of(status)
    return Span(sign_of(status, look.glyphs.statuses, look), role)


def word_of(status: int) -> str:
    """Return the word for a status or for QUEUED."""
    return QUEUED_WORD if status == QUEUED else NodeStatus(status).word
