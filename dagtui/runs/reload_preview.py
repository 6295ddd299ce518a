"""What a reload of the graph file would change in a live run."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import anyio.to_thread

from dagtui.engine.status import ALIVE, NodeStatus
from dagtui.engine.walks import subtrees
from dagtui.graph.definition import NEW, changed_parts
from dagtui.graph.loading import load_text
from dagtui.graph.toml.parse import digest_of, read_bytes
from dagtui.runs.beginning import Ingredients, Machinery
from dagtui.runs.targets import default_targets, refuse_missing_inputs
from dagtui.store.paths import is_piped
from dagtui.text import label, plural

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dagtui.graph.model import Graph, NodeIndex
    from dagtui.runs.live import LiveRun


class ReloadError(Exception):
    """A reload is not possible now. The text is safe to show."""


@dataclass(frozen=True, slots=True)
class ChangedNode:
    """A node whose definition differs in the new graph."""

    parts: tuple[str, ...]
    """The parts of the definition that differ, such as "run" or "env.MODE"."""
    status: NodeStatus
    """Its status when the file was read. COMPLETED: it becomes stale. RUNNING, CANCELLING: its attempt goes on with the
    old definition. Otherwise it takes the new definition."""


@dataclass(frozen=True, slots=True)
class ReloadPreview:
    """What a reload would change. Nodes are named by their labels."""

    base: Graph
    """The graph of the run when the file was read."""
    graph: Graph
    """The new graph, with secrets redacted."""
    executed: Graph
    """The new graph as it is executed. Not to be shown."""
    digest: bytes
    """The digest of the content that was read."""
    is_file: bool
    """Whether that was the graph file, which must not have changed since."""
    kept: int
    """Number of nodes whose definition is the same."""
    changed: Mapping[str, ChangedNode]
    """The nodes whose definition differs, in the order of the file."""
    stale: tuple[str, ...]
    """The nodes that are done and become stale: changed ones, and those below them."""
    settings: Mapping[str, tuple[str, ...]]
    """Tasks whose other keys differ, such as `timeout` or `slots`, with these keys. They count from now on."""
    added: tuple[str, ...]
    removed: tuple[str, ...]
    """Nodes that the file no longer has, and that have no attempt in flight."""
    removed_running: tuple[str, ...]
    """Nodes that the file no longer has, whose attempts go on until they end."""

    @property
    def changes_nothing(self) -> bool:
        """Whether the run would be the same."""
        return not (self.changed or self.settings or self.added or self.removed or self.removed_running)

    def words(self) -> str:
        """Say it in a line: "2 nodes changed (1 becomes stale), 1 added, 1 removed". Safe to show."""
        parts = [f"{plural(len(self.changed), 'node')} changed"] if self.changed else []
        if self.stale:
            verb = "becomes" if len(self.stale) == 1 else "become"
            parts.append(f"{len(self.stale):,} {verb} stale")
        if self.added:
            parts.append(f"{len(self.added):,} added")
        if self.removed:
            parts.append(f"{len(self.removed):,} removed")
        if self.removed_running:
            verb = "ends" if len(self.removed_running) == 1 else "end"
            parts.append(f"{len(self.removed_running):,} removed while running, which {verb} first")
        if self.settings:
            parts.append(f"settings of {plural(len(self.settings), 'task')} changed")
        return ", ".join(parts) or "nothing changed"


async def read_again(run: LiveRun, content: bytes | None) -> ReloadPreview:
    """Read the graph file of a run again. Raises GraphError and ReloadError."""
    machinery = machinery_of(run)
    path = machinery.ingredients.path
    if content is None and is_piped(path):
        raise ReloadError("the graph came from a pipe, which can't be read again")
    base = run.graph
    fresh = await anyio.to_thread.run_sync(partial(_read, machinery.ingredients, content))
    if base is not run.graph:
        raise ReloadError("the run was reloaded meanwhile: read the file again")
    changed = await anyio.to_thread.run_sync(partial(changed_parts, base, fresh.shown))
    if base is not run.graph:
        raise ReloadError("the run was reloaded meanwhile: read the file again")
    return _preview(run, fresh, changed, is_file=content is None)


def machinery_of(run: LiveRun) -> Machinery:
    """Return what a run was made of. Raises ReloadError if it can't be reloaded."""
    if run.machinery is None:
        raise ReloadError("this run can't be reloaded")
    if run.ending:
        raise ReloadError("the run is ending")
    return run.machinery


def _read(before: Ingredients, content: bytes | None) -> Ingredients:
    """Read and check the file as at the start of the run. Called in a thread. Raises GraphError and ReloadError."""
    path = before.path
    if content is None:
        content = read_bytes(path, label(path))
    graph = load_text(content, path, before.executed.given, before.environment)
    graph.digest = digest_of(content)
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


def _preview(
    run: LiveRun, fresh: Ingredients, differing: Mapping[NodeIndex, tuple[str, ...]], *, is_file: bool
) -> ReloadPreview:
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
