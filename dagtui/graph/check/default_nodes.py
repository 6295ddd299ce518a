"""Check what `default` of `[run]` names. Only graphs that have it import this module."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dagtui.graph.matrix.selection import ChoiceError, nodes_matching

if TYPE_CHECKING:
    from dagtui.graph.check.diagnostics import Diagnostics
    from dagtui.graph.model import Graph


def check_default(diagnostics: Diagnostics, graph: Graph) -> None:
    """Record names that mean no node."""
    for position, words in enumerate(graph.settings.default):
        try:
            nodes_matching(graph, words)
        except ChoiceError as error:
            message, _, hint = str(error).partition("; ")
            diagnostics.value(("run", "default", position), message, hint)
