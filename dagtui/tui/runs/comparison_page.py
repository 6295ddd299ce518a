"""Page of two runs compared: what differs in the file, then each task's outcomes and times against each other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import anyio.to_thread

from dagtui.report.comparison_text import difference_lines
from dagtui.report.run_words import ending_words, when_words
from dagtui.text import cell_width, duration, plural
from dagtui.text.amounts import CellWidth, now
from dagtui.text.labels import name_label
from dagtui.text.shortening import shortened
from dagtui.tui.graph.amounts import time_text
from dagtui.tui.lines.row_list import FixedRows, RowList
from dagtui.tui.lines.rows import Role, Row, Span, muted, row, sign_role, spaces, status_run
from dagtui.tui.lines.share_bar import filled_bar, share_span
from dagtui.tui.screens.page import PageScreen

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from dagtui.engine.status import NodeStatus
    from dagtui.runs.comparison import RunComparison, TaskPair
    from dagtui.store.run_index import TaskOutcome
    from dagtui.store.summary import RunSummary
    from dagtui.text.amounts import WallTime
    from dagtui.text.look import Look
    from dagtui.tui.actions.keymap import Keymap
    from dagtui.tui.screens.page import PageContent

_TITLE: Final = 14
_NAME: Final = CellWidth(200)
_TIME: Final = 10
_SHARE: Final = CellWidth(8)
_LEAST_BAR: Final = 8
_MOST_BAR: Final = 40


class ComparisonPage(PageScreen, inherit_bindings=False):
    """Two runs, which `compare` reads in a thread."""

    def __init__(
        self, compare: Callable[[], RunComparison], numbers: tuple[int, int], keymap: Keymap, look: Look
    ) -> None:
        """`numbers` are those of the newer and of the older run."""
        self._list = RowList(look, FixedRows([row(muted(" reading both runs"))]))
        super().__init__(keymap, look)
        self._compare = compare
        self._numbers = numbers
        self._found: RunComparison | None = None
        self._width = 0

    @property
    def content(self) -> PageContent:
        """The rows."""
        return self._list

    @property
    def rows(self) -> Sequence[Row]:
        """What is shown."""
        return [self._list.source.row(at, CellWidth(self.size.width)) for at in range(len(self._list.source))]

    def heading(self, width: CellWidth) -> tuple[Sequence[Span], Sequence[Span]]:  # noqa: ARG002 - the page's signature
        """Return which runs are compared."""
        new, old = self._numbers
        return [muted(" run "), Span(str(new), Role.HEADING), muted(" against run "), Span(str(old), Role.HEADING)], []

    def on_mount(self) -> None:
        """Begin to read."""
        super().on_mount()
        self.run_worker(self._read(), exclusive=True, exit_on_error=False)

    async def _read(self) -> None:
        self._found = await anyio.to_thread.run_sync(self._compare)
        self._show()

    def on_resize(self) -> None:
        """Lay the rows out for the width."""
        super().on_resize()
        self._show()

    def _show(self) -> None:
        width = CellWidth(self.size.width)
        if self._found is not None and width:
            self._list.show(FixedRows(comparison_rows(self._found, width, self.look, now())))


def comparison_rows(found: RunComparison, width: CellWidth, look: Look, present: WallTime) -> list[Row]:
    """Return the rows of a comparison. The cursor stops at each but headings."""
    rows = [row(*_run(one, present), jump=0) for one in (found.new, found.old)]
    rows.append(row())
    for title, words in difference_lines(found):
        role = Role.MUTED if words in {"the same", "not on record"} else Role.PLAIN
        rows.append(row(muted(f" {title:<{_TITLE}}"), Span(words, role), jump=0))
    rows += [row(), *_task_rows(found, width, look)]
    if found.nodes:
        rows += [row(), row(Span(f" {plural(len(found.nodes), 'node')} ended in another way", Role.HEADING))]
        rows += [_node_row(*one, look) for one in found.nodes]
    return rows


def _run(summary: RunSummary, present: WallTime) -> Iterator[Span]:
    yield Span(f" run {summary.number:<6}", Role.KEY)
    yield muted(f"{when_words(summary.began, present) if summary.began is not None else '':<16}")
    yield Span(f"{duration(summary.seconds) if summary.seconds is not None else '':>10}  ")
    yield Span(ending_words(summary))


def _task_rows(found: RunComparison, width: CellWidth, look: Look) -> list[Row]:
    names = [name_label(pair.name, _NAME) for pair in found.tasks]
    room = width - 2 * (_TIME + 3) - 9
    bar = max(0, min(_MOST_BAR, room // 2 - 8))
    bar = bar if bar >= _LEAST_BAR else 0
    name = CellWidth(min(max(map(cell_width, names), default=0), max(8, room - bar - 2)))
    longest = max((one.seconds for pair in found.tasks for one in (pair.old, pair.new) if one is not None), default=0.0)
    heading = f" {'task':<{name}}{f'run {found.old.number}':>{_TIME + 3}}{f'run {found.new.number}':>{_TIME + 3}}"
    sign = f"{'':>10}{look.glyphs.bar} run {found.old.number}" if bar and longest else ""
    rows = [row(muted(heading + sign))]
    for shown, pair in zip(names, found.tasks, strict=True):
        label = shortened(shown, name, look)
        spans = [Span(f" {label}"), spaces(name - cell_width(label))]
        for status, outcome in zip(pair.statuses, (pair.old, pair.new), strict=True):
            spans += _side(status, outcome, look)
        spans.append(share_span(pair.change, _SHARE))
        if bar and longest:
            spans += _bars(pair, longest, CellWidth(bar), look)
        rows.append(row(*spans, jump=0))
    return rows


def _side(status: NodeStatus | None, outcome: TaskOutcome | None, look: Look) -> list[Span]:
    if outcome is None or status is None:
        return [muted(f"{'-':>{_TIME + 3}}")]
    sign = Span(look.glyphs.statuses[status], sign_role(status))
    seconds = time_text(outcome.seconds) if outcome.attempts else ""
    return [Span("  "), sign, Span(f"{seconds:>{_TIME}}")]


def _bars(pair: TaskPair, longest: float, cells: CellWidth, look: Look) -> list[Span]:
    """Return the bar of the newer run, and a sign where that of the older one ends."""
    old, new = (0.0 if one is None else one.seconds / longest for one in (pair.old, pair.new))
    bar = f"{filled_bar(new, cells, look):<{cells}}"
    at = min(cells - 1, round(old * cells)) if pair.old is not None and pair.old.seconds else None
    if at is None:
        return [Span("  "), muted(bar)]
    return [Span("  "), muted(bar[:at]), Span(look.glyphs.bar, Role.KEY), muted(bar[at + 1 :])]


def _node_row(name: str, old: NodeStatus | None, new: NodeStatus | None, look: Look) -> Row:
    spans = [Span(" "), *_status(old, look), muted(f" {look.glyphs.arrow} "), *_status(new, look)]
    return row(*spans, Span(f"  {name_label(name, _NAME)}"), jump=0)


def _status(status: NodeStatus | None, look: Look) -> list[Span]:
    if status is None:
        return [muted(f"{'not there':<11}")]
    sign = status_run(status, look)
    return [sign, Span(f" {status.word:<9}", sign.role if sign.role != Role.BADGE else Role.BAD)]
