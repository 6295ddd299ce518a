"""`dagtui import`: a graph from the file of another tool."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from dagtui.cli.graph_file import NAMES
from dagtui.cli.init import write_asked
from dagtui.cli.output import optional_output
from dagtui.cli.stderr import fail
from dagtui.graph.errors import GraphError
from dagtui.graph.loading import load_text
from dagtui.migration.dvc import read_dvc
from dagtui.text import label, path_word

if TYPE_CHECKING:
    from collections.abc import Callable

    from dagtui.migration.drafts import Draft

READERS: dict[str, Callable[[Path], Draft]] = {"dvc.yaml": read_dvc}
"""What reads a file of that name."""


@click.command("import", short_help="Make a graph from a dvc.yaml.")
@click.argument("source", metavar="FILE", type=click.Path(path_type=Path))
@click.option(
    "-o",
    "--output",
    "target",
    type=click.Path(path_type=Path),
    metavar="GRAPH.toml",
    help="The new file, in the folder of FILE. Default: graph.toml. An existing file is never changed.",
)
def import_graph(source: Path, target: Path | None) -> None:
    """Make a graph from FILE, a dvc.yaml. Nothing is executed.

    The new file passes `dagtui check`. A comment says what is lost at each place where something is.
    """
    read = READERS.get(source.name)
    if read is None:
        fail(f"dagtui: {source}: only these files can be read: {', '.join(READERS)}")
    target = source.parent / NAMES[0] if target is None else target
    if os.path.realpath(target.parent) != os.path.realpath(source.parent):
        fail(f"dagtui: {target}: paths are relative to the folder of {source}: write the graph there")
    try:
        draft = read(source)
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
