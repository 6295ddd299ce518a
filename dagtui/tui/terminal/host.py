"""Terminal hosts: the App runs in the process of its own terminal, or on an attached one."""

from __future__ import annotations

import contextlib
import os
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

import anyio

from dagtui.host.job_control import Foreground, ProgramEnd
from dagtui.host.priority_loop import run_goes_first
from dagtui.runs.node_environment import variables_on_terminal
from dagtui.text import label
from dagtui.tui.terminal.signals import ENDING

if TYPE_CHECKING:
    import signal
    from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence

    from dagtui.host.attachment import ExitReason
    from dagtui.runs.node_environment import NodeEnvironment
    from dagtui.tui.terminal.terminal_app import TerminalApp


class TerminalHost(Protocol):
    """What differs between the process's own terminal and an attached one."""

    input: int
    """The terminal's descriptor to read keys from."""
    output: int
    """The terminal's descriptor to write frames to."""
    environment: Mapping[str, str]
    """The environment of the terminal: its capabilities, its language, and the user's programs."""
    signals: Sequence[signal.Signals]
    """The signals that end the App."""
    detachable: bool
    """Whether the run continues when the screen is left."""

    async def drive(self) -> None:
        """Drive the run, or wait while another task drives it. Raise the error that stops the run from working."""

    async def run(self, command: Sequence[str], defaults: Mapping[str, str]) -> ProgramEnd:
        """Run a program on the terminal until it ends.

        `defaults` are for variables that are not in the environment. The App has released the terminal.
        """

    async def run_at(self, node_environment: NodeEnvironment, command: Sequence[str], heading: str) -> ProgramEnd:
        """Run a program in a node's environment, below a line of text.

        The App has released the terminal.
        """

    async def suspend(self, app: TerminalApp[ExitReason]) -> None:
        """Give the terminal to the shell until the job is continued."""


class OwnTerminal:
    """The App runs in its terminal's own process, which drives or follows the run."""

    input, output = 0, 1
    environment: Mapping[str, str] = os.environ
    signals = ENDING
    detachable = False

    def __init__(self, drive: Callable[[], Awaitable[None]]) -> None:
        """`drive` drives the run, or follows it, until cancelled."""
        self._drive = drive

    async def drive(self) -> None:
        """Drive the run until cancelled."""
        run_goes_first()
        await self._drive()

    async def run(self, command: Sequence[str], defaults: Mapping[str, str]) -> ProgramEnd:
        """Run a program as a child."""
        return await _run(command, {**defaults, **os.environ})

    async def run_at(self, node_environment: NodeEnvironment, command: Sequence[str], heading: str) -> ProgramEnd:
        """Run a program as a child."""
        with contextlib.suppress(OSError):  # a terminal that refuses this line is handled elsewhere
            os.write(self.output, heading.encode(sys.stdout.encoding or "ascii", "replace"))
        return await _run(command, variables_on_terminal(node_environment.environment), node_environment.cwd)

    async def suspend(self, app: TerminalApp[ExitReason]) -> None:
        """Stop this job."""
        app.action_suspend_process()


async def _run(command: Sequence[str], environment: Mapping[str, str], cwd: str | None = None) -> ProgramEnd:
    with Foreground() as foreground:
        try:
            process = await anyio.open_process(
                list(command), stdin=None, stdout=None, stderr=None, env=environment, cwd=cwd
            )
        except OSError as error:
            return ProgramEnd(f"{label(error.filename or command[0], 1000)}: {error.strerror}")
        async with process:
            foreground.program = process.pid
            return ProgramEnd("", await process.wait())


@contextmanager
def in_force(environment: Mapping[str, str]) -> Iterator[None]:
    """Set this process's environment to `environment` temporarily, for code that reads nothing else.

    The block must not await anything.
    """
    if environment is os.environ:
        yield
        return
    before = dict(os.environ)
    try:
        _replace(environment)
        yield
    finally:
        _replace(before)


def _replace(environment: Mapping[str, str]) -> None:
    os.environ.clear()
    os.environ.update(environment)
