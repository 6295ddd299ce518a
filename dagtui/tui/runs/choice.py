"""What a person chose on the screen of runs, and how that screen looked: it is shown again afterwards."""

from __future__ import annotations

import enum
from typing import NamedTuple

from dagtui.runs.run_grid import GridOrder


class RunStep(enum.Enum):
    """What to do with a run."""

    OPEN = "open"
    """Show it, read-only."""
    ATTACH = "attach"
    """Bring the screen of a live run to this terminal."""
    RESUME = "resume"


class RunChoice(NamedTuple):
    """A run, and what to do with it."""

    step: RunStep
    number: int
    node_label: str = ""
    """The node to begin at. Empty: none."""


class BoardState(NamedTuple):
    """How the screen of runs looks."""

    number: int = 0
    """The run under the cursor. 0: the newest."""
    marked: int | None = None
    on_grid: bool = False
    order: GridOrder = GridOrder.FAILURES
    task: str = ""
    """The row of the grid under its cursor."""


FIRST_LOOK = BoardState()
