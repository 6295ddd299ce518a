"""Run more attempts at a time than there are descriptors: few_descriptors.py FOLDER LIMIT."""

import resource
import sys
from pathlib import Path

import anyio
from execution.process_listing import until
from execution.stage import python, staged

from dagtui.engine.messages import Remark

NODES = 60


async def main(folder: Path) -> None:
    async with staged(folder, *[python("import signal; signal.pause()")] * NODES, "exit 3") as stage:
        stage.start(*range(NODES))
        await until(lambda: any(isinstance(result, Remark) for result in stage.results))
        for node in range(NODES):
            await stage.begun(node)
            stage.stop(node, 0)
        await until(lambda: all(stage.end_of(node) for node in range(NODES)))
        ends = {end.kind for node in range(NODES) if (end := stage.end_of(node))}
        sys.stdout.write(f"{[result.text for result in stage.results if isinstance(result, Remark)]} {ends}\n")
        stage.start(NODES)
        sys.stdout.write(f"later: {(await stage.ended(NODES)).value}\n")


if __name__ == "__main__":
    limit = int(sys.argv[2])
    resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))
    anyio.run(main, Path(sys.argv[1]))
