"""Start a new run: its directory, journal, and executor."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from dagtui.execution.local import undelivered
from dagtui.execution.local.requirements import start_supervisor
from dagtui.graph.export import to_toml
from dagtui.runs.ingredients import Ingredients
from dagtui.runs.launch import LaunchOptions
from dagtui.store.directory import RunDirectory
from dagtui.store.journal import JournalWriter
from dagtui.text.amounts import NO_TIME

if TYPE_CHECKING:
    from dagtui.graph.model import Graph
    from dagtui.runs.ingredients import Machinery
    from dagtui.runs.live import LiveRun
    from dagtui.runs.reload_preview import Reloader

DEFAULTS = LaunchOptions()


def start_run(graph: Graph, options: LaunchOptions = DEFAULTS) -> LiveRun:
    """Create a run directory and start a run. Needs no event loop.

    Raises RequirementError, StoreError, GraphError for secrets and missing inputs, and ChoiceError if nothing runs by
    default.
    """
    # Checked before the directory is made, so that a run that can't start leaves nothing behind.
    targets = options.targets
    if targets is None and not graph.runs_everything:
        from dagtui.runs.targets import default_targets  # only here: it would delay each start

        targets = default_targets(graph)
    if graph.any_remote:
        from dagtui.runs.executors import check_packages  # most graphs name none

        check_packages(graph)
    supervisor = options.supervisor or start_supervisor()
    try:
        ingredients = Ingredients(graph, options._replace(supervisor=supervisor))
        if any(task.inputs for task in graph.tasks):
            from dagtui.runs.targets import refuse_missing_inputs

            refuse_missing_inputs(graph, targets, ingredients.secrets)
        with ingredients.starting():
            directory = RunDirectory.create(ingredients.path, to_toml(ingredients.shown))
    except BaseException:  # any failure, Ctrl+C too: don't leave the supervisor behind
        supervisor.close()
        raise
    undelivered.reserve(os.fspath(directory.path))
    live = ingredients.live_run(directory, JournalWriter(directory.journal_path), NO_TIME, reloader)
    live.run.begin(paused=options.paused, boot=boot_id(), targets=targets)
    for text in (*directory.remarks, *notes_on(graph)):
        live.note(text)
    return live


def notes_on(graph: Graph) -> tuple[str, ...]:
    """Return what a run says of its graph: that something is ignored on the executor that the call named."""
    return graph.remarks if graph.executor_given else ()


def boot_id() -> str:
    """Return an identifier of this boot of the machine, or an empty string if the system has none."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except (OSError, ValueError):
        return ""


def reloader(run: LiveRun, machinery: Machinery) -> Reloader:
    """Return what reloads a run. Most runs are never reloaded."""
    from dagtui.runs.reloading import RunReloader

    return RunReloader(run, machinery)
