"""Top bar: the run and its times, and the number of nodes by status."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from rich.segment import Segment
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from dagtui.engine.capacity import slots_taken
from dagtui.engine.status import NodeStatus, Verdict
from dagtui.text import cell_width, fit, label
from dagtui.text.labels import name_label
from dagtui.text.shortening import shortened
from dagtui.tui.graph.amounts import TIME_CELLS, elapsed, tally
from dagtui.tui.graph.rows import TALLY_ORDER, WEIGHTS
from dagtui.tui.lines.doubtful import is_doubtful
from dagtui.tui.lines.glyphs import ASCII, UNICODE
from dagtui.tui.lines.segments import MARK, PLAIN, QUIET, RowSegment, spaces, width_of
from dagtui.tui.lines.theme import STATUS_CLASSES, STATUS_CSS, part_style, status_styles
from dagtui.tui.terminal.cleanup import take_apart

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.style import Style

    from dagtui.runs.notices import Notice
    from dagtui.runs.session import Session

CALM = 0.2
"""Minimum seconds between two paintings of counts that change all the time."""
NAMED_NODE = 24
"""Cells for the name of the node that bounds the run, if there is little room."""
BRIEFEST = 7
_SHORTEST_NOTICE = 10
"""Minimum cells of a notice: fewer would say nothing."""

_S = NodeStatus
_VERDICTS = {
    Verdict.COMPLETED: _S.COMPLETED,
    Verdict.FAILED: _S.FAILED,
    Verdict.CANCELLED: _S.CANCELLED,
    Verdict.RUNNING: _S.RUNNING,
}
_LINES = {
    _S.COMPLETED: "━",
    _S.RUNNING: "╍",
    _S.RETRYING: "╍",
    _S.CANCELLING: "╍",
    _S.FAILED: "×",
    _S.FAILED_PARENT: "┅",
    _S.CANCELLED: "┅",
    _S.SKIPPED: "┅",
    _S.READY: "─",
    _S.WAITING: "─",
}
"""The characters of the bar's segments, so that colour is not the only difference."""


class TopBar(Widget):
    """The run and its progress. The app calls `flush` once a frame."""

    ALLOW_SELECT = False
    COMPONENT_CLASSES: ClassVar[set[str]] = {"bar--name", "look--quiet", "look--guide", *STATUS_CLASSES.values()}
    DEFAULT_CSS = Path(__file__).with_suffix(".tcss").read_text(encoding="utf-8") + STATUS_CSS

    def __init__(
        self,
        session: Session,
        *,
        ascii: bool = False,  # noqa: A002 - the name of the option it comes from
        id: str | None = None,  # noqa: A002 - Textual's name
    ) -> None:
        super().__init__(id=id)
        self._session = session
        self._state = session.state
        self._ascii = ascii
        self._clock = session.clock()
        self._lines: list[list[RowSegment]] = [[], []]
        self._drawn_at = self._clock
        self._drawn: tuple[object, ...] = ()
        self._palette: Sequence[Style] | None = None

    @property
    def counts_are_current(self) -> bool:
        """Whether the counts that it shows are those of the run now. They are repainted only a few times a second."""
        return self._drawn[-len(NodeStatus) :] == tuple(self._state.counts)

    def flush(self, clock: float) -> int:
        """Refresh changed cells: times once a second, counts a few times a second. Return how many runs of cells."""
        self._clock = clock
        state, session = self._state, self._session
        # The effects of a person's actions are shown at once.
        pressing = (state.paused, state.jobs, (session.settled, *session.notices))
        restless = (*pressing, slots_taken(state), state.stale_count, *state.counts)
        ticked = int(clock) != int(self._drawn_at) and not session.settled
        calm = abs(clock - self._drawn_at) >= CALM or session.settled
        if not ticked and (restless == self._drawn or (not calm and pressing == self._drawn[:3])):
            return 0
        self._drawn, self._drawn_at = restless, clock
        return self._repaint()

    def render_line(self, y: int) -> Strip:
        """Return one of the two lines."""
        width = self.size.width
        looks = self._looks()
        if y >= len(self._lines):
            return Strip.blank(width, looks[PLAIN])
        segments = [Segment(piece.text, looks[piece.look]) for piece in self._lines[y] if piece.text]
        return Strip(segments).adjust_cell_length(width, looks[PLAIN])

    def on_unmount(self) -> None:
        """Break reference cycles."""
        take_apart(self)

    def notify_style_update(self) -> None:
        """Discard the cached styles: the colours have changed."""
        super().notify_style_update()
        self._palette = None

    def on_resize(self) -> None:
        """Arrange the lines for the new width."""
        self._lines = self._arranged()
        self.refresh()

    # Inside

    def _repaint(self) -> int:
        before, self._lines = self._lines, self._arranged()
        regions = [
            Region(x, y, width, 1)
            for y, (old, new) in enumerate(zip(before, self._lines, strict=True))
            for x, width in changed_runs(old, new, self.size.width)
        ]
        if regions and self.is_mounted:
            self.refresh(*regions)
        return len(regions)

    def _looks(self) -> Sequence[Style]:
        if self._palette is None:
            base = self.rich_style
            quiet, guide, name = (part_style(self, part) for part in ("look--quiet", "look--guide", "bar--name"))
            self._palette = [
                *(base + style for style in status_styles(self)),
                base,
                base + quiet,
                base + guide,
                base + name,
            ]
        return self._palette

    def _arranged(self) -> list[list[RowSegment]]:
        width = self.size.width
        return [self._headline(width), self._progress(width)]

    # The first line

    def _headline(self, width: int) -> list[RowSegment]:
        """Return name, status and times, with as many words as fit."""
        right = self._right(width)
        room = width - width_of(right) - 2
        for brevity in range(BRIEFEST + 1):
            left = self._left(brevity)
            if width_of(left) <= room:
                break
        else:
            cells = max(1, room - width_of(left[2:]) - 1)
            left[1] = RowSegment(shortened(left[1].text, cells, ascii_only=self._ascii), MARK)
        return [*left, spaces(width - width_of(left) - width_of(right)), *right]

    def _left(self, brevity: int) -> list[RowSegment]:
        """Return the segments on the left, at a brevity from 0 (all) to BRIEFEST. The second one is the name."""
        name = shortened(label(self._session.name), 24 if brevity > 1 else 40, ascii_only=self._ascii)
        pieces = [RowSegment(" "), RowSegment(name, MARK)]
        if brevity < 6:
            pieces.append(RowSegment(f" #{self._session.number}", QUIET))
        status, word = self._status()
        glyph = status.ascii if self._ascii else status.glyph
        pieces += [
            RowSegment("  "),
            RowSegment(glyph if brevity >= 4 else f"{glyph} {word}", int(status)),
            RowSegment("  "),
        ]
        time = elapsed(self._state.active(self._clock), short=brevity >= 5)
        pieces.append(RowSegment(time if brevity >= 5 else time.ljust(TIME_CELLS)))
        if not self._session.settled and brevity < BRIEFEST:
            pieces += self._forecast(brevity)
        return pieces

    def _status(self) -> tuple[NodeStatus, str]:
        if self._session.settled:
            verdict = self._state.verdict()
            return _VERDICTS[verdict], verdict.value
        if self._state.held_up:
            return _S.READY, "held up"
        if self._state.paused:
            return _S.READY, "paused"
        return _S.RUNNING, "running"

    def _forecast(self, brevity: int) -> list[RowSegment]:
        expected = self._session.remaining()
        if expected is None:
            return [RowSegment(" "), RowSegment("no history", QUIET)] if brevity < 3 else []
        seconds, node = expected
        time = elapsed(seconds, short=brevity >= 5)
        pieces = [RowSegment(" ETA ", QUIET), RowSegment(time.ljust(TIME_CELLS) if brevity < 3 else time)]
        if brevity < 2:
            pieces[-1] = RowSegment(time)
            words, cells = (" bound by ", 60) if brevity == 0 else (" by ", NAMED_NODE)
            pieces += [
                RowSegment(words, QUIET),
                RowSegment(name_label(self._session.graph.labels[node], cells, ascii_only=self._ascii)),
            ]
        return pieces

    def _right(self, width: int) -> list[RowSegment]:
        state = self._state
        taken = RowSegment(f"{slots_taken(state)}/{state.jobs}")
        pieces = [RowSegment("slots ", QUIET), taken] if width >= 60 else [taken]
        if state.paused:
            pieces = [RowSegment("paused", int(_S.RETRYING)), RowSegment("  "), *pieces]
        return [*pieces, RowSegment(" ")]

    # The second line

    def _progress(self, width: int) -> list[RowSegment]:
        counts = self._state.counts
        notices = self._session.notices
        share = width // 5 if notices else width * 2 // 5
        bar_width = max(4, min(share, 80))
        pieces = [RowSegment(" ")]
        shown = [status for status in TALLY_ORDER if counts[status]]
        for status, cells in zip(shown, segments([counts[status] for status in shown], bar_width), strict=True):
            character = status.ascii if self._ascii else _LINES[status]
            pieces.append(RowSegment(character * cells, int(status)))
        pieces.append(spaces(2))
        kept_free = _SHORTEST_NOTICE + 2 if notices else 0
        pieces += self._numbers(shown, width - width_of(pieces) - 1 - kept_free)
        return pieces + self._noticed(notices, width - width_of(pieces) - 1)

    def _noticed(self, notices: Sequence[Notice], room: int) -> list[RowSegment]:
        """Return the notices at the right. The first ones stay longest."""
        brief = [notice.brief for notice in notices]
        while len(brief) > 1 and cell_width(", ".join(brief)) > room - 2:
            brief.pop()
        if not brief or room < _SHORTEST_NOTICE:
            return []
        text = fit(", ".join(brief), room - 2, ascii=self._ascii)
        return [spaces(room - cell_width(text)), RowSegment(text, int(_S.RETRYING))]

    def _numbers(self, shown: list[NodeStatus], room: int) -> list[RowSegment]:
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

    def _stale(self, gap: str, word: str) -> list[RowSegment]:
        """Return the number of stale nodes as in the tree, or nothing if there are none."""
        number = self._state.stale_count
        glyph = (ASCII if self._ascii else UNICODE).stale
        return [RowSegment(gap), RowSegment(f"{glyph}{tally(number)}{word}", int(_S.RETRYING))] if number else []

    def _written(self, shown: list[NodeStatus], gap: str, between: str) -> list[RowSegment]:
        pieces: list[RowSegment] = []
        for status in shown:
            glyph = status.ascii if self._ascii else status.glyph
            number = self._state.counts[status]
            allowed = self._state.allowed_failures if status is _S.FAILED else 0
            if number > allowed:
                pieces += [
                    RowSegment(f"{glyph}{between}{_figure(number - allowed, between)}", int(status)),
                    RowSegment(gap),
                ]
            if allowed:
                figure = f"{glyph}{between}{_figure(allowed, between)}"
                words = f"{figure} allowed" if between else f"({figure})"
                pieces += [RowSegment(words, QUIET), RowSegment(gap)]
        return pieces[:-1]


def _figure(number: int, between: str) -> str:
    return f"{number:,}" if between else tally(number)


def segments(counts: Sequence[int], width: int) -> list[int]:
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


def changed_runs(old: Sequence[RowSegment], new: Sequence[RowSegment], width: int) -> list[tuple[int, int]]:
    """Return where two lines differ, as (first cell, cells): piece by piece if their shapes agree, else to the end."""
    runs: list[tuple[int, int]] = []
    x = 0
    for index, piece in enumerate(new):
        before = old[index] if index < len(old) else None
        if before is None or before.width != piece.width or (before != piece and is_doubtful(before.text)):
            return [*runs, (x, max(0, width - x))]
        if before != piece and piece.width:
            runs.append((x, piece.width))
        x += piece.width
    if len(old) > len(new):
        runs.append((x, max(0, width - x)))
    return runs
