"""The terminals of tests/pty, for tests of what may reach one."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "pty"))
