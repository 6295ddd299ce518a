"""The title of a run, for the window of the terminal and for its task bar."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dagtui.engine.status import NodeStatus
from dagtui.text import count
from dagtui.text.announced import announced
from dagtui.tui.terminal.announcer import ProgressState

if TYPE_CHECKING:
    from dagtui.runs.view import RunView
    from dagtui.text.look import Look

_NAME_CHARACTERS = 40


def title_of(run: RunView, look: Look) -> str:
    """Return `✗1 rnaseq 26/42`: failed nodes, if there are any, the name, and how many of the nodes have ended."""
    state = run.state
    failed, ended = state.counts[NodeStatus.FAILED], state.total - state.unsettled
    glyphs = look.glyphs.statuses
    if failed:
        sign = f"{glyphs[NodeStatus.FAILED]}{count(failed)} "
    else:
        sign = f"{glyphs[NodeStatus.COMPLETED]} " if run.settled else ""
    return f"{sign}{announced(run.name, _NAME_CHARACTERS, look)} {count(ended)}/{count(state.total)}"


def progress_of(run: RunView) -> tuple[ProgressState, int]:
    """Return what a task bar says of a run, and the percentage of nodes that have ended."""
    if run.stands_still:
        return ProgressState.NONE, 0
    state = run.state
    percent = 100 * (state.total - state.unsettled) // max(1, state.total)
    if state.counts[NodeStatus.FAILED]:
        return ProgressState.FAILED, percent
    if run.settled:
        return ProgressState.NONE, 0
    return ProgressState.PAUSED if state.paused or state.held_up else ProgressState.RUNNING, percent
