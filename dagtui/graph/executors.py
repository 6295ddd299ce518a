"""Executors: where the nodes of a graph run besides this machine.

Only graphs that name some import this module.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from dagtui.text.amounts import Seconds

Resources = Mapping[str, str | int]
"""What an attempt asks its executor for. Memory is in bytes, times are in whole seconds."""
DAY: Final = 86_400.0


class ExecutorKind(enum.Enum):
    """What runs the nodes."""

    LOCAL = "local"
    SSH = "ssh"
    SLURM = "slurm"
    DASK = "dask"


class Jobqueue(NamedTuple):
    """Where the workers of a Dask cluster come from."""

    system: str
    """A queueing system, one of those of `jobqueue_table`."""
    options: Mapping[str, object]
    """Keyword arguments for the class of dask-jobqueue."""
    least: int
    """Fewest jobs while there is something to do."""
    most: int
    """Most jobs at a time. The same as `least`: there are always as many."""
    lifetime: Seconds | None = None
    """How long workers begin attempts. None: three quarters of their walltime."""
    idle: Seconds = 300.0
    """How long jobs without anything to do are kept."""


@dataclass(frozen=True, slots=True)
class ExecutorSettings:
    """One `[executors.NAME]` table."""

    name: str
    kind: ExecutorKind
    jobs: int | None = None
    """Most attempts that are handed over at a time. For SSH, slots. None: as many as its kind takes."""
    directory: str = ""
    """Where both sides see logs and claims, or where the far side keeps them. Empty: the usual place of its kind.

    Its placeholders are filled in, as those of hosts and addresses, except for variables where the graph was read
    without an environment.
    """
    shared: bool = False
    """Whether the directories of the graph and of the run are the same ones there."""
    setup: str = ""
    """Shell lines that stand before each node there."""
    python: str = ""
    """The Python that runs dagtui's own part there. Empty: `python3`, or on a shared disk the one that runs here."""
    pass_: tuple[str, ...] = ()
    """Names of variables of this machine that go along."""
    environment_here: bool = False
    """Whether all variables of this machine go along."""
    resources: Resources = field(default_factory=dict)
    """What each attempt asks for unless its task says otherwise. Already merged into those of tasks."""
    options: tuple[str, ...] = ()
    """Arguments for the engine's own program: sbatch or ssh."""
    group: Seconds | None = 60.0
    """How long a job of several short nodes is expected to take at most. None: each node has its own job."""
    poll: Seconds = 2.0
    """Least time between two questions to the engine."""
    hosts: tuple[str, ...] = ()
    """The hosts of SSH, as its configuration names them."""
    orphans: Seconds | None = DAY
    """How long attempts go on when nobody connects to their host. None: they end with the connection.

    For a Dask cluster whose workers are jobs: how long it stays when nobody connects and no attempt runs.
    """
    address: str = ""
    """The address of the Dask scheduler."""
    scheduler_file: str = ""
    """The file that the Dask scheduler has written its address to."""
    jobqueue: Jobqueue | None = None
    """What submits the workers of a Dask cluster as jobs. None: the cluster is there already."""
    tls: Mapping[str, str] = field(default_factory=dict)
    """The files `ca`, `cert` and `key` of an encrypted connection to Dask."""
    defined_in: str = field(default="", compare=False)
    """The file that has the table if it is not the graph's own: that of the user's executors."""

    @property
    def outlives_run(self) -> bool:
        """Whether attempts go on when no process has the run."""
        return self.orphans is not None


REMOTE: Final = (ExecutorKind.SSH, ExecutorKind.SLURM, ExecutorKind.DASK)
"""The kinds that a table can have."""
_EVERY: Final = frozenset(ExecutorKind)
_SLURM: Final = frozenset({ExecutorKind.SLURM})
WORDS: Final[Mapping[str, frozenset[ExecutorKind]]] = {
    "cpus": _EVERY,
    "mem": _EVERY,
    "time": _EVERY,
    "gpus": _EVERY,
    "gpu_type": _EVERY,
    "nodes": _SLURM,
    "partition": _SLURM,
    "account": _SLURM,
    "qos": _SLURM,
    "constraint": _SLURM,
}
"""The words of `resources`, and the kinds of executors that know them, with or without a use for them."""
USED: Final[Mapping[ExecutorKind, frozenset[str]]] = {
    ExecutorKind.LOCAL: frozenset({"cpus"}),
    ExecutorKind.SSH: frozenset({"cpus", "gpus"}),
    ExecutorKind.SLURM: frozenset(WORDS),
    ExecutorKind.DASK: frozenset({"cpus", "mem", "gpus"}),
}
"""The words that make a difference, by kind."""
GROWING: Final = ("cpus", "mem", "time", "gpus", "nodes")
"""The words whose amounts can grow with each attempt."""


def written_resources(resources: Resources) -> dict[str, str | int]:
    """Return resources as a graph file has them. They read as the same amounts."""
    found = dict(resources)
    if "mem" in found:
        found["mem"] = f"{_shortest(int(found['mem']))}"
    if "time" in found:
        found["time"] = f"{found['time']}s"
    return found


def resource_words(resources: Resources) -> str:
    """Say for people what an attempt asks for: `4 cpus, 8 GB, 1 gpu (a100), partition gpu`. Not safe to show."""
    return ", ".join(_words(resources))


def executor_words(name: str, resources: Resources) -> str:
    """Say where a task runs, and what it asks for there: `cluster: 4 cpus, partition gpu`. Safe to show."""
    from dagtui.text import label

    shown = label(name, 60)
    return f"{shown}: {label(resource_words(resources), 400)}" if resources else shown


def _words(resources: Resources) -> list[str]:
    from dagtui.text import plural
    from dagtui.text.amounts import whole_duration

    found = []
    for word in filter(resources.__contains__, WORDS):
        amount = resources[word]
        if word in {"cpus", "gpus", "nodes"}:
            found.append(plural(int(amount), word[:-1]))
        elif word == "mem":
            found.append(re.sub(r"(?<=\d)(?=\D)", " ", _shortest(int(amount))))
        elif word == "time":
            found.append(whole_duration(int(amount)))
        elif word == "gpu_type":
            found[-1] += f" ({amount})"
        else:
            found.append(f"{word} {amount}")
    return found


def _shortest(amount: int) -> str:
    """Return a number of bytes in the largest unit that states it exactly."""
    from dagtui.graph.pools import Pool

    texts = [str(Pool("", amount, base).written(amount)) for base in (1000, 1024)]
    return min(texts, key=len)
