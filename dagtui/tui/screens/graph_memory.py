"""Screens of a graph remember view, folds, cursor and sizes from run to run."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

import anyio
import anyio.to_thread

from dagtui.host.attachment import ExitReason
from dagtui.store.screen_memory import RememberedFolds, ScreenMemory, forget_screen, load_screen, save_screen
from dagtui.tui.graph.views import first_view
from dagtui.tui.screens.panes import USUAL_SHARE

if TYPE_CHECKING:
    from dagtui.runs.view import RunView
    from dagtui.tui.screens.main import ScreenState

_MOST_SECONDS: Final = 1.0
"""How long leaving waits for a slow disk."""


class GraphMemory:
    """The file of one graph. A new screen reads it, and it is written when a screen is left: the last one counts."""

    def __init__(self, run: RunView) -> None:
        self._run = run
        self._folder = run.path.parent.parent

    def recalled(self) -> ScreenMemory | None:
        """Return what the last screen was like. None if that is not known."""
        return load_screen(self._folder)

    async def keep(self, state: ScreenState | None, leaving: ExitReason) -> None:
        """Remember the screen that was left. After a crash nothing is remembered: that may have been the cause."""
        if leaving is ExitReason.CRASHED:
            write = partial(forget_screen, self._folder)
        elif state is not None:
            write = partial(save_screen, self._folder, self._memory(state))
        else:
            return
        with anyio.move_on_after(_MOST_SECONDS, shield=True):
            await anyio.to_thread.run_sync(write, abandon_on_cancel=True)

    def _memory(self, state: ScreenState) -> ScreenMemory:
        tree = state.tree
        view = "" if tree["view"] == first_view(self._run.graph).value else tree["view"]
        share = None if state.share == USUAL_SHARE else state.share
        folds = {
            name: RememberedFolds(tuple(fold["folded"]), tuple(fold["unfolded"]))
            for name, fold in tree["folds"].items()
        }
        return ScreenMemory(view, tree["cursor"], share, state.lower, folds)
