"""What is used of the packages distributed and cloudpickle, whose own types are incomplete."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol

CPUS: Final = "dagtui_cpus"
"""The annotation of tasks that says how many threads an attempt takes. Without it, one."""

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Mapping, Sequence
    from types import ModuleType

    from dagtui.text.amounts import Seconds

    Key = tuple[str, str]
    """The key of a task: the name of all that the run leaves in the cluster, and the key of the attempt."""
    Execute = Callable[[str, str, int], Coroutine[object, object, None]]


class DaskScheduler(Protocol):
    """Operations of the scheduler, over the network."""

    async def register_scheduler_plugin(self, *, plugin: bytes, name: str, idempotent: bool) -> None:
        """Start a plugin on the scheduler, unless there is one of this name."""

    async def register_worker_plugin(self, *, plugin: bytes, name: str, idempotent: bool) -> object:
        """Start a plugin on all workers, and on those to come."""

    async def unregister_worker_plugin(self, *, name: str) -> object:
        """Stop a plugin on all workers."""

    async def broadcast(self, *, msg: Mapping[str, object], workers: Sequence[str] | None, on_error: str) -> object:
        """Send a message to workers."""

    async def proxy(self, *, msg: Mapping[str, object], worker: str) -> Mapping[str, tuple[int, bytes]]:
        """Send a message to a worker. Return its answer, here to the question for logs."""


class DaskClient(Protocol):
    """A client."""

    status: str
    scheduler: DaskScheduler

    def map(
        self,
        func: Execute,
        *iterables: Sequence[object],
        key: Sequence[Key],
        pure: bool,
        retries: int,
        resources: Mapping[str, float] | None,
    ) -> Sequence[object]:
        """Submit tasks. Return their futures, which keep them."""

    async def close(self) -> None:
        """Close the connection."""


class ProbedScheduler(Protocol):
    """What is asked of a scheduler that is tried."""

    async def identity(self) -> Mapping[str, Mapping[str, object]]:
        """Return what it says of itself. `workers` has its workers by address."""


class SchedulerCalls(Protocol):
    """A connection to a scheduler, without being its client."""

    async def identity(self, *, n_workers: int) -> Mapping[str, object]:
        """Return what it says of itself, and of some of its workers."""

    async def close_rpc(self) -> None:
        """Close the connection."""


class Connecting(Protocol):
    """How a process connects: the settings of its encryption."""

    def get_connection_args(self, role: str) -> Mapping[str, object]:
        """Return the arguments of a connection in a role."""


class ProbingClient(Protocol):
    """A client that tries a cluster."""

    scheduler: ProbedScheduler

    async def wait_for_workers(self, n_workers: int, *, timeout: Seconds) -> None:  # noqa: ASYNC109 - its own word
        """Wait for workers. Raises TimeoutError."""

    async def run(
        self, function: Callable[..., Mapping[str, object]], *arguments: str, workers: Sequence[str]
    ) -> Mapping[str, Mapping[str, object]]:
        """Call a function on workers. Return what it returns, by address."""

    async def close(self) -> None:
        """Close the connection."""


class CloudPickle(Protocol):
    """The module that pickles code by value."""

    def register_pickle_by_value(self, module: ModuleType) -> None:
        """Pickle what a module defines by value from now on."""

    def dumps(self, value: object) -> bytes:
        """Pickle a value."""

    def loads(self, pickled: bytes) -> Execute:
        """Return what was pickled, here the function of a task."""
