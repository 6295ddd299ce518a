"""The graph file of a call: the one that is named, or the one of this folder."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from dagtui.cli.options import Function, fail

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

NAMES = ("graph.toml", "dagtui.toml")
"""What a graph is called that need not be named."""
BEGIN = "name a graph's file, or write one to begin with: dagtui init"
"""What to do where there is none."""
_COMPLETED = 200
"""Names that a shell is offered at most."""


def graph_file_here() -> Path | None:
    """The graph of this folder, if it has one."""
    return next((Path(name) for name in NAMES if os.path.isfile(name)), None)


def graph_file_argument(function: Function) -> Function:
    """A graph file to read; without one, that of this folder."""
    kind = click.Path(path_type=Path)
    return click.argument("graph_file", metavar="[GRAPH.toml]", required=False, type=kind, callback=_file)(function)


def refuse_folder(graph_file: Path) -> None:
    """Exit with 2 when a folder stands where the graph's file should, and say which file in it may be meant."""
    if not graph_file.is_dir():
        return
    inside = next((graph_file / name for name in NAMES if (graph_file / name).is_file()), None)
    hint = f", for example {inside}" if inside is not None else ""
    fail(f"dagtui: {graph_file} is a folder: name the graph's file{hint}")


def with_its_ending(word: str) -> str:
    """The file that is meant by a name without `.toml`; empty when there is none."""
    return f"{word}.toml" if not os.path.lexists(word) and os.path.isfile(f"{word}.toml") else ""


def complete_tasks(context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """What a shell may offer for NODE: the tasks of the graph that the line names so far; cells it would tear apart."""
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


def is_plain(name: str) -> bool:
    """Whether a shell takes a word as it is."""
    return name.replace("-", "").replace("_", "").replace(".", "").isalnum()


def _file(context: click.Context, _parameter: click.Parameter, graph_file: Path | None) -> Path | None:
    if context.resilient_parsing:  # a shell asks how the line may go on
        return graph_file
    if graph_file is not None:
        refuse_folder(graph_file)
        if meant := with_its_ending(str(graph_file)):
            fail(f'dagtui: there is no file "{graph_file}"; did you mean "{meant}"?')
        return graph_file
    here = graph_file_here()
    if here is None:
        raise click.UsageError(f"there is no {NAMES[0]} in this folder; {BEGIN}", context)
    return here
