"""Second line of the top bar: progress across the width, what is said, and the number of nodes by status."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dagtui.engine.status import NodeStatus
from dagtui.text import cell_width, fit
from dagtui.text.amounts import NO_CELLS, CellWidth
from dagtui.tui.graph.amounts import tally
from dagtui.tui.graph.signs import QUEUED, role_of, sign_of
from dagtui.tui.graph.weights import TALLY_ORDER, WEIGHTS
from dagtui.tui.lines.rows import SPACE, Span, muted, spaces, width_of
from dagtui.tui.lines.theme import STATUS_CLASSES

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dagtui.engine.state import RunState
    from dagtui.text.look import Look

SHORTEST_WORDS: Final = 10
"""Minimum cells of words that stay for long: fewer would say nothing."""
_SHORTEST_BAR: Final = CellWidth(4)
_GAP: Final = CellWidth(2)
_S = NodeStatus


def progress_line(
    state: RunState, width: CellWidth, look: Look, *, message: Span | None, notices: Sequence[str]
) -> list[Span]:
    """Return the line in at most `width` cells: a bar of the statuses, words, and counts at the right end.

    A message stands there for a moment, and in full as long as it fits. Without one, notices do. The first ones stay
    longest. Texts are safe to show.
    """
    line = _ProgressLine(state, CellWidth(width - 2), look)
    if message is not None:
        return [SPACE, *line.with_message(message)]
    return [SPACE, *line.with_notices(notices)]


class _ProgressLine:
    """The line between the edges of the screen."""

    def __init__(self, state: RunState, room: CellWidth, look: Look) -> None:
        self._state = state
        self._room = room
        self._look = look
        self._numbers = {**dict(enumerate(state.counts)), QUEUED: state.ready_there}
        """The number of nodes by status, and of those that wait on other machines."""
        self._numbers[_S.READY] -= state.ready_there
        self._shown = [status for status in TALLY_ORDER if self._numbers[status]]

    def with_message(self, message: Span) -> list[Span]:
        """Return the line with a message. It takes the room of the bar, then of the counts, before it is cut."""
        least = _SHORTEST_BAR + _GAP + message.width + _GAP
        counts = next((counts for counts in self._complete_counts() if least + width_of(counts) <= self._room), None)
        if counts is not None:
            return self._filled(counts, message)
        tight = self._counts("", " ", self._shown, "")
        if message.width + _GAP + width_of(tight) <= self._room:
            return [message, spaces(self._room - message.width - width_of(tight)), *tight]
        return [message._replace(text=fit(message.text, max(NO_CELLS, self._room), self._look))]

    def with_notices(self, notices: Sequence[str]) -> list[Span]:
        """Return the line with the notices that fit."""
        kept_free = SHORTEST_WORDS + _GAP if notices else 0
        counts = self._fitting_counts(CellWidth(self._room - _SHORTEST_BAR - _GAP - kept_free))
        room = CellWidth(self._room - _SHORTEST_BAR - 2 * _GAP - width_of(counts))
        return self._filled(counts, self._noticed(notices, room))

    def _filled(self, counts: Sequence[Span], words: Span | None) -> list[Span]:
        """Return the line with a bar that takes what is free."""
        right = [spaces(_GAP), words] if words is not None else []
        right += [spaces(_GAP), *counts] if counts else []
        return [*self._bar(CellWidth(self._room - width_of(right))), *right]

    def _bar(self, width: CellWidth) -> list[Span]:
        """Return the bar: cells of each status, by its number of nodes."""
        counts = self._state.counts
        shown = [status for status in TALLY_ORDER if status != QUEUED and counts[status]]
        cells = segments([counts[status] for status in shown], width)
        signs = self._look.glyphs.shares
        return [Span(signs[status] * number, role_of(status)) for status, number in zip(shown, cells, strict=True)]

    def _noticed(self, notices: Sequence[str], room: CellWidth) -> Span | None:
        """Return the notices that fit, of which the first is cut if necessary."""
        kept = list(notices)
        while len(kept) > 1 and cell_width(", ".join(kept)) > room:
            kept.pop()
        if not kept or room < SHORTEST_WORDS:
            return None
        return Span(fit(", ".join(kept), room, self._look), STATUS_CLASSES[_S.RETRYING])

    # Counts

    def _complete_counts(self) -> Iterator[list[Span]]:
        """Yield all counts, first wide and then narrow."""
        yield self._counts(" ", "  ", self._shown, " stale")
        yield self._counts("", " ", self._shown, " stale")

    def _fitting_counts(self, room: CellWidth) -> list[Span]:
        """Return the counts that fit, as wide as they fit. The weightiest stay longest."""
        for counts in self._complete_counts():
            if width_of(counts) <= room:
                return counts
        kept = list(self._shown)
        for status in sorted(self._shown, key=WEIGHTS.index, reverse=True):
            kept.remove(status)
            counts = self._counts("", " ", kept, "")
            if width_of(counts) <= room:
                return counts
        return []

    def _counts(self, between: str, gap: str, shown: Sequence[int], stale: str) -> list[Span]:
        """Return counts with texts between glyph and number and between two counts, and after the stale ones."""
        pieces: list[Span] = []
        for status in shown:
            for count in self._count(status, between):
                pieces += [count, Span(gap)]
        if number := self._state.stale_count:  # as in the tree
            words = f"{self._look.glyphs.stale}{tally(number)}{stale}"
            return [*pieces, Span(words, STATUS_CLASSES[_S.RETRYING])]
        return pieces[:-1]

    def _count(self, status: int, between: str) -> Iterator[Span]:
        """Yield the number of nodes in a status, those whose failure is allowed apart."""
        glyph, number = sign_of(status, self._look.glyphs.statuses, self._look), self._numbers[status]
        allowed = self._state.allowed_failures if status == _S.FAILED else 0
        if number > allowed:
            yield Span(f"{glyph}{between}{_figure(number - allowed, between)}", role_of(status))
        if allowed:
            figure = f"{glyph}{between}{_figure(allowed, between)}"
            yield muted(f"{figure} allowed" if between else f"({figure})")


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
