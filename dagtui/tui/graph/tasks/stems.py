"""Stems: names without the numbers at their ends, by which tasks that were written one by one are put together."""

from __future__ import annotations

import string
from collections import Counter
from typing import TYPE_CHECKING

from dagtui.graph.model import numbered_tasks

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

    from dagtui.graph.model import Graph, TaskIndex

LEAST_ALIKE = 3
"""The least number of tasks with one stem that are alike."""
_DIGITS = string.digits
_BETWEEN_NUMBERS = "-_.:"
BEFORE_NUMBERS = "-_.:/#"
"""What stands between the common beginning of names and their numbers."""


def stem(name: str) -> str:
    """Return a name without the numbers at its end: `-07`, `_ID0000012`, `00.40`. Empty if nothing else is left."""
    rest = name.rstrip(_DIGITS)
    return name if rest == name else _without_more(rest)


def without_common_end(stems: Sequence[str]) -> Sequence[str]:
    """Return stems without the last word, if all have the same: the samples' `.SRR`, which tells none from another."""
    cuts = [max(name.rfind(sign) for sign in BEFORE_NUMBERS) for name in stems]
    ends = {name[cut:] for name, cut in zip(stems, cuts, strict=True)}
    shorter = [name[: max(0, cut)] for name, cut in zip(stems, cuts, strict=True)]
    is_useless = len(stems) > 1 and len(ends) == 1 and all(shorter) and len(set(shorter)) == len(set(stems))
    return shorter if is_useless else stems


def alike_keys(graph: Graph) -> Sequence[Hashable]:
    """Return a key for each task. Tasks with equal keys are alike: only the numbers in their names differ.

    Only tasks of one node are put together, within a group.
    """
    sizes = Counter(graph.task_of)
    known: dict[str, str] = {}
    """Stems by what is left of a name without its last digits, which is often the same."""
    keys: list[Hashable] = []
    for number, task in numbered_tasks(graph.tasks):
        if sizes[number] != 1:
            keys.append(None)
            continue
        name = task.name
        rest = name.rstrip(_DIGITS)
        if rest == name:
            found = name
        elif rest in known:
            found = known[rest]
        else:
            found = known[rest] = _without_more(rest)
        keys.append((found, task.group) if found and task.group else found)
    alike = Counter(keys)
    return [key if key and alike[key] >= LEAST_ALIKE else number for number, key in enumerate(keys)]


def shared_title(graph: Graph, keys: Sequence[Hashable], task: TaskIndex) -> str:
    """Return the title of the nodes that are alike to those of a task: its name, or what alike tasks share of it."""
    name = graph.tasks[task].name
    return name if keys[task] == task else stem(name)


def _without_more(rest: str) -> str:
    """Return a name without further numbers at its end, from whose end digits were cut."""
    while len(rest) > 1 and rest[-1] in _BETWEEN_NUMBERS and rest[-2] in _DIGITS:
        rest = rest[:-1].rstrip(_DIGITS)
    if rest[-2:] in {"ID", "Id", "iD", "id"}:
        rest = rest[:-2]
    return rest.rstrip(BEFORE_NUMBERS)
