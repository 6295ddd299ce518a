"""Run nodes on a Dask cluster until killed: ADDRESS FOLDER RUN NUMBER SCRIPT. SCRIPT gets the number of its node."""

from __future__ import annotations

import sys
from pathlib import Path

import anyio

sys.path.insert(0, str(Path(__file__).parent.parent))
from support.dask_harness import DaskHarness
from support.executor_harness import serving


async def main() -> None:
    """Start everything, and wait for ever."""
    address, folder, run, number, script = sys.argv[1:]
    scripts = [script.replace("NUMBER", str(each)) for each in range(int(number))]
    harness = DaskHarness(address, Path(folder), *scripts, run=run)
    harness.open()
    async with serving(harness):
        harness.start_all()
        await anyio.sleep_forever()


anyio.run(main)
