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

_SAME_STOP = 1.0  # seconds after a stop took effect in which a signal belongs to it, or is one that came twice


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
    quiet_until = -inf

    def note_stop(message: dict[str, object]) -> None:
        nonlocal quiet_until
        if message.get("kind") in ("stopped", "withdrawn"):
            quiet_until = time.monotonic() + _SAME_STOP

    guardian = Guardian(spool, note_stop, variables)
    ending: list[bool] = []

    def end_from_outside() -> None:
        if time.monotonic() >= quiet_until and not guardian.end_from_outside():
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
