"""The batches of one executor: in memory, and as files in the spool, from which a later process takes them up.

    halves/KEY       a half of the secrets of an attempt, until it begins (execution/agent/secret_halves.py)
    specs/BATCH      what its attempts execute, one in a line, for the agent
    jobs/BATCH       its attempts, options and jobs: the intention, before Slurm hears of it; with its id afterwards
    output/BATCH     what its jobs print outside of attempts: only what goes wrong

Each file is complete or missing. The methods that touch the disk are called in threads.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
import threading
from subprocess import DEVNULL
from typing import TYPE_CHECKING

from dagtui.execution.agent.json_text import encoded
from dagtui.execution.agent.secret_halves import fits, new_half, other_half
from dagtui.execution.agent.spool import Spool, SpoolError
from dagtui.execution.shipped import agent, version
from dagtui.execution.slurm.batch import Batch

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from dagtui.text.amounts import Seconds

_FOLDERS = ("halves", "jobs", "output")
_OURS: dict[str, object] = {"by": "dagtui"}
"""The holder of a claim that keeps an attempt from ever beginning."""
_MOST_OUTPUT = 4096


class BatchStore:
    """Batches by their names, and by the keys of their attempts."""

    def __init__(self, path: str, agents: str) -> None:
        """`path` is the folder of the spool, at which both sides see it, and `agents` one for agents of all runs."""
        self.path = path
        self._agents = agents
        self.by_name: dict[str, Batch] = {}
        self._of_key: dict[str, Batch] = {}
        self._copies: dict[str, int] = {}
        """How many batches have an attempt that was handed over again, the one to come included."""
        self._spool: Spool | None = None
        self._making = threading.Lock()

    def add(self, batch: Batch) -> None:
        """Take a batch in. What it has in common with earlier ones belongs to it."""
        self.by_name[batch.name] = batch
        for key in self._of_key.keys() & batch.keys:
            self.leave(key)
        self._of_key.update(dict.fromkeys(batch.keys, batch))

    def of(self, key: str) -> Batch | None:
        """Return the batch of an attempt. None: it is to be handed over."""
        return self._of_key.get(key)

    def is_shared(self, key: str) -> bool:
        """Return whether an attempt was handed over again, so that agents of two batches may know it."""
        return key in self._copies

    def leave(self, key: str) -> None:
        """Take an attempt out of its batch, so that another one can have it. It may not have begun."""
        batch = self._of_key.pop(key, None)
        if batch is not None:
            batch.unreleased.discard(key)
            self._copies[key] = self._copies.get(key, 1) + 1

    def drop(self, batch: Batch) -> None:
        """Forget a batch in memory."""
        self.by_name.pop(batch.name, None)
        for key in batch.keys:
            if self._of_key.get(key) is batch:
                del self._of_key[key]
        for key in self._copies.keys() & batch.keys:
            self._copies[key] -= 1
            if self._copies[key]:
                batch.shared.add(key)
            else:
                del self._copies[key]

    @property
    def has_unreleased(self) -> bool:
        """Whether the end of an attempt may not be on record."""
        return any(batch.unreleased for batch in self.by_name.values())

    # On disk

    @property
    def spool(self) -> Spool:
        """The spool, which is made if it is not there. Raises SpoolError if it can't be used."""
        with self._making:
            if self._spool is None:
                self._spool = self._made()
            return self._spool

    def _made(self) -> Spool:
        spool = Spool(self.path)
        try:
            for folder in _FOLDERS:
                os.makedirs(spool.file(folder, ""), 0o700, exist_ok=True)
            self._put_agent()
        except OSError as error:
            raise SpoolError(f"{error.filename}: {(error.strerror or 'cannot be used').lower()}") from None
        return spool

    @property
    def agent_path(self) -> str:
        """The agent, which all runs share."""
        return f"{self._agents}/agent-{version()}.zip"

    def _put_agent(self) -> None:
        """Write the agent if it is not there, and let it compile itself, which takes longer than a start."""
        os.makedirs(self._agents, 0o700, exist_ok=True)
        found = os.lstat(self._agents)
        if found.st_uid != os.geteuid() or found.st_mode & 0o022:
            raise SpoolError(f"{self._agents} can be changed by another user")
        if os.path.basename(self.agent_path) not in os.listdir(self._agents):
            _write(f"{self._agents}/new-{os.uname().nodename}-{os.getpid()}", self.agent_path, agent())
            with contextlib.suppress(OSError, subprocess.TimeoutExpired):
                words = [sys.executable, "-I", "-S", self.agent_path]
                subprocess.run(words, stdin=DEVNULL, stdout=DEVNULL, stderr=DEVNULL, check=False, timeout=10)

    def intend(self, batch: Batch, specs: Iterable[Mapping[str, object]]) -> None:
        """Note what is about to be handed over, before Slurm hears of it. Raises SpoolError and OSError."""
        spool = self.spool
        new = spool.file("new", batch.name)
        _write(new, spool.file("specs", batch.name), b"\n".join(encoded(spec) for spec in specs))
        spool.put("jobs", batch.name, batch.record())

    def split(self, batch: Batch, secrets: Mapping[str, str]) -> str:
        """Put one half of the secrets of a batch on disk, for each of its attempts, and return the other one.

        If Slurm may have the batch already, the half that is there is used again. Raises SpoolError and OSError.
        """
        spool = self.spool
        there = set(spool.keys("halves")).intersection(batch.keys)
        half = self._half_of(there, secrets)
        missing = set(batch.keys)
        if half is None:
            half = new_half(secrets)
        else:  # writing may have broken off; what was claimed has none any more
            missing -= there.union(spool.keys("claims"))
        for key in sorted(missing):
            _write(spool.file("new", f"{key}.half"), spool.file("halves", key), half)
        return other_half(half, secrets)

    def _half_of(self, keys: Iterable[str], secrets: Mapping[str, str]) -> bytes | None:
        """Return the half that one of the attempts has, if it is as long as the secrets are now."""
        for key in keys:
            with contextlib.suppress(FileNotFoundError), open(self.spool.file("halves", key), "rb") as file:
                half = file.read()
                if fits(half, secrets):
                    return half
        return None

    def note_jobs(self, batch: Batch) -> None:
        """Note the id under which Slurm has a batch. Raises OSError."""
        self.spool.put("jobs", batch.name, batch.record())

    def read_all(self) -> list[Batch]:
        """Return the batches of earlier processes, from old to new. Raises SpoolError and OSError."""
        spool = self.spool
        records = [spool.read("jobs", name) for name in spool.keys("jobs")]
        found = [Batch.from_record(record) for record in records if record is not None]
        return sorted((batch for batch in found if batch is not None), key=lambda batch: batch.made_at)

    def claim(self, keys: Iterable[str]) -> list[str]:
        """Claim attempts, so that they never begin. Return those that had not begun. Raises SpoolError and OSError."""
        claimed = [key for key in keys if self.spool.claim(key, _OURS)]
        for key in claimed:
            _remove(self.spool.file("halves", key))
        return claimed

    def write_stop(self, key: str, grace: Seconds) -> None:
        """Write a stop, which the agent of an attempt looks for. Raises SpoolError and OSError."""
        spool = self.spool
        _write(spool.file("new", f"{key}.stop"), spool.file("stops", key), str(grace).encode())

    def claimed(self, keys: Sequence[str]) -> bool:
        """Return whether any of the attempts has begun. Raises SpoolError and OSError."""
        return not set(self.spool.keys("claims")).isdisjoint(keys)

    def output_of(self, batch: Batch) -> str:
        """Return the last line that jobs of a batch printed outside of attempts, or an empty string."""
        try:
            with open(self.spool.file("output", batch.name), "rb") as file:
                file.seek(max(0, os.fstat(file.fileno()).st_size - _MOST_OUTPUT))
                lines = file.read(_MOST_OUTPUT).decode(errors="replace").split("\n")
        except (OSError, SpoolError):
            return ""
        return next((line.strip() for line in reversed(lines) if line.strip()), "")

    def remove_all(self) -> None:
        """Remove the spool, if it was this executor's."""
        if self._spool is not None:
            shutil.rmtree(self._spool.path, ignore_errors=True)

    def remove(self, batch: Batch) -> None:
        """Remove the files of a batch of which Slurm has no job any more, and whose ends are on record elsewhere.

        Without its specifications no agent can start anything of it. So the claims are of no use either, except for
        another batch with the same attempts.
        """
        spool = self.spool
        for path in (("specs", batch.name), ("jobs", batch.name), ("output", batch.name)):
            _remove(spool.file(*path))
        for key in batch.keys:
            if key in batch.shared:
                continue
            _remove(spool.file("claims", key))
            _remove(spool.file("halves", key))


def is_ours(claim: Mapping[str, object]) -> bool:
    """Return whether a claim was made on this side, so that the attempt never begins."""
    return claim.get("by") == _OURS["by"]


def _write(new: str, path: str, content: bytes) -> None:
    """Write a file that is complete or missing. It need not survive a power loss, after which its jobs fail."""
    fd = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    with open(fd, "wb") as file:
        file.write(content)
    os.rename(new, path)


def _remove(path: str) -> None:
    with contextlib.suppress(OSError):
        os.unlink(path)
