"""Top bar: the run and its times, what is said, and the number of nodes by status."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from dagtui.engine.capacity import pools_taken, slots_taken
from dagtui.engine.status import NodeStatus, Verdict
from dagtui.text import label, plural
from dagtui.text.amounts import ONE_CELL, CellWidth, time_range
from dagtui.text.labels import name_label
from dagtui.text.look import IN_UNICODE
from dagtui.text.shortening import shortened
from dagtui.tui.graph.amounts import TIME_CELLS, elapsed, tally
from dagtui.tui.lines.painter import PaintedRows
from dagtui.tui.lines.rows import SPACE, Role, Span, muted, spaces, width_of
from dagtui.tui.lines.theme import STATUS_CLASSES
from dagtui.tui.screens.progress_line import progress_line

if TYPE_CHECKING:
    from textual.strip import Strip
    from textual.timer import Timer

    from dagtui.runs.view import Notice, RunView
    from dagtui.text.amounts import ClockTime
    from dagtui.text.look import Look

CALM = 0.2
"""Minimum seconds between two paintings of counts that change all the time."""
NAMED_NODE = CellWidth(20)
"""Cells for the name of the node that bounds the run, if there is little room."""
BRIEFEST = 7
MESSAGE_SECONDS = 8.0
MOST_SAID = 500
"""The most characters of a message."""
_WITH_POOLS = 100
"""Columns from which there is room for pools."""
_SHORT_NAME, _LONG_NAME, _LONG_NODE = CellWidth(24), CellWidth(40), CellWidth(60)

_S = NodeStatus
_VERDICTS = {
    Verdict.COMPLETED: _S.COMPLETED,
    Verdict.FAILED: _S.FAILED,
    Verdict.CANCELLED: _S.CANCELLED,
    Verdict.RUNNING: _S.RUNNING,
}


class TopBar(PaintedRows, can_focus=False):
    """The run and its progress. The app calls `flush` once a frame."""

    DEFAULT_CSS = Path(__file__).with_suffix(".tcss").read_text(encoding="utf-8")

    def __init__(self, run: RunView, look: Look = IN_UNICODE, *, reload_key: str = "") -> None:
        """`reload_key` is the key that reloads a changed file, as people see it."""
        super().__init__(look)
        self._reload_key = reload_key
        self._run = run
        self.own_notices: tuple[Notice, ...] = ()
        """Notices of this screen, beside those of the run."""
        self._state = run.state
        self._clock = run.clock()
        self._drawn_at = self._clock
        self._drawn: tuple[object, ...] = ()
        self._message: Span | None = None
        self._lasting = False
        self._timer: Timer | None = None

    def take_up(self) -> None:
        """Show the state of the graph that the run has now."""
        self._state, self._clock = self._run.state, self._run.clock()
        self._drawn = ()

    def flush(self, clock: ClockTime) -> int:
        """Refresh changed cells: times once a second, counts a few times a second. Return how many lines differ."""
        self._clock = clock
        state, run = self._state, self._run
        # The effects of a person's actions are shown at once.
        pressing = (state.paused, state.jobs, *state.slots_on.values(), len(state.held), (run.settled, *run.notices))
        restless = (*pressing, slots_taken(state), state.stale_count, *state.counts, *self._elsewhere())
        ticked = int(clock) != int(self._drawn_at) and not run.settled
        calm = abs(clock - self._drawn_at) >= CALM or run.settled or run.stands_still
        if not ticked and (restless == self._drawn or (not calm and pressing == self._drawn[: len(pressing)])):
            return 0
        self._drawn, self._drawn_at = restless, clock
        return self.repaint()

    def draw(self, width: CellWidth, height: int) -> list[Strip]:
        """Return the two lines."""
        lines = (self._headline(width), self._progress(width))
        return [self.painter.strip(line, width) for line in lines[:height]]

    def _elsewhere(self) -> tuple[int, ...]:
        """Return what executors on other machines have, for comparison."""
        state = self._state
        found = (state.ready_there, state.alive_there, *state.taken_on.values(), *state.queued_on.values())
        return found if state.any_remote else ()

    # The first line

    def _headline(self, width: CellWidth) -> list[Span]:
        """Return name, status and times, with as many words as fit."""
        right = self._right(width)
        room = width - width_of(right) - 2
        for brevity in range(BRIEFEST + 1):
            left = self._left(brevity)
            if width_of(left) <= room:
                break
        else:
            cells = max(ONE_CELL, room - width_of(left[2:]) - 1)
            left[1] = Span(shortened(left[1].text, cells, self.look), Role.HEADING)
        return [*left, spaces(width - width_of(left) - width_of(right)), *right]

    def _left(self, brevity: int) -> list[Span]:
        """Return the segments on the left, at a brevity from 0 (all) to BRIEFEST. The second one is the name."""
        name = shortened(label(self._run.name), _SHORT_NAME if brevity > 1 else _LONG_NAME, self.look)
        pieces = [SPACE, Span(name, Role.HEADING)]
        if brevity < 6:
            pieces.append(muted(f" #{self._run.number}"))
        status, word = self._status()
        glyph = self.look.glyphs.statuses[status]
        pieces += [
            Span("  "),
            Span(glyph if brevity >= 4 else f"{glyph} {word}", STATUS_CLASSES[status]),
            Span("  "),
        ]
        time = elapsed(self._state.active(self._clock))
        if self._run.whole is not None and not self._run.settled:
            whole = muted(f" of {elapsed(self._run.whole)}") if brevity < 5 else SPACE
            return [*pieces, Span(_dense(time) if brevity >= 5 else time), whole]
        pieces.append(Span(_dense(time) if brevity >= 5 else time.ljust(TIME_CELLS)))
        if not self._run.settled and brevity < BRIEFEST:
            pieces += self._forecast(brevity)
        return pieces

    def _status(self) -> tuple[NodeStatus, str]:
        if self._run.settled:
            verdict = self._state.verdict()
            return _VERDICTS[verdict], verdict.value
        if self._state.held_up:
            return _S.READY, "held up"
        if self._state.paused:
            return _S.READY, "paused"
        if not self._run.alive() and next(self._state.asking(), None) is not None:
            return _S.READY, "asks"
        if self._waits_for_release:
            return _S.READY, "held"
        return _S.RUNNING, "running"

    @property
    def _waits_for_release(self) -> bool:
        """Whether nothing happens before a held node is released."""
        return bool(self._state.held and self._run.waits) and not self._run.alive()

    def _forecast(self, brevity: int) -> list[Span]:
        if self._waits_for_release:
            return []
        expected = self._run.remaining()
        if expected is None:
            return [SPACE, muted("no history")] if brevity < 3 else []
        seconds, node = expected
        answers = self._run.answers_left()
        if answers and seconds < 1.0:  # how long a person takes is not known
            return [muted(f" waits for {plural(answers, 'answer')}")] if brevity < 3 else []
        eta = self._run.eta_range()
        time = elapsed(seconds) if eta is None else self.look.written(time_range(eta.low, eta.high))
        time = _dense(time) if brevity >= 5 else time
        if answers:
            time += f" + {plural(answers, 'answer')}" if brevity < 2 else " +"
        elif self._state.held:
            time += " +"
        pieces = [muted(" ETA "), Span(time.ljust(TIME_CELLS) if brevity < 3 else time)]
        if brevity < 2:
            pieces[-1] = Span(time)
            words, cells = (" bound by ", _LONG_NODE) if brevity == 0 else (" by ", NAMED_NODE)
            words = f", {eta.basis}, bound by " if eta is not None and brevity == 0 else words
            pieces += [
                muted(words),
                Span(name_label(self._run.graph.labels[node], cells, self.look)),
            ]
        return pieces

    def _right(self, width: CellWidth) -> list[Span]:
        state = self._state
        taken = Span(f"{slots_taken(state)}/{state.jobs}")
        pieces = [muted("slots "), taken] if width >= 60 else [taken]
        if state.graph.pools and width >= _WITH_POOLS:
            pieces = [*self._pools(width), *pieces]
        if state.any_remote or state.graph.any_remote:
            pieces = [*self._executors(width), *pieces]
        if state.held:
            pieces = [Span(f"{tally(len(state.held))} held", STATUS_CLASSES[_S.RETRYING]), Span("  "), *pieces]
        if state.paused:
            pieces = [Span("paused", STATUS_CLASSES[_S.RETRYING]), Span("  "), *pieces]
        return [*pieces, SPACE]

    def _executors(self, width: CellWidth) -> list[Span]:
        """Return the slots and queues of executors on other machines, as many as have room.

        In a narrow bar, only how many attempts wait there.
        """
        from dagtui.runs.executor_words import executors_used

        used = executors_used(self._state)
        role = STATUS_CLASSES[_S.READY]
        if width < _WITH_POOLS:
            queued = sum(one.queued for one in used)
            return [Span(f"{self.look.glyphs.queued}{tally(queued)}", role), spaces(2)] if queued else []
        pieces: list[Span] = []
        for one in used:
            name = Span(f"{one.shown} ", Role.WARNING if one.silence else Role.MUTED)
            queue = Span(f" {self.look.glyphs.queued}{tally(one.queued)}" if one.queued else "", role)
            words = [name, Span(one.slots), queue, spaces(2)]
            if width_of([*pieces, *words]) > width // 3:
                break
            pieces += words
        return pieces

    def _pools(self, width: CellWidth) -> list[Span]:
        """Return what is in use of the pools, as many of them as have room."""
        taken = pools_taken(self._state)
        pieces: list[Span] = []
        for pool in self._state.graph.pools:
            in_use = pool.part(taken[pool.name]).replace(" of ", "/")
            words = [muted(f"{label(pool.name, 20)} "), Span(in_use), spaces(2)]
            if width_of([*pieces, *words]) > width // 4:
                break
            pieces += words
        return pieces

    # The second line

    def _progress(self, width: CellWidth) -> list[Span]:
        notices = [self._brief(notice) for notice in (*self._run.notices, *self.own_notices)]
        return progress_line(self._state, width, self.look, message=self._message, notices=notices)

    def _brief(self, notice: Notice) -> str:
        """Return a notice in a few words, with the key for it."""
        return f"{notice.brief}: {advice}" if (advice := self._advice(notice)) else notice.brief

    def _advice(self, notice: Notice) -> str:
        has_key = notice.helps_reload and self._run.read_only is None and self._reload_key
        return f"{self._reload_key} reloads" if has_key else ""

    def in_short(self, note: str) -> str:
        """Return the note that a file has changed in words that fit a narrow bar, with the key; another as it is."""
        notice = self._run.changed_file
        if notice is None or not notice.helps_reload or note != notice.text:
            return note
        return f"{notice.brief}: the run keeps what it read" + (
            f"; {advice}" if (advice := self._advice(notice)) else ""
        )

    # Messages

    def say(self, text: str, role: Role = Role.PLAIN, *, lasting: bool = False) -> None:
        """Show a message in the second line, until the next key press or for some seconds. A lasting one stays."""
        self._message, self._lasting = Span(label(text, cap=MOST_SAID), role), lasting
        if self._timer is not None:
            self._timer.stop()
        self._timer = None if lasting else self.set_timer(MESSAGE_SECONDS, self.dismiss)
        self.repaint()

    @property
    def said(self) -> str:
        """The message that is shown, or "" if there is none."""
        return self._message.text if self._message else ""

    def dismiss(self) -> None:
        """Show no message any more, unless it is a lasting one."""
        if self._message is None or self._lasting:
            return
        self._message = None
        if self._timer is not None:
            self._timer.stop()
            self._timer = None
        self.repaint()


def _dense(time: str) -> str:
    """Return a time without spaces, for the narrowest bars."""
    return time.replace(" ", "")
