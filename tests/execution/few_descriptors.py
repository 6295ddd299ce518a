"""Run more attempts at a time than there are descriptors: few_descriptors.py FOLDER LIMIT."""

import resource
import sys
from pathlib import Path

import anyio
from support.executor_harness import python, served
from support.waiting import until

from dagtui.engine.messages import Remark

NODES = 60


async def main(folder: Path) -> None:
    async with served(folder, *[python("import signal; signal.pause()")] * NODES, "exit 3") as harness:
        harness.start(*range(NODES))
        await until(lambda: any(isinstance(result, Remark) for result in harness.results))
        for node in range(NODES):
            await harness.begun(node)
            harness.stop(node, 0)
        await until(lambda: all(harness.end_of(node) for node in range(NODES)))
        ends = {end.kind for node in range(NODES) if (end := harness.end_of(node))}
        sys.stdout.write(f"{[result.text for result in harness.results if isinstance(result, Remark)]} {ends}\n")
        harness.start(NODES)
        sys.stdout.write(f"later: {(await harness.ended(NODES)).value}\n")


if __name__ == "__main__":
    limit = int(sys.argv[2])
    resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))
    anyio.run(main, Path(sys.argv[1]))
