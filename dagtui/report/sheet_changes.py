"""What changed in the sheets of a graph since its last run."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from dagtui.graph.definition import CellChange, changed_cells
from dagtui.graph.errors import GraphError
from dagtui.graph.loading import load
from dagtui.store.directory import last_run
from dagtui.store.errors import StoreError

if TYPE_CHECKING:
    from pathlib import Path

    from dagtui.graph.model import Graph


class SheetChange(NamedTuple):
    """A task whose cells differ from those in the last run, because its sheet changed."""

    task: str
    sheet: str
    run: int
    """The number of the last run."""
    cells: CellChange


def sheet_changes(graph: Graph, graph_path: Path) -> list[SheetChange]:
    """Return the tasks whose sheets changed since the last run. Empty if there is none, or it can't be read."""
    sheets = {number: task.matrix.sheet for number, task in enumerate(graph.tasks) if task.matrix is not None}
    if not any(sheets.values()):
        return []
    try:
        run = last_run(graph_path)
        if run is None:
            return []
        changes = changed_cells(load(run.graph_path), graph)
    except (StoreError, GraphError):
        return []
    return [
        SheetChange(graph.tasks[number].name, sheets[number], run.number, change)
        for number, change in changes.items()
        if sheets[number]
    ]
