"""What a reload of the graph file would change in a live run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from dagtui.text import plural

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dagtui.engine.status import NodeStatus
    from dagtui.graph.model import Graph


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

    run_settings: tuple[str, ...] = ()
    """What else differs, by dotted names: keys of `[run]`, `run.env_file` for other variables, and pools."""
    returning: tuple[str, ...] = ()
    """Nodes that an earlier reload removed while they ran, and that the file has again as they were."""

    @property
    def changes_nothing(self) -> bool:
        """Whether the run would be the same."""
        nodes = self.changed or self.added or self.removed or self.removed_running or self.returning
        return not (nodes or self.settings or self.run_settings)

    def words(self) -> str:
        """Say it in a line: "2 nodes changed (1 becomes stale), 1 added, 1 removed". Safe to show."""
        parts = [f"{plural(len(self.changed), 'node')} changed"] if self.changed else []
        if self.stale:
            parts.append(plural(len(self.stale), "becomes stale", "become stale"))
        if self.added:
            parts.append(f"{len(self.added):,} added")
        if self.removed:
            parts.append(f"{len(self.removed):,} removed")
        if self.removed_running:
            what = "removed while running, which"
            parts.append(plural(len(self.removed_running), f"{what} ends first", f"{what} end first"))
        if self.returning:
            parts.append(plural(len(self.returning), "removed node comes back", "removed nodes come back"))
        if self.settings:
            parts.append(f"settings of {plural(len(self.settings), 'task')} changed")
        if self.run_settings:
            parts.append(f"{' and '.join(self.run_settings)} changed")
        return ", ".join(parts) or "nothing changed"


class Reloader(Protocol):
    """Reads the graph file of a live run again, and lets the run go on with it."""

    async def read_again(self, edited: Mapping[str, bytes]) -> ReloadPreview:
        """Read the graph file, or edited contents in place of files. Raises GraphError and ReloadError."""

    async def reload(self, preview: ReloadPreview) -> None:
        """Go on with the graph of a preview. Raises ReloadError."""
