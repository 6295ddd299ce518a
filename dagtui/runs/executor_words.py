"""What people are told of executors on other machines: their slots and queues, and that one does not answer.

Only runs that have such executors import this module.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from dagtui.engine.capacity import executor_slots
from dagtui.text import count, label
from dagtui.text.amounts import whole_duration

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from dagtui.engine.columns import Silence
    from dagtui.engine.messages import Slots
    from dagtui.engine.state import RunState
    from dagtui.graph.model import NodeIndex
    from dagtui.text.amounts import WallTime

_NAME_CHARACTERS = 24


class ExecutorUse(NamedTuple):
    """How an executor is used."""

    name: str
    """As the file has it: not safe to show."""
    taken: int
    """Slots that attempts take which it has, begun or not."""
    of: Slots | None
    """Number of slots. None: it takes any number."""
    queued: int
    """Number of attempts that have not begun."""
    kind: str
    """What it is: ssh, slurm or dask. Empty: the file has it no longer."""
    silence: Silence | None
    """Since when it does not answer, and why. None: it answers."""

    @property
    def shown(self) -> str:
        """Its name, safe to show."""
        return label(self.name, _NAME_CHARACTERS)

    @property
    def slots(self) -> str:
        """The slots in use, of those that there are: 40/500."""
        return count(self.taken) if self.of is None else f"{count(self.taken)}/{count(self.of)}"

    @property
    def words(self) -> str:
        """All of it in words: "cluster 40/500, 12 queued"."""
        queued = f", {count(self.queued)} queued" if self.queued else ""
        return f"{self.shown} {self.slots}{queued}"


def executors_used(state: RunState) -> list[ExecutorUse]:
    """Return how executors on other machines are used. Those that do not answer and those with a queue come first."""
    used = [
        ExecutorUse(name, slots.taken, slots.of, slots.queued, _kind(state, name), state.silent.get(name))
        for name, slots in executor_slots(state).items()
    ]
    return sorted(used, key=lambda one: (one.silence is None, not one.queued))


def _kind(state: RunState, name: str) -> str:
    settings = state.graph.executors.get(name)
    return "" if settings is None else settings.kind.value


def silence_words(state: RunState, now: WallTime) -> Iterator[tuple[str, str]]:
    """Yield in a few words, and in a sentence, that an executor does not answer, for each that does not."""
    for name, silence in state.silent.items():
        shown = label(name, _NAME_CHARACTERS)
        since = whole_duration(int(max(0.0, now - silence.since)))
        yield f"{shown} does not answer since {since}", f"{label(silence.why, 500)}, since {since}"


def common_executor(state: RunState, nodes: Iterable[NodeIndex]) -> str:
    """Return the name of the executor on other machines that all of some nodes run on. Empty: there is none."""
    executors = state.graph.executors
    if not executors:
        return ""
    names = {state.graph.task(node).executor for node in nodes}
    return names.pop() if len(names) == 1 and names <= executors.keys() else ""
