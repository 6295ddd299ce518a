"""The end of an attempt, as the agent that watched it records it. What it says comes from another machine."""

from __future__ import annotations

import errno
import os
import signal
from typing import TYPE_CHECKING

from dagtui.engine.messages import Ended, EndKind, Usage, Withdrawn
from dagtui.execution.local.output_file import NOTHING_WRITTEN, OutputValues, parse_output, unread
from dagtui.execution.local.submitted import LASTING, UNKILLABLE, start_error_words, starved_words, too_long
from dagtui.execution.remote.attempt import RemoteState
from dagtui.text import label, plural

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dagtui.execution.remote.attempt import RemoteAttempt
    from dagtui.text.amounts import ByteCount, Seconds

MOST_WORDS = 500
"""Characters of an engine's sentence that are taken."""
_NOT_BY_US = "it was stopped there, and not by this run"
_KINDS = {
    "exit": EndKind.EXIT,
    "signal": EndKind.SIGNAL,
    "timeout": EndKind.TIMEOUT,
    "outside": EndKind.OUTSIDE,
    "lost": EndKind.LOST,
}


def end_of(attempt: RemoteAttempt, record: Mapping[str, object]) -> Ended | Withdrawn:
    """Return how an attempt ended. `attempt.remark` gets what is to be said with it: what was lost, for example."""
    kind, text = record.get("kind"), words(record.get("text"))
    node, number = attempt.node, attempt.attempt
    if kind == "withdrawn" and attempt.state is not RemoteState.RUNNING:
        return Withdrawn(node, number)
    if kind == "could not start":
        why, lasting = _start_error(attempt, record)
        return Ended(node, number, EndKind.COULD_NOT_START, text=text or why, lasting=lasting)
    value, seconds = _whole(record.get("value")), seconds_of(record.get("seconds"))
    if kind in {"stopped", "withdrawn"}:
        by_us = attempt.stop is not None or attempt.unwanted
        found = EndKind.SIGNAL if by_us else EndKind.OUTSIDE
        value = value if by_us and record.get("how") == "signal" and value else signal.SIGTERM.value
        text = "" if by_us else text or _NOT_BY_US
    elif isinstance(kind, str) and kind in _KINDS:
        found = _KINDS[kind]
    else:
        found, text = EndKind.LOST, f"what is known of its end can't be read: {words(kind)}"
    usage = _usage(record)
    if "killed_at" in record and found in {EndKind.EXIT, EndKind.SIGNAL}:
        text = starved_words(_whole(record["killed_at"]) or (usage.memory if usage is not None else 0))
    end = Ended(node, number, found, value, text, seconds, left=_whole(record.get("left")), usage=usage)
    output = _output(record) if end.succeeded else NOTHING_WRITTEN
    attempt.remark = "; ".join(filter(None, (_loss(record), output.remark)))
    return end._replace(outputs=output.values) if output.values else end


def stopped_by_us(attempt: RemoteAttempt) -> Ended | Withdrawn | None:
    """Return the end of an attempt that was to end. None: it was not."""
    if attempt.stop is None and not attempt.unwanted:
        return None
    if attempt.state is not RemoteState.RUNNING:
        return Withdrawn(attempt.node, attempt.attempt)
    return Ended(attempt.node, attempt.attempt, EndKind.SIGNAL, signal.SIGTERM.value)


def size_of(record: Mapping[str, object]) -> ByteCount:
    """Return the size of the log of an attempt that has ended."""
    return _whole(record.get("size"))


def words(text: object) -> str:
    """Return a text from another machine as one line that is safe to show. Empty: there is none."""
    return label(str(text), MOST_WORDS) if text else ""


def seconds_of(value: object) -> Seconds:
    """Return a number of seconds from another machine, 0.0 if it is none."""
    return float(value) if isinstance(value, (int, float)) and 0.0 <= value < 1e12 else 0.0


def _whole(value: object) -> int:
    return value if isinstance(value, int) and 0 <= value < 1 << 62 else 0


def _usage(record: Mapping[str, object]) -> Usage | None:
    found = record.get("usage")
    if not isinstance(found, (list, tuple)) or len(found) != len(Usage._fields):
        return None
    cpu, memory, read, written = found
    return Usage(seconds_of(cpu), _whole(memory), _whole(read), _whole(written))


def _output(record: Mapping[str, object]) -> OutputValues:
    text, problem = record.get("output"), words(record.get("output_problem"))
    if isinstance(text, str):
        try:
            return parse_output(text.encode("utf-8", "surrogateescape"))
        except UnicodeEncodeError:
            return unread("it is not valid UTF-8")
    return unread(problem) if problem else NOTHING_WRITTEN


def _loss(record: Mapping[str, object]) -> str:
    """Say what of the log could not be written there, and that a process could not be killed."""
    lost, why = _whole(record.get("lost")), words(record.get("lost_why"))
    said = [f"lost {plural(lost, 'byte')} of its log there: {why}"] if lost else []
    return "; ".join([*said, UNKILLABLE] if record.get("unkillable") is True else said)


def _start_error(attempt: RemoteAttempt, record: Mapping[str, object]) -> tuple[str, bool]:
    """Say what was missing there, from the errno and the step that failed. Return also whether that is permanent."""
    number, what, request = _whole(record.get("errno")), record.get("what"), attempt.request
    if number == errno.E2BIG:
        return too_long(request.argv, {**request.env, **request.secrets}), True
    program = request.argv[0] if request.argv and not request.call else "python3"
    if what == "lookup":
        found = words(record.get("path"))
        missing = f"is not executable there: {found}" if found else "not found in PATH there"
        return f'program "{label(program, MOST_WORDS)}" {missing}', False
    if what == "secrets":
        return "its secrets did not arrive there", False
    if what == "spool":
        return f"its files can't be written there: {os.strerror(number).lower()}", False
    return start_error_words(number, str(what or "command"), program, request.cwd), number in LASTING
