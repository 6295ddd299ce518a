"""List the live runs of one graph or of all graphs, and whether they have a screen."""

from __future__ import annotations

import enum
import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from dagtui.control.client import connect
from dagtui.control.sockets import (
    ControlError,
    PeerGoneError,
    ProtocolError,
    remove_dead_sockets,
    run_ids,
    sockets_folder,
)
from dagtui.store.directory import held_runs
from dagtui.store.errors import StoreError
from dagtui.text import label

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dagtui.store.directory import RunDirectory

PATIENCE = 2.0
"""Seconds that a run may take to identify itself."""


class Screen(enum.Enum):
    """Whether a run has a screen."""

    ATTACHED = "attached"
    DETACHED = "detached"
    """No screen now, but one may be attached."""
    NONE = "no screen"
    """The run has no screen and can't get one."""


@dataclass(frozen=True, slots=True)
class FoundRun:
    """A run whose lock is held by a process, or whose socket answers."""

    run_id: str
    number: int
    """Its number within its graph, from 1. 0 if it does not say."""
    path: Path | None
    """The run's directory."""
    graph: Path | None
    """The graph's file."""
    pid: int
    """The process that has the run. 0 if unknown."""
    name: str = ""
    """The graph's name as the run reports it, not sanitised."""
    screen: Screen | None = None
    """None if the run does not say."""
    trouble: str = ""
    """Why the run can't be reached. Empty if it can."""

    @property
    def attachable(self) -> bool:
        """Whether a terminal can be attached to the run."""
        return not self.trouble and self.screen in {Screen.ATTACHED, Screen.DETACHED}

    @property
    def title(self) -> str:
        """The run's name for people."""
        if self.graph is None or not self.number:
            return f"run {label(self.run_id, 60)}"
        return f"run {self.number} of {label(self.graph, 4096)}"

    @property
    def why_not_attachable(self) -> str:
        """Why no terminal can be attached to the run, and how to reach it otherwise. Empty if one can."""
        if self.attachable:
            return ""
        # The process of a silent run may be unknown: 0 would mean the caller's own.
        what = f"{self.title} is live" + (f" (process {self.pid})" if self.pid else "")
        ways = [f"kill -TERM {self.pid} cancels it"] if self.pid else []
        if self.trouble:
            return "; ".join([f"{what}, but can't be attached: {self.trouble}", *ways])
        ways = ["dagtui attach --read-only watches it", "dagtui status and dagtui cancel reach it", *ways]
        return f"{what}, but belongs to the terminal it was started on; {', '.join(ways)}"


def live_runs(graph_path: Path) -> list[FoundRun]:
    """Return the live runs of a graph file, oldest first, after asking each. Raises StoreError."""
    return [_of_directory(run, graph_path) for run in held_runs(graph_path)]


def all_live() -> list[FoundRun]:
    """Return this user's live runs with a socket, oldest first, and remove dead sockets. Raises ControlError."""
    folder = sockets_folder()
    remove_dead_sockets(folder)
    found = (_asked(FoundRun(run_id, 0, None, None, 0)) for run_id in run_ids(folder))
    return [run for run in found if run is not None]


def run_without_record(graph_path: Path, number: int | None) -> FoundRun | None:
    """Return a live run of a graph whose directory was removed, known only by its socket. Raises ControlError."""
    path = os.path.realpath(graph_path)
    return next(
        (
            run
            for run in all_live()
            if run.graph is not None and os.path.realpath(run.graph) == path and number in {None, run.number}
        ),
        None,
    )


def screen_of(run: RunDirectory) -> Screen | None:
    """Return whether a run has a screen, or None if it is not live or does not say."""
    return _of_directory(run, None).screen if run.is_live() else None


def _of_directory(run: RunDirectory, graph_path: Path | None) -> FoundRun:
    try:
        holder = run.holder().removeprefix("process ")
        pid = int(holder) if holder.isdecimal() else 0
        known = FoundRun(run.run_id, run.number, run.path, graph_path, pid)
    except StoreError as error:
        # Its lock was removed or emptied. Its own answer identifies it.
        lost = FoundRun("", run.number, run.path, graph_path, 0, trouble=str(error))
        return next((other for other in all_live() if other.path == run.path), lost)
    return _asked(known) or replace(known, trouble="it has no socket")


def _asked(known: FoundRun) -> FoundRun | None:
    """Return what is known of a run with its answer added, or None if it is not running."""
    try:
        with connect(known.run_id, PATIENCE) as client:
            client.send({"want": "about"})
            answer = client.receive(PATIENCE) or {}
            pid = client.peer.pid
    except PeerGoneError:
        return None
    except TimeoutError:
        return replace(known, trouble="it does not answer")
    except ProtocolError as error:
        return replace(known, pid=error.pid, trouble=str(error))
    except ControlError as error:
        return replace(known, trouble=str(error))
    return FoundRun(
        known.run_id,
        known.number or _whole(answer.get("number")),
        known.path or _path(answer.get("path")),
        known.graph or _path(answer.get("graph")),
        pid,
        str(answer.get("name", "")),
        _screen(answer),
    )


def _screen(answer: Mapping[str, object]) -> Screen | None:
    return next((screen for screen in Screen if screen.value == answer.get("screen")), None)


def _path(value: object) -> Path | None:
    return Path(value) if isinstance(value, str) and value else None


def _whole(value: object) -> int:
    return value if isinstance(value, int) else 0
