"""Actions of a recording: to other moments of a past run. It has the keys of other screens, but for a few."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Final

from dagtui.tui.actions.action import Action, Group, Pane
from dagtui.tui.actions.panes import PaneActions
from dagtui.tui.actions.programs import ProgramActions
from dagtui.tui.actions.read_only import ReadOnlyActions
from dagtui.tui.actions.table import ACTIONS, Handlers

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from dagtui.runs.recorded import RecordedRun
    from dagtui.tui.screen_app import ScreenApp
    from dagtui.tui.screens.recorded import RecordedScreen

AT_BEGINNING = "this is the beginning of the recording"
AT_END = "this is the end of the recording"
_LEAP_SHARE: Final = 100
"""A large step is this part of all events."""
_LEAST_LEAP: Final = 5


class BarActions(PaneActions):
    """The actions of the panes, and what the same keys do on the bar."""

    def __init__(self, app: ScreenApp, screen: RecordedScreen) -> None:
        super().__init__(app)
        self._screen = screen
        self._bar = screen.bar

    def half_page(self, direction: int) -> None:
        """Move by half a page. On the bar, a twentieth of the recording."""
        if self._screen.on_bar:
            self._bar.half_page(direction)
        else:
            super().half_page(direction)

    def fold(self) -> None:
        """On the bar, go one cell back."""
        if self._screen.on_bar:
            self._bar.move_cells(-1)
        else:
            super().fold()

    def unfold(self) -> None:
        """On the bar, go one cell on."""
        if self._screen.on_bar:
            self._bar.move_cells(1)
        else:
            super().unfold()

    def toggle(self) -> None:
        """On the bar, play the recording, faster each time, then stop."""
        if self._screen.on_bar:
            self._screen.player.toggle()
        else:
            super().toggle()

    def open(self) -> None:
        """On the bar, go to the row's log as it was at this moment."""
        if self._screen.on_bar:
            self._screen.go_to(Pane.TREE)
        super().open()

    def back(self) -> None:
        """From the bar, go back to the tree."""
        if self._screen.on_bar:
            self._screen.go_to(Pane.TREE)
        else:
            super().back()

    def next_pane(self) -> None:
        """Go from the tree to the right, from there to the bar, and from there to the tree."""
        screen = self._screen
        if screen.on_bar:
            screen.go_to(Pane.TREE)
        else:
            screen.go_to(Pane.BAR if screen.on_side else screen.tab)

    def find_failure(self, direction: int) -> None:
        """On the bar, go to the moment of the next failure, and put the cursor on its node."""
        if not self._screen.on_bar:
            super().find_failure(direction)
        elif (node := self._screen.to_failure(direction)) is None:
            self._app.say("no node failed in this run")
        else:
            self._screen.jump(node)


class MomentActions:
    """Steps to other moments."""

    def __init__(self, app: ScreenApp, screen: RecordedScreen) -> None:
        self._app = app
        self._screen = screen

    def step(self, events: int) -> None:
        """Go on by some events, or back for a negative number."""
        self._screen.player.stop()
        if not self._screen.step(events):
            self._app.say(AT_END if events > 0 else AT_BEGINNING)

    def leap(self, direction: int) -> None:
        """Go on or back by a hundredth of all events."""
        self.step(direction * leap_events(self._screen.run))

    def play(self) -> None:
        """Play the recording, faster each time, then stop."""
        self._screen.player.toggle()

    def to_bar(self) -> None:
        """Give the bar the focus."""
        self._screen.go_to(Pane.BAR)


def leap_events(run: RecordedRun) -> int:
    """Return the number of events of a large step."""
    return max(_LEAST_LEAP, run.last // _LEAP_SHARE)


class RecordedHandlers(Handlers):
    """What carries the actions out."""

    def __init__(self, app: ScreenApp, screen: RecordedScreen) -> None:
        answers = ReadOnlyActions(app)
        super().__init__(app, answers, ProgramActions(app), answers, answers, answers)
        self.panes = BarActions(app, screen)
        self.moments = MomentActions(app, screen)


_GIVEN_UP: Final = frozenset({"node.edit", "run.fewer_jobs", "run.more_jobs"})
"""Actions whose keys mean steps here. Nothing can be edited in a recording, and its slots can't be changed."""
_ON_BAR: Final[Mapping[str, int]] = {
    "fold.toggle": 12,
    "find.failure": 35,
    "move.top": 15,
    "move.bottom": 16,
    "pane.back": 10,
}
"""Actions that the footer shows for the bar, too, and their positions."""


def _with_bar(action: Action[Handlers]) -> Action[Handlers]:
    """Return an action as a recording has it."""
    if action.id in _GIVEN_UP:
        return replace(action, keys=())
    rank = _ON_BAR.get(action.id)
    if rank is None:
        return action
    panes = action.panes | Pane.BAR if action.rank else Pane.BAR
    return replace(action, panes=panes, rank=rank)


MOMENT_ACTIONS: Final[tuple[Action[RecordedHandlers], ...]] = (
    Action("moment.back", ("comma",), "event back", "One event back, to the moment before it",
           Group.RECORDING, lambda do: do.moments.step(-1), Pane.ANY, 3),
    Action("moment.on", ("full_stop",), "event on", "One event on",
           Group.RECORDING, lambda do: do.moments.step(1), Pane.ANY, 4),
    Action("moment.far_back", ("less_than_sign",), "far back", "A hundredth of all events back, or 5 events",
           Group.RECORDING, lambda do: do.moments.leap(-1), Pane.BAR, 13),
    Action("moment.far_on", ("greater_than_sign",), "far on", "A hundredth of all events on, or 5 events",
           Group.RECORDING, lambda do: do.moments.leap(1), Pane.BAR, 14),
    Action("moment.play", (), "play", "Play the recording: as fast as it ran, 10 times, 100 times as fast, stop",
           Group.RECORDING, lambda do: do.moments.play()),
    Action("moment.bar", (), "bar", "Go to the bar of the recording",
           Group.RECORDING, lambda do: do.moments.to_bar()),
)  # fmt: skip
"""What only recordings have."""
RECORDED_ACTIONS: Final[tuple[Action[RecordedHandlers], ...]] = (*map(_with_bar, ACTIONS), *MOMENT_ACTIONS)
"""Every key of a recording."""


def bound_to(handlers: RecordedHandlers) -> Mapping[str, Callable[[], object]]:
    """Return what each key does, by action id."""
    return {action.id: partial(action.run, handlers) for action in RECORDED_ACTIONS}
