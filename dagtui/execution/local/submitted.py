"""Submitted attempts: the supervisor's messages about them, and its death, are turned into results."""

from __future__ import annotations

import errno
import os
from collections import deque
from typing import TYPE_CHECKING

from dagtui.engine.messages import AttemptResult, Ended, EndKind, Remark, Started, Usage, Withdrawn
from dagtui.engine.why import MEMORY_RAN_OUT
from dagtui.execution.local.command import OUTPUT
from dagtui.execution.local.output_file import NOTHING_WRITTEN, read_output
from dagtui.text import label, plural
from dagtui.text.amounts import ends_left_behind, size

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from dagtui.engine.messages import AttemptNumber
    from dagtui.execution.local.command import Program
    from dagtui.execution.local.frames import Message
    from dagtui.execution.local.link import SupervisorLink
    from dagtui.execution.local.output_file import OutputValues
    from dagtui.execution.local.usage import Used
    from dagtui.graph.model import NodeIndex
    from dagtui.text.amounts import ByteCount, Seconds

UNKILLABLE = "a process of it can't be killed"

_COMMAND = {
    errno.ENOENT: "{program} does not exist",
    errno.EACCES: "{program} is not executable, or its directory may not be entered",
    errno.ENOTDIR: "{program} does not exist: part of its path is not a directory",
    errno.EAGAIN: "the limit of processes is reached (see ulimit -u)",
    errno.ENOMEM: "out of memory",
    errno.ENOEXEC: "{program} is not a program for this system",
    errno.ETXTBSY: "{program} is open for writing",
    errno.ELOOP: "{program} is a symbolic link that leads nowhere",
    errno.EPERM: "{program} may not be executed here",
    0: "the command or its environment holds a null byte, or a variable without a proper name",
}
_DIRECTORY = {
    errno.ENOENT: "working directory {directory} does not exist",
    errno.ENOTDIR: "working directory {directory} is not a directory",
    errno.EACCES: "working directory {directory} may not be entered",
    errno.ELOOP: "working directory {directory} is a symbolic link that leads nowhere",
    0: "working directory {directory} holds a null byte",
}
_FILES = "no file descriptors left (see ulimit -n)"
_ANYWHERE = {errno.EMFILE: _FILES, errno.ENFILE: _FILES}

LASTING = frozenset((0, errno.E2BIG))
"""Errors that every further try would meet too."""


def starved_words(memory: ByteCount) -> str:
    """Say that the kernel killed an attempt, which had that much memory. 0: not known."""
    return f"killed by the kernel{f' at {size(memory)}' if memory else ''}, {MEMORY_RAN_OUT}"


class SubmittedAttempt:
    """An attempt that was submitted and has not ended."""

    __slots__ = ("begun", "env", "logged", "program", "request", "sequence", "unwanted")

    def __init__(self, request: Message, sequence: int, program: Program, env: Mapping[str, str]) -> None:
        """Create an attempt. `program` and `env` are parts of the request, for messages about it."""
        self.request = request
        self.sequence = sequence
        self.program = program
        self.env = env
        self.begun = False
        self.logged = False
        """Whether its log is complete, because it has closed its output."""
        self.unwanted = False
        """Whether it is to be withdrawn if it has not begun."""


def exited(
    node: NodeIndex, attempt: AttemptNumber, status: int, seconds: Seconds, left: int = 0, usage: Usage | None = None
) -> Ended:
    """Return the result of an attempt whose leader ended with a wait status."""
    number = status & 0x7F
    kind, value = (EndKind.SIGNAL, number) if number else (EndKind.EXIT, status >> 8)
    return Ended(node, attempt, kind, value, "", seconds, left=left, usage=usage)


class SubmittedAttempts:
    """The attempts that are not over, by node and attempt. Results are appended to `happened`."""

    def __init__(self, say_later: Callable[[Ended], None], read_later: Callable[[Ended, str], None]) -> None:
        """Create an empty set.

        `say_later` is called with an end that waits for processes that were left behind, and `read_later` with a
        success and the path of the file with its values. `take_output` must be called with what that file contains.
        """
        self.happened: deque[AttemptResult] = deque()
        """Results that are not delivered yet."""
        self._say_later = say_later
        self._read_later = read_later
        self._attempts: dict[tuple[NodeIndex, AttemptNumber], SubmittedAttempt] = {}
        self._held: dict[tuple[NodeIndex, AttemptNumber], tuple[int, Ended]] = {}
        """Ends that wait for processes that the leader left behind, or for their values to be read.

        Each has the number of ends reported before it.
        """
        self._being_read: set[tuple[NodeIndex, AttemptNumber]] = set()
        """The held ends that wait for their values."""
        self._reported = 0  # number of ends that this supervisor has reported
        self.handlers: dict[object, Callable[..., None]] = {
            "begun": self._on_begun,
            "exited": self._on_exited,
            "gone": self._on_gone,
            "failed": self._on_failed,
            "withdrawn": self._on_withdrawn,
            "closed": self._on_closed,
        }
        """What to call for each kind of message of the supervisor, with the message's fields."""

    def __bool__(self) -> bool:
        return bool(self._attempts)

    @property
    def delivered(self) -> int:
        """How many of the ends that this supervisor has reported were delivered before the first held one."""
        return next((number for number, _ in self._held.values()), self._reported)

    def add(self, node: NodeIndex, attempt: AttemptNumber, submitted: SubmittedAttempt) -> None:
        """Add an attempt."""
        self._attempts[node, attempt] = submitted

    def unwant(self, node: NodeIndex, attempt: AttemptNumber) -> bool:
        """Note that an attempt is to be withdrawn if it has not begun. Return False if it is over."""
        submitted = self._attempts.get((node, attempt))
        if submitted is not None:
            submitted.unwanted = True
        return submitted is not None

    def requests(self) -> list[Message]:
        """Return the requests to send to a new supervisor, which has reported nothing."""
        self._reported = 0
        return [submitted.request for submitted in self._attempts.values()]

    def fail_all(self, text: str) -> None:
        """Settle all attempts, because no supervisor can be started."""
        self.happened.extend(Ended(*key, EndKind.COULD_NOT_START, text=text) for key in self._attempts)
        self._attempts.clear()

    def say_ending(self, end: Ended) -> None:
        """Say that an end waits for the processes that were left behind, unless they have ended by now."""
        if self._held.get((end.node, end.attempt), (0, None))[1] is end:
            self.happened.append(Remark(end.node, end.attempt, ends_left_behind(end.left)))

    def lose(self, link: SupervisorLink, why: str, *, closed: bool) -> None:
        """Settle the attempts of a dead supervisor, of which no process is alive. Those that have not begun stay."""
        self._deliver_held()
        for node, attempt, status, seconds in link.start_table.ends_from(self._reported):
            self._learn_end(node, attempt, status, seconds)
        self._lose_all(link.start_table.has_begun, why, closed=closed)

    def close(self) -> None:
        """Settle what is left after the supervisor has ended everything that it could."""
        self._deliver_held()
        self._lose_all(lambda _: False, UNKILLABLE, closed=True)

    # Messages of the supervisor

    def _on_begun(self, node: NodeIndex, attempt: AttemptNumber) -> None:
        self._attempts[node, attempt].begun = True
        self.happened.append(Started(node, attempt))

    def _on_exited(
        self,
        node: NodeIndex,
        attempt: AttemptNumber,
        status: int,
        seconds: Seconds,
        left: int,
        held: bool,
        used: Used | None = None,
        killed_at: ByteCount | None = None,
    ) -> None:
        end = exited(node, attempt, status, seconds, left, None if used is None else Usage(*used))
        if killed_at is not None:
            end = end._replace(text=starved_words(killed_at or (end.usage.memory if end.usage is not None else 0)))
        if held:
            self._held[node, attempt] = self._reported, end
            if left:
                self._say_later(end)
        elif self._has_output(end):
            self._held[node, attempt] = self._reported, end
            self._read(end)
        else:
            del self._attempts[node, attempt]
            self.happened.append(end)
        self._reported += 1

    def _on_gone(self, node: NodeIndex, attempt: AttemptNumber, lasting: bool) -> None:
        """Deliver an end that was held until no process of the attempt was left, once its values are read."""
        if lasting:
            self.happened.append(Remark(node, attempt, UNKILLABLE))
        end = self._held[node, attempt][1]
        if self._has_output(end):
            self._read(end)
            return
        del self._attempts[node, attempt], self._held[node, attempt]
        self.happened.append(end)

    def _on_failed(self, node: NodeIndex, attempt: AttemptNumber, number: int, what: str) -> None:
        submitted = self._attempts.pop((node, attempt))
        program, env = submitted.program, submitted.env
        if number == errno.E2BIG:
            text = too_long(program.argv, env)
        else:
            text = start_error(number, what, program.path, env["PWD"])
        lasting = number in LASTING
        self.happened.append(Ended(node, attempt, EndKind.COULD_NOT_START, text=text, lasting=lasting))

    def _on_withdrawn(self, node: NodeIndex, attempt: AttemptNumber) -> None:
        del self._attempts[node, attempt]
        self.happened.append(Withdrawn(node, attempt))

    def _on_closed(self, node: NodeIndex, attempt: AttemptNumber, size: int, lost: int, why: str) -> None:
        submitted = self._attempts.get((node, attempt))
        if submitted is not None:
            submitted.logged = True
        if lost:
            self.happened.append(Remark(node, attempt, f"lost {plural(lost, 'byte')} of its log: {why}"))
        elif size < 0:
            self.happened.append(Remark(node, attempt, "lost the end of its log: it could not be written in time"))

    # Values

    def _has_output(self, end: Ended) -> bool:
        """Return whether an attempt succeeded and has written values."""
        return end.succeeded and os.access(self._attempts[end.node, end.attempt].env[OUTPUT], os.F_OK)

    def _read(self, end: Ended) -> None:
        self._being_read.add((end.node, end.attempt))
        self._read_later(end, self._attempts[end.node, end.attempt].env[OUTPUT])

    def take_output(self, end: Ended, output: OutputValues) -> None:
        """Deliver a success with its values, unless it was delivered because the supervisor died."""
        key = end.node, end.attempt
        if key not in self._being_read:
            return
        self._being_read.remove(key)
        del self._attempts[key], self._held[key]
        self._happened_with(end, output)

    def _happened_with(self, end: Ended, output: OutputValues) -> None:
        if output.remark:
            self.happened.append(Remark(end.node, end.attempt, output.remark))
        self.happened.append(end._replace(outputs=output.values) if output.values else end)

    # Loss of the supervisor

    def _deliver_held(self) -> None:
        """Deliver the ends that wait for processes, because the supervisor that would report their end is gone."""
        for key, (_, end) in tuple(self._held.items()):
            path = self._attempts[key].env[OUTPUT]
            self._being_read.discard(key)
            del self._attempts[key], self._held[key]
            self._deliver_now(end, path)

    def _deliver_now(self, end: Ended, path: str) -> None:
        """Deliver an end. The values of a success are read at once, because a new supervisor counts ends anew."""
        self._happened_with(end, read_output(path) if end.succeeded else NOTHING_WRITTEN)

    def _learn_end(self, node: NodeIndex, attempt: AttemptNumber, status: int, seconds: Seconds) -> None:
        """Deliver an end that a dead supervisor could not report."""
        submitted = self._attempts.pop((node, attempt), None)
        if submitted is None:
            return
        if not submitted.begun:
            self.happened.append(Started(node, attempt))
        self._deliver_now(exited(node, attempt, status, seconds), submitted.env[OUTPUT])
        if not submitted.logged:
            self.happened.append(Remark(node, attempt, "its log may lack its end: the supervisor process died"))

    def _lose_all(self, has_begun: Callable[[int], bool], why: str, *, closed: bool) -> None:
        """Settle attempts that have begun as lost. Withdraw unwanted ones, and when closed, all others."""
        for key, submitted in list(self._attempts.items()):
            begun = submitted.begun or has_begun(submitted.sequence)
            if not (begun or submitted.unwanted or closed):
                continue
            del self._attempts[key]
            if not begun:
                self.happened.append(Withdrawn(*key))
                continue
            if not submitted.begun:
                self.happened.append(Started(*key))
            self.happened.append(Ended(*key, EndKind.LOST, text=why))


def start_error(number: int, what: str, program: str, cwd: str) -> str:
    """Return the message for an errno, or 0 for arguments that no system call accepts.

    `what` is the failed step: cwd, pipe or command.
    """
    if what == "command" and number == errno.ENOENT and os.path.exists(os.path.join(cwd, program)):
        line = 'the interpreter that program "{program}" names in its "#!" line does not exist'
        return label(line.format(program=program), 500)
    return start_error_words(number, what, program, cwd)


def start_error_words(number: int, what: str, program: str, cwd: str) -> str:
    """Return the message for an errno of this or another machine, as `start_error` does, without looking at files."""
    known = _ANYWHERE | (_DIRECTORY if what == "cwd" else _COMMAND)
    line = known.get(number, os.strerror(number).lower())
    return label(line.format(program=f'program "{program}"', directory=f'"{cwd}"'), 500)


def shortage(number: int, what: str) -> str:
    """Return the message for starts that wait for resources of other attempts."""
    return f"{start_error(number, what, '', '')}; nodes begin as others end"


def too_long(arguments: Sequence[str], variables: Mapping[str, str]) -> str:
    """Return the message for E2BIG: which argument or variable is too long, and how to fix it."""
    from dagtui.graph.check.kernel_limits import ONE

    size = max(len(os.fsencode(argument)) for argument in arguments)
    if size > ONE:
        return f"a script or argument has {size:,} bytes, the kernel takes at most {ONE:,}: put it in a file"
    for name, text in variables.items():
        size = len(os.fsencode(f"{name}={text}"))
        if size > ONE:
            found = f'the variable "{label(name)}" has {size:,} bytes, the kernel takes at most {ONE:,}'
            return f"{found}: put it in a file"
    return "the arguments and the environment are too long together: put arguments in a file"
