"""Decide between resuming the last run and starting a new one, by the options or by asking."""

from __future__ import annotations

import os
import sys
import time
from typing import TYPE_CHECKING, NoReturn

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
    "cancelled": (NodeStatus.CANCELLED,),
    "skipped": (NodeStatus.SKIPPED,),
    "interrupted": (NodeStatus.RUNNING, NodeStatus.CANCELLING),
    "not run": (NodeStatus.WAITING, NodeStatus.READY, NodeStatus.RETRYING, NodeStatus.FAILED_PARENT),
}
_OUTCOMES = {Verdict.FAILED: "failed", Verdict.CANCELLED: "was cancelled"}
"""What became of a run that was closed. Another one was left before its end."""

_ANSWER_WORDS = {LaunchMode.RESUME: "resume", LaunchMode.NEW: "new", None: "quit"}


def nodes_to_rerun(graph: Graph, names: tuple[str, ...]) -> tuple[int, ...]:
    """Return the nodes that `--rerun` names. Ends the program if a name means none."""
    if not names:
        return ()
    from dagtui.graph.matrix.selection import ChoiceError, chosen_nodes

    try:
        return chosen_nodes(graph, names)
    except ChoiceError as error:
        fail(f"dagtui: --rerun: {error}")


def choose(graph: Graph, mode: LaunchMode, number: int | None = None, rerun: tuple[int, ...] = ()) -> Resumption | None:
    """Return the run of a graph to resume: the given number, else the last one. None means to start a new run.

    With nodes to rerun, even a completed run is resumed.

    Ends the program if there is nothing to resume (0 if all is done, else 2), or if the user quits.
    """
    if mode is LaunchMode.NEW or graph.path is None:
        return None
    found = _to_resume(graph, number, rerun) if mode is LaunchMode.RESUME else _offered(graph)
    if found is not None:
        wait_for_previous_processes(found.directory)
    return found


def _to_resume(graph: Graph, number: int | None, rerun: tuple[int, ...]) -> Resumption:
    """Return the run to resume. Ends the program if there is nothing to resume (0 if all is done, else 2)."""
    from dagtui.graph.errors import GraphError
    from dagtui.runs.last_run import NothingToResumeError, ended_well, resumable
    from dagtui.store.errors import StoreError

    try:
        found = resumable(graph, number, rerun)
        # Other runs usually have something left to do, and are read when they are resumed anyway.
        if not rerun and ended_well(found.directory) and (last := _look(graph, found.directory)).well:
            raise last.nothing_left()
    except NothingToResumeError as error:
        say_nothing_to_resume(error)
    except (StoreError, GraphError) as error:
        fail(f"dagtui: {error}")
    return found


def same_as_recorded(graph: Graph, found: Resumption) -> bool:
    """Return whether a graph equals the one of the run to resume. Raises StoreError and GraphError."""
    last = _look(graph, found.directory)
    return not last.changed and not last.gone


def _offered(graph: Graph) -> Resumption | None:
    """Return the run that the user chooses to resume. None if no run can be resumed or a new one is chosen."""
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
    """Return the run that --resume would take, if it is not live and did not end well."""
    from dagtui.runs.last_run import ended_well, resumption
    from dagtui.store.errors import StoreError

    try:
        found = None if graph.path is None else resumption(graph.path)
    except StoreError:
        return None  # creating the new run's directory reports what is wrong
    if found is None or found.directory.is_live() or ended_well(found.directory) or found.directory.damage():
        return None
    return found


def wait_for_previous_processes(directory: RunDirectory) -> None:
    """Wait until the processes of a killed run have ended, with a message, because it may take as long as `grace`.

    The resume checks again under the lock. Ends the program if the wait takes too long.
    """
    from dagtui.runs.previous_processes import ended_by, left_behind, survivors, wait_for_processes
    from dagtui.store.errors import StoreError

    left = left_behind(directory.path)
    if not left:
        if survivors(directory.path):
            say(f"dagtui: processes of run {directory.number} have outlived it; the resumed run ends them first")
        return
    what = f"processes of run {directory.number} are still being ended ({ended_by(left)})"
    try:
        say(f"dagtui: {what}; waiting until none is left")
        wait_for_processes(directory.path)
    except StoreError as error:
        fail(f"dagtui: {error}")


def advise(graph: Graph, jobs: int | None, *, ascii_only: bool) -> None:
    """Print a line on how to resume the previous run, where the user can't be asked."""
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
        return  # starting the run reports what is wrong
    command = command_to_resume(shown, number, jobs, ascii_only=ascii_only)
    say(f"dagtui: this is a new run. Run {number} {how}; to resume it: {command}")


def _look(graph: Graph, directory: RunDirectory) -> LastRun:
    from dagtui.runs.redaction import keep_secrets
    from dagtui.runs.restore import replay
    from dagtui.store.journal import JournalReader

    return replay(keep_secrets(graph, os.environ)[0], directory, JournalReader(directory.journal_path))


def say_nothing_to_resume(error: NothingToResumeError) -> NoReturn:
    """End the program, with status 0 if everything is done, as make does."""
    if not error.completed:
        fail(f"dagtui: {error}")
    with standard_output() as output:
        output.line(str(error))
    raise SystemExit(0)


def _ask(last: LastRun, found: Resumption) -> LaunchMode:
    from dagtui.cli.keystrokes import single_keys

    output = Output()
    try:
        with single_keys(sys.stdin.fileno()):
            output.line(question(last, found, time.time()))
            output.write(b"[r]esume it (Enter), start a [n]ew run, [q]uit? ")
            output.flush()
            answer = _answer()
    except KeyboardInterrupt:  # also while the question is being printed
        output.lines([""])
        raise
    output.lines([_ANSWER_WORDS[answer]])
    if answer is None:
        raise SystemExit(0)
    return answer


def _answer() -> LaunchMode | None:
    """Return what the next meaningful key selects, or None to quit. Arrows, clicks and replies are ignored."""
    from dagtui.cli.keystrokes import END, ESCAPE, Keystrokes

    answers: dict[str, LaunchMode | None] = {
        **dict.fromkeys(["r", "R", "\r", "\n"], LaunchMode.RESUME),
        **dict.fromkeys(["n", "N"], LaunchMode.NEW),
        **dict.fromkeys(["q", "Q", ESCAPE, "\x04", END], None),
    }
    keystrokes = Keystrokes(sys.stdin.fileno())
    while True:
        key = keystrokes.read()
        if key in answers:
            return answers[key]


def question(last: LastRun, found: Resumption, now: float) -> str:
    """Describe the run that can be resumed, in a few lines that are safe to show."""
    from dagtui.runs.restore import named, stay_cancelled
    from dagtui.runs.wording import failed_words

    counts = last.state.counts
    done = f"{count(counts[NodeStatus.COMPLETED])} of {count(len(last.graph))} done"
    others = [*failed_words(counts[NodeStatus.FAILED], last.state.allowed_failures)]
    for word, statuses in _WORDS.items():
        if amount := sum(counts[status] for status in statuses):
            others.append(f"{count(amount)} {word}")
    how = _OUTCOMES.get(last.state.verdict(), "was left unfinished") if last.past.ended else "was interrupted"
    ago = f" {duration(now - last.past.last_wall)} ago" if last.past.last_wall else ""
    name = f"Run {last.directory.number} of {label(last.graph.name)}"
    lines = [f"{name} {how}{ago} ({', '.join([done, *others])})."]
    if found.passed_over:
        lines.append(f"This {found.words()}.")
    if last.broke_off():
        lines.append(f"{last.broke_off().capitalize()}.")
    if last.changed:
        again = sum(last.state.status[node] == NodeStatus.COMPLETED for node in last.again)
        lines.append(f"Changed since: {last.changes()}; {count(again)} that completed would run again.")
    if last.followers:
        lines.append(f"Nodes that depend on how others ended would run again: {named(last.graph, last.followers)}.")
    if last.cancelled:
        lines.append(f"{stay_cancelled(last.graph, last.cancelled)}.")
    return "\n".join(lines)
