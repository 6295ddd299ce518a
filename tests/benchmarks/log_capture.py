"""Throughput of the log process, with and without secrets: `python tests/benchmarks/log_capture.py`.

The peer is `cat | cat > file`. One attempt prints a file of lines of a compiler; what is timed goes from its start
until its log is complete. Each round runs every contender once, in turn; the figures are medians of megabytes a second
and of ratios to the peer pair by pair.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import anyio

from dagtui.engine.messages import Ended
from dagtui.execution.local.executor import LocalExecutor
from dagtui.graph.model import ArgumentList, Graph, Task
from dagtui.text.secrets import Secrets

if TYPE_CHECKING:
    from collections.abc import Callable

TOKENS = (
    "ghp_16C7e42F292c6912E7710c838347Ae178B4a",
    "postgres://user:p@ss/w+rd&x@db.example.com/x",
    "0f1e2d3c4b5a69788796",
)
KEY = "\n".join(["-----BEGIN KEY-----", *(f"{n:064x}" for n in range(7**80, 7**80 + 50)), "-----END KEY-----"])
LINE = "[{n:5}/99999] cc -O2 -Wall -c src/module_{n}.c -o build/module_{n}.o: warning: unused variable 'buffer'\n"


def capture(source: Path, secrets: Secrets | None) -> float:
    """Seconds from the start of an attempt that prints a file until its log is complete."""

    async def run(folder: Path) -> float:
        task = Task("n", ArgumentList(("cat", os.fspath(source))))
        graph = Graph(["n"], [], tasks=[task], directory=folder)
        log = folder / "log"
        executor = LocalExecutor(
            graph,
            folder,
            lambda *_: log,
            lambda *_: os.fspath(folder / "values"),  # it is removed before the start, even if it is a device
            str,
            "bench",
            dict(os.environ),
            secrets=secrets,
        )
        ended = anyio.Event()
        executor.open(lambda result: ended.set() if isinstance(result, Ended) else None, 1)
        async with anyio.create_task_group() as group:
            group.start_soon(executor.serve)
            await anyio.sleep(0.2)  # the supervisor is up
            began = time.perf_counter()
            executor.start(0, 1, 1)
            executor.flush()
            await ended.wait()
            await executor.close()  # waits for the rest of the log
            seconds = time.perf_counter() - began
            group.cancel_scope.cancel()
        return seconds

    with tempfile.TemporaryDirectory(dir=source.parent) as folder:
        return anyio.run(run, Path(folder))


def peer(source: Path) -> float:
    """Seconds of `cat | cat > file`."""
    with tempfile.TemporaryDirectory(dir=source.parent) as folder:
        began = time.perf_counter()
        subprocess.run(f"cat {source} | cat > {folder}/log", shell=True, check=True)
        return time.perf_counter() - began


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--megabytes", type=int, default=256)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    contenders: dict[str, Callable[[Path], float]] = {
        "cat | cat": peer,
        "no secrets": partial(capture, secrets=None),
        "3 secrets": partial(capture, secrets=Secrets(TOKENS)),
        "a key of 52 lines": partial(capture, secrets=Secrets([KEY])),
    }
    times: dict[str, list[float]] = {name: [] for name in contenders}
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder, "source")
        with source.open("w", encoding="ascii") as file:
            for n in range(arguments.megabytes * 1_000_000 // len(LINE.format(n=99999))):
                file.write(LINE.format(n=n % 100_000))
        size = source.stat().st_size / 1e6
        for _ in range(arguments.rounds):
            for name, contender in contenders.items():
                times[name].append(contender(source))
    for name, seconds in times.items():
        ratios = [floor / mine for floor, mine in zip(times["cat | cat"], seconds, strict=True)]
        rate = size / statistics.median(seconds)
        print(f"{name:<20} {rate:7.0f} MB/s   {statistics.median(ratios):5.2f} of cat | cat")


if __name__ == "__main__":
    main()
