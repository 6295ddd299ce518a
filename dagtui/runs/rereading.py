"""Read the graph file of a live run again, and compare."""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from dagtui.engine.reloading import becomes_stale, has_run
from dagtui.engine.status import NodeStatus
from dagtui.engine.targets import Targets
from dagtui.engine.walks import subtrees
from dagtui.graph.definition import NEW
from dagtui.graph.keys import RUN
from dagtui.graph.loading import load
from dagtui.graph.matrix.selection import ChoiceError, nodes_matching
from dagtui.graph.model import Task
from dagtui.graph.toml.parse import read_bytes_again
from dagtui.runs.ingredients import Ingredients
from dagtui.runs.reload_preview import ChangedNode, ReloadError, ReloadPreview
from dagtui.runs.targets import default_targets, refuse_missing_inputs
from dagtui.text import label

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Iterator, Mapping

    from dagtui.engine.state import RunState
    from dagtui.graph.model import Graph, NodeIndex
    from dagtui.runs.live import LiveRun


def reread(before: Ingredients, edited: Mapping[str, bytes]) -> Ingredients:
    """Read and check the file, or edited contents in place of files, as at the start of the run.

    Called in a thread. Raises GraphError and ReloadError.
    """
    path = os.path.realpath(before.path)
    contents = edited if path in edited else {**edited, path: read_bytes_again(before.path, label(before.path))}
    executed = before.executed
    graph = load(before.path, executed.given, before.started_with, contents, executed.executor_given)
    found = Ingredients(graph, before.options)
    if found.secrets is not None:
        known = frozenset(() if before.secrets is None else before.secrets.forms)
        if not known.issuperset(found.secrets.forms):
            raise ReloadError(
                "the file names secrets that this run does not redact: leave the run, and resume it with the new file"
            )
    if before.secrets is not None:
        from dagtui.graph.redacted import redacted

        found.shown, found.secrets = redacted(graph, before.secrets), before.secrets
    if any(task.inputs for task in graph.tasks):
        refuse_missing_inputs(graph, _targets(graph, before.options.targets), found.secrets)
    return found


def _targets(graph: Graph, called: Targets | None) -> Targets | None:
    """Return what the call asks for, or what runs by default, in a graph. None: all nodes. Raises ReloadError."""
    try:
        if called is None:
            return default_targets(graph)
    except ChoiceError as error:
        raise ReloadError(str(error)) from error
    return Targets(tuple(dict.fromkeys(still_named(graph, called.named))), called.named)


def still_named(graph: Graph, names: Iterable[str]) -> Iterator[NodeIndex]:
    """Yield the nodes that names of the call mean in a graph, which may no longer have all of them."""
    for name in names:
        with suppress(ChoiceError):
            yield from nodes_matching(graph, name)


def compared(
    run: LiveRun,
    before: Ingredients,
    fresh: Ingredients,
    differing: Mapping[NodeIndex, tuple[str, ...]],
    *,
    is_file: bool,
) -> ReloadPreview:
    """Return what a reload would change. `differing` are the nodes of the new graph that differ, with the parts."""
    old, new, leaving = run.graph, fresh.shown, run.state.leaving
    changed = {
        new.labels[node]: ChangedNode(parts, NodeStatus.WAITING)
        for node, parts in differing.items()
        if old.find(new.labels[node]) is not None
    }
    gone = (node for node in old.nodes if new.find(old.labels[node]) is None and node not in leaving)
    former = [old.labels[node] for node in sorted(leaving)]
    added = tuple(new.labels[node] for node, parts in differing.items() if parts == (NEW,))
    preview = ReloadPreview(
        base=old,
        graph=new,
        executed=fresh.executed,
        digest=fresh.executed.digest,
        is_file=is_file,
        kept=len(new) - len(differing),
        changed=changed,
        stale=(),
        settings=_settings(old, new, former),
        added=added,
        removed=tuple(old.labels[node] for node in gone),
        removed_running=(),
        run_settings=tuple(_run_settings(before, fresh)),
        returning=tuple(name for name in former if new.find(name) is not None and name not in changed),
    )
    return as_now(run, preview)


def as_now(run: LiveRun, preview: ReloadPreview) -> ReloadPreview:
    """Return a preview of the run's present graph by the present statuses, which decide what becomes of each node."""
    old, new, state = run.graph, preview.graph, run.state
    held = run.run.traversal.capacity.held
    changed = {name: ChangedNode(node.parts, state.status_of(old.node(name))) for name, node in preview.changed.items()}
    origins = [new.node(name) for name in changed if has_run(state, old.node(name))]
    gone = sorted(map(old.node, (*preview.removed, *preview.removed_running)))
    return replace(
        preview,
        changed=changed,
        stale=_stale(old, state, new, origins),
        removed=tuple(old.labels[node] for node in gone if node not in held),
        removed_running=tuple(old.labels[node] for node in gone if node in held),
    )


def _stale(old: Graph, state: RunState, new: Graph, origins: list[NodeIndex]) -> tuple[str, ...]:
    found = []
    for node in sorted(subtrees(new, origins)):
        before = old.find(new.labels[node])
        if before is not None and becomes_stale(state, before):
            found.append(new.labels[node])
    return tuple(found)


_DEFINED = frozenset(
    {"name", "line", "file", "matrix", "action", "cwd", "shell", "env"}
    | {"tty", "colour", "wrap", "inputs", "outputs", "needs"}
)
"""Fields of a task that are not settings: parts of its definition, which nodes it has, and where it stands."""


def _settings(old: Graph, new: Graph, former: Container[str]) -> Mapping[str, tuple[str, ...]]:
    """Return which other keys of tasks differ. Whether nodes are new, gone or former ones is not one of them."""
    before = {task.name: task for task in old.tasks if task.name not in former}
    found: dict[str, tuple[str, ...]] = {}
    fields = [name for name in Task.__slots__ if name not in _DEFINED]
    for task in new.tasks:
        other = before.get(task.name)
        if other is not None and other != task:
            differing = tuple(_KEYS.get(name, name) for name in fields if getattr(other, name) != getattr(task, name))
            if differing:
                found[task.name] = differing
    return found


def _run_settings(before: Ingredients, fresh: Ingredients) -> Iterator[str]:
    """Yield what differs for the run as a whole."""
    old, new = before.shown, fresh.shown
    for key in RUN:
        if getattr(old.settings, key) != getattr(new.settings, key):
            yield f"run.{key}"
    if before.environment != fresh.environment and old.settings.env_file == new.settings.env_file:
        yield "run.env_file"
    named = dict.fromkeys([*old.executors, *new.executors])
    yield from (f"executors.{label(name, 60)}" for name in named if old.executors.get(name) != new.executors.get(name))
    pools = ({pool.name: pool for pool in graph.pools} for graph in (old, new))
    one, other = pools
    yield from (
        f"pools.{label(name, 60)}" for name in dict.fromkeys([*one, *other]) if one.get(name) != other.get(name)
    )


_KEYS = {"retry": "retries", "is_finally": "finally", "condition": "if"}
"""The keys of fields that are not called like them."""
