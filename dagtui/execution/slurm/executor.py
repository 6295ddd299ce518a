"""The Slurm executor: attempts as jobs of a cluster, by a folder that both sides see and Slurm's own commands."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import anyio
from anyio import to_thread

from dagtui.engine.messages import Ended, EndKind
from dagtui.execution.remote.agent_spec import agent_spec, identity
from dagtui.execution.remote.attempt import RemoteState
from dagtui.execution.remote.executor import RemoteExecutor
from dagtui.execution.slurm.batch_store import BatchStore
from dagtui.execution.slurm.commands import SlurmCommands
from dagtui.execution.slurm.contact import Contact
from dagtui.execution.slurm.handover import Handover
from dagtui.execution.slurm.link import SlurmLink
from dagtui.execution.slurm.queue_questions import QueueQuestions
from dagtui.execution.slurm.shell import shell_command
from dagtui.execution.slurm.spool_watch import SpoolWatch
from dagtui.execution.slurm.stops import Stops
from dagtui.execution.slurm.verdicts import Verdicts

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from dagtui.engine.messages import AttemptNumber
    from dagtui.execution.remote.attempt import RemoteAttempt
    from dagtui.execution.requests import Request, Requests
    from dagtui.execution.slurm.batch import Batch
    from dagtui.graph.model import NodeIndex
    from dagtui.text.amounts import Seconds


_LEAVING: Seconds = 5.0
"""How long the last scancel may take."""


class SlurmExecutor(RemoteExecutor):
    """Executes attempts as jobs of Slurm.

    Five loops serve it, and none waits for another: a command of Slurm that hangs, as all do while its controller
    does not answer, holds up neither ends nor stops.
    """

    def __init__(self, requests: Requests, folder: Path, log_file: Callable[[NodeIndex, AttemptNumber], str]) -> None:
        """See `dagtui.execution.remote.executor`. Without a directory in the settings, jobs write into the run's."""
        super().__init__(requests, folder, log_file)
        self.logs_are_shared = not self.settings.directory or self.settings.shared
        self._run_directory = os.path.dirname(os.path.dirname(os.path.abspath(folder)))
        self._batches = BatchStore(*self._places(os.path.abspath(folder)))
        link = SlurmLink(self, self._batches, SlurmCommands(os.environ), Contact(self))
        self._watch = SpoolWatch(self, self._batches, link.contact, self._take_end)
        self._verdicts = Verdicts(link, self._watch, self._on_unneeded)
        self._questions = QueueQuestions(link, self._verdicts.judge, self._watch.remove, self._on_unneeded)
        self._handover = Handover(link, self._spec, self._on_arrival)
        self._stops = Stops(link, self._questions)

    def _places(self, folder: str) -> tuple[str, str]:
        """Return the spool, and the folder of agents."""
        directory = self.settings.directory
        if directory:
            shared = os.path.abspath(os.path.expanduser(directory))
            return f"{shared}/{self.run_id}", f"{shared}/agents-{os.geteuid()}"
        return folder, os.path.join(os.path.dirname(os.path.dirname(self._run_directory)), "agents")

    async def close(self) -> None:
        """End everything. If nothing is left, the spool goes as well."""
        await super().close()
        await self._leave_jobs()
        if not self.attempts and not self._batches.has_unreleased:
            with anyio.CancelScope(shield=True):
                await to_thread.run_sync(self._batches.remove_all)

    async def detach(self) -> None:
        """Leave. What runs or waits goes on, without the jobs of what was taken back."""
        await super().detach()
        await self._leave_jobs()

    async def _leave_jobs(self) -> None:
        with anyio.move_on_after(_LEAVING, shield=True):
            await self._stops.leave()

    # For the base

    async def _serve(self) -> None:
        async with anyio.create_task_group() as group:
            for part in (self._handover, self._watch, self._questions, self._stops, self._verdicts):
                group.start_soon(part.serve)

    def _hand_over(self, attempts: Sequence[RemoteAttempt]) -> None:
        self._handover.hand_over(attempts)

    def _stop(self, attempt: RemoteAttempt) -> None:
        self._stops.stop(attempt)

    def _release(self, attempt: RemoteAttempt) -> None:
        if isinstance(attempt.end, Ended) and attempt.end.kind is EndKind.LOST:
            return  # its stop and its claim stay: nobody knows what is left of it
        batch = self._batches.of(attempt.key)
        if batch is not None:
            batch.unreleased.discard(attempt.key)
        self._watch.release(attempt.key)

    def _look_for(self, attempts: Sequence[RemoteAttempt]) -> None:
        self._handover.look_for(attempts)
        for attempt in attempts:
            if attempt.stop is not None:
                self._stops.stop(attempt)

    def _shell(self, request: Request) -> Sequence[str]:
        batch = self._batches.of(request.key)
        job = self._questions.raw_job(batch, batch.index_of[request.key]) if batch is not None else ""
        attempt = self.attempts.get(request.key)
        if not job or attempt is None or attempt.state is not RemoteState.RUNNING:
            return ()
        return shell_command(job, request.cwd, request.env, request.setup)

    # Between the parts

    def _on_arrival(self) -> None:
        self._watch.ring()
        self._questions.ring()

    def _on_unneeded(self, batch: Batch, index: int) -> None:
        self._stops.note_unneeded(batch, index)

    def _take_end(self, key: str, record: dict[str, object]) -> None:
        self._verdicts.take_end(key, record)

    def _spec(self, attempt: RemoteAttempt) -> dict[str, object]:
        request = attempt.request
        spec = agent_spec(request) | identity(request, self.run_id) | {"fence": request.fence}
        if self.logs_are_shared:
            log = os.path.abspath(self._log_file(attempt.node, attempt.attempt))
            spec |= {"log": log, "run_dir": self._run_directory}
        return spec
