"""Options that several commands share, and what they are turned into."""

from __future__ import annotations

import gc
import os
from typing import TYPE_CHECKING, NoReturn, TypeVar

import click

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from dagtui.graph.model import Graph

BAD_CALL = 2
"""Exit status when the file or the call is wrong."""

Function = TypeVar("Function", bound="Callable[..., object]")


def parameter_option(function: Function) -> Function:
    """The parameters of the graph."""
    return click.option(
        "-p", "--param", "parameters", multiple=True, metavar="NAME=VALUE", help="Set a parameter of the graph."
    )(function)


def run_options(function: Function) -> Function:
    """How the run begins."""
    function = click.option("--paused", is_flag=True, help="Start nothing until the run is resumed.")(function)
    return click.option(
        "-j",
        "--jobs",
        type=click.IntRange(min=1),
        metavar="N",
        help="How many slots there are; default: the graph's, or processors.",
    )(function)


def resume_options(function: Function) -> Function:
    """Whether the last run goes on."""
    function = click.option("--fresh", is_flag=True, help="Start a new run, whatever became of the last one.")(function)
    return click.option(
        "--resume", is_flag=True, help="Go on with the last run: what completed and has not changed stays."
    )(function)


def read_graph(graph_file: Path, parameters: tuple[str, ...]) -> Graph:
    """Load the graph; bad input ends the program with one clear report and status 2."""
    from dagtui.graph.errors import GraphError
    from dagtui.graph.loading import load, without_garbage_collection

    given: dict[str, str] = {}
    for parameter in parameters:
        name, equals, value = parameter.partition("=")
        if not equals or not name:
            fail(f'-p {parameter}: write it as NAME=VALUE, for example "-p samples=4"')
        given[name] = value
    try:
        with without_garbage_collection():
            graph = load(graph_file, given)
            gc.freeze()  # it stays as long as the program: not to be looked at ever again
            return graph
    except GraphError as error:
        fail(str(error))


def read_graph_to_show(graph_file: Path, parameters: tuple[str, ...]) -> Graph:
    """As `read_graph`, with the secrets masked that have a value here; others are no error, for nothing is run."""
    from dagtui.graph.errors import GraphError
    from dagtui.session.secrecy import hide_known

    try:
        return hide_known(read_graph(graph_file, parameters), os.environ)
    except GraphError as error:
        fail(str(error))


def fail(text: str) -> NoReturn:
    """Say what is wrong on standard error and exit with status 2; words of the call in it are made safe."""
    from dagtui.text import block

    click.echo(block(text, 100_000), err=True)
    raise SystemExit(BAD_CALL)
