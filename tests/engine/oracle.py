"""A second implementation of the contract: slow, pure, and independent of the engine."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from dagtui.engine.status import Cause, NodeStatus, Verdict
from dagtui.graph.model import ShellCommand, Trigger

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from dagtui.engine.state import RunState
    from dagtui.graph.model import Graph

WAITS, RUNS, HELD, SKIPS, NOTHING = "waits", "runs", "failed parent", "skipped", "nothing failed"
FALSE, UNDECIDABLE = "its condition is false", "its condition can't be decided"

BEGUN_NOT = frozenset({NodeStatus.WAITING, NodeStatus.READY})
SETTLED = frozenset(
    {
        NodeStatus.COMPLETED,
        NodeStatus.FAILED,
        NodeStatus.FAILED_PARENT,
        NodeStatus.CANCELLED,
        NodeStatus.SKIPPED,
    }
)
RUN_ANYWAY = frozenset({Trigger.ALL_DONE, Trigger.ANY_FAILED})


def class_of(status: NodeStatus, cause: Cause, *, allow_failure: bool) -> str:
    """Return how a parent counts: ok, bad, skip, or open if it is not settled."""
    if status is NodeStatus.COMPLETED:
        return "ok"
    if status is NodeStatus.FAILED:
        return "ok" if allow_failure else "bad"
    if status in {NodeStatus.FAILED_PARENT, NodeStatus.CANCELLED}:
        return "bad"
    if status is NodeStatus.SKIPPED:
        return "ok" if cause is Cause.PERSON else "skip"
    return "open"


def decide(trigger: Trigger, parents: list[str]) -> str:
    """Return the decision of the table of triggers, row by row."""
    everything_settled = "open" not in parents
    if trigger is Trigger.ALL_SUCCESS:
        if "bad" in parents:
            return HELD
        if all(parent == "ok" for parent in parents):
            return RUNS
        return SKIPS if everything_settled else WAITS
    if trigger in {Trigger.NONE_FAILED, Trigger.NONE_FAILED_MIN_ONE_SUCCESS}:
        if "bad" in parents or not everything_settled:
            return HELD if "bad" in parents else WAITS
        return RUNS if trigger is Trigger.NONE_FAILED or "ok" in parents else SKIPS
    if trigger is Trigger.ANY_SUCCESS:
        if "ok" in parents:
            return RUNS
        if not everything_settled:
            return WAITS
        return HELD if "bad" in parents else SKIPS
    if trigger is Trigger.ANY_FAILED:
        if "bad" in parents:
            return RUNS
        return NOTHING if everything_settled else WAITS
    assert trigger is Trigger.ALL_DONE
    return RUNS if everything_settled else WAITS


STATUS_OF = {
    WAITS: NodeStatus.WAITING,
    RUNS: NodeStatus.READY,
    HELD: NodeStatus.FAILED_PARENT,
    SKIPS: NodeStatus.SKIPPED,
    NOTHING: NodeStatus.SKIPPED,
    FALSE: NodeStatus.SKIPPED,
    UNDECIDABLE: NodeStatus.FAILED,
}
CAUSE_OF = {
    SKIPS: Cause.PROPAGATED,
    NOTHING: Cause.NOTHING_FAILED,
    FALSE: Cause.CONDITION,
    UNDECIDABLE: Cause.CONDITION,
}


def parent_classes(state: RunState, node: int) -> list[str]:
    """Return the classes of a node's parents, counted anew."""
    graph = state.graph
    return [
        class_of(state.status_of(p), state.cause_of(p), allow_failure=graph.task(p).allow_failure)
        for p in graph.parents(node)
    ]


def decision(state: RunState, node: int) -> str:
    """Return what the table and the node's condition say of a node now."""
    if must_wait(state, node):
        return WAITS
    by_parents = decide(state.graph.task(node).trigger, parent_classes(state, node))
    return with_condition(state, node, by_parents, state.status_of)


def must_wait(state: RunState, node: int) -> bool:
    """Return whether a node is a finally node, and another node of the run is not settled (rule 12)."""
    graph = state.graph
    others = (other for other in graph.nodes if not graph.task(other).is_finally and not state.is_outside(other))
    return graph.task(node).is_finally and any(state.status_of(other) not in SETTLED for other in others)


def with_condition(state: RunState, node: int, by_parents: str, status_of: Callable[[int], NodeStatus]) -> str:
    """Return what a node's condition makes of what the table of triggers says."""
    condition = state.graph.task(node).condition
    if not condition or node in state.bypassed or ("needs." in condition and by_parents != RUNS):
        return by_parents
    return condition_says(state, condition, status_of) or by_parents


def condition_says(state: RunState, condition: str, status_of: Callable[[int], NodeStatus]) -> str:
    """Return what keeps a node from running, for the conditions of the random graphs. Empty: nothing does."""
    if condition in FIXED_CONDITIONS:
        return FIXED_CONDITIONS[condition]
    name, *words = re.split(r"[ .]+", condition.removeprefix("needs."))
    parent = state.graph.node(name)
    status = status_of(parent)
    if status not in SETTLED:
        return WAITS
    word = status.name.lower()
    attempt = state.outputs.get(parent, {}).get("attempt")
    found = {
        "status == 'completed'": word == "completed",
        "status in ['failed', 'skipped']": word in {"failed", "skipped"},
        "outputs attempt != 2": attempt != "2",
        "outputs attempt < 5": None if attempt is None else int(attempt) < 5,
    }[" ".join(words)]
    return UNDECIDABLE if found is None else "" if found else FALSE


FIXED_CONDITIONS = {"true": "", "'' == 'x'": FALSE, "env.NOT_SET > 3": UNDECIDABLE}
PARENT_CONDITIONS = (
    "needs.n{}.status == 'completed'",
    "needs.n{}.status in ['failed', 'skipped']",
    "needs.n{}.outputs.attempt != 2",
    "needs.n{}.outputs.attempt < 5",
)
"""The conditions of the random graphs, and of those that read a parent. Every third attempt has no outputs."""


def joins(state: RunState, nodes: Iterable[int], outside: set[int]) -> set[int]:
    """Return the nodes that join the run with some nodes: those and their ancestors that are outside."""
    return outside & set().union(*({node} | ancestors(state.graph, node) for node in nodes))


def blocked_when_joined(state: RunState, joined: set[int]) -> dict[int, set[int]]:
    """Return the nodes that joined a run and are blocked at once, each with the nodes that block it."""
    graph = state.graph
    statuses: dict[int, NodeStatus] = {}
    causes: dict[int, set[int]] = {}

    def standing(node: int) -> tuple[NodeStatus, Cause]:
        return (statuses[node], Cause.NONE) if node in joined else (state.status_of(node), state.cause_of(node))

    for node in sorted((node for node in graph.order if node in joined), key=lambda node: graph.task(node).is_finally):
        parents = list(graph.parents(node))
        classes = [class_of(*standing(p), allow_failure=graph.task(p).allow_failure) for p in parents]
        others = any(status not in SETTLED for other, status in statuses.items() if not graph.task(other).is_finally)
        waits = graph.task(node).is_finally and (others or must_wait(state, node))
        by_parents = WAITS if waits else decide(graph.task(node).trigger, classes)
        statuses[node] = STATUS_OF[with_condition(state, node, by_parents, lambda other: standing(other)[0])]
        if statuses[node] is NodeStatus.FAILED_PARENT:
            bad = [parent for parent, kind in zip(parents, classes, strict=True) if kind == "bad"]
            causes[node] = set()
            for parent in bad:
                blocked = standing(parent)[0] is NodeStatus.FAILED_PARENT
                inside = roots(state, parent) if parent not in joined else causes.get(parent, set())
                causes[node] |= inside if blocked else {parent}
    return causes


def longest_path(graph: Graph, node: int) -> int:
    """Return the number of nodes on the longest path from a node to the end of the graph."""
    return 1 + max((longest_path(graph, child) for child in graph.children(node)), default=0)


def descendants(graph: Graph, node: int) -> set[int]:
    """Return all nodes below a node, found edge by edge."""
    found: set[int] = set()
    for child in graph.children(node):
        found |= {child} | descendants(graph, child)
    return found


def ancestors(graph: Graph, node: int) -> set[int]:
    """Return all nodes above a node, found edge by edge."""
    found: set[int] = set()
    for parent in graph.parents(node):
        found |= {parent} | ancestors(graph, parent)
    return found


def cancelled_by_subtree(graph: Graph, top: int) -> set[int]:
    """Return the targets of `cancel subtree`: the subtree, up to nodes with an independent trigger."""
    found = {top}
    for child in graph.children(top):
        if graph.task(child).trigger not in RUN_ANYWAY and not graph.task(child).is_finally:
            found |= cancelled_by_subtree(graph, child)
    return found


def roots(state: RunState, node: int) -> set[int]:
    """Return the failed and cancelled nodes that block a node."""
    found: set[int] = set()
    for parent in state.graph.parents(node):
        status = state.status_of(parent)
        if status is NodeStatus.FAILED_PARENT:
            found |= roots(state, parent)
        elif status is NodeStatus.CANCELLED or (
            status is NodeStatus.FAILED and not state.graph.task(parent).allow_failure
        ):
            found.add(parent)
    return found


def retried_for(state: RunState, causes: set[int]) -> set[int]:
    """Return what a retry resets for a blocked node: its causes, and the causes of those that are blocked in turn."""
    blocked = {node for node in causes if decision(state, node) == HELD}
    return causes.union(*(retried_for(state, roots(state, node)) for node in blocked))


ParentOutcome = tuple[NodeStatus, Cause]


def follows(graph: Graph, node: int) -> bool:
    """Return whether a node is a follower."""
    lenient = any(graph.task(parent).allow_failure for parent in graph.parents(node))
    task = graph.task(node)
    reads = bool(asked(graph, node)) or "needs." in task.condition
    return lenient or task.trigger is not Trigger.ALL_SUCCESS or reads


def asked(graph: Graph, node: int) -> set[int]:
    """Return the node whose output a node's command uses, if it uses one."""
    action = graph.task(node).action
    if not isinstance(action, ShellCommand):
        return set()
    return {graph.node(label) for label in re.findall(r"needs\.(\w+)\.outputs", action.text)}


def ended_otherwise(graph: Graph, old: Sequence[ParentOutcome], new: Sequence[ParentOutcome]) -> set[int]:
    """Return the nodes whose end a command has put in question (rule 9)."""
    found: set[int] = set()
    for node in graph.order:
        (was, cause), (now, _) = old[node], new[node]
        if was not in SETTLED:
            continue
        if now in SETTLED:
            changed = was is not now
        else:
            by_person = {NodeStatus.COMPLETED: Cause.ANSWERED, NodeStatus.SKIPPED: Cause.PERSON}
            expected_again = was in by_person and cause is not by_person[was]
            changed = not expected_again
        if changed:
            found.add(node)
    return found


def due_again(graph: Graph, old: Sequence[ParentOutcome], new: Sequence[ParentOutcome]) -> set[int]:
    """Return the nodes that counted as done and must run again, because a parent's end changes (rule 9)."""
    changed = ended_otherwise(graph, old, new)
    done = {(NodeStatus.COMPLETED, cause) for cause in Cause} - {(NodeStatus.COMPLETED, Cause.MARKED)}
    ended = {(NodeStatus.FAILED, cause) for cause in Cause} - {(NodeStatus.FAILED, Cause.CONDITION)}
    return {
        node
        for node in graph.order
        if (old[node] in done or (old[node] in ended and graph.task(node).allow_failure))
        and follows(graph, node)
        and not changed.isdisjoint({*graph.parents(node), *asked(graph, node)})
    }


def verdict(state: RunState, inside: set[int], timeouts: set[int], *, ended_by_person: bool) -> Verdict:
    """Return the verdict over the nodes that are part of the run (rule 4)."""
    graph = state.graph
    statuses = {node: state.status_of(node) for node in sorted(inside)}
    if any(status not in SETTLED for status in statuses.values()):
        return Verdict.RUNNING
    if ended_by_person:
        return Verdict.CANCELLED
    failed = [
        status is NodeStatus.FAILED_PARENT or (status is NodeStatus.FAILED and not graph.task(node).allow_failure)
        for node, status in statuses.items()
    ]
    if any(failed) or any(timeouts & set(state.marks.get(node, ())) for node in inside):
        return Verdict.FAILED
    cancelled = {node for node, status in statuses.items() if status is NodeStatus.CANCELLED}
    return Verdict.CANCELLED if cancelled - state.leaving else Verdict.COMPLETED


def wrongly_propagated(state: RunState, nodes: Iterable[int]) -> str | None:
    """Describe the first node whose status does not follow from its parents, trigger and marks, or return None."""
    for node in nodes:
        status, cause = state.status_of(node), state.cause_of(node)
        marked = bool(state.marks.get(node))
        if marked != (status is NodeStatus.CANCELLED or (status is NodeStatus.CANCELLING and cause is Cause.CANCEL)):
            return f"{state.graph.labels[node]} is {status.word} with marks {state.marks.get(node)}"
        by_hand = status is NodeStatus.SKIPPED and cause is Cause.PERSON
        by_attempt = status is NodeStatus.FAILED and cause is not Cause.CONDITION
        if by_hand or by_attempt or status not in set(STATUS_OF.values()):
            continue
        wanted = decision(state, node)
        if status is not STATUS_OF[wanted] or (wanted in CAUSE_OF and cause is not CAUSE_OF[wanted]):
            return f"{state.graph.labels[node]} is {status.word} ({cause.word}), but the table says: {wanted}"
    return None
