"""Run a graph without a screen, from the call to its exit status."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

from dagtui.cli.graph_file import say_where
from dagtui.cli.launch_mode import LaunchMode, asked_for
from dagtui.cli.load_graph import read_graph
from dagtui.cli.other_runs import end_idle, live_others, mention_others, refuse_nested
from dagtui.cli.stderr import fail

if TYPE_CHECKING:
    from dagtui.cli.graph_file import GraphFile
    from dagtui.execution.local.link import SupervisorLink
    from dagtui.graph.model import Graph


def run_graph(
    graph_file: GraphFile,
    parameters: tuple[str, ...] = (),
    jobs: int | None = None,
    *,
    paused: bool = False,
    resume: int | None = None,
    rerun: tuple[str, ...] = (),
    fresh: bool = False,
    events: str | None = None,
    ascii_only: bool = False,
    nested: bool = False,
) -> NoReturn:
    """Read a graph, run it, and exit with the run's status."""
    mode = asked_for(resume=resume, fresh=fresh, rerun=rerun)
    supervisor = _start_supervisor()
    try:
        graph = read_graph(graph_file, parameters)
        run_headless(
            graph,
            jobs,
            events,
            mode,
            supervisor,
            resume=resume,
            rerun=rerun,
            paused=paused,
            ascii_only=ascii_only,
            nested=nested,
        )
    finally:
        supervisor.dismiss()


def _start_supervisor() -> SupervisorLink:
    """Start the supervisor while this process still loads."""
    from dagtui.execution.local.requirements import RequirementError, start_supervisor

    try:
        return start_supervisor()
    except RequirementError as error:
        fail(f"dagtui: {error}")


def run_headless(
    graph: Graph,
    jobs: int | None,
    events: str | None,
    mode: LaunchMode,
    supervisor: SupervisorLink | None = None,
    *,
    resume: int | None = None,
    rerun: tuple[str, ...] = (),
    paused: bool = False,
    ascii_only: bool = False,
    nested: bool = False,
) -> NoReturn:
    """Run a graph without a screen, and exit with its status. A run that starts paused must have a control socket."""
    from dataclasses import replace

    from dagtui.cli.resume_prompt import advise, nodes_to_rerun, say_nothing_to_resume, wait_for_previous_processes
    from dagtui.graph.errors import GraphError
    from dagtui.report.headless import Headless
    from dagtui.runs.beginning import LaunchOptions, start_run
    from dagtui.runs.events_copy import EventsError
    from dagtui.runs.last_run import NothingToResumeError, resumable
    from dagtui.store.errors import StoreError

    nodes = nodes_to_rerun(graph, rerun)
    if paused:
        _need_control_socket()
    if graph.path is not None:
        say_where(graph.path)
        held = live_others(graph.path)
        if not nested:
            refuse_nested(held)
        end_idle(held)
    if mode is LaunchMode.ASK:
        advise(graph, jobs, ascii_only=ascii_only)
    begin, options = start_run, LaunchOptions(jobs, paused, supervisor=supervisor)
    try:
        if mode is LaunchMode.RESUME:
            found = resumable(graph, resume or None, nodes)
            wait_for_previous_processes(found.directory)
            from dagtui.runs.restore import resume_run

            begin, options = resume_run, replace(options, resumption=found)
        status = Headless(graph, begin, options, mention_others, events=events, ascii_only=ascii_only).run()
    except NothingToResumeError as error:
        say_nothing_to_resume(error)
    except GraphError as error:
        fail(str(error))
    except (StoreError, EventsError, OSError) as error:
        fail(f"dagtui: {error}")
    raise SystemExit(status)


def _need_control_socket() -> None:
    """Exit with 2 if no control socket is possible, because nothing could resume the paused run."""
    from dagtui.control.sockets import ControlError
    from dagtui.host.launch import check_control_sockets

    try:
        check_control_sockets()
    except ControlError as error:
        fail(f"dagtui: --paused: the run could not be resumed: {error}")
