"""The executor that stands before another one: nodes that are up to date are not handed on to it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from dagtui.engine.messages import (
    NO_ATTEMPT,
    ONE_SLOT,
    Doubted,
    Ended,
    EndKind,
    Heard,
    Queued,
    Ready,
    Remark,
    Result,
    Silent,
    Started,
    Withdrawn,
)
from dagtui.execution.files.file_jobs import FileJob, FileJobs
from dagtui.execution.files.judge import NodeToJudge
from dagtui.execution.forwarding_executor import ForwardingExecutor
from dagtui.graph.errors import ValueProblem
from dagtui.graph.model import LOCAL, NO_NODE
from dagtui.graph.resolution import ResolutionError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from dagtui.engine.messages import AttemptNumber, Slots
    from dagtui.engine.protocol import Executor, Handed
    from dagtui.execution.files.fingerprints import Fingerprints
    from dagtui.execution.files.judge import Judge, Judgement
    from dagtui.execution.files.looked_at import FileReader
    from dagtui.execution.files.node_key import NodeKeys
    from dagtui.execution.forwarding_executor import Attempt
    from dagtui.graph.model import Graph, NodeIndex
    from dagtui.text.amounts import Seconds


class _HandedOn(NamedTuple):
    """An attempt that the other executor has."""

    node: NodeToJudge
    judgement: Judgement | None
    """None: it has outputs but no inputs, so nothing is remembered of it. Or an earlier process has judged it."""
    facts: Mapping[str, object] | None = None
    """What is remembered of an attempt that an earlier process has judged."""


class JudgingExecutor(ForwardingExecutor):
    """Judges nodes with inputs before they start, and looks at the outputs of those that succeed.

    See `dagtui.engine.protocol.Executor`. An attempt that is being judged takes no slots of the other executor. An end
    with status 0 is delivered when the outputs have been read and remembered. Its slots are free before that, so that
    a large file holds up no other node.
    """

    def __init__(
        self,
        inner: Executor,
        graph: Graph,
        keys: NodeKeys,
        judge: Judge,
        memory: Fingerprints,
        reader: FileReader,
        must_run: Callable[[NodeIndex], str],
        threads: int,
    ) -> None:
        """`must_run` says why a node runs although it may be up to date, or returns an empty text."""
        super().__init__(inner)
        self._graph = graph
        self._keys = keys
        self._judge = judge
        self._memory = memory
        self._reader = reader
        self._must_run = must_run
        self._jobs = FileJobs(threads, self._after_jobs)
        self._judging: dict[Attempt, tuple[_JudgeJob, Slots]] = {}
        self._handed_on: dict[Attempt, _HandedOn] = {}
        self._completing: dict[Attempt, _CompleteJob] = {}
        """Ends that are held back until outputs are remembered."""
        self._closed = False

    def reload(
        self, graph: Graph, keys: NodeKeys, must_run: Callable[[NodeIndex], str], number_of: Sequence[NodeIndex]
    ) -> None:
        """Judge the nodes of another graph from now on, in which nodes have other numbers. Nothing may be judged now.

        The outputs of what has begun are looked at as they were declared then.
        """
        self._graph, self._keys, self._must_run = graph, keys, must_run
        self._handed_on = {(number_of[node], attempt): known for (node, attempt), known in self._handed_on.items()}
        completing, self._completing = self._completing, {}
        for (node, attempt), job in completing.items():
            job.attempt = number_of[node], attempt
            job.end = job.end._replace(node=number_of[node])
            self._completing[job.attempt] = job

    def reading(self) -> frozenset[NodeIndex]:
        """Return the nodes whose processes have ended, and whose outputs are being looked at."""
        return frozenset(node for node, _ in self._completing)

    # Requests of the engine

    def start(self, node: NodeIndex, attempt: AttemptNumber, slots: Slots) -> None:
        """Judge a node, or submit its attempt if there is nothing to judge."""
        task = self._graph.task(node)
        if not task.inputs and not task.outputs:
            self._inner.start(node, attempt, slots)
            return
        if self._closed:
            return
        try:
            files = self._keys.files(node)
            parts = self._keys.parts(node, self._judge.remembered_key) if task.inputs else {}
        except ValueProblem as wrong:
            text = f"{wrong.message}: {wrong.hint}" if wrong.hint else wrong.message
            self._deliver(Ended(node, attempt, EndKind.COULD_NOT_START, text=text, lasting=True))
            return
        except ResolutionError:
            self._inner.start(node, attempt, slots)  # which says what is wrong
            return
        to_judge = NodeToJudge(self._graph.labels[node], files, parts, self._must_run(node))
        if not task.inputs:
            self._handed_on[node, attempt] = _HandedOn(to_judge, None)
            self._inner.start(node, attempt, slots)
            return
        job = _JudgeJob(self, (node, attempt), to_judge)
        self._judging[node, attempt] = job, slots
        self._jobs.add(job)

    def stop(self, node: NodeIndex, attempt: AttemptNumber, grace: Seconds) -> None:
        """End an attempt. One that is being judged is withdrawn, and one whose outputs are being read has ended."""
        if not self._withdraw_judged((node, attempt)) and not self._end_now((node, attempt)):
            self._inner.stop(node, attempt, grace)

    def withdraw(self, node: NodeIndex, attempt: AttemptNumber) -> None:
        """Withdraw an attempt that is being judged, or still waits."""
        if not self._withdraw_judged((node, attempt)):
            self._inner.withdraw(node, attempt)

    def take_up(self, handed: Sequence[Handed]) -> None:
        """Take up attempts of an earlier process. Those that it was still judging are judged anew.

        The other executor gets all that are to be stopped. Only it can say that one never arrived where it may run.
        """
        taken: list[Handed] = []
        unknown: list[Handed] = []
        for each in handed:
            (taken if self._is_known(each) or each.stopping is not None else unknown).append(each)
        self._inner.take_up(taken)
        for node, attempt, _ in unknown:
            self.start(node, attempt, ONE_SLOT)

    def _is_known(self, handed: Handed) -> bool:
        """Note that the other executor has an attempt. Return False if an earlier process did not hand it on."""
        node, attempt, _ = handed
        task, name = self._graph.task(node), self._graph.labels[node]
        facts = self._judge.facts_of(name, attempt) if task.inputs else None
        if task.inputs and facts is None:
            return False
        if task.outputs or facts is not None:
            try:
                to_judge = NodeToJudge(name, self._keys.files(node), {})
            except (ValueProblem, ResolutionError):
                return True
            self._handed_on[node, attempt] = _HandedOn(to_judge, None, facts)
        return True

    def acknowledge(self) -> None:
        """Confirm what was delivered, unless an end is held back, because the other executor counts that as well."""
        if not self._completing:
            self._inner.acknowledge()

    async def serve(self) -> None:
        """Judge nodes and deliver results until `close` has ended everything."""
        import anyio

        async with anyio.create_task_group() as group:
            group.start_soon(self._jobs.serve)
            await self._inner.serve()
            group.cancel_scope.cancel()

    async def _leave(self, leave: Callable[[], Awaitable[None]]) -> None:
        """Withdraw attempts that are being judged, and let the other executor leave."""
        import anyio
        from anyio import to_thread

        self._closed = True
        for attempt in tuple(self._judging):
            self._withdraw_judged(attempt)
        for attempt in tuple(self._completing):
            self._end_now(attempt)
        self._jobs.drop_all()
        await leave()
        with anyio.CancelScope(shield=True):
            await to_thread.run_sync(self._close_memory)
        self._say_remarks()

    def _close_memory(self) -> None:
        self._reader.close()
        self._jobs.do_rest()
        self._memory.prune(lambda name: self._graph.find(name) is not None)
        self._memory.close()

    # Judging

    def judge_now(self, job: _JudgeJob, *, may_read: bool) -> bool:
        """Judge a node in a thread. That it begins is remembered before it does."""
        found = self._judge.judge(job.node, job.is_stopped, may_read=may_read)
        if found is None:
            return False
        job.judgement = found
        if not found.up_to_date and not found.problem and not job.interrupted:
            node, attempt = job.attempt
            is_elsewhere = self._graph.task(node).executor != LOCAL  # a resume asks what became of it
            facts = self._judge.facts_at_begin(job.node, found, attempt) if is_elsewhere else None
            self._judge.begin(job.node.name, attempt, facts)
        return True

    def judged(self, job: _JudgeJob) -> None:
        """Deliver that a node is up to date, or submit its attempt."""
        node, attempt = job.attempt
        _, slots = self._judging.pop(job.attempt)
        found = job.judgement
        if found is None:
            self._deliver(Remark(node, attempt, f"runs, because it can't be judged: {job.error!r}"))
            self._inner.start(node, attempt, slots)
            return
        self._keys.note(node, found.key)
        if found.up_to_date:
            self._deliver(Ended(node, attempt, EndKind.UP_TO_DATE, text=found.why, outputs=found.values))
        elif found.problem:
            self._deliver(Ended(node, attempt, EndKind.COULD_NOT_START, text=found.problem))
        else:
            self._handed_on[job.attempt] = _HandedOn(job.node, found)
            self._inner.start(node, attempt, slots)

    def judge_again(self, job: _JudgeJob) -> _JudgeJob:
        """Return a job that judges the same attempt, because this one was broken off."""
        found = _JudgeJob(self, job.attempt, job.node)
        self._judging[job.attempt] = found, self._judging[job.attempt][1]
        return found

    def _withdraw_judged(self, attempt: Attempt) -> bool:
        """Withdraw an attempt that is being judged. Return False if it is not."""
        entry = self._judging.pop(attempt, None)
        if entry is None:
            return False
        job, _ = entry
        self._jobs.drop(job)
        self._jobs.add(_NoteJob(lambda: self._judge.withdraw(job.node.name, attempt[1])))
        self._deliver(Withdrawn(*attempt))
        return True

    def _after_jobs(self) -> None:
        self._inner.flush()
        self._say_remarks()

    def _say_remarks(self) -> None:
        remarks = self._memory.remarks
        while remarks:
            self._deliver(Remark(NO_NODE, NO_ATTEMPT, remarks.pop(0)))

    # Results of the other executor

    def _take(self, result: Result) -> None:
        if isinstance(result, (Silent, Heard)):
            self._deliver(result)
            return
        attempt = result.node, result.attempt
        handed_on = self._handed_on.get(attempt)
        if handed_on is None or isinstance(result, (Remark, Ready, Queued, Doubted)):
            self._deliver(result)
        elif isinstance(result, Started):
            why = "" if handed_on.judgement is None else handed_on.judgement.why
            self._deliver(result._replace(why=why))
        elif isinstance(result, Withdrawn):
            del self._handed_on[attempt]
            self._note(handed_on, lambda name: self._judge.withdraw(name, attempt[1]))
            self._deliver(result)
        else:
            del self._handed_on[attempt]
            self._take_end(attempt, handed_on, result)

    def _take_end(self, attempt: Attempt, handed_on: _HandedOn, end: Ended) -> None:
        if end.succeeded and not self._closed:
            job = _CompleteJob(self, attempt, handed_on, end)
            self._completing[attempt] = job
            self._jobs.add(job)
            return
        if end.kind is EndKind.COULD_NOT_START:
            self._note(handed_on, lambda name: self._judge.withdraw(name, attempt[1]))
        elif end.kind is not EndKind.LOST and not self._closed:
            self._note(handed_on, lambda name: self._judge.fail(name, attempt[1], "failed"))
        self._deliver(end)

    def _note(self, handed_on: _HandedOn, note: Callable[[str], None]) -> None:
        if handed_on.judgement is not None or handed_on.facts is not None:
            self._jobs.add(_NoteJob(lambda: note(handed_on.node.name)))

    def complete_now(self, job: _CompleteJob, *, may_read: bool) -> bool:
        """Look at the outputs of a success in a thread, and remember it."""
        node, judgement, facts = job.handed_on
        job.missing = self._judge.missing_outputs(node.files, job.is_stopped)
        attempt = job.attempt[1]
        if judgement is not None:
            facts = self._judge.facts_at_begin(node, judgement, attempt)
        if facts is None:
            return True
        if job.missing:
            self._judge.fail(node.name, attempt, "did not write all outputs")
            return True
        values: Mapping[str, str] = job.end.outputs
        return self._judge.complete(node, facts, values, job.is_stopped, may_read=may_read)

    def completed(self, job: _CompleteJob) -> None:
        """Deliver the end of a success whose outputs were looked at."""
        del self._completing[job.attempt]
        end = job.end
        if job.missing:
            end = end._replace(kind=EndKind.NO_OUTPUT, text=job.missing, outputs={})
        elif job.error is not None:
            self._deliver(Remark(*job.attempt, f"its outputs can't be remembered: {job.error!r}"))
        self._deliver(end)

    def complete_again(self, job: _CompleteJob) -> _CompleteJob:
        """Return a job that looks at the same outputs, because this one was broken off."""
        found = self._completing[job.attempt] = _CompleteJob(self, job.attempt, job.handed_on, job.end)
        return found

    def _end_now(self, attempt: Attempt) -> bool:
        """Deliver an end whose outputs are being read. They are not remembered. Return False if there is none."""
        job = self._completing.pop(attempt, None)
        if job is None:
            return False
        self._jobs.drop(job)
        self._deliver(job.end)
        return True


class _JudgeJob(FileJob):
    def __init__(self, executor: JudgingExecutor, attempt: Attempt, node: NodeToJudge) -> None:
        self._executor = executor
        self.attempt = attempt
        self.node = node
        self.judgement: Judgement | None = None

    def look(self, *, may_read: bool) -> bool:
        return self._executor.judge_now(self, may_read=may_read)

    def finish(self) -> None:
        self._executor.judged(self)

    def again(self) -> FileJob:
        return self._executor.judge_again(self)


class _CompleteJob(FileJob):
    def __init__(self, executor: JudgingExecutor, attempt: Attempt, handed_on: _HandedOn, end: Ended) -> None:
        self._executor = executor
        self.attempt = attempt
        self.handed_on = handed_on
        self.end = end
        self.missing = ""

    def look(self, *, may_read: bool) -> bool:
        return self._executor.complete_now(self, may_read=may_read)

    def finish(self) -> None:
        self._executor.completed(self)

    def again(self) -> FileJob:
        return self._executor.complete_again(self)


class _NoteJob(FileJob):
    must_be_done = True

    def __init__(self, note: Callable[[], None]) -> None:
        self._note = note

    def look(self, *, may_read: bool) -> bool:
        del may_read
        self._note()
        return True

    def finish(self) -> None:
        pass

    def again(self) -> FileJob:
        return self
