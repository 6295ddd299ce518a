"""A run as plain lines, for CI logs and for terminals without a screen."""

from __future__ import annotations

from collections import Counter
from itertools import islice
from typing import TYPE_CHECKING

from dagtui.engine.events import CommandEvent, Event, NodeEvent, NoteEvent, RunEvent, command_word
from dagtui.engine.messages import CommandKind
from dagtui.engine.status import UNBEGUN, Cause, NodeStatus
from dagtui.engine.why import root_cause, stale_words
from dagtui.runs.answers import asks_brief, asks_words
from dagtui.runs.wording import with_reason
from dagtui.text import count, duration, label, path_word, plural
from dagtui.text.amounts import NO_TIME, CellWidth, first_of, left_behind, time_of_day
from dagtui.text.labels import name_label

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from dagtui.graph.model import NodeIndex
    from dagtui.runs.view import RunView
    from dagtui.text.amounts import ClockTime
    from dagtui.text.look import Look

_COLOURS = {
    NodeStatus.RUNNING: "36",
    NodeStatus.RETRYING: "33",
    NodeStatus.CANCELLING: "33",
    NodeStatus.COMPLETED: "32",
    NodeStatus.FAILED: "1;31",
    NodeStatus.FAILED_PARENT: "31",
    NodeStatus.CANCELLED: "33",
    NodeStatus.SKIPPED: "2",
}
_QUEUED = "queued"
"""What many nodes are that wait in the queues of other machines."""
NAMED = 5
"""Nodes named in the line about what is still running."""
NAMED_OF_MANY = 20
"""Nodes of one moment and one status that are named although they never started."""
_NAME_CELLS = CellWidth(200)


class PlainLines:
    """Formats events as lines with wall times and sanitised names and reasons."""

    def __init__(self, run: RunView, look: Look) -> None:
        self._run = run
        self._look = look
        self._stale: set[int] = set()
        """Nodes already reported as stale."""
        self._queued: set[tuple[int, int]] = set()
        """Nodes already reported as queued on other machines, with their attempts."""
        run.subscribe_reload(self._stale.clear)
        self._blank = "" if look.ascii else " "
        """Fills the column of glyphs in lines that have none."""

    def opening(self) -> str:
        """Return the first line: which graph runs, and where."""
        run = self._run
        nodes = plural(len(run.graph), "node")
        if run.state.outside:
            nodes = f"{count(run.state.total)} of {nodes}"
        return f"{label(run.name)} run {run.number}: {nodes}, {plural(run.state.jobs, 'slot')}, {label(run.path)}"

    def paused(self) -> str:
        """Return the line for a run that starts paused, with the command to continue it."""
        run = self._run
        words = ["dagtui", "resume", path_word(run.graph_path), "--run", str(run.number)]
        return self._line(run.clock(), self._blank, f"paused; start it with: {label(' '.join(words), 4096)}")

    def still(self, clock: ClockTime) -> str:
        """Return the line after a long silence: what is running, and how many nodes are settled."""
        state = self._run.state
        names = [
            f"{name_label(self._run.graph.labels[node])} {duration(clock - state.started[node])}"
            for node in islice(state.nodes_with(NodeStatus.RUNNING), NAMED)
        ]
        running = first_of(names, state.counts[NodeStatus.RUNNING], ", ")
        words = f"still running: {running}" if names else "nothing is running"
        if state.paused:
            words += ", the run is paused"
        if state.held_up:
            words += f", the run {state.held_up}"
        if state.counts[NodeStatus.RETRYING]:
            words += f"; {count(state.counts[NodeStatus.RETRYING])} waiting to retry"
        if asks := asks_brief(state):
            words += f"; {asks}"
        if state.held:
            words += f"; {count(len(state.held))} held"
        total = state.total
        return self._line(clock, self._blank, f"{words}; {count(total - state.unsettled)} / {count(total)} settled")

    def lines(self, events: Iterable[Event]) -> Iterator[str]:
        """Yield the lines for events of one moment. What only follows from others gets none until it is settled.

        If many nodes will not start, for example because of one cancel, the first are named and the others counted.
        """
        many: Counter[tuple[NodeStatus, str]] = Counter()
        at = NO_TIME
        for event in events:
            if isinstance(event, NodeEvent):
                if self._is_quiet(event):
                    continue
                if word := _one_of_many(event):
                    at = event.at
                    many[event.status, word] += 1
                    if many[event.status, word] > NAMED_OF_MANY:
                        continue
                yield self._node(event)
            elif isinstance(event, CommandEvent):
                yield self._line(event.at, self._blank, self._command(event))
            elif isinstance(event, RunEvent):
                if event.reload is not None:
                    yield self._line(event.at, self._blank, f"reloaded {label(event.why)}")
            elif isinstance(event, NoteEvent):
                name = f"{self._name(event.node)}: " if event.node >= 0 else ""
                yield self._line(event.at, "!", f"{name}{label(event.text)}")
        for (status, word), number in many.items():
            if number > NAMED_OF_MANY:
                glyph = self._queued_glyph if word == _QUEUED else self._glyph(status)
                yield self._line(at, glyph, f"and {count(number - NAMED_OF_MANY)} more {word}")

    def _is_quiet(self, event: NodeEvent) -> bool:
        """Return whether an event gets no line, because it only follows from others or was already reported."""
        if event.stale:
            is_said = event.node in self._stale
            self._stale.add(event.node)
            return is_said
        self._stale.discard(event.node)
        if event.cause is Cause.QUEUED:
            is_said = (event.node, event.attempt) in self._queued
            self._queued.add((event.node, event.attempt))
            return is_said
        if event.status in UNBEGUN:
            return event.cause is not Cause.ASKS and not self._is_held_back(event)
        return event.cause is Cause.RESUMED

    def _is_held_back(self, event: NodeEvent) -> bool:
        """Return whether a node could begin if it were not held."""
        return event.status is NodeStatus.READY and event.node in self._run.state.held

    def _node(self, event: NodeEvent) -> str:
        words = f"{self._name(event.node)}  {self._words(event)}"
        if event.seconds and event.status is not NodeStatus.RETRYING:
            words = f"{words}  {duration(event.seconds)}"
        if event.left:
            words += f"; {left_behind(event.left)}"
        glyph = self._glyph(event.status) if event.cause is not Cause.QUEUED else self._queued_glyph
        return self._line(event.at, glyph, words)

    def _words(self, event: NodeEvent) -> str:
        """Describe what happened to the node with a verb. The glyph only repeats it."""
        status, why = event.status, label(event.why)
        if event.cause is Cause.SERVES:
            return why
        if status is NodeStatus.RUNNING and event.due:
            return f"in doubt: {why}; counts as lost in {duration(event.due - event.at)}"
        if status is NodeStatus.RUNNING:
            started = "started" if event.attempt == 1 else f"started, attempt {event.attempt}"
            started += f" on {label(event.where)}" if event.where else ""
            reason = self._run.state.reasons.get(event.node, "")
            return f"{started}, {label(reason)}" if reason else started
        if event.cause is Cause.ASKS:
            return asks_words(self._run.state, event.node, self._run.graph_path, self._run.number)
        if event.cause is Cause.QUEUED:
            return f"queued on {label(event.executor)}{f': {why}' if why != status.word else ''}"
        if status is NodeStatus.READY:
            return self._held_words(event.node)
        if status is NodeStatus.RETRYING:
            return f"failed: {why}, retries in {duration(max(0.0, event.due - event.at))}"
        if status is NodeStatus.FAILED:
            allowed = " (allowed)" if self._run.graph.task(event.node).allow_failure else ""
            return f"failed{allowed}: {why}"
        if status is NodeStatus.FAILED_PARENT:
            return f"blocked by {self._name(root_cause(self._run.state, event.node))}"
        if event.stale:
            words = stale_words(self._run.state, event.node)
            return f"done, but stale: {words}" if event.seconds else f"stale: {words}"
        if event.cause is Cause.UP_TO_DATE:
            return why
        word = "stopping" if status is NodeStatus.CANCELLING else status.word
        return with_reason(word, "" if event.cause is Cause.RAN else why)

    def _held_words(self, node: NodeIndex) -> str:
        from dagtui.runs.holds import held_words  # most runs hold nothing

        return held_words(self._run.state, node, self._run.graph_path, self._run.number)

    def _name(self, node: NodeIndex) -> str:
        return name_label(self._run.graph.labels[node], _NAME_CELLS)

    @property
    def _queued_glyph(self) -> str:
        return "" if self._look.ascii else self._look.glyphs.queued

    def _glyph(self, status: NodeStatus) -> str:
        """Return the glyph of a status where the terminal can show it. The words after it say the same."""
        if self._look.ascii:
            return ""
        glyph = self._look.glyphs.statuses[status]
        return self._look.painted(glyph, _COLOURS[status]) if status in _COLOURS else glyph

    def _command(self, event: CommandEvent) -> str:
        names = first_of([self._name(node) for node in event.nodes[:3]], len(event.nodes) + event.others)
        if event.kind is None:
            return f"nothing more starts, because {names} failed ({label(event.by)})"
        words = label(command_word(event))
        if event.answer is not None:
            return f"answer {label(event.answer.choice)} to {names} ({label(event.answer.user)})"
        if event.kind is CommandKind.SET_JOBS:
            words += f" {count(event.jobs)}{f' on {label(event.executor)}' if event.executor else ''}"
        return f"{words} {names} ({label(event.by)})".replace("  ", " ")

    def _line(self, at: ClockTime, glyph: str, text: str) -> str:
        clock = time_of_day(self._run.wall(at))
        return " ".join(filter(None, (clock, glyph, self._look.written(text))))


def _one_of_many(event: NodeEvent) -> str:
    """Describe a node that did not start, in words that also fit a number of nodes. Empty for a started one."""
    if event.stale:
        return "" if event.seconds else "stale"
    if event.cause is Cause.UP_TO_DATE:
        return "up to date"
    if event.cause is Cause.QUEUED:
        return _QUEUED
    if event.status is NodeStatus.READY and event.cause is not Cause.ASKS:
        return "held"
    return "" if event.attempt else event.status.word
