"""The job: attempts of a batch one after another, in one process that a scheduler has started."""

from __future__ import annotations

import os
import time
from math import inf
from typing import TYPE_CHECKING, cast

from dagtui.execution.agent.guardian import Guardian
from dagtui.execution.agent.json_text import decoded
from dagtui.execution.agent.reaper import fork_guardian

if TYPE_CHECKING:
    from collections.abc import Mapping

_SAME_SIGNAL = 1.0  # seconds in which a signal may arrive twice: by way of the reaper, and to all processes of a job


def run_job(spool: str, batch: str, lines: str) -> None:
    """Execute some lines of `specs/BATCH`: `FROM-TO`, the first one is 0, or just one number.

    The values of secret variables are taken out of this process's environment, where the scheduler has put them.

    A signal that asks the job to end only ends the attempt that runs, if there is a stop for that in the spool.
    Otherwise, what was not claimed is left alone. Raises SpoolError, OSError and ValueError.
    """
    reaper = fork_guardian(spool)
    first, _, last = lines.partition("-")
    variables = dict(os.environ)
    specs = _specs(f"{os.path.abspath(os.path.expanduser(spool))}/specs/{batch}")[int(first) : int(last or first) + 1]
    secrets = {name: variables.pop(name) for name in {name for spec in specs for name in _names(spec)} & set(variables)}
    guardian = Guardian(spool, _ignore, variables)
    ending: list[bool] = []

    quiet_until = -inf

    def end_from_outside() -> None:
        nonlocal quiet_until
        if time.monotonic() < quiet_until:
            return
        if guardian.end_from_outside():
            quiet_until = time.monotonic() + _SAME_SIGNAL
        else:
            ending.append(True)

    guardian.on_ending_signals(end_from_outside, reaper)
    for spec in specs:
        guardian.turn(0)  # a signal may have come before its handler
        if ending:
            break
        guardian.start(spec, {name: secrets[name] for name in _names(spec) if name in secrets})
        while guardian.busy:
            guardian.turn()
    guardian.close()


def _specs(path: str) -> list[Mapping[str, object]]:
    with open(path, "rb") as file:
        return [cast("dict[str, object]", decoded(line)) for line in file.read().split(b"\n") if line]


def _names(spec: Mapping[str, object]) -> list[str]:
    return cast("list[str]", spec.get("secret_names") or [])


def _ignore(_message: dict[str, object]) -> None:
    """Tell nobody: the spool says it all."""
