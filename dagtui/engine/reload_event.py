"""What a reload of the graph file changed, as the journal has it, and how the state takes it up.

Nodes are named by their labels, because their numbers differ between the two graphs.
"""

from __future__ import annotations

import math
from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from dagtui.engine.events import MOST_NAMED
from dagtui.engine.messages import AttemptNumber
from dagtui.engine.status import SETTLED, NodeStatus
from dagtui.engine.targets import outside_ancestors

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from dagtui.engine.events import RunEvent
    from dagtui.engine.state import RunState
    from dagtui.graph.model import NodeIndex

RELOADED = "reloaded"
"""The word of the event before the new graph replaces the old one in the run's directory."""


class LabelGroup(NamedTuple):
    """Some nodes: how many there are, and the labels of the first ones."""

    total: int = 0
    first: tuple[str, ...] = ()

    @classmethod
    def of(cls, labels: Sequence[str]) -> LabelGroup:
        """Return a group of nodes. Its labels are cut, to bound the length of a journal line."""
        return cls(len(labels), tuple(labels[:MOST_NAMED]))


class Reload(NamedTuple):
    """What a reload changed."""

    kept: int = 0
    """Number of nodes whose definition is the same."""
    changed: LabelGroup = LabelGroup()
    added: LabelGroup = LabelGroup()
    removed: LabelGroup = LabelGroup()
    superseded: tuple[tuple[str, AttemptNumber], ...] = ()
    """Nodes whose attempts in flight execute an older definition, or read what one wrote, with those attempts."""
    leaving: tuple[str, ...] = ()
    """Nodes that the file no longer has, and whose attempts go on until they end."""
    parked: float = 0.0
    """Seconds so far in which everything was settled."""
    limit_from: float = 0.0
    """Active seconds at which the time limit of the run last began. Infinite: the time has run out."""


def reload_fields(reload: Reload) -> dict[str, object]:
    """Return a reload as a JSON object."""
    limit = None if math.isinf(reload.limit_from) else reload.limit_from
    return {
        "kept": reload.kept,
        "changed": _counted(reload.changed),
        "added": _counted(reload.added),
        "removed": _counted(reload.removed),
        "superseded": dict(reload.superseded),
        "leaving": list(reload.leaving),
        "parked": reload.parked,
        "limit_from": limit,
    }


def _counted(group: LabelGroup) -> dict[str, object]:
    return {"count": group.total, "nodes": list(group.first)}


def parse_reload(value: object) -> Reload:
    """Return the reload of a JSON object. Raises ValueError, KeyError or TypeError."""
    if not isinstance(value, dict):
        raise TypeError("a reload must be an object")
    superseded, limit = value["superseded"], value["limit_from"]
    if not isinstance(superseded, dict):
        raise TypeError("superseded must be an object")
    return Reload(
        int(value["kept"]),
        _group(value["changed"]),
        _group(value["added"]),
        _group(value["removed"]),
        tuple((str(label), AttemptNumber(attempt)) for label, attempt in superseded.items()),
        tuple(map(str, value["leaving"])),
        float(value["parked"]),
        math.inf if limit is None else float(limit),
    )


def _group(value: object) -> LabelGroup:
    if not isinstance(value, dict):
        raise TypeError("a group of nodes must be an object")
    return LabelGroup(int(value["count"]), tuple(map(str, value["nodes"])))


def take_up(state: RunState, event: RunEvent, reload: Reload) -> None:
    """Change a state by a reload: which nodes are part of the run, and its times.

    The statuses of nodes are changed by their own events.
    """
    graph = state.graph
    if event.targets is None:
        state.selected[:] = b"\1" * len(graph)
    else:
        inside = outside_ancestors(graph, bytes(len(graph)), event.targets)
        state.selected[:] = bytes(node in inside for node in graph.nodes)
        state.has_targets = True
    recount(state)
    state.parked, state.limit_from = reload.parked, reload.limit_from
    state.settled_at = None if state.unsettled else event.at
    state.leaving = frozenset(_found(state, reload.leaving))
    state.superseded = {
        node: attempt for label, attempt in reload.superseded if (node := graph.find(label)) is not None
    }


def _found(state: RunState, labels: Iterable[str]) -> Iterable[NodeIndex]:
    return (node for label in labels if (node := state.graph.find(label)) is not None)


def recount(state: RunState) -> None:
    """Count anew what a state counts of the nodes that are part of the run."""
    counts = Counter(status for status, selected in zip(state.status, state.selected, strict=True) if selected)
    state.counts = [counts[status] for status in NodeStatus]
    state.outside = state.selected.count(0)
    state.finally_unsettled = 0
    if state.is_finally:
        inside = state.inside(state.graph.nodes)
        state.finally_unsettled = sum(state.is_finally[node] and state.status[node] not in SETTLED for node in inside)
