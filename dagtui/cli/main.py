"""The group of commands; without one, a graph is opened on the screen."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from dagtui import __version__
from dagtui.cli.check import check
from dagtui.cli.open import open_graph
from dagtui.cli.run import run

if TYPE_CHECKING:
    from collections.abc import Sequence


class _GraphOrCommand(click.Group):
    """A group whose first argument may also be a graph file, which is then opened."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Take a first word that is no command for a graph file."""
        if args and args[0] not in self.commands:
            return open_graph.name, open_graph, args
        return super().resolve_command(ctx, args)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Let options stand before the graph file: `dagtui -j 4 graph.toml`."""
        own = {name for parameter in self.get_params(ctx) for name in parameter.opts}
        if args and args[0].startswith("-") and args[0] not in own:
            args = [_OPEN, *args]
        return super().parse_args(ctx, args)

    def list_commands(self, ctx: click.Context) -> Sequence[str]:  # type: ignore[override]  # a list is a sequence
        """The commands that people type; opening needs no word."""
        return [name for name in super().list_commands(ctx) if name != _OPEN]


_OPEN = "open"


@click.group(
    cls=_GraphOrCommand,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="dagtui GRAPH.toml opens a graph on the screen and runs it; see dagtui open --help for its options.",
)
@click.version_option(__version__, message="dagtui %(version)s")
def command() -> None:
    """Run a graph of tasks in the terminal: watch it, read its logs, retry one node, cancel a subtree."""


command.add_command(open_graph, _OPEN)
command.add_command(run)
command.add_command(check)
