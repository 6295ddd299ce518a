"""Arguments that several commands share: the graph's file and its nodes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from dagtui.cli.graph_file import (
    BEGIN,
    NAMES,
    STANDARD_INPUT,
    GraphFile,
    graph_file_at,
    graph_file_here,
    graph_path_at,
    is_plain,
    refuse_folder,
    with_its_ending,
)
from dagtui.cli.stderr import fail

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    from dagtui.cli.options import Function

_COMPLETED = 200
"""Most names offered as shell completions."""


def graph_file_argument(function: Function) -> Function:
    """Add the argument for a graph to read: `-` is standard input, and the default is the graph of this folder."""
    kind = click.Path(path_type=Path)
    return click.argument("graph_file", metavar="[GRAPH.toml]", required=False, type=kind, callback=_file)(function)


def graph_path_argument(function: Function) -> Function:
    """Add the argument for a graph whose runs are meant."""
    kind = click.Path(path_type=Path)
    return click.argument("graph_file", metavar="GRAPH.toml", type=kind, callback=_path)(function)


def optional_graph_path_argument(function: Function) -> Function:
    """Add the optional argument for a graph whose runs are meant."""
    kind = click.Path(path_type=Path)
    return click.argument("graph_file", metavar="[GRAPH.toml]", required=False, type=kind, callback=_path)(function)


def complete_tasks(context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Complete NODE in a shell with the graph's tasks. Cells are left out: the shell would split them."""
    from click.shell_completion import CompletionItem

    from dagtui.graph.errors import GraphError
    from dagtui.graph.loading import load

    graph_file = context.params.get("graph_file")
    if not isinstance(graph_file, Path):
        return []
    try:
        graph = load(graph_file, {})
    except GraphError:
        return []
    names = (task.name for task in graph.tasks)
    return [CompletionItem(name) for name in names if name.startswith(incomplete) and is_plain(name)][:_COMPLETED]


def _path(context: click.Context, _parameter: click.Parameter, graph_file: Path | None) -> Path | None:
    if context.resilient_parsing or graph_file is None:
        return graph_file
    return graph_path_at(graph_file)


def _file(context: click.Context, _parameter: click.Parameter, graph_file: Path | None) -> GraphFile | Path | None:
    if context.resilient_parsing:  # a shell asks for completions
        return graph_file
    if graph_file is not None:
        refuse_folder(graph_file)
        if str(graph_file) != STANDARD_INPUT and (meant := with_its_ending(str(graph_file))):
            fail(f'dagtui: there is no file "{graph_file}"; did you mean "{meant}"?')
        return graph_file_at(graph_file)
    here = graph_file_here()
    if here is None:
        raise click.UsageError(f"there is no {NAMES[0]} in this folder; {BEGIN}", context)
    return graph_file_at(here)
