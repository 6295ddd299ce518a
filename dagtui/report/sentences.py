"""Sentences: what went wrong when a call ends, and the exit status, for the caller's terminal."""

from __future__ import annotations

import os
from pathlib import Path
from typing import NamedTuple

from dagtui.control.sockets import ControlError
from dagtui.execution.local.requirements import RequirementError
from dagtui.graph.errors import GraphError
from dagtui.graph.matrix.selection import ChoiceError
from dagtui.runs.events_copy import EventsError
from dagtui.runs.last_run import NothingToResumeError
from dagtui.store.errors import StoreError

BAD_CALL = 2
"""Exit status for an invalid file or call."""


class Sentence(NamedTuple):
    """What the caller is told, and the exit status."""

    text: str
    status: int = BAD_CALL


def sentence_for(error: Exception) -> Sentence | None:
    """Return what to tell of an error that ends a call, or None if it is a fault of the program.

    A run to resume that has nothing left to do ends well, as it does for make.
    """
    if isinstance(error, NothingToResumeError) and error.completed:
        return Sentence(str(error), 0)
    if isinstance(error, GraphError):
        return Sentence(str(error))  # each line names its file
    if isinstance(error, ChoiceError | ControlError | EventsError | RequirementError | StoreError):
        return Sentence(f"dagtui: {error}")
    return Sentence(f"dagtui: {_about_folder() or _in_words(error)}") if isinstance(error, OSError) else None


def _about_folder() -> str:
    """Return a message if the current folder was removed, which breaks every relative path, else ""."""
    try:
        os.getcwd()
    except OSError:
        was = os.environ.get("PWD", "")
        named = f" {was}" if was else ""
        return (
            f"the current folder{named} does not exist any more: change to one that does (cd), or give absolute paths"
        )
    return ""


def _in_words(error: OSError) -> str:
    if isinstance(error.filename, str | bytes | os.PathLike):
        return str(StoreError.of("use", Path(os.fsdecode(error.filename)), error))
    return f"can't continue: {error.strerror or error}"
