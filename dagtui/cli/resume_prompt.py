"""Whether to go on with the last run of a graph or to start a new one: as it was asked for, or as a person answers."""

from __future__ import annotations

import os
import sys
import time
from typing import TYPE_CHECKING, NoReturn

from dagtui.cli.keystrokes import END, ESCAPE, Keystrokes, single_keys
from dagtui.cli.launch_mode import LaunchMode
from dagtui.cli.output import Output, standard_output
from dagtui.cli.stderr import fail, say
from dagtui.engine.status import NodeStatus, Verdict
from dagtui.text import count, duration, label

if TYPE_CHECKING:
    from dagtui.graph.model import Graph
    from dagtui.runs.last_run import NothingToResumeError, Resumption
    from dagtui.runs.restore import LastRun
    from dagtui.store.directory import RunDirectory

_WORDS: dict[str, tuple[NodeStatus, ...]] = {
    "completed": (NodeStatus.COMPLETED,),
    "failed": (NodeStatus.FAILED,),
    "cancelled": (NodeStatus.CANCELLED,),
    "skipped": (NodeStatus.SKIPPED,),
    "broken off": (NodeStatus.RUNNING, NodeStatus.CANCELLING),
    "not run": (NodeStatus.WAITING, NodeStatus.READY, NodeStatus.RETRYING, NodeStatus.FAILED_PARENT),
}


_ANSWERS: dict[str, LaunchMode | None] = {
    **dict.fromkeys(["r", "R", "\r", "\n"], LaunchMode.RESUME),
    **dict.fromkeys(["n", "N"], LaunchMode.NEW),
    **dict.fromkeys(["q", "Q", ESCAPE, "\x04", END], None),
}
_SAID = {LaunchMode.RESUME: "resume", LaunchMode.NEW: "new", None: "quit"}


def nodes_to_rerun(graph: Graph, names: tuple[str, ...]) -> tuple[int, ...]:
    """The nodes of a graph that `--rerun` names; ends the program when a name means none."""
    if not names:
        return ()
    from dagtui.graph.matrix.selection import ChoiceError, chosen_nodes

    try:
        return chosen_nodes(graph, names)
    except ChoiceError as error:
        fail(f"dagtui: --rerun: {error}")


def choose(graph: Graph, way: LaunchMode, number: int | None = None, rerun: tuple[int, ...] = ()) -> Resumption | None:
    """Which run of a graph to resume, the one with that number or the last one; None: a new one is to be started.

    With nodes that are to run again, a run is resumed although it completed.

    Ends the program when there is nothing to resume (0 if all is done, else 2), and when the person quits.
    """
    if way is LaunchMode.NEW or graph.path is None:
        return None
    found = _to_resume(graph, number, rerun) if way is LaunchMode.RESUME else _offered(graph)
    if found is not None:
        wait_for_what_is_left(found.directory)
    return found


def _to_resume(graph: Graph, number: int | None, rerun: tuple[int, ...]) -> Resumption:
    """The run that is to be resumed; ends the program when there is nothing to resume (0 if all is done, else 2)."""
    from dagtui.graph.errors import GraphError
    from dagtui.runs.last_run import NothingToResumeError, ended_well, resumable
    from dagtui.store.errors import StoreError

    try:
        found = resumable(graph, number, rerun)
        # Of all others something is left as a rule, and whoever resumes them reads them anyway.
        if not rerun and ended_well(found.directory) and (last := _look(graph, found.directory)).well:
            raise last.nothing_left()
    except NothingToResumeError as error:
        say_nothing_to_resume(error)
    except (StoreError, GraphError) as error:
        fail(f"dagtui: {error}")
    return found


def same_as_recorded(graph: Graph, found: Resumption) -> bool:
    """Whether a graph is what a run that is to be resumed ran; raises StoreError and GraphError."""
    last = _look(graph, found.directory)
    return not last.changed and not last.gone


def _offered(graph: Graph) -> Resumption | None:
    """The run that a person wants to be resumed; None: none is left to be resumed, or a new one is wanted."""
    from dagtui.graph.errors import GraphError
    from dagtui.store.errors import StoreError

    found = _unfinished(graph)
    if found is None:
        return None
    try:
        last = _look(graph, found.directory)
    except (StoreError, GraphError) as error:
        say(f"dagtui: run {found.directory.number} can't be resumed, so this is a new one: {error}")
        return None
    if last.well or last.state.verdict() is Verdict.COMPLETED:
        return None
    return found if _ask(last, found) is LaunchMode.RESUME else None


def _unfinished(graph: Graph) -> Resumption | None:
    """The run that --resume would go on with, if it is not live and did not end well."""
    from dagtui.runs.last_run import ended_well, resumption
    from dagtui.store.errors import StoreError

    try:
        found = None if graph.path is None else resumption(graph.path)
    except StoreError:
        return None  # whoever makes the new run's directory says what is wrong
    if found is None or found.directory.is_live() or ended_well(found.directory) or found.directory.damage():
        return None
    return found


def wait_for_what_is_left(directory: RunDirectory) -> None:
    """Wait while processes of a run that was killed are still being ended, and say so: it may take as long as `grace`.

    Whoever resumes the run looks again, once nobody else can. Ends the program when it takes too long.
    """
    from dagtui.runs.previous_processes import left_behind, wait_for_the_end
    from dagtui.store.errors import StoreError

    left = left_behind(directory.path)
    if not left:
        return
    what = f"processes of run {directory.number} are still being ended (by process {left[0]})"
    try:
        say(f"dagtui: {what}; it goes on when none is left")
        wait_for_the_end(directory.path)
    except StoreError as error:
        fail(f"dagtui: {error}")


def advise(graph: Graph, jobs: int | None, *, ascii_only: bool) -> None:
    """Say in one line, where nobody can be asked, how the run before a new one can be resumed, also later."""
    found = _unfinished(graph)
    if found is None:
        return
    from dagtui.graph.errors import GraphError
    from dagtui.runs.last_run import ending
    from dagtui.runs.redaction import hide_known
    from dagtui.runs.resume_command import command_to_resume

    number = found.directory.number
    how = {"failed": "failed", "cancelled": "was cancelled", None: "broke off"}.get(ending(found.directory), "was left")
    try:
        shown = hide_known(graph, os.environ)
    except GraphError:
        return  # whoever begins the run says what is wrong
    command = command_to_resume(shown, number, jobs, ascii_only=ascii_only)
    say(f"dagtui: this is a new run. Run {number} {how}; to resume it: {command}")


def _look(graph: Graph, directory: RunDirectory) -> LastRun:
    from dagtui.runs.redaction import keep_secrets
    from dagtui.runs.restore import replay
    from dagtui.store.journal import JournalReader

    return replay(keep_secrets(graph, os.environ)[0], directory, JournalReader(directory.journal_path))


def say_nothing_to_resume(error: NothingToResumeError) -> NoReturn:
    """End the program: with 0 when everything is done, as make does."""
    if not error.completed:
        fail(f"dagtui: {error}")
    with standard_output() as output:
        output.line(str(error))
    raise SystemExit(0)


def _ask(last: LastRun, found: Resumption) -> LaunchMode:
    output = Output()
    try:
        with single_keys(sys.stdin.fileno()):
            output.line(question(last, found, time.time()))
            output.write(b"[r]esume it (Enter), start a [n]ew run, [q]uit? ")
            output.flush()
            answer = _answer()
    except KeyboardInterrupt:  # also while the question is being written
        output.lines([""])
        raise
    output.lines([_SAID[answer]])
    if answer is None:
        raise SystemExit(0)
    return answer


def _answer() -> LaunchMode | None:
    """What the next key that means something stands for; None: quit. Arrows, clicks and answers mean nothing."""
    keystrokes = Keystrokes(sys.stdin.fileno())
    while True:
        key = keystrokes.read()
        if key in _ANSWERS:
            return _ANSWERS[key]


def question(last: LastRun, found: Resumption, now: float) -> str:
    """What became of the run that can be resumed, in a few lines that are safe to show."""
    from dagtui.runs.restore import named, stay_cancelled

    counts = last.state.counts
    amounts = [
        f"{count(amount)} {word}"
        for word, statuses in _WORDS.items()
        if (amount := sum(counts[status] for status in statuses))
    ]
    ago = duration(now - last.past.last_wall) if last.past.last_wall else ""
    name = f"Run {last.directory.number} of {label(last.graph.name)}"
    lines = [f"{name}{f', {ago} ago,' if ago else ''} did not end well: {', '.join(amounts)}."]
    if found.passed_over:
        lines.append(f"This {found.words()}.")
    if last.broke_off():
        lines.append(f"{last.broke_off().capitalize()}.")
    if last.changed:
        again = sum(last.state.status[node] == NodeStatus.COMPLETED for node in last.again)
        lines.append(f"Changed since: {last.changes()}; {count(again)} that completed would run again.")
    if last.followers:
        lines.append(f"What ran because of how others ended would run again: {named(last.graph, last.followers)}.")
    if last.cancelled:
        lines.append(f"{stay_cancelled(last.graph, last.cancelled)}.")
    return "\n".join(lines)
