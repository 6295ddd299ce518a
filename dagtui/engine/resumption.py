"""Going on with a recorded run of which no attempt is alive any more."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dagtui.engine.events import RunEvent
from dagtui.engine.status import Cause, NodeStatus

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dagtui.engine.derivation import Derivation

LOST = "lost: the run broke off while it was running"
_ALIVE = frozenset({NodeStatus.RUNNING, NodeStatus.CANCELLING})
_UNBEGUN = frozenset({NodeStatus.WAITING, NodeStatus.READY})
_BY_A_PERSON = {NodeStatus.COMPLETED: Cause.MARKED, NodeStatus.SKIPPED: Cause.PERSON}


def take_up(
    run: Derivation, now: float, again: Mapping[int, str], used: Mapping[int, int], *, jobs: int, boot: str
) -> None:
    """Bring the replayed state of a run to where it begins anew; everything is derived afterwards.

    What completed stays, but for the nodes in `again`, which maps them to the reason why they run again; what a person
    skipped or marked stays. All else is as if it had not begun, without marks and with a fresh budget of retries. An
    attempt that was in flight is lost; its number, and those up to `used`, are not used again.

    Every step is an event: taking up a run that was taken up in part comes to the same state.
    """
    state, last = run.state, run.now
    run.now = now
    run.emit(RunEvent(now, "resumed", jobs=jobs, boot=boot))
    begun: list[int] = []
    for node in run.graph.order:
        status = state.status_of(node)
        if status in _ALIVE:
            run.now = last  # nobody knows when; it was before the run was taken up
            run.set(node, NodeStatus.FAILED, Cause.LOST, LOST, marks=())
            run.now = now
        elif _BY_A_PERSON.get(status) is state.cause_of(node):
            continue
        if status is NodeStatus.COMPLETED and node not in again:
            if state.cause_of(node) is not Cause.RESUMED:
                run.set(node, status, Cause.RESUMED, stale=bool(state.stale[node]))
            continue
        attempt = max(state.attempt[node], used.get(node, 0))
        if attempt or status.settled:
            begun.append(node)
        if status is not NodeStatus.WAITING or attempt > state.base[node]:
            run.set(node, NodeStatus.WAITING, why=again.get(node, ""), attempt=attempt, marks=(), fresh=True)
    run.again.update(_above_a_success(run, begun))
    state.touched.clear()


def _above_a_success(run: Derivation, nodes: list[int]) -> list[int]:
    """Those of some nodes that have completed nodes below them, which become stale when they begin."""
    graph, status = run.graph, run.state.status
    above = bytearray(len(graph))
    for node in reversed(graph.order):
        above[node] = any(above[child] or status[child] == NodeStatus.COMPLETED for child in graph.children(node))
    return [node for node in nodes if above[node]]
