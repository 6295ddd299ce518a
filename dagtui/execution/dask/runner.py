"""What runs the attempts of a run on a Dask worker: a guardian that stays, so that an attempt starts no interpreter.

It is sent to the workers by value, with what it imports: dagtui is not installed there.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shutil
import stat
from typing import TYPE_CHECKING, cast

from distributed import WorkerPlugin

from dagtui.execution.dask.guardian_process import GuardianProcess
from dagtui.execution.dask.thread_shares import ThreadShares

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence

    from distributed import Worker

    from dagtui.text.amounts import Seconds

_LOOK = 0.05
"""Seconds between two looks at logs while dagtui waits for more of them."""
_MOST_LOG = 1 << 19
"""Bytes of one log in one answer."""
_MOST_ANSWER = 1 << 22
"""Bytes of all logs in one answer."""
_TAIL = 4096
"""Bytes of the end of a log that the scheduler keeps, so that they outlive the worker."""
_IDLE = 60.0
"""Seconds without an attempt after which the guardian ends."""
_CLOSING = 15.0
"""Seconds for which a closing worker waits until its attempts have ended."""
_PATIENCE = 30.0
"""Seconds for which a task waits until its worker has the plugin."""


async def execute(name: str, spec: str, cpus: int) -> None:
    """Execute an attempt: the task that Dask carries to a worker. `spec` is in JSON."""
    from distributed import get_worker

    worker, key = get_worker(), json.loads(spec)["key"]
    for _ in range(int(_PATIENCE / 0.02)):
        plugin = worker.plugins.get(name)
        if plugin is not None:
            await cast("AttemptRunner", plugin).execute(spec, cpus)
            return
        await asyncio.sleep(0.02)
        task = worker.state.tasks.get((name, key))
        if task is None or task.state != "executing":  # it was released, and the plugin went with the run
            return
    raise RuntimeError(f"this worker did not get dagtui's plugin within {_PATIENCE:.0f} s")


class AttemptRunner(WorkerPlugin):
    """Runs attempts on one worker, for one run."""

    def __init__(self, name: str, program: bytes) -> None:
        """Create it. `name` names the run's plugins, operations and tasks. `program` is the agent, as a zip."""
        self.name = name
        self._program = program

    # Dask's hooks

    def setup(self, worker: Worker) -> None:
        """Begin to answer."""
        self._worker = worker
        self._folder = os.path.join(worker.local_directory, self.name)
        self._guardian: GuardianProcess | None = None
        self._making = asyncio.Lock()
        self._ends: dict[str, asyncio.Future[None]] = {}
        """The attempts that run, or are about to, by key."""
        self._orphans: set[str] = set()
        """The attempts of a guardian that has died, until the next one has said what became of them."""
        self._kept: set[str] = set()
        """Attempts that have ended, and of which files are left."""
        self._stops: dict[str, Seconds] = {}
        """Attempts to stop that have not begun, with their graces."""
        self._secrets: dict[str, asyncio.Future[dict[str, str]]] = {}
        self._claims: dict[str, asyncio.Future[bool]] = {}
        self._claiming: asyncio.Task[None] | None = None
        self._threads = ThreadShares(worker.state.nthreads)
        self._idle: asyncio.TimerHandle | None = None
        self._closing = False
        self._first = asyncio.create_task(self._warm_up())
        worker.handlers[self.name] = self.handle
        worker.stream_handlers[self.name] = self.take

    async def teardown(self, worker: Worker) -> None:
        """End everything, because the worker closes or the run is over. No task may wait for ever: it has a thread."""
        self._closing = True
        self._threads.close()
        for waiting in self._secrets.values():
            if not waiting.done():
                waiting.set_result({})
        worker.handlers.pop(self.name, None)
        for task in (self._first, self._claiming):
            if task is not None:
                task.cancel()
        for claim in self._claims.values():  # of a question that was cancelled before it began
            if not claim.done():
                claim.set_result(False)
        if self._guardian is not None and self._ends:
            self._guardian.say(end=True)
            await asyncio.wait(list(self._ends.values()), timeout=_CLOSING)
        elif self._guardian is not None and worker.status.name.startswith("clos"):
            self._guardian.leave()  # a worker that gets TERM while it removes its plugins may hang for ever
            self._guardian = None
        if self._guardian is not None:
            await self._guardian.close()
        for ended in self._ends.values():
            if not ended.done():
                ended.set_result(None)
        shutil.rmtree(self._folder, ignore_errors=True)

    # Attempts

    async def execute(self, text: str, cpus: int) -> None:
        """Execute an attempt, if the scheduler grants the claim, and wait until it has ended."""
        spec = json.loads(text)
        key = spec["key"]
        if key in self._ends or key in self._kept or self._closing:
            return
        width = await self._threads.take(cpus)
        try:
            secrets = await self._secrets_of(spec)
            if key not in self._ends and await self._claim(key) and not self._closing:
                await self._watch(key, spec, secrets)
        finally:
            self._threads.give(width)

    async def _watch(self, key: str, spec: dict[str, object], secrets: dict[str, str]) -> None:
        ended = self._ends[key] = asyncio.get_running_loop().create_future()
        try:
            guardian = await self._ready_guardian()
        except OSError as error:
            self._tell_end(key, {"kind": "could not start", "text": f"{error.filename}: {error.strerror}"})
            return
        if int(cast("int", spec["gpus"])) > guardian.gpus:  # Dask counts GPUs that cannot be seen, or that are none
            spec["gpus"] = 0
        guardian.say(start=spec, secrets=secrets)
        if key in self._stops:
            guardian.say(stop=key, grace=self._stops.pop(key))
        await ended

    async def _claim(self, key: str) -> bool:
        """Ask the scheduler whether an attempt may begin. Questions that arise meanwhile are asked together."""
        if self._closing:
            return False
        answer: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._claims[key] = answer
        if self._claiming is None:
            self._claiming = asyncio.create_task(self._ask_for_claims())
        return await answer

    async def _ask_for_claims(self) -> None:
        asked: dict[str, asyncio.Future[bool]] = {}
        try:
            while self._claims:
                asked, self._claims = self._claims, {}
                granted = await self._granted(list(asked))
                for key, answer in asked.items():
                    if not answer.done():
                        answer.set_result(key in granted)
        finally:
            self._claiming = None
            for answer in (*asked.values(), *self._claims.values()):
                if not answer.done():
                    answer.set_result(False)

    async def _granted(self, keys: Sequence[str]) -> Sequence[str]:
        operation = cast("Callable[..., Awaitable[Sequence[str]]]", getattr(self._worker.scheduler, self.name))
        while True:
            try:
                return await operation(what="claim", keys=keys, worker=self._worker.address)
            except OSError:  # without a scheduler the worker closes soon, and ends this
                await asyncio.sleep(0.5)

    async def _secrets_of(self, spec: Mapping[str, object]) -> dict[str, str]:
        """Wait for the secrets of an attempt, which dagtui sends past the scheduler's memory."""
        key = str(spec["key"])
        if not spec.get("secret_names"):
            return {}
        if key not in self._secrets:
            self._secrets[key] = asyncio.get_running_loop().create_future()
            self._worker.batched_send({"op": self.name, "what": "needs", "key": key})
        try:
            return await self._secrets[key]
        finally:
            self._secrets.pop(key, None)

    # The guardian

    async def _warm_up(self) -> None:
        """Start the guardian before the first attempt comes, which would wait for it."""
        with contextlib.suppress(OSError):  # the first attempt says so
            await self._ready_guardian()
        self._rest()

    async def _ready_guardian(self) -> GuardianProcess:
        """Return the guardian, which is started if there is none. Raises OSError."""
        if self._idle is not None:
            self._idle.cancel()
            self._idle = None
        async with self._making:
            if self._guardian is None:
                program = await asyncio.to_thread(self._unpack)
                self._guardian = await GuardianProcess.start(program, os.path.join(self._folder, "spool"), self._hear)
            return self._guardian

    def _unpack(self) -> str:
        """Write the agent where only this user can. Raises OSError, also if the folder is another user's."""
        os.makedirs(self._folder, 0o700, exist_ok=True)
        found = os.lstat(self._folder)
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid() or found.st_mode & 0o077:
            raise PermissionError(1, "belongs to another user, or others may enter it", self._folder)
        path = os.path.join(self._folder, "agent.zip")
        with open(path + ".new", "wb") as file:
            file.write(self._program)
        os.rename(path + ".new", path)
        return path

    def _hear(self, line: bytes) -> None:
        """Take what the guardian says. An empty line: it has died."""
        if not line:
            self._lose_guardian()
            return
        said = json.loads(line)
        if "began" in said:
            self._worker.batched_send({"op": self.name, "what": "began", "key": said["began"], "at": said["at"]})
        elif "ended" in said:
            self._tell_end(said["ended"], said, line)
        elif "hello" in said:
            self._take_hello(said["known"])
        elif "refused" in said:
            self._tell_end(said["refused"], {"kind": "lost", "text": "it had begun on this worker before"})

    def _lose_guardian(self) -> None:
        """Start another guardian, which ends what is left of the attempts of a dead one, and records them as lost."""
        guardian, self._guardian = self._guardian, None
        if guardian is None or not self._ends:
            return
        self._orphans.update(self._ends)
        self._successor = asyncio.create_task(self._replace_guardian())

    async def _replace_guardian(self) -> None:
        try:
            await self._ready_guardian()
        except OSError:
            self._take_hello(())

    def _take_hello(self, known: Collection[str]) -> None:
        """Give up what a dead guardian has left no trace of. The ends of the others follow."""
        for key in self._orphans.difference(known).intersection(self._ends):
            self._tell_end(key, {"kind": "lost", "text": "the process that watched it died"})
        self._orphans.clear()

    def _tell_end(self, key: str, record: Mapping[str, object], line: bytes = b"") -> None:
        self._kept.add(key)
        size = record.get("size", 0)
        tail = self._read(key, max(0, size - _TAIL), _TAIL) if isinstance(size, int) else b""
        line = line or json.dumps(record).encode()
        self._worker.batched_send({"op": self.name, "what": "ended", "key": key, "line": line, "tail": tail})
        self._over(key)

    def _over(self, key: str) -> None:
        self._stops.pop(key, None)
        ended = self._ends.pop(key, None)
        if ended is not None and not ended.done():
            ended.set_result(None)
        self._rest()

    def _rest(self) -> None:
        """Let the guardian end soon if there is nothing to do."""
        if self._ends or self._kept or self._idle is not None or self._closing:
            return
        self._idle = asyncio.get_running_loop().call_later(_IDLE, self._end_guardian)

    def _end_guardian(self) -> None:
        self._idle = None
        if self._guardian is not None and not self._ends:
            guardian, self._guardian = self._guardian, None
            guardian.leave()

    # What others ask

    def take(self, what: str, key: str, grace: Seconds = 0.0) -> None:
        """Take what the scheduler says of an attempt: `stop` or `forget` it."""
        if what == "stop":
            waiting = self._secrets.get(key)
            if waiting is not None and not waiting.done():
                waiting.set_result({})  # the claim will be refused
            elif self._guardian is not None and key in self._ends:
                self._guardian.say(stop=key, grace=grace)
            else:
                self._stops[key] = grace
        elif key in self._kept:
            self._kept.discard(key)
            if self._guardian is not None:
                self._guardian.say(ack=key)
            self._rest()

    async def handle(self, what: str, **fields: object) -> object:
        """Answer dagtui."""
        if what == "logs":
            return await self._logs(**fields)  # type: ignore[arg-type]
        if what == "secrets":
            self._take_secrets(**fields)  # type: ignore[arg-type]
        if what == "drop":
            self._drop_secrets(**fields)  # type: ignore[arg-type]
        return None

    def _take_secrets(self, secrets: Mapping[str, Mapping[str, str]]) -> None:
        for key, values in secrets.items():
            future = self._secrets.setdefault(key, asyncio.get_running_loop().create_future())
            if not future.done():
                future.set_result(dict(values))

    def _drop_secrets(self, keys: Sequence[str]) -> None:
        for key in keys:
            if key in self._secrets and self._secrets[key].done():
                del self._secrets[key]

    async def _logs(self, offsets: Mapping[str, int], wait: Seconds) -> dict[str, tuple[int, bytes]]:
        """Return what attempts have printed beyond offsets, which begin at 0. Wait for something if need be."""
        deadline = asyncio.get_running_loop().time() + wait
        while True:
            found: dict[str, tuple[int, bytes]] = {}
            size = 0
            for key in (*self._ends, *self._kept):
                at = offsets.get(key, 0)
                content = self._read(key, at, _MOST_LOG) if size < _MOST_ANSWER else b""
                if content:
                    found[key] = at, content
                    size += len(content)
            if found or asyncio.get_running_loop().time() > deadline:
                return found
            await asyncio.sleep(_LOOK)

    def _read(self, key: str, at: int, most: int) -> bytes:
        try:
            fd = os.open(os.path.join(self._folder, "spool", "logs", key), os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
        except OSError:
            return b""
        try:
            return os.pread(fd, most, at)
        finally:
            os.close(fd)
