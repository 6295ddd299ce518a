"""What the far side of an attempt costs: `python tests/benchmarks/agent.py`.

The first part runs `true` through a guardian, with its spool on a disk and in memory, and through a bare loop of
posix_spawn with as many at once. The second starts the agent as a job of one `true`, beside the interpreter alone.
Rounds go in turn. Figures are medians, of processor time as well: that of this process and that of the programs.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).parents[1]))

from support.far_side import shipped_agent, spec

from dagtui.execution.agent.conversation import Conversation

if TYPE_CHECKING:
    from collections.abc import Callable

MEMORY = "/dev/shm" if os.path.isdir("/dev/shm") else None
HEAD = f"{'':<28}{'each':>9}{'a second':>10}{'own cpu':>10}{'programs':>10}"


def bare(count: int, slots: int, _folder: str | None) -> None:
    started = live = 0
    while started < count or live:
        while started < count and live < slots:
            os.posix_spawn("/bin/true", ["true"], os.environ, setsid=True)
            started, live = started + 1, live + 1
        os.wait()
        live -= 1


def guardian(count: int, slots: int, folder: str | None) -> list[float]:
    """Run in a process of its own, as a guardian keeps signals, limits and descriptors. Return its processor times."""
    told, tell = os.pipe()
    with tempfile.TemporaryDirectory(dir=folder) as spool:
        pid = os.fork()
        if not pid:
            conversation = Conversation(spool + "/spool")
            conversation.slots = slots
            for number in range(count):
                conversation.take(json.dumps({"start": spec(f"node-{number}", "true")}).encode())
            before = processor_times()
            while conversation.busy:
                conversation.turn()
            os.write(tell, json.dumps([new - old for old, new in zip(before, processor_times(), strict=True)]).encode())
            os._exit(0)
        os.waitpid(pid, 0)
    os.close(tell)
    with open(told, "rb") as file:
        return json.loads(file.read())


def job(count: int, _slots: int, folder: str | None) -> None:
    with tempfile.TemporaryDirectory(dir=folder) as spool:
        os.mkdir(spool + "/specs", 0o700)
        lines = "\n".join(json.dumps(spec(f"node-{number}", "true", fence=10)) for number in range(count))
        Path(spool, "specs", "batch").write_text(lines)
        for number in range(count):
            run(str(shipped_agent()), "job", spool, "batch", str(number))


def interpreter(count: int, _slots: int, _folder: str | None) -> None:
    for _ in range(count):
        run("-c", "pass")


def run(*arguments: str) -> None:
    subprocess.run([sys.executable, "-I", "-S", *arguments], check=True)


def processor_times() -> list[float]:
    """Return the processor time of this process and of those below it that have ended."""
    return [sum(resource.getrusage(kind)[:2]) for kind in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]


def measured(work: Callable[[], list[float] | None]) -> tuple[float, float, float]:
    """Return the seconds, and the processor time of this process and of those below it."""
    before, begun = processor_times(), time.perf_counter()
    told = work()
    seconds = time.perf_counter() - begun
    own, below = told or [new - old for old, new in zip(before, processor_times(), strict=True)]
    return seconds, own, below


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=400, help="programs in a round")
    parser.add_argument("--starts", type=int, default=15, help="starts of an interpreter in a round")
    parser.add_argument("--slots", type=int, default=8)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    parts = {
        "bare posix_spawn": (bare, options.count, None),
        "guardian, spool on a disk": (guardian, options.count, None),
        "guardian, spool in memory": (guardian, options.count, MEMORY),
        "interpreter alone": (interpreter, options.starts, None),
        "agent as a job": (job, options.starts, MEMORY),
    }
    shipped_agent()
    job(1, 1, MEMORY)  # compiles it
    figures: dict[str, list[tuple[float, ...]]] = defaultdict(list)
    for _ in range(options.rounds):
        for name, (work, count, folder) in parts.items():
            found = measured(lambda: work(count, options.slots, folder))  # noqa: B023 - called at once
            figures[name].append(tuple(seconds / count for seconds in found))
    print(HEAD)
    for name, rounds in figures.items():
        seconds, own, below = (statistics.median(column) for column in zip(*rounds, strict=True))
        print(f"{name:<28}{seconds * 1e3:7.2f}ms{1 / seconds:10.0f}{own * 1e3:8.2f}ms{below * 1e3:8.2f}ms")


if __name__ == "__main__":
    main()
