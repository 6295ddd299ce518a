"""The last runs of a graph, by their figures. Runs that left none are read from their journals once."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from dagtui.runs.figures import figures_of
from dagtui.runs.following import read_run
from dagtui.store.directory import runs
from dagtui.store.errors import StoreError
from dagtui.store.run_figures import KEPT_RUNS, read_runs, write_run

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from dagtui.store.run_figures import RunFigures


def past_runs(graph_path: Path) -> Sequence[RunFigures]:
    """Return the figures of the last runs, oldest first, without live ones. Raises StoreError.

    A run whose session was killed has left none, and neither have those of an older dagtui.
    """
    found = read_runs(graph_path)
    known = {run.number for run in found}
    added = False
    for directory in runs(graph_path)[-KEPT_RUNS:]:
        if directory.number in known or directory.is_live():
            continue
        with contextlib.suppress(StoreError):  # a damaged journal
            added = True
            write_run(graph_path, figures_of(read_run(directory, graph_path)))
    return read_runs(graph_path) if added else found
