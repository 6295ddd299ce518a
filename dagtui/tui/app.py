"""The App with all of its actions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dagtui.tui.actions.panes import PaneActions
from dagtui.tui.actions.programs import ProgramActions
from dagtui.tui.actions.run import RunActions
from dagtui.tui.actions.screen import ScreenActions
from dagtui.tui.screen_app import ScreenApp

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


class DagtuiApp(ScreenApp):
    """Shows a session, and does what the keys of the table say."""

    def actions(self) -> Mapping[str, Callable[[], object]]:
        """Return what each key does, by action id."""
        groups = (PaneActions(self), RunActions(self), ScreenActions(self), ProgramActions(self))
        return {id_: action for group in groups for id_, action in group.table().items()}
