"""What of a run nobody may see: the graph goes two ways, as it is to the executor, redacted to everybody else."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dagtui.graph.model import Graph
    from dagtui.text.secrets import Secrets


def keep_secrets(graph: Graph, environment: Mapping[str, str]) -> tuple[Graph, Secrets | None]:
    """The graph to show and record, and what is to be redacted in all else; None: this graph names no secrets.

    The nodes have the same numbers in both graphs. Raises GraphError when a secret has no value that can be redacted.
    """
    if not graph.settings.secrets:
        return graph, None
    from dagtui.graph.redacted import redacted
    from dagtui.graph.secrets import find_secrets

    secrets = find_secrets(graph, environment)
    return redacted(graph, secrets), secrets


def hide_known(graph: Graph, environment: Mapping[str, str]) -> Graph:
    """The graph to show where it is only read: secrets that have no value here mask nothing.

    Raises GraphError for values that can't be redacted.
    """
    if not graph.settings.secrets:
        return graph
    from dagtui.graph.redacted import redacted
    from dagtui.graph.secrets import known_secrets

    return redacted(graph, known_secrets(graph, environment))
