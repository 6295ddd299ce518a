"""Try what a table says of jobs, in a process of its own: dask-jobqueue takes over signals when it is imported."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path

from dagtui.execution.dask.job_order import JobOrder
from dagtui.execution.dask.queue_commands import JobError
from dagtui.execution.dask.queue_jobs import submit_program


def main() -> None:
    """Say on standard output, as JSON, which program submits the jobs, or what is wrong.

    The second line of standard input is a folder, and the rest an order.
    """
    folder = Path(sys.stdin.readline().rstrip("\n"))
    order = JobOrder.read(sys.stdin.read())
    try:
        found = {"trouble": "", "program": asyncio.run(submit_program(order, folder))}
    except JobError as error:
        found = {"trouble": str(error), "program": ""}
    sys.stdout.write(json.dumps(found) + "\n")
