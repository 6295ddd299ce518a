"""Runs more attempts at a time than there are descriptors: few_descriptors.py FOLDER LIMIT."""

import resource
import sys
from pathlib import Path

import anyio
from execution.census import until
from execution.stage import python, staged

from dagtui.engine.messages import EndKind

NODES = 60


async def main(folder: Path) -> None:
    async with staged(folder, *[python("import signal; signal.pause()")] * NODES, "exit 3") as stage:
        stage.start(*range(NODES))
        await until(lambda: all(stage.has_begun(node) or stage.end_of(node) for node in range(NODES)))
        refused = [end for node in range(NODES) if (end := stage.end_of(node))]
        reasons = {(end.kind is EndKind.COULD_NOT_START, end.text) for end in refused}
        sys.stdout.write(f"refused: {reasons}\n")
        for node in range(NODES):
            stage.stop(node, 0)
        await until(lambda: all(stage.end_of(node) for node in range(NODES)))
        stage.start(NODES)
        sys.stdout.write(f"later: {(await stage.ended(NODES)).value}\n")


if __name__ == "__main__":
    limit = int(sys.argv[2])
    resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))
    anyio.run(main, Path(sys.argv[1]))
