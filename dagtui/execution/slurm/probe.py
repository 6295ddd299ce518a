"""Try a Slurm executor: the controller, what it says to a job, and a job that looks at the shared folder."""

from __future__ import annotations

import os
import shlex
import sys
from typing import TYPE_CHECKING

import anyio
from anyio import to_thread

from dagtui.execution.remote.probing import TOKEN, Finding
from dagtui.execution.slurm.commands import SlurmCommands
from dagtui.execution.slurm.job_options import job_options
from dagtui.execution.slurm.job_queue import final_words

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator
    from pathlib import Path

    from dagtui.graph.executors import ExecutorSettings
    from dagtui.text.amounts import Seconds

_LIMIT: Seconds = 120.0
"""How long the job may wait."""
_LATE: Seconds = 10.0
"""How long a file may take to be seen after the job's end."""
_OVER = frozenset({"COMPLETED", "FAILED", "CANCELLED", "TIMEOUT", "NODE_FAIL", "OUT_OF_MEMORY", "BOOT_FAIL"})
_NOT_SHARED = 3
_SCRIPT = """#!/bin/sh
cd {folder} && test -e {token} || exit {not_shared}
python={python}
[ -x "$python" ] || python=python3
"$python" -I -S -c 'import sys; print(sys.version.split()[0]); sys.exit(sys.version_info < (3, 8))' > answer 2>&1
mv answer "answer.$?"
"""


async def probe(settings: ExecutorSettings, folder: Path) -> AsyncGenerator[Finding]:
    """Try the commands, the options, and a job: Python there, and the folder seen from both sides."""
    commands, name = SlurmCommands(os.environ), f"dagtui-check-{os.getpid()}"
    asked = await commands.find(name)
    hint = "call dagtui where sbatch and squeue work, such as on a login node; SLURM_CONF names another configuration"
    yield Finding("reach Slurm", asked.status == 0, "" if asked.status == 0 else asked.words, hint)
    if asked.status:
        return
    (folder / TOKEN).touch()
    options = [
        *job_options(settings.resources),
        *settings.options,
        f"--job-name={name}",
        "--output=/dev/null",
        "--no-requeue",
        "--time=5",
    ]
    place, token = shlex.quote(str(folder)), shlex.quote(TOKEN)
    python = shlex.quote(settings.python or sys.executable)
    script = _SCRIPT.format(folder=place, token=token, python=python, not_shared=_NOT_SHARED)
    submitted = await commands.submit(options, script, {"PATH": os.environ.get("PATH", os.defpath)})
    hint = 'correct "resources" or "options" of the executor: sinfo lists partitions'
    yield Finding("hand over a job", submitted.status == 0, "" if submitted.status == 0 else submitted.words, hint)
    if submitted.status:
        return
    async for finding in _of_job(commands, submitted.output.strip().partition(";")[0], folder):
        yield finding


async def _of_job(commands: SlurmCommands, job: str, folder: Path) -> AsyncGenerator[Finding]:
    """Wait for the job, and yield what it has found."""
    answer, details, place = "", dict[str, str](), str(folder.parent)
    with anyio.move_on_after(_LIMIT):
        while True:
            details = await commands.details(job) or details
            is_over = details.get("JobState", "") in _OVER
            answer = await _answer(folder, _LATE if is_over else 0.0)
            if answer or is_over:
                break
            await anyio.sleep(1)
    if not answer and details.get("JobState") not in _OVER:
        await commands.cancel([job], softly=False)
        reason = details.get("Reason", "")
        yield Finding("run a job", is_good=False, text=f"it still waits after {_LIMIT:.0f} s: {reason}", hint=_WAITS)
        return
    yield Finding("run a job", is_good=True, text=f"job {job} on {details.get('BatchHost') or details.get('NodeList')}")
    if not answer:
        seen = details.get("ExitCode", "").startswith(f"{_NOT_SHARED}:")
        text = (
            f"{place} is not seen there" if seen else f"nothing of the job is seen in {place}: {final_words(details)}"
        )
        yield Finding("directory", is_good=False, text=text, hint=_DIRECTORY)
        return
    yield Finding("directory", is_good=True, text=f"{place} is seen from both sides")
    version, _, status = answer.rpartition(" ")
    hint = 'name one by "python" in its table, or load one by "setup"'
    yield Finding("Python there", status == "0", version or "none was found", hint)


_DIRECTORY = (
    'put the graph, or "directory" of the executor, on a disk that the nodes of the cluster see at the same path'
)
_WAITS = "squeue and sinfo say more; name another partition, or wait and try again"


async def _answer(folder: Path, patience: Seconds) -> str:
    """Return what the job has found about Python, with the exit status, once it is seen. Else an empty string."""
    with anyio.move_on_after(patience + 0.001, shield=True):
        while True:
            names = await to_thread.run_sync(os.listdir, folder)
            for name in names:
                if name.startswith("answer."):
                    text = await to_thread.run_sync((folder / name).read_text)
                    return f"{text.strip().splitlines()[0] if text.strip() else ''} {name.removeprefix('answer.')}"
            await anyio.sleep(0.2)
    return ""
