"""Top bar: the run and its times, and the number of nodes by status."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from dagtui.engine.capacity import pools_taken, slots_taken
from dagtui.engine.status import NodeStatus, Verdict
from dagtui.text import cell_width, fit, label, plural
from dagtui.text.amounts import ONE_CELL, CellWidth
from dagtui.text.labels import name_label
from dagtui.text.look import IN_UNICODE
from dagtui.text.shortening import shortened
from dagtui.tui.graph.amounts import TIME_CELLS, elapsed, tally
from dagtui.tui.graph.weights import TALLY_ORDER, WEIGHTS
from dagtui.tui.lines.painter import PaintedRows
from dagtui.tui.lines.rows import SPACE, Role, Span, muted, spaces, width_of
from dagtui.tui.lines.theme import STATUS_CLASSES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual.strip import Strip

    from dagtui.runs.view import Notice, RunView
    from dagtui.text.amounts import ClockTime
    from dagtui.text.look import Look

CALM = 0.2
"""Minimum seconds between two paintings of counts that change all the time."""
NAMED_NODE = CellWidth(24)
"""Cells for the name of the node that bounds the run, if there is little room."""
BRIEFEST = 7
_SHORTEST_NOTICE = 10
"""Minimum cells of a notice: fewer would say nothing."""
_WITH_POOLS = 100
"""Columns from which there is room for pools."""
_SHORT_NAME, _LONG_NAME, _LONG_NODE = CellWidth(24), CellWidth(40), CellWidth(60)
_SHORTEST_BAR, _LONGEST_BAR = CellWidth(4), CellWidth(80)

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
        self._state = run.state
        self._clock = run.clock()
        self._drawn_at = self._clock
        self._drawn: tuple[object, ...] = ()

    @property
    def counts_are_current(self) -> bool:
        """Whether the counts that it shows are those of the run now. They are repainted only a few times a second."""
        return self._drawn[-len(NodeStatus) :] == tuple(self._state.counts)

    def take_up(self) -> None:
        """Show the state of the graph that the run has now."""
        self._state = self._run.state
        self._drawn = ()

    def flush(self, clock: ClockTime) -> int:
        """Refresh changed cells: times once a second, counts a few times a second. Return how many lines differ."""
        self._clock = clock
        state, run = self._state, self._run
        # The effects of a person's actions are shown at once.
        pressing = (state.paused, state.jobs, (run.settled, *run.notices))
        restless = (*pressing, slots_taken(state), state.stale_count, *state.counts)
        ticked = int(clock) != int(self._drawn_at) and not run.settled
        calm = abs(clock - self._drawn_at) >= CALM or run.settled
        if not ticked and (restless == self._drawn or (not calm and pressing == self._drawn[:3])):
            return 0
        self._drawn, self._drawn_at = restless, clock
        return self.repaint()

    def draw(self, width: CellWidth, height: int) -> list[Strip]:
        """Return the two lines."""
        lines = (self._headline(width), self._progress(width))
        return [self.painter.strip(line, width) for line in lines[:height]]

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
        time = elapsed(self._state.active(self._clock), short=brevity >= 5)
        pieces.append(Span(time if brevity >= 5 else time.ljust(TIME_CELLS)))
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
        return _S.RUNNING, "running"

    def _forecast(self, brevity: int) -> list[Span]:
        expected = self._run.remaining()
        if expected is None:
            return [SPACE, muted("no history")] if brevity < 3 else []
        seconds, node = expected
        answers = self._run.answers_left()
        if answers and seconds < 1.0:  # how long a person takes is not known
            return [muted(f" waits for {plural(answers, 'answer')}")] if brevity < 3 else []
        time = elapsed(seconds, short=brevity >= 5)
        if answers:
            time += f" + {plural(answers, 'answer')}" if brevity < 2 else " +"
        pieces = [muted(" ETA "), Span(time.ljust(TIME_CELLS) if brevity < 3 else time)]
        if brevity < 2:
            pieces[-1] = Span(time)
            words, cells = (" bound by ", _LONG_NODE) if brevity == 0 else (" by ", NAMED_NODE)
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
        if state.paused:
            pieces = [Span("paused", STATUS_CLASSES[_S.RETRYING]), Span("  "), *pieces]
        return [*pieces, SPACE]

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
        counts = self._state.counts
        notices = self._run.notices
        share = width // 5 if notices else width * 2 // 5
        bar_width = max(_SHORTEST_BAR, min(share, _LONGEST_BAR))
        pieces = [SPACE]
        shown = [status for status in TALLY_ORDER if counts[status]]
        for status, cells in zip(shown, segments([counts[status] for status in shown], bar_width), strict=True):
            character = self.look.glyphs.shares[status]
            pieces.append(Span(character * cells, STATUS_CLASSES[status]))
        pieces.append(spaces(2))
        kept_free = _SHORTEST_NOTICE + 2 if notices else 0
        pieces += self._numbers(shown, width - width_of(pieces) - 1 - kept_free)
        return pieces + self._noticed(notices, width - width_of(pieces) - 1)

    def _noticed(self, notices: Sequence[Notice], room: CellWidth) -> list[Span]:
        """Return the notices at the right. The first ones stay longest."""
        brief = [self._brief(notice) for notice in notices]
        while len(brief) > 1 and cell_width(", ".join(brief)) > room - 2:
            brief.pop()
        if not brief or room < _SHORTEST_NOTICE:
            return []
        text = fit(", ".join(brief), room - 2, self.look)
        return [spaces(room - cell_width(text)), Span(text, STATUS_CLASSES[_S.RETRYING])]

    def _brief(self, notice: Notice) -> str:
        """Return a notice in a few words, with the key for it."""
        has_key = notice.helps_reload and self._run.read_only is None and self._reload_key
        return f"{notice.brief}: {self._reload_key} reloads" if has_key else notice.brief

    def _numbers(self, shown: list[NodeStatus], room: CellWidth) -> list[Span]:
        """Return the counts that fit, as wide as they fit. The weightiest stay longest."""
        kept = list(shown)
        for gap, between in (("  ", " "), (" ", "")):
            pieces = [*self._written(kept, gap, between), *self._stale(gap, " stale")]
            if width_of(pieces) <= room:
                return pieces
        for status in sorted(shown, key=WEIGHTS.index, reverse=True):
            kept.remove(status)
            pieces = [*self._written(kept, " ", ""), *self._stale(" ", "")]
            if width_of(pieces) <= room:
                return pieces
        return []

    def _stale(self, gap: str, word: str) -> list[Span]:
        """Return the number of stale nodes as in the tree, or nothing if there are none."""
        number = self._state.stale_count
        glyph = self.look.glyphs.stale
        return [Span(gap), Span(f"{glyph}{tally(number)}{word}", STATUS_CLASSES[_S.RETRYING])] if number else []

    def _written(self, shown: list[NodeStatus], gap: str, between: str) -> list[Span]:
        pieces: list[Span] = []
        for status in shown:
            glyph = self.look.glyphs.statuses[status]
            number = self._state.counts[status]
            allowed = self._state.allowed_failures if status is _S.FAILED else 0
            if number > allowed:
                pieces += [
                    Span(f"{glyph}{between}{_figure(number - allowed, between)}", STATUS_CLASSES[status]),
                    Span(gap),
                ]
            if allowed:
                figure = f"{glyph}{between}{_figure(allowed, between)}"
                words = f"{figure} allowed" if between else f"({figure})"
                pieces += [muted(words), Span(gap)]
        return pieces[:-1]


def _figure(number: int, between: str) -> str:
    return f"{number:,}" if between else tally(number)


def segments(counts: Sequence[int], width: CellWidth) -> list[int]:
    """Return the cells of each count: at least one each, the rest by largest remainders, together `width`.

    With more counts than cells, each has one.
    """
    total = sum(counts)
    spare = width - len(counts)
    if spare <= 0 or not total:
        return [1] * len(counts)
    # Each starts with its one cell. The share beyond that is distributed.
    wanted = [max(0.0, count * width / total - 1) for count in counts]
    scale = spare / sum(wanted) if sum(wanted) else 0.0
    shares = [share * scale for share in wanted]
    cells = [int(share) for share in shares]
    by_remainder = sorted(range(len(counts)), key=lambda index: (cells[index] - shares[index], index))
    for index in by_remainder[: spare - sum(cells)]:
        cells[index] += 1
    return [1 + cell for cell in cells]
