"""Run a graph without a screen, from the call to its exit status.

What only a started run needs is imported after its supervisor has been started.
"""

from __future__ import annotations

import os
from functools import partial
from typing import TYPE_CHECKING, NamedTuple, NoReturn

from dagtui.cli.graph_file import graph_file_at, read_graph, say_where
from dagtui.cli.prepare import (
    as_recorded,
    begin,
    end_idle,
    live_others,
    mention_others,
    nodes_to_rerun,
    refuse_conflict,
    refuse_nested,
    replayed,
    run_to_resume,
    with_targets,
)
from dagtui.cli.stderr import fail, say
from dagtui.runs.launch import LAST, LaunchOptions

if TYPE_CHECKING:
    from pathlib import Path

    from dagtui.cli.graph_file import GraphFile
    from dagtui.graph.model import Graph
    from dagtui.runs.launch import Resumption
    from dagtui.text.look import Look

_OPTIONS = LaunchOptions()


class LineOptions(NamedTuple):
    """The options for the output of a run without a screen."""

    events: str | None = None
    """A file for JSON lines, or `-` for standard output."""
    ascii_only: bool = False

    @property
    def look(self) -> Look:
        """What the user asked for."""
        from dagtui.text.look import IN_ASCII, IN_UNICODE

        return IN_ASCII if self.ascii_only else IN_UNICODE


_LINES = LineOptions()


def run_graph(graph_file: GraphFile, options: LaunchOptions = _OPTIONS, lines: LineOptions = _LINES) -> NoReturn:
    """Read a graph, run it, and exit with the run's status."""
    refuse_conflict(options)
    from dagtui.execution.local.requirements import start_supervisor

    supervisor = start_supervisor()  # it starts while this process still loads
    try:
        run_headless(graph_file, options._replace(supervisor=supervisor), lines)
    finally:
        supervisor.dismiss()


def run_headless(graph_file: GraphFile, options: LaunchOptions, lines: LineOptions = _LINES) -> NoReturn:
    """Run a graph without a screen, and exit with its status. A run that starts paused must have a control socket."""
    from dagtui.report.headless import Headless

    graph = read_graph(graph_file, options.parameters, executor=options.executor)
    options = with_targets(graph, options)
    nodes = nodes_to_rerun(graph, options.rerun)
    if options.paused:
        _need_control_socket()
    if graph.path is not None:
        say_where(graph.path)
        held = live_others(graph.path)
        if not options.nested:
            refuse_nested(held)
        end_idle(held)

    found = run_to_resume(graph, options, nodes, partial(_advise, options.jobs, lines.look))
    options = options._replace(resumption=found)
    graph = as_recorded(graph, graph_file, options)
    run = Headless(graph, begin, options, mention_others, events=lines.events, look=lines.look)
    raise SystemExit(run.run())


def _advise(jobs: int | None, look: Look, graph: Graph, found: Resumption, became: str) -> bool:
    """Say how to resume the earlier run. Return False, because no user can be asked."""
    from dagtui.graph.errors import GraphError
    from dagtui.runs.redaction import hide_known
    from dagtui.runs.resume_command import command_to_resume

    try:
        shown = hide_known(graph, os.environ)
    except GraphError:
        return False  # starting the run reports what is wrong
    command = command_to_resume(shown, found.directory.number, jobs, look)
    say(f"dagtui: this is a new run. {became.capitalize()}; to resume it: {command}")
    return False


def _need_control_socket() -> None:
    """Exit with 2 if no control socket is possible, because nothing could resume the paused run."""
    from dagtui.control.sockets import ControlError
    from dagtui.host.launch import check_control_sockets

    try:
        check_control_sockets()
    except ControlError as error:
        fail(f"dagtui: --paused: the run could not be resumed: {error}")


def rerun_if_ended(graph_file: Path, number: int | None, names: tuple[str, ...]) -> None:
    """Rerun nodes of an ended run, as `dagtui run --resume --rerun` does, and exit with its status.

    Returns if a run is live or there is none. A graph that differs from the run's own is refused, because other nodes
    would run too, or parameters may be missing.
    """
    import shlex

    from dagtui.runs.last_run import NothingToResumeError, resumable

    if live_others(graph_file) or not os.path.isfile(graph_file):
        return
    parameters = _required_parameters(graph_file, number)
    graph = read_graph(graph_file_at(graph_file), parameters)
    try:
        found = resumable(graph, number, nodes_to_rerun(graph, names))
    except NothingToResumeError:
        return  # the search for a live run reports what there is
    last, run = replayed(graph, found.directory), found.directory.number
    if last.changed or last.gone or last.cells:
        words = shlex.join(word for name in names for word in ("--rerun", name))
        how = f"dagtui run {os.fspath(graph_file)} --resume {run} {words}"
        fail(f"dagtui: run {run} has ended, and the graph or its parameters have changed since; to resume it: {how}")
    say(f"dagtui: no run is live, so this resumes run {run}, which has ended")
    run_headless(graph_file_at(graph_file), LaunchOptions(resume=number or LAST, rerun=names, parameters=parameters))


def _required_parameters(graph_file: Path, number: int | None) -> tuple[str, ...]:
    """Return the parameters without a default, as `-p` takes them, with the values that a run had."""
    from dagtui.graph.errors import GraphError
    from dagtui.graph.expressions.declared import as_given
    from dagtui.graph.loading import load_recorded
    from dagtui.graph.required_parameters import required_parameters
    from dagtui.store.directory import last_run
    from dagtui.store.errors import StoreError
    from dagtui.text.redaction import MARK

    try:
        names = required_parameters(graph_file)
        run = last_run(graph_file, number) if names else None
        params = {} if run is None else load_recorded(run.graph_path).params
    except (GraphError, StoreError):
        return ()  # what reads the graph and the run next reports it
    found = {name: as_given(params[name]) for name in names if name in params}
    return tuple([f"{name}={text}" for name, text in found.items() if MARK.decode() not in text])
