"""Rows of a new screen, as the last screen of the graph left them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dagtui.tui.graph.navigator import Navigator
from dagtui.tui.graph.views import View

if TYPE_CHECKING:
    from dagtui.engine.state import RunState
    from dagtui.store.screen_memory import ScreenMemory
    from dagtui.tui.graph.views import FoldsDump


def remembered_rows(state: RunState, memory: ScreenMemory | None) -> Navigator:
    """Return the rows and the cursor of a new screen. What this graph or version lacks is ignored."""
    if memory is None:
        return Navigator(state)
    folds: dict[str, FoldsDump] = {
        view: {"folded": [*folds.folded], "unfolded": [*folds.unfolded]} for view, folds in memory.folds.items()
    }
    return Navigator(state, memory_view(memory), folds, memory.cursor)


def memory_view(memory: ScreenMemory | None) -> View | None:
    """Return the view that a screen remembers. None: none, or one of another version."""
    return next((view for view in View if memory is not None and view.value == memory.view), None)
