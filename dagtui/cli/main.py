"""The group of commands; without one, a graph is opened on the screen."""

from __future__ import annotations

import os
from contextlib import contextmanager
from importlib import import_module
from typing import TYPE_CHECKING, Any

import click

from dagtui import __version__

if TYPE_CHECKING:
    from collections.abc import Iterator

_OPEN = "open"

COMMANDS = {
    _OPEN: ("dagtui.cli.open", "open_graph", ""),
    "run": ("dagtui.cli.run", "run", "Run a graph without a screen."),
    "check": ("dagtui.cli.check", "check", "Read a graph and say what is wrong with it."),
    "plan": ("dagtui.cli.plan", "plan", "Say what would run, in which order, and how long it would take."),
    "runs": ("dagtui.cli.runs", "runs", "List the runs of a graph."),
    "logs": ("dagtui.cli.logs", "logs", "Print the log of a node."),
    "attach": ("dagtui.cli.attach", "attach", "Bring the screen of a live run to this terminal."),
    "status": ("dagtui.cli.status", "status", "Say how a live run stands."),
    "wait": ("dagtui.cli.status", "wait", "Wait until a live run, or some of its nodes, are settled."),
    "retry": ("dagtui.cli.control", "retry", "On a live run: run nodes again that failed."),
    "rerun": ("dagtui.cli.control", "rerun", "On a live run: run nodes again, with what is downstream."),
    "cancel": ("dagtui.cli.control", "cancel", "On a live run: stop nodes, their subtree, or everything."),
    "skip": ("dagtui.cli.control", "skip", "On a live run: skip nodes."),
    "mark": ("dagtui.cli.control", "mark", "On a live run: mark nodes as done."),
    "pause": ("dagtui.cli.control", "pause", "On a live run: start nothing new."),
    "resume": ("dagtui.cli.control", "resume", "On a live run: go on after a pause."),
    "jobs": ("dagtui.cli.control", "jobs", "On a live run: set how many slots there are."),
}
"""Each command's module, its name there, and its line in the help: only the one that is called is imported."""


class _GraphOrCommand(click.Group):
    """A group whose first argument may also be a graph file, which is then opened."""

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - as click calls it
        """Import the module of a command."""
        if cmd_name not in COMMANDS:
            return None
        module, name, _ = COMMANDS[cmd_name]
        command = getattr(import_module(module), name)
        if not isinstance(command, click.Command):
            raise TypeError(f"{module}.{name} is no command")
        return command

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - as click calls it
        """The commands that people type; opening needs no word."""
        return [name for name in COMMANDS if name != _OPEN]

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the commands and what they do, without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, COMMANDS[name][2]) for name in self.list_commands(ctx)])

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Take a first word that is no command for a graph file, unless it can only be a slip."""
        if args and args[0] not in COMMANDS:
            if args[0].replace("-", "").isalpha() and not os.path.lexists(args[0]):
                raise click.UsageError(_no_such_word(args[0]), ctx)
            return _OPEN, self.get_command(ctx, _OPEN), args
        return super().resolve_command(ctx, args)

    def make_context(
        self,
        info_name: str | None,
        args: list[str],
        parent: click.Context | None = None,
        **extra: Any,  # noqa: ANN401 - as click declares it
    ) -> click.Context:
        """Read the words of a call; what is said of wrong ones is safe to show."""
        with _safe_messages():
            return super().make_context(info_name, args, parent, **extra)

    def invoke(self, ctx: click.Context) -> object:
        """Carry the command out; what is said of wrong words is safe to show."""
        with _safe_messages():
            return super().invoke(ctx)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Let options stand before the graph file: `dagtui -j 4 graph.toml`."""
        own = {name for parameter in self.get_params(ctx) for name in parameter.opts}
        if args and args[0].startswith("-") and args[0] not in own:
            args = [_OPEN, *args]
        return super().parse_args(ctx, args)


def _no_such_word(word: str) -> str:
    from dagtui.graph.suggestions import did_you_mean

    hint = did_you_mean(word, COMMANDS) or "a graph's name ends in .toml; dagtui --help lists the commands"
    return f"there is no command and no file {word!r}; {hint}"


@contextmanager
def _safe_messages() -> Iterator[None]:
    """Make errors safe that quote words of the call: a shell may have made them of names of files."""
    try:
        yield
    except click.exceptions.NoArgsIsHelpError:
        raise
    except click.UsageError as error:
        from dagtui.text import block

        raise click.UsageError(block(error.format_message()), error.ctx) from error


@click.group(
    cls=_GraphOrCommand,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="dagtui GRAPH.toml opens a graph on the screen and runs it; see dagtui open --help for its options.",
)
@click.version_option(__version__, message="dagtui %(version)s")
def command() -> None:
    """Run a graph of tasks in the terminal: watch it, read its logs, retry one node, cancel a subtree."""
