"""What a terminal is told of a run beside the screen: title and progress, and by choice, a bell and a notification."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from dagtui.engine.status import NodeStatus, Verdict
from dagtui.engine.why import why
from dagtui.runs.answers import question_of
from dagtui.runs.occasions import Happened, Occasion, Occasions, Told
from dagtui.runs.wording import counts
from dagtui.text import label
from dagtui.text.announced import announced
from dagtui.text.labels import name_label
from dagtui.tui.screens.title import progress_of, title_of

if TYPE_CHECKING:
    from dagtui.runs.view import RunView
    from dagtui.settings.values import Settings
    from dagtui.text.amounts import Seconds
    from dagtui.text.look import Look
    from dagtui.tui.terminal.announcer import Announcer

IDLE: Final[Seconds] = 60.0
"""Time without a key or the mouse after which a terminal that does not report its focus counts as left alone."""
_MOST_UNTOLD: Final = 3
_SIGNS: Final = {
    Verdict.COMPLETED: NodeStatus.COMPLETED,
    Verdict.FAILED: NodeStatus.FAILED,
    Verdict.CANCELLED: NodeStatus.CANCELLED,
    Verdict.RUNNING: NodeStatus.RUNNING,
}


class Announcing:
    """Tells one terminal of one run. What happened before is not told: the screen shows it."""

    def __init__(self, run: RunView, look: Look, settings: Settings) -> None:
        self._run = run
        self._look = look
        self._bell, self._notifies = settings.bell, settings.notify
        tells = (settings.bell or settings.notify) and not run.stands_still  # a past run has nothing new to tell
        self._occasions = Occasions(run, Told.by_now(run)) if tells else None
        self._untold: list[str] = []
        """What the terminal did not take yet."""
        self._reports_focus = False
        self.touched_at = time.monotonic()
        """When a person last pressed a key or moved the wheel."""

    def tell(self, announcer: Announcer, *, has_focus: bool) -> None:
        """Tell a terminal what has changed. `has_focus`: the terminal does not report that it has lost the focus."""
        run, look = self._run, self._look
        announcer.tell(title_of(run, look), *progress_of(run), at_once=run.settled)
        self._reports_focus = self._reports_focus or not has_focus
        if self._occasions is None:
            return
        happened = self._occasions.look()
        if self._is_alone(has_focus=has_focus):
            self._untold = [*self._untold, *map(self._words, happened)][:_MOST_UNTOLD]
            while self._untold and announcer.alert(self._untold[0], bell=self._bell, notifies=self._notifies):
                del self._untold[0]
        else:
            self._untold.clear()

    def _is_alone(self, *, has_focus: bool) -> bool:
        return not has_focus or (not self._reports_focus and time.monotonic() - self.touched_at >= IDLE)

    def _words(self, happened: Happened) -> str:
        """Return what is said: `✗ rnaseq: align failed: exit 3`."""
        run, state = self._run, self._run.state
        signs = self._look.glyphs.statuses
        name = name_label(run.graph.labels[happened.node]) if happened.node >= 0 else ""
        match happened.occasion:
            case Occasion.FAILURE:
                sign, words = (
                    signs[NodeStatus.FAILED],
                    f"{name} failed: {label(why(state, happened.node, run.clock()))}",
                )
            case Occasion.GATE:
                sign, words = "?", f"{name} asks: {label(question_of(state, happened.node))}"
            case Occasion.END:
                verdict = state.verdict()
                sign, words = signs[_SIGNS[verdict]], f"{verdict.value}: {counts(state)}"
        return announced(f"{sign} {run.name}: {words}", look=self._look)
