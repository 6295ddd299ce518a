"""Choose a live run and attach this terminal to it."""

from __future__ import annotations

import os
import shlex
import sys
from typing import TYPE_CHECKING

from dagtui.cli.stderr import fail
from dagtui.text import label

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from dagtui.control.live import FoundRun
    from dagtui.host.terminal_client import ClientTerminal


def has_screen() -> bool:
    """Return whether the screen can be shown here: on a terminal that can do more than print lines."""
    return os.isatty(0) and os.isatty(1) and not is_dumb()


def is_dumb() -> bool:
    """Return whether the terminal says that it understands no control codes, as those inside editors do."""
    return os.environ.get("TERM") == "dumb"


def a_terminal() -> str:
    """Name what is missing here, for messages."""
    return "a terminal that can show it (TERM is dumb)" if is_dumb() else "a terminal"


def look_of(ascii_only: bool, theme: str | None, no_mouse: bool) -> ClientTerminal:
    """Combine these options, the locale and the environment into the look of the screen."""
    from dagtui.host.terminal_client import ClientTerminal
    from dagtui.text.locales import wants_ascii

    return ClientTerminal(ascii_only or wants_ascii(os.environ, sys.stdout.encoding), theme, not no_mouse)


def live_runs_of(graph_file: Path) -> list[FoundRun]:
    """Return the live runs of a graph: those with a possible screen first, and the latest first within each kind."""
    from dagtui.control.live import live_runs
    from dagtui.store.errors import StoreError

    try:
        found = live_runs(graph_file)
    except StoreError as error:
        fail(f"dagtui: {error}")
    return sorted(found, key=lambda run: (is_attachable(run), run.number), reverse=True)


def is_attachable(run: FoundRun) -> bool:
    """Return whether a terminal can be attached to a run."""
    from dagtui.control.live import Screen

    return run.reachable and run.screen in {Screen.ATTACHED, Screen.DETACHED}


def attach(run: FoundRun, look: ClientTerminal, ignored: Sequence[str] = ()) -> int:
    """Attach this terminal to a live run until it is given back. Return the exit status.

    If that fails, or if `ignored` names options that only a new run could obey, print why and exit with 2. Raises
    RunIsEndingError.
    """
    from dagtui.control.client import connect
    from dagtui.control.sockets import ControlError
    from dagtui.host.terminal_client import attach_terminal

    shown = shown_run(run)
    if not is_attachable(run):
        fail(_why_not(run))
    if ignored:
        fail(
            f"dagtui: {shown} is live, and only a new run takes {', '.join(ignored)}; "
            "omit that to attach, or cancel the live run first"
        )
    try:
        with connect(run.run_id) as client:
            return attach_terminal(client, look)
    except ControlError as error:
        fail(f"dagtui: can't attach to {shown}: {error}")


def shown_run(run: FoundRun) -> str:
    """Name a run for people."""
    if run.graph is None or not run.number:
        return f"run {label(run.run_id, 60)}"
    return f"run {run.number} of {label(run.graph, 4096)}"


def choice_of(runs: Sequence[FoundRun], title: str, *, ascii_only: bool) -> FoundRun:
    """Return the run that the user picks on this terminal. Ends the program if none is picked."""
    import signal

    from dagtui.cli.live_runs import listed, table
    from dagtui.cli.picker import MARGIN, Picker
    from dagtui.text.locales import wants_ascii

    plain = ascii_only or wants_ascii(os.environ, sys.stdout.encoding)
    try:
        heading, *lines = table(listed(runs), os.get_terminal_size(1).columns - MARGIN, ascii_only=plain)
        at = Picker(title, heading, lines, ascii_only=plain).pick()
    except KeyboardInterrupt:
        raise SystemExit(128 + signal.SIGINT) from None
    except OSError:  # the terminal is gone
        raise SystemExit(128 + signal.SIGHUP) from None
    if at is None:
        raise SystemExit(0)
    return runs[at]


def attach_commands(runs: Sequence[FoundRun], command: str) -> str:
    """List the command for each of several runs, as lines for a shell."""
    named = [(label(shlex.quote(str(run.graph or run.run_id)), 4096), run.number) for run in runs]
    widest = max(len(name) for name, _ in named)
    return "\n".join(f"  {command} {name:<{widest}}   # run {number}" for name, number in named)


def _why_not(run: FoundRun) -> str:
    # The process of a silent run may be unknown: 0 would mean the caller's own.
    who = f"{shown_run(run)} is live" + (f" (process {run.pid})" if run.pid else "")
    ways = [f"kill -TERM {run.pid} cancels it"] if run.pid else []
    if run.trouble:
        return "; ".join([f"dagtui: {who}, but can't be attached: {run.trouble}", *ways])
    ways = ["dagtui attach --read-only watches it", "dagtui status and dagtui cancel reach it", *ways]
    return f"dagtui: {who}, but belongs to the terminal it was started on; {', '.join(ways)}"
