"""Run the reaper as on a system that has only process groups."""

import runpy
import sys
from pathlib import Path

sys.platform = "darwin"
runpy.run_path(str(Path(__file__).parents[2] / "dagtui" / "execution" / "local" / "launch.py"), run_name="__main__")
