"""A small disk of one's own: a tmpfs in a mount namespace that is gone with the process that holds it."""

from __future__ import annotations

import os
import subprocess
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from support.waiting import wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator

UNSHARE = ["unshare", "-m"] if os.geteuid() == 0 else ["unshare", "-rm"]
_HOLD = 'mount -t tmpfs -o size="$1",mode=0700 none /mnt && echo mounted && exec cat'


class SmallDisk:
    """The disk at /mnt of a namespace; seen from outside through the /proc of the process that holds it."""

    inside = Path("/mnt")

    def __init__(self, holder: int) -> None:
        self._holder = holder
        self.path = Path(f"/proc/{holder}/root/mnt")
        self._ballast = self.path / "ballast"

    def words(self, *command: object) -> list[str]:
        """A command line that runs a command in the namespace, in the disk's root."""
        user = [] if os.geteuid() == 0 else ["-U", "--preserve-credentials"]
        return ["nsenter", *user, "-m", "-t", str(self._holder), "--wdns=/mnt", *map(str, command)]

    def fill(self) -> None:
        """Leave no byte free."""
        with self._ballast.open("ab", buffering=0) as file:
            for size in (4096, 1):
                try:
                    while True:
                        file.write(b"x" * size)
                except OSError:
                    continue

    def make_room(self) -> None:
        """Free what `fill` took."""
        self._ballast.unlink()


@contextmanager
def small_disk(size: str = "1m") -> Iterator[SmallDisk | None]:
    """A disk of that size; None where namespaces are not allowed."""
    holder = subprocess.Popen(
        [*UNSHARE, "sh", "-c", _HOLD, "sh", size],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    assert holder.stdin is not None
    assert holder.stdout is not None
    try:
        mounted = holder.stdout.readline() == b"mounted\n"
        yield SmallDisk(holder.pid) if mounted else None
    finally:
        holder.stdin.close()
        holder.stdout.close()
        holder.wait()


def wait_for_line(path: Path, words: str) -> None:
    wait_for(lambda: words in path.read_text(encoding="utf-8", errors="replace"), f"{words!r} in {path.name}")
