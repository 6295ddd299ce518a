"""The executor of Dask clusters: each attempt is a task that holds its threads and resources until it has ended."""

from __future__ import annotations

import json
import time
from importlib.util import find_spec
from typing import TYPE_CHECKING, cast

from dagtui.execution.dask.cluster import ClusterError, DaskCluster
from dagtui.execution.dask.fences import Fences
from dagtui.execution.dask.registry_note import RegistryNote
from dagtui.execution.dask.submissions import name_part, reason_to_wait, task_of
from dagtui.execution.dask.worker_logs import WorkerLogs
from dagtui.execution.remote.executor import RemoteExecutor
from dagtui.execution.shipped import agent

if find_spec("distributed") is None:  # said before a run starts; it is imported in a thread, which takes a second
    raise ModuleNotFoundError("No module named 'distributed'", name="distributed")

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence
    from pathlib import Path

    import anyio

    from dagtui.engine.messages import AttemptNumber
    from dagtui.execution.dask.cluster import AttemptNews, News
    from dagtui.execution.dask.loop_thread import LoopThread
    from dagtui.execution.dask.worker_logs import Offsets, Pieces
    from dagtui.execution.remote.attempt import RemoteAttempt
    from dagtui.execution.requests import Requests
    from dagtui.graph.executors import ExecutorSettings
    from dagtui.graph.model import NodeIndex
    from dagtui.text.amounts import ByteCount, Seconds, WallTime

_WAIT: Seconds = 2.0
"""Seconds for which an answer may wait for news."""
_SILENCE: Seconds = 10.0
"""Seconds without an answer after which the scheduler counts as silent."""
_PACE: Seconds = 0.03
"""Least time between two questions, so that much news comes in few answers."""
_PAUSES: Sequence[Seconds] = (0.2, 0.5, 1.0, 2.0, 5.0)
"""Pauses between tries to connect."""
_CLEANUP: Seconds = 5.0
"""Most seconds for leaving the cluster."""
_AT_ONCE = 500
"""Attempts that are sent together."""
_FINAL = ("ended", "gone", "withdrawn", "failed", "forgotten")
"""States of the registry that nothing follows (see registry.py, which can't be imported without distributed)."""


class DaskExecutor(RemoteExecutor):
    """Executes attempts on the workers of a Dask cluster.

    Everything of Dask runs in a thread of its own. What becomes of attempts is told by the registry on the scheduler.
    """

    def __init__(self, requests: Requests, folder: Path, log_file: Callable[[NodeIndex, AttemptNumber], str]) -> None:
        """See `RemoteExecutor`."""
        super().__init__(requests, folder, log_file)
        self._name = f"dagtui-{self.run_id}-{name_part(self.settings.name)}"
        """Names all that the run leaves in the cluster."""
        self._cluster = DaskCluster(self._reached_settings(), self._name, agent)
        self._outbox: dict[str, None] = {}
        """The keys of attempts to send, in order."""
        self._stops: dict[str, Seconds | None] = {}
        """The keys of attempts to stop, with their graces. None: only if they have not begun."""
        self._refusals: dict[str, str] = {}
        """Why attempts are refused as soon as the registry has withdrawn them, by key. They may begin before."""
        self._over_there: dict[str, bool] = {}
        """The keys of attempts to forget there, and whether they had secrets."""
        self._places: dict[str, str] = {}
        """The workers of attempts, by key."""
        self._needy: dict[str, str] = {}
        """The workers that wait for secrets, by the key of the attempt."""
        self._fences = Fences(self.lost, self.doubted)
        self._note = RegistryNote(folder / "registry")
        self._since = 0
        self._known: set[str] | None = None
        """The attempts that the registry knows, until all its news were read."""
        self._asked: anyio.Event | None = None
        """Set when there is something to send."""

    # For executors that start their cluster themselves

    def _reached_settings(self) -> ExecutorSettings:
        """Return the settings that lead to the scheduler."""
        return self.settings

    async def _ready(self) -> None:
        """Wait until there is a scheduler. Raises ClusterError."""

    def _take_supply(self, news: News) -> None:
        """Take what the news say of workers that are to come."""

    # What the base asks for

    def _hand_over(self, attempts: Sequence[RemoteAttempt]) -> None:
        self._outbox.update(dict.fromkeys(attempt.key for attempt in attempts))
        self._wake()

    def _stop(self, attempt: RemoteAttempt) -> None:
        if attempt.key in self._outbox:
            del self._outbox[attempt.key]
            self.withdrawn(attempt.key)
            return
        self._stops[attempt.key] = attempt.stop
        self._wake()

    def _release(self, attempt: RemoteAttempt) -> None:
        self._over_there[attempt.key] = bool(attempt.request.secrets)
        self._places.pop(attempt.key, None)
        self._refusals.pop(attempt.key, None)
        self._fences.discard(attempt.key)
        self._wake()

    def _look_for(self, attempts: Sequence[RemoteAttempt]) -> None:
        """Read all news again: those that the registry does not know are handed over by `_judge_unknown`."""
        del attempts
        self._since, self._known = 0, set()

    def _wake(self) -> None:
        if self._asked is not None:
            self._asked.set()

    # Serving

    async def _serve(self) -> None:
        import anyio

        from dagtui.execution.dask.loop_thread import LoopThread

        thread = LoopThread("dask")
        await self._note.load()
        tries = 0
        try:
            while True:
                try:
                    await self._ready()
                    await thread.run(self._cluster.connect)
                    await self._converse(thread)
                except ClusterError as error:
                    tries = 0 if self._known is None else tries + 1  # all news were read: it was there
                    self.silent(str(error))
                await thread.run(self._cluster.close)
                await anyio.sleep(_PAUSES[min(tries, len(_PAUSES) - 1)])
        finally:
            with anyio.move_on_after(_CLEANUP, shield=True):
                await self._leave_cluster(thread)
            thread.stop()

    async def _leave_cluster(self, thread: LoopThread) -> None:
        try:
            if self._has_left and not self.attempts and self._known is None:
                await thread.run(self._cluster.end_run)
        except ClusterError:  # what is left there names the run, and is never taken for another one's
            pass
        await thread.run(self._cluster.close)

    async def _converse(self, thread: LoopThread) -> None:
        """Exchange requests and news until the connection is lost. Raises ClusterError then."""
        import anyio

        def fetch_logs(worker: str, offsets: Offsets, wait: Seconds) -> Awaitable[Pieces]:
            return thread.run(lambda: self._cluster.logs(worker, offsets, wait))

        failures: list[ClusterError] = []
        self._since, self._known = 0, set()
        self._asked = anyio.Event()
        async with anyio.create_task_group() as group:

            async def guarded(work: Callable[[], Awaitable[None]]) -> None:
                try:
                    await work()
                except ClusterError as error:
                    failures.append(error)
                    group.cancel_scope.cancel()

            group.start_soon(guarded, lambda: self._follow_news(thread))
            group.start_soon(guarded, lambda: self._send_requests(thread))
            group.start_soon(WorkerLogs(self._wanted_logs, fetch_logs, self.log, self._give_log_up).follow)
            group.start_soon(self._fences.keep)
        if failures:
            raise failures[0]

    async def _follow_news(self, thread: LoopThread) -> None:
        import anyio

        while True:
            asked = time.monotonic()
            try:
                with anyio.fail_after(_SILENCE):
                    news = await thread.run(self._ask)
            except TimeoutError:
                self.silent("the scheduler does not answer", _SILENCE)
                continue
            self.heard()
            await self._take(news)
            if time.monotonic() - asked < _PACE:
                await anyio.sleep(_PACE)

    async def _ask(self) -> News:
        wait = _WAIT if self._known is None else 0.0
        return await self._cluster.news(self._since, wait)

    async def _send_requests(self, thread: LoopThread) -> None:
        import anyio

        while True:
            self._asked = anyio.Event()
            if self._known is None:  # before, it is not certain what is there already
                while self._stops or self._outbox or self._over_there or self._needy:
                    await self._send(thread)
            await self._asked.wait()

    async def _send(self, thread: LoopThread) -> None:
        """Send what there is to send. What is lost on the way is sent again, once it is known what arrived."""
        cluster, attempts = self._cluster, self.attempts
        keys = [key for key, _ in zip(self._outbox, range(_AT_ONCE), strict=False)]
        for key in keys:
            del self._outbox[key]
        stops, self._stops = self._stops, {}
        needy, self._needy = self._needy, {}
        over, self._over_there = self._over_there, {}
        sent = [attempts[key].request for key in keys if key in attempts]
        submissions = [task_of(request, self.run_id) for request in sent]
        secrets = {request.key: request.secrets for request in sent if request.secrets}

        async def send() -> None:
            await cluster.stop(stops)
            await cluster.submit(submissions)
            cluster.give_secrets(secrets)
            for key, worker in needy.items():
                if key in attempts:
                    cluster.give_secrets({key: attempts[key].request.secrets}, [worker])
            await cluster.forget(over)

        await thread.run(send)

    # News

    async def _take(self, news: News) -> None:
        if self._note.registry in {"", news.born}:
            await self._note.change(news.born)
        for each in news.attempts:
            self._take_one(each, news)
            if self._known is not None:
                self._known.add(each.key)
        self._take_supply(news)
        self._since = news.upto
        if self._known is not None and news.complete:
            known, self._known = self._known, None
            self._judge_unknown(known, news)
        if self._note.registry != news.born and not self._fences:
            await self._note.change(news.born)
        self._wake()

    def _judge_unknown(self, known: set[str], news: News) -> None:
        """Hand over what never arrived. What another registry had is given up, when nothing of it can be alive."""
        unknown = [
            attempt
            for attempt in tuple(self.attempts.values())
            if attempt.key not in known
            and attempt.end is None
            and attempt.key not in self._outbox
            and attempt.key not in self._fences
        ]
        if self._note.registry == news.born:
            self.absent(unknown)
            return
        for attempt in unknown:
            why = "the Dask scheduler was started anew, and knows nothing of it"
            self._fences.add(attempt.key, attempt.request.grace, news.age, why)

    def _take_one(self, news: AttemptNews, all_news: News) -> None:
        key, state = news.key, news.state
        attempt = self.attempts.get(key)
        if attempt is None:
            if state in _FINAL:
                self._over_there.setdefault(key, False)
            return
        where = news.name if news.name != news.worker else news.worker.rpartition("/")[2]
        if news.at:
            self.began(key, cast("WallTime", news.at), where)
        if state not in _FINAL:
            self._take_open(attempt, news, all_news)
        elif state == "ended":
            self._take_end(news, where)
        elif state == "gone":
            self._fences.add(key, attempt.request.grace, news.ago, f"its worker {where} left the cluster")
        elif state == "withdrawn":
            self._take_withdrawal(attempt)
        elif state == "failed":
            self.refused(key, f"its task failed: {news.why}")
        else:
            self.outside(key, "its task was removed from the scheduler")

    def _take_open(self, attempt: RemoteAttempt, news: AttemptNews, all_news: News) -> None:
        if attempt.stop is not None or attempt.unwanted:
            self._stops.setdefault(news.key, attempt.stop)  # it may have been sent before this arrived there
        if news.worker:
            self._places[news.key] = news.worker
        if news.state == "waiting":
            self._take_waiting(attempt, news, all_news)

    def _take_waiting(self, attempt: RemoteAttempt, news: AttemptNews, all_news: News) -> None:
        self.queued(attempt.key, reason_to_wait(attempt, news.why, all_news.workers, all_news.why))
        if not news.needs:
            return
        if attempt.problem:
            self._refuse(attempt, attempt.problem)
        else:
            self._needy[attempt.key] = news.needs

    def _refuse(self, attempt: RemoteAttempt, why: str) -> None:
        """Refuse an attempt, unless it begins before the registry has withdrawn it."""
        self._refusals[attempt.key] = why
        self._stops.setdefault(attempt.key, attempt.stop)

    def _take_withdrawal(self, attempt: RemoteAttempt) -> None:
        if attempt.stop is not None or attempt.unwanted or attempt.key not in self._refusals:
            self.withdrawn(attempt.key)
        else:
            self.refused(attempt.key, self._refusals[attempt.key])

    def _take_end(self, news: AttemptNews, where: str) -> None:
        record = json.loads(news.line)
        size = record.get("size") or 0
        self.log(news.key, max(0, size - len(news.tail)), news.tail)
        self._places[news.key] = news.worker
        self.ended(news.key, record, where)
        self._wake()

    # Logs

    def _wanted_logs(self) -> Mapping[str, Offsets]:
        wanted: dict[str, dict[str, ByteCount]] = {}
        for key, worker in self._places.items():
            attempt = self.attempts.get(key)
            if attempt is not None and (attempt.end is None or attempt.lacks_log) and key not in self._fences:
                wanted.setdefault(worker, {})[key] = attempt.offset
        return wanted

    def _give_log_up(self, key: str) -> None:
        attempt = self.attempts.get(key)
        if attempt is not None and attempt.end is not None:
            self.lost(key, "")  # how it ended is known, and counts
