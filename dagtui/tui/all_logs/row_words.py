"""What a row of all logs says, in words: statuses, and how many lines are folded."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dagtui.engine.status import NodeStatus
from dagtui.store.merged_logs import BEGAN
from dagtui.text import duration, label, plural
from dagtui.text.amounts import first_of
from dagtui.tui.lines.rows import Role, Span, muted, status_run
from dagtui.tui.lines.theme import STATUS_CLASSES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dagtui.runs.attempt_tracks import AttemptTracks
    from dagtui.store.merged_logs import EntryKey
    from dagtui.text.look import Look

NAMED = 3
"""Number of nodes that one row names."""


def fold_words(count: int, key: str, look: Look) -> list[Span]:
    """Return the words for lines that are folded, with the key that shows them."""
    shown = f" ({key} shows them)" if key else ""
    return [muted(f"{look.glyphs.shut} {plural(count, 'line')} like these{shown}")]


def names_span(names: Sequence[str]) -> Span:
    """Return the names of several nodes that a mark is about."""
    return Span(first_of(list(names[:NAMED]), len(names)), Role.LINK)


def mark_words(attempts: AttemptTracks, key: EntryKey, look: Look) -> list[Span]:
    """Return the words of a mark."""
    mark = attempts.marks.get(key.track)
    if mark is not None:
        if mark.status is NodeStatus.READY:  # a gate asks, and waits for a person
            role = STATUS_CLASSES[NodeStatus.RETRYING]
            return [status_run(mark.status, look)._replace(role=role), Span(f" {label(mark.words)}", role)]
        said = f"{mark.status.word}: {mark.words}" if mark.words else mark.status.word
        if mark.status is NodeStatus.FAILED_PARENT and mark.words:
            said = mark.words  # "blocked by …"
        return _status(mark.status, label(said), look)
    attempt = attempts.attempts[key.track]
    if key.offset == BEGAN:
        return _status(NodeStatus.RUNNING, "started" if attempt == 1 else f"attempt {attempt} started", look)
    result = attempts.result(key.track)
    if result is None:
        return [muted("ended")]
    took = f" {duration(result.seconds)}"
    if result.status is NodeStatus.COMPLETED:
        return _status(result.status, f"done{took}", look)
    words = f"{label(result.why or result.status.word)} after{took}"
    more = attempts.goes_on(key.track) if result.status is NodeStatus.FAILED else ""
    return _status(result.status, f"{words}, {more}" if more else words, look)


def _status(status: NodeStatus, words: str, look: Look) -> list[Span]:
    sign = status_run(status, look)
    if sign.role == Role.BADGE:
        return [Span(f" {sign.text} ", sign.role), Span(f" {words}", STATUS_CLASSES[status])]
    return [sign, Span(f" {words}", STATUS_CLASSES[status])]
