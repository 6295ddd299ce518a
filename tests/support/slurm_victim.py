"""A process that hands nodes to Slurm until it is killed: python slurm_victim.py FOLDER RUN_ID NUMBER."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import anyio

sys.path[:0] = [str(Path(__file__).parents[1]), str(Path(__file__).parents[2])]

from support.slurm_harness import SlurmHarness, served  # noqa: E402


def scripts(folder: Path, number: int, seconds: float = 1.0) -> list[str]:
    """Return scripts that leave a trace of each time that they run."""
    return [f"echo {node} >> {folder}/trace; echo begin; sleep {seconds}; echo end" for node in range(number)]


async def main(folder: str, run_id: str, number: str) -> None:
    """Hand nodes over, and wait to be killed."""
    async with served(SlurmHarness(Path(folder), *scripts(Path(folder), int(number)), run_id=run_id)) as slurm:
        slurm.start_all()
        await slurm.all_over(600)


if __name__ == "__main__":
    os.setpgid(0, 0)
    anyio.run(main, *sys.argv[1:])
