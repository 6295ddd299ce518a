"""The attempts of a run in the order in which they began, for its merged logs, with what their marks say."""

from __future__ import annotations

from operator import itemgetter
from typing import TYPE_CHECKING, Final, NamedTuple

from dagtui.engine.events import NodeEvent
from dagtui.engine.messages import FIRST_ATTEMPT, NO_ATTEMPT
from dagtui.engine.status import ALIVE, SETTLED, UNSUCCESSFUL, Cause, NodeStatus
from dagtui.engine.why import why
from dagtui.graph.model import NodeIndex
from dagtui.store.merged_logs import ENDED, FOREVER, Tracks
from dagtui.text.amounts import NO_TIME

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from dagtui.engine.events import Event
    from dagtui.engine.messages import AttemptNumber
    from dagtui.runs.attempts import AttemptResult
    from dagtui.runs.view import RunView
    from dagtui.store.merged_logs import EntryKey
    from dagtui.text.amounts import ClockTime, WallTime

_SLICE = 500
"""Number of nodes that are looked at in one piece."""
_MOST_BLOCKERS = 1000


class StatusMark(NamedTuple):
    """A status that came without an attempt."""

    status: NodeStatus
    words: str


class _Begun(NamedTuple):
    begin: WallTime
    end: WallTime
    node: NodeIndex
    attempt: AttemptNumber
    mark: StatusMark | None


_BEGIN: Final = itemgetter(0)
"""Returns when one began."""


class AttemptTracks:
    """The attempts of a run as tracks, and statuses without an attempt as tracks that have only a mark.

    They follow the events of the run from `begin` on until `stop`.
    """

    def __init__(self, run: RunView) -> None:
        self._run = run
        self.tracks = Tracks(lambda track: run.log_path(self.nodes[track], self.attempts[track]))
        if run.stands_still:
            self.tracks.until = run.wall(run.clock())
        self.nodes: list[NodeIndex] = []
        """The node of each track."""
        self.attempts: list[AttemptNumber] = []
        self.marks: dict[int, StatusMark] = {}
        """The statuses without an attempt, by track."""
        self.live: dict[NodeIndex, int] = {}
        """The tracks of the attempts that go on, by node."""
        self.generation = 0
        """Changes with every change."""
        self._early: list[NodeEvent] | None = []
        """The events that came before all nodes were looked at."""
        self._stop = run.subscribe(self._learn)

    def stop(self) -> None:
        """Follow no more events."""
        self._stop()

    def begin(self) -> Iterator[None]:
        """Look at all nodes. It is done when the iterator ends, and short between its steps."""
        found: list[_Begun] = []
        nodes = len(self._run.graph)
        for start in range(0, nodes, _SLICE):
            self._look_at(range(start, min(start + _SLICE, nodes)), found)
            yield
        found.sort(key=_BEGIN)  # those that began together stay in the order of their nodes
        for start in range(0, len(found), _SLICE):
            self._append(found[start : start + _SLICE])
            yield
        early, self._early = self._early or [], None
        if early:
            begun = {(one.node, one.attempt) for one in found if one.mark is None}
            ended = {(one.node, one.end) for one in found}
            self._take(
                [
                    event
                    for event in early
                    if (
                        _of(event) not in begun
                        if event.status is NodeStatus.RUNNING
                        else self._end_of(event) not in ended
                    )
                ]
            )
        self.generation += 1

    def among(self, statuses: Collection[NodeStatus], nodes: Collection[NodeIndex] | None) -> list[int]:
        """Return the tracks of nodes that have one of the statuses now. `nodes`: of these only."""
        status = self._run.state.status
        return [
            track
            for track, node in enumerate(self.nodes[: len(self.tracks)])
            if (not statuses or status[node] in statuses) and (nodes is None or node in nodes)
        ]

    def result(self, track: int) -> AttemptResult | None:
        """Return how the attempt of a track ended."""
        return self._run.attempts.result(self.nodes[track], self.attempts[track])

    def is_failure(self, mark: EntryKey) -> bool:
        """Return whether a mark tells of a failure."""
        if mark.track in self.marks:
            return self.marks[mark.track].status in UNSUCCESSFUL
        result = self.result(mark.track) if mark.offset == ENDED else None
        return result is not None and result.status is NodeStatus.FAILED

    def goes_on(self, track: int) -> str:
        """Say whether a failed attempt was the last one, or another follows. Empty: there was only this one."""
        node, attempt = self.nodes[track], self.attempts[track]
        if attempt < self._run.state.attempt[node] or self._run.state.status[node] == NodeStatus.RETRYING:
            return "another follows"
        return "the last attempt" if attempt > 1 else ""

    # Nodes at the beginning

    def _end_of(self, event: NodeEvent) -> tuple[NodeIndex, WallTime]:
        return event.node, self._run.wall(event.at)

    def _look_at(self, nodes: range, found: list[_Begun]) -> None:
        """Add what began at nodes. Most of them succeeded at once: that is fast."""
        run, state = self._run, self._run.state
        status, asked, only_success_at, wall = state.status, state.asked, run.attempts.only_success_at, run.wall
        for node in map(NodeIndex, nodes):
            once = only_success_at(node)
            if once is None or status[node] != NodeStatus.COMPLETED or node in asked:
                found += self._of_node(node)
            else:
                end = wall(once[0])
                found.append(_Begun(end - once[1], end, node, FIRST_ATTEMPT, None))

    def _of_node(self, node: NodeIndex) -> Iterator[_Begun]:
        run, state = self._run, self._run.state
        results = run.attempts.of(node) if state.attempt[node] else []
        for result in results:
            end = run.wall(result.at)
            yield _Begun(end - result.seconds, end, node, result.attempt, None)
        status = state.status_of(node)
        if (asked := state.asked.get(node)) is not None:
            wall = run.wall(state.started[node])
            yield _Begun(wall, wall, node, NO_ATTEMPT, _question(asked.question))
        if status in ALIVE:
            yield _Begun(run.wall(state.started[node]), FOREVER, node, state.attempt[node], None)
        elif status in SETTLED and (not results or results[-1].at < state.ended[node]):
            at = self._settled_at(node)
            if at is not None and not (results and results[-1].status is status):
                wall = run.wall(at)
                yield _Begun(wall, wall, node, NO_ATTEMPT, self._mark(node))

    def _settled_at(self, node: NodeIndex) -> ClockTime | None:
        """Return when a node got its status, or None if the state does not tell."""
        state = self._run.state
        for _ in range(_MOST_BLOCKERS):
            if state.ended[node] > NO_TIME:
                return state.ended[node]
            if marks := state.marks.get(node):
                command = state.commands.get(marks[-1])
                return None if command is None else command.at
            if state.blocker[node] < 0:
                return None
            node = state.blocker[node]
        return None

    def _mark(self, node: NodeIndex) -> StatusMark:
        state = self._run.state
        return StatusMark(state.status_of(node), why(state, node, self._run.clock()))

    def _append(self, found: Sequence[_Begun]) -> None:
        """Add tracks that began in this order."""
        first = len(self.nodes)
        begins = [one.begin for one in found]
        self.tracks.extend(begins, [max(one.begin, one.end) for one in found], [one.mark is None for one in found])
        self.nodes += [one.node for one in found]
        self.attempts += [one.attempt for one in found]
        self.marks.update((track, one.mark) for track, one in enumerate(found, first) if one.mark is not None)
        self.live.update((one.node, track) for track, one in enumerate(found, first) if one.end == FOREVER)

    def _add(self, one: _Begun) -> None:
        has_log = one.mark is None
        track = self.tracks.add(one.begin, one.end, None, has_log=has_log)
        self.nodes.append(one.node)
        self.attempts.append(one.attempt)
        if one.mark is not None:
            self.marks[track] = one.mark
        if one.end == FOREVER:
            self.live[one.node] = track

    # Events

    def _learn(self, events: Sequence[Event]) -> None:
        found = [event for event in events if isinstance(event, NodeEvent)]
        if self._early is not None:
            self._early += found
        elif found:
            self._take(found)
            self.generation += 1

    def _take(self, events: Sequence[NodeEvent]) -> None:
        for event in events:
            wall = self._run.wall(event.at)
            track = self.live.get(event.node)
            if event.status in ALIVE:
                if track is None and event.status is NodeStatus.RUNNING:
                    self._add(_Begun(wall, FOREVER, event.node, event.attempt, None))
            elif track is not None:
                del self.live[event.node]
                self.tracks.close(track, wall)
            elif event.cause is Cause.ASKS:
                self._add(_Begun(wall, wall, event.node, NO_ATTEMPT, _question(event.why)))
            elif event.status in SETTLED and not event.stale:
                self._add(_Begun(wall, wall, event.node, NO_ATTEMPT, self._mark(event.node)))


def _question(question: str) -> StatusMark:
    """Return the mark of a gate that asks."""
    words = question.partition("\n")[0]
    return StatusMark(NodeStatus.READY, f"asks: {words}" if words else "asks")


def _of(event: NodeEvent) -> tuple[NodeIndex, AttemptNumber]:
    return event.node, event.attempt
