"""Open a graph on the screen, attached to its live run or as a new one, from the call to its exit status."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NoReturn

from dagtui.cli.graph_file import read_graph, say_where
from dagtui.cli.headless import LineOptions, run_headless
from dagtui.cli.prepare import (
    as_recorded,
    begin,
    end_idle,
    live_others,
    mention_others,
    nodes_to_rerun,
    refuse_conflict,
    refuse_nested,
    run_to_resume,
    with_targets,
)
from dagtui.cli.stderr import fail, say
from dagtui.cli.terminal import LookOptions, has_screen, is_dumb
from dagtui.runs.launch import LaunchAction, LaunchOptions, plan
from dagtui.text import label

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from dagtui.cli.graph_file import GraphFile
    from dagtui.control.live import FoundRun
    from dagtui.graph.model import Graph
    from dagtui.host.attachment import Attachment, ExitReason
    from dagtui.runs.launch import Resumption
    from dagtui.runs.live import LiveRun
    from dagtui.runs.view import Notice

_OPTIONS = LaunchOptions()
_LOOK = LookOptions()


def show_graph(
    graph_file: GraphFile, options: LaunchOptions = _OPTIONS, look: LookOptions = _LOOK, *, in_process: bool = False
) -> NoReturn:
    """Attach to the live run of a graph or run it, then exit with its status. Without a screen, print plain lines."""
    refuse_conflict(options)
    if not has_screen():
        if is_dumb():
            say("dagtui: plain lines instead of the screen: TERM is dumb")
        run_headless(graph_file, options, LineOptions(ascii_only=look.ascii_only))
    if not options.nested:
        refuse_nested(live_others(graph_file.path))
    if in_process:
        raise SystemExit(_show_in_process(*_to_run(graph_file, options), look))
    raise SystemExit(_open(graph_file, options, look))


def _to_run(graph_file: GraphFile, options: LaunchOptions) -> tuple[Graph, LaunchOptions]:
    """Return the graph, and the options with the run to resume."""
    graph = read_graph(graph_file, options.parameters, executor=options.executor)
    say_where(graph_file.path)
    options = with_targets(graph, options)
    nodes = nodes_to_rerun(graph, options.rerun)
    if options.wants_a_run_of_its_own:
        end_idle(live_others(graph_file.path))
    options = options._replace(resumption=run_to_resume(graph, options, nodes, _ask))
    return as_recorded(graph, graph_file, options), options


def _ask(graph: Graph, found: Resumption, _became: str) -> bool:
    from dagtui.cli.resume_prompt import offer

    return offer(graph, found)


def _open(graph_file: GraphFile, options: LaunchOptions, look: LookOptions) -> int:
    """Attach to the live run of the graph, or start one. Return the exit status."""
    from dagtui.host.terminal_client import RunIsEndingError

    while True:
        # Others may have no control socket yet. _start waits for their start lock, then looks again.
        live = [] if options.wants_a_run_of_its_own else live_runs_of(graph_file.path)
        try:
            if live and live[0].attachable:
                return attach_to(live[0], look, options)
            return _start(graph_file.path, *_to_run(graph_file, options), look)
        except RunIsEndingError:
            continue  # it has ended, so a new run can start


def live_runs_of(graph_file: Path) -> list[FoundRun]:
    """Return the live runs of a graph: those with a possible screen first, and the latest first within each kind."""
    from dagtui.control.live import live_runs

    return sorted(live_runs(graph_file), key=lambda run: (run.attachable, run.number), reverse=True)


def attach_to(run: FoundRun, look: LookOptions, options: LaunchOptions = _OPTIONS) -> int:
    """Attach this terminal to a live run until it is given back. Return the exit status.

    If that is not possible, or if only a new run could obey the options, print why and exit with 2. Raises
    RunIsEndingError.
    """
    from dagtui.control.client import connect
    from dagtui.control.sockets import ControlError
    from dagtui.host.terminal_client import attach_terminal

    decided = plan(None, options, [run], None)
    if decided.action is not LaunchAction.ATTACH:
        fail(f"dagtui: {decided.reason}")
    try:
        with connect(run.run_id) as client:
            return attach_terminal(client, look.here, mouse=look.mouse)
    except ControlError as error:
        fail(f"dagtui: can't attach to {run.title}: {error}")


def _start(graph_file: Path, graph: Graph, options: LaunchOptions, look: LookOptions) -> int:
    """Start a run in its own process, and attach this terminal to it. Return the exit status."""
    from contextlib import closing

    from dagtui.control.sockets import ControlError
    from dagtui.execution.local.requirements import check_requirements
    from dagtui.host.launch import StartLock, check_control_sockets, start_session
    from dagtui.host.terminal_client import attach_terminal

    check_requirements()
    try:
        check_control_sockets()
    except ControlError as error:
        warning = f"the run will end with this terminal: {error}"
        return _show_in_process(graph, options, look, _said("ends with this terminal", warning))
    lock = StartLock(graph_file)
    with closing(lock):
        live = live_runs_of(graph_file)
        if live:
            lock.close()
            return attach_to(live[0], look, options)
        advice = _advice()
        notice = _said("ends with your login", advice) if advice else None
        client = start_session(lambda: _begin(graph, options, notice), _screens, lock.close)
    with client:
        return attach_terminal(client, look.here, mouse=look.mouse)


def _screens(
    run: LiveRun, until_failure: Callable[[], Awaitable[None]]
) -> Callable[[Attachment], Awaitable[ExitReason]]:
    from dagtui.tui.terminal.remote_terminal import AttachedScreens

    return AttachedScreens(run, until_failure).show


def _said(brief: str, text: str) -> Notice:
    """Print a message. Return it as a notice, so that the screen that covers it can repeat it."""
    from dagtui.runs.view import Notice

    say(f"dagtui: {text}")
    return Notice(brief, label(text, 1000))


def _begin(graph: Graph, options: LaunchOptions, notice: Notice | None) -> LiveRun:
    run = begin(graph, options)
    if notice is not None:
        run.note_short_life(notice)
    return run


def _advice() -> str:
    """Return a warning if this machine would end the run with its terminal, else an empty string."""
    import getpass

    from dagtui.host.linger import advice

    try:
        return advice(os.environ, getpass.getuser())
    except (KeyError, OSError):  # the user has no name
        return ""


def _show_in_process(graph: Graph, options: LaunchOptions, look: LookOptions, notice: Notice | None = None) -> int:
    run = _begin(graph, options, notice)
    mention_others(run)
    # The first nodes are already running. This import takes a quarter of a second.
    from dagtui.tui.terminal.show import show

    return show(run, look.here, mouse=look.mouse)
