"""The key `jobqueue` of an executor: the workers of its Dask cluster are jobs, submitted by the package dask-jobqueue.

Only graphs with such an executor, and what describes the file, import this module.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dagtui.graph.check.suggestions import called_elsewhere, did_you_mean
from dagtui.graph.errors import ValueProblem, quoted, read_inside
from dagtui.graph.executors import Jobqueue
from dagtui.graph.keys import DURATION, FILLED_TEXT
from dagtui.graph.toml import values

if TYPE_CHECKING:
    from dagtui.graph.keys import Schema

SYSTEMS: Final = ("slurm", "pbs", "sge", "lsf", "htcondor", "oar", "moab", "flux", "local")
"""The queueing systems that dask-jobqueue may have a class for."""
_MOST_JOBS: Final = 10_000
_OTHER_SYSTEMS: Final = {
    "slurm": "sbatch",
    "pbs": "qsub torque",
    "sge": "gridengine uge",
    "lsf": "bsub",
    "htcondor": "condor",
}
_SET_HERE: Final = frozenset(
    {"n_workers", "asynchronous", "loop", "name", "security", "silence_logs", "scheduler_cls", "job_cls"}
)
"""Keyword arguments of dask-jobqueue that are dagtui's own business."""
EXAMPLE: Final = '{ system = "slurm", jobs = 4, cores = 8, memory = "16GB", walltime = "02:00:00" }'


def read_jobqueue(value: object) -> Jobqueue:
    """Read the table. Raises ValueProblem."""
    table = dict(values.table(value, f"write {EXAMPLE}"))
    if "system" not in table:
        raise ValueProblem(
            "does not name its queueing system", f"write system = one of {', '.join(map(quoted, SYSTEMS))}"
        )
    system = read_inside(("system",), _system, table.pop("system"))
    least, most = _jobs(table)
    lifetime = read_inside(("lifetime",), values.some_duration, table.pop("lifetime")) if "lifetime" in table else None
    idle = read_inside(("idle",), values.duration, table.pop("idle")) if "idle" in table else 300.0
    for name in table:
        if name in _SET_HERE:
            raise ValueProblem("is set by dagtui", "remove it", inside=(name,))
    return Jobqueue(
        system, {name: _option(name, option) for name, option in table.items()}, least, most, lifetime, idle
    )


def _system(value: object) -> str:
    word = values.text(value)
    if word in SYSTEMS:
        return word
    hint = called_elsewhere(word, _OTHER_SYSTEMS) or did_you_mean(word, SYSTEMS)
    raise ValueProblem("names an unknown queueing system", hint or f"dask-jobqueue has {', '.join(SYSTEMS)}")


def _jobs(table: dict[str, object]) -> tuple[int, int]:
    """Take the numbers of jobs out of the table. Return the least and the most."""
    found = {name: read_inside((name,), _count, table.pop(name)) for name in _COUNTS if name in table}
    if "jobs" in found:
        both = next((name for name in _COUNTS[1:] if name in found), "")
        if both:
            raise ValueProblem('is given beside "jobs"', "remove one of them", inside=(both,))
        table_jobs = found["jobs"]
        if not table_jobs:
            raise ValueProblem("must be at least 1", "write the number of jobs", inside=("jobs",))
        return table_jobs, table_jobs
    if "maximum_jobs" not in found:
        raise ValueProblem("does not say how many jobs there are", "write jobs = 4, or minimum_jobs and maximum_jobs")
    least, most = found.get("minimum_jobs", 0), found["maximum_jobs"]
    if most < max(1, least):
        raise ValueProblem(f"must be at least {max(1, least)}", "write the most jobs", inside=("maximum_jobs",))
    return least, most


def _count(value: object) -> int:
    return values.whole(value, 0, _MOST_JOBS)


_COUNTS: Final = ("jobs", "minimum_jobs", "maximum_jobs")


def _option(name: str, value: object) -> object:
    return read_inside((name,), values.plain_data, value)


def written_jobqueue(jobqueue: Jobqueue) -> dict[str, object]:
    """Return the table as a file has it."""
    counts = {"jobs": jobqueue.most}
    if jobqueue.least != jobqueue.most:
        counts = {"minimum_jobs": jobqueue.least, "maximum_jobs": jobqueue.most}
    usual = Jobqueue("", {}, 0, 0)
    times = {name: getattr(jobqueue, name) for name in ("lifetime", "idle")}
    changed = {name: value for name, value in times.items() if value != getattr(usual, name)}
    return {"system": jobqueue.system, **counts, **changed, **jobqueue.options}


JOBQUEUE_SCHEMA: Final[Schema] = {
    "type": "object",
    "required": ["system"],
    "properties": {
        "system": {"enum": list(SYSTEMS)},
        "jobs": {"type": "integer", "minimum": 1, "maximum": _MOST_JOBS},
        "minimum_jobs": {"type": "integer", "minimum": 0, "maximum": _MOST_JOBS},
        "maximum_jobs": {"type": "integer", "minimum": 1, "maximum": _MOST_JOBS},
        "lifetime": DURATION,
        "idle": DURATION,
        "cores": {"type": "integer", "minimum": 1},
        "memory": FILLED_TEXT,
        "walltime": FILLED_TEXT,
    },
}
