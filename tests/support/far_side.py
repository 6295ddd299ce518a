"""The agent of one test: a spool, and the shipped zip file as a worker that is talked to through a pipe."""

from __future__ import annotations

import atexit
import base64
import contextlib
import json
import os
import select
import shutil
import subprocess
import sys
import tempfile
import time
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Self

from support.waiting import SECONDS

from dagtui.execution import shipped

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


@lru_cache
def shipped_agent(folder: Path | None = None) -> Path:
    """Return the path of the zip file, in a folder of its own or in that of all tests, where it is compiled once."""
    if folder is None:
        folder = Path(tempfile.mkdtemp(prefix="dagtui-agent-"))
        atexit.register(shutil.rmtree, folder)
    path = folder / "agent.zip"
    path.write_bytes(shipped.agent())
    return path


def run_job(folder: Path, *specs: Mapping[str, object], lines: str = "0-99", env: Mapping[str, str] | None = None):
    """Start the agent as a job for a batch."""
    spool = folder / "spool"
    for made in (spool, spool / "specs"):
        made.mkdir(0o700, exist_ok=True)
    (spool / "specs" / "batch").write_text("".join(json.dumps(each) + "\n" for each in specs))
    command = [sys.executable, "-I", "-S", str(shipped_agent()), "job", str(spool), "batch", lines]
    return subprocess.Popen(command, env={**os.environ, **(env or {})}, stdin=subprocess.DEVNULL)


def recorded(folder: Path, key: str) -> dict[str, object]:
    """Return the record of an end in the spool."""
    return json.loads((folder / "spool" / "ended" / key).read_bytes())


def spec(key: str, *argv: str, **fields: object) -> dict[str, object]:
    """Return the specification of an attempt, with a short grace."""
    made = {"key": key, "label": key, "attempt": 1, "argv": argv, "cwd": "/", "env": {}, "grace": 0.3, "fence": 0}
    return made | fields


class FarWorker:
    """A worker process. What it said is kept by kind and key."""

    def __init__(
        self,
        folder: Path,
        *,
        orphans: float = 0.0,
        python: str = sys.executable,
        env: Mapping[str, str] | None = None,
        agent: Path | None = None,
    ) -> None:
        self.spool = folder / "spool"
        command = [python, "-I", "-S", str(agent or shipped_agent()), "worker", str(self.spool), str(orphans)]
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=None if env is None else dict(env)
        )
        self.said: list[dict[str, object]] = []
        self._rest = b""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.close()
        try:
            self.process.wait(SECONDS)
        finally:
            self.process.kill()
            self.process.wait()
            self.process.stdout.close()

    @property
    def guardian(self) -> int:
        """The process below the one that was started."""
        return int(Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()[0])

    def say(self, **message: object) -> None:
        self.process.stdin.write(json.dumps(message).encode() + b"\n")
        self.process.stdin.flush()

    def start(self, key: str, *argv: str, secrets: Mapping[str, str] | None = None, **fields: object) -> None:
        self.say(start=spec(key, *argv, **fields), secrets=secrets or {})

    def shell(self, key: str, text: str, **fields: object) -> None:
        self.start(key, "/bin/sh", "-c", text, **fields)

    def hear(self, found: Callable[[dict[str, object]], bool]) -> dict[str, object]:
        """Return the first message for which something holds, once it was said."""
        looked, end = 0, time.monotonic() + SECONDS
        while True:
            for message in self.said[looked:]:
                if found(message):
                    return message
            looked = len(self.said)
            left = end - time.monotonic()
            ready = left > 0 and select.select([self.process.stdout], [], [], left)[0]
            data = os.read(self.process.stdout.fileno(), 1 << 20) if ready else b""
            assert data, f"not said; said: {self.said}"
            *lines, self._rest = (self._rest + data).split(b"\n")
            self.said += map(json.loads, lines)

    def end_of(self, key: str) -> dict[str, object]:
        return self.hear(lambda message: message.get("ended") == key)

    def log_of(self, key: str) -> bytes:
        """Return the log of an ended attempt, asked for in pieces."""
        size, log = self.end_of(key)["size"], b""
        while len(log) < size:
            self.say(look={key: len(log)})
            piece = self.hear(lambda message: message.get("log") == key and message["at"] == len(log))  # noqa: B023
            log += base64.b64decode(piece["data"])
        return log
