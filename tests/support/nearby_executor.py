"""The simplest executor on other machines: real processes, kept by an object that outlives the executor."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from typing import TYPE_CHECKING

import anyio

from dagtui.execution.remote.executor import RemoteExecutor
from dagtui.text.amounts import now

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from dagtui.execution.remote.attempt import RemoteAttempt
    from dagtui.execution.requests import Request


class FarSide:
    """What goes on without the executor. A start is idempotent by key."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(exist_ok=True)
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self.requests: dict[str, Request] = {}
        self.began: dict[str, float] = {}
        self.records: dict[str, dict[str, object]] = {}
        self.started: list[str] = []
        """The keys of all that ever ran."""
        self.holds = False
        """Whether starts wait in a queue."""
        self.waiting: dict[str, Request] = {}
        self.reachable = True

    @property
    def known(self) -> set[str]:
        return {*self.waiting, *self.processes, *self.records}

    def start(self, request: Request) -> None:
        if request.key not in self.known:
            self.waiting[request.key] = request

    def turn(self) -> None:
        """Start what waits, and record what has ended."""
        while self.waiting and not self.holds:
            self._launch(*self.waiting.popitem())
        for key, process in self.processes.items():
            timeout = self.requests[key].timeout
            is_late = timeout is not None and time.time() > self.began[key] + timeout
            if is_late and process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
                self._record(key, process, "timeout")
            elif process.poll() is not None and key not in self.records:
                self._record(key, process, "signal" if process.returncode < 0 else "exit")

    def _launch(self, key: str, request: Request) -> None:
        values = self.folder / f"{key}.env"
        env = {"PATH": os.defpath, **request.env, **request.secrets, "DAGTUI_OUTPUT": str(values)}
        with open(self.folder / key, "wb") as log:
            try:
                process = subprocess.Popen(
                    request.argv, cwd=request.cwd, env=env, stdout=log, stderr=log, start_new_session=True
                )
            except OSError as error:
                what = "lookup" if os.path.isdir(request.cwd) else "cwd"
                self.records[key] = {"kind": "could not start", "errno": error.errno, "what": what}
                return
        self.started.append(key)
        self.processes[key], self.requests[key], self.began[key] = process, request, time.time()

    def _record(self, key: str, process: subprocess.Popen[bytes], kind: str) -> None:
        values = self.folder / f"{key}.env"
        self.records[key] = {
            "kind": kind,
            "value": abs(process.returncode),
            "seconds": time.time() - self.began[key],
            "size": os.path.getsize(self.folder / key),
            "output": values.read_text() if values.exists() else None,
            "usage": [0.1, 1000, 0, 0],
        }

    def log(self, key: str, offset: int) -> bytes:
        """Return the next few bytes of a log."""
        try:
            with open(self.folder / key, "rb") as log:
                log.seek(offset)
                return log.read(5)
        except FileNotFoundError:
            return b""

    def stop(self, key: str) -> None:
        if self.waiting.pop(key, None) is not None:
            self.records[key] = {"kind": "withdrawn"}
        elif key in self.processes and self.processes[key].poll() is None:
            os.killpg(self.processes[key].pid, signal.SIGTERM)

    def end(self) -> None:
        for process in self.processes.values():
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()


class NearbyExecutor(RemoteExecutor):
    """Asks its far side a hundred times a second."""

    far: FarSide

    def __init__(self, *arguments: object) -> None:
        super().__init__(*arguments)
        self.to_start: list[RemoteAttempt] = []
        self.to_find: list[RemoteAttempt] = []
        self.released: list[str] = []

    def _hand_over(self, attempts: Sequence[RemoteAttempt]) -> None:
        self.to_start += attempts

    def _stop(self, attempt: RemoteAttempt) -> None:
        pass  # each turn stops what is to be stopped

    def _release(self, attempt: RemoteAttempt) -> None:
        self.released.append(attempt.key)
        self.far.records.pop(attempt.key, None)

    def _look_for(self, attempts: Sequence[RemoteAttempt]) -> None:
        self.to_find += attempts

    async def _serve(self) -> None:
        while True:
            if self.far.reachable:
                self.heard()
                self._turn()
            else:
                self.silent("it is unplugged")
            await anyio.sleep(0.01)

    def _turn(self) -> None:
        far = self.far
        found, self.to_find = self.to_find, []
        self.absent([attempt for attempt in found if attempt.key not in far.known])
        starts, self.to_start = self.to_start, []
        for attempt in starts:
            far.start(attempt.request)
        far.turn()
        for attempt in list(self.attempts.values()):
            key = attempt.key
            if attempt.stop is not None or attempt.unwanted:
                far.stop(key)
            if key in far.waiting:
                self.queued(key, "Resources")
            if key in far.began:
                self.began(key, far.began[key], "n1")
            self.log(key, attempt.offset, far.log(key, attempt.offset), now())
            if key in far.records:
                self.ended(key, far.records[key])
