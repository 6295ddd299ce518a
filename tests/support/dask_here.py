"""A real Dask cluster on this machine, on ports that the kernel chooses. dagtui is not installed there."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Self

from support.waiting import wait_for

if TYPE_CHECKING:
    from pathlib import Path

_NOT_INSTALLED = "raise ImportError('dagtui is not installed on the cluster')\n"
_QUIET = {
    "DASK_DISTRIBUTED__WORKER__PROFILE__ENABLED": "False",
    "DASK_DISTRIBUTED__ADMIN__TICK__INTERVAL": "500ms",
    "DASK_DISTRIBUTED__ADMIN__SYSTEM_MONITOR__INTERVAL": "10s",
    "DASK_DISTRIBUTED__ADMIN__SYSTEM_MONITOR__GIL__ENABLED": "False",
}
"""Spares the tests beside it the processor time that a cluster takes to watch itself."""
_KEPT = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR")


class DaskHere:
    """A scheduler and its workers, which end with it."""

    def __init__(self, folder: Path, workers: int = 1, threads: int = 8, *options: str, port: int = 0) -> None:
        self.folder = folder
        self.threads = threads
        self.options = options
        self.file = folder / "scheduler.json"
        self.workers: list[subprocess.Popen[bytes]] = []
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "nothing" / "dagtui").mkdir(parents=True, exist_ok=True)
        (folder / "nothing" / "dagtui" / "__init__.py").write_text(_NOT_INSTALLED)
        self.scheduler = self.start_scheduler(port)
        for _ in range(workers):
            self.start_worker()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def address(self) -> str:
        """The scheduler's address."""
        return str(json.loads(self.file.read_text())["address"])

    @property
    def port(self) -> int:
        return int(self.address.rpartition(":")[2])

    @property
    def alive(self) -> list[subprocess.Popen[bytes]]:
        """The workers that have not ended."""
        return [worker for worker in self.workers if worker.poll() is None]

    def name_of(self, worker: subprocess.Popen[bytes]) -> str:
        """The name under which a worker takes part."""
        return f"w{self.workers.index(worker)}"

    def start_scheduler(self, port: int = 0) -> subprocess.Popen[bytes]:
        """Start a scheduler, and wait until it has an address."""
        self.file.unlink(missing_ok=True)
        self.scheduler = self._start("scheduler", "--port", str(port), "--scheduler-file", str(self.file), "--no-show")
        wait_for(self._has_address, "the scheduler's address", seen=lambda: self.log("scheduler"))
        return self.scheduler

    def _has_address(self) -> bool:
        return self.file.exists() and self.file.read_text().rstrip().endswith("}")  # it is not written at once

    def start_worker(self, *options: str) -> subprocess.Popen[bytes]:
        """Start a worker. It joins soon."""
        name = f"w{len(self.workers)}"
        local = self.folder / name
        local.mkdir(exist_ok=True)
        worker = self._start(
            "worker", self.address, "--name", name, "--nthreads", str(self.threads), "--no-nanny", "--no-dashboard",
            "--memory-limit", "0", "--local-directory", str(local), *self.options, *options,
        )  # fmt: skip
        self.workers.append(worker)
        return worker

    def log(self, name: str) -> str:
        """What the daemons have written."""
        return (self.folder / f"{name}.log").read_text(errors="replace")

    def close(self) -> None:
        """End everything."""
        for process in (*self.workers, self.scheduler):
            process.kill()
        for process in (*self.workers, self.scheduler):
            process.wait()

    def _start(self, kind: str, *arguments: str) -> subprocess.Popen[bytes]:
        env = {name: os.environ[name] for name in _KEPT if name in os.environ}
        env |= {
            "PYTHONPATH": str(self.folder / "nothing"),
            "DASK_DISTRIBUTED__SCHEDULER__DASHBOARD__STATUS": "",
            "PYTHONDONTWRITEBYTECODE": "1",
            **_QUIET,
        }
        dashboard = ("--dashboard-address", "127.0.0.1:0") if kind == "scheduler" else ()
        command = (sys.executable, "-m", "dask", kind, "--host", "127.0.0.1", *dashboard, *arguments)
        with open(self.folder / f"{kind}.log", "ab") as log:
            return subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=env,
                cwd=self.folder,
                start_new_session=True,
            )
