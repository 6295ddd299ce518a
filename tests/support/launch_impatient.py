"""Run a reaper that waits one second wherever the real one waits for several.

SPARED_BY_SIGNALS may hold a word. Processes with this word in their command line then get no signals.
"""

import os
import runpy
from pathlib import Path

LAUNCH = str(Path(__file__).parents[2] / "dagtui" / "execution" / "local" / "launch.py")
runpy.run_path(LAUNCH)

from dagtui.execution.local import ownership, processes  # noqa: E402

processes.UNKILLABLE = 1.0  # before other modules import it

from dagtui.execution.local import reaper  # noqa: E402

reaper.GRACE = reaper._PATIENCE = reaper._LEAVE = reaper.LOG_PATIENCE = 1.0

_signal = ownership._signal


def _signal_the_others(pid: int, number: int) -> None:
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        words = b""
    if os.environ["SPARED_BY_SIGNALS"].encode() not in words:
        _signal(pid, number)


if "SPARED_BY_SIGNALS" in os.environ:
    ownership._signal = _signal_the_others
runpy.run_path(LAUNCH, run_name="__main__")
