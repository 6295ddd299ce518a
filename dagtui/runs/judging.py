"""Puts what judges nodes by their files before an executor. Imported only for graphs with inputs or outputs."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from dagtui.execution.files.fingerprints import NAME, Fingerprints
from dagtui.execution.files.judge import Judge, Judgement, NodeToJudge
from dagtui.execution.files.judging_executor import JudgingExecutor
from dagtui.execution.files.looked_at import FileReader
from dagtui.execution.files.node_key import NodeKeys
from dagtui.graph.errors import ValueProblem
from dagtui.graph.files.paths import DeclaredPaths
from dagtui.graph.resolution import ResolutionError
from dagtui.runs.processors import processors
from dagtui.store.directory import last_run
from dagtui.text.amounts import first_of
from dagtui.text.labels import name_label

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from dagtui.engine.protocol import Executor
    from dagtui.engine.state import RunState
    from dagtui.engine.traversal import Traversal
    from dagtui.graph.model import Graph, NodeIndex
    from dagtui.store.directory import RunDirectory
    from dagtui.text.secrets import Secrets

ASKED, FORCED = "asked for", "--force"
_NAMED = 3


def judging_executor(
    inner: Executor,
    graph: Graph,
    directory: RunDirectory,
    environment: Mapping[str, str],
    traversal: Traversal,
    is_forced: Callable[[NodeIndex], bool],
    secrets: Secrets | None,
) -> JudgingExecutor:
    """Return an executor that hands on to another one what is not up to date.

    Nodes that a person asked for and those that are forced run in any case. What is remembered has no secrets.
    """
    threads = max(2, processors())
    redact = str if secrets is None else secrets.mask
    memory = Fingerprints(fingerprints_path(directory.path), directory.number, redact)
    reader = FileReader(graph_folder(graph), memory, threads)
    judge = Judge(memory, reader, directory.number, redact)
    keys = keys_of(graph, environment, traversal.state)
    found = JudgingExecutor(inner, graph, keys, judge, memory, reader, why_forced(traversal, is_forced), threads)
    traversal.state.reading = found.reading
    return found


def keys_of(graph: Graph, environment: Mapping[str, str], state: RunState) -> NodeKeys:
    """Return what finds out what the nodes of a run execute."""
    return NodeKeys(graph, environment, state.status_name, state.outputs_of)


def why_forced(traversal: Traversal, is_forced: Callable[[NodeIndex], bool]) -> Callable[[NodeIndex], str]:
    """Return what says why a node runs although it may be up to date."""

    def must_run(node: NodeIndex) -> str:
        if node in traversal.must_run:
            return ASKED
        return FORCED if is_forced(node) else ""

    return must_run


class PlannedFiles:
    """Judges the nodes of a plan as a run would judge them now. Nothing is executed, and no node is remembered."""

    def __init__(
        self,
        graph: Graph,
        environment: Mapping[str, str],
        state: RunState,
        *,
        redact: Callable[[str], str],
        forced: bool,
    ) -> None:
        """`graph` is the one that would be executed, and `state` that of the simulated run."""
        self._graph = graph
        self._forced = forced
        last = None if graph.path is None else last_run(graph.path)
        run = 0 if last is None else last.number + 1
        path = Path(":memory:") if last is None else fingerprints_path(last.path)
        self._memory = Fingerprints(path, run, redact)
        reader = FileReader(graph_folder(graph), self._memory, max(2, processors()))
        self._judge = Judge(self._memory, reader, run, redact)
        self._keys = keys_of(graph, environment, state)
        self._paths = DeclaredPaths(graph)
        self._runs: set[NodeIndex] = set()
        self.unsure: set[NodeIndex] = set()
        """Nodes that run only if parents that run write or hand on something else than before."""

    def judge(self, node: NodeIndex, *, is_named: bool) -> Judgement | None:
        """Judge a node whose parents were judged. None if there is nothing to judge, so that it runs."""
        found = self._found(node, is_named=is_named) if self._graph.task(node).inputs else None
        if found is None or not found.up_to_date:
            self._runs.add(node)
        return found

    def close(self) -> None:
        """Close the file of what is remembered."""
        self._memory.close()

    def _found(self, node: NodeIndex, *, is_named: bool) -> Judgement:
        try:
            files, parts = self._keys.files(node), self._keys.parts(node, self._judge.remembered_key)
        except ValueProblem as problem:
            return Judgement(up_to_date=False, why=f"runs: {problem.message}")
        except ResolutionError:
            if not self._judge.remembered_key(self._graph.labels[node]):
                return Judgement(up_to_date=False, why="runs: no earlier success is known")
            self.unsure.add(node)
            return Judgement(up_to_date=False, why="may run: its command depends on how others end")
        forced = FORCED if self._forced and is_named else ""
        written = self._written(node)
        rewritten = frozenset(text for texts in written.values() for text in texts)
        as_found = NodeToJudge(self._graph.labels[node], files, parts, forced, rewritten)
        found = self._judge.judge(as_found, bool, may_read=True)
        if found is None:
            raise AssertionError("reading is allowed")
        self._keys.note(node, found.key)
        if not found.up_to_date or not written:
            return found
        self.unsure.add(node)
        names = first_of([name_label(self._graph.labels[writer]) for writer in [*written][:_NAMED]], len(written))
        write = "writes" if len(written) == 1 else "write"
        return Judgement(up_to_date=False, why=f"may run: if {names} {write} something else", key=found.key)

    def _written(self, node: NodeIndex) -> dict[NodeIndex, list[str]]:
        """Return the parents that run and write what the node reads, and what that is."""
        from dagtui.graph.files.matching import joining

        parents = [parent for parent in self._graph.parents(node) if parent in self._runs]
        found = {parent: joining(self._paths, parent, node) for parent in parents if self._graph.task(parent).outputs}
        return {parent: texts for parent, texts in found.items() if texts}


def changed_files(
    graph: Graph, directory: RunDirectory, nodes: Iterable[NodeIndex], secrets: Secrets | None
) -> tuple[dict[NodeIndex, tuple[str, ...]], int]:
    """Look at the inputs and outputs of completed nodes. Return what changed, by node, and how many were looked at."""
    redact = str if secrets is None else secrets.mask
    memory = Fingerprints(fingerprints_path(directory.path), directory.number, redact)
    judge = Judge(memory, FileReader(graph_folder(graph), memory, max(2, processors())), directory.number, redact)
    paths = DeclaredPaths(graph)
    changed: dict[NodeIndex, tuple[str, ...]] = {}
    looked_at = 0
    for node in nodes:
        try:
            found = judge.changed_since(graph.labels[node], paths.of(node))
        except ValueProblem:
            continue  # it is refused when it starts
        if found is not None:
            looked_at += 1
        if found:
            changed[node] = found
    memory.close()
    return changed, looked_at


def graph_folder(graph: Graph) -> str:
    """Return the absolute path that the paths of inputs and outputs are relative to."""
    return os.path.abspath(graph.directory or "")


def fingerprints_path(run_path: Path) -> Path:
    """Return the file that all runs of a graph share."""
    return run_path.parent.parent / NAME
