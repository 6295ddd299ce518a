"""The table of triggers: a node's status by the tallies of its parents (rule 1 in `rules`), and who is a follower."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from dagtui.engine.status import Cause, NodeStatus
from dagtui.graph.expressions.braces import Placeholder, Root
from dagtui.graph.expressions.templates import cut_template
from dagtui.graph.gates import Gate
from dagtui.graph.model import ArgumentList, PythonCall, ShellCommand, Trigger

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from dagtui.graph.model import Graph, NodeIndex, Task

Decision = tuple[NodeStatus, Cause]

WAIT: Decision = (NodeStatus.WAITING, Cause.NONE)
RUN: Decision = (NodeStatus.READY, Cause.NONE)
HELD_BACK: Decision = (NodeStatus.FAILED_PARENT, Cause.NONE)
PASS_ON: Decision = (NodeStatus.SKIPPED, Cause.PROPAGATED)
NOTHING_FAILED: Decision = (NodeStatus.SKIPPED, Cause.NOTHING_FAILED)


def _all_success(total: int, ok: int, bad: int, skip: int) -> Decision:
    if bad:
        return HELD_BACK
    if ok == total:
        return RUN
    return PASS_ON if ok + skip == total else WAIT


def _none_failed(total: int, ok: int, bad: int, skip: int) -> Decision:
    if bad:
        return HELD_BACK
    return RUN if ok + skip == total else WAIT


def _none_failed_min_one_success(total: int, ok: int, bad: int, skip: int) -> Decision:
    if bad:
        return HELD_BACK
    if ok + skip < total:
        return WAIT
    return RUN if ok else PASS_ON


def _any_success(total: int, ok: int, bad: int, skip: int) -> Decision:
    if ok:
        return RUN
    if bad + skip < total:
        return WAIT
    return HELD_BACK if bad else PASS_ON


def _any_failed(total: int, ok: int, bad: int, skip: int) -> Decision:
    if bad:
        return RUN
    return NOTHING_FAILED if ok + skip == total else WAIT


def _all_done(total: int, ok: int, bad: int, skip: int) -> Decision:
    return RUN if ok + bad + skip == total else WAIT


TABLE: dict[Trigger, Callable[[int, int, int, int], Decision]] = {
    Trigger.ALL_SUCCESS: _all_success,
    Trigger.NONE_FAILED: _none_failed,
    Trigger.NONE_FAILED_MIN_ONE_SUCCESS: _none_failed_min_one_success,
    Trigger.ANY_SUCCESS: _any_success,
    Trigger.ANY_FAILED: _any_failed,
    Trigger.ALL_DONE: _all_done,
}
"""Maps a trigger to a function of (parents, ok parents, bad parents, skipped parents) → status and cause."""


def find_followers(graph: Graph) -> bytes:
    """Return a flag by node: whether it is a follower. Return empty bytes if there is no follower."""
    tasks = bytes(
        task.trigger is not Trigger.ALL_SUCCESS or _uses_parent_status(task) or "needs." in task.condition
        for task in graph.tasks
    )
    allowed = [number for number, task in enumerate(graph.tasks) if task.allow_failure]
    if not allowed and not any(tasks):
        return b""
    found = bytearray(tasks[task] for task in graph.task_of)
    if allowed:
        lenient = frozenset(allowed)
        for node, task in zip(graph.nodes, graph.task_of, strict=True):
            if task in lenient:
                for child in graph.children(node):
                    found[child] = 1
    return bytes(found)


def find_readers(graph: Graph) -> dict[NodeIndex, list[NodeIndex]]:
    """Return the nodes that use an output of a node above their parents, by that node. Most graphs have none."""
    asking = {number: placeholders for number, task in enumerate(graph.tasks) if (placeholders := _outputs_used(task))}
    found: dict[NodeIndex, list[NodeIndex]] = {}
    if not asking:
        return found
    from dagtui.graph.expressions.asked import AskedNodes

    asked = AskedNodes(graph)
    for node, number in zip(graph.nodes, graph.task_of, strict=True):
        for placeholder in asking.get(number, ()):
            other = asked.node(node, placeholder)
            if other is not None and node not in graph.children(other):
                found.setdefault(other, []).append(node)
    return found


def _outputs_used(task: Task) -> list[Placeholder]:
    """Return the outputs that a task uses, each once. With a default, a missing one is not an error."""
    used = {part.name: replace(part, default="") for part in _asked(task) if part.output}
    return list(used.values())


def _uses_parent_status(task: Task) -> bool:
    return any(True for _ in _asked(task))


def _asked(task: Task) -> Iterator[Placeholder]:
    """Yield the placeholders of a task that ask other nodes."""
    for text in _texts(task):
        if "needs." in text:
            for part in cut_template(text):
                if isinstance(part, Placeholder) and part.root is Root.NEEDS:
                    yield part


def _texts(task: Task) -> Iterator[str]:
    action = task.action
    if isinstance(action, ShellCommand):
        yield action.text
    elif isinstance(action, ArgumentList):
        yield from action.arguments
    elif isinstance(action, PythonCall):
        yield repr(action.arguments)
    elif isinstance(action, Gate):
        yield action.question
    yield task.cwd
    yield from task.wrap
    yield from task.env.values()
