"""A terminal that a client has attached to the session process, and requests that only the client can serve."""

from __future__ import annotations

import enum
import os
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import anyio

from dagtui.control.sockets import ControlError, PeerGoneError
from dagtui.text import label
from dagtui.text.look import ASCII, UNICODE, Look
from dagtui.text.terminals import wants_colours

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dagtui.control.server import ClientHandler
    from dagtui.host.job_control import ProgramEnd
    from dagtui.runs.node_environment import NodeEnvironment

_PIECE = 50_000
"""Characters of text in one message. Each may take six bytes of JSON, and some count as two characters there."""
GONE = "the client is gone"


class ExitReason(enum.Enum):
    """Why the screen was left, which decides what becomes of the run."""

    LEFT_SETTLED = "left settled"
    """The user left, and nothing more happens in the run."""
    CANCEL_ALL = "cancelled all"
    """The user cancelled everything and left. At most what can't be killed is still there."""
    DETACHED = "detached"
    """The user, or a signal to the client, gave the terminal back. The run continues."""
    ELSEWHERE = "attached elsewhere"
    """Another terminal has the screen now."""
    TERMINATED = "terminated"
    """A signal to the process that has the run."""
    LOST = "lost"
    """The terminal is gone."""
    CRASHED = "crashed"
    """The screen itself failed. The run continues."""


class RemoteScreen(Protocol):
    """What a screen does at its client's request. Called in the event loop."""

    def end(self, leaving: ExitReason) -> None:
        """Give the terminal back and end."""

    def ask(self) -> None:
        """Ask whether to leave, as the key does."""

    def suspend(self) -> None:
        """Give the terminal back for a while, because the user wants the shell."""

    def resized(self) -> None:
        """Handle a new terminal size."""

    def continued(self) -> None:
        """Repaint after the client was stopped and continued, because the terminal may have been changed."""


class Attachment:
    """One client's terminal, from its request to its exit message."""

    def __init__(self, client: ClientHandler, request: Mapping[str, object]) -> None:
        """Raise ControlError if the request has no terminal attached."""
        descriptors = client.descriptors
        if len(descriptors) != 2 or not all(map(os.isatty, descriptors)):
            raise ControlError("to attach, send the descriptors of a terminal: its input and its output")
        self._client = client
        self.input, self.output = descriptors
        self.environment = _words(request.get("environment"))
        """The client's environment variables about its terminal, language and programs."""
        cwd = request.get("cwd")
        self.cwd = cwd if isinstance(cwd, str) else ""
        """The client's working directory, for which commands are printed. Empty if it does not say."""
        mouse = request.get("mouse")
        self.mouse = mouse if isinstance(mouse, bool) else None
        """Whether the screen gets the mouse. None: as the settings say."""
        settings = request.get("settings")
        self.settings = Path(settings) if isinstance(settings, str) and settings else None
        """The file of the client's settings. None if it names none."""
        theme = request.get("theme")
        self.look = Look(
            ASCII if request.get("ascii") is True else UNICODE,
            wants_colours(self.environment, is_terminal=True),
            theme if isinstance(theme, str) else None,
        )
        self.client = f"{label(request.get('tty'), 60)}, process {client.peer.pid}"
        """A description of the terminal for people."""
        self.screen: RemoteScreen | None = None
        """The screen on the terminal, while there is one."""
        self.leaving: ExitReason | None = None
        """Why the terminal is to be given back, once that is decided."""
        self.why = ""
        self.interruptions = 0
        """How often the user pressed ^C while no screen could handle it."""
        self.interrupted = anyio.Event()
        self._answer: Mapping[str, object] | None = None
        self._answered: anyio.Event | None = None
        self._gone = False

    # Messages from the client

    async def listen(self) -> None:
        """Handle the client's messages until it closes the connection, then end the screen."""
        try:
            while (message := await self._client.receive()) is not None:
                self._handle(message)
        except ControlError as error:
            self.why = str(error)
        self._gone = True
        self._settle_answer(None)
        self.end(ExitReason.LOST, GONE)

    def _handle(self, message: Mapping[str, object]) -> None:
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
        """Have the terminal given back. The first reason counts."""
        if self.leaving is None:
            self.leaving, self.why = leaving, self.why or why
        if self.screen is not None:
            self.screen.end(leaving)

    # Requests to the client

    async def run(self, command: Sequence[str], defaults: Mapping[str, str]) -> ProgramEnd:
        """Run a program on the terminal until it ends.

        It gets the client's environment, with `defaults` for variables that are not set there.
        """
        return await self._request_run({"do": "run", "command": list(command), "defaults": dict(defaults)})

    async def run_at(self, node_environment: NodeEnvironment, command: Sequence[str], heading: str) -> ProgramEnd:
        """Run a program on the terminal in a node's environment, below a heading.

        Of the client's environment, it gets only the variables about the terminal.
        """
        await self.tell({"do": "print", "text": heading})
        request = {"do": "run", "command": list(command), "cwd": node_environment.cwd}
        return await self._request_run({**request, "environment": dict(node_environment.environment)})

    async def _request_run(self, request: Mapping[str, object]) -> ProgramEnd:
        from dagtui.host.job_control import ProgramEnd  # the App, which asks for this, has imported it

        try:
            answer = await self._ask(request)
        except ControlError as error:  # the variables don't fit into one line of the protocol
            return ProgramEnd(f"its environment can't be sent: {error}")
        if answer is None:
            return ProgramEnd(GONE)
        status = answer.get("status")
        return ProgramEnd(label(answer.get("trouble", ""), 1000), status if isinstance(status, int) else 0)

    async def stop(self) -> None:
        """Have the client stop itself, so that the shell has the terminal. Return when it is continued."""
        await self._ask({"do": "stop"})

    async def _ask(self, message: Mapping[str, object]) -> Mapping[str, object] | None:
        if self._gone:
            return None
        self._answer, self._answered = None, anyio.Event()
        try:
            await self._client.send(message)
        except PeerGoneError:
            return None
        await self._answered.wait()
        return self._answer

    def _settle_answer(self, answer: Mapping[str, object] | None) -> None:
        if self._answered is not None:
            self._answer = answer
            self._answered.set()

    # Messages to the client

    async def tell(self, message: Mapping[str, object]) -> None:
        """Send the client a message. Does nothing if the client is gone."""
        try:
            await self._client.send(message)
        except PeerGoneError:
            self._gone = True

    async def exit_message(self, text: str, status: int) -> None:
        """Send the text that the client prints on its terminal at the end, and its exit status."""
        for start in range(0, len(text), _PIECE):
            await self.tell({"do": "print", "text": text[start : start + _PIECE]})
        await self.tell({"do": "leave", "status": status})


def _words(value: object) -> dict[str, str]:
    if not isinstance(value, dict):
        raise ControlError("to attach, send the client's environment")
    return {str(name): text for name, text in value.items() if isinstance(text, str)}
