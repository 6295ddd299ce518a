"""The group of commands; without one, a graph is opened on the screen."""

from __future__ import annotations

from importlib import import_module

import click

from dagtui import __version__

_OPEN = "open"

COMMANDS = {
    _OPEN: ("dagtui.cli.open", "open_graph", ""),
    "run": ("dagtui.cli.run", "run", "Run a graph without a screen."),
    "check": ("dagtui.cli.check", "check", "Read a graph and say what is wrong with it."),
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
        """Take a first word that is no command for a graph file."""
        if args and args[0] not in COMMANDS:
            return _OPEN, self.get_command(ctx, _OPEN), args
        return super().resolve_command(ctx, args)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Let options stand before the graph file: `dagtui -j 4 graph.toml`."""
        own = {name for parameter in self.get_params(ctx) for name in parameter.opts}
        if args and args[0].startswith("-") and args[0] not in own:
            args = [_OPEN, *args]
        return super().parse_args(ctx, args)


@click.group(
    cls=_GraphOrCommand,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="dagtui GRAPH.toml opens a graph on the screen and runs it; see dagtui open --help for its options.",
)
@click.version_option(__version__, message="dagtui %(version)s")
def command() -> None:
    """Run a graph of tasks in the terminal: watch it, read its logs, retry one node, cancel a subtree."""
