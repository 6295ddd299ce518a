"""Arguments that several commands share: the graph's file and its nodes."""

from __future__ import annotations

import os
import shlex
import sys
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
from dagtui.text import label

if TYPE_CHECKING:
    from collections.abc import Callable

    from click.shell_completion import CompletionItem

    from dagtui.cli.options import Function

_A_FILE = Path("GRAPH.toml")
"""Stands for the name of a file in advice."""
_COMPLETED = 200
"""Most names offered as shell completions."""


def graph_file_argument(function: Function) -> Function:
    """Add the argument for a graph to read: `-` is standard input, and the default is the graph of this folder."""
    return _graph_argument(function, _file)


def graph_path_argument(function: Function) -> Function:
    """Add the argument for a graph whose runs are meant. The default is the graph of this folder."""
    return _graph_argument(function, _path_or_here)


def graph_path_before_argument(function: Function) -> Function:
    """Add the argument for a graph whose runs are meant, where another required argument follows it.

    A call without that one is the only one that can leave out the graph, so the usage line shows no brackets.
    """
    return _graph_argument(function, _path_or_here, "GRAPH.toml")


def optional_graph_path_argument(function: Function) -> Function:
    """Add the optional argument for a graph whose runs are meant."""
    return _graph_argument(function, _path)


def _graph_argument(function: Function, callback: Callable[..., object], metavar: str = "[GRAPH.toml]") -> Function:
    kind = click.Path(path_type=Path)
    return click.argument("graph_file", metavar=metavar, required=False, type=kind, callback=callback)(function)


def targets_argument(function: Function) -> Function:
    """Add the argument for the nodes that are to run: `names`."""
    return click.argument("names", metavar="[NODE]...", nargs=-1, shell_complete=complete_tasks)(function)


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


def _path(context: click.Context, parameter: click.Parameter, graph_file: Path | None) -> Path | None:
    if context.resilient_parsing or graph_file is None:
        return graph_file
    _refuse_node(context, parameter, graph_file)
    return graph_path_at(graph_file)


def _path_or_here(context: click.Context, parameter: click.Parameter, graph_file: Path | None) -> Path | None:
    if context.resilient_parsing or graph_file is not None:
        return _path(context, parameter, graph_file)
    return graph_path_at(_here(context))


def _here(context: click.Context) -> Path:
    here = graph_file_here()
    if here is None:
        raise click.UsageError(f"there is no {NAMES[0]} in this folder; {BEGIN}", context)
    return here


def _refuse_node(context: click.Context, parameter: click.Parameter, graph_file: Path) -> None:
    """Exit with 2 if a word in place of the graph's file is probably a node. Say where the file goes."""
    word = str(graph_file)
    if word == STANDARD_INPUT or graph_file.is_absolute() or graph_file.suffix == ".toml":
        return
    if os.path.lexists(graph_file):
        return
    here = graph_file_here()
    others = [other for other in context.command.params if isinstance(other, click.Argument) and other is not parameter]
    if (here is None and (not others or os.sep in word)) or _has_runs(graph_file):
        return
    words = _words_with_file(context, word, here or _A_FILE, others[0] if others else None)
    lacks = "" if here is not None else f", and there is no {NAMES[0]} in this folder"
    shown = f"{context.command_path} {shlex.join(words)}"
    fail(f'dagtui: "{label(word)}" is not a graph file{lacks}; write: {label(shown, 4096)}')


def _words_with_file(context: click.Context, word: str, file: Path, other: click.Argument | None) -> list[str]:
    """Return the words of a call that lacks the graph's file, with that file.

    The word in the file's place stays where it can be meant for the other argument, and is replaced elsewhere. The
    callback of the other argument sees its new value first, and raises or exits if it would refuse that.
    """
    words = sys.argv[2:]
    if word not in words:
        words = [word]
    meant: object = None
    if other is not None:
        meant = context.command.make_parser(context).parse_args(list(words))[0].get(other.name or "")
        if other.callback is not None:
            other.callback(context, other, meant if isinstance(meant, str) else word)
    if other is None or isinstance(meant, str):
        words.remove(word)
    return [str(file), *words]


def _has_runs(graph_file: Path) -> bool:
    from dagtui.store.directory import runs
    from dagtui.store.errors import StoreError

    try:
        return bool(runs(graph_file))
    except StoreError:
        return False


def _file(context: click.Context, parameter: click.Parameter, graph_file: Path | None) -> GraphFile | Path | None:
    if context.resilient_parsing:  # a shell asks for completions
        return graph_file
    if graph_file is not None:
        refuse_folder(graph_file)
        if str(graph_file) != STANDARD_INPUT and (meant := with_its_ending(str(graph_file))):
            fail(f'dagtui: there is no file "{graph_file}"; did you mean "{meant}"?')
        if graph_file_here() is not None:
            _refuse_node(context, parameter, graph_file)
        return graph_file_at(graph_file)
    return graph_file_at(_here(context))
