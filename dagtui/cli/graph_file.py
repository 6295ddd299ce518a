"""Find and load the graph of a call: the named file, the graph of this folder, or the content of a pipe."""

from __future__ import annotations

import gc
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from dagtui.cli.stderr import fail, say

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dagtui.graph.model import Graph

NAMES = ("graph.toml", "dagtui.toml")
"""File names of a graph that need not be given."""
BEGIN = "name a graph's file, or write one to start with: dagtui init"
"""Advice where there is no graph."""
STANDARD_INPUT = "-"
_DESCRIPTOR = r"/dev/stdin|(?:/dev|/proc/self)/fd/([0-9]{1,9})"
"""An open file of this process. Shells pass the output of a command this way: `<(command)`."""


class GraphFile(NamedTuple):
    """A graph to read."""

    path: Path
    """Its file, or the path that stands for a graph from a pipe. Its runs are found by this path."""
    content: bytes | None = None
    """The content of a pipe, which can be read only once. None: read the file."""
    title: str = ""
    """The name of the content in error messages."""


def graph_file_at(path: Path) -> GraphFile:
    """Return the graph that an argument names, reading a pipe. Exits with 2 if that fails."""
    from dagtui.store.paths import is_piped, real_file

    piped = _piped(path)
    if piped is not None:
        return piped
    if is_piped(path):
        fail(f"dagtui: the graph of the runs in {path.parent} came from a pipe; pipe it again: {call_of(path)}")
    real = real_file(path)
    if os.path.dirname(os.path.abspath(path)) != os.path.dirname(os.path.abspath(real)):
        say(f"dagtui: {path} is a link to {real}: its tasks run in {real.parent}")
    return GraphFile(real)


def graph_path_at(path: Path) -> Path:
    """Return the path under which the runs of an argument's graph are kept. Reads a pipe for the graph's name."""
    from dagtui.store.paths import real_file

    piped = _piped(path)
    found = real_file(path) if piped is None else piped.path
    say_where(found)
    return found


def say_where(path: Path) -> None:
    """Print a line if runs are kept elsewhere because `.dagtui` belongs to another user."""
    from dagtui.store.paths import why_elsewhere

    text = why_elsewhere(path)
    if text:
        say(f"dagtui: {text}")


def _piped(path: Path) -> GraphFile | None:
    """Read a pipe. None for a file with a name."""
    word = os.fspath(path)
    match = re.fullmatch(_DESCRIPTOR, word)
    if match is None and word != STANDARD_INPUT:
        return None
    from dagtui.store.paths import piped_graph

    number = int(match[1] or 0) if match else 0
    title, shown = ("stdin", "standard input") if number == 0 else ("pipe", word)
    if number == 0 and os.isatty(0):
        say("dagtui: reading the graph from the terminal; Ctrl+D on an empty line ends it")
    content = _read(number, shown)
    return GraphFile(piped_graph(content, title), content, title)


def _read(number: int, shown: str) -> bytes:
    from dagtui.graph.toml.parse import MOST_BYTES

    try:
        with open(number, "rb", closefd=False) as file:
            content = file.read(MOST_BYTES + 1)
    except OSError as error:
        fail(f"dagtui: {shown} can't be read: {error.strerror}; name the graph's file")
    if len(content) > MOST_BYTES:
        fail(f"dagtui: {shown} holds more than {MOST_BYTES // 1024**2} MB")
    if not content.strip():
        fail(f"dagtui: {shown} is empty: pipe a graph into it, or name the graph's file")
    return content


def graph_file_here() -> Path | None:
    """Return the graph of this folder, if it has one. Raises OSError if the folder itself has been removed."""
    found = next((Path(name) for name in NAMES if os.path.isfile(name)), None)
    if found is None:
        os.getcwd()
    return found


def refuse_folder(graph_file: Path) -> None:
    """Exit with 2 if the path is a folder, and name the file in it that may be meant."""
    if not os.path.isdir(graph_file):
        return
    inside = next((graph_file / name for name in NAMES if os.path.isfile(graph_file / name)), None)
    hint = f", for example {inside}" if inside is not None else ""
    fail(f"dagtui: {graph_file} is a folder: name the graph's file{hint}")


def refuse_missing(graph_file: Path, shown: str, what: str = "run") -> None:
    """Exit with 2 if a graph without runs has no file either, or if its path is a folder."""
    refuse_folder(graph_file)
    if missing := _why_missing(graph_file):
        fail(f"dagtui: {shown}: {missing}, and no {what} of it")


def _why_missing(graph_file: Path) -> str:
    """Say why a graph's file can't be found. Empty if it exists or if the graph has no file."""
    from dagtui.store.paths import is_piped

    if is_piped(graph_file):
        return ""
    try:
        os.stat(graph_file)
    except FileNotFoundError:
        return "there is no such file"
    except OSError as error:
        return f"it can't be accessed ({error.strerror})"
    return ""


def call_of(graph_file: Path) -> str:
    """Return the shell words that run a graph."""
    from dagtui.store.paths import is_piped
    from dagtui.text import path_word

    # Only the user knows what wrote the graph into the pipe.
    return "… | dagtui run -" if is_piped(graph_file) else f"dagtui {path_word(graph_file)}"


def with_its_ending(word: str) -> str:
    """Return the file meant by a name without `.toml`. Empty if there is none."""
    return f"{word}.toml" if not os.path.lexists(word) and os.path.isfile(f"{word}.toml") else ""


def is_plain(name: str) -> bool:
    """Return whether a shell takes a word literally."""
    return name.replace("-", "").replace("_", "").replace(".", "").isalnum()


def read_graph(
    graph_file: GraphFile,
    parameters: tuple[str, ...],
    environment: Mapping[str, str] | None = os.environ,
    executor: str | None = None,
) -> Graph:
    """Load the graph of a run. Raise GraphError for invalid input or unset variables, all at once.

    Without an environment, no variable needs to be set. `executor` is that of the call, if it names one.
    """
    from dagtui.graph.loading import load, load_text, without_garbage_collection
    from dagtui.store.stated import remember

    given: dict[str, str] = {}
    for parameter in parameters:
        name, equals, value = parameter.partition("=")
        if not equals or not name:
            fail(f'-p {parameter}: write it as NAME=VALUE, for example "-p samples=4"')
        given[name] = value
    with without_garbage_collection():
        if graph_file.content is None:
            graph = load(graph_file.path, given, environment, executor=executor or "")
        else:
            graph = load_text(graph_file.content, graph_file.title, given, environment, executor=executor or "")
            graph.path = graph_file.path
        remember(Path(os.path.abspath(graph_file.path)), graph.settings.state)
        gc.freeze()  # the graph lives as long as the program, so the collector need not visit it
        return graph


def read_redacted_graph(
    graph_file: GraphFile, parameters: tuple[str, ...], environment: Mapping[str, str] | None = os.environ
) -> Graph:
    """Load a graph like `read_graph`, with its secrets redacted. A secret without a value is an error, as for a run."""
    from dagtui.runs.redaction import keep_secrets

    return keep_secrets(read_graph(graph_file, parameters, environment), os.environ)[0]
