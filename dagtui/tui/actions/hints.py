"""Key hints, in words: the keys that would help a node along, or that help once the run has ended."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dagtui.engine.capacity import slots_free
from dagtui.engine.queued import lacking_pools
from dagtui.engine.status import FAILED_OR_BLOCKED, Cause, NodeStatus, Verdict
from dagtui.runs.wording import counts, done_words
from dagtui.text import label, plural
from dagtui.text.amounts import CellWidth
from dagtui.text.labels import name_label
from dagtui.tui.actions.availability import Situation
from dagtui.tui.lines.rows import Role, Row, Span, muted, row
from dagtui.tui.node.cause_paths import failed_ancestors, gate_waited_for

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from dagtui.graph.model import NodeIndex
    from dagtui.runs.view import RunView
    from dagtui.text.look import Look
    from dagtui.tui.actions.keymap import Keymap

NAME_CELLS = CellWidth(40)
MOST_PRESSES = 9
"""No person presses a key more often than this."""
_COUNTED = (NodeStatus.FAILED, NodeStatus.FAILED_PARENT, NodeStatus.CANCELLED)
"""The statuses counted for a run that did not complete."""


def node_hints(run: RunView, node: NodeIndex, keymap: Keymap, look: Look) -> list[Row]:
    """Return a row for each key that would do something useful about a node in its present state."""
    return offered(keymap, _hints(run, node), keymap.unavailable(run, Situation.on(node)), look)


def offered(keymap: Keymap, hints: Iterable[tuple[str, str]], without: Collection[str], look: Look) -> list[Row]:
    """Return rows for action ids and what they would do here. A click on a row performs the action.

    The list is empty if no action has a key. Actions in `without` are left out.
    """
    rows = []
    for id_, words in hints:
        if id_ in without:
            continue
        for key in keymap.keys(id_)[:1]:
            shown = Span(f"{keymap.shown(id_, look)} ", Role.KEY, key)
            rows.append(row("  ", shown, Span(words, press=key), indent=4))
    return [row(), row(muted("what you can do")), *rows] if rows else []


_HINTS: dict[NodeStatus, tuple[tuple[str, str], ...]] = {
    NodeStatus.WAITING: (("node.cancel", "cancels {name}"), ("pane.open", "shows the node under the cursor")),
    NodeStatus.READY: (("node.cancel", "cancels {name}"),),
    NodeStatus.RUNNING: (("node.cancel", "cancels {name}"),),
    NodeStatus.RETRYING: (
        ("node.retry", "retries {name} at once"),
        ("node.skip", "skips {name}: its children can run"),
        ("node.cancel", "cancels {name}"),
    ),
    NodeStatus.CANCELLING: (("node.cancel", "kills {name} at once"),),
    NodeStatus.FAILED: (
        ("node.retry", "retries {name}"),
        ("node.edit", "edits the definition of {name}, for a retry"),
        ("node.skip", "skips {name}: its children can run"),
    ),
    NodeStatus.CANCELLED: (("node.retry", "retries {name}"), ("node.skip", "skips {name}: its children can run")),
}
"""For each status: actions of the keymap and what they do about a node of that status."""


def _hints(run: RunView, node: NodeIndex) -> Iterator[tuple[str, str]]:
    """Yield actions of the keymap with what they would do here."""
    state = run.state
    status, cause = state.status_of(node), state.cause_of(node)
    name = _name(run, node)
    if state.is_outside(node):
        yield "node.retry", f"adds {name} to the run, with all that it needs"
        return
    if status is NodeStatus.FAILED_PARENT:
        causes = failed_ancestors(run, node)
        yield "node.retry", f"retries {_name(run, causes[0]) if len(causes) == 1 else plural(len(causes), 'cause')}"
    if status is NodeStatus.RUNNING and run.has_terminal(node):
        yield "node.input", f"types into {name}"
    yield from _release(run, node)
    yield from _answers(run, node)
    if status is NodeStatus.READY and cause is not Cause.ASKS:
        yield from _more_slots(run, node)
    if state.stale[node]:
        yield "node.rerun", f"runs {name} again"
    if cause is Cause.ANSWERED:
        yield "node.retry", f"asks {name} again"
    if status is NodeStatus.SKIPPED and cause is Cause.CONDITION:
        yield "node.retry", f"runs {name} without asking its condition"
    if cause in {Cause.MARKED, Cause.PERSON}:
        yield "node.retry", f"runs {name} after all"
    for id_, words in _HINTS.get(status, ()):
        yield id_, words.replace("{name}", name)
    if status in FAILED_OR_BLOCKED and state.counts[NodeStatus.FAILED] > 1:
        yield "run.retry_failed", "retries everything that failed"


def _release(run: RunView, node: NodeIndex) -> Iterator[tuple[str, str]]:
    """Yield what lets a held node start."""
    if node in run.state.held:
        yield "node.hold", f"releases {_name(run, node)}"


def _answers(run: RunView, node: NodeIndex) -> Iterator[tuple[str, str]]:
    """Yield what answers a node that asks, or the gate that a node waits for."""
    asks, waits = run.state.cause_of(node) is Cause.ASKS, run.state.status_of(node) is NodeStatus.WAITING
    gate = node if asks else gate_waited_for(run, node) if waits else None
    if gate is not None:
        yield "node.input", f"answers {_name(run, gate)}"


def _more_slots(run: RunView, node: NodeIndex) -> Iterator[tuple[str, str]]:
    """Yield what would let a queued node start: the end of a pause, or the slots that it lacks."""
    state = run.state
    if state.paused:
        yield "run.pause", "resumes the run"
        return
    if node in state.held:
        return
    task = run.graph.task(node)
    if task.executor in run.graph.executors:
        if node not in state.queued_since:
            yield "run.more_jobs", f"adds a slot on {label(task.executor)}"
        return
    wanted = task.slots
    if task.pools and any(lacking_pools(state, node)):
        return
    lacking = wanted - slots_free(state)
    if lacking == 1:
        yield "run.more_jobs", "adds a slot"
    elif 1 < lacking <= MOST_PRESSES:
        yield "run.more_jobs", f"{lacking} times adds the {lacking} missing slots"


def _name(run: RunView, node: NodeIndex) -> str:
    return name_label(run.graph.labels[node], NAME_CELLS)


def completion_notice(run: RunView, keymap: Keymap, here: Situation, look: Look) -> tuple[str, Role]:
    """Return the notice for a finished run and its role."""
    state = run.state
    verdict = state.verdict()
    if verdict is Verdict.COMPLETED:
        ended, hints, role = f"Completed{done_words(state.up_to_date, state.stale_count)}", [], Role.PLAIN
    else:
        word = "Out of time" if state.ran_out_of_time else "Finished"
        ended = f"{word}: {counts(state, _COUNTED)}{done_words(0, state.stale_count)}"
        without = keymap.unavailable(run, here)
        hints, role = [hint for hint in _hints_at_end(run, here.node) if hint[0] not in without], Role.WARNING
    hints.append(("screen.leave", "quit"))
    keys = [f"{key} {does}" for id_, does in hints if (key := keymap.shown(id_, look))]
    return f"{ended}. {look.glyphs.separator.join(keys)}", role


def _hints_at_end(run: RunView, node: NodeIndex | None) -> list[tuple[str, str]]:
    """Return key ids and what they do for a run that did not complete."""
    state = run.state
    failed = state.counts[NodeStatus.FAILED]
    on_failure = node is not None and state.status_of(node) is NodeStatus.FAILED
    found: list[tuple[str, str]] = []
    if failed > on_failure:
        found.append(("find.failure", "next failure"))
    found.append(("node.retry", "retry"))
    if failed > 1:
        found.append(("run.retry_failed", "retry all"))
    return found
