"""Load the graph that a call names."""

from __future__ import annotations

import gc
import os
from pathlib import Path
from typing import TYPE_CHECKING

from dagtui.cli.stderr import fail

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dagtui.cli.graph_file import GraphFile
    from dagtui.graph.model import Graph


def read_graph(
    graph_file: GraphFile, parameters: tuple[str, ...], environment: Mapping[str, str] | None = os.environ
) -> Graph:
    """Load the graph of a run. Raise GraphError for invalid input or unset variables, all at once.

    Without an environment, no variable needs to be set.
    """
    from dagtui.graph.loading import load, load_text, without_garbage_collection
    from dagtui.store.stated import remember

    given: dict[str, str] = {}
    for parameter in parameters:
        name, equals, value = parameter.partition("=")
        if not equals or not name:
            fail(f'-p {parameter}: write it as NAME=VALUE, for example "-p samples=4"')
        given[name] = value
    with without_garbage_collection():
        if graph_file.content is None:
            graph = load(graph_file.path, given, environment)
        else:
            graph = load_text(graph_file.content, graph_file.title, given, environment)
            graph.path = graph_file.path
        remember(Path(os.path.abspath(graph_file.path)), graph.settings.state)
        gc.freeze()  # the graph lives as long as the program, so the collector need not visit it
        return graph


def read_redacted_graph(
    graph_file: GraphFile, parameters: tuple[str, ...], environment: Mapping[str, str] | None = os.environ
) -> Graph:
    """Load a graph like `read_graph`, with its secrets redacted. A secret without a value is an error, as for a run."""
    from dagtui.runs.redaction import keep_secrets

    return keep_secrets(read_graph(graph_file, parameters, environment), os.environ)[0]
