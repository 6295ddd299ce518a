"""The changes of status that runs make, each with its reason, to compare them with the table."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

from dagtui.engine import control, finally_nodes, reloading, resumption, traversal
from dagtui.engine.dispatch import Dispatch
from dagtui.engine.rules.propagation import Propagation
from dagtui.engine.traversal import Traversal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import pytest

    from dagtui.engine.events import Event, NodeChange
    from dagtui.engine.messages import Effect
    from dagtui.engine.status import Cause, NodeStatus

REASONS: dict[str, tuple[object, str]] = {
    "p": (Propagation, "propagate"),
    "a": (Traversal, "_ask"),
    "e": (Traversal, "handle_results"),
    "s": (Dispatch, "_submit"),
    "l": (finally_nodes.FinallyNodes, "switch"),
    "n": (traversal, "end_services"),
    "t": (Traversal, "wake"),
    "c": (control, "_try"),
    "f": (control, "mark_after_failure"),
    "r": (resumption._Restorer, "restore"),
    "d": (reloading, "reload"),
}
"""The function in which a change happens for a reason. The innermost function counts."""


class Arrow(NamedTuple):
    """One change that was kept for the journal."""

    old: NodeStatus
    new: NodeStatus
    cause: Cause
    reason: str


class WalkedArrows:
    """Collects the changes of all traversals, but those that are rolled back."""

    def __init__(self) -> None:
        self.found: set[Arrow] = set()
        self.submitted: set[NodeStatus] = set()
        """The statuses of nodes whose attempts were submitted."""
        self._reasons = [""]
        self._told: dict[int, Arrow] = {}

    @contextmanager
    def because(self, reason: str) -> Iterator[None]:
        self._reasons.append(reason)
        try:
            yield
        finally:
            self._reasons.pop()

    def watch(self, patch: pytest.MonkeyPatch) -> None:
        """Collect from now on."""
        for reason, (owner, name) in REASONS.items():
            self._note_reason(patch, owner, name, reason)
        self._note_reason(patch, resumption, "_take_up", "r")
        set_status, take = Propagation.set, Traversal.take

        def noted(run: Propagation, change: NodeChange) -> None:
            old = run.state.status_of(change.node)
            set_status(run, change)
            self._told[id(run.events[-1])] = Arrow(old, change.status, change.cause, self._reasons[-1])

        def taken(run: Traversal) -> tuple[list[Event], list[Effect]]:
            events, effects = take(run)
            self.found.update(self._told[id(event)] for event in events if id(event) in self._told)
            self.submitted.update(run.state.status_of(node) for node in run.submitted)
            self._told.clear()
            return events, effects

        patch.setattr(Propagation, "set", noted)
        patch.setattr(Traversal, "take", taken)

    def _note_reason(self, patch: pytest.MonkeyPatch, owner: object, name: str, reason: str) -> None:
        original: Callable[..., object] = getattr(owner, name)

        def inside(*args: object, **fields: object) -> object:
            with self.because(reason):
                return original(*args, **fields)

        patch.setattr(owner, name, inside)
