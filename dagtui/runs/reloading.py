"""Reload: a live run goes on with its graph file as it is now. Attempts in flight go on."""

from __future__ import annotations

import os
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING

import anyio
import anyio.to_thread

from dagtui.engine import reloading as engine
from dagtui.engine.events import ON_RECORD
from dagtui.engine.messages import NO_ATTEMPT
from dagtui.engine.protocol import JournalFullError
from dagtui.engine.renumbering import Renumbering
from dagtui.engine.targets import Targets
from dagtui.execution.local import node_numbers
from dagtui.execution.local.node_numbers import NodeNumbers
from dagtui.execution.local.requirements import RequirementError
from dagtui.graph.definition import changed_parts
from dagtui.graph.errors import GraphError
from dagtui.graph.export import to_toml
from dagtui.graph.leftovers import leftover, with_leftovers
from dagtui.graph.matrix.selection import ChoiceError
from dagtui.graph.toml.parse import digest_of, read_bytes_again
from dagtui.runs.executor_chain import ExecutorChain, NextGraph
from dagtui.runs.forecast import Forecast
from dagtui.runs.ingredients import Ingredients, Machinery
from dagtui.runs.processors import initial_slots
from dagtui.runs.reload_preview import ReloadError
from dagtui.runs.rereading import compared, reread, still_named
from dagtui.runs.targets import default_targets
from dagtui.store.errors import StoreError
from dagtui.store.files import replace_file, write_new_file
from dagtui.store.log_index import last_logged
from dagtui.store.paths import is_piped
from dagtui.text import label

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from dagtui.engine.messages import AttemptNumber
    from dagtui.graph.model import Graph, NodeIndex, Task
    from dagtui.runs.live import LiveRun
    from dagtui.runs.reload_preview import ReloadPreview

PATIENCE = 10.0
"""Seconds to wait until attempts that were about to begin are withdrawn or have begun."""


class RunReloader:
    """Reloads a live run."""

    def __init__(self, run: LiveRun, machinery: Machinery) -> None:
        self._run = run
        self._machinery = machinery
        self._gone: dict[str, AttemptNumber] = {}
        """The last attempts of nodes that a reload has removed, as their logs may not be written yet."""

    async def read_again(self, edited: Mapping[str, bytes]) -> ReloadPreview:
        """Read the graph file, or edited contents in place of files. Raises GraphError and ReloadError."""
        run, ingredients = self._run, self._machinery.ingredients
        if not edited and is_piped(ingredients.path):
            raise ReloadError(
                "the graph came from a pipe, which can't be read again: leave the run, and pipe the changed graph into "
                f"dagtui run - --resume {run.number}"
            )
        base = run.graph
        fresh = await anyio.to_thread.run_sync(reread, ingredients, edited)
        differing = await anyio.to_thread.run_sync(changed_parts, base, fresh.shown)
        self._refuse_outdated(base)
        self._refuse_another_place(fresh.executed)
        return compared(run, ingredients, fresh, differing, is_file=not edited)

    async def reload(self, preview: ReloadPreview) -> None:
        """Go on with the graph of a preview. Raises ReloadError."""
        run, driven = self._run, self._run.run
        self._refuse_outdated(preview.base)
        if preview.is_file:
            if await anyio.to_thread.run_sync(_digest, self._machinery.ingredients.path) != preview.digest:
                raise ReloadError("the file has changed since it was read: read it again")
            self._refuse_outdated(preview.base)
        traversal = driven.traversal
        if not traversal.submits:
            raise ReloadError("a reload is under way")
        staying = _staying(run, preview)
        driven.withdraw_submitted(staying)
        try:
            logged = await anyio.to_thread.run_sync(last_logged, run.directory.path / "logs", preview.added)
            gone = (self._gone.get(name, NO_ATTEMPT) for name in preview.added)
            used = [max(pair) for pair in zip(logged, gone, strict=True)]
            graphs = await anyio.to_thread.run_sync(_Graphs, self._machinery, run, preview, used, [])
            await _nothing_submitted(run, staying)
            self._refuse_outdated(preview.base)
            leftovers = _leftovers(run, preview)
            self._take_up(preview, _Graphs(self._machinery, run, preview, used, leftovers) if leftovers else graphs)
        finally:
            if driven.traversal is traversal:
                driven.submit_again()
        run.tell()

    def _refuse_another_place(self, executed: Graph) -> None:
        """Raise ReloadError if an executor on other machines would have to be somewhere else."""
        if self._run.routing is None:
            return
        from dagtui.runs.executors import refuse_another_place  # most runs have none

        try:
            refuse_another_place(self._run.routing, executed)
        except RequirementError as error:
            raise ReloadError(str(error)) from error

    def _refuse_outdated(self, base: Graph) -> None:
        if self._run.ending or self._run.run.has_ended:
            raise ReloadError("the run is ending")
        if base is not self._run.graph:
            raise ReloadError("the run has another graph by now: read the file again")

    def _take_up(self, preview: ReloadPreview, graphs: _Graphs) -> None:
        """Take up the new graph within one turn of the loop. Raises ReloadError: then nothing has changed."""
        run, directory, sink = self._run, self._run.directory, self._machinery.sink
        found = _prepare(run, preview, self._machinery, graphs)
        try:
            replace_file(directory.path / node_numbers.NAME, graphs.numbers_file)
            _keep_graph(directory.path, directory.graph_path)
        except (StoreError, OSError) as error:
            raise ReloadError(f"the reload can't be recorded: {error}") from error
        try:
            chain = ExecutorChain(run, self._machinery, found)
        except RequirementError as error:
            raise ReloadError(str(error)) from error
        sink.graph = graphs.shown
        try:
            run.run.reload(found.traversal, chain.top, partial(self._switch, found, chain))
        except JournalFullError as error:
            sink.graph = run.graph
            raise ReloadError(str(error)) from error
        try:
            replace_file(directory.graph_path, graphs.graph_file)
        except StoreError as error:
            run.note(f"{error}; if the run is resumed, changed nodes run again")
        run.announce(ON_RECORD, "")

    def _switch(self, found: NextGraph, chain: ExecutorChain) -> None:
        """Change all that knows the graph, once the reload is on record."""
        run = self._run
        numbers = found.renumbering.number_of
        for name, attempt, number in zip(run.graph.labels, run.state.attempt, numbers, strict=True):
            if number < 0:
                self._gone[name] = attempt
        self._machinery = chain.switch()
        run.attempts.renumber(found.renumbering)
        run.routing = chain.routing
        run.take_over(found.forecast, chain.top, found.ingredients.environment)
        if run.terminals is None and any(task.tty for task in run.graph.tasks):
            run.terminals = chain.local
        run.tell_reloaded()


def _digest(path: Path) -> bytes:
    try:
        return digest_of(read_bytes_again(path, label(path)))
    except GraphError:
        return b""


def _staying(run: LiveRun, preview: ReloadPreview) -> frozenset[NodeIndex]:
    """Return the nodes whose attempts keep their place in the queue of another machine."""
    if not run.state.executor_of:
        return frozenset()
    from dagtui.runs.staying_queued import staying_queued  # most runs have none

    return staying_queued(run, preview)


async def _nothing_submitted(run: LiveRun, staying: frozenset[NodeIndex]) -> None:
    """Wait until attempts that were about to begin are withdrawn, or have begun. Raises ReloadError.

    Those in `staying` may wait in the queue of another machine.
    """
    happened = anyio.Event()

    def notice(_events: object) -> None:
        happened.set()

    unsubscribe = run.subscribe(notice)
    try:
        with anyio.move_on_after(PATIENCE):
            while not run.run.can_reload(staying):
                await happened.wait()
                happened = anyio.Event()
                await anyio.lowlevel.checkpoint()
    finally:
        unsubscribe()
    if not run.run.can_reload(staying):
        held_up = run.state.held_up
        raise ReloadError(
            f"the run {held_up}" if held_up else "attempts that are about to begin can't be withdrawn now"
        )


class _Graphs:
    """The new graph with what is left over of the one before, and its files. Made in a thread if nothing is."""

    def __init__(
        self,
        machinery: Machinery,
        run: LiveRun,
        preview: ReloadPreview,
        used: list[AttemptNumber],
        leftovers: list[Task],
    ) -> None:
        self.shown = with_leftovers(preview.graph, leftovers, run.graph.executors)
        self.executed = with_leftovers(preview.executed, leftovers, machinery.ingredients.executed.executors)
        self.leaving = [self.shown.node(task.name) for task in leftovers]
        self.added = {self.shown.node(name): attempt for name, attempt in zip(preview.added, used, strict=True)}
        """What joins, with the last attempt of a node of that name that an earlier graph of the run had, or 0."""
        self.renumbering = Renumbering(run.graph, self.shown)
        self.numbers = NodeNumbers(machinery.local.numbered, self.shown.labels)
        self.numbers_file = node_numbers.as_json(self.numbers.labels)
        self.graph_file = to_toml(self.shown).encode("utf-8", "backslashreplace")


def _prepare(run: LiveRun, preview: ReloadPreview, machinery: Machinery, graphs: _Graphs) -> NextGraph:
    """Carry the traversal over to the new graph, and let that take up the reload. The run does not change."""
    old, shown, renumbering = run.run.traversal, graphs.shown, graphs.renumbering
    before = machinery.ingredients
    options = before.options
    if options.targets is not None:
        nodes = tuple(renumbering.nodes(options.targets.nodes))
        options = options._replace(targets=Targets(nodes, options.targets.named))
    ingredients = Ingredients(graphs.executed, options)
    ingredients.shown, ingredients.secrets = shown, before.secrets
    forecast = Forecast(shown, run.history)
    traversal = engine.carried_traversal(old, shown, forecast.weights, renumbering)
    ingredients.equip(traversal, run.directory)
    changed = {shown.node(name): node.parts for name, node in preview.changed.items()}
    removed = (*preview.removed, *preview.removed_running)
    changes = engine.Changes(changed, graphs.added, removed, graphs.leaving)
    jobs = 0
    if options.jobs is None and run.state.jobs == initial_slots(run.graph, None):
        jobs = initial_slots(shown, None)
    targets = _targets(run, shown, renumbering, graphs.leaving)
    why = f"{label(shown.path.name if shown.path else shown.name)}: {preview.words()}"
    engine.reload(traversal, changes, run.clock(), why, jobs, targets)
    return NextGraph(ingredients, traversal, forecast, renumbering, graphs.numbers)


def _leftovers(run: LiveRun, preview: ReloadPreview) -> list[Task]:
    """Return tasks for the nodes that the file no longer has, whose attempts have begun."""
    graph, pools = run.graph, {pool.name for pool in preview.graph.pools}
    gone = [node for node in run.run.traversal.capacity.held if preview.graph.find(graph.labels[node]) is None]
    return [
        leftover(graph.task(node), graph.labels[node], run.as_run.command(node).text, pools) for node in sorted(gone)
    ]


def _targets(
    run: LiveRun, graph: Graph, renumbering: Renumbering, leaving: list[NodeIndex]
) -> tuple[NodeIndex, ...] | None:
    """Return what is part of the run from now on, with its ancestors. None: every node.

    What was part of it stays. The names of the call mean nodes of the new graph, and so do the defaults of the file.
    """
    state = run.state
    if not state.has_targets and graph.runs_everything:
        return None
    found = renumbering.nodes(state.inside(run.graph.nodes)).union(leaving)
    if state.named:
        found.update(still_named(graph, state.named))
    else:
        with suppress(ChoiceError):  # the file has no node any more that runs by default
            defaults = default_targets(graph)
            found.update(graph.nodes if defaults is None else defaults.nodes)
    return tuple(sorted(found))


def _keep_graph(directory: Path, graph_path: Path) -> None:
    """Keep the graph that the run has recorded so far, under the next free name. Raises OSError."""
    number = 1
    while os.path.lexists(directory / f"graph-{number}.toml"):
        number += 1
    try:
        os.link(graph_path, directory / f"graph-{number}.toml")
    except OSError:  # a file system without hard links
        write_new_file(directory / f"graph-{number}.toml", graph_path.read_bytes())
