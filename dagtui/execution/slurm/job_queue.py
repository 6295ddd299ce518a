"""What squeue and scontrol print of jobs."""

from __future__ import annotations

import re
import signal
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

QUEUE_FORMAT = "%j|%F|%K|%A|%T|%N|%r"
"""Name, id of the array, indices, id, state, nodes, reason. A reason is free text, so it stands last."""
PENDING = "PENDING"
COMPLETING = "COMPLETING"
OUTSIDE_STATES = frozenset(
    {"CANCELLED", "PREEMPTED", "TIMEOUT", "DEADLINE", "OUT_OF_MEMORY", "REVOKED", "SUSPENDED", "STOPPED"}
)
"""States of jobs that Slurm, or a person by its commands, has ended."""
REQUEUED_STATES = frozenset({PENDING, "REQUEUED", "REQUEUE_HOLD", "REQUEUE_FED", "SPECIAL_EXIT"})
"""States of jobs that have run, and are to run again. dagtui forbids that, but a person may allow it for a job."""
_FIELD = re.compile(r"(?:^| )([A-Za-z/:]+)=(.*?)(?= [A-Za-z/:]+=|$)")
_MOST_INDICES = 1 << 20


class QueuedJob(NamedTuple):
    """One line of squeue: a job, or several of an array that wait for the same reason."""

    name: str
    array: str
    """The id of the array, or of the job if it is not an array."""
    indices: tuple[range, ...]
    """The indices of the jobs in the array. Just 0 for a job that is not an array."""
    job: str
    """The id of the job itself, for commands that do not take indices."""
    state: str
    nodes: str
    reason: str


def parse_queue(text: str, prefix: str) -> list[QueuedJob]:
    """Return the jobs whose names begin with a prefix. Lines that can't be read are left out."""
    found = []
    for line in text.splitlines():
        if not line.startswith(prefix):
            continue
        fields = line.split("|", 6)
        if len(fields) == 7:
            name, array, indices, job, state, nodes, reason = fields
            found.append(QueuedJob(name, array, tuple(parse_indices(indices)), job, state, nodes, reason))
    return found


def parse_indices(text: str) -> Iterator[range]:
    """Yield the indices in a list of squeue: "0-3,7" and "[0-8:2%5]". "N/A", of a job that is not an array, is 0."""
    if not text[:1].isdecimal() and not text.startswith("["):
        yield range(1)
        return
    for part in text.strip("[]").partition("%")[0].split(","):
        span, _, step = part.partition(":")
        low, _, high = span.partition("-")
        if not low.isdecimal() or not (high or low).isdecimal() or not (step or "1").isdecimal():
            continue
        first, last = int(low), int(high or low)
        yield range(first, min(last, first + _MOST_INDICES) + 1, max(int(step or 1), 1))


def parse_details(line: str) -> dict[str, str]:
    """Return the fields of one job, as `scontrol -o show job` prints them. The first one of a name counts."""
    found: dict[str, str] = {}
    for name, value in _FIELD.findall(line.strip()):
        found.setdefault(name, value)
    return found


def killed_by(details: dict[str, str]) -> int:
    """Return the signal that ended the script of a job, as Slurm sends KILL at some limits of memory, or 0."""
    number = details.get("ExitCode", "").partition(":")[2]
    return int(number) if details.get("JobState") == "FAILED" and number.isdecimal() else 0


def final_words(details: dict[str, str]) -> str:
    """Say in Slurm's words how a job ended, such as "NODE_FAIL on n2" or "TIMEOUT (TimeLimit) on n0"."""
    state, reason, nodes = (details.get(name, "") for name in ("JobState", "Reason", "NodeList"))
    words = state or "it is gone"
    if reason and reason != "None" and not reason.startswith("Job"):
        words += f" ({reason})"
    status, number = details.get("ExitCode", "0:0"), killed_by(details)
    if state in {"FAILED", "COMPLETED"} and status != "0:0" and not number:
        words += f", exit code {status}"
    words += f" on {nodes}" if nodes and nodes != "(null)" else ""
    if number:
        words += f": ended by signal {number}" + (", as at a limit of memory" if number == signal.SIGKILL else "")
    return words
