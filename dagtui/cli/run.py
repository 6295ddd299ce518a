"""`dagtui run`: the same run without a screen."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from dagtui.cli.graph_file import graph_file_argument
from dagtui.cli.offer import Way, advise, asked_for, say_nothing_to_resume, wait_for_what_is_left
from dagtui.cli.options import fail, parameter_option, read_graph, resume_options, run_options

if TYPE_CHECKING:
    from pathlib import Path

    from dagtui.execution.link import GuardianLink
    from dagtui.graph.model import Graph


@click.command(short_help="Run a graph without a screen.")
@graph_file_argument
@parameter_option
@run_options
@resume_options
@click.option("--events", metavar="FILE|-", help="Write every event as a JSON line to a file, or to standard output.")
@click.option("--ascii", "ascii_only", is_flag=True, help="Use ASCII characters only.")
def run(
    graph_file: Path,
    parameters: tuple[str, ...],
    jobs: int | None,
    paused: bool,
    resume: bool,
    fresh: bool,
    events: str | None,
    ascii_only: bool,
) -> None:
    """Run GRAPH.toml with plain lines on standard output.

    It never asks: without --resume it starts a new run, also beside a live one of the same graph; one that is settled
    and on no screen ends first.

    Exits with 0 when all went well, 1 when a node failed, 2 when the file or the call is wrong, 130 when a person
    cancelled the run, and 128 + n when signal n ended it.
    """
    way = asked_for(resume=resume, fresh=fresh)
    guardian = start_guardian()
    graph = read_graph(graph_file, parameters)
    run_headless(graph, jobs, events, way, guardian, paused=paused, ascii_only=ascii_only)


def start_guardian() -> GuardianLink | None:
    """Start the guardian while this process still reads its modules and the graph; without a run it ends with us."""
    from dagtui.execution.link import GuardianLink

    try:
        return GuardianLink()
    except OSError:  # the run will start its own, or say what is wrong
        return None


def make_room(graph_file: Path) -> None:
    """End the runs of a graph that only wait for somebody to look at them, and say so."""
    from dagtui.session.door.making_room import make_room as end_idle
    from dagtui.store.errors import StoreError

    try:
        ended = end_idle(graph_file)
    except StoreError:
        return  # whoever makes the new run's directory says what is wrong
    for number in ended:
        text = f"run {number} was settled and detached: it has ended, to make room; dagtui runs lists it"
        click.echo(f"dagtui: {text}", err=True)


def run_headless(
    graph: Graph,
    jobs: int | None,
    events: str | None,
    way: Way,
    guardian: GuardianLink | None = None,
    *,
    paused: bool = False,
    ascii_only: bool = False,
) -> None:
    """Run a graph without a screen, and exit with what came of it; one that begins paused must have a door."""
    from functools import partial

    from dagtui.graph.errors import GraphError
    from dagtui.session.lines.events_copy import EventsError
    from dagtui.session.lines.headless import Headless
    from dagtui.session.resume.glance import NothingToResumeError
    from dagtui.session.session import Session
    from dagtui.store.errors import StoreError

    if paused:
        _need_door()
    if graph.path is not None:
        make_room(graph.path)
    if way is Way.ASK:
        advise(graph)
    elif way is Way.RESUME:
        _wait_for_what_is_left(graph)
    begin = partial(Session.resume if way is Way.RESUME else Session.start, guardian=guardian)
    try:
        status = Headless(graph, begin, jobs=jobs, events=events, paused=paused, ascii_only=ascii_only).run()
    except NothingToResumeError as error:
        say_nothing_to_resume(error)
    except GraphError as error:
        fail(str(error))
    except (StoreError, EventsError, OSError) as error:
        fail(f"dagtui: {error}")
    raise SystemExit(status)


def _wait_for_what_is_left(graph: Graph) -> None:
    from dagtui.session.resume.glance import last_directory
    from dagtui.store.errors import StoreError

    try:
        directory = None if graph.path is None else last_directory(graph.path)
    except StoreError:
        return  # whoever resumes the run says what is wrong
    if directory is not None and not directory.is_live():
        wait_for_what_is_left(directory)


def _need_door() -> None:
    """Exit with 2 when nobody could resume a run, since none can be reached."""
    from dagtui.session.door.sockets import DoorError
    from dagtui.session.hosting.launch import check_doors

    try:
        check_doors()
    except DoorError as error:
        fail(f"dagtui: --paused: nobody could resume the run: {error}")
