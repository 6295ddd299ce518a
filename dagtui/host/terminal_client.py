"""Client that attaches its terminal to a run in another process, and does what only the terminal's owner can.

It has few imports and no event loop, because a client must start quickly.
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
from typing import TYPE_CHECKING

from dagtui.control.sockets import ControlError, PeerGoneError
from dagtui.host.job_control import Foreground, Signals
from dagtui.runs.node_environment import variables_on_terminal
from dagtui.text import label, path_word

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from dagtui.control.client import ControlClient
    from dagtui.text.amounts import Seconds
    from dagtui.text.look import Look

SENT_VARIABLES = (
    *("TERM", "COLORTERM", "TERM_PROGRAM", "TERM_PROGRAM_VERSION", "NO_COLOR", "TMUX", "STY"),
    *("LANG", "LC_ALL", "LC_CTYPE", "SSH_CONNECTION", "SSH_CLIENT", "SSH_TTY"),
    *("WT_SESSION", "ConEmuANSI", "KITTY_WINDOW_ID", "VTE_VERSION"),
    *("PAGER", "LESS", "EDITOR", "VISUAL", "SHELL"),
)
"""Environment variables about a terminal, its language and the user's programs, which are sent to the session."""
DETACHING_SIGNALS = (signal.SIGHUP, signal.SIGTERM)
"""Signals that detach."""
_TOLD_AS = {
    signal.SIGINT: "interrupt",
    signal.SIGTSTP: "suspend",
    signal.SIGCONT: "continued",
    signal.SIGWINCH: "resized",
}
DIED = 1
"""Exit status if the session process is gone."""
_PATIENCE = 2.0
"""Seconds that a session may take to give the terminal back after this process was asked to end."""
_CANCEL = b"\x18"  # ends an incomplete escape sequence


class RunIsEndingError(Exception):
    """The run is about to end. Once its process is gone, the graph may be started again."""


def attach_terminal(client: ControlClient, look: Look, *, mouse: bool | None) -> int:
    """Attach this process's terminal, standard input and output, until it is given back. Return the exit status.

    In the background, it first waits for the foreground, as every program that uses the terminal does. Raises
    RunIsEndingError if the run is about to end, and ControlError if it refuses the terminal.
    """
    return _AttachedTerminal(client).make(look, mouse=mouse)


class _AttachedTerminal:
    def __init__(self, client: ControlClient) -> None:
        self._client = client
        self._original_settings = termios.tcgetattr(0)
        """The original line settings of the terminal."""
        self._facts: dict[str, object] = {}
        """What the session reported about itself: `pid`, `crash` (the file), `restore` (codes for the terminal)."""
        self._deadline = float("inf")
        self._signals = Signals((*DETACHING_SIGNALS, *_TOLD_AS, signal.SIGCHLD))

    def make(self, look: Look, *, mouse: bool | None) -> int:
        from dagtui.settings.place import settings_path  # a run without a screen has no settings

        _wait_for_foreground()
        with self._signals:
            request = {
                "want": "attach",
                "tty": _terminal_name(),
                "cwd": _working_directory(),
                "environment": {name: os.environ[name] for name in SENT_VARIABLES if name in os.environ},
                "ascii": look.ascii,
                "theme": look.theme,
                "mouse": mouse,
                "settings": os.fspath(settings_path()),
            }
            with contextlib.suppress(PeerGoneError):  # its last message can still be read
                self._client.send(request, (0, 1))
            while True:
                status = self._handle_next()
                if status is not None:
                    return status

    def _handle_next(self) -> int | None:
        """Handle the session's next message. Return the exit status if it was the last."""
        try:
            message = self._next()
        except TimeoutError:
            self._restore()
            _say(f"dagtui: {self._session()} does not answer; it still has the run\n")
            return 0
        if message is None:
            return self._report_death()
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
        """Return the next message, or None if the session is gone. Passes on signals meanwhile. Raises TimeoutError."""
        poll = select.poll()
        poll.register(self._client.fileno(), select.POLLIN)
        poll.register(self._signals.fileno(), select.POLLIN)
        while not self._client.has_line:
            left = self._deadline - time.monotonic()
            if left <= 0:
                raise TimeoutError
            ready = dict(poll.poll(None if left == float("inf") else left * 1000))
            for number in self._signals.take():
                self._forward(number)
            if self._client.fileno() in ready:
                # The rest of a line may never come, and signals must be handled meanwhile.
                with contextlib.suppress(TimeoutError):
                    return self._client.receive(0)
        return self._client.receive()

    def _forward(self, number: int) -> None:
        """Tell the session about a signal without waiting, because this process must handle the next one."""
        if number in DETACHING_SIGNALS:
            self._send({"tell": "detach", "why": f"{signal.Signals(number).name} to the client"}, patience=0)
            self._deadline = min(self._deadline, time.monotonic() + _PATIENCE)
        elif number in _TOLD_AS:
            self._send({"tell": _TOLD_AS[signal.Signals(number)]}, patience=0)

    def _send(self, message: Mapping[str, object], patience: Seconds | None = None) -> None:
        """Send a message. With a patience of 0, only if the session has read what was sent before."""
        with contextlib.suppress(PeerGoneError):  # its last message can still be read
            self._client.send(message, patience=patience)

    # Requests of the session

    def _run(self, message: Mapping[str, object]) -> None:
        """Run a program on the terminal until it ends. The program and the shell handle ^C and ^Z themselves."""
        command, cwd = message.get("command"), message.get("cwd")
        words = [str(word) for word in command] if isinstance(command, list) else []
        trouble, status = "", 0
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
                status = process.returncode
        self._send({"tell": "ran", "trouble": trouble, "status": status})

    def _wait_for(self, process: subprocess.Popen[bytes], foreground: Foreground) -> None:
        poll = select.poll()
        poll.register(self._signals.fileno(), select.POLLIN)
        while process.poll() is None:
            group = foreground.stopped_group()
            if group:
                self._stop_with_program(foreground, group)
            poll.poll()
            for number in self._signals.take():
                if number in DETACHING_SIGNALS:
                    self._forward(number)
                    # As at the loss of the terminal: interactive programs may ignore TERM.
                    foreground.hang_up()

    def _stop_with_program(self, foreground: Foreground, group: int) -> None:
        """Stop this job because the shell has stopped its process group. Otherwise nothing could continue that."""
        foreground.give(os.getpgrp())
        with self._signals.left_alone(signal.SIGCONT):
            os.kill(0, signal.SIGTSTP)
            _wait_for_foreground()
        foreground.give(group)
        os.killpg(group, signal.SIGCONT)

    def _stop(self) -> None:
        """Stop this job's whole process group, as ^Z does, so that the shell sees it even behind a script.

        Where nothing could continue it, the kernel ignores the signal.
        """
        with self._signals.left_alone(signal.SIGTSTP, signal.SIGCONT):
            os.kill(0, signal.SIGTSTP)
            _wait_for_foreground()
        self._send({"tell": "back"})

    def _await_end(self) -> int:
        """Wait until the session is gone, then raise RunIsEndingError. Return 0 if this process was asked to end."""
        # The terminal was not changed, so signals may have their default actions.
        with self._signals.left_alone(*DETACHING_SIGNALS, *_TOLD_AS):
            if self._deadline < float("inf") or any(number in DETACHING_SIGNALS for number in self._signals.take()):
                return 0
            with contextlib.suppress(ControlError):
                while self._client.receive() is not None:
                    pass
        raise RunIsEndingError

    # After the death of the session

    def _report_death(self) -> int:
        self._restore()
        crash = label(self._facts.get("crash") or "", 4096)
        where = f"; details may be in {crash}" if crash and has_content(crash) else ""
        again = label(self._facts.get("again") or self._open_again(), 4096)
        fate = "the processes of its run on this machine were ended, those elsewhere go on"
        if not self._facts.get("elsewhere"):
            fate = "the processes of its run were ended"
        _say(f"dagtui: {self._session()} died; {fate}{where}\nto continue: {again}\n")
        return DIED

    def _open_again(self) -> str:
        """Return the command for a session that did not say one, as those of earlier versions."""
        return f"dagtui {path_word(self._facts.get('graph') or 'GRAPH.toml')}"

    def _session(self) -> str:
        pid = self._facts.get("pid")
        return f"the session (process {pid})" if isinstance(pid, int) else "the session"

    def _restore(self) -> None:
        """Restore the terminal's modes in place of a session that is gone."""
        restore = self._facts.get("restore")
        with contextlib.suppress(OSError, termios.error):
            if isinstance(restore, str):
                # A stopped terminal must not block this, so its pending output is discarded.
                termios.tcflush(1, termios.TCOFLUSH)
                os.write(1, _CANCEL + restore.encode())
            termios.tcsetattr(0, termios.TCSANOW, self._original_settings)


def _variables_for(message: Mapping[str, object]) -> dict[str, str]:
    """Return a program's variables: the given ones, else this terminal's with defaults for what is not set."""
    whole, defaults = message.get("environment"), message.get("defaults")
    if isinstance(whole, dict):
        return variables_on_terminal(whole)
    return {**(defaults if isinstance(defaults, dict) else {}), **os.environ}


def _wait_for_foreground() -> None:
    """Wait for the foreground. Until then, the kernel stops a process that changes the terminal."""
    with contextlib.suppress(termios.error):  # no shell could bring it to the foreground
        termios.tcsetattr(0, termios.TCSANOW, termios.tcgetattr(0))


def _terminal_name() -> str:
    try:
        return os.ttyname(0).removeprefix("/dev/")
    except OSError:  # it belongs to another mount namespace
        return "a terminal"


def _working_directory() -> str:
    try:
        return os.getcwd()
    except OSError:  # it was removed
        return ""


def has_content(path: str | Path) -> bool:
    """Return whether there is a file that is not empty."""
    try:
        return os.stat(path).st_size > 0
    except OSError:
        return False


def _say(text: str) -> None:
    data = memoryview(text.encode(sys.stdout.encoding or "ascii", "replace"))
    with contextlib.suppress(OSError):  # the terminal is gone
        while data:
            data = data[os.write(1, data) :]
