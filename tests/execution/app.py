"""An app that can be killed: app.py FOLDER TOKEN. It prints the pids of its reaper and supervisor when all nodes run.

Its reaper waits for shorter times (see launch_impatient.py).
"""

import sys
from pathlib import Path

import anyio
from support.executor_harness import IDLE, IMPATIENT, python, served
from support.families import family
from support.waiting import until

from dagtui.execution.local import link

OTHERS = tuple(f"other-{number}" for number in range(5))


async def main(folder: Path, token: str) -> None:
    link._LAUNCH = IMPATIENT
    nodes = [family(token, "stay"), *[python(IDLE, token, name) for name in OTHERS]]
    async with served(folder, *nodes) as harness:
        harness.start_all()
        await until(lambda: all(harness.has_begun(node) for node in range(len(nodes))))
        sys.stdout.write(f"{harness.executor.processes[0]} {harness.executor.processes[1]}\n")
        sys.stdout.flush()
        await anyio.sleep_forever()


if __name__ == "__main__":
    anyio.run(main, Path(sys.argv[1]), sys.argv[2])
