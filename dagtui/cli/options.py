"""Options that several commands share."""

from __future__ import annotations

from functools import wraps
from typing import TYPE_CHECKING, TypeVar, cast

import click

from dagtui.cli.terminal import LookOptions
from dagtui.runs.launch import LAST, LaunchOptions
from dagtui.text.amounts import MOST_SLOTS
from dagtui.text.look import AFTER_THE_TERMINAL, THEMES

if TYPE_CHECKING:
    from collections.abc import Callable

_RESUME = "--resume="
_DIGITS = 9
"""Most digits of a run's number."""
JOBS = click.IntRange(1, MOST_SLOTS)
_THEME = f"Colours of the screen: {', '.join(THEMES)}, or {AFTER_THE_TERMINAL} to suit the terminal."

Function = TypeVar("Function", bound="Callable[..., object]")


def parameter_option(function: Function) -> Function:
    """Add the option for parameters of the graph."""
    return click.option(
        "-p",
        "--param",
        "parameters",
        multiple=True,
        metavar="NAME=VALUE",
        help="Set a parameter of the graph, a list as NAME=A,B.",
    )(function)


def executor_option(function: Function) -> Function:
    """Add the option for the executor of all tasks."""
    return click.option(
        "--executor",
        type=_ExecutorName(),
        metavar="NAME",
        help='Run all tasks there, but those whose own executor is "local". "local" is this machine.',
    )(function)


def launch_options(function: Function) -> Function:
    """Add the options of a launch, and give them to the function as one record, `options`."""
    for option in (
        click.option("--nested", is_flag=True, help="Run even inside a node of a live run of the same graph."),
        click.option(
            "--rerun",
            multiple=True,
            metavar="NODE",
            help="With --resume: run these nodes and everything downstream again.",
        ),
        click.option(
            "--force", is_flag=True, help="Run what is up to date, too: the named nodes, or all if none is named."
        ),
        click.option("--fresh", is_flag=True, help="Start a new run, even if one could be resumed."),
        click.option(
            "--resume",
            type=_RunNumber(),
            metavar="[N]",
            help="Resume run N, or the last run: completed nodes that have not changed stay done.",
        ),
        click.option("--paused", is_flag=True, help="Start nothing until the run is resumed."),
        click.option(
            "-j",
            "--jobs",
            type=JOBS,
            metavar="N",
            help="The number of slots; default: the graph's, or processors.",
        ),
        executor_option,
        parameter_option,
    ):
        function = option(function)
    names = ("parameters", "executor", "jobs", "paused", "resume", "fresh", "force", "rerun", "nested")
    return _collected(function, names, "options", LaunchOptions)


def look_options(function: Function) -> Function:
    """Add the options for the look of the screen, and give them to the function as one record, `look`."""
    for option in (
        click.option("--mouse/--no-mouse", default=None, help="Use the mouse, or leave it to the terminal."),
        click.option(
            "--theme", type=click.Choice((*THEMES, AFTER_THE_TERMINAL)), metavar="NAME", default=None, help=_THEME
        ),
        click.option("--ascii", "ascii_only", is_flag=True, help="Draw with ASCII characters only."),
    ):
        function = option(function)
    return _collected(function, LookOptions._fields, "look", LookOptions)


def _collected(function: Function, names: tuple[str, ...], into: str, record: Callable[..., object]) -> Function:
    """Give a function one record in place of several options."""

    @wraps(function)
    def call(**given: object) -> object:
        given[into] = record(**{name: given.pop(name) for name in names})
        return function(**given)

    return cast("Function", call)


class _ExecutorName(click.ParamType[str]):
    """The name of an executor."""

    name = "name of an executor"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return a name that is not empty."""
        if not isinstance(value, str) or not value.strip():
            self.fail("name an executor; dagtui executors lists them", param, ctx)
        return value


class _RunNumber(click.ParamType[int]):
    """The number of a run. Empty means the last one."""

    name = "number of a run"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Return a number from 1, or LAST."""
        if value == "":
            return LAST
        number = int(value) if isinstance(value, str) and value.isdecimal() and len(value) <= _DIGITS else 0
        if not number:
            self.fail(f"{value!r} is not the number of a run; dagtui runs GRAPH.toml lists them", param, ctx)
        return number


class ResumingCommand(click.Command):
    """A command whose `--resume` takes an optional number. Any other word after it is not its value."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Join the option and its value into one word for click."""
        return super().parse_args(ctx, _with_values(args))


def _with_values(words: list[str]) -> list[str]:
    found: list[str] = []
    for at, word in enumerate(words):
        if word == "--":
            return [*found, *words[at:]]
        if found and found[-1] == _RESUME and word.isdecimal():
            found[-1] += word
        else:
            found.append(_RESUME if word == "--resume" else word)
    return found
