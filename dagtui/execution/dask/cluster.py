"""The conversation with a Dask cluster. Everything here runs in the loop of a thread of its own."""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import logging
import re
import ssl
import warnings
from typing import TYPE_CHECKING, NamedTuple, cast

from dagtui.execution.dask.protocols import CPUS

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine, Iterable, Iterator, Mapping, Sequence
    from contextlib import AbstractContextManager

    from dagtui.execution.dask.protocols import (
        CloudPickle,
        Connecting,
        DaskClient,
        DaskScheduler,
        ProbingClient,
        SchedulerCalls,
    )
    from dagtui.graph.executors import ExecutorSettings
    from dagtui.text.amounts import Seconds

    Fields = Mapping[str, object]

CONNECT = 10.0
"""Seconds for which a scheduler may take to answer a connection."""
CLOSE = 2.0
"""Seconds for which a connection may take to be closed."""
_NO_FILES = "TLS expects"
_MOST_TASKS = 500
"""Attempts in one graph, so that no message blocks the scheduler for long."""


class ClusterError(Exception):
    """The cluster can't be reached, or can't be used. The text says why; it may come from another machine."""


class DaskTask(NamedTuple):
    """An attempt as it is sent to the cluster."""

    key: str
    spec: str
    """What its agent gets, in JSON."""
    cpus: int
    resources: Mapping[str, float]
    """What its worker must offer."""


class AttemptNews(NamedTuple):
    """What the registry knows of an attempt (see `registry.RegisteredAttempt`)."""

    key: str
    state: str
    why: str
    worker: str
    name: str
    at: float
    ago: Seconds
    line: bytes
    tail: bytes
    needs: str


class News(NamedTuple):
    """An answer of the registry."""

    born: str
    """Names the registry: another one knows nothing of what this one knew."""
    age: Seconds
    """For how long there has been this registry, which is at most as long as the scheduler has run."""
    upto: int
    workers: int
    attempts: tuple[AttemptNews, ...]
    complete: bool
    """Whether nothing else has changed."""
    why: str = ""
    """Why there is no worker, if workers are jobs that dagtui submits."""
    hopeless: bool = False
    """Whether none of these jobs is going to come."""


class DaskCluster:
    """A connection to a scheduler. Every coroutine raises ClusterError if it is lost."""

    def __init__(self, settings: ExecutorSettings, name: str, agent: Callable[[], bytes]) -> None:
        """Create it. `name` names all that the run leaves there. `agent` makes the agent's zip."""
        self._settings = settings
        self._name = name
        self._agent = agent
        self._client: DaskClient | None = None
        self._futures: dict[str, object] = {}
        """Tasks are kept as long as these: when this process is gone, by the registry."""
        self._background: set[asyncio.Task[object]] = set()

    async def connect(self) -> None:
        """Connect, and see to it that scheduler and workers have the plugins."""
        with _lost("the package distributed can't be used"):
            from distributed import Client
        be_quiet()
        settings = self._settings
        with _lost("it can't be reached"):
            client = cast("Callable[..., DaskClient]", Client)(
                settings.address or None,
                scheduler_file=settings.scheduler_file or None,
                asynchronous=True,
                set_as_default=False,
                timeout=CONNECT,
                name=self._name,
                security=security(settings.tls),
            )
            self._client = client
            await asyncio.wait_for(connected(client), CONNECT + 1)
            await self._send_plugins(client)

    async def _send_plugins(self, client: DaskClient) -> None:
        from dagtui.execution.dask import guardian_process, registry, runner, thread_shares

        cloudpickle = cast("CloudPickle", importlib.import_module("cloudpickle"))
        for module in (guardian_process, registry, runner, thread_shares):  # dagtui is not installed there
            cloudpickle.register_pickle_by_value(module)
        # A copy: pickle would refer to the original by the name of its module.
        self._execute = cloudpickle.loads(cloudpickle.dumps(runner.execute))
        scheduler, name = client.scheduler, self._name
        plugin = cloudpickle.dumps(registry.AttemptRegistry(name))
        await scheduler.register_scheduler_plugin(plugin=plugin, name=name, idempotent=True)
        plugin = cloudpickle.dumps(runner.AttemptRunner(name, self._agent()))
        # A worker that hangs must not hold up the others. Tasks wait until their worker has it.
        self._beside(lambda: scheduler.register_worker_plugin(plugin=plugin, name=name, idempotent=True))

    async def news(self, since: int, wait: Seconds) -> News:
        """Return what has changed since a number, after some seconds at most."""
        answer = cast("Fields", await self._ask(what="news", since=since, wait=wait))
        told = cast("Sequence[Sequence[str]]", answer["attempts"])
        attempts = tuple(AttemptNews._make(each) for each in told)
        return News(**{**answer, "attempts": attempts})  # type: ignore[arg-type]

    async def submit(self, submissions: Sequence[DaskTask]) -> None:
        """Send attempts. The registry tells of those that have arrived."""
        groups: dict[tuple[int, tuple[tuple[str, float], ...]], list[DaskTask]] = {}
        for each in submissions:
            groups.setdefault((each.cpus, tuple(sorted(each.resources.items()))), []).append(each)
        client = self._connected()
        with _lost("the connection to the scheduler is lost"):
            for (cpus, resources), group in groups.items():
                for first in range(0, len(group), _MOST_TASKS):
                    self._map(client, group[first : first + _MOST_TASKS], cpus, dict(resources))
                    await asyncio.sleep(0)

    def _map(self, client: DaskClient, group: Sequence[DaskTask], cpus: int, resources: dict[str, float]) -> None:
        annotate = cast("Callable[..., AbstractContextManager[None]]", importlib.import_module("dask").annotate)
        with annotate(**{CPUS: cpus}) if cpus > 1 else contextlib.nullcontext():
            futures = client.map(
                self._execute,
                [self._name] * len(group),
                [each.spec for each in group],
                [cpus] * len(group),
                key=[(self._name, each.key) for each in group],
                pure=False,
                retries=0,
                resources=resources or None,
            )
        self._futures.update(zip((each.key for each in group), futures, strict=True))

    async def stop(self, stops: Mapping[str, Seconds | None]) -> None:
        """Stop attempts, each with a grace. None: only if it has not begun."""
        if stops:
            await self._ask(what="stop", stops=dict(stops))

    async def forget(self, keys: Mapping[str, bool]) -> None:
        """Let the cluster forget attempts whose ends are on record here. The values say whether they had secrets."""
        if not keys:
            return
        await self._ask(what="forget", keys=list(keys))
        for key in keys:
            self._futures.pop(key, None)
        secret = [key for key, had_secrets in keys.items() if had_secrets]
        if secret:
            self._tell_workers(None, what="drop", keys=secret)

    async def logs(self, worker: str, offsets: Mapping[str, int], wait: Seconds) -> dict[str, tuple[int, bytes]]:
        """Return what attempts on a worker have printed beyond these offsets, after some seconds at most."""
        message = {"op": self._name, "what": "logs", "offsets": dict(offsets), "wait": wait}
        with _lost("the worker does not answer"):
            answer = await self._scheduler.proxy(msg=message, worker=worker)
            return {str(key): (int(at), bytes(content)) for key, (at, content) in dict(answer).items()}

    def give_secrets(self, secrets: Mapping[str, Mapping[str, str]], workers: Iterable[str] | None = None) -> None:
        """Send secrets by attempt to workers, by default to all. They pass the scheduler, which does not keep them."""
        if not secrets:
            return
        self._tell_workers(workers, what="secrets", secrets={key: dict(values) for key, values in secrets.items()})

    def _tell_workers(self, workers: Iterable[str] | None, **fields: object) -> None:
        scheduler = self._scheduler
        chosen = None if workers is None else list(workers)
        message = {"op": self._name, **fields}
        self._beside(lambda: scheduler.broadcast(msg=message, workers=chosen, on_error="ignore"))

    async def end_run(self) -> None:
        """Remove everything of the run from the cluster. Nothing of it runs or waits any more."""
        scheduler = self._scheduler
        with _lost("the connection to the scheduler is lost"):
            await scheduler.unregister_worker_plugin(name=self._name)
            await self._ask(what="end")

    async def close(self) -> None:
        """Close the connection, within seconds. What runs or waits there goes on."""
        client, self._client = self._client, None
        for task in self._background:
            task.cancel()
        self._background.clear()
        if client is not None:
            with contextlib.suppress(Exception):
                await asyncio.wait_for(client.close(), CLOSE)
        self._futures.clear()

    @property
    def _scheduler(self) -> DaskScheduler:
        return self._connected().scheduler

    def _connected(self) -> DaskClient:
        if self._client is None or self._client.status != "running":
            raise ClusterError("the connection to the scheduler is lost")
        return self._client

    async def _ask(self, **fields: object) -> object:
        operation = cast("Callable[..., Awaitable[object]]", getattr(self._scheduler, self._name))
        with _lost("the connection to the scheduler is lost"):
            return await operation(**fields)

    def _beside(self, call: Callable[[], Coroutine[object, object, object]]) -> None:
        """Do something that nobody waits for. What becomes of it shows in the news."""

        async def attempt() -> None:
            with contextlib.suppress(Exception):
                await call()

        task = asyncio.get_running_loop().create_task(attempt())
        self._background.add(task)
        task.add_done_callback(self._background.discard)


async def connected(client: DaskClient | ProbingClient) -> None:
    """Wait until a client has reached its scheduler. Raises errors of distributed, and OSError."""
    await cast("Awaitable[object]", client)


async def scheduler_id(address: str, tls: Mapping[str, str]) -> str:
    """Ask a scheduler for its id, which no other one has. Raises ClusterError if none answers."""
    with _lost("it can't be asked"):
        from distributed.core import rpc
        from distributed.security import Security

        be_quiet()
        secured = cast("Connecting", security(tls) or cast("Callable[[], object]", Security)())
        call = cast("Callable[..., SchedulerCalls]", rpc)
        connection = call(address, connection_args=secured.get_connection_args("client"))
        try:
            return str((await connection.identity(n_workers=0))["id"])
        finally:
            await connection.close_rpc()


@contextlib.contextmanager
def _lost(text: str) -> Iterator[None]:
    """Raise ClusterError for all errors: distributed raises its own, those of other packages and of the far side."""
    try:
        yield
    except ClusterError:
        raise
    except Exception as error:
        raise ClusterError(f"{text}: {words_of(error)}") from error


def words_of(error: Exception) -> str:
    """Return one line of an error of distributed, which has the addresses of both sides in angle brackets."""
    if _NO_FILES in str(error):
        return "it asks for an encrypted connection, and there is no tls in its table"
    if is_of_encryption(error):
        return f"the encrypted connection is refused by one side: {_first_line(error)}"
    return _first_line(error)


def is_of_encryption(error: BaseException | None) -> bool:
    """Return whether a connection could not be encrypted, or was to be."""
    while error is not None:
        if isinstance(error, ssl.SSLError) or any(word in str(error) for word in (_NO_FILES, "SSLE")):
            return True
        error = error.__cause__ or error.__context__
    return False


def _first_line(error: Exception) -> str:
    words = re.sub(r"^in <.*?>: (?=\w+: )", "", str(error).strip())
    return words.split("\n")[0] or type(error).__name__


def security(files: Mapping[str, str], roles: Sequence[str] = ("client",)) -> object:
    """Return how the connections of these roles are encrypted. None: as Dask's own configuration says.

    Raises OSError that names the file that can't be read. Those of the module ssl don't.
    """
    if not files:
        return None
    from distributed.security import Security

    for path in files.values():
        with open(path, "rb"):
            pass
    pairs = {f"tls_{role}_{kind}": files.get(kind) for role in roles for kind in ("cert", "key")}
    return cast("Callable[..., object]", Security)(require_encryption=True, tls_ca_file=files.get("ca"), **pairs)


def be_quiet() -> None:
    """Keep what these packages log, and their warnings, off the screen."""
    for package in ("distributed", "tornado", "asyncio"):
        logger = logging.getLogger(package)
        logger.handlers[:] = [logging.NullHandler()]
        logger.propagate = False
        for name in logging.root.manager.loggerDict:  # some of distributed's have handlers of their own
            if name.startswith(f"{package}."):
                logging.getLogger(name).handlers.clear()
                logging.getLogger(name).propagate = True
    warnings.filterwarnings("ignore", module=r"(distributed|tornado)(\..*)?$")
