"""Which attempts keep their place in the queue of an engine on another machine while the run is reloaded.

Only runs that have such attempts import this module.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dagtui.graph.model import Graph, NodeIndex
    from dagtui.runs.live import LiveRun
    from dagtui.runs.reload_preview import ReloadPreview

_FOR_ALL = frozenset({"run.env_file", "run.secrets"})
"""Settings of a run that change what every node executes."""


def staying_queued(run: LiveRun, preview: ReloadPreview) -> frozenset[NodeIndex]:
    """Return the nodes whose attempts would be handed over again just as they were, if they were withdrawn."""
    if not _FOR_ALL.isdisjoint(preview.run_settings):
        return frozenset()
    old, new = run.graph, preview.graph
    return frozenset(node for node in run.state.executor_of if _is_as_before(old, new, node, preview))


def _is_as_before(old: Graph, new: Graph, node: NodeIndex, preview: ReloadPreview) -> bool:
    name, task = old.labels[node], old.task(node)
    if name in preview.changed or task.name in preview.settings or new.find(name) is None:
        return False
    return old.executors.get(task.executor) == new.executors.get(task.executor)
