"""The command line of the agent: `python3 -I -S agent.zip job SPOOL BATCH LINES`, `worker`, or `hub`.

The arguments of `worker` are SPOOL, and if need be ORPHANS and WATCHDOG (worker.py). Those of `hub` are SPOOL and
ORPHANS.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from dagtui.execution.agent.reaper import ENDINGS
from dagtui.execution.agent.spool import SpoolError
from dagtui.execution.local import coerced_locale

if TYPE_CHECKING:
    import signal
else:
    import _signal as signal  # see ownership.py


def main() -> None:
    """Run what the arguments name. Exit with one line on standard error if it can't be run."""
    signal.pthread_sigmask(signal.SIG_BLOCK, ENDINGS)  # until the guardian handles them
    coerced_locale.restore()
    sys.argv[1:] = sys.argv[1:] or ["help"]
    kind, *arguments = sys.argv[1:]
    try:
        if kind == "job":
            from dagtui.execution.agent.job import run_job

            run_job(*arguments)
        elif kind == "worker":
            from dagtui.execution.agent.worker import run_worker

            run_worker(arguments[0], *map(float, arguments[1:3]))
        elif kind == "hub":
            from dagtui.execution.agent.joint import join_hub

            join_hub(arguments[0], float(arguments[1]))
        else:
            sys.exit(f"dagtui agent: not a way to run it: {kind}")
    except (SpoolError, OSError, ValueError) as error:
        sys.exit(f"dagtui agent: {error}")
