"""What a task asks for, in the words of sbatch."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from dagtui.text.amounts import Seconds

_SAME = ("partition", "account", "qos", "constraint", "nodes")
"""Words that are options of sbatch under the same name."""
_MEBIBYTE = 1 << 20


def job_options(resources: Mapping[str, str | int]) -> Iterator[str]:
    """Yield the options of sbatch for the resources of an attempt, but for the time. Memory is in bytes."""
    for word, value in resources.items():
        if word == "cpus":
            yield f"--cpus-per-task={value}"
        elif word == "mem":
            yield f"--mem={math.ceil(int(value) / _MEBIBYTE)}M"
        elif word == "gpus":
            kind = resources.get("gpu_type")
            yield f"--gpus={kind}:{value}" if kind else f"--gpus={value}"
        elif word in _SAME:
            yield f"--{word}={value}"
    if "nodes" in resources:
        yield "--ntasks-per-node=1"


def time_of(resources: Mapping[str, str | int], spare: Seconds) -> Seconds | None:
    """Return the limit of the job of an attempt. None: that of its partition.

    `spare` is added to what the attempt may take, because its agent has to end it before Slurm does.
    """
    seconds = resources.get("time")
    return None if seconds is None else float(seconds) + spare
