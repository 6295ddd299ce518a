"""The commands of queueing systems, which dask-jobqueue calls without any limit of time.

A refusal is told from a system that does not answer, or that takes no more jobs for now: a later try may succeed then.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import signal
from subprocess import DEVNULL, PIPE
from typing import TYPE_CHECKING, Final, cast

from dagtui.execution.slurm.commands import CommandResult

if TYPE_CHECKING:
    from asyncio.subprocess import Process
    from collections.abc import Awaitable, Callable, Sequence

    from dagtui.text.amounts import Seconds

MOST_SECONDS: Seconds = 30.0
"""How long a command may take."""
_KILLED: Seconds = 1.0
"""Seconds for which the end of a killed command is waited for. The disk of its program may hang."""
_LATER: Final = re.compile(
    "cannot connect|failed to connect|LSF is down|per-user limit|maximum number of jobs|jobs are allowed per user"
    "|pending job threshold",
    re.IGNORECASE,
)
"""What systems other than Slurm say when they don't answer, or have too many jobs."""
_SIZE: Final = re.compile(r"\b(?:QOS|Assoc)(?!\w*Submit)\w*Limit\b")
"""What Slurm says of a job that is too large, before a sentence that speaks of the number of jobs as well."""


class JobError(Exception):
    """Jobs can't be made as the table says, or the queueing system refuses one. The text says why."""


class PassingJobError(JobError):
    """The queueing system does not answer, or takes no more jobs for now. A later try may succeed."""


async def call(words: Sequence[str], *, shell: bool = False) -> str:
    """Run a command and return its output, as the function of the package does that this one replaces.

    Raises RuntimeError for a command that has failed, as the package expects, and PassingJobError.
    """
    make = cast("Callable[..., Awaitable[Process]]", asyncio.create_subprocess_exec)
    if shell:
        make = cast("Callable[..., Awaitable[Process]]", asyncio.create_subprocess_shell)
    process = await make(*words, stdin=DEVNULL, stdout=PIPE, stderr=PIPE, start_new_session=True)
    try:
        async with asyncio.timeout(MOST_SECONDS):
            output, errors = await process.communicate()
    except TimeoutError as error:
        raise PassingJobError(f"{words[0].split()[0]} took more than {MOST_SECONDS:.0f} s") from error
    finally:
        await _kill(process)
    said = "\n".join(part for part in (errors.decode(errors="replace"), output.decode(errors="replace")) if part)
    if process.returncode and is_passing(said):
        raise PassingJobError(sentence(said))
    if process.returncode:
        raise RuntimeError(sentence(said) or f"{words[0].split()[0]}: exit status {process.returncode}")
    return output.decode(errors="replace")


def is_passing(text: str) -> bool:
    """Return whether a later try may succeed, by what a command that has failed says."""
    if _SIZE.search(text):
        return False
    result = CommandResult(1, "", text)
    return result.is_full or not result.is_answer or _LATER.search(text) is not None


def sentence(text: str) -> str:
    """Return lines as one, without those that were there before."""
    return "; ".join(dict.fromkeys(line.strip() for line in text.splitlines() if line.strip()))


async def _kill(process: Process) -> None:
    """Kill a command that still runs, and what it has started."""
    if process.returncode is not None:
        return
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(process.wait(), _KILLED)
