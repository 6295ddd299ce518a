"""The first line of the trouble view: what is wrong with the run, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dagtui.engine.status import ALIVE, UNBEGUN, NodeStatus
from dagtui.text import label
from dagtui.text.amounts import count
from dagtui.tui.graph.trouble.troubles import TroubleKind
from dagtui.tui.lines.rows import Role
from dagtui.tui.lines.theme import STATUS_CLASSES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dagtui.runs.view import RunView
    from dagtui.tui.graph.trouble.layout import TroubleLayout

_S = NodeStatus
_WORDS = {
    TroubleKind.RETRYING: "retrying",
    TroubleKind.ASKS: "to answer",
    TroubleKind.SILENT: "out of reach",
    TroubleKind.LATE: "late",
    TroubleKind.QUEUED: "queued for long",
    TroubleKind.STALE: "stale",
    TroubleKind.UNRECORDED: "not on record yet",
    TroubleKind.ALLOWED: "failed as allowed",
}


def trouble_words(run: RunView, layout: TroubleLayout) -> tuple[str, str]:
    """Return what is wrong in one line, and its role."""
    state = run.state
    counts = layout.counts
    failed = counts[TroubleKind.FAILED]
    found = [f"{count(failed)} failed"] if failed else []
    if blocked := state.counts[_S.FAILED_PARENT]:
        found.append(f"{count(blocked)} blocked")
    found += [f"{count(counts[kind])} {word}" for kind, word in _WORDS.items() if counts[kind]]
    found = [*(f"{label(name, 40)} does not answer" for name in state.silent), *found]
    if state.held_up:
        found.insert(0, f"the run {state.held_up}")
    if found:
        return ", ".join(found), STATUS_CLASSES[_S.FAILED if failed else _S.RETRYING]
    words = ", ".join(_progress(run))
    return f"No trouble: {words}" if words else "No trouble", Role.HEADING


def _progress(run: RunView) -> Iterator[str]:
    """Yield how far a run without trouble is."""
    counts = run.state.counts
    if run.state.unsettled:
        if running := sum(counts[status] for status in ALIVE):
            yield f"{count(running)} running"
        if to_come := sum(counts[status] for status in UNBEGUN):
            yield f"{count(to_come)} to come"
        if run.state.held:
            yield f"{count(len(run.state.held))} held"
        if run.state.paused:
            yield "paused"
        return
    for status in (_S.COMPLETED, _S.CANCELLED, _S.SKIPPED):
        if counts[status]:
            yield f"{count(counts[status])} {status.word}"
