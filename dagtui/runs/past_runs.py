"""The last runs of a graph, by their figures. Runs that left none are read from their journals once."""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING, Final

from dagtui.runs.figures import figures_of
from dagtui.runs.following import read_run
from dagtui.store.directory import runs
from dagtui.store.errors import StoreError
from dagtui.store.run_figures import KEPT_RUNS, check_figures, has_figures, is_full, read_runs, write_run

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from dagtui.store.directory import RunDirectory
    from dagtui.store.run_figures import RunFigures
    from dagtui.text.amounts import Seconds

MOST_SECONDS: Final[Seconds] = 1.0
"""How long the end of a run may read the journal of the one before it."""


def past_runs(graph_path: Path) -> Sequence[RunFigures]:
    """Return the figures of the last runs, oldest first, without live ones. Raises StoreError.

    A run whose session was killed has left none, and neither have those of an older dagtui.
    """
    check_figures(graph_path)
    found = read_runs(graph_path)
    known = {run.number for run in found}
    left_none = [run for run in runs(graph_path)[-KEPT_RUNS:] if run.number not in known]
    added = False
    for run in reversed(left_none):
        if is_full(graph_path):  # older ones would be removed at once, and read again the next time
            break
        added |= _take_over(run, graph_path)
    return read_runs(graph_path) if added else found


def take_over_before(graph_path: Path, number: int) -> None:
    """Take over the run before the one with a number, if it left no figures. Raises StoreError."""
    before = next((run for run in reversed(runs(graph_path)) if run.number < number), None)
    if before is not None and not has_figures(graph_path, before.number):
        _take_over(before, graph_path, MOST_SECONDS)


def _take_over(directory: RunDirectory, graph_path: Path, most: Seconds = inf) -> bool:
    """Write the figures of a run that has ended, by its journal. Return whether it could be read."""
    if directory.is_live():
        return False
    try:
        write_run(graph_path, figures_of(read_run(directory, graph_path, most)))
    except StoreError:  # a damaged or a long journal
        return False
    return True
