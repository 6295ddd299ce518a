"""Where an App is at home: in the process of its terminal, or in one that a terminal was lent to."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

import anyio

from dagtui.host.foreground import Foreground
from dagtui.host.priority_loop import run_goes_first
from dagtui.runs.node_environment import variables_on_terminal
from dagtui.text import label

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from dagtui.runs.node_environment import NodeEnvironment
    from dagtui.runs.session import Session
    from dagtui.tui.app import DagtuiApp


class TerminalHost(Protocol):
    """What differs between a terminal of one's own and a lent one."""

    input: int
    """The descriptor of the terminal to read keys from."""
    output: int
    """The descriptor of the terminal to write frames to."""
    environment: Mapping[str, str]
    """What is known about the terminal, its language, and a person's programs."""
    signals: Sequence[signal.Signals]
    """The signals that end the App."""
    detachable: bool
    """Whether the run goes on when the screen is left."""

    async def drive(self) -> None:
        """Drive the run, or see to it that somebody does; raises what makes the run stop working."""

    async def run(self, command: Sequence[str], defaults: Mapping[str, str]) -> str:
        """Run a program on the terminal until it ends; returns why it could not be started, or nothing.

        `defaults` are for variables that are not in the environment. The App has given the terminal back.
        """

    async def run_at(self, node_environment: NodeEnvironment, command: Sequence[str], heading: str) -> str:
        """Run a program in a node's environment, below a line of text; return why it could not be started, or "".

        The App has given the terminal back.
        """

    async def suspend(self, app: DagtuiApp) -> None:
        """Give the terminal to the shell until the job is continued."""


class OwnTerminal:
    """The App's process is that of its terminal, and drives the run."""

    input, output = 0, 1
    environment: Mapping[str, str] = os.environ
    signals: Sequence[signal.Signals] = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT)
    detachable = False

    def __init__(self, session: Session) -> None:
        self._session = session

    async def drive(self) -> None:
        """Drive the run until cancelled."""
        run_goes_first()
        async with anyio.create_task_group() as group:
            group.start_soon(self._session.watch_files)
            await self._session.drive()

    async def run(self, command: Sequence[str], defaults: Mapping[str, str]) -> str:
        """Run a program as a child."""
        return await _run(command, {**defaults, **os.environ})

    async def run_at(self, node_environment: NodeEnvironment, command: Sequence[str], heading: str) -> str:
        """Run a program as a child."""
        with contextlib.suppress(OSError):  # a terminal that takes no line now has other worries
            os.write(self.output, heading.encode(sys.stdout.encoding or "ascii", "replace"))
        return await _run(command, variables_on_terminal(node_environment.environment), node_environment.cwd)

    async def suspend(self, app: DagtuiApp) -> None:
        """Stop this job."""
        app.action_suspend_process()


async def _run(command: Sequence[str], environment: Mapping[str, str], cwd: str | None = None) -> str:
    with Foreground() as foreground:
        try:
            process = await anyio.open_process(
                list(command), stdin=None, stdout=None, stderr=None, env=environment, cwd=cwd
            )
        except OSError as error:
            return f"{label(error.filename or command[0], 1000)}: {error.strerror}"
        async with process:
            foreground.program = process.pid
            await process.wait()
    return ""


@contextmanager
def in_force(environment: Mapping[str, str]) -> Iterator[None]:
    """Let `environment` be this process's for a moment, for what looks at nothing else; nothing may be awaited."""
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
