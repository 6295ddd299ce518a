"""Ask whether to resume the last run or to start a new one."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

from dagtui.cli.keystrokes import END, ESCAPE, Keystrokes, single_keys
from dagtui.cli.output import Output
from dagtui.cli.prepare import replayed
from dagtui.cli.stderr import say
from dagtui.engine.status import NodeStatus, Verdict
from dagtui.graph.errors import GraphError
from dagtui.runs.staying import named, stay_cancelled, stay_held
from dagtui.runs.wording import failed_words, named_words
from dagtui.store.errors import StoreError
from dagtui.text import count, duration, label
from dagtui.text.amounts import WallTime

if TYPE_CHECKING:
    from dagtui.graph.model import Graph
    from dagtui.runs.launch import Resumption
    from dagtui.runs.restore import LastRun

_WORDS: dict[str, tuple[NodeStatus, ...]] = {
    "cancelled": (NodeStatus.CANCELLED,),
    "skipped": (NodeStatus.SKIPPED,),
    "interrupted": (NodeStatus.RUNNING, NodeStatus.CANCELLING),
    "not run": (NodeStatus.WAITING, NodeStatus.READY, NodeStatus.RETRYING, NodeStatus.FAILED_PARENT),
}
_OUTCOMES = {Verdict.FAILED: "failed", Verdict.CANCELLED: "was cancelled"}
"""What became of a run that was closed. Another one was left before its end."""

_ANSWER_WORDS = {True: "resume", False: "new", None: "quit"}


def offer(graph: Graph, found: Resumption) -> bool:
    """Return whether the user chooses to resume a run. False also if it can't be resumed or nothing is left to do."""
    try:
        last = replayed(graph, found.directory)
    except (StoreError, GraphError) as error:
        say(f"dagtui: run {found.directory.number} can't be resumed, so this is a new one: {error}")
        return False
    return last.state.verdict() is not Verdict.COMPLETED and _ask(last, found)


def _ask(last: LastRun, found: Resumption) -> bool:
    """Return whether the user chooses to resume. Ends the program if the user quits."""
    output = Output()
    try:
        with single_keys(sys.stdin.fileno()):
            output.line(question(last, found, WallTime(time.time())))
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


def _answer() -> bool | None:
    """Return whether the next meaningful key means to resume. None: to quit. Arrows, clicks and replies don't count."""
    answers: dict[str, bool | None] = {
        **dict.fromkeys(["r", "R", "\r", "\n"], True),
        **dict.fromkeys(["n", "N"], False),
        **dict.fromkeys(["q", "Q", ESCAPE, "\x04", END], None),
    }
    keystrokes = Keystrokes(sys.stdin.fileno())
    while True:
        key = keystrokes.read()
        if key in answers:
            return answers[key]


def question(last: LastRun, found: Resumption, now: WallTime) -> str:
    """Describe the run that can be resumed, in a few lines that are safe to show."""
    counts = last.state.counts
    done = f"{count(counts[NodeStatus.COMPLETED])} of {count(last.state.total)} done"
    others = [*failed_words(counts[NodeStatus.FAILED], last.state.allowed_failures)]
    for word, statuses in _WORDS.items():
        amount = sum(counts[status] for status in statuses)
        if word == "interrupted" and (elsewhere := last.running_elsewhere):
            others.append(f"{count(elsewhere)} running elsewhere")
            amount -= elsewhere
        if amount:
            others.append(f"{count(amount)} {word}")
    is_closed = last.past.ended or last.past.left
    how = _OUTCOMES.get(last.state.verdict(), "was left unfinished") if is_closed else "was interrupted"
    ago = f" {duration(now - last.past.last_wall)} ago" if last.past.last_wall else ""
    name = f"Run {last.directory.number} of {label(last.graph.name)}"
    lines = [f"{name} {how}{ago} ({', '.join([done, *others])})."]
    if last.state.named:
        lines.append(f"It is for {named_words(last.state.named)}.")
    if found.passed_over:
        lines.append(f"This {found.words()}.")
    if last.broke_off():
        lines.append(f"{last.broke_off().capitalize()}.")
    if words := last.words_elsewhere():
        lines.append(f"{words[0].upper()}{words[1:]}.")
    if last.changed or last.cells:
        again = sum(last.state.status[node] == NodeStatus.COMPLETED for node in last.again)
        lines.append(f"Changed since: {last.changes()}; {count(again)} that completed would run again.")
    if last.followers:
        lines.append(f"Nodes that depend on how others ended would run again: {named(last.graph, last.followers)}.")
    if last.cancelled:
        lines.append(f"{stay_cancelled(last.graph, last.cancelled)}.")
    if held := last.state.held_when_resumed:
        lines.append(f"{stay_held(last.graph, held)}.")
    return "\n".join(lines)
