"""A run that is driven: it takes commands, writes its journal, and starts and ends processes."""

from __future__ import annotations

import contextlib
import os
import time
from functools import cached_property
from typing import TYPE_CHECKING

from dagtui.engine.events import NodeEvent, NoteEvent
from dagtui.engine.messages import RUN_AGAIN
from dagtui.engine.rules.refusals import refusal, refused_targets
from dagtui.engine.status import Cause, NodeStatus
from dagtui.execution.local import undelivered
from dagtui.graph.model import LOCAL
from dagtui.graph.resolution import ResolutionError
from dagtui.runs.file_monitor import FileMonitor
from dagtui.runs.node_environment import TERMINAL, NodeEnvironment, NoNodeEnvironmentError, ShellElsewhere
from dagtui.runs.view import RunView, WallTimes
from dagtui.store.directory import prune
from dagtui.store.errors import StoreError
from dagtui.text import label
from dagtui.text.amounts import WallTime, now

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
    from pathlib import Path

    import anyio

    from dagtui.engine.events import Event
    from dagtui.engine.messages import Command, Preview
    from dagtui.engine.protocol import Executor, NodeTerminals
    from dagtui.engine.run import Run
    from dagtui.execution.routing_executor import RoutingExecutor
    from dagtui.graph.expressions.as_run import AsRun
    from dagtui.graph.model import NodeIndex
    from dagtui.runs.forecast import Forecast
    from dagtui.runs.live_figures import LiveFigures, UsageMeter
    from dagtui.runs.notifying import Notifier
    from dagtui.runs.previous_run import Replay
    from dagtui.runs.reload_preview import Reloader, ReloadPreview
    from dagtui.runs.task_edits import TaskEdits
    from dagtui.runs.view import Notice
    from dagtui.store.directory import RunDirectory
    from dagtui.store.history import History
    from dagtui.text.amounts import CellWidth, ClockTime
    from dagtui.text.secrets import Secrets

_NOTHING_EDITED: Mapping[str, bytes] = {}
SILENT_SECONDS = 5.0
"""Seconds for which leaving waits for an executor that does not answer. The stop of what it has is noted."""
_LOOK_EVERY = 0.5
"""Seconds between two looks at whether executors answer."""
SEARCHED = 50
"""The most nodes of a subtree that are looked at for a refusal, which screens ask for with each frame."""


class LiveRun(RunView):
    """A run of this process, independent of any screen.

    Screens come and go. Each reads `state`, gives commands, and may start `drive` in a task of its own.
    """

    def __init__(
        self,
        run: Run,
        forecast: Forecast,
        directory: RunDirectory,
        history: History,
        executor: Executor,
        environment: Mapping[str, str],
        secrets: Secrets | None,
    ) -> None:
        """Create a live run in its directory, which this process has locked.

        `environment` is that of the attempts, and `secrets` are redacted wherever it is shown. `history` learns the
        durations of successful attempts.
        """
        super().__init__(run.state, forecast, directory.path, directory.number)
        self.run = run
        self.directory = directory
        self.wall_times = WallTimes(WallTime(time.time()) - run.clock())
        self.terminals: NodeTerminals | None = None
        """The terminals of nodes, if any node has one."""
        self.routing: RoutingExecutor | None = None
        """Passes nodes on to executors on other machines. None: all run on this one."""
        self.meter: UsageMeter | None = None
        """Measures what attempts in flight use."""
        self.ending = False
        """Whether the run is being ended. Then only cancels are accepted from outside."""
        self.monitor = FileMonitor(self, self.note, directory)
        self.open_reloader: Callable[[], Reloader] | None = None
        """Returns what reloads the run. None: it can't be reloaded."""
        self.open_notifier: Callable[[], Notifier] | None = None
        """Returns what tells a program of the run. None: the graph names none."""
        self._notifier: Notifier | None = None
        self._past: Sequence[Event] = ()
        """What was recorded before the run was resumed, for the notifier."""
        self.history = history
        self._executor = executor
        self._environment = environment
        self._secrets = secrets
        run.listeners.append(self.tell)
        self.subscribe(self._learn_durations)

    def replay(self, past: Replay) -> None:
        """Load attempts and times from before the run was resumed."""
        self.wall_times = WallTimes(past.began_at)
        for clock, wall in past.resumed:
            self.wall_times.set_going(clock, wall)
        self.wall_times.set_going(self.clock(), WallTime(time.time()))
        self.attempts.learn(past.events)
        self._past = past.events if self.open_notifier is not None else ()
        self._learn_durations(past.events[past.unended :])

    def _learn_durations(self, events: Iterable[object]) -> None:
        graph = self.graph
        for event in events:
            if isinstance(event, NodeEvent) and event.cause is Cause.RAN and event.seconds:
                self.history.record(graph.labels[event.node], graph.task(event.node).group, event.seconds)

    def clock(self) -> ClockTime:
        """Return the seconds since the run started."""
        return self.run.clock()

    @property
    def settled(self) -> bool:
        """Whether nothing more happens by itself."""
        return self.run.settled

    @property
    def unkillable(self) -> frozenset[NodeIndex]:
        """The nodes that leaving does not wait for.

        Their processes are still there after KILL, or their executor has not answered for some time.
        """
        return self._unanswered().union(self.run.traversal.unkillable)

    # Commands

    @property
    def read_only(self) -> None:
        """None: the run accepts commands."""
        return

    def refusal(self, command: Command) -> str | None:
        """Return why a command would change nothing now, or None. Only the top of a large subtree is looked at."""
        return refusal(self.run.traversal, command, SEARCHED)

    def refused_targets(self, command: Command) -> Mapping[NodeIndex, str]:
        """Return the targets that a command would not affect, and why."""
        return dict(refused_targets(self.run.traversal, command))

    def preview(self, command: Command) -> Preview:
        """Return what a command would do now."""
        return self.run.preview(command)

    def seconds_for(self, preview: Preview) -> float | None:
        """Return the expected seconds of what a command would run."""
        return self.forecast.seconds_for([*preview.added, *preview.again, *preview.released], self.state.jobs)

    def give(self, command: Command) -> Preview:
        """Carry out a command. Return what it did, or why it did nothing."""
        if command.kind in RUN_AGAIN:
            self.monitor.look()  # the file may have changed just before
        return self.run.give(command)

    def note(self, text: str) -> None:
        """Record a note, which the next screen shows."""
        self.untold.append(NoteEvent(self.clock(), text))
        self.run.note(text)

    def note_short_life(self, notice: Notice) -> None:
        """Show a notice for as long as a screen is open, because it was printed before the screen covered it."""
        self.short_lived = notice
        self.note(notice.text)

    def announce(self, what: str, why: str) -> None:
        """Record that a screen was attached or detached. Unlike a note, this is not shown."""
        self.run.announce(what, why)

    # Reload

    @cached_property
    def edits(self) -> TaskEdits:
        """The edits of single tasks that the run has taken up, and those that are under way."""
        from dagtui.runs.task_edits import TaskEdits

        return TaskEdits(self.path)

    def edits_missing_in(self, path: Path, digest: bytes) -> tuple[str, ...]:
        """Return the tasks whose edits this run has and a file lacks, if the file has the content with that digest."""
        return self.edits.missing_in(path, digest) if "edits" in self.__dict__ else ()

    async def read_graph_again(self, edited: Mapping[str, bytes] = _NOTHING_EDITED) -> ReloadPreview:
        """Read the graph file again, and return what a reload would change.

        `edited` are contents that are read in place of those of the graph file or of included ones, by the real path.
        Nothing changes yet. Raises GraphError with what is wrong with the file, and ReloadError if a reload is not
        possible.
        """
        return await self._reloader.read_again(edited)

    async def reload(self, preview: ReloadPreview) -> None:
        """Go on with the graph of a preview. Another task must drive the run meanwhile.

        Raises ReloadError if the preview is out of date, or a reload is not possible. Then nothing has changed.
        """
        await self._reloader.reload(preview)
        if preview.is_file and "edits" in self.__dict__:
            self.edits.forget()

    @cached_property
    def _reloader(self) -> Reloader:
        if self.open_reloader is None:
            from dagtui.runs.reload_preview import ReloadError

            raise ReloadError("this run can't be reloaded")
        return self.open_reloader()

    def take_over(self, forecast: Forecast, executor: Executor, environment: Mapping[str, str]) -> None:
        """Show and drive the graph that the run has now, after a reload."""
        self.state, self.graph = self.run.state, self.run.state.graph
        self.name, self.graph_path = self.graph.name, self.graph.path
        self.forecast, self._executor, self._environment = forecast, executor, environment
        self.__dict__.pop("as_run", None)
        self.monitor.reloaded()

    # Terminals

    def has_terminal(self, node: NodeIndex) -> bool:
        """Return whether a person can type into a node while it runs."""
        return self.terminals is not None and self.graph.task(node).tty

    def resize_terminals(self, rows: int, columns: CellWidth) -> bool:
        """Give the terminals of nodes the size in which their output is shown. Return whether there are any."""
        if self.terminals is None:
            return False
        self.terminals.resize(rows, columns)
        return True

    # Live figures

    @cached_property
    def live_figures(self) -> LiveFigures | None:
        """What nodes on the screen use while they run."""
        from dagtui.runs.live_figures import LiveFigures  # without a screen, there are none

        return None if self.meter is None else LiveFigures(self, self.meter)

    # Environment

    def node_environment(self, node: NodeIndex) -> NodeEnvironment:
        """Return the environment of the node's next attempt. Raises NoNodeEnvironmentError."""
        attempt = self.state.attempt[node] + 1
        try:
            cwd, common, own, elsewhere, _ = self._executor.surroundings(node, attempt)
        except ResolutionError as error:
            raise NoNodeEnvironmentError(str(error)) from None
        if elsewhere:
            raise NoNodeEnvironmentError(f"{label(self.graph.labels[node])} runs on {label(elsewhere)}, not here")
        if not os.path.isdir(cwd):
            raise NoNodeEnvironmentError(
                f"the working directory of {label(self.graph.labels[node])} does not exist: {label(cwd, 1000)}"
            )
        kept = {name: value for name, value in common.items() if name not in TERMINAL}
        return NodeEnvironment(attempt, cwd, {**kept, **own})

    def shell_elsewhere(self, node: NodeIndex) -> ShellElsewhere | None:
        """Return what opens a shell where a node runs on another machine, or would. None: it is this machine.

        Raises NoNodeEnvironmentError.
        """
        if not self.graph.any_remote or self.graph.task(node).executor == LOCAL:
            return None
        is_there = self.state.status[node] in (NodeStatus.RUNNING, NodeStatus.CANCELLING)
        attempt = self.state.attempt[node] + (0 if is_there else 1)
        try:
            found = self._executor.surroundings(node, attempt)
        except ResolutionError as error:
            raise NoNodeEnvironmentError(str(error)) from None
        if not found.shell:
            raise NoNodeEnvironmentError(f"no shell can be opened on {label(found.executor)}")
        return ShellElsewhere(attempt, found.cwd, found.executor, found.shell)

    @cached_property
    def as_run(self) -> AsRun:
        """What nodes execute: placeholders are filled in where their values are known, and secrets are redacted."""
        from dagtui.graph.expressions.as_run import AsRun, redacted_environment

        environment, secrets = self._environment, self._secrets
        if secrets is not None:
            environment = redacted_environment(environment, self.graph.settings.secrets, secrets)
        return AsRun(self.graph, environment, self._ended_as, self._handed_on, secrets)

    # Driving

    async def drive(self) -> None:
        """Drive the run until the task is cancelled. Waits for commands when all nodes are settled."""
        await self._beside_notifier(self.run.drive)

    async def drive_until_settled(self) -> None:
        """Drive the run until all nodes are settled. A run that is being ended does not wait for silent executors."""
        if self.routing is None:
            await self._beside_notifier(self.run.drive_until_settled)
            return
        import anyio

        async with anyio.create_task_group() as group:
            group.start_soon(self._leave_what_is_silent, group.cancel_scope)
            await self._beside_notifier(self.run.drive_until_settled)
            group.cancel_scope.cancel()

    async def _leave_what_is_silent(self, driving: anyio.CancelScope) -> None:
        """End the driving of a run that is being ended, once only executors have something that don't answer."""
        import anyio

        while not (self.ending and self.unanswered):  # noqa: ASYNC110 - time passes without an event
            await anyio.sleep(_LOOK_EVERY)
        driving.cancel()

    async def _beside_notifier(self, drive: Callable[[], Awaitable[None]]) -> None:
        """Drive the run, and tell the program that the graph names of what happens. Most graphs name none."""
        if self.open_notifier is None:
            await drive()
            return
        import anyio

        if self._notifier is None:
            self._notifier = self.open_notifier()
            self._notifier.learn(self._past)
        async with anyio.create_task_group() as group:
            group.start_soon(self._notifier.serve)
            await drive()
            group.cancel_scope.cancel()

    async def _teach_estimates(self, graph_path: Path) -> None:
        """Let the next run expect what nodes usually take, in a thread: in large graphs, finding that takes seconds."""
        if self.number < 2:
            return
        import anyio.to_thread

        from dagtui.runs.estimates import teach  # only here: it would delay each start

        with contextlib.suppress(Exception):  # nothing that goes wrong here may cost what the run has done
            await anyio.to_thread.run_sync(teach, graph_path, self.number, self.graph)

    async def _take_over_before(self, graph_path: Path) -> None:
        """Read what the run before teaches, in a thread, if it has left nothing: its session was killed."""
        from dagtui.store.run_figures import has_figures

        with contextlib.suppress(Exception):  # nothing that goes wrong here may cost what the run has done
            if self.number > 1 and not has_figures(graph_path, self.number - 1):
                import anyio.to_thread

                from dagtui.runs.past_runs import take_over_before

                await anyio.to_thread.run_sync(take_over_before, graph_path, self.number)

    def hurry(self) -> None:
        """Let the end of the run not wait any more for a program that is told of it."""
        if self._notifier is not None:
            self._notifier.hurry()

    @property
    def goes_on(self) -> Mapping[str, int]:
        """How many attempts go on if this process leaves the run, by executor."""
        if self.routing is None:
            return {}
        from collections import Counter

        kept = self.routing.kept
        return Counter(name for name in self.state.executor_of.values() if name in kept)

    @property
    def unanswered(self) -> bool:
        """Whether all that keeps the run from settling is at executors that have not answered for some time."""
        found = self._unanswered()
        return bool(found) and self.state.unsettled <= len(found)

    def _unanswered(self) -> frozenset[NodeIndex]:
        """Return the nodes at executors that have not answered for some time."""
        state, latest = self.state, now() - SILENT_SECONDS
        silent = {name for name, silence in state.silent.items() if silence.since <= latest}
        return frozenset(node for node, name in state.executor_of.items() if name in silent) if silent else frozenset()

    async def detach(self, why: str) -> None:
        """Leave the run. Attempts on other machines go on, and a resume takes them up. Those on this machine end."""
        try:
            await self.run.detach(why)
            self.history.save()
            if self._notifier is not None:
                await self._notifier.finish()
        finally:
            self.directory.close()

    async def close(self, why: str = "") -> None:
        """End every process, close the journal, release the directory, and remove old runs."""
        try:
            if self._notifier is not None:
                self._notifier.tell()  # what is told is on record before the end is
            await self.run.close(why)
            if self.graph.path is not None:
                from dagtui.runs.figures import leave_figures  # only here: it would delay each start

                leave_figures(self, self.graph.path)
            self.history.save()
            undelivered.discard(os.fspath(self.path))
            if self._notifier is not None:
                await self._notifier.finish()
        finally:
            self.directory.close()
        if self.graph.path is not None:
            await self._teach_estimates(self.graph.path)
            await self._take_over_before(self.graph.path)
            # A task may have replaced the folder, and the run has ended all the same.
            with contextlib.suppress(OSError, StoreError):
                prune(self.graph.path)
