"""What a reload of the graph file changed, as the journal has it.

Nodes are named by their labels, because their numbers differ between the two graphs.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

from dagtui.engine.messages import AttemptNumber

if TYPE_CHECKING:
    from collections.abc import Sequence

MOST_LABELS = 1000
"""Maximum number of nodes that are named of a group, to bound the length of a journal line."""
RELOADED = "reloaded"
"""The word of the event before the new graph replaces the old one in the run's directory."""


class LabelGroup(NamedTuple):
    """Some nodes: how many there are, and the labels of the first ones."""

    total: int = 0
    first: tuple[str, ...] = ()

    @classmethod
    def of(cls, labels: Sequence[str]) -> LabelGroup:
        """Return a group of nodes. Its labels are cut, to bound the length of a journal line."""
        return cls(len(labels), tuple(labels[:MOST_LABELS]))


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
    held: tuple[str, ...] = ()
    """The nodes of the run that stay held. No other is, even if one of its name was before."""


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
        **({"held": list(reload.held)} if reload.held else {}),
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
        tuple(map(str, value.get("held", ()))),
    )


def _group(value: object) -> LabelGroup:
    if not isinstance(value, dict):
        raise TypeError("a group of nodes must be an object")
    return LabelGroup(int(value["count"]), tuple(map(str, value["nodes"])))
