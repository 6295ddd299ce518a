"""What held nodes keep a run from, in words."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from dagtui.engine.status import NodeStatus
from dagtui.text import label, path_word
from dagtui.text.amounts import CellWidth
from dagtui.text.labels import name_label

if TYPE_CHECKING:
    from pathlib import Path

    from dagtui.engine.state import RunState
    from dagtui.graph.model import NodeIndex

_LONGEST = 4096
_NAME_CELLS = CellWidth(60)


def waits_for_release(state: RunState) -> str:
    """Say which node would begin now if it were not held. Empty if none would, or if another is ready."""
    ready = [node for node in state.held if state.status[node] == NodeStatus.READY]
    if not ready or len(ready) < state.counts[NodeStatus.READY]:
        return ""
    return f"waits for {name_label(state.graph.labels[min(ready)], _NAME_CELLS)} to be released"


def held_words(state: RunState, node: NodeIndex, path: Path | None, number: int) -> str:
    """Say of a held node that could begin how to release it. Safe to show, on one line.

    `path` is that of the graph, and `number` that of the run.
    """
    words = ["dagtui", "release", path_word(path), shlex.quote(state.graph.labels[node]), "--run", str(number)]
    return f"held; to release it: {label(' '.join(words), _LONGEST)}"
