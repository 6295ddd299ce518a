"""Options that several commands share."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import click

if TYPE_CHECKING:
    from collections.abc import Callable

THEMES = ("dark", "light", "ansi", "contrast")
_THEME = f"Colours of the screen: {', '.join(THEMES[:-1])} or {THEMES[-1]}."

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


def look_options(function: Function) -> Function:
    """How the screen looks."""
    function = click.option("--no-mouse", is_flag=True, help="Leave the mouse to the terminal.")(function)
    function = click.option("--theme", type=click.Choice(THEMES), metavar="NAME", default=None, help=_THEME)(function)
    return click.option("--ascii", "ascii_only", is_flag=True, help="Draw with ASCII characters only.")(function)
