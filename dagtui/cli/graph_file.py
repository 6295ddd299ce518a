"""The graph file of a call: the one that is named, or the one of this folder."""

from __future__ import annotations

import os
from pathlib import Path

from dagtui.cli.saying import fail

NAMES = ("graph.toml", "dagtui.toml")
"""What a graph is called that need not be named."""
BEGIN = "name a graph's file, or write one to begin with: dagtui init"
"""What to do where there is none."""


def graph_file_here() -> Path | None:
    """The graph of this folder, if it has one."""
    return next((Path(name) for name in NAMES if os.path.isfile(name)), None)


def refuse_folder(graph_file: Path) -> None:
    """Exit with 2 when a folder stands where the graph's file should, and say which file in it may be meant."""
    if not graph_file.is_dir():
        return
    inside = next((graph_file / name for name in NAMES if (graph_file / name).is_file()), None)
    hint = f", for example {inside}" if inside is not None else ""
    fail(f"dagtui: {graph_file} is a folder: name the graph's file{hint}")


def with_its_ending(word: str) -> str:
    """The file that is meant by a name without `.toml`; empty when there is none."""
    return f"{word}.toml" if not os.path.lexists(word) and os.path.isfile(f"{word}.toml") else ""


def is_plain(name: str) -> bool:
    """Whether a shell takes a word as it is."""
    return name.replace("-", "").replace("_", "").replace(".", "").isalnum()
