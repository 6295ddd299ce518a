"""Find the live runs of a graph by their locks, without contacting them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dagtui.store.directory import runs_in
from dagtui.store.paths import folders_with_runs

if TYPE_CHECKING:
    from pathlib import Path

    from dagtui.store.directory import RunDirectory


def held_runs(graph_path: Path) -> list[RunDirectory]:
    """Return the live runs of a graph file, oldest first, without contacting them. Raises StoreError."""
    # The newest runs may be in another folder than earlier ones.
    return [run for folder in folders_with_runs(graph_path)[::-1] for run in runs_in(folder) if run.is_live()]
