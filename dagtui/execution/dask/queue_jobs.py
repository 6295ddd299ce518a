"""The jobs of a queueing system, by the package dask-jobqueue. Only the process of the jobs imports this module."""

from __future__ import annotations

import asyncio
import inspect
import logging
import re
from contextlib import suppress
from importlib import import_module
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol, cast

from dagtui.execution.dask.cluster import security
from dagtui.execution.dask.job_order import JOB_LOGS
from dagtui.execution.dask.queue_commands import JobError, PassingJobError, call, sentence
from dagtui.execution.dask.walltimes import walltime_seconds
from dagtui.graph.check.suggestions import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
    from pathlib import Path

    from distributed import Scheduler

    from dagtui.execution.dask.job_order import JobOrder
    from dagtui.text.amounts import Seconds

    Options = Mapping[str, object]

_CLASSES: Final = {
    "slurm": "SLURMCluster",
    "pbs": "PBSCluster",
    "sge": "SGECluster",
    "lsf": "LSFCluster",
    "htcondor": "HTCondorCluster",
    "oar": "OARCluster",
    "moab": "MoabCluster",
    "flux": "FluxCluster",
    "local": "LocalCluster",
}
_UNEXPECTED: Final = re.compile(r"unexpected keyword argument '(\w+)'")
_RESOURCE: Final = re.compile(r"""([^\s,="']+)=([\d.eE+]+)""")
_PATIENCE: Final[Seconds] = 60.0
"""Most seconds for submitting or cancelling a job: a little more than its commands may take."""
_AT_ONCE: Final = 16
"""Most jobs that are cancelled at the same time."""
_SHARE_OF_WALLTIME: Final = 0.75
"""The part of their walltime in which workers begin attempts, which have the rest to end in."""


class QueueJob(Protocol):
    """A job of dask-jobqueue. To await it submits it."""

    job_id: str | None

    async def close(self) -> None:
        """Cancel it."""


class JobCluster(Protocol):
    """A cluster of dask-jobqueue."""

    scheduler: Scheduler
    new_spec: Mapping[str, object]
    """The class of its jobs and their options."""

    async def __aenter__(self) -> object:
        """Start the scheduler."""

    async def __aexit__(self, *_: object) -> None:
        """End the scheduler."""

    async def close(self) -> None:
        """End the scheduler, or what is there before it was started."""


class WaitingJob(NamedTuple):
    """What the queueing system says of a job."""

    state: str
    reason: str


class JobKind(NamedTuple):
    """How the jobs of an order are."""

    cluster: JobCluster
    threads: int
    """Of all workers of a job together."""
    lifetime: Seconds | None
    """How long workers begin attempts. None: as long as they are there."""
    log_folder: str
    resources: Mapping[str, float] = MappingProxyType({})
    """What Dask's resources all workers of a job offer together, by name."""


def make_cluster(order: JobOrder, folder: Path) -> JobKind:
    """Make a cluster that has no jobs yet. Raises JobError."""
    jobqueue = order.jobqueue
    try:
        package = import_module("dask_jobqueue")
    except ImportError as error:
        raise JobError(f"the package dask-jobqueue can't be used: {error}; pip install dask-jobqueue") from error
    made = cast("type[JobCluster] | None", getattr(package, _CLASSES[jobqueue.system], None))
    if made is None:
        version = getattr(package, "__version__", "of this version")
        raise JobError(f"dask-jobqueue {version} has nothing for {jobqueue.system}: install a newer one")
    options = _options(order, folder)
    try:
        cluster = cast("Callable[..., JobCluster]", made)(asynchronous=True, silence_logs=False, **options)
    except Exception as error:  # the package raises what it likes for options that it does not like
        raise JobError(_option_trouble(error, jobqueue.system, made)) from error
    walltime = walltime_seconds(str(_known(jobqueue.system, options, "walltime") or ""), jobqueue.system)
    lifetime = jobqueue.lifetime or (walltime and walltime * _SHARE_OF_WALLTIME)
    threads = int(cast("int", _known(jobqueue.system, options, "cores")))
    processes = int(cast("int", _known(jobqueue.system, options, "processes")) or 1)
    offered = offered_resources(cast("Sequence[str]", options["worker_extra_args"]))
    resources = {name: amount * processes for name, amount in offered.items()}
    return JobKind(cluster, threads, lifetime, str(options["log_directory"]), resources)


async def submit_program(order: JobOrder, folder: Path) -> str:
    """Return the program that submits jobs. Empty: there is none. Raises JobError if there can be no such jobs."""
    cluster = make_cluster(order, folder).cluster
    await cluster.close()
    command = getattr(cluster.new_spec["cls"], "submit_command", None)
    return str(command).split()[0] if command else ""


def _options(order: JobOrder, folder: Path) -> dict[str, object]:
    """Return the keyword arguments for the cluster: those of the table, and what dagtui prefers where it says nothing.

    Attempts are processes beside the worker, so that one worker a job will do. The resource MEMORY is what attempts
    with `mem` ask for. The dashboard has a port that others may use.
    """
    system = order.jobqueue.system
    options = dict(order.jobqueue.options)
    cores, memory = _known(system, options, "cores"), _known(system, options, "memory")
    if cores is None or memory is None:
        raise JobError('jobqueue: it does not say how large a job is; write cores = 8 and memory = "16GB"')
    if _known(system, options, "processes") is None:
        options["processes"] = 1
    if "job_name" not in options:
        options["job_name"] = f"dagtui-{order.run_id}"
    log_folder = _known(system, options, "log_directory")
    options["log_directory"] = str(folder / JOB_LOGS) if log_folder is None else log_folder
    extra = [str(each) for each in cast("Sequence[object]", _known(system, options, "worker_extra_args") or ())]
    if not any("--resources" in each for each in extra):
        processes = int(cast("int", _known(system, options, "processes")) or 1)
        extra += ["--resources", f"MEMORY={_bytes(memory) // processes}"]
    options["worker_extra_args"] = extra
    chosen = cast("Mapping[str, object]", options.get("scheduler_options") or {})
    options["scheduler_options"] = {"dashboard": False, "dashboard_address": ":0", **chosen}
    if order.tls:
        options["security"] = security(order.tls, ("scheduler", "worker", "client"))
    return options


def offered_resources(arguments: Sequence[str]) -> dict[str, float]:
    """Return the resources that a worker with these arguments offers, by name."""
    text = " ".join(arguments).partition("--resources")[2].partition(" --")[0]
    found = {}
    for name, amount in _RESOURCE.findall(text):
        with suppress(ValueError):
            found[name] = float(amount)
    return found


def _known(system: str, options: Options, name: str) -> object:
    """Return an option of the table, or what Dask's own configuration says of it."""
    if name in options:
        return options[name]
    configuration = import_module("dask.config")
    get = cast("Callable[[str, object], object]", configuration.get)
    return get(f"jobqueue.{system}.{name.replace('_', '-')}", None)


def _bytes(memory: object) -> int:
    parse = cast("Callable[[object], int]", import_module("dask.utils").parse_bytes)
    try:
        return parse(memory)
    except (ValueError, TypeError) as error:
        raise JobError(f"memory: {error}") from error


def _option_trouble(error: Exception, system: str, made: type[JobCluster]) -> str:
    """Say what is wrong with the options."""
    match = _UNEXPECTED.search(str(error))
    if match is None:
        return " ".join(str(error).split()) or type(error).__name__
    name, known = match[1], _parameters(made)
    hint = did_you_mean(name, known) or f"dask-jobqueue has {', '.join(sorted(known))}"
    return f'jobqueue: dask-jobqueue does not know the option "{name}" for {system}; {hint}'


def _parameters(made: type[JobCluster]) -> set[str]:
    classes = made.__mro__ + cast("type", getattr(made, "job_cls", type)).__mro__
    found = {name for each in classes if "__init__" in vars(each) for name in _parameters_of(each)}
    return found - {
        "self",
        "args",
        "kwargs",
        "base_class_kwargs",
        "job_kwargs",
        "scheduler",
        "name",
        "worker",
        "workers",
    }


def _parameters_of(each: type) -> Iterable[str]:
    try:
        return inspect.signature(vars(each)["__init__"]).parameters
    except (TypeError, ValueError):
        return ()


class QueueJobs:
    """The jobs that were submitted. Each call may take as long as the queueing system does, within limits."""

    def __init__(self, system: str, spec: Mapping[str, object], address: str) -> None:
        """`spec` is what the cluster says of its jobs. `address` is that of the scheduler."""
        self._system = system
        made = cast("type", spec["cls"])
        self._make = cast("Callable[..., QueueJob]", type(made.__name__, (made,), {"_call": staticmethod(call)}))
        self._options = cast("Options", spec["options"])
        self._address = address
        self._jobs: dict[str, QueueJob] = {}

    async def submit(self, name: str) -> str:
        """Submit a job whose worker has a name. Return its id. Raises JobError."""
        options = {key: list(value) if isinstance(value, list) else value for key, value in self._options.items()}
        try:
            job = self._make(self._address, name=name, **options)  # it adds to lists that it gets
            await asyncio.wait_for(cast("Awaitable[object]", job), _PATIENCE)
        except JobError:
            raise
        except (TimeoutError, BlockingIOError) as error:
            raise PassingJobError(str(error) or f"no answer for {_PATIENCE:.0f} s") from error
        except Exception as error:  # the package raises RuntimeError, what it could not parse, and OSError
            raise JobError(_sentence(error)) from error
        self._jobs[name] = job
        return str(job.job_id)

    async def end(self, names: Iterable[str]) -> None:
        """Cancel jobs, several at once. One may have ended already. Those that can't be reached are left."""
        places = asyncio.Semaphore(_AT_ONCE)
        async with asyncio.TaskGroup() as group:
            for name in names:
                job = self._jobs.get(name)
                if job is not None:
                    group.create_task(self._end(name, job, places))

    async def _end(self, name: str, job: QueueJob, places: asyncio.Semaphore) -> None:
        async with places:
            if await _cancel(job):
                self._jobs.pop(name, None)

    async def end_all(self) -> None:
        """Cancel all jobs. Log those that are left."""
        try:
            await self.end(list(self._jobs))
        finally:
            if self._jobs:
                left = ", ".join(str(job.job_id) for job in self._jobs.values())
                logging.getLogger(__name__).warning("jobs that were not cancelled: %s", left)

    async def look(self) -> Mapping[str, WaitingJob] | None:
        """Return what the queueing system knows of this user's jobs, by id. None: it was not asked, or did not say."""
        if self._system != "slurm":
            return None
        try:
            output = await call(["squeue", "--me", "-h", "-o", "%i|%T|%r"])
        except (OSError, RuntimeError, JobError):
            return None
        lines = [line.split("|", 2) for line in output.splitlines()]
        return {line[0]: WaitingJob(line[1], line[2]) for line in lines if len(line) == 3}


async def _cancel(job: QueueJob) -> bool:
    """Cancel a job. Return whether it is cancelled, or has ended before."""
    try:
        await asyncio.wait_for(job.close(), _PATIENCE)
    except ProcessLookupError:
        return True
    except Exception as error:  # noqa: BLE001 - the package's class for this machine raises what os.kill does
        logging.getLogger(__name__).warning("the job %s could not be cancelled: %s", job.job_id, error)
        return False
    return True


def _sentence(error: Exception) -> str:
    """Return what the queueing system said."""
    if isinstance(error, FileNotFoundError):
        return f"{error.filename} is not in PATH"
    return sentence(str(error)) or type(error).__name__
