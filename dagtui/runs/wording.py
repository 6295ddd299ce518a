"""One-line descriptions of what a command asks for and what it does."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from dagtui.engine.messages import Command, CommandKind
from dagtui.engine.status import NodeStatus
from dagtui.engine.why import HELD
from dagtui.text import count, duration, label, plural
from dagtui.text.amounts import CellWidth, first_of
from dagtui.text.labels import name_label

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from dagtui.engine.messages import Preview
    from dagtui.engine.state import RunState
    from dagtui.graph.model import Graph, NodeIndex
    from dagtui.text.amounts import Seconds

_NAME_CELLS = CellWidth(60)
_NAMED = 5
"""The largest number of targets that are named."""
_WORTH_TELLING = 1.1
"""A run's total time is shown too if it is at least this many times its active time."""


def spent(active: float, wall_seconds: Seconds | None) -> str:
    """Say how long a run was active, and how long it took in total if that is much longer."""
    words = duration(active)
    if wall_seconds is None or wall_seconds < max(active + 1.0, active * _WORTH_TELLING):
        return words
    return f"{words} ({duration(wall_seconds)} with waits)"


def target(graph: Graph, command: Command) -> str:
    """Name a command's target: a node, a number of nodes, or nothing for the whole run."""
    if not command.nodes:
        return ""
    if len(command.nodes) > 1:
        return plural(len(command.nodes), "node")
    return name_label(graph.labels[command.nodes[0]], _NAME_CELLS)


def asked(graph: Graph, command: Command) -> str:
    """Describe what a command asks for: "cancel subtree train[seed=1]", "set jobs to 4"."""
    if command.kind is CommandKind.SET_JOBS:
        return (
            f"set jobs of {label(command.executor)} to {count(command.jobs)}"
            if command.executor
            else (f"set jobs to {count(command.jobs)}")
        )
    if command.answer is not None:
        return f"answer {label(command.answer.choice, 60)} to {target(graph, command)}"
    return f"{command.kind.value} {target(graph, command)}".rstrip()


def done(state: RunState, preview: Preview) -> str:
    """Describe in one safe line what a command did, or why it did nothing."""
    return _sentence(state, preview, _DID)


def would_do(state: RunState, preview: Preview) -> str:
    """Describe in one safe line what a command would do, or why it would do nothing."""
    return _sentence(state, preview, _WOULD)


class _CommandWords(NamedTuple):
    """Words for what happens to nodes: templates for their number, and run-wide commands."""

    added: str
    again: str
    stopped: str
    released: str
    from_hold: str
    """Instead of `released`, where the command is a release."""
    dropped: str
    blocked: str
    """Empty: not said."""
    begins: str
    """Empty: not said."""
    own_released: str
    own_stopped: str
    """Empty: the reason that the state gives."""
    run_wide: Mapping[CommandKind, str]


def _sentence(state: RunState, preview: Preview, words: _CommandWords) -> str:
    command = preview.command
    name = target(state.graph, command)
    if preview.nothing is not None:
        return f"{name or command.kind.value}: {preview.nothing}"
    if command.kind is CommandKind.SET_JOBS:
        where = f" on {label(command.executor)}" if command.executor else ""
        return f"{plural(command.jobs, 'slot')}{where} from now on"
    if command.kind in words.run_wide:
        return words.run_wide[command.kind]
    decided = _DECIDED.get(command.kind, "")
    if decided:
        parts = [decided if len(command.nodes) == 1 else f"{count(len(command.nodes))} {decided}"]
    else:
        parts = [_own(state, preview, words)] if len(command.nodes) == 1 else []
    said = set(command.nodes) if parts else set()
    again = set(preview.again)
    for nodes, happens in (
        (set(preview.added), words.added),
        (again, words.again),
        (set(preview.stopped) - again, words.stopped),
        (set(preview.released), words.from_hold if command.kind is CommandKind.RELEASE else words.released),
        (set(preview.dropped), words.dropped),
        (set(preview.blocked), words.blocked),
        (set(preview.begins), words.begins),
        (set(preview.held), _held_words(command.kind, len(set(preview.held) - said))),
    ):
        number = len(nodes - said)
        if number and happens:
            others = f"{count(number)} more" if nodes is again and nodes & said else count(number)
            template = happens.replace("{} run ", "{} runs ") if number == 1 else happens
            parts.append(template.format(others))
    if preview.left_out:
        parts.append(f"{count(len(preview.left_out))} left out")
    return f"{asked(state.graph, command)}: " + (", ".join(filter(None, parts)) or "done")


def named_words(names: Sequence[str]) -> str:
    """Name the targets of a run as they were given, the first ones of many. Safe to show."""
    return first_of([name_label(name, _NAME_CELLS) for name in names[:_NAMED]], len(names))


def with_reason(word: str, reason: str) -> str:
    """Join a status and its reason, which may contain the status: "skipped: nothing failed", "blocked by a"."""
    if not reason:
        return word
    return reason if word in reason else f"{word}: {reason}"


def counts(state: RunState, statuses: Iterable[NodeStatus] = NodeStatus) -> str:
    """Count the nodes of each status: "11 done (9 up to date, 2 stale), 1 failed, 2 failed (allowed)"."""
    words: list[str] = []
    for status in statuses:
        number = state.counts[status]
        if status is NodeStatus.FAILED:
            words += failed_words(number, state.allowed_failures)
        elif number:
            done = done_words(state.up_to_date, state.stale_count) if status is NodeStatus.COMPLETED else ""
            words.append(f"{count(number)} {status.word}{done}")
    return ", ".join(words)


def failed_words(number: int, allowed: int) -> list[str]:
    """Count failed nodes, of which some were allowed to fail: "1 failed", "2 failed (allowed)"."""
    others = number - allowed
    words = [f"{count(others)} failed"] if others else []
    return words + ([f"{count(allowed)} failed (allowed)"] if allowed else [])


def done_words(up_to_date: int, stale: int) -> str:
    """Return what follows the number of completed nodes: how many were up to date, and how many are stale."""
    words = [f"{count(number)} {word}" for number, word in ((up_to_date, "up to date"), (stale, "stale")) if number]
    return f" ({', '.join(words)})" if words else ""


_DECIDED = {CommandKind.SKIP: "skipped", CommandKind.MARK_DONE: "marked done", CommandKind.ANSWER: "answered"}
"""What becomes of the target of a command that sets a node's result."""


def _held_words(kind: CommandKind, number: int) -> str:
    """Return the template for the number of nodes that are held after a command."""
    if kind is CommandKind.HOLD:
        return "{} held"
    return "{} stays held" if number == 1 else "{} stay held"


def _own(state: RunState, preview: Preview, words: _CommandWords) -> str:
    """Describe what happens to a single target. Empty if nothing happens to the node itself."""
    node = preview.command.nodes[0]
    if preview.command.kind is CommandKind.HOLD:
        return HELD
    happens = _happens_to(state, preview, node, words)
    return f"{happens}, but stays held" if happens and node in preview.held else happens


def _happens_to(state: RunState, preview: Preview, node: NodeIndex, words: _CommandWords) -> str:
    if node in preview.added:
        return "joins the run"
    if node in preview.again:
        return "stops, then runs again" if node in preview.stopped else "runs again"
    if node in preview.released:
        is_retried_gate = state.graph.gate(node) is not None and preview.command.kind is not CommandKind.RELEASE
        return "asks again" if is_retried_gate else words.own_released
    if node in preview.stopped:
        return words.own_stopped or state.why.get(node) or "stopping"
    if node in preview.blocked:
        return "its parents block it"
    return "will not run" if node in preview.dropped else ""


_DID = _CommandWords(
    "{} added",
    "{} run again",
    "{} stopping",
    "{} may run now",
    "{} released",
    "{} will not run",
    "",
    "",
    "may run now",
    "",
    {CommandKind.PAUSE: "paused: nothing new starts until you resume", CommandKind.RESUME: "resumed"},
)
_WOULD = _CommandWords(
    "adds {}",
    "{} will run again",
    "stops {}",
    "{} may run",
    "{} may run",
    "{} will not run",
    "{} will be blocked",
    "{} may start",
    "may run",
    "stops",
    {CommandKind.PAUSE: "nothing new starts until you resume", CommandKind.RESUME: "the run continues"},
)
