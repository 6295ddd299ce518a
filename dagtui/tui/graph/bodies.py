"""Bodies of rows: what stands in the row of a node or a group in whichever view."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dagtui.engine.rules.commands import NOT_SELECTED
from dagtui.engine.status import ALIVE, ENDED, Cause, NodeStatus
from dagtui.engine.why import waiting_words, why
from dagtui.text import label
from dagtui.text.amounts import CellWidth, seconds_since, seconds_until
from dagtui.tui.graph.amounts import WIDE, elapsed, tally, time_cells, time_text
from dagtui.tui.graph.held_rows import HELD, HeldRows
from dagtui.tui.graph.layout import GroupKind, GroupRow
from dagtui.tui.graph.reasons import Reasons
from dagtui.tui.graph.row_body import MUST, Body, Note
from dagtui.tui.graph.signs import role_of, sign_of, sign_run
from dagtui.tui.graph.weights import TALLY_ORDER, WEIGHTS, weightiest
from dagtui.tui.lines.rows import SPACE, Role, Span, node_sign, spaces
from dagtui.tui.lines.theme import STATUS_CLASSES

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dagtui.graph.model import NodeIndex
    from dagtui.runs.view import RunView
    from dagtui.text.amounts import ClockTime
    from dagtui.text.look import Look
    from dagtui.tui.graph.navigator import Navigator
    from dagtui.tui.graph.outline import Outline
    from dagtui.tui.graph.row_names import RowNames
    from dagtui.tui.graph.tallies import Tallies

ASIDE = 80
"""From this width on, in cells, rows show more words in a column of their own."""

ATTEMPT_RANK = 3
"""The rank of the note that says which attempt it is."""

_S = NodeStatus
_OWN = 4
_BELOW = _OWN + len(WEIGHTS)
"""The first rank of notes on folded nodes. The counts of the row's own nodes stay longer."""
_RANK = {status: rank for rank, status in enumerate(WEIGHTS)}
_STALE_RANK = _RANK[_S.CANCELLED]
"""A stale count stays longer than the counts of successful and waiting nodes."""

_NAME_LOOKS = {
    _S.WAITING: Role.MUTED,
    _S.FAILED: STATUS_CLASSES[_S.FAILED],
    _S.FAILED_PARENT: STATUS_CLASSES[_S.FAILED_PARENT],
    _S.CANCELLED: Role.MUTED,
    _S.SKIPPED: Role.MUTED,
}


class Bodies:
    """Makes what follows the lead of each row that a navigator has in sight: name, notes, time and words."""

    def __init__(self, run: RunView, navigator: Navigator, names: RowNames, look: Look) -> None:
        self._navigator = navigator
        self.glyphs = look.glyphs
        self._look = look
        self._names = names
        self.reasons = Reasons(run.state, names)
        self._run = run
        self._state = run.state
        self._graph = run.graph
        self._held = HeldRows(run.state)
        self._lacking: tuple[tuple[object, ...], dict[tuple[object, ...], str]] = (), {}
        """When READY nodes were last looked at, and what they lacked then, by what they want."""

    @property
    def outline(self) -> Outline:
        """The rows in sight."""
        return self._navigator.outline

    def branch(self, item: int) -> tuple[int, int] | None:
        """Return the range of positions whose counts the row of an item shows, or None if it shows none."""
        layout = self.outline.layout
        if layout.head(item) is None and not self.outline.is_folded(item):
            return None
        return layout.members_start(item), layout.ends[item]

    def is_selected(self, item: int) -> bool:
        """Return whether the row's node is selected. A group row shows it by the rows below it."""
        return bool(self._navigator.selected) and self.outline.layout.node(item) in self._navigator.selected

    def signature(self, item: int, width: CellWidth, clock: ClockTime) -> tuple[tuple[object, ...], str]:
        """Return what the body of an item depends on, and its time. Equal values look the same."""
        state = self._state
        node = self.outline.layout.node(item)
        counts = (*(count for part in self._counts(item) for count in part), *self._stale(item), self.held_behind(item))
        if node is None:
            return counts, ""
        status = state.status_of(node)
        time = self.time(node, clock)
        said = (status, state.cause[node], state.blocker[node], state.why.get(node))
        flags = state.selected[node], state.stale[node], node in state.off_record, node in state.held
        key: tuple[object, ...] = (item, *said, state.attempt[node], *flags, counts)
        if state.any_remote:
            key = (*key, node in state.queued_since, state.where.get(node), state.executor_of.get(node) in state.silent)
        if width >= ASIDE and status is _S.RETRYING:  # its aside counts down as well
            return (*key, time), time
        if status is _S.READY:
            # What is free changes with other nodes. Its aside says it, and is drawn again once a second.
            second = int(clock) if width >= ASIDE else None
            return (*key, state.paused, state.held_up, state.asked.get(node), second), time
        return key, time

    def time(self, node: NodeIndex, clock: ClockTime) -> str:
        """Return the text of a node's time column."""
        state = self._state
        status = state.status_of(node)
        if status in ALIVE or state.cause[node] == Cause.ASKS:
            return elapsed(seconds_since(state.started[node], clock))
        if node in state.queued_since:
            return elapsed(seconds_since(state.queued_since[node], clock))
        if status is _S.RETRYING:
            return "in " + elapsed(seconds_until(state.due.get(node, clock), clock))
        if status is _S.WAITING and not state.is_outside(node):
            total = self._graph.parent_count(node)
            settled = state.ok[node] + state.bad[node] + state.skip[node]
            return f"{settled}/{total}" if total > 1 else ""
        if status in ENDED and state.attempt[node] and state.ended[node] > state.started[node]:
            if status is _S.COMPLETED and state.cause[node] not in {Cause.RAN, Cause.RESUMED}:
                return ""
            return time_text(state.ended[node] - state.started[node])
        return ""

    # Nodes

    def node_body(self, node: NodeIndex, item: int, width: CellWidth, clock: ClockTime) -> tuple[Span, Body]:
        """Return the glyph of a node's row, and what follows it."""
        if self._state.is_outside(node):
            return self._outside(item, width)
        status = self._state.status_of(node)
        notes: list[Note] = []
        if status is _S.FAILED and self._state.allows_failure(node):
            notes.append(Note(1, Span("allowed", Role.MUTED)))
        if self._state.stale[node]:
            stale = self.glyphs.stale + ("stale" if width >= WIDE else "")
            notes.append(Note(2, Span(stale, STATUS_CLASSES[_S.RETRYING])))
        if node in self._state.held:
            notes.append(Note(MUST, Span(HELD, STATUS_CLASSES[_S.RETRYING])))
        notes += self._below(self._counts(item)[1], self._stale(item)[1], width)
        notes += self.held_notes(item)
        attempt = self._state.attempt[node]
        if attempt > 1:
            notes.append(Note(ATTEMPT_RANK, Span(f"{self.glyphs.times}{attempt}", Role.MUTED)))
        if node in self._state.off_record:
            words = "not on record yet" if width >= ASIDE else "not recorded"
            notes.append(Note(MUST, Span(words, STATUS_CLASSES[_S.RETRYING])))
        taken = self.time(node, clock)
        time = self.of_usual(node, taken, width)
        if time and status is _S.WAITING and width >= WIDE:
            time = f"after {time}"
        if time or notes:
            notes.append(Note(0 if time else 1, Span(time.rjust(time_cells(width)), Role.MUTED)))
        aside = self._aside(node, status, clock, tells_usual=time != taken) if width >= ASIDE else Span("")
        reason = self.reasons.of(node) if width < ASIDE else None
        if status is _S.FAILED_PARENT and width >= ASIDE:
            reason = self.reasons.blocked(node, Role.MUTED, clock)
        name = Span(self._names.name(item), _NAME_LOOKS.get(status, Role.PLAIN))
        return node_sign(self._state, node, self._look), Body(
            name, notes=notes, aside=aside, reason=reason, sought=self._names.sought(item)
        )

    def _outside(self, item: int, width: CellWidth) -> tuple[Span, Body]:
        """Return the row of a node, or of many, that are not part of the run: dimmed, without a status."""
        head = self.outline.layout.head(item)
        words = NOT_SELECTED if width >= ASIDE and (head is None or head.kind is not GroupKind.OUTSIDE) else ""
        name = Span(self._names.name(item), Role.MUTED)
        return SPACE, Body(name, self._number(head), aside=Span(words, Role.MUTED), sought=self._names.sought(item))

    def _number(self, head: GroupRow | None) -> Span:
        """Return how many rows a group row stands for. Folders do not say it."""
        if head is None or head.kind is GroupKind.FOLDER:
            return Span("", Role.MUTED)
        return Span(f" {self.glyphs.times}{tally(head.total)}", Role.MUTED)

    def of_usual(self, node: NodeIndex, time: str, width: CellWidth) -> str:
        """Return the time of a running node with its usual one behind it, such as `2 s/5.0 s`, where that fits."""
        if self._state.status_of(node) is not _S.RUNNING or self._graph.task(node).service is not None:
            return time
        usual = self._usual(node)
        both = f"{time}/{usual}"
        return both if usual and len(both) <= time_cells(width) else time

    def _usual(self, node: NodeIndex) -> str:
        """Return how long a node usually takes. Empty without history."""
        return time_text(self._run.estimate(node) or 0.0)

    def _aside(self, node: NodeIndex, status: NodeStatus, clock: ClockTime, *, tells_usual: bool) -> Span:
        """Return what stands between name and time. `tells_usual`: the time has the usual one behind it."""
        state = self._state
        if status is _S.RUNNING and self._graph.task(node).service is not None:
            return Span("ready" if state.cause[node] == Cause.SERVES else "not ready yet", Role.MUTED)
        if status is _S.RUNNING:
            if node in state.doubts:
                return Span(label(why(state, node, clock)), STATUS_CLASSES[_S.RETRYING])
            usual, where = "" if tells_usual else self._usual(node), state.where.get(node, "")
            words = [f"on {label(where)}" if where else "", f"about {usual}" if usual else ""]
            return Span(", ".join(filter(None, words)), Role.MUTED)
        if status is _S.COMPLETED and state.cause[node] == Cause.RAN and not state.stale[node]:
            return Span("")
        if status is _S.READY and node in state.held:
            return Span("")
        if status is _S.WAITING:
            # The time column already shows how many parents are settled.
            return Span(waiting_words(state, node), Role.MUTED)
        if status is _S.FAILED_PARENT:
            return Span("")
        loud = status is _S.FAILED or state.cause[node] == Cause.ASKS
        text = self._lacks(node, clock) if status is _S.READY else why(state, node, clock)
        return Span(label(text), self.reasons.role(node) if loud else Role.MUTED)

    def _lacks(self, node: NodeIndex, clock: ClockTime) -> str:
        """Return why a READY node does not run. All others that want the same share it: it takes long to find."""
        state, task = self._state, self._graph.task(node)
        own = state.queued_since, state.leaving, state.held, state.off_record
        if state.cause[node] == Cause.ASKS or any(node in nodes for nodes in own):
            return why(state, node, clock)
        now = clock, state.jobs, state.paused, state.held_up, *state.counts
        if self._lacking[0] != now:
            self._lacking = now, {}
        key = task.slots, task.pools, task.executor, state.cause[node], state.kept_for == node
        found = self._lacking[1].get(key)
        if found is None:
            found = self._lacking[1][key] = why(state, node, clock)
        return found

    # Other rows

    def head_body(self, item: int, head: GroupRow, width: CellWidth) -> tuple[Span, Body]:
        """Return the glyph of a group row, and what follows it."""
        counts, below = self._counts(item)
        if self._state.outside and not any((*counts, *below)):
            return self._outside(item, width)
        stale, stale_below = self._stale(item)
        status = weightiest(counts)
        notes = [*self.held_notes(item), *self._tallies(counts), *self._stale_note(stale, width)]
        notes += self._below(below, stale_below, width)
        name = Span(self._names.name(item), STATUS_CLASSES[_S.FAILED] if status is _S.FAILED else Role.PLAIN)
        body = Body(name, self._number(head), [*notes, *_time_cells(width)], sought=self._names.sought(item))
        return sign_run(status, self._look), body

    def _counts(self, item: int) -> tuple[Sequence[int], Sequence[int]]:
        """Return the counts by status of the nodes that a row stands for, and of the folded nodes below those."""
        return self._split(item, self._navigator.tallies)

    def _stale(self, item: int) -> tuple[int, int]:
        """Return the number of stale nodes, split as in `_counts`."""
        staleness = self._navigator.staleness
        own, below = ((), ()) if staleness is None else self._split(item, staleness)
        return own[1] if own else 0, below[1] if below else 0

    def held_behind(self, item: int) -> int:
        """Return how many of the nodes that a row stands for, or that are folded below it, are held."""
        return self._held.count(self.outline.layout, self.branch(item)) if self._state.held else 0

    def held_notes(self, item: int) -> Iterator[Note]:
        """Yield their number, and the word for them, which stays longer."""
        if number := self.held_behind(item):
            yield Note(_OWN, Span(tally(number), STATUS_CLASSES[_S.RETRYING]))
            yield Note(MUST, Span(HELD, STATUS_CLASSES[_S.RETRYING]))

    def _split(self, item: int, tallies: Tallies) -> tuple[Sequence[int], Sequence[int]]:
        branch = self.branch(item)
        if branch is None:
            return (), ()
        head, counts = self.outline.layout.head(item), tallies.counts(*branch)
        if head is None:
            return (), counts
        if head.kind is not GroupKind.MATRIX:
            return counts, ()
        cells = tallies.cells(item, head.total)
        if not self.outline.is_folded(item):
            return cells, ()
        return cells, [every - own for every, own in zip(counts, cells, strict=True)]

    def _below(self, counts: Sequence[int], stale: int, width: CellWidth) -> Iterator[Note]:
        """Yield a second figure for what is folded below the row's own nodes."""
        total = sum(counts)
        if not total:
            return
        rank = _OWN if counts[_S.FAILED] else _BELOW  # failures stay longer than the counts of the row's own nodes
        yield Note(rank, Span(f"+{tally(total)}{' below' if width >= ASIDE else ''}:", Role.MUTED))
        for status, note in zip(_counted(counts), self._tallies(counts, _BELOW), strict=True):
            yield note._replace(rank=rank) if status is _S.FAILED else note
        yield from self._stale_note(stale, width, _BELOW)

    def _tallies(self, counts: Sequence[int], rank: int = _OWN) -> Iterator[Note]:
        for status in _counted(counts):
            words = sign_of(status, self.glyphs.statuses, self._look) + tally(counts[status])
            yield Note(rank + _RANK[status], Span(words, role_of(status)))

    def _stale_note(self, number: int, width: CellWidth, rank: int = _OWN) -> Iterator[Note]:
        if number:
            word = " stale" if width >= ASIDE else ""
            words = f"{self.glyphs.stale}{tally(number)}{word}"
            yield Note(rank + _STALE_RANK, Span(words, STATUS_CLASSES[_S.RETRYING]))


def _counted(counts: Sequence[int]) -> list[int]:
    """Return the statuses that some node has, and QUEUED, in the order in which counts are shown."""
    return [status for status in TALLY_ORDER if counts[status]]


def _time_cells(width: CellWidth) -> Iterator[Note]:
    """Yield the cells below the time column, which group rows keep free."""
    if width >= WIDE:
        yield Note(len(WEIGHTS) + 1, spaces(time_cells(width)))
