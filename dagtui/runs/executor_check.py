"""Try an executor: what its kind finds out, and then a run of one node through it."""

from __future__ import annotations

import os
from contextlib import aclosing
from importlib import import_module
from typing import TYPE_CHECKING

import anyio
import tomli_w

from dagtui.engine.messages import Command, CommandKind
from dagtui.engine.status import NodeStatus
from dagtui.engine.why import why
from dagtui.execution.local.requirements import RequirementError
from dagtui.execution.remote.probing import Finding, Probe
from dagtui.graph.executor_keys import written
from dagtui.graph.loading import VERSION, load
from dagtui.graph.model import NodeIndex
from dagtui.runs.beginning import start_run
from dagtui.runs.launch import LaunchOptions

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Mapping
    from pathlib import Path

    from dagtui.graph.executors import ExecutorSettings
    from dagtui.graph.model import Graph
    from dagtui.runs.live import LiveRun
    from dagtui.text.amounts import Seconds

_STEP = "a node of true through it"
_NODE = NodeIndex(0)
_LAST: Seconds = 30.0
"""How long a node that was given up may take to end."""


async def check_executor(
    settings: ExecutorSettings, folder: Path, environment: Mapping[str, str], patience: Seconds
) -> AsyncGenerator[Finding]:
    """Try an executor. Yield what each step finds, up to the first one that fails.

    Args:
        settings: Those of the executor.
        folder: An empty folder of this machine, where the graph's own would be.
        environment: The variables of the run.
        patience: How long the node may take, with its time in a queue.
    """
    probe: Probe = import_module(f"dagtui.execution.{settings.kind.value}.probe").probe
    async with aclosing(probe(settings, folder)) as findings:
        async for finding in findings:
            yield finding
            if not finding.is_good:
                return
    yield await _node(settings, folder, environment, patience)


async def _node(settings: ExecutorSettings, folder: Path, environment: Mapping[str, str], patience: Seconds) -> Finding:
    """Run a graph of one node."""
    try:
        live = start_run(_graph(settings, folder), LaunchOptions(environment=environment))
    except RequirementError as error:
        return Finding(_STEP, is_good=False, text=str(error))
    reason = ""
    try:
        with anyio.move_on_after(patience) as scope:
            await live.drive_until_settled()
        if scope.cancelled_caught:
            reason = _reason(live)
            live.give(Command(CommandKind.CANCEL_ALL, by="the check"))
            with anyio.move_on_after(_LAST):
                await live.drive_until_settled()
    finally:
        with anyio.CancelScope(shield=True):
            await live.close()
    if reason:
        hint = "call it again with a longer --wait, or ask for less in resources"
        return Finding(_STEP, is_good=False, text=f"not done after {patience:.0f} s: {reason}", hint=hint)
    return _finding(live)


def _finding(live: LiveRun) -> Finding:
    state = live.state
    if state.status_of(_NODE) is NodeStatus.COMPLETED:
        return Finding(_STEP, is_good=True, text="done")
    return Finding(_STEP, is_good=False, text=_reason(live), hint="correct the executor's table, and try again")


def _reason(live: LiveRun) -> str:
    """Say why the node is not done. What is wrong with its executor comes first."""
    state = live.state
    silent = "; ".join(silence.why for silence in state.silent.values())
    return silent or why(state, _NODE, live.clock()) or state.status_of(_NODE).word


def _graph(settings: ExecutorSettings, folder: Path) -> Graph:
    task: dict[str, object] = {"run": ["true"], "executor": settings.name}
    if not settings.shared:
        task["cwd"] = "/"  # its own folder is not there
    document = {
        "version": VERSION,
        "name": "executor check",
        "executors": {settings.name: written(settings)},
        "tasks": {"true": task},
    }
    path = folder / "graph.toml"
    path.write_text(tomli_w.dumps(document), encoding="utf-8")
    return load(path, environment=os.environ)
