"""What ends services, and lets them begin again (rule 11 in `rules`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dagtui.engine.events import NodeChange
from dagtui.engine.status import Cause, NodeStatus

if TYPE_CHECKING:
    from dagtui.engine.rules.propagation import Propagation
    from dagtui.engine.services import Services

_DONE = frozenset({Cause.RAN, Cause.RESUMED})


def end_services(run: Propagation, services: Services) -> None:
    """Stop the services that nothing needs any more. One that nothing ever needs is ended when it is ready."""
    state = run.state
    for node in list(services.running()):
        is_ready = state.cause[node] == Cause.SERVES
        if (is_ready or services.below(node)) and not services.is_needed(node):
            run.stop(node, Cause.NOT_NEEDED)


def start_services_again(run: Propagation) -> None:
    """Let ended services begin again that something needs which is to run, the last ones first."""
    services, state = run.services, run.state
    if services is None:
        return
    services.failed = False
    for node in reversed(services.nodes):
        status, cause = state.status[node], state.cause[node]
        if status == NodeStatus.COMPLETED and cause in _DONE:
            if services.is_needed(node):
                run.reset(node)
        elif (status, cause) == (NodeStatus.CANCELLING, Cause.NOT_NEEDED) and services.is_needed(node):
            run.set(NodeChange(node, NodeStatus.CANCELLING, Cause.RESTART))
    run.settle()
