"""What comes before a run: other live runs of the graph, and the earlier run that may be resumed."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from dagtui.cli.graph_file import read_graph
from dagtui.cli.stderr import fail, say
from dagtui.runs.launch import LaunchAction, plan

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from dagtui.cli.graph_file import GraphFile
    from dagtui.engine.targets import Targets
    from dagtui.graph.model import Graph, NodeIndex
    from dagtui.runs.launch import LaunchOptions, Resumption
    from dagtui.runs.live import LiveRun
    from dagtui.runs.restore import LastRun
    from dagtui.store.directory import RunDirectory

_NAMED = 5


def refuse_conflict(options: LaunchOptions) -> None:
    """Exit with 2 if options can't be given together."""
    if options.conflict:
        fail(options.conflict)


def live_others(graph_file: Path) -> list[RunDirectory]:
    """Return the live runs of a graph, oldest first. Empty if they can't be read: creating the new run reports why."""
    from dagtui.store.directory import held_runs
    from dagtui.store.errors import StoreError

    try:
        return held_runs(graph_file)
    except StoreError:
        return []


def refuse_nested(held: Sequence[RunDirectory]) -> None:
    """Exit with 2 if this process belongs to a node of one of these runs: each would start the next, without end."""
    if not held:  # almost always, so nothing more is imported
        return
    from dagtui.control.held import enclosing
    from dagtui.store.errors import StoreError

    try:
        found = enclosing(held)
    except StoreError:
        return
    if found is not None:
        fail(
            f"dagtui: this is inside {found.words} of the same graph, so each run would start the next without end; "
            "use --nested if you mean that"
        )


def end_idle(held: Sequence[RunDirectory]) -> None:
    """End the runs that are settled and have no screen, and print that."""
    if not held:
        return
    from dagtui.control.held import end_idle_runs
    from dagtui.store.errors import StoreError

    try:
        ended = end_idle_runs(held)
    except StoreError:
        return  # creating the new run's directory reports what is wrong
    for number in ended:
        say(f"dagtui: run {number} was settled and detached, and has ended to make room; dagtui runs lists it")


def mention_others(run: LiveRun) -> None:
    """Print a line if other live runs of the graph exist.

    Checked after this run exists, so that of two simultaneous starts at least one sees the other.
    """
    number = run.number
    found = live_others(run.graph_path) if run.graph_path is not None else []
    others = [str(run.number) for run in found if run.number != number]
    if not others:
        return
    from dagtui.text.amounts import first_of

    shown = first_of(others[:_NAMED], len(others))
    which = f"run {shown} is" if len(others) == 1 else f"runs {shown} are"
    say(f"dagtui: this is run {number}; {which} live as well")


def nodes_to_rerun(graph: Graph, names: tuple[str, ...]) -> tuple[NodeIndex, ...]:
    """Return the nodes that `--rerun` names. Ends the program if a name means none."""
    if not names:
        return ()
    from dagtui.graph.matrix.selection import ChoiceError, chosen_nodes

    try:
        return chosen_nodes(graph, names)
    except ChoiceError as error:
        fail(f"dagtui: --rerun: {error}")


def with_targets(graph: Graph, options: LaunchOptions) -> LaunchOptions:
    """Return the options with the nodes that are to run. Exits with 2, and a line for each name that means none."""
    return options._replace(targets=targets_named(graph, options.names)) if options.names else options


def targets_named(graph: Graph, names: Sequence[str]) -> Targets:
    """Return the nodes that a call names. Exits with 2, and a line for each name that means none."""
    from dagtui.engine.targets import Targets, with_finally
    from dagtui.graph.matrix.selection import ChoiceError, nodes_matching

    nodes: dict[NodeIndex, None] = {}
    unknown: list[str] = []
    for name in names:
        try:
            nodes.update(dict.fromkeys(nodes_matching(graph, name)))
        except ChoiceError as error:
            unknown.append(f"dagtui: {error}")
    if unknown:
        fail("\n".join(unknown))
    return with_finally(graph, Targets(tuple(nodes), tuple(dict.fromkeys(names))))


def run_to_resume(
    graph: Graph, options: LaunchOptions, nodes: tuple[NodeIndex, ...], ask: Callable[[Graph, Resumption, str], bool]
) -> Resumption | None:
    """Return the run of a graph to resume, and with it the nodes to run again. None means to start a new run.

    `ask` gets the run that could be resumed, and a few words on what became of it. It returns whether to resume it.
    """
    found = None if options.fresh or graph.path is None else _found(graph.path, options)
    if found is None and options.resume is None:
        return None
    from dagtui.runs.last_run import earlier_run

    earlier = None if found is None else earlier_run(found)
    decided = plan(graph, options, (), earlier)
    if decided.action is LaunchAction.REFUSE:
        fail(f"dagtui: {decided.reason}")
    if found is None or decided.action is LaunchAction.NEW:
        return None
    if decided.action is LaunchAction.ASK and not ask(graph, found, decided.reason):
        return None
    wait_for_previous_processes(found.directory)
    return found._replace(rerun=nodes)


def as_recorded(graph: Graph, graph_file: GraphFile, options: LaunchOptions) -> Graph:
    """Return the graph on the executor that the run to resume was started with, unless the call names one.

    Raises GraphError if there is no such executor any more.
    """
    if options.resumption is None or options.executor is not None:
        return graph
    from dagtui.runs.previous_run import recorded_executor

    given = recorded_executor(options.resumption.directory)
    return graph if given == graph.executor_given else read_graph(graph_file, options.parameters, executor=given)


def _found(graph_path: Path, options: LaunchOptions) -> Resumption | None:
    from dagtui.runs.last_run import resumption
    from dagtui.store.errors import StoreError

    try:
        return resumption(graph_path, options.resume or None)
    except StoreError:
        if options.resume is not None:
            raise
        return None  # creating the new run's directory reports what is wrong


def replayed(graph: Graph, directory: RunDirectory) -> LastRun:
    """Replay a run, and compare it with the graph as it is now. Raises StoreError and GraphError."""
    from dagtui.runs.redaction import keep_secrets
    from dagtui.runs.restore import replay
    from dagtui.store.journal import JournalReader

    return replay(keep_secrets(graph, os.environ)[0], directory, JournalReader(directory.journal_path))


def wait_for_previous_processes(directory: RunDirectory) -> None:
    """Wait until the processes of a killed run have ended, with a message, because it may take as long as `grace`.

    The resume checks again under the lock. Raises StoreError if the wait takes too long.
    """
    from dagtui.runs.previous_processes import ended_by, left_behind, survivors, wait_for_processes

    left = left_behind(directory.path)
    if left:
        what = f"processes of run {directory.number} are still being ended ({ended_by(left)})"
        say(f"dagtui: {what}; waiting until none is left")
        wait_for_processes(directory.path)
    elif survivors(directory.path):
        say(f"dagtui: processes of run {directory.number} have outlived it; the resumed run ends them first")


def _what_goes_on(graph: Graph) -> list[str]:
    """Say which earlier runs of a graph have attempts that go on elsewhere."""
    from dagtui.store.directory import has_been_elsewhere

    if graph.path is None or not has_been_elsewhere(graph.path):
        return []
    from dagtui.runs.elsewhere import warnings  # most graphs name no other machine

    return warnings(graph.path)


def begin(graph: Graph, options: LaunchOptions) -> LiveRun:
    """Start the run, or resume the one that the options name."""
    if options.resumption is None:
        from dagtui.runs.beginning import start_run

        warnings = _what_goes_on(graph)
        run = start_run(graph, options)
        for text in warnings:
            run.note(text)
        return run
    from dagtui.runs.restore import resume_run

    return resume_run(graph, options)
