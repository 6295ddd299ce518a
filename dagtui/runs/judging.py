"""Puts what judges nodes by their files before an executor. Imported only for graphs with inputs or outputs."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from dagtui.engine.messages import NO_OUTPUTS
from dagtui.execution.files.fingerprints import NAME, Fingerprints
from dagtui.execution.files.judge import Judge
from dagtui.execution.files.judging_executor import JudgingExecutor
from dagtui.execution.files.looked_at import FileReader
from dagtui.execution.files.node_key import NodeKeys
from dagtui.runs.processors import processors

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from dagtui.engine.protocol import Executor
    from dagtui.engine.traversal import Traversal
    from dagtui.graph.model import Graph, NodeIndex
    from dagtui.store.directory import RunDirectory
    from dagtui.text.secrets import Secrets

ASKED, FORCED = "asked for", "--force"


def judging_executor(
    inner: Executor,
    graph: Graph,
    directory: RunDirectory,
    environment: Mapping[str, str],
    traversal: Traversal,
    is_forced: Callable[[NodeIndex], bool],
    secrets: Secrets | None,
) -> Executor:
    """Return an executor that hands on to another one what is not up to date.

    Nodes that a person asked for and those that are forced run in any case. Values are remembered without secrets.
    """
    state = traversal.state

    def must_run(node: NodeIndex) -> str:
        if node in traversal.must_run:
            return ASKED
        return FORCED if is_forced(node) else ""

    threads = max(2, processors())
    memory = Fingerprints(fingerprints_path(directory.path), directory.number)
    reader = FileReader(graph_folder(graph), memory, threads)
    keys = NodeKeys(
        graph,
        environment,
        lambda node: state.status_of(node).name.lower(),
        lambda node: state.outputs.get(node, NO_OUTPUTS),
    )
    judge = Judge(memory, reader, directory.number, str if secrets is None else secrets.mask)
    return JudgingExecutor(inner, graph, keys, judge, memory, reader, must_run, threads)


def graph_folder(graph: Graph) -> str:
    """Return the absolute path that the paths of inputs and outputs are relative to."""
    return os.path.abspath(graph.directory or "")


def fingerprints_path(run_path: Path) -> Path:
    """Return the file that all runs of a graph share."""
    return run_path.parent.parent / NAME
