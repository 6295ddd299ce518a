"""Results of attempts: what their begins and ends make of the nodes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dagtui.engine import control
from dagtui.engine.asking import Asking
from dagtui.engine.events import NodeChange
from dagtui.engine.followers import ENDS_ALONE
from dagtui.engine.messages import Ended, EndKind, Ready, Started, Withdrawn
from dagtui.engine.rules.retries import back_off, is_followed
from dagtui.engine.status import Cause, NodeStatus
from dagtui.engine.why import NOT_NEEDED, ended_why

if TYPE_CHECKING:
    from dagtui.engine.remote_results import RemoteResults

_FAILURES = {
    EndKind.EXIT: Cause.EXIT,
    EndKind.NO_OUTPUT: Cause.EXIT,
    EndKind.SIGNAL: Cause.SIGNAL,
    EndKind.LOST: Cause.LOST,
    EndKind.COULD_NOT_START: Cause.COULD_NOT_START,
    EndKind.TIMEOUT: Cause.TIMEOUT,
    EndKind.OUTSIDE: Cause.OUTSIDE,
}


_MAYBE_UNBEGUN = frozenset({EndKind.OUTSIDE, EndKind.LOST})
"""How an attempt on another machine may end that has not begun: cancelled there, or forgotten."""


class Results(Asking):
    """The part of the traversal that takes what the executor tells of attempts."""

    _remote_part: RemoteResults | None = None

    def _remote_results(self) -> RemoteResults:
        """Return the part that takes what only executors on other machines tell."""
        if self._remote_part is None:
            from dagtui.engine.remote_results import RemoteResults

            self._remote_part = RemoteResults(self)
        return self._remote_part

    def _started(self, message: Started) -> None:
        node, attempt = message.node, message.attempt
        if not self.is_submitted(node, attempt):
            if node in self.remote:
                self._remote_results().told_again(message)
            return
        self.capacity.begin(node)
        status, cause = self.state.status[node], self.state.cause[node]
        if status == NodeStatus.READY:
            self._run(message)
        elif status != NodeStatus.CANCELLING:
            self.stop(node, Cause.WITHDRAWN)
        elif node not in self.stop_deadline and cause == Cause.CANCEL:
            self.no_retry.add(node)  # it began before the failure that cancelled it, so it finishes
            self._run(message)
        elif node not in self.stop_deadline:
            self.stop(node, Cause.RESTART)

    def _run(self, message: Started) -> None:
        node, attempt, reason, where, ago = message
        if node in self.state.held:
            self.note_begun(node, attempt)
        self.set(NodeChange(node, NodeStatus.RUNNING, why=reason, marks=(), where=where, ago=ago))
        if self.must_run:
            self.must_run.discard(node)
        self._outdate_below(node)
        self.limit(node, attempt, self.now - ago)

    def _serve(self, message: Ready) -> None:
        """Note that a service is ready, unless it ended or was stopped."""
        node, attempt, text = message
        state = self.state
        is_current = state.attempt[node] == attempt and node in self.capacity.held
        if is_current and (state.status[node], state.cause[node]) == (NodeStatus.RUNNING, Cause.NONE):
            self.set(NodeChange(node, NodeStatus.RUNNING, Cause.SERVES, f"ready: {text}"))

    def _withdrawn(self, message: Withdrawn) -> None:
        node, attempt = message
        if self.is_submitted(node, attempt):
            # On other machines, what kept the attempt from beginning may stay, under its number.
            number = attempt if node in self.remote else attempt - 1
            self.capacity.withdraw(node)
            self.unkillable.discard(node)
            self.take_back(node, number)
        elif node in self.remote:
            self._ended(Ended(node, attempt, EndKind.LOST, text="its executor does not know it any more"))

    def _ended(self, message: Ended) -> None:
        node, attempt, kind, value, _text, seconds, lasting, left, outputs, usage = message
        if self.state.attempt[node] != attempt:
            return
        if kind is EndKind.UP_TO_DATE:
            self._up_to_date(message)
            return
        if kind is EndKind.COULD_NOT_START or (kind in _MAYBE_UNBEGUN and node in self.remote):
            if node in self.submitted:
                self.capacity.begin(node)
        elif node in self.submitted:
            self._started(Started(node, attempt))
        self.unkillable.discard(node)
        if not self.capacity.release(node) or self._service_ended(message):
            return
        status = self.state.status[node]
        if status == NodeStatus.CANCELLING and not self._ended_by_itself(message):
            self._reaped(message)
        elif status not in {NodeStatus.RUNNING, NodeStatus.READY, NodeStatus.CANCELLING}:
            # It was being withdrawn when it could not start. Its attempt number was reported, so it is not reused.
            cause, blocker, why = self.state.cause_of(node), self.state.blocker[node], self.state.why.get(node, "")
            self.set(NodeChange(node, NodeStatus(status), cause, why, blocker=blocker, fresh=True))
        elif kind is EndKind.EXIT and value == 0:
            stale = node in self._staleness.outdated
            self.set(
                NodeChange(
                    node,
                    NodeStatus.COMPLETED,
                    Cause.RAN,
                    seconds=seconds,
                    stale=stale,
                    left=left,
                    outputs=outputs,
                    usage=usage,
                )
            )
        else:
            if lasting:
                self.no_retry.add(node)
            self._failed(message, _FAILURES[kind], value, ended_why(message, self.graph.task(node).timeout))

    def _service_ended(self, message: Ended) -> bool:
        """Settle a service that ended by itself with status 0, or because nothing needs it. Return whether it did."""
        node, seconds, services = message.node, message.seconds, self.services
        if services is None or node not in services:
            if self.capacity.uniform or not self.capacity.demand(node).executor:
                self._learn(seconds)
            return False
        status, cause = self.state.status[node], self.state.cause[node]
        is_success = status == NodeStatus.RUNNING and message.succeeded
        if is_success:
            self.settle()
            if services.is_needed(node):
                self._failed(message, Cause.EXIT, 0, "it ended by itself (exit 0), and was still needed")
                return True
        if not is_success and (status, cause) != (NodeStatus.CANCELLING, Cause.NOT_NEEDED):
            services.failed = True
            return False
        left, usage = message.left, message.usage
        self.set(NodeChange(node, NodeStatus.COMPLETED, Cause.RAN, NOT_NEEDED, seconds=seconds, left=left, usage=usage))
        return True

    def _up_to_date(self, message: Ended) -> None:
        """Complete a node without an attempt, whose number is free again, unless it was being withdrawn."""
        node = message.node
        if node not in self.submitted:
            return
        self.capacity.withdraw(node)
        self._learn(0.0)  # what is up to date is submitted ahead of free slots, as short attempts are
        if self.state.status[node] != NodeStatus.READY:
            self.take_back(node, message.attempt - 1)
            return
        self.restarted.discard(node)
        if self._staleness.active:
            self._staleness.begins(node, self.restarted, self.capacity.held)
        number, values = message.attempt - 1, message.outputs
        self.set(NodeChange(node, NodeStatus.COMPLETED, Cause.UP_TO_DATE, message.text, attempt=number, outputs=values))

    def _ended_by_itself(self, message: Ended) -> bool:
        """Return whether an attempt that was stopped had ended by itself.

        One that was stopped for its timeout may have ended in time, as happens after a stall. One that ends because no
        process had the run may have ended before.
        """
        timeout, why = self.graph.task(message.node).timeout, self.state.why.get(message.node)
        if self.state.cause[message.node] == Cause.RESTART and why == ENDS_ALONE:
            return message.kind is EndKind.EXIT
        if self.services is not None and message.node in self.services:
            return False
        if timeout is None or self.state.cause[message.node] != Cause.TIMEOUT or message.kind is EndKind.TIMEOUT:
            return False
        return 0.0 < message.seconds < timeout  # 0: not measured

    def _reaped(self, message: Ended) -> None:
        """Settle or reset a stopped node, by the reason for its stop (rule 6 in `rules`)."""
        node = message.node
        cause = self.state.cause_of(node)
        if cause is Cause.CANCEL:
            self.set(NodeChange(node, NodeStatus.CANCELLED, Cause.CANCEL, seconds=message.seconds, usage=message.usage))
        elif cause is Cause.TIMEOUT:
            self._failed(message, Cause.TIMEOUT, 0, self.state.why.get(node, "timeout"))
        elif node in self.state.leaving:
            self._failed(message, Cause.LOST, 0, "stopped to run again, and removed from the file")
        else:
            self.reset(node)

    def _failed(self, message: Ended, cause: Cause, value: int, why: str) -> None:
        """Schedule a retry of a failed attempt, or settle its node as FAILED."""
        node, seconds, left, usage = message.node, message.seconds, message.left, message.usage
        change = NodeChange(node, NodeStatus.FAILED, cause, why, value=value, seconds=seconds, left=left, usage=usage)
        policy = self.graph.task(node).retry
        tries, uncounted = self.state.tries(node), self.state.uncounted.get(node)
        if node in self.no_retry or not is_followed(policy, cause, value, tries, uncounted):
            self.set(change)
            control.stop_after_failure(self, node)
            return
        due = self.now + back_off(policy, tries, f"{self.graph.labels[node]}:{self.state.attempt[node]}")
        self.set(change._replace(status=NodeStatus.RETRYING, due=due))
