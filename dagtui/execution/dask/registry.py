"""What the Dask scheduler knows of a run: where each attempt began, and how it ended.

It is sent to the scheduler by value, with what it imports: dagtui is not installed there.

Dask promises less than a run needs. It computes a task again when the worker that has its result dies, it forgets a
task that goes on when its last client leaves, and a worker that died takes its results along. So a task only carries
an attempt to a worker, and the registry is the truth: an attempt begins only if the registry grants its worker the
claim, which it does once, and how it ended is kept here until dagtui says that it has it on record.
"""

from __future__ import annotations

import asyncio
import time
import uuid
from collections import Counter
from typing import TYPE_CHECKING

from distributed import SchedulerPlugin
from distributed.core import Status

from dagtui.execution.dask.guardian_process import WATCHDOG

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from distributed.scheduler import Scheduler

    from dagtui.text.amounts import Seconds

WAITING, CLAIMED, RUNNING, ENDED, GONE, WITHDRAWN, FAILED, FORGOTTEN = (
    "waiting", "claimed", "running", "ended", "gone", "withdrawn", "failed", "forgotten",
)  # fmt: skip
"""States of an attempt. GONE: its worker left while it ran. FAILED: its task failed before it was claimed."""
_OPEN = (WAITING, CLAIMED, RUNNING)
SUPPLY = "dagtui-jobs"
"""The extension of a scheduler whose workers are jobs. It says `why` there is none, and whether that is `hopeless`."""
_MOST_NEWS = 500
"""Attempts in one answer, so that no message blocks the scheduler for long."""
_AGAIN = 0.5
"""Seconds until a task whose attempt has not begun goes to a worker again."""


class RegisteredAttempt:
    """What the scheduler knows of an attempt."""

    __slots__ = ("at", "key", "line", "needs_secrets", "since", "state", "tail", "why", "worker", "worker_name")

    def __init__(self, key: str) -> None:
        self.key = key
        self.state = WAITING
        self.why = ""
        """Why it waits, or what went wrong."""
        self.worker = ""
        """The address of the worker that claimed it."""
        self.worker_name = ""
        self.at = 0.0
        """When it began, by the wall clock of its worker. 0.0: that is not known."""
        self.since = time.monotonic()
        """When it came into its state."""
        self.line = b""
        """How it ended, as its guardian said it."""
        self.tail = b""
        """The end of its log, which outlives its worker here."""
        self.needs_secrets = ""
        """The worker that waits for its secrets."""


class AttemptRegistry(SchedulerPlugin):
    """The attempts of one run, on the scheduler. `handle` is the only operation of its server."""

    idempotent = True

    def __init__(self, name: str) -> None:
        """Create it. `name` names the run's plugins, operations and tasks in the whole cluster."""
        self.name = name
        self._born = ""
        self._since = time.monotonic()
        self._serial = 0
        self._changes: dict[str, tuple[int, RegisteredAttempt]] = {}
        """The attempts in the order of their last changes, with the numbers of these."""
        self._bells: set[asyncio.Event] = set()

    # The scheduler's hooks

    async def start(self, scheduler: Scheduler) -> None:
        """Begin to answer."""
        self._scheduler = scheduler
        self._born = uuid.uuid4().hex
        self._since = time.monotonic()
        scheduler.handlers[self.name] = self.handle
        scheduler.stream_handlers[self.name] = self.take

    def update_graph(self, scheduler: Scheduler, *, keys: Collection[object], **_: object) -> None:
        """Keep tasks that arrive, even if the client that sent them leaves."""
        own = [name for key in keys if (name := self._own(key))]
        if own:  # as published datasets do it
            scheduler.client_desires_keys(keys=[(self.name, name) for name in own], client=self.name)
        for name in own:
            if name not in self._changes:
                self._change(RegisteredAttempt(name))

    def transition(self, key: object, start: str, finish: str, *_: object, **__: object) -> None:
        """Note why a task waits, and if it fails or is forgotten before it began.

        One that has ended without a claim, as on a worker that retires, goes to a worker again.
        """
        del start
        entry = self._find(self._own(key))
        if entry is None or entry.state != WAITING:
            return
        if finish == "memory":
            asyncio.get_running_loop().call_later(_AGAIN, self._begin_again, entry)
        elif finish == "erred":
            task = self._scheduler.tasks.get((self.name, entry.key))
            self._enter(entry, FAILED, str(getattr(task, "exception_text", "")))
        elif finish == "forgotten":
            self._enter(entry, FORGOTTEN)
            self._tell_worker(entry.needs_secrets, entry.key, 0.0)
        elif finish in {"no-worker", "queued", "processing"} and entry.why != finish:
            entry.why = finish
            self._change(entry)

    def _begin_again(self, entry: RegisteredAttempt) -> None:
        key = (self.name, entry.key)
        task = self._scheduler.tasks.get(key)
        if entry.state == WAITING and task is not None and task.state == "memory":
            self._scheduler.transitions({key: "released"}, f"dagtui-again-{time.monotonic()}")

    def remove_worker(self, scheduler: Scheduler, worker: str, *, stimulus_id: str = "", **_more: object) -> None:
        """Note the attempts of a worker that has left. Those of one that hangs end by the watchdog of its guardian."""
        del scheduler
        later = WATCHDOG if "ttl" in stimulus_id else 0.0
        for _, entry in tuple(self._changes.values()):
            if entry.worker == worker and entry.state in {CLAIMED, RUNNING}:
                self._enter(entry, GONE)
                entry.since += later

    # From workers, in the order in which they send

    def take(self, worker: str, what: str, key: str, at: float = 0.0, line: bytes = b"", tail: bytes = b"") -> None:
        """Take what a worker tells of an attempt: that it `began`, `ended`, or `needs` its secrets."""
        entry = self._find(key)
        if entry is None:
            return
        if what == "needs" and entry.state == WAITING:
            entry.needs_secrets = worker
            self._change(entry)
        elif what == "began" and entry.state == CLAIMED and entry.worker == worker:
            entry.at = at
            self._enter(entry, RUNNING)
        elif what == "ended" and entry.state in {CLAIMED, RUNNING} and entry.worker == worker:
            entry.line, entry.tail = line, tail
            self._enter(entry, ENDED)

    def _claim(self, keys: Sequence[str], worker: str) -> list[str]:
        """Return those of some attempts that this worker may begin. Each is granted once."""
        state = self._scheduler.workers.get(worker)
        if state is None or state.status is Status.closing_gracefully:
            return []
        granted = []
        for key in keys:
            entry = self._find(key)
            if entry is None:
                continue
            if entry.state == WAITING:
                entry.worker, entry.worker_name = worker, str(state.name)
                self._enter(entry, CLAIMED)
            if entry.state == CLAIMED and entry.worker == worker:  # it asks again if the answer was lost
                granted.append(key)
        return granted

    # From dagtui

    async def handle(self, what: str, **fields: object) -> object:
        """Answer a worker or dagtui."""
        if what == "news":
            return await self._news(**fields)  # type: ignore[arg-type]
        answers = {"claim": self._claim, "stop": self._stop, "forget": self._forget, "end": self._end}
        return answers[what](**fields)  # type: ignore[operator]

    async def _news(self, since: int, wait: Seconds) -> dict[str, object]:
        """Return what has changed since a number, and up to which number. Wait for a change if need be."""
        if since >= self._serial:
            bell = asyncio.Event()
            self._bells.add(bell)
            try:
                await asyncio.wait_for(bell.wait(), wait)
            except TimeoutError:
                pass
            finally:
                self._bells.discard(bell)
        changed = []
        for serial, entry in reversed(self._changes.values()):
            if serial <= since:
                break
            changed.append((serial, entry))
        complete = len(changed) <= _MOST_NEWS
        changed = changed[::-1][:_MOST_NEWS]
        told = {
            "born": self._born,
            "age": time.monotonic() - self._since,
            "upto": changed[-1][0] if changed else self._serial,
            "workers": len(self._scheduler.workers),
            "attempts": [_told(entry) for _, entry in changed],
            "complete": complete,
        }
        return told | dict(self._scheduler.extensions.get(SUPPLY, {}))

    def _stop(self, stops: Mapping[str, Seconds | None]) -> None:
        """Stop attempts, each with a grace. None: only if it has not begun."""
        withdrawn = []
        for key, grace in stops.items():
            entry = self._find(key)
            if entry is None:
                continue
            if entry.state == WAITING:
                self._enter(entry, WITHDRAWN)
                withdrawn.append(key)
                self._tell_worker(entry.needs_secrets, key, 0.0)
            elif grace is not None and entry.state in {CLAIMED, RUNNING}:
                self._tell_worker(entry.worker, key, grace)
        self._release(withdrawn)

    def _tell_worker(self, worker: str, key: str, grace: Seconds) -> None:
        if worker in self._scheduler.workers:
            self._scheduler.worker_send(worker, {"op": self.name, "what": "stop", "key": key, "grace": grace})

    def _forget(self, keys: Sequence[str]) -> None:
        """Forget attempts whose ends dagtui has on record, here and on their workers."""
        for key in keys:
            entry = self._find(key)
            self._changes.pop(key, None)
            if entry is not None and entry.worker in self._scheduler.workers:
                self._scheduler.worker_send(entry.worker, {"op": self.name, "what": "forget", "key": key})
        self._release(keys)

    def _end(self) -> None:
        """Remove everything of the run."""
        scheduler = self._scheduler
        self._release(list(self._changes))
        scheduler.plugins.pop(self.name, None)
        scheduler.clients.pop(self.name, None)
        scheduler.stream_handlers.pop(self.name, None)
        scheduler.handlers.pop(self.name, None)

    def _release(self, keys: Iterable[str]) -> None:
        """Let Dask forget tasks."""
        known = [key for name in keys if (key := (self.name, name)) in self._scheduler.tasks]
        if known:
            self._scheduler.client_releases_keys(keys=known, client=self.name)

    # For the process that has the jobs of the workers (see jobqueue_process.py)

    @property
    def has_open(self) -> bool:
        """Whether there are attempts that have not ended."""
        return any(entry.state in _OPEN for _, entry in self._changes.values())

    def begun(self) -> Counter[str]:
        """Return how many attempts have begun and not ended, by the address of their worker."""
        return Counter(entry.worker for _, entry in self._changes.values() if entry.state in {CLAIMED, RUNNING})

    def drain(self, worker: str) -> None:
        """Let a worker begin nothing more. What waits there goes elsewhere, and what has begun goes on."""
        scheduler, cause = self._scheduler, f"dagtui-drain-{time.monotonic()}"
        state = scheduler.workers.get(worker)
        if state is None:
            return
        scheduler.handle_worker_status_change(Status.closing_gracefully, state, cause)
        message = {"op": "worker-status-change", "status": Status.closing_gracefully.name, "stimulus_id": cause}
        scheduler.worker_send(worker, message)  # its connection may be closed already
        waiting = [task.key for task in state.processing if self._waits(task.key)]
        scheduler.transitions(dict.fromkeys(waiting, "released"), cause)

    def _waits(self, key: object) -> bool:
        entry = self._find(self._own(key))
        return entry is not None and entry.state == WAITING

    # State

    def _own(self, key: object) -> str:
        """Return the attempt of a task's key. Empty: the task is not of this run."""
        return str(key[1]) if isinstance(key, tuple) and len(key) == 2 and key[0] == self.name else ""

    def _find(self, key: str) -> RegisteredAttempt | None:
        return self._changes[key][1] if key in self._changes else None

    def _enter(self, entry: RegisteredAttempt, state: str, why: str = "") -> None:
        entry.state, entry.why, entry.since = state, why, time.monotonic()
        self._change(entry)

    def _change(self, entry: RegisteredAttempt) -> None:
        self._serial += 1
        self._changes.pop(entry.key, None)
        self._changes[entry.key] = self._serial, entry
        for bell in self._bells:
            bell.set()


def _told(entry: RegisteredAttempt) -> tuple[object, ...]:
    """Return the fields of `cluster.AttemptNews`, in their order."""
    ago = time.monotonic() - entry.since
    where = entry.worker, entry.worker_name
    return (entry.key, entry.state, entry.why, *where, entry.at, ago, entry.line, entry.tail, entry.needs_secrets)
