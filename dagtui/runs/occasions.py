"""What a person who does not look at a run is told: its first failure, questions of gates, and its end."""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING, NamedTuple

from dagtui.engine.events import NodeEvent, RunEvent
from dagtui.engine.status import NodeStatus
from dagtui.graph.model import NO_NODE

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dagtui.engine.events import Event
    from dagtui.engine.state import RunState
    from dagtui.graph.model import Graph, NodeIndex
    from dagtui.runs.view import RunView

NOTIFIED = "notified"
"""What the event of a run says after which a person is told. Its why is the occasion, and the node of a gate."""


class Occasion(enum.Enum):
    """Why a person is told."""

    FAILURE = "failure"
    """The first failure that is not allowed, and the first one after all were mended."""
    GATE = "gate"
    END = "end"
    """Everything is settled."""


class Happened(NamedTuple):
    """Something to tell."""

    occasion: Occasion
    node: NodeIndex = NO_NODE
    """The node that failed, or the gate. -1 for the end."""


class Told(NamedTuple):
    """What was told already."""

    failure: bool = False
    end: bool = False
    gates: frozenset[str] = frozenset()

    @classmethod
    def by_now(cls, run: RunView) -> Told:
        """Return what would be told about a run as it is now."""
        labels = run.graph.labels
        gates = frozenset(labels[node] for node in run.state.asking())
        return cls(next(run.state.failures(), None) is not None, run.settled, gates)

    def after(self, events: Iterable[Event], graph: Graph) -> Told:
        """Return what was told after some recorded events."""
        told = self
        for event in events:
            if isinstance(event, RunEvent) and event.what == NOTIFIED:
                word, _, gate = event.why.partition(" ")
                told = told._after(word, gate)
            elif isinstance(event, NodeEvent):
                told = told._replace(end=False) if told.end else told
                if told.gates and event.status.settled:
                    told = told._replace(gates=told.gates - {graph.labels[event.node]})
        return told

    def _after(self, word: str, gate: str) -> Told:
        match word:
            case Occasion.FAILURE.value:
                return self._replace(failure=True)
            case Occasion.GATE.value:
                return self._replace(gates=self.gates | {gate})
            case Occasion.END.value:
                return self._replace(end=True)
        return self


class Occasions:
    """Finds what there is to tell of a run since the last look. A look costs nothing while all is well."""

    def __init__(self, run: RunView, told: Told) -> None:
        self._run = run
        self.told = told
        self._failure = NO_NODE
        """The failure found last."""
        self._searched: RunState | None = None

    def look(self) -> list[Happened]:
        """Return what there is to tell now, each once."""
        state, told = self._run.state, self.told
        found: list[Happened] = []
        has_failed = self._has_failed(state)
        if has_failed and not told.failure:
            found.append(Happened(Occasion.FAILURE, self._failure))
        gates = told.gates
        if gates or state.counts[NodeStatus.READY]:
            labels = self._run.graph.labels
            asking = {labels[node]: node for node in state.asking()}
            found += [Happened(Occasion.GATE, node) for label, node in asking.items() if label not in gates]
            gates = frozenset(asking)
        settled = not state.unsettled
        if settled and not told.end:
            found.append(Happened(Occasion.END))
        if (has_failed, settled, gates) != told:
            self.told = Told(has_failed, settled, gates)
        return found

    def _has_failed(self, state: RunState) -> bool:
        """Return whether a failure is not allowed. While the one found last is there, no other is searched for."""
        if state is not self._searched:  # a reload has renumbered the nodes
            self._searched, self._failure = state, NO_NODE
        if self._failure < 0 or state.status[self._failure] != NodeStatus.FAILED:
            self._failure = next(state.failures(), NO_NODE) if state.counts[NodeStatus.FAILED] else NO_NODE
        return self._failure >= 0

    def words(self, happened: Happened) -> str:
        """Return what an event of the run says about it."""
        if happened.occasion is Occasion.GATE:
            return f"{Occasion.GATE.value} {self._run.graph.labels[happened.node]}"
        return str(happened.occasion.value)
