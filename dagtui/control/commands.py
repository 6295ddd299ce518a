"""Requests that the control socket of a live run answers: status, preview, commands, wait."""

from __future__ import annotations

import contextlib
from contextlib import aclosing
from typing import TYPE_CHECKING

import anyio

from dagtui.control.live import Screen
from dagtui.control.requests import command_of, named, nodes_of, preview_fields, preview_now
from dagtui.control.server import ControlServer
from dagtui.control.sockets import ControlError, PeerGoneError
from dagtui.control.status_report import about, status_report
from dagtui.engine.messages import CANCELS
from dagtui.engine.rules.commands import ADDED_BY_RETRY
from dagtui.engine.status import SETTLED, UNSETTLED, UNSUCCESSFUL, NodeStatus, Verdict
from dagtui.engine.walks import subtrees
from dagtui.runs.wording import done, would_do
from dagtui.text import label

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Mapping, Sequence

    from anyio.abc import TaskStatus

    from dagtui.control.server import ClientHandler, Handler
    from dagtui.engine.events import Event
    from dagtui.engine.state import RunState
    from dagtui.graph.model import Graph, NodeIndex
    from dagtui.runs.live import LiveRun
    from dagtui.runs.view import RunView

PACE = 0.05
"""Seconds between two checks of a busy run for a waiting client."""
_FINAL_ANSWER_SECONDS = 0.5
"""Seconds for telling waiting clients that the run's process is ending."""


async def serve_control(
    run: LiveRun,
    screen: Callable[[], Screen] = lambda: Screen.NONE,
    handlers: Mapping[str, Handler] | None = None,
    *,
    task_status: TaskStatus[None] = anyio.TASK_STATUS_IGNORED,
) -> None:
    """Serve the run's control socket until cancelled.

    `screen` returns whether a screen is attached, and `handlers` are added to the standard ones. If the socket can't be
    created, the run records that and continues without one. `task_status` is set when the server listens, or when it is
    certain that it never will.
    """
    table = {**Control(run, screen).handlers(), **(handlers or {})}
    try:
        await ControlServer(run.directory.run_id, table).serve(task_status=task_status)
    except ControlError as error:
        unanswered = ", so nothing but its screen can answer its gates" if run.graph.any_gates else ""
        run.note(f"the run can't be reached from other terminals{unanswered}: {error}")
        task_status.started()


def end_when_idle(is_idle: Callable[[], bool], screen: Callable[[], Screen], end: Callable[[str], object]) -> Handler:
    """Return the handler of the request to end a run. It calls `end` with the reason, or says why not."""

    async def handle(client: ClientHandler, _request: Mapping[str, object]) -> None:
        if not is_idle():
            raise ControlError("the run is not settled")
        if screen() is not Screen.DETACHED:
            raise ControlError("the run is on a screen")
        # Done within one turn of the loop, so that no client can attach in between.
        end("makes room for a new run")
        await client.send({"ending": True})
        await client.receive()

    return handle


class Control:
    """Handlers of what scripts and other terminals may request of a run, by the word in `want`."""

    def __init__(self, run: LiveRun, screen: Callable[[], Screen]) -> None:
        self._run = run
        self._screen = screen

    def handlers(self) -> Mapping[str, Handler]:
        """Return the handlers by word."""
        return {
            "about": self._about,
            "status": self._status,
            "preview": self._preview,
            "give": self._give,
            "wait": self._wait,
            "reload": self._reload,
        }

    async def _about(self, client: ClientHandler, _request: Mapping[str, object]) -> None:
        await client.send(about(self._run, self._screen()))

    async def _status(self, client: ClientHandler, _request: Mapping[str, object]) -> None:
        await client.send(status_report(self._run, self._screen()))

    async def _preview(self, client: ClientHandler, request: Mapping[str, object]) -> None:
        run = self._run
        command = command_of(request, run.graph, client.peer)
        preview = preview_now(run, request, command)
        await client.send(preview_fields(run, preview, would_do(run.state, preview)))

    async def _give(self, client: ClientHandler, request: Mapping[str, object]) -> None:
        """Check the expectation and carry out the command in one loop iteration: nothing happens in between."""
        run = self._run
        command = command_of(request, run.graph, client.peer)
        if run.ending and command.kind not in CANCELS:
            raise ControlError("the run is ending")
        preview = preview_now(run, request, command)
        if preview.nothing is None and not preview.changed:
            preview = run.give(command._replace(expected=preview.kills_and_reruns))
        await client.send(preview_fields(run, preview, done(run.state, preview)))

    async def _reload(self, client: ClientHandler, request: Mapping[str, object]) -> None:
        from dagtui.control.reload_request import reload_on_request  # most runs are never reloaded

        await reload_on_request(self._run, client, request)

    async def _wait(self, client: ClientHandler, request: Mapping[str, object]) -> None:
        """Wait until the given nodes are settled at the same time, or the run if there are none."""
        graph = self._run.graph
        nodes = nodes_of(request, graph)
        _check_apart(graph, nodes, request.get("inside"))
        outside = next((node for node in nodes if self._run.state.is_outside(node)), None)
        if outside is not None:
            raise ControlError(f"{label(graph.labels[outside])} is {ADDED_BY_RETRY}")
        waiting = _Waiting(self._run, nodes)
        try:
            async with anyio.create_task_group() as group:
                group.start_soon(_end_with, client, group.cancel_scope)
                if request.get("tell"):
                    group.start_soon(waiting.tell, client)
                await waiting.settle()
                await client.send(outcome(self._run, self._screen(), waiting.nodes))
                group.cancel_scope.cancel()
        except anyio.get_cancelled_exc_class():
            # The process is ending, as one without a screen does once all nodes are settled.
            with anyio.move_on_after(_FINAL_ANSWER_SECONDS, shield=True):
                await client.send(outcome(self._run, self._screen(), waiting.nodes))
            raise


def outcome(run: RunView, screen: Screen, nodes: Sequence[NodeIndex]) -> dict[str, object]:
    """Return the status report and the verdict of the nodes, or of the run if there are none."""
    state, labels = run.state, run.graph.labels
    verdict = _verdict_of(state, nodes) if nodes else state.verdict()
    bad = [node for node in nodes if state.status_of(node) in UNSUCCESSFUL]
    allowed = [node for node in bad if state.status_of(node) is NodeStatus.FAILED and state.allows_failure(node)]
    groups = {"bad": named(labels, bad), "bad_allowed": named(labels, allowed)}
    return {**status_report(run, screen), "outcome": verdict.value, **groups}


class _Waiting:
    """A client that waits for nodes to be settled."""

    def __init__(self, run: RunView, nodes: Sequence[NodeIndex]) -> None:
        self._run = run
        self._graph = run.graph
        self.nodes = nodes
        self._at = 0
        """The last node seen unsettled. Nodes before it need no check until it is settled."""

    async def settle(self) -> None:
        """Wait until the nodes are settled. Checks only after an event, and not too often."""
        async with aclosing(self._checks()) as checks:
            async for _ in checks:
                if self._settled():
                    return

    async def tell(self, client: ClientHandler) -> None:
        """Send the client what the run waits for, each time this changes."""
        told = ""
        async with aclosing(self._checks()) as checks:
            async for _ in checks:
                waits = self._run.waits
                if waits == told:
                    continue
                told = waits
                with contextlib.suppress(PeerGoneError):  # noticed elsewhere
                    await client.send({"waits": waits})

    async def _checks(self) -> AsyncGenerator[None, None]:
        """Yield now, and after each event."""
        happened = anyio.Event()

        def notice(_events: Sequence[Event]) -> None:
            happened.set()

        unsubscribe = self._run.subscribe(notice)
        try:
            while True:
                yield
                await happened.wait()
                await anyio.sleep(PACE)
                happened = anyio.Event()
        finally:
            unsubscribe()

    def _settled(self) -> bool:
        if self._run.graph is not self._graph:
            self._find_again()
        if not self.nodes:
            return self._run.settled
        status, nodes = self._run.state.status, self.nodes
        if self._run.state.off_record and not self._run.state.off_record.isdisjoint(nodes):
            return False
        if status[nodes[self._at]] in UNSETTLED:
            return False
        self._at = next((at for at, node in enumerate(nodes) if status[node] in UNSETTLED), self._at)
        return status[nodes[self._at]] in SETTLED

    def _find_again(self) -> None:
        """Find the nodes in another graph of the run. Raises ControlError if it lacks one."""
        before, self._graph, self._at = self._graph, self._run.graph, 0
        found = [(before.labels[node], self._graph.find(before.labels[node])) for node in self.nodes]
        gone = next((name for name, node in found if node is None), None)
        if gone is not None:
            raise ControlError(f"{label(gone)} was removed from the file, and the run has taken that up")
        self.nodes = [node for _, node in found if node is not None]


def _check_apart(graph: Graph, nodes: Sequence[NodeIndex], inside: object) -> None:
    """Raise ControlError if a node would wait for itself or for its own descendants."""
    own = graph.find(inside) if isinstance(inside, str) else None
    if own is None:
        return
    after = subtrees(graph, [own])
    awaited = next((node for node in nodes if node in after), None)
    if awaited is not None:
        raise ControlError(
            f"this is inside {label(inside)}, and {label(graph.labels[awaited])} can't be settled before it has ended; "
            "wait for nodes that come before it, or give --nested"
        )


def _verdict_of(state: RunState, nodes: Sequence[NodeIndex]) -> Verdict:
    """Return the verdict of some nodes, as for a run."""
    if any(state.status[node] in UNSETTLED for node in nodes):
        return Verdict.RUNNING
    return state.verdict_among(frozenset(nodes).__contains__)


async def _end_with(client: ClientHandler, scope: anyio.CancelScope) -> None:
    """Stop waiting when the client is gone."""
    while await client.receive() is not None:
        pass
    scope.cancel()
