"""Runs in session processes, with real terminals before them; everything ends with the test."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from support.journals import records_so_far, statuses_so_far
from support.process_listing import catches, fresh_token, processes_with
from support.terminal import PtyTerminal
from support.waiting import wait_for

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


class SessionHarness:
    """A graph in a folder of its own, a folder for sockets, and the terminals that were opened."""

    def __init__(self, folder: Path, sockets: Path) -> None:
        self.folder = folder
        self.token = fresh_token()
        """Words in the command lines of the graph's processes."""
        self.sockets = sockets
        self.terminals: list[PtyTerminal] = []

    # Opening

    def write(self, graph: str) -> None:
        """Write the graph file; `{token}` stands for what finds its processes."""
        text = "version = 1\n" + graph.replace("{token}", self.token)
        (self.folder / "graph.toml").write_text(text, encoding="utf-8")

    def environment(self, **more: str) -> dict[str, str]:
        """What every program of this harness gets."""
        return {"LANG": "C.UTF-8", "DAGTUI_SOCKET_DIR": str(self.sockets), **more}

    def open(
        self,
        *words: str,
        program: Sequence[str] = ("-m", "dagtui"),
        through: Sequence[str] = (),
        env: Mapping[str, str] | None = None,
        columns: int = 100,
        rows: int = 30,
    ) -> PtyTerminal:
        """A terminal with `dagtui graph.toml`, or with other words after the program; `through` is what executes it."""
        return self.start([*through, sys.executable, *program, *(words or ("graph.toml",))], env, columns, rows)

    def start(
        self, command: Sequence[str], env: Mapping[str, str] | None = None, columns: int = 100, rows: int = 30
    ) -> PtyTerminal:
        """A terminal with any command."""
        environment = self.environment(**(env or {}))
        terminal = PtyTerminal(command, cwd=self.folder, env=environment, columns=columns, rows=rows)
        self.terminals.append(terminal)
        return terminal

    # Looking

    @property
    def run_directory(self) -> Path:
        """The latest run's."""
        return self.folder / ".dagtui" / "graph" / "latest"

    def runs(self) -> list[str]:
        """The numbers of the runs that there are."""
        return sorted(path.name for path in (self.folder / ".dagtui/graph/runs").iterdir())

    def journal(self) -> list[dict[str, object]]:
        """The events that are on record."""
        return records_so_far(self.run_directory / "journal.jsonl")

    def told(self) -> list[str]:
        """What is on record about the run as a whole."""
        return [str(event["what"]) for event in self.journal() if event["event"] == "run"]

    def statuses(self) -> dict[str, str]:
        """The last status of each node."""
        return statuses_so_far(self.run_directory / "journal.jsonl")

    def pids(self) -> list[int]:
        """The processes that belong to nodes."""
        return processes_with(self.token)

    def stubborn_pids(self) -> list[int]:
        """Those of them that have come as far as to catch TERM; a shell is there before its trap is."""
        return [pid for pid in self.pids() if catches(pid, signal.SIGTERM)]

    def session(self) -> int:
        """The process that has the latest run."""
        words = (self.run_directory / "lock").read_text(encoding="ascii").split()
        return int(words[words.index("process") + 1])

    def connections(self) -> int:
        """The sockets that the session holds, its own among them."""
        folder = Path(f"/proc/{self.session()}/fd")
        return sum(self._is_socket(path) for path in folder.iterdir())

    @staticmethod
    def _is_socket(path: Path) -> bool:
        try:
            return os.readlink(path).startswith("socket:")
        except OSError:  # closed since it was listed
            return False

    def is_alive(self, pid: int) -> bool:
        """Whether a process of this harness is there: another one may have got its number."""
        try:
            return str(self.sockets).encode() in Path(f"/proc/{pid}/environ").read_bytes()
        except OSError:
            return False

    def wait_for_end_of(self, pid: int) -> None:
        """Wait until a session process has ended."""
        wait_for(lambda: not self.is_alive(pid), "end of the session")

    # The end

    def clear(self) -> None:
        """End every terminal, every session, and what they have started."""
        for terminal in self.terminals:
            terminal.__exit__()
        for lock in (self.folder / ".dagtui").glob("*/runs/*/lock"):
            words = lock.read_text(encoding="ascii").split()
            pid = int(words[words.index("process") + 1]) if "process" in words else 0
            if pid and self.is_alive(pid):
                os.kill(pid, signal.SIGCONT)
                os.kill(pid, signal.SIGKILL)
        # Their supervisor would let them have all of their grace.
        for pid in self.pids():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        wait_for(lambda: not self.pids(), "end of the nodes' processes")
