"""Redact secrets: the executor gets the real graph, everything else a redacted one."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dagtui.graph.model import Graph
    from dagtui.text.secrets import Secrets


def keep_secrets(graph: Graph, environment: Mapping[str, str]) -> tuple[Graph, Secrets | None]:
    """Return the graph to show and record, and what to redact elsewhere. None if the graph names no secrets.

    The nodes have the same numbers in both graphs. Raises GraphError if a secret has no value that can be redacted.
    """
    if not graph.settings.secrets:
        return graph, None
    from dagtui.graph.redacted import redacted
    from dagtui.graph.secrets import find_secrets

    secrets = find_secrets(graph, environment)
    return redacted(graph, secrets), secrets


def hide_known(graph: Graph, environment: Mapping[str, str]) -> Graph:
    """Return the graph for read-only use. Secrets without a value in this environment redact nothing.

    Raises GraphError for values that can't be redacted.
    """
    if not graph.settings.secrets:
        return graph
    from dagtui.graph.redacted import redacted
    from dagtui.graph.secrets import known_secrets

    return redacted(graph, known_secrets(graph, environment))
