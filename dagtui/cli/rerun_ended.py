"""`dagtui rerun` on an ended run: resumes it, as `dagtui run --resume --rerun` does."""

from __future__ import annotations

import os
import shlex
from typing import TYPE_CHECKING

import click

from dagtui.cli.stderr import fail, say

if TYPE_CHECKING:
    from pathlib import Path


def rerun_if_ended(graph_file: Path, number: int | None, names: tuple[str, ...]) -> None:
    """Rerun nodes of an ended run and exit with its status. Returns if a run is live or there is none.

    A graph that differs from the run's own is refused, because other nodes would run too, or parameters may be missing.
    """
    from dagtui.cli.graph_file import graph_file_at
    from dagtui.cli.headless import run_headless
    from dagtui.cli.launch_mode import LAST, LaunchMode
    from dagtui.cli.load_graph import read_graph
    from dagtui.cli.resume_prompt import nodes_to_rerun, same_as_recorded
    from dagtui.graph.errors import GraphError
    from dagtui.runs.last_run import NothingToResumeError, resumable
    from dagtui.store.errors import StoreError
    from dagtui.store.held import held_runs

    try:
        if held_runs(graph_file) or not os.path.isfile(graph_file):
            return
        graph = read_graph(graph_file_at(graph_file), ())
        found = resumable(graph, number, nodes_to_rerun(graph, names))
        same = same_as_recorded(graph, found)
    except NothingToResumeError:
        return  # the search for a live run reports what there is
    except (StoreError, GraphError) as error:
        fail(f"dagtui: {error}")
    run = found.directory.number
    if not same:
        words = shlex.join(word for name in names for word in ("--rerun", name))
        how = f"dagtui run {click.format_filename(graph_file)} --resume {run} {words}"
        fail(f"dagtui: run {run} has ended, and the graph or its parameters have changed since; to resume it: {how}")
    say(f"dagtui: no run is live, so this resumes run {run}, which has ended")
    run_headless(graph, None, None, LaunchMode.RESUME, resume=number or LAST, rerun=names)
