"""The executor of Dask clusters whose workers are jobs, which it has submitted by a process of its own."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from dagtui.execution.dask.executor import DaskExecutor
from dagtui.execution.dask.job_order import JobOrder
from dagtui.execution.dask.submissions import reason_to_wait
from dagtui.execution.dask.worker_jobs import RefusedOrderError, WorkerJobs
from dagtui.execution.remote.attempt import RemoteState

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from dagtui.engine.messages import AttemptNumber
    from dagtui.execution.dask.cluster import News
    from dagtui.execution.requests import Requests
    from dagtui.graph.executors import ExecutorSettings
    from dagtui.graph.model import NodeIndex


class JobqueueExecutor(DaskExecutor):
    """Executes attempts on workers that are jobs of a queueing system. They come when attempts wait."""

    def __init__(self, requests: Requests, folder: Path, log_file: Callable[[NodeIndex, AttemptNumber], str]) -> None:
        """See `RemoteExecutor`. The table of the executor has the key `jobqueue`."""
        super().__init__(requests, folder, log_file)
        order = JobOrder.of(self.settings, self._name, self.run_id)
        self._jobs = WorkerJobs(order, folder, requests.environment_of_engine())
        self._why_no_worker = ""
        """What was said last of why there is no worker."""

    def _reached_settings(self) -> ExecutorSettings:
        return replace(self.settings, scheduler_file=WorkerJobs.scheduler_file(self.folder))

    async def _ready(self) -> None:
        try:
            await self._jobs.ready()
        except RefusedOrderError as error:
            await self._refuse_all(str(error))

    async def _refuse_all(self, why: str) -> None:
        """Refuse what is handed over, until cancelled: there will be no scheduler. What an earlier one had is lost."""
        import anyio

        async with anyio.create_task_group() as group:
            group.start_soon(self._fences.keep)
            while True:
                self._asked = anyio.Event()
                outbox, self._outbox = self._outbox, {}
                for key, attempt in tuple(self.attempts.items()):
                    if key in outbox:
                        self.refused(key, why, lasting=True)
                    else:
                        self._fences.add(key, attempt.request.grace, 0.0, f"its scheduler has ended; {why}")
                await self._asked.wait()

    async def close(self) -> None:
        """End everything. The jobs go, too, if nothing is left on them."""
        await super().close()
        if not self.attempts:
            await self._jobs.end()

    def _take_supply(self, news: News) -> None:
        """Tell why there is no worker, and refuse what waits for one that will not come."""
        known, self._why_no_worker = self._why_no_worker, "" if news.workers else news.why
        if news.workers or (news.why == known and not news.hopeless):
            return
        for key, attempt in tuple(self.attempts.items()):
            if attempt.state is not RemoteState.QUEUED:
                continue
            if news.hopeless:
                self._refuse(attempt, news.why)
            else:
                self.queued(key, reason_to_wait(attempt, "", news.workers, news.why))
