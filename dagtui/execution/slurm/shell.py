"""A person's shell in a job that runs."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_CLEARED = ("SLURM_JOB_ID", "SLURM_JOBID", "SLURM_STEP_ID", "SRUN_EXPORT_ENV")
"""Variables that would let srun take this process for a part of a job."""


def shell_command(job: str, cwd: str, variables: Mapping[str, str], setup: str = "") -> list[str]:
    """Return the command that opens a shell beside the attempt of a job, in a directory and with some variables.

    Variables show in the list of processes there, so they may not hold secrets. `job` is an id without an index.
    """
    assignments = shlex.join(f"{name}={value}" for name, value in variables.items())
    line = f'cd {shlex.quote(cwd)} || exit\n{setup}\nexec env {assignments} "${{SHELL:-sh}}"'
    cleared = [word for name in _CLEARED for word in ("-u", name)]
    return ["env", *cleared, "srun", "--overlap", f"--jobid={job}", "--chdir=/", "--pty", "sh", "-c", line]
