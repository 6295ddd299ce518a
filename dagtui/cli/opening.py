"""Open a graph on the screen, attached to its live run or as a new one, from the call to its exit status."""

from __future__ import annotations

import getpass
import os
from typing import TYPE_CHECKING, NoReturn

from dagtui.cli.attaching import attach, has_screen, is_attachable, is_dumb, live_runs_of, look_of
from dagtui.cli.graph_file import say_where
from dagtui.cli.headless import run_headless
from dagtui.cli.launch_mode import LaunchMode, asked_for
from dagtui.cli.load_graph import read_graph
from dagtui.cli.other_runs import end_idle, live_others, mention_others, refuse_nested
from dagtui.cli.resume_prompt import choose, nodes_to_rerun, say_nothing_to_resume
from dagtui.cli.stderr import fail, say
from dagtui.text import label

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from dagtui.cli.graph_file import GraphFile
    from dagtui.graph.model import Graph
    from dagtui.host.attachment import Attachment
    from dagtui.host.exit_reason import ExitReason
    from dagtui.host.terminal_client import ClientTerminal
    from dagtui.runs.last_run import Resumption
    from dagtui.runs.live import LiveRun


def show_graph(
    graph_file: GraphFile,
    parameters: tuple[str, ...] = (),
    jobs: int | None = None,
    *,
    paused: bool = False,
    resume: int | None = None,
    rerun: tuple[str, ...] = (),
    fresh: bool = False,
    ascii_only: bool = False,
    theme: str | None = None,
    no_mouse: bool = False,
    in_process: bool = False,
    nested: bool = False,
) -> NoReturn:
    """Attach to the live run of a graph or run it, then exit with its status. Without a screen, print plain lines."""
    mode = asked_for(resume=resume, fresh=fresh, rerun=rerun)
    if not has_screen():
        if is_dumb():
            say("dagtui: plain lines instead of the screen: TERM is dumb")
        graph = read_graph(graph_file, parameters)
        run_headless(
            graph, jobs, None, mode, resume=resume, rerun=rerun, paused=paused, ascii_only=ascii_only, nested=nested
        )
    if not nested:
        refuse_nested(live_others(graph_file.path))
    look = look_of(ascii_only, theme, no_mouse)

    found: Resumption | None = None

    def begin(graph: Graph) -> LiveRun:
        from dagtui.runs.beginning import LaunchOptions, start_run

        options = LaunchOptions(jobs, paused, resumption=found)
        if found is None:
            return start_run(graph, options)
        from dagtui.runs.restore import resume_run

        return resume_run(graph, options)

    def load() -> Graph:
        nonlocal found
        graph = read_graph(graph_file, parameters)
        say_where(graph_file.path)
        nodes = nodes_to_rerun(graph, rerun)
        if mode is not LaunchMode.ASK:
            end_idle(live_others(graph_file.path))
        found = choose(graph, mode, resume or None, nodes)
        return graph

    if in_process:
        raise SystemExit(_show_in_process(load(), begin, look))
    options = {"-j": jobs, "-p": parameters, "--paused": paused, "--resume": resume is not None, "--fresh": fresh}
    raise SystemExit(_open(graph_file.path, load, begin, look, [name for name, given in options.items() if given]))


def _open(
    graph_file: Path,
    load: Callable[[], Graph],
    begin: Callable[[Graph], LiveRun],
    look: ClientTerminal,
    given: list[str],
) -> int:
    """Attach to the live run of the graph, or start one. Return the exit status."""
    from dagtui.host.terminal_client import RunIsEndingError

    while True:
        live = live_runs_of(graph_file)
        try:
            if live and is_attachable(live[0]) and {"--fresh", "--resume"}.isdisjoint(given):
                return attach(live[0], look, given)
            # Other live runs may have no control socket yet. _start waits for their start lock, then checks again.
            return _start(graph_file, load(), begin, look, given)
        except RunIsEndingError:
            continue  # it has ended, so a new run can start


def _start(
    graph_file: Path, graph: Graph, begin: Callable[[Graph], LiveRun], look: ClientTerminal, given: list[str]
) -> int:
    from dagtui.control.sockets import ControlError
    from dagtui.execution.local.requirements import RequirementError, check_requirements
    from dagtui.host.launch import check_control_sockets, start_session
    from dagtui.host.start_lock import StartLock
    from dagtui.host.terminal_client import attach_terminal
    from dagtui.store.errors import StoreError

    try:
        check_requirements()
    except RequirementError as error:
        fail(f"dagtui: {error}")
    try:
        check_control_sockets()
    except ControlError as error:
        text = f"the run will end with this terminal: {error}"
        say(f"dagtui: {text}")
        return _show_in_process(graph, _noting("ends with this terminal", text, begin), look)
    try:
        lock = StartLock(graph_file)
    except StoreError as error:
        fail(f"dagtui: {error}")
    with lock:
        live = live_runs_of(graph_file)
        if live:
            lock.let_go()
            return attach(live[0], look, given)
        advice = _advice()
        if advice:
            say(f"dagtui: {advice}")
            begin = _noting("ends with your login", advice, begin)
        client = start_session(lambda: begin(graph), _screens, lock.let_go)
    with client:
        try:
            return attach_terminal(client, look)
        except ControlError as error:
            fail(f"dagtui: {error}")


def _screens(
    session: LiveRun, until_failure: Callable[[], Awaitable[None]]
) -> Callable[[Attachment], Awaitable[ExitReason]]:
    from dagtui.tui.terminal.remote_terminal import AttachedScreens

    return AttachedScreens(session, until_failure).show


def _noting(brief: str, text: str, begin: Callable[[Graph], LiveRun]) -> Callable[[Graph], LiveRun]:
    """Wrap `begin` so that the screen repeats a message that was printed before the screen covered it."""

    def noting(graph: Graph) -> LiveRun:
        from dagtui.runs.notices import Notice

        session = begin(graph)
        session.note_short_life(Notice(brief, label(text, 1000)))
        return session

    return noting


def _advice() -> str:
    """Return a warning if this machine would end the run with its terminal, else an empty string."""
    from dagtui.host.linger import advice

    try:
        return advice(os.environ, getpass.getuser())
    except (KeyError, OSError):  # the user has no name
        return ""


def _show_in_process(graph: Graph, begin: Callable[[Graph], LiveRun], look: ClientTerminal) -> int:
    from dagtui.graph.errors import GraphError
    from dagtui.runs.last_run import NothingToResumeError
    from dagtui.store.errors import StoreError

    try:
        session = begin(graph)
    except NothingToResumeError as error:
        say_nothing_to_resume(error)
    except GraphError as error:
        fail(str(error))
    except (StoreError, OSError) as error:
        fail(f"dagtui: {error}")
    mention_others(session)
    # The first nodes are already running. These imports take a quarter of a second.
    from dagtui.tui.terminal.show import show

    return show(session, ascii_only=look.ascii, theme=look.theme, mouse=look.mouse)
