"""The terminal's side of a run in another process: lends the terminal, and does what only its owner can.

Few imports and no event loop, because a client must be there at once.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import subprocess
import sys
import termios
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dagtui.control.sockets import ControlError, NobodyError
from dagtui.host.foreground import Foreground
from dagtui.host.signals import Signals
from dagtui.runs.node_environment import variables_on_terminal
from dagtui.text import label

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dagtui.control.client import ControlClient

TOLD = (
    *("TERM", "COLORTERM", "TERM_PROGRAM", "TERM_PROGRAM_VERSION", "NO_COLOR", "TMUX", "STY"),
    *("LANG", "LC_ALL", "LC_CTYPE", "SSH_CONNECTION", "SSH_CLIENT", "SSH_TTY"),
    *("PAGER", "LESS", "EDITOR", "VISUAL", "SHELL"),
)
"""The variables that say something about a terminal, its language and a person's programs: the session is told them."""
ENDING = (signal.SIGHUP, signal.SIGTERM)
"""What detaches."""
_TOLD_AS = {
    signal.SIGINT: "interrupt",
    signal.SIGTSTP: "suspend",
    signal.SIGCONT: "continued",
    signal.SIGWINCH: "resized",
}
DIED = 1
"""Exit status when the session process is not there any more."""
_PATIENCE = 2.0
"""Seconds that a session may take to give the terminal back when this process was told to end."""
_CANCEL = b"\x18"  # ends an escape sequence that was cut short


@dataclass(frozen=True, slots=True)
class ClientTerminal:
    """How a person wants the screen."""

    ascii: bool
    theme: str | None
    mouse: bool


class RunIsEndingError(Exception):
    """The run is being ended; when its process has gone, the graph may be started again."""


def lend_terminal(client: ControlClient, look: ClientTerminal) -> int:
    """Lend this process's terminal, standard input and output, until it comes back; returns the exit status.

    In the background it waits for the foreground first, as every program does that wants the terminal. Raises
    RunIsEndingError when the run is about to end, and ControlError when it does not want the terminal.
    """
    return _Loan(client).make(look)


class _Loan:
    def __init__(self, client: ControlClient) -> None:
        self._client = client
        self._found = termios.tcgetattr(0)
        """The line settings of the terminal as they were."""
        self._facts: dict[str, object] = {}
        """What the session said about itself: `pid`, `crash` (the file), `restore` (codes for the terminal)."""
        self._deadline = float("inf")
        self._signals = Signals((*ENDING, *_TOLD_AS, signal.SIGCHLD))

    def make(self, look: ClientTerminal) -> int:
        _claim_terminal()
        with self._signals:
            request = {
                "want": "attach",
                "tty": _name_of_terminal(),
                "environment": {name: os.environ[name] for name in TOLD if name in os.environ},
                "ascii": look.ascii,
                "theme": look.theme,
                "mouse": look.mouse,
            }
            with contextlib.suppress(NobodyError):  # what it said last is still to be read
                self._client.send(request, (0, 1))
            while True:
                status = self._turn()
                if status is not None:
                    return status

    def _turn(self) -> int | None:
        """Do what the session says next; the exit status when that was the last."""
        try:
            message = self._next()
        except TimeoutError:
            self._restore()
            _say(f"dagtui: {self._session()} does not answer; it still has the run\n")
            return 0
        if message is None:
            return self._mourn()
        if "error" in message:
            self._restore()
            raise ControlError(label(message["error"], 1000))
        match message.get("do"):
            case "hold":
                self._facts.update(message)
            case "run":
                self._run(message)
            case "stop":
                self._stop()
            case "print":
                _say(str(message.get("text", "")))
            case "wait":
                return self._await_end()
            case "leave":
                status = message.get("status")
                return status if isinstance(status, int) else 0
        return None

    def _next(self) -> Mapping[str, object] | None:
        """The next message, None when the session has gone; signals are passed on meanwhile. Raises TimeoutError."""
        poll = select.poll()
        poll.register(self._client.fileno(), select.POLLIN)
        poll.register(self._signals.fileno(), select.POLLIN)
        while not self._client.has_line:
            left = self._deadline - time.monotonic()
            if left <= 0:
                raise TimeoutError
            ready = dict(poll.poll(None if left == float("inf") else left * 1000))
            for number in self._signals.take():
                self._pass_on(number)
            if self._client.fileno() in ready:
                # The rest of a line may never come: meanwhile signals are to be heard.
                with contextlib.suppress(TimeoutError):
                    return self._client.receive(0)
        return self._client.receive()

    def _pass_on(self, number: int) -> None:
        if number in ENDING:
            self._tell_soon({"tell": "detach", "why": f"{signal.Signals(number).name} to the client"})
            self._deadline = min(self._deadline, time.monotonic() + _PATIENCE)
        elif number in _TOLD_AS:
            self._tell_soon({"tell": _TOLD_AS[signal.Signals(number)]})

    def _tell_soon(self, message: Mapping[str, object]) -> None:
        """Tell something, unless the session has not read for long: this process must hear the next signal."""
        with contextlib.suppress(NobodyError):
            self._client.send(message, patience=0)

    def _tell(self, message: Mapping[str, object]) -> None:
        with contextlib.suppress(NobodyError):  # what it said last is still to be read
            self._client.send(message)

    # What the session asks for

    def _run(self, message: Mapping[str, object]) -> None:
        """Run a program on the terminal until it ends; ^C and ^Z are its own, and the shell's."""
        command, cwd = message.get("command"), message.get("cwd")
        words = [str(word) for word in command] if isinstance(command, list) else []
        trouble = ""
        with self._signals.left_alone(signal.SIGTSTP), Foreground() as foreground:
            try:
                process = subprocess.Popen(
                    words, env=_variables_for(message), cwd=cwd if isinstance(cwd, str) else None
                )
            except OSError as error:
                trouble = f"{label(error.filename or words[0], 1000)}: {error.strerror}"
            except (ValueError, IndexError) as error:
                trouble = f"{words[:1]}: {error}"
            else:
                foreground.program = process.pid
                self._wait_for(process, foreground)
        self._tell({"tell": "ran", "trouble": trouble})

    def _wait_for(self, process: subprocess.Popen[bytes], foreground: Foreground) -> None:
        poll = select.poll()
        poll.register(self._signals.fileno(), select.POLLIN)
        while process.poll() is None:
            group = foreground.stopped_group()
            if group:
                self._stop_too(foreground, group)
            poll.poll()
            for number in self._signals.take():
                if number in ENDING:
                    self._pass_on(number)
                    # As when the terminal goes: what is interactive may ignore TERM.
                    foreground.hang_up()

    def _stop_too(self, foreground: Foreground, group: int) -> None:
        """A shell has stopped itself, group and all: nobody could go on with it if this job did not stop as well."""
        foreground.give(os.getpgrp())
        with self._signals.left_alone(signal.SIGCONT):
            os.kill(0, signal.SIGTSTP)
            _claim_terminal()
        foreground.give(group)
        os.killpg(group, signal.SIGCONT)

    def _stop(self) -> None:
        """Stop this job, as ^Z does elsewhere; the whole group, so that the shell sees it even behind a script.

        Where nobody could continue it, the kernel ignores the signal.
        """
        with self._signals.left_alone(signal.SIGTSTP, signal.SIGCONT):
            os.kill(0, signal.SIGTSTP)
            _claim_terminal()
        self._tell({"tell": "back"})

    def _await_end(self) -> int:
        """Wait until the session has gone, and raise RunIsEndingError; returns 0 when this process was told to end."""
        # Nothing of the terminal was changed: signals may do what they do to other programs.
        with self._signals.left_alone(*ENDING, *_TOLD_AS):
            if self._deadline < float("inf") or any(number in ENDING for number in self._signals.take()):
                return 0
            with contextlib.suppress(ControlError):
                while self._client.receive() is not None:
                    pass
        raise RunIsEndingError

    # When the session is not there any more

    def _mourn(self) -> int:
        self._restore()
        crash = label(self._facts.get("crash") or "", 4096)
        where = f"; what happened may be in {crash}" if crash and _has_content(crash) else ""
        graph = label(self._facts.get("graph") or "GRAPH.toml", 4096)
        _say(f"dagtui: {self._session()} died; the processes of its run were ended{where}\nto go on: dagtui {graph}\n")
        return DIED

    def _session(self) -> str:
        pid = self._facts.get("pid")
        return f"the session (process {pid})" if isinstance(pid, int) else "the session"

    def _restore(self) -> None:
        """Give the terminal the modes that it had, in place of a session that can't do it any more."""
        restore = self._facts.get("restore")
        with contextlib.suppress(OSError, termios.error):
            if isinstance(restore, str):
                # A stopped terminal must not hold this up: what it has not taken is thrown away.
                termios.tcflush(1, termios.TCOFLUSH)
                os.write(1, _CANCEL + restore.encode())
            termios.tcsetattr(0, termios.TCSANOW, self._found)


def _variables_for(message: Mapping[str, object]) -> dict[str, str]:
    """A program's variables: those it was given, else this terminal's, with defaults for what is not set."""
    whole, defaults = message.get("environment"), message.get("defaults")
    if isinstance(whole, dict):
        return variables_on_terminal(whole)
    return {**(defaults if isinstance(defaults, dict) else {}), **os.environ}


def _claim_terminal() -> None:
    """Wait until this process is in the foreground: until then the kernel stops whoever changes the terminal."""
    with contextlib.suppress(termios.error):  # nobody could bring it there
        termios.tcsetattr(0, termios.TCSANOW, termios.tcgetattr(0))


def _name_of_terminal() -> str:
    try:
        return os.ttyname(0).removeprefix("/dev/")
    except OSError:  # of another mount namespace
        return "a terminal"


def _has_content(path: str) -> bool:
    try:
        return os.stat(path).st_size > 0
    except OSError:
        return False


def _say(text: str) -> None:
    data = memoryview(text.encode(sys.stdout.encoding or "ascii", "replace"))
    with contextlib.suppress(OSError):  # the terminal has gone
        while data:
            data = data[os.write(1, data) :]
