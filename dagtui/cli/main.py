"""The command group. Without a command, it opens a graph on the screen."""

from __future__ import annotations

import os
import signal
from contextlib import contextmanager
from importlib import import_module
from typing import TYPE_CHECKING, Any, NoReturn

import click

from dagtui import __version__
from dagtui.cli.graph_file import BEGIN, NAMES, graph_file_here, is_plain, with_its_ending
from dagtui.cli.stderr import BAD_CALL

if TYPE_CHECKING:
    from collections.abc import Iterator

    from click.shell_completion import CompletionItem

_OPEN = "open"
_COMMANDS = {
    "init": ("dagtui.cli.init", "init", "Write a small graph to start with."),
    "demo": ("dagtui.cli.demo", "demo", "Run the bundled example in its own folder."),
    "run": ("dagtui.cli.launch", "run", "Run a graph without a screen."),
    "check": ("dagtui.cli.check", "check", "Check a graph and report its errors."),
    "plan": ("dagtui.cli.plan", "plan", "Show what would run, in which order, and for how long."),
    "runs": ("dagtui.cli.runs", "runs", "Show the runs of a graph."),
    "stats": ("dagtui.cli.stats", "stats", "Show what nodes took in the last runs."),
    "show": ("dagtui.cli.show", "show", "Show a past run on the screen, moment by moment."),
    "logs": ("dagtui.cli.logs", "logs", "Print the log of a node."),
    "import": ("dagtui.cli.importing", "import_graph", "Make a graph from a dvc.yaml, Makefile or Taskfile."),
    "export": ("dagtui.cli.export", "export", "Write a graph as TOML, Mermaid, DOT or JSON."),
    "schema": ("dagtui.cli.init", "schema", "Print the JSON Schema of graph files, for editors."),
    "executors": ("dagtui.cli.executors", "executors", "List what nodes can run on, or try one."),
    "config": ("dagtui.cli.config", "config", "Show or change your settings of the screen."),
    "help": ("dagtui.cli.help", "help_topic", "Show a page of the manual."),
}
_ON_A_LIVE_RUN = {
    "ps": ("dagtui.cli.ps", "ps", "List your live runs of all graphs."),
    "attach": ("dagtui.cli.attach", "attach", "Show its screen on this terminal."),
    "status": ("dagtui.cli.status", "status", "Show its status."),
    "wait": ("dagtui.cli.wait", "wait", "Wait until it or some of its nodes are settled."),
    "answer": ("dagtui.cli.answer", "answer", "Answer a gate, or list what waits for an answer."),
    "retry": ("dagtui.cli.control", "retry", "Retry nodes that failed."),
    "rerun": ("dagtui.cli.control", "rerun", "Run nodes and everything downstream again."),
    "cancel": ("dagtui.cli.control", "cancel", "Stop nodes, their subtree, or everything."),
    "skip": ("dagtui.cli.control", "skip", "Skip nodes."),
    "mark": ("dagtui.cli.control", "mark", "Mark nodes as done."),
    "reload": ("dagtui.cli.reload", "reload", "Take up its graph file as it is now."),
    "hold": ("dagtui.cli.control", "hold", "Hold nodes: they don't start."),
    "release": ("dagtui.cli.control", "release", "Release held nodes."),
    "pause": ("dagtui.cli.control", "pause", "Start nothing new."),
    "resume": ("dagtui.cli.control", "resume", "Continue after a pause."),
    "jobs": ("dagtui.cli.control", "jobs", "Set the number of slots."),
}
COMMANDS = {_OPEN: ("dagtui.cli.launch", "open_graph", ""), **_COMMANDS, **_ON_A_LIVE_RUN}
"""The module of each command, its name there, and its line in the help. Only the called one is imported."""


class _GraphOrCommand(click.Group):
    """A group whose first argument may also be a graph file to open."""

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - as click calls it
        """Import the module of a command."""
        if cmd_name not in COMMANDS:
            return None
        module, name, _ = COMMANDS[cmd_name]
        command = getattr(import_module(module), name)
        if not isinstance(command, click.Command):
            raise TypeError(f"{module}.{name} is not a command")
        return command

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - as click calls it
        """Return the commands that users type. Opening a graph needs no word."""
        return [name for name in COMMANDS if name != _OPEN]

    def format_usage(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write both forms of the call."""
        formatter.write_usage(ctx.command_path, "[OPTIONS] [GRAPH.toml] [NODE]...")
        formatter.write_usage(ctx.command_path, "COMMAND [ARGS]...", prefix=" " * len("Usage: "))

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options of opening a graph and of the group, then the commands, without importing those."""
        opening = self.get_command(ctx, _OPEN)
        parameters = [*(opening.params if opening is not None else []), *self.get_params(ctx)]
        records = [parameter.get_help_record(ctx) for parameter in parameters if isinstance(parameter, click.Option)]
        with formatter.section("Options"):
            formatter.write_dl([record for record in records if record is not None])
        for title, commands in (("Commands", _COMMANDS), ("Commands on a live run", _ON_A_LIVE_RUN)):
            with formatter.section(title):
                formatter.write_dl([(name, words) for name, (_module, _name, words) in commands.items()])

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Complete the first word: a command, an option, or a graph's file."""
        from glob import escape, glob

        from click.shell_completion import CompletionItem

        found = [CompletionItem(name) for name in self.list_commands(ctx) if name.startswith(incomplete)]
        found += [CompletionItem(name) for name in sorted(glob(f"{escape(incomplete)}*.toml")) if is_plain(name)]
        if incomplete.startswith("-"):
            found += [CompletionItem(name) for name in self._options(ctx) if name.startswith(incomplete)]
        return found or [CompletionItem(incomplete, type="file")]

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Treat a first word that is not a command as a graph file, unless it looks like a typing error."""
        if args and args[0] not in COMMANDS:
            if not ctx.resilient_parsing and args[0].replace("-", "").isalpha() and not os.path.lexists(args[0]):
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
        """Parse the words of a call. Error messages are safe to show."""
        with _safe_messages(), _help_is_seen():
            return super().make_context(info_name, args, parent, **extra)

    def invoke(self, ctx: click.Context) -> object:
        """Run the command. Error messages are safe to show, and Ctrl+C ends quietly with 130."""
        try:
            with _safe_messages(), _help_is_seen():
                return super().invoke(ctx)
        except KeyboardInterrupt:
            raise SystemExit(128 + signal.SIGINT) from None

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Allow options before the graph file (`dagtui -j 4 graph.toml`), and default to the graph of this folder."""
        if not args and not ctx.resilient_parsing:
            args = [_OPEN] if graph_file_here() is not None else _help_to_begin(ctx)
        own = {name for parameter in self.get_params(ctx) for name in parameter.opts}
        if args and args[0].startswith("-") and args[0] not in own:
            if args[0].startswith("--") and not ctx.resilient_parsing:
                self._check_option(ctx, args[0].partition("=")[0])
            args = [_OPEN, *args]
        return super().parse_args(ctx, args)

    def _check_option(self, ctx: click.Context, name: str) -> None:
        """Raise NoSuchOption, with suggestions, for an option of neither the group nor opening a graph."""
        known = self._options(ctx)
        if name != "--" and name not in known:
            raise click.NoSuchOption(name, possibilities=known, ctx=ctx)

    def _options(self, ctx: click.Context) -> list[str]:
        """Return the options that may come first: those of opening a graph, and the group's own."""
        opening = self.get_command(ctx, _OPEN)
        parameters = [parameter for it in (opening, self) if it is not None for parameter in it.get_params(ctx)]
        options = [parameter for parameter in parameters if isinstance(parameter, click.Option)]
        return list(dict.fromkeys(name for option in options for name in (*option.opts, *option.secondary_opts)))


def _help_to_begin(ctx: click.Context) -> NoReturn:
    """Show the help and advice where there is no graph."""
    click.echo(f"{ctx.get_help()}\n\nThere is no {NAMES[0]} in this folder: {BEGIN}", err=True)
    ctx.exit(BAD_CALL)


def _no_such_word(word: str) -> str:
    from dagtui.graph.check.suggestions import did_you_mean

    meant = with_its_ending(word)
    hint = f'did you mean "{meant}"?' if meant else did_you_mean(word, COMMANDS)
    here = graph_file_here()
    if here is not None:
        node = f"to run a node of that name: dagtui {here} {word}"
        hint = f"{hint} {node}" if hint else node
    hint = hint or "a graph's name ends in .toml; dagtui --help lists the commands"
    return f"there is no command and no file {word!r}; {hint}"


@contextmanager
def _safe_messages() -> Iterator[None]:
    """Sanitise errors that quote words of the call, because a shell may have expanded them from file names."""
    try:
        yield
    except click.UsageError as error:
        from dagtui.text import block

        raise click.UsageError(block(error.format_message()), error.ctx) from error


@contextmanager
def _help_is_seen() -> Iterator[None]:
    """Refuse to end well after --help or --version if standard output is closed: click says nothing then."""
    try:
        yield
    except click.exceptions.Exit as error:
        if error.exit_code == 0:
            from dagtui.cli.output import refuse_closed

            refuse_closed()
        raise


@click.group(cls=_GraphOrCommand, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, message="dagtui %(version)s")
def command() -> None:
    """Run a graph of tasks in the terminal: watch it, read its logs, retry one node, cancel a subtree.

    Opens GRAPH.toml on the screen and runs it, or shows the screen of its live run again. The default for GRAPH.toml
    is graph.toml in this folder. dagtui init writes one to start with. See also dagtui COMMAND --help, and dagtui help
    for the manual.
    """
