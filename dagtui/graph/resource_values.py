"""Read `resources`, and by how much they grow.

Only graphs that have them import this module.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from dagtui.graph.check.suggestions import did_you_mean
from dagtui.graph.errors import ValueProblem, quoted, read_inside
from dagtui.graph.executors import GROWING, WORDS
from dagtui.graph.pool_values import read_amount
from dagtui.graph.toml import values

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from dagtui.graph.executors import Resources

MOST: Final = 1_000_000
"""Largest number of processors, GPUs or machines, and the largest factor."""
_EXAMPLE: Final = 'write { cpus = 4, mem = "8G", time = "2h" }'
_OTHER_WORDS: Final = {
    "cpus": "cpu cores core threads ncpus nproc cpus_per_task cpus-per-task processors procs slots",
    "mem": "memory mem_mb mem_gb ram memory_gb",
    "time": "runtime walltime time_limit timelimit duration timeout max_time",
    "gpus": "gpu ngpus gpu_count gres accelerators accelerator",
    "gpu_type": "gputype gpu_model gpu_name",
    "nodes": "node hosts machines",
    "partition": "queue slurm_partition partitions",
    "account": "slurm_account project",
    "qos": "quality_of_service",
    "constraint": "constraints features feature",
}
"""What the words are called elsewhere."""


def read_resources(value: object) -> Resources:
    """Read the table. Raises ValueProblem."""
    found: dict[str, str | int] = {}
    for word, entry in values.table(value, _EXAMPLE).items():
        if word not in READERS:
            raise ValueProblem("is an unknown word", _hint(word), inside=(word,))
        found[word] = read_inside((word,), READERS[word], entry)
    if "gpu_type" in found and "gpus" not in found:
        found["gpus"] = 1
    return found


def read_growth(value: object) -> Mapping[str, float]:
    """Read the factors, by word. Raises ValueProblem."""
    found: dict[str, float] = {}
    for word, entry in values.table(value, "write { mem = 2, time = 1.5 }").items():
        if word not in GROWING:
            hint = did_you_mean(word, GROWING) or f"what can grow is {', '.join(GROWING)}"
            raise ValueProblem("is not an amount that can grow", hint, inside=(word,))
        found[word] = read_inside((word,), _factor, entry)
    if not found:
        raise ValueProblem("must not be empty", "leave it out, or write { mem = 2 }")
    return found


def _factor(value: object) -> float:
    return values.number(value, 1, MOST)


def _hint(word: str) -> str:
    folded = word.lower().replace("-", "_")
    same = next((known for known, others in _OTHER_WORDS.items() if folded in others.split()), "")
    if same:
        shared = "; [pools] has what the tasks of a run share" if same in {"gpus", "mem"} else ""
        return f"did you mean {quoted(same)}?{shared}"
    return did_you_mean(word, WORDS) or f'the words are {", ".join(WORDS)}; "options" of the executor takes the rest'


def _count(value: object) -> int:
    return values.whole(value, 1, MOST)


def _text(value: object) -> str:
    found = values.printable(values.filled_text(value))
    if "{{" in found:
        raise ValueProblem("can't contain placeholders", "write the word as it is")
    return found


def _memory(value: object) -> int:
    """Read a size in bytes. A bare number is refused: it means megabytes elsewhere."""
    number = str(value).strip()
    if not isinstance(value, bool) and isinstance(value, int | str) and number.isdecimal():
        raise ValueProblem("has no unit", f'write "{number}M" for megabytes, or "{number}G" for gigabytes')
    try:
        return read_amount(value)[0]
    except ValueProblem as wrong:
        raise ValueProblem(wrong.message, 'write a size such as "8G", "500M" or "2GiB"') from None


def _time(value: object) -> int:
    if isinstance(value, str) and value.count(":"):
        raise ValueProblem("is not a duration", 'write "2h30m", "90m" or "1d12h"')
    return math.ceil(values.some_duration(value))


READERS: Final[Mapping[str, Callable[[object], str | int]]] = {
    "cpus": _count,
    "mem": _memory,
    "time": _time,
    "gpus": _count,
    "gpu_type": _text,
    "nodes": _count,
    "partition": _text,
    "account": _text,
    "qos": _text,
    "constraint": _text,
}
"""What reads the amount of each word."""
