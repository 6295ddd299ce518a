"""A terminal that a client has lent to the session process, and what only the client can do with it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Protocol

import anyio

from dagtui.control.sockets import ControlError, NobodyError
from dagtui.host.exit_reason import ExitReason
from dagtui.text import label

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dagtui.control.client_handler import ClientHandler
    from dagtui.runs.node_environment import NodeEnvironment

_PIECE = 50_000
"""Characters of text in one message: each may take six bytes of JSON, and some are two of its characters."""
GONE = "the client has gone"


class RemoteScreen(Protocol):
    """What a screen does when its terminal's client says so; called in the event loop."""

    def end(self, leaving: ExitReason) -> None:
        """Give the terminal back and end."""

    def ask(self) -> None:
        """A person wants to leave: ask as the key does."""

    def suspend(self) -> None:
        """A person wants the shell: give the terminal back for a while."""

    def resized(self) -> None:
        """The terminal has another size."""

    def continued(self) -> None:
        """The client was stopped and continued: somebody may have changed the terminal."""


class Attachment:
    """One client's terminal, from its request to its exit message."""

    def __init__(self, client: ClientHandler, request: Mapping[str, object]) -> None:
        """Raises ControlError when the request lends no terminal."""
        descriptors = client.descriptors
        if len(descriptors) != 2 or not all(map(os.isatty, descriptors)):
            raise ControlError("to attach, a terminal must be lent: its input and its output")
        self._client = client
        self.input, self.output = descriptors
        self.environment = _words(request.get("environment"))
        """What the client's environment says about its terminal, its language and its programs."""
        self.ascii = request.get("ascii") is True
        self.mouse = request.get("mouse") is not False
        theme = request.get("theme")
        self.theme = theme if isinstance(theme, str) else None
        self.client = f"{label(request.get('tty'), 60)}, process {client.peer.pid}"
        """Which terminal this is, for people."""
        self.screen: RemoteScreen | None = None
        """The screen on the terminal, while there is one."""
        self.leaving: ExitReason | None = None
        """Why the terminal is to be given back, once it is."""
        self.why = ""
        self.interruptions = 0
        """How often a person pressed ^C when there was no screen to take it."""
        self.interrupted = anyio.Event()
        self._answer: Mapping[str, object] | None = None
        self._answered: anyio.Event | None = None
        self._gone = False

    # What comes from the client

    async def listen(self) -> None:
        """Hear the client until it hangs up; then the screen ends."""
        try:
            while (message := await self._client.receive()) is not None:
                self._hear(message)
        except ControlError as error:
            self.why = str(error)
        self._gone = True
        self._settle_answer(None)
        self.end(ExitReason.LOST, GONE)

    def _hear(self, message: Mapping[str, object]) -> None:
        match message.get("tell"):
            case "detach":
                self.end(ExitReason.DETACHED, label(message.get("why"), 60))
            case "interrupt":
                self._interrupt()
            case "back" | "ran":
                self._settle_answer(message)
            case "suspend" if self.screen is not None:
                self.screen.suspend()
            case "resized" if self.screen is not None:
                self.screen.resized()
            case "continued" if self.screen is not None:
                self.screen.continued()

    def _interrupt(self) -> None:
        if self.screen is not None and self.leaving is None:
            self.screen.ask()
            return
        self.interruptions += 1
        self.interrupted.set()
        self.interrupted = anyio.Event()

    def end(self, leaving: ExitReason, why: str = "") -> None:
        """Have the terminal given back; the first reason counts."""
        if self.leaving is None:
            self.leaving, self.why = leaving, self.why or why
        if self.screen is not None:
            self.screen.end(leaving)

    # What the client is asked for

    async def run(self, command: Sequence[str], defaults: Mapping[str, str]) -> str:
        """Have a program run on the terminal; returns what went wrong, or nothing.

        It gets the client's environment, with `defaults` for variables that are not in it.
        """
        return await self._have_run({"do": "run", "command": list(command), "defaults": dict(defaults)})

    async def run_at(self, node_environment: NodeEnvironment, command: Sequence[str], heading: str) -> str:
        """Run a program on the terminal, in a node's environment, below a line; return what went wrong, or "".

        Of the client's environment it gets what is about the terminal.
        """
        await self.tell({"do": "print", "text": heading})
        request = {"do": "run", "command": list(command), "cwd": node_environment.cwd}
        return await self._have_run({**request, "environment": dict(node_environment.environment)})

    async def _have_run(self, request: Mapping[str, object]) -> str:
        try:
            answer = await self._ask(request)
        except ControlError as error:  # more variables than fit into one line of the protocol
            return f"its environment can't be handed over: {error}"
        return GONE if answer is None else label(answer.get("trouble", ""), 1000)

    async def stop(self) -> None:
        """Have the client stop itself, so that the shell has the terminal; returns when it is continued."""
        await self._ask({"do": "stop"})

    async def _ask(self, message: Mapping[str, object]) -> Mapping[str, object] | None:
        if self._gone:
            return None
        self._answer, self._answered = None, anyio.Event()
        try:
            await self._client.send(message)
        except NobodyError:
            return None
        await self._answered.wait()
        return self._answer

    def _settle_answer(self, answer: Mapping[str, object] | None) -> None:
        if self._answered is not None:
            self._answer = answer
            self._answered.set()

    # What the client is told

    async def tell(self, message: Mapping[str, object]) -> None:
        """Tell the client something; nothing happens when it has gone."""
        try:
            await self._client.send(message)
        except NobodyError:
            self._gone = True

    async def exit_message(self, text: str, status: int) -> None:
        """The last words: what the client prints on its terminal, and its exit status."""
        for start in range(0, len(text), _PIECE):
            await self.tell({"do": "print", "text": text[start : start + _PIECE]})
        await self.tell({"do": "leave", "status": status})


def _words(value: object) -> dict[str, str]:
    if not isinstance(value, dict):
        raise ControlError("to attach, the client's environment must be told")
    return {str(name): text for name, text in value.items() if isinstance(text, str)}
