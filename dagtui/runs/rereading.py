"""Read the graph file of a live run again, and compare."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dagtui.engine.status import ALIVE, NodeStatus
from dagtui.engine.walks import subtrees
from dagtui.graph.definition import NEW
from dagtui.graph.loading import load
from dagtui.runs.ingredients import Ingredients
from dagtui.runs.reload_preview import ChangedNode, ReloadError, ReloadPreview
from dagtui.runs.targets import default_targets, refuse_missing_inputs

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dagtui.graph.model import Graph, NodeIndex
    from dagtui.runs.live import LiveRun


def reread(before: Ingredients, edited: Mapping[str, bytes]) -> Ingredients:
    """Read and check the file, or edited contents in place of files, as at the start of the run.

    Called in a thread. Raises GraphError and ReloadError.
    """
    graph = load(before.path, before.executed.given, before.environment, edited)
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
        refuse_missing_inputs(graph, None if graph.runs_everything else default_targets(graph), found.secrets)
    return found


def compared(
    run: LiveRun, fresh: Ingredients, differing: Mapping[NodeIndex, tuple[str, ...]], *, is_file: bool
) -> ReloadPreview:
    """Return what a reload would change. `differing` are the nodes of the new graph that differ, with the parts."""
    old, new, state = run.graph, fresh.shown, run.state
    changed: dict[str, ChangedNode] = {}
    origins: list[NodeIndex] = []
    for node, parts in differing.items():
        before = old.find(new.labels[node])
        if before is not None:
            changed[new.labels[node]] = ChangedNode(parts, state.status_of(before))
            if state.status_of(before) in ALIVE or state.status_of(before) is NodeStatus.COMPLETED:
                origins.append(node)
    gone = [node for node in old.nodes if new.find(old.labels[node]) is None]
    held = run.run.traversal.capacity.held
    names = [node for node in gone if node not in held and node not in state.leaving]
    added = tuple(new.labels[node] for node, parts in differing.items() if parts == (NEW,))
    return ReloadPreview(
        base=old,
        graph=new,
        executed=fresh.executed,
        digest=fresh.executed.digest,
        is_file=is_file,
        kept=len(new) - len(differing),
        changed=changed,
        stale=_stale(run, new, origins),
        settings=_settings(old, new),
        added=added,
        removed=tuple(old.labels[node] for node in names),
        removed_running=tuple(old.labels[node] for node in gone if node in held and node not in state.leaving),
    )


def _stale(run: LiveRun, new: Graph, origins: list[NodeIndex]) -> tuple[str, ...]:
    old, state = run.graph, run.state
    found = []
    for node in sorted(subtrees(new, origins)):
        before = old.find(new.labels[node])
        if before is not None and state.status_of(before) is NodeStatus.COMPLETED and not state.stale[before]:
            found.append(new.labels[node])
    return tuple(found)


_DEFINED = frozenset(
    {"name", "line", "file", "action", "cwd", "shell", "env", "tty", "colour", "wrap", "inputs", "outputs", "needs"}
)
"""Fields of a task that are not settings: parts of its definition, and where it stands."""


def _settings(old: Graph, new: Graph) -> Mapping[str, tuple[str, ...]]:
    """Return which other keys of tasks differ. Whether nodes are new or gone is not one of them."""
    before = {task.name: task for task in old.tasks}
    found: dict[str, tuple[str, ...]] = {}
    fields = [name for name in type(next(iter(new.tasks))).__slots__ if name not in _DEFINED and name != "matrix"]
    for task in new.tasks:
        other = before.get(task.name)
        if other is not None and other != task:
            differing = tuple(_KEYS.get(name, name) for name in fields if getattr(other, name) != getattr(task, name))
            if differing:
                found[task.name] = differing
    return found


_KEYS = {"retry": "retries", "is_finally": "finally", "condition": "if"}
"""The keys of fields that are not called like them."""
