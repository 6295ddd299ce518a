"""Main screen of a recording: with a bar at the bottom, and another moment whenever a person goes there."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

from textual import on

from dagtui.runs.recorded import RecordedRun
from dagtui.tui.actions.action import Pane
from dagtui.tui.actions.present_words import present_words
from dagtui.tui.screens.main import MainScreen
from dagtui.tui.screens.moment_bar import MomentBar
from dagtui.tui.screens.player import SPEEDS, Player

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from textual.app import ComposeResult

    from dagtui.graph.model import NodeIndex
    from dagtui.runs.view import RunView
    from dagtui.store.screen_memory import ScreenMemory
    from dagtui.text.amounts import ClockTime
    from dagtui.text.look import Look
    from dagtui.tui.actions.availability import Situation
    from dagtui.tui.actions.keymap import Keymap
    from dagtui.tui.lines.movable import Movable

WORDS_ON_BAR: Final[Mapping[str, str]] = {
    "fold.toggle": "play",
    "move.top": "beginning",
    "move.bottom": "end",
    "pane.back": "tree",
}
"""What these actions do on the bar."""
_NEAR: Final = 1_000
"""The most events that a move goes on by as if the run did. After more, views read what they keep again."""


class RecordedScreen(MainScreen, inherit_bindings=False):
    """Shows moments of a past run. The bar is a third pane."""

    DEFAULT_CSS = """
    RecordedScreen {
        #moments { height: 1; background: $surface; }
        &.-on-bar Side { border-left: outer $accent; }
        &.-on-bar.-ascii Side { border-left: ascii $border-blurred; }
    }
    """

    def __init__(
        self, run: RunView, keymap: Keymap, *, detachable: bool, look: Look, memory: ScreenMemory | None = None
    ) -> None:
        super().__init__(run, keymap, detachable=detachable, look=look, memory=memory)
        if not isinstance(run, RecordedRun):
            raise TypeError(f"a screen of moments needs a recording, not {type(run).__name__}")
        self.run = run
        self.player = Player(run, self.show_clock, self)
        self.bar = MomentBar(run, look, go_to=self._go_to_moment, go_to_clock=self.show_clock)

    def compose(self) -> ComposeResult:
        """Yield top bar, panes, bar and footer."""
        *above, footer = super().compose()
        yield from above
        yield self.bar
        yield footer

    # Moments

    def step(self, events: int) -> bool:
        """Go on by some events, or back. Return whether there is another moment."""
        before = self.run.moment
        self.show_moment(before + events)
        return self.run.moment != before

    def to_failure(self, direction: int) -> NodeIndex | None:
        """Go to the moment of the next failure, or of the one before. Return its node, or None if there is none."""
        found = self.run.next_failure(direction)
        if found is None:
            return None
        moment, node = found
        self._go_to_moment(moment)
        return node

    def show_moment(self, moment: int) -> None:
        """Show what the run was like after a number of events."""
        self._show(partial(self.run.go_to, moment))

    def show_clock(self, clock: ClockTime) -> None:
        """Show what the run was like at a time of its clock."""
        self._show(partial(self.run.go_to_clock, clock))

    def _go_to_moment(self, moment: int) -> None:
        self.player.stop()
        self.show_moment(moment)

    def _show(self, move: Callable[[], None]) -> None:
        before = self.run.moment
        move()
        self.top_bar.take_up()
        self.tree_pane.rewind(far=not 0 <= self.run.moment - before <= _NEAR)
        self.panes.lower.take_up()
        self.side.log_pane.rewind()
        self._keys_for = ()
        self.bar.repaint()

    @on(Player.Changed)
    def _tell_speed(self) -> None:
        """Show how fast the recording is played."""
        self.bar.speed = self.player.speed
        self.bar.repaint()
        self.show_keys()

    # The bar as a pane

    @property
    def on_bar(self) -> bool:
        """Whether the bar has the focus. Settable."""
        return self.has_class("-on-bar")

    @on_bar.setter
    def on_bar(self, on_bar: bool) -> None:
        self.set_class(on_bar, "-on-bar")

    @property
    def pane(self) -> Pane:
        """The pane with the focus."""
        return Pane.BAR if self.on_bar else super().pane

    @property
    def movable(self) -> Movable:
        """The pane that the movement keys act on."""
        return self.bar if self.on_bar else super().movable

    @property
    def situation(self) -> Situation:
        """What keys act on now."""
        return super().situation._replace(foldable=True) if self.on_bar else super().situation

    def show_keys(self) -> None:
        """Show which pane has the focus, and its available keys."""
        if not self.on_bar:
            super().show_keys()
            return
        self.view_strip.focused = self.side.strip.focused = False
        here = self.situation
        words = {**present_words(self.run, here, self.node, self.tree_pane.selected_count), **self._words_on_bar()}
        without = self._keymap.unavailable(self.run, here)
        without = without - {"find.failure"} if self.run.failure_clocks else without | {"find.failure"}
        self.footer.show_keys(Pane.BAR, without, words)

    def _words_on_bar(self) -> Mapping[str, str]:
        """Return what keys do on the bar."""
        at = self.player.speed
        following = next((speed for speed in SPEEDS if speed > at), 0)
        play = f"play {self._look.glyphs.times}{following}" if at and following else "stop" if at else "play"
        return {**WORDS_ON_BAR, "fold.toggle": play}

    def go_to(self, pane: Pane) -> None:
        """Give a pane the focus."""
        self.on_bar = pane is Pane.BAR
        if not self.on_bar:
            super().go_to(pane)
            return
        self.search_line.leave()
        self._focus()
        self.show_keys()

    def _focus(self) -> None:
        if self.on_bar:
            self.set_focus(self.bar)
        else:
            super()._focus()

    def on_descendant_focus(self) -> None:
        """Adapt classes and footer: a click may have moved the focus."""
        self.on_bar = self.focused is self.bar
        super().on_descendant_focus()
        if self.on_bar:
            self.show_keys()
