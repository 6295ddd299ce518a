"""The jobs that are the workers of a Dask cluster, seen from dagtui: it starts their process, or finds it."""

from __future__ import annotations

import asyncio
import fcntl
import json
import os
import select
import subprocess
import sys
import threading
import time
from contextlib import suppress
from importlib.util import find_spec
from typing import TYPE_CHECKING, Final

from dagtui.execution.dask.cluster import ClusterError, scheduler_id
from dagtui.execution.dask.job_order import LOCK, LOG, ORDER, PROGRAM, SCHEDULER, lines_for
from dagtui.execution.remote.whole_file import write_whole

if find_spec("dask_jobqueue") is None:  # said before a run starts; only the process of the jobs imports it
    raise ModuleNotFoundError("No module named 'dask_jobqueue'", name="dask_jobqueue")

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from dagtui.execution.dask.job_order import JobOrder
    from dagtui.text.amounts import Seconds

_PATIENCE: Final[Seconds] = 120.0
"""Seconds within which the process has to be ready."""
_CHANGE: Final[Seconds] = 5.0
"""Seconds for which a process may take to end that has an older order."""
_ANSWER: Final[Seconds] = 2.0
"""Seconds within which a scheduler on another machine has to answer."""
_LOOK: Final[Seconds] = 0.1


class RefusedOrderError(Exception):
    """The process can't make jobs as the table says. The text says why."""


class WorkerJobs:
    """The process of the jobs, which outlives dagtui."""

    def __init__(self, order: JobOrder, folder: Path, environment: Mapping[str, str]) -> None:
        """Create it. `folder` is that of the executor in the run's directory."""
        self._order = order.written()
        self._tls = order.tls
        self._folder = folder
        self._environment = environment
        self._child = 0
        """The process, if this one has started it. It outlives this one, but may end before."""

    @staticmethod
    def scheduler_file(folder: Path) -> str:
        """Return the path of the file that names the scheduler."""
        return str(folder / SCHEDULER)

    async def ready(self) -> None:
        """Wait until there is a scheduler. Start the process if need be.

        Raises ClusterError if that fails, and RefusedOrderError if it fails as long as the table stays as it is.
        """
        from anyio import to_thread

        left = threading.Event()
        try:
            await to_thread.run_sync(self._make_ready, left, abandon_on_cancel=True)
        except OSError as error:
            raise ClusterError(f"the process of its jobs can't be started: {error}") from error
        finally:
            left.set()

    def _make_ready(self, left: threading.Event) -> None:
        """Do what `ready` waits for. When `left` is set, return: a thread keeps the interpreter from exiting."""
        self._reap()
        self._note_order(left)
        deadline = time.monotonic() + _PATIENCE
        while not left.is_set() and time.monotonic() < deadline:
            if not self._is_alive():
                self._start(deadline, left)
            if os.path.exists(self.scheduler_file(self._folder)):
                return
            left.wait(_LOOK)
        raise ClusterError(f"the process of its jobs does not get ready; its log is {self._folder / LOG}")

    async def end(self) -> None:
        """Let the process end, because the run is over and no attempt is open. Wait for that, but not for long."""
        from anyio import to_thread

        left = threading.Event()
        try:
            await to_thread.run_sync(self._withdraw_order, left, abandon_on_cancel=True)
        finally:
            left.set()

    def _withdraw_order(self, left: threading.Event) -> None:
        with suppress(OSError):  # the whole folder may be gone, which says the same
            (self._folder / ORDER).unlink(missing_ok=True)
        deadline = time.monotonic() + _CHANGE
        while self._child and time.monotonic() < deadline and not left.wait(_LOOK):
            self._reap()

    def _reap(self) -> None:
        """Take the end of the process, if it has ended."""
        try:
            if self._child and os.waitpid(self._child, os.WNOHANG)[0]:
                self._child = 0
        except ChildProcessError:
            self._child = 0

    def _note_order(self, left: threading.Event) -> None:
        """Write what is to be done. A process that does something else ends soon, unless attempts are open there."""
        path = self._folder / ORDER
        if os.path.exists(path) and path.read_text(encoding="utf-8") == self._order:
            return
        write_whole(path, self._order)
        deadline = time.monotonic() + _CHANGE
        while self._is_alive() and time.monotonic() < deadline and not left.wait(_LOOK):
            pass

    def _is_alive(self) -> bool:
        """Return whether a process has the lock, or its scheduler answers on another machine.

        Not every disk that machines share shows the locks of one to the others.
        """
        with open(self._folder / LOCK, "a", encoding="ascii") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return True
        return self._answers_elsewhere()

    def _answers_elsewhere(self) -> bool:
        """Return whether the scheduler of the process answers. Another program may have its port by now."""
        try:
            told = json.loads((self._folder / SCHEDULER).read_text(encoding="utf-8"))
            if told["host"] == os.uname().nodename:
                return False
            found = asyncio.run(asyncio.wait_for(scheduler_id(str(told["address"]), self._tls), _ANSWER))
        except (ClusterError, OSError, ValueError, KeyError, TypeError):
            return False
        return bool(found == told.get("id", found))  # an older version does not tell it

    def _start(self, deadline: float, left: threading.Event) -> None:
        """Start the process, and wait for its answer."""
        with open(self._folder / LOG, "ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-P", "-c", PROGRAM],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                env=dict(self._environment),
                cwd=self._folder,
                start_new_session=True,
            )
        self._child, process.returncode = process.pid, 0  # so that it is not missed when it outlives this object
        if process.stdin is None or process.stdout is None:
            return
        with process.stdin, process.stdout:
            process.stdin.write(lines_for("jobqueue_process", self._folder).encode())
            process.stdin.flush()
            while not select.select([process.stdout], [], [], _LOOK)[0]:
                if left.is_set():
                    return
                if time.monotonic() > deadline:
                    raise ClusterError(f"the process of its jobs does not get ready; its log is {self._folder / LOG}")
            line = process.stdout.readline()
        try:
            trouble = json.loads(line)["trouble"]
        except (ValueError, KeyError, TypeError) as error:  # it has ended, or something else has printed
            raise ClusterError(f"the process of its jobs has failed; its log is {self._folder / LOG}") from error
        if trouble:
            raise RefusedOrderError(trouble)
