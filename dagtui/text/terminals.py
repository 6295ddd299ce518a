"""What the environment and the system say about a terminal: whether to print colours, and how wide it is."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

USUAL_COLUMNS = 80
"""The width of a terminal that does not report one."""


def wants_colours(environment: Mapping[str, str], *, is_terminal: bool) -> bool:
    """Return whether to print colours: on a terminal that has them, unless the user declines or forces them."""
    if environment.get("NO_COLOR"):  # no-color.org
        return False
    return bool(environment.get("FORCE_COLOR")) or (is_terminal and environment.get("TERM") != "dumb")


def columns_of(descriptor: int) -> int | None:
    """Return the width of the terminal behind a descriptor, or None if there is none or it is gone."""
    try:
        return os.get_terminal_size(descriptor).columns or USUAL_COLUMNS
    except OSError:
        return None
