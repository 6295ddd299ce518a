"""Runs the reaper with logs that hold a megabyte and a tail of 4 KB."""

import runpy
from pathlib import Path

LAUNCH = str(Path(__file__).parents[2] / "dagtui" / "execution" / "local" / "launch.py")
runpy.run_path(LAUNCH)

from dagtui.execution.local import log_file  # noqa: E402

log_file.TAIL = 4096
log_file.MOST = 1 << 20
runpy.run_path(LAUNCH, run_name="__main__")
