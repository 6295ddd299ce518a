"""Screens of a graph remember view, folds, cursor and sizes from run to run."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Final

import anyio
import anyio.to_thread

from dagtui.host.attachment import ExitReason
from dagtui.settings.values import DEFAULTS
from dagtui.store.screen_memory import RememberedFolds, ScreenMemory, forget_screen, load_screen, save_screen
from dagtui.tui.graph.views import View, first_view
from dagtui.tui.screens.panes import USUAL_SHARE

if TYPE_CHECKING:
    from dagtui.runs.view import RunView
    from dagtui.settings.values import Settings
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

    async def keep(self, state: ScreenState | None, leaving: ExitReason, settings: Settings = DEFAULTS) -> None:
        """Remember where the screen that was left differs from the settings.

        After a crash nothing is remembered: that may have been the cause.
        """
        if leaving is ExitReason.CRASHED:
            write = partial(forget_screen, self._folder)
        elif state is not None:
            write = partial(save_screen, self._folder, self._memory(state, settings))
        else:
            return
        with anyio.move_on_after(_MOST_SECONDS, shield=True):
            await anyio.to_thread.run_sync(write, abandon_on_cancel=True)

    def _memory(self, state: ScreenState, settings: Settings) -> ScreenMemory:
        tree = state.tree
        usual = stated_view(settings) or first_view(self._run.graph)
        view = "" if tree["view"] == usual.value else tree["view"]
        share = None if state.share == usual_share(settings) else state.share
        lower = None if state.lower == settings.lower else state.lower
        folds = {
            name: RememberedFolds(tuple(fold["folded"]), tuple(fold["unfolded"]))
            for name, fold in tree["folds"].items()
        }
        return ScreenMemory(view, tree["cursor"], share, lower, folds)


def with_settings(memory: ScreenMemory | None, settings: Settings) -> ScreenMemory:
    """Return what a new screen is like: as the graph remembers, else as the settings say."""
    known = memory or ScreenMemory()
    view = stated_view(settings)
    return replace(
        known,
        view=known.view or ("" if view is None else view.value),
        share=known.share or usual_share(settings),
        lower=settings.lower if known.lower is None else known.lower,
    )


def stated_view(settings: Settings) -> View | None:
    """Return the view that graphs are first shown in, if the settings name one."""
    return next((view for view in View if view.title == settings.view), None)


def usual_share(settings: Settings) -> float:
    """Return the share of the width that the left pane has at first."""
    return USUAL_SHARE if settings.left is None else settings.left / 100
