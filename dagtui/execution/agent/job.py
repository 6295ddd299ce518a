"""The job: attempts of a batch one after another, in one process that a scheduler has started."""

from __future__ import annotations

import os
import time
from math import inf
from typing import TYPE_CHECKING, cast

from dagtui.execution.agent.guardian import Guardian
from dagtui.execution.agent.json_text import decoded
from dagtui.execution.agent.reaper import fork_guardian
from dagtui.execution.agent.secret_halves import VARIABLE, joined

if TYPE_CHECKING:
    from collections.abc import Mapping

_SAME_STOP = 1.0  # seconds after a stop took effect in which a signal belongs to it, or is one that came twice


def run_job(spool: str, batch: str, lines: str) -> None:
    """Execute some lines of `specs/BATCH`: `FROM-TO`, the first one is 0, or just one number.

    Secrets are made of two halves: one in the spool, which is removed when its attempt has begun, and one that the
    scheduler has put into this process's environment.

    A signal that asks the job to end only ends the attempt that runs, if there is a stop for that in the spool.
    Otherwise, what was not claimed is left alone. Raises SpoolError, OSError and ValueError.
    """
    reaper = fork_guardian(spool)
    first, _, last = lines.partition("-")
    variables = dict(os.environ)
    other_half = variables.pop(VARIABLE, "")
    folder = os.path.abspath(os.path.expanduser(spool))
    specs = _specs(f"{folder}/specs/{batch}")[int(first) : int(last or first) + 1]
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
        _start(guardian, spec, f"{folder}/halves/{spec.get('key')}", other_half)
        while guardian.busy:
            guardian.turn()
    guardian.close()


def _specs(path: str) -> list[Mapping[str, object]]:
    with open(path, "rb") as file:
        return [cast("dict[str, object]", decoded(line)) for line in file.read().split(b"\n") if line]


def _start(guardian: Guardian, spec: Mapping[str, object], half: str, other_half: str) -> None:
    """Start an attempt. `half` is the path of one half of its secrets, if it has any."""
    if not spec.get("secret_names"):
        guardian.start(spec)
        return
    # The claim comes after this, so that the half is there for the one whose claim counts.
    guardian.start(spec, _secrets(half, other_half))
    try:  # noqa: SIM105 - contextlib costs start-up time
        os.unlink(half)
    except OSError:  # another copy of the job has removed it
        pass


def _secrets(half: str, other_half: str) -> Mapping[str, str]:
    """Return the secrets of an attempt. Empty: a half is missing."""
    try:
        with open(half, "rb") as file:
            return joined(file.read(), other_half)
    except (OSError, ValueError):
        return {}
