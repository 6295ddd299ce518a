"""`dagtui import`: a graph from the file of another tool."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import click

from dagtui.cli.graph_file import NAMES
from dagtui.cli.init import fail_because_it_exists, write_asked
from dagtui.cli.output import optional_output
from dagtui.cli.stderr import fail, say
from dagtui.graph.errors import GraphError
from dagtui.graph.loading import load_text
from dagtui.migration.dvc import read_dvc
from dagtui.migration.makefile.tasks import read_makefile
from dagtui.migration.taskfile.reading import NAMES as NAMES_OF_TASK
from dagtui.migration.taskfile.taskfile import read_taskfile
from dagtui.text import label, path_word

if TYPE_CHECKING:
    from collections.abc import Callable

    from dagtui.migration.drafts import Draft


class SourceFormat(NamedTuple):
    """A file of another tool that can be read."""

    read: Callable[[Path], Draft]
    """Raises OSError, ValueError, and ImportError without PyYAML."""
    executes: str = ""
    """What reading the file executes. It is said, and agreed to, before."""


_MAKEFILE = SourceFormat(
    read_makefile,
    "make reads it, and so executes what it and the files that it includes have in $(shell …) and !=. No recipe is run",
)
FORMATS = {
    **dict.fromkeys(NAMES_OF_TASK, SourceFormat(read_taskfile)),
    "dvc.yaml": SourceFormat(read_dvc),
    "Makefile": _MAKEFILE,
    "makefile": _MAKEFILE,
    "GNUmakefile": _MAKEFILE,
}
"""The formats by the names of files."""
KINDS = "dvc.yaml, Makefile (makefile, GNUmakefile, *.mk), Taskfile.yml (Taskfile.yaml, Taskfile.dist.yml)"


def format_of(source: Path) -> SourceFormat | None:
    """Return how a file is read, by its name."""
    return FORMATS.get(source.name, _MAKEFILE if source.suffix == ".mk" else None)


@click.command("import", short_help="Make a graph from a dvc.yaml, Makefile or Taskfile.")
@click.argument("source", metavar="FILE", type=click.Path(path_type=Path))
@click.option(
    "-o",
    "--output",
    "target",
    type=click.Path(path_type=Path),
    metavar="GRAPH.toml",
    help="The new file, in the folder of FILE. Default: graph.toml. An existing file is never changed.",
)
@click.option("--yes", "-y", is_flag=True, help="Execute what reading FILE takes, without the question.")
def import_graph(source: Path, target: Path | None, yes: bool) -> None:
    """Make a graph from FILE, a dvc.yaml, a Makefile or a Taskfile.

    The new file passes `dagtui check`. A comment says what is lost at each place where something is.

    Nothing of a dvc.yaml or a Taskfile is executed. make reads a Makefile, and so executes what stands in $(shell …),
    but no recipe. That is said, and asked, before.
    """
    source_format = format_of(source)
    if source_format is None:
        fail(f"dagtui: {source}: only these files can be read: {KINDS}")
    target = source.parent / NAMES[0] if target is None else target
    if os.path.realpath(target.parent) != os.path.realpath(source.parent):
        fail(f"dagtui: {target}: paths are relative to the folder of {source}: write the graph there")
    if source_format.executes:
        if os.path.lexists(target):
            fail_because_it_exists(target)
        _agree(source, source_format.executes, yes=yes)
    try:
        draft = source_format.read(source)
    except ImportError:
        fail(f"dagtui: {source}: YAML needs a package: pip install 'dagtui[yaml]'")
    except OSError as error:
        fail(f"dagtui: {source}: can't be read: {error.strerror}")
    except ValueError as error:
        fail(f"dagtui: {source}: {error}")
    text = draft.text()
    try:
        load_text(text, str(target))
    except GraphError as error:
        fail(f"dagtui: {source} was read, but what it says makes no graph; nothing was written:\n{error}")
    write_asked(target, text)
    with optional_output() as output:
        output.line(f"wrote {label(target, 4096)}: {draft.summary}")
        output.line(f"to see what would run: dagtui plan {path_word(target)}")


def _agree(source: Path, executes: str, *, yes: bool) -> None:
    """Say what is executed. Ends the program if nobody agrees to it."""
    if not yes and not (os.isatty(0) and os.isatty(2)):
        fail(f"dagtui: {source}: {executes}. To agree: dagtui import --yes {path_word(source)}")
    say(f"{source}: {executes}.")
    if not yes and not _confirmed():
        fail("dagtui: nothing was executed or written")


def _confirmed() -> bool:
    try:
        return click.confirm("Go on?", err=True)
    except click.Abort:  # Ctrl+C, or the end of the input
        say("")
        return False
