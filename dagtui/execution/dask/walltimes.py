"""The walltimes of queueing systems, in seconds."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dagtui.text.amounts import Seconds

_TIME = re.compile(r"(?:(\d+)-)?(\d+)(?::(\d+))?(?::(\d+))?")


def walltime_seconds(text: str, system: str) -> Seconds | None:
    """Return the seconds of a walltime. None: it is not understood, or there is none.

    Slurm reads "90" as minutes and "90:00" as minutes and seconds, LSF as minutes, and as hours and minutes. Others
    write all three numbers, or seconds.
    """
    match = _TIME.fullmatch(text.strip())
    if match is None:
        return None
    days, *written = match.groups()
    numbers = [int(number) for number in written if number is not None]
    units = [3600, 60, 1]
    if days is None and len(numbers) == 2 and system != "lsf":
        units = [60, 1]
    elif days is None and len(numbers) == 1:
        units = [60] if system in {"slurm", "lsf"} else [1]
    return 86400.0 * int(days or 0) + sum(number * unit for number, unit in zip(numbers, units, strict=False))
