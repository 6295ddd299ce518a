"""The real program on a graph of one test, with or without a screen, and what is on record about its run."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Self

from support.journals import records_so_far
from support.process_listing import children, named
from support.terminal import PtyTerminal
from support.waiting import SECONDS, wait_for

if TYPE_CHECKING:
    import signal
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

PROGRAM = ("-m", "dagtui")
ON_SCREEN = ("--in-process",)
"""Options with which screen and run are one process."""
HEADLESS = ("run",)


class Run:
    """The program in one of its two forms, on `graph.toml` in a directory."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @property
    def pid(self) -> int:
        """The process that holds the run."""
        raise NotImplementedError

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to it."""
        os.kill(self.pid, number)

    def end(self) -> int:
        """Wait for its end; its exit status, minus the signal that killed it."""
        raise NotImplementedError

    # Its processes

    @property
    def reaper(self) -> int:
        return self._family()[0]

    @property
    def supervisor(self) -> int:
        return self._family()[1]

    @property
    def log_process(self) -> int:
        supervisor = self.supervisor
        wait_for(lambda: named("dagtui-log", supervisor))
        return named("dagtui-log", supervisor)[0]

    def _family(self) -> tuple[int, int]:
        found: list[tuple[int, int]] = []

        def search() -> bool:
            for reaper in children(self.pid):
                found.extend((reaper, supervisor) for supervisor in named("dag-supervisor", reaper))
            return bool(found)

        wait_for(search)
        return found[0]

    # Its record

    @property
    def directory(self) -> Path:
        """The run's."""
        return self.folder / ".dagtui" / "graph" / "latest"

    def journal(self) -> list[dict[str, object]]:
        """All events on record; a line that is being written is none yet."""
        return records_so_far(self.directory / "journal.jsonl")

    def last(self, key: str) -> dict[str, object]:
        """The latest value of a field for each node that has it."""
        return {str(event["node"]): event[key] for event in self.journal() if event["event"] == "node" and key in event}

    @property
    def statuses(self) -> dict[str, object]:
        return self.last("status")

    def wait_for(self, **statuses: str) -> None:
        """Wait for statuses of nodes."""
        wait_for(lambda: statuses.items() <= self.statuses.items())

    def log(self, node: str, attempt: int = 1) -> bytes:
        """What an attempt has printed."""
        found = [path for path in self.directory.glob("logs/*/*.log") if self._is_log(path.name, node, attempt)]
        return found[0].read_bytes() if found else b""

    @staticmethod
    def _is_log(name: str, node: str, attempt: int) -> bool:
        stem, number, _ = name.rsplit(".", 2)
        return number == str(attempt) and stem.rpartition("-")[0] == node

    @property
    def crashes(self) -> list[str]:
        """The notes that reaper, supervisor and log process leave when they fail."""
        return [path.read_text() for path in self.directory.glob("crash-*")]


class Headless(Run):
    """`dagtui run`."""

    def __init__(
        self,
        folder: Path,
        *options: str,
        program: Sequence[str] = PROGRAM,
        env: Mapping[str, str] | None = None,
        limits: str = "",
        prefix: Sequence[str] = (),
    ) -> None:
        """`limits` is what a shell does before it executes the program: `ulimit -n 64`; `prefix` what executes it."""
        super().__init__(folder)
        command = [sys.executable, *program, *HEADLESS, str(folder / "graph.toml"), *options]
        command = [*prefix, *command]
        if limits:
            command = ["sh", "-c", f'{limits}; exec "$@"', "sh", *command]
        self._out = open(folder / "printed", "w+b")  # noqa: SIM115 - closed by __exit__
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=self._out,
            stderr=subprocess.STDOUT,
            cwd=folder,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "LANG": "C.UTF-8", **(env or {})},
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait(SECONDS)
        self._out.close()

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def printed(self) -> str:
        return (self.folder / "printed").read_text("utf-8", "replace")

    def end(self) -> int:
        return self._process.wait(SECONDS)


class OnScreen(Run):
    """`dagtui graph.toml` on a terminal of its own, read by who looks at it."""

    def __init__(self, folder: Path, *options: str, through: Sequence[str] = ()) -> None:
        """`through` is what executes the program: a shell that traps something, say."""
        super().__init__(folder)
        command = [*through, sys.executable, *PROGRAM, str(folder / "graph.toml"), *ON_SCREEN, *options]
        self.terminal = PtyTerminal(command, cwd=folder, env={"LANG": "C.UTF-8"}, columns=100, rows=45)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.terminal.__exit__()

    @property
    def pid(self) -> int:
        return self.terminal.process.pid

    def end(self) -> int:
        return self.terminal.wait_for_end(SECONDS)

    def wait_for_screen(self) -> None:
        """Wait until keys are heard."""
        self.terminal.wait_for_text("q quit")

    def leave(self) -> None:
        """Leave a run that is not settled, cancelling everything: keys are not heard as soon as a question appears."""
        self.wait_for_screen()
        self.terminal.send("q")
        self.terminal.wait_for_text("Leave?")
        last = time.monotonic() + SECONDS
        while self.terminal.process.poll() is None and "still" not in self.terminal.text:
            assert time.monotonic() < last, self.terminal.text
            self.terminal.send("c")
            self.terminal.read(0.2)


def release(pipe: Path, condition: Callable[[], object]) -> None:
    """Let go of whoever opens a named pipe for reading, until a condition holds."""

    def let_go() -> object:
        with contextlib.suppress(OSError):  # nobody waits at the moment
            os.close(os.open(pipe, os.O_WRONLY | os.O_NONBLOCK))
        return condition()

    wait_for(let_go)


def write_graph(folder: Path, text: str, **words: object) -> None:
    """Write `graph.toml`; `{word}` in it is replaced."""
    for name, value in words.items():
        text = text.replace(f"{{{name}}}", str(value))
    (folder / "graph.toml").write_text("version = 1\n" + text, encoding="utf-8")
