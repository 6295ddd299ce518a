"""Build the shell command that resumes a run with the options it was started with."""

from __future__ import annotations

import os
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

from dagtui.store.paths import is_piped
from dagtui.text import label, path_word
from dagtui.text.redaction import MARK

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dagtui.graph.model import Graph, NodeIndex
    from dagtui.runs.view import RunView
    from dagtui.text.look import Look

_LONGEST = 4096
_MOST_RERUN = 3


def path_from(folder: str, path: Path) -> Path:
    """Return the path by which a shell in a folder finds a file: as it was given in this process's folder, else whole.

    An empty folder means this process's.
    """
    if path.is_absolute() or not folder:
        return path
    try:
        own = os.getcwd()
    except OSError:  # it was removed, and with it what the path meant
        return path
    return path if folder == own else Path(own, path)


def resume_command(run: RunView, look: Look, *, folder: str = "") -> str:
    """Return a command that resumes a run, for a shell in a folder. Empty: this process's."""
    return command_to_resume(run.graph, run.number, run.jobs_given, look, folder=folder)


def rerun_command(run: RunView, nodes: Sequence[NodeIndex], look: Look, *, folder: str = "") -> str:
    """Return a command that resumes a run and reruns some nodes, for a shell in a folder."""
    return f"{resume_command(run, look, folder=folder)} {rerun_options(run.graph, nodes)}"


def rerun_options(graph: Graph, nodes: Sequence[NodeIndex]) -> str:
    """Return the options that name nodes to rerun. For many nodes it is a placeholder to fill in."""
    if len(nodes) > _MOST_RERUN:
        return "--rerun NODE"
    return label(" ".join(f"--rerun {shlex.quote(graph.labels[node])}" for node in nodes), _LONGEST)


def command_to_resume(graph: Graph, number: int, jobs: int | None, look: Look, *, folder: str = "") -> str:
    """Return a shell command with the run's number and the parameters, the executor and the slots that were given.

    Without the parameters, definitions would differ. A parameter that holds a secret appears by name only, with dots to
    fill in. With its number, the command still means this run after others have been started.
    """
    if graph.path is not None and is_piped(graph.path):
        # Only the user knows what wrote the graph into the pipe.
        words = [look.glyphs.dots, "| dagtui run -"]
    else:
        path = graph.name if graph.path is None else path_from(folder, graph.path)
        words = ["dagtui", path_word(path)]
    words += ["--resume", str(number), *_given(graph, jobs, look)]
    return " ".join(label(word, _LONGEST) for word in words)


def _given(graph: Graph, jobs: int | None, look: Look) -> Iterator[str]:
    for name, text in graph.given.items():
        secret = MARK.decode() in text
        yield "-p"
        yield shlex.quote(f"{name}=") + look.glyphs.dots if secret else shlex.quote(f"{name}={text}")
    if graph.executor_given:
        yield f"--executor {shlex.quote(graph.executor_given)}"
    if jobs is not None:
        yield f"-j {jobs}"
