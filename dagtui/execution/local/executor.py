"""The local executor: runs attempts as processes of this machine, below a supervisor."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from dagtui.engine.messages import NO_ATTEMPT, Ended, EndKind, Remark, Result
from dagtui.engine.protocol import Surroundings
from dagtui.execution.local import ownership
from dagtui.execution.local.command import CommandError, Commands
from dagtui.execution.local.output_file import OutputValues, read_output, remove_values
from dagtui.execution.local.submitted import UNKILLABLE, SubmittedAttempt, SubmittedAttempts, shortage
from dagtui.execution.local.supervision import Supervision
from dagtui.graph.expressions.asked import no_outputs
from dagtui.graph.model import NO_NODE
from dagtui.graph.node_values import RunValues, no_run_values
from dagtui.graph.resolution import ResolutionError, Resolver
from dagtui.text.amounts import CellWidth

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from dagtui.engine.messages import AttemptNumber, Slots, Usage
    from dagtui.engine.protocol import Handed
    from dagtui.execution.local.attempt import Key
    from dagtui.execution.local.frames import Message
    from dagtui.execution.local.link import SupervisorLink
    from dagtui.execution.local.node_numbers import NodeNumbers
    from dagtui.graph.expressions.asked import OutputsOf
    from dagtui.graph.model import Graph, NodeIndex
    from dagtui.text.amounts import Seconds
    from dagtui.text.secrets import Secrets

USUAL_SIZE = (24, CellWidth(80))  # rows and columns of terminals while no screen shows their output
_BOUND = 10.0  # seconds beyond the longest grace, after which `close` abandons processes that can't be killed
_MOST_DEATHS = 3  # supervisors in a row that died before they were ready: then attempts can't start
_SOON = 1.0  # seconds after which it is said that an end waits for processes


class LocalExecutor:
    """Executes attempts as processes of this machine (see `dagtui.engine.protocol.Executor`).

    On Linux the process that opens it becomes a child subreaper, so that no process is left even if supervisor and
    reaper are killed together. If the supervisor dies, attempts that have begun are lost, and a new supervisor starts
    the others.
    """

    keeps_going = False

    def __init__(
        self,
        graph: Graph,
        directory: Path,
        log_path: Callable[[NodeIndex, AttemptNumber], str | Path],
        output_path: Callable[[NodeIndex, AttemptNumber], str],
        status_of: Callable[[NodeIndex], str],
        run_id: str,
        environment: Mapping[str, str],
        supervisor: SupervisorLink | None = None,
        secrets: Secrets | None = None,
        outputs_of: OutputsOf = no_outputs,
        run_values: RunValues = no_run_values,
    ) -> None:
        """Create an executor.

        `directory` is the run's directory, and `environment` holds the variables that tasks may override. An early
        started `supervisor` saves the first attempt the wait for it. Attempts get `secrets` unchanged, but their logs
        are redacted.
        """
        self._graph = graph
        # Base of relative paths, as the other processes have other working directories. It may have been removed.
        self._here = "" if os.path.isabs(directory) else os.getcwd()
        directory = Path(self._here, directory)
        self._log_path = log_path
        self._output_path = output_path
        self._status_of = status_of
        self._outputs_of = outputs_of
        self._secrets = secrets
        self._numbers: NodeNumbers | None = None
        """The numbers of nodes for the other processes. None: those of the graph, which was not reloaded."""
        self._resolver = Resolver(graph, environment, run_values)
        self._commands = Commands(environment, {"DAGTUI_RUN_ID": run_id, "DAGTUI_RUN_DIR": os.fspath(directory)})
        self._deliver: Callable[[Result], None] | None = None
        self._slots = 0
        self._has_terminals = any(task.tty for task in graph.tasks)
        self._terminal_size = USUAL_SIZE
        self._supervisors = Supervision(directory, self._take_messages, self._lose, supervisor)
        self._deaths = 0
        self._closed = False
        self._requests: list[Message] = []
        self._submitted = SubmittedAttempts(self._say_later, self._read_later)
        self._over: list[str] = []
        """Files for values that may contain secrets. They are removed once their attempts' ends are on record."""
        self._leaders: dict[Key, int] = {}
        """The leaders of attempts that are measured."""
        self._sequence = 0
        self._longest = 0.0
        self._handlers = self._submitted.handlers | {
            "ready": self._on_ready,
            "short": self._on_short,
            "reaper": self._on_reaper,
        }

    def reload(
        self,
        graph: Graph,
        numbers: NodeNumbers,
        environment: Mapping[str, str],
        log_path: Callable[[NodeIndex, AttemptNumber], str | Path],
        output_path: Callable[[NodeIndex, AttemptNumber], str],
        status_of: Callable[[NodeIndex], str],
        outputs_of: OutputsOf,
        run_values: RunValues,
    ) -> None:
        """Start attempts of another graph from now on. Those that have begun go on.

        Nothing may be submitted that has not begun. Secrets stay those of the first graph.
        """
        self._graph, self._numbers = graph, numbers
        self._log_path, self._output_path = log_path, output_path
        self._status_of, self._outputs_of = status_of, outputs_of
        self._resolver = Resolver(graph, environment, run_values)
        if self._commands.replace_environment(environment):
            self._requests.append(("environment", self._commands.environment))
        if not self._has_terminals and any(task.tty for task in graph.tasks):
            self._has_terminals = True
            self._requests.append(("terminals", *self._terminal_size))

    @property
    def numbered(self) -> Sequence[str]:
        """The labels of nodes, by their numbers for the other processes."""
        return self._graph.labels if self._numbers is None else self._numbers.labels

    def redirect(self, deliver: Callable[[Result], None]) -> None:
        """Pass results to another function."""
        self._deliver = deliver

    @property
    def processes(self) -> tuple[int, int]:
        """Process ids of reaper and supervisor. 0: there is none, or it is not known yet."""
        link = self._supervisors.link
        return (link.reaper, link.supervisor) if link is not None else (0, 0)

    @property
    def tag(self) -> int:
        """Tag of all processes of all attempts of the supervisor. 0: there are no tags, or it is not known yet."""
        link = self._supervisors.link
        return link.tag if link is not None else 0

    def surroundings(self, node: NodeIndex, attempt: AttemptNumber) -> Surroundings:
        """Return the surroundings that an attempt would get now. Raise ResolutionError if they can't be resolved."""
        resolved = self._resolver.resolve(node, self._status_of, self._outputs_of)
        output = self._absolute(self._output_path(node, NO_ATTEMPT))  # nobody reads what a shell writes there
        own = self._commands.variables(resolved, self._graph.labels[node], attempt, output)
        return Surroundings(own["PWD"], dict(self._commands.environment), own)

    def _absolute(self, path: str | Path) -> str:
        """Return a path as processes with other working directories use it."""
        return os.path.join(self._here, path) if self._here else os.fspath(path)

    def measuring(self, attempts: Sequence[Key]) -> Callable[[], Mapping[Key, Usage]] | None:
        """Return a function for a thread that measures what attempts use now. None: that is not known here."""
        from dagtui.execution.local import live_usage  # only what is on a screen is measured

        link = self._supervisors.link
        if not live_usage.TELLS:
            return None
        if link is None:
            return dict
        numbered = {(self._number(node), attempt): (node, attempt) for node, attempt in attempts}
        measure = live_usage.measuring(link, self._leaders, numbered)
        return lambda: {numbered[key]: usage for key, usage in measure().items()}

    # Requests of the engine

    def open(self, deliver: Callable[[Result], None], slots: Slots) -> None:
        """Start the supervisor. Raise OSError if it can't be started."""
        self._deliver = deliver
        self._slots = slots
        self._connect()
        ownership.become_subreaper()

    def start(self, node: NodeIndex, attempt: AttemptNumber, slots: Slots) -> None:
        """Submit an attempt."""
        if self._closed:
            return
        try:
            resolved = self._resolver.resolve(node, self._status_of, self._outputs_of)
            program = self._commands.program(resolved)
        except ResolutionError as error:
            self._fail(node, attempt, str(error), lasting=True)
            return
        except CommandError as error:
            self._fail(node, attempt, str(error), lasting=error.lasting)
            return
        output = self._absolute(self._output_path(node, attempt))
        if os.access(output, os.F_OK):  # of an attempt of which nothing is on record, for example
            remove_values(output)
        env = self._commands.variables(resolved, self._graph.labels[node], attempt, output)
        log = self._absolute(self._log_path(node, attempt))
        grace = self._graph.task(node).grace
        self._longest = max(self._longest, grace)
        self._sequence = number = self._sequence + 1
        path, argv, fallback = program
        request: Message
        known_as = self._number(node)
        request = ("start", known_as, attempt, number, slots, path, argv, env["PWD"], env, log, grace, fallback)
        if self._graph.task(node).tty:
            request = (*request, True)
        self._submitted.add(known_as, attempt, SubmittedAttempt(request, number, program, env))
        self._requests.append(request)
        self._supervisors.expect(number)

    def stop(self, node: NodeIndex, attempt: AttemptNumber, grace: Seconds) -> None:
        """End all processes of an attempt."""
        number = self._number(node)
        self._unwant(number, attempt, ("stop", number, attempt, float(grace)))

    def withdraw(self, node: NodeIndex, attempt: AttemptNumber) -> None:
        """Withdraw an attempt that still waits."""
        number = self._number(node)
        self._unwant(number, attempt, ("withdraw", number, attempt))

    def set_slots(self, slots: Slots) -> None:
        """Allow this many slots."""
        self._slots = slots
        self._requests.append(("slots", slots))

    # Terminals

    def resize(self, rows: int, columns: CellWidth) -> None:
        """Set the size of the terminals of attempts."""
        if (rows, columns) != self._terminal_size and self._has_terminals:
            self._terminal_size = rows, columns
            self._requests.append(("terminals", rows, columns))
            self.flush()

    def type_into(self, node: NodeIndex, attempt: AttemptNumber, data: bytes) -> None:
        """Type into the terminal of an attempt."""
        self._requests.append(("type", self._number(node), attempt, data))
        self.flush()

    def acknowledge(self) -> None:
        """Note that the ends reported so far are on record, so that supervisor and reaper need not keep them."""
        if self._supervisors.link is not None:
            self._supervisors.link.start_table.record(self._submitted.delivered)
        while self._over:
            remove_values(self._over.pop())

    def flush(self) -> None:
        """Send pending requests, to a new supervisor if the last one has died."""
        if self._closed:
            return
        if self._supervisors.link is not None:
            self._supervisors.send(self._requests)
            self._requests.clear()
        elif self._submitted and not self._supervisors.losing:
            self._reconnect()

    def collect(self) -> None:
        """Deliver the results that the supervisor has reported."""
        self._supervisors.collect()
        self._deliver_all()

    async def serve(self) -> None:
        """Deliver results until `close` has ended everything."""
        self._deliver_all()
        await self._supervisors.serve()

    def take_up(self, handed: Sequence[Handed]) -> None:
        """Take up nothing: no attempt outlives its supervisor."""

    async def detach(self) -> None:
        """End everything."""
        await self.close()

    async def close(self) -> None:
        """End everything. Attempts that have not begun are withdrawn, and those that can't be killed are lost."""
        self.flush()
        self._closed = True
        await self._supervisors.close(self._longest + _BOUND)
        self._submitted.close()
        self._deliver_all()

    def _unwant(self, node: NodeIndex, attempt: AttemptNumber, request: Message) -> None:
        if self._submitted.unwant(node, attempt):
            self._requests.append(request)

    # Results

    def _remark(self, text: str) -> None:
        self._submitted.happened.append(Remark(NO_NODE, NO_ATTEMPT, text))

    def _fail(self, node: NodeIndex, attempt: AttemptNumber, text: str, *, lasting: bool) -> None:
        number = self._number(node)
        self._submitted.happened.append(Ended(number, attempt, EndKind.COULD_NOT_START, text=text, lasting=lasting))
        self._supervisors.soon(self._deliver_all)

    def _read_later(self, end: Ended, path: str) -> None:
        self._supervisors.beside(lambda: read_output(path), lambda output: self._take_output(end, output))

    def _take_output(self, end: Ended, output: OutputValues) -> None:
        self._submitted.take_output(end, output)
        self._deliver_all()

    def _say_later(self, end: Ended) -> None:
        self._supervisors.later(_SOON, lambda: self._say_ending(end))

    def _say_ending(self, end: Ended) -> None:
        self._submitted.say_ending(end)
        self._deliver_all()

    def _deliver_all(self) -> None:
        deliver, happened = self._deliver, self._submitted.happened
        while happened and deliver is not None:
            result = happened.popleft()
            if self._numbers is not None:
                result = self._numbers.renumbered(result)
            if self._secrets is not None and isinstance(result, Ended):
                self._over.append(self._absolute(self._output_path(result.node, result.attempt)))
            deliver(result)

    def _number(self, node: NodeIndex) -> NodeIndex:
        return node if self._numbers is None else self._numbers.number(node)

    def _take_messages(self, messages: list[Message]) -> None:
        for kind, *fields in messages:
            self._handlers[kind](*fields)
        self._deliver_all()

    def _on_ready(self, supervisor: int, tag: int) -> None:
        self._deaths = 0
        if self._supervisors.link is not None:
            self._supervisors.link.supervisor, self._supervisors.link.tag = supervisor, tag

    def _on_short(self, number: int, what: str) -> None:
        self._remark(shortage(number, what))

    def _on_reaper(self, reaper: int) -> None:
        link = self._supervisors.link
        if link is not None:
            died = link.reaper
            link.replace_reaper(reaper)
            self._remark(f"the reaper process ({died}) died; the supervisor process started another one ({reaper})")

    # Loss of the supervisor

    def _connect(self) -> None:
        """Start a supervisor, and send it all attempts that have not begun."""
        self._requests.clear()
        self._supervisors.connect()
        self._supervisors.send(
            [
                ("environment", self._commands.environment),
                *([("secrets", self._secrets.forms)] if self._secrets is not None else []),
                *([("terminals", *self._terminal_size)] if self._has_terminals else []),
                ("slots", self._slots),
                *self._submitted.requests(),
            ]
        )

    def _reconnect(self) -> None:
        if self._deaths >= _MOST_DEATHS:
            text = "the supervisor process ends at once; the run's directory may say why"
        else:
            try:
                self._connect()
            except OSError as error:
                text = f"the supervisor process can't be started: {error.strerror}"
            else:
                return
        self._deaths = _MOST_DEATHS - 1  # one more try at the next request
        self._requests.clear()
        self._submitted.fail_all(text)
        self._supervisors.soon(self._deliver_all)

    def _lose(self, link: SupervisorLink) -> None:
        """Settle the attempts of a dead supervisor, of which no process is alive."""
        if not link.supervisor:
            self._deaths += 1
        elif not self._closed:
            self._remark(f"the supervisor process ({link.supervisor}) died; another one takes over")
        why = UNKILLABLE if self._closed else "the supervisor process died"
        self._submitted.lose(link, why, closed=self._closed)
        self._deliver_all()
        self.flush()
