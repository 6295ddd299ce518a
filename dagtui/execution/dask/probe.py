"""Try a Dask executor: the scheduler, and what one of its workers finds."""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import json
import os
import shutil
import subprocess
import sys
from importlib.util import find_spec
from typing import TYPE_CHECKING, cast

from dagtui.execution.remote.probing import TOKEN, Finding

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Mapping
    from pathlib import Path

    from dagtui.execution.dask.protocols import CloudPickle, ProbingClient
    from dagtui.graph.executors import ExecutorSettings

    Told = Mapping[str, object]

_FILES_OF_TLS = 'write tls = { ca = "…", cert = "…", key = "…" } with files of the authority that the scheduler trusts'
_PATIENCE = 10
"""Seconds for which a cluster may have no worker yet."""
_TRIAL = 60
"""Seconds for which dask-jobqueue may take to read what a table says of jobs."""


def look(directory: str, token: str) -> dict[str, object]:
    """Find out, on a worker, what dagtui needs there."""
    import socket

    folder = os.path.expanduser(directory or "~")
    found: dict[str, object] = {"host": socket.gethostname(), "folder": folder, "trouble": ""}
    found |= {"python": sys.version.split()[0], "new": sys.version_info >= (3, 8), "seen": os.path.exists(token)}
    try:
        os.makedirs(folder, exist_ok=True)
        mine = os.path.join(folder, f".dagtui-check-{os.getpid()}")
        with open(mine, "x", encoding="ascii"):
            pass
        os.remove(mine)
    except OSError as error:
        found["trouble"] = str(error.strerror)
    return found


async def probe(settings: ExecutorSettings, folder: Path) -> AsyncGenerator[Finding]:
    """Try the scheduler and a worker: Python, the directory, and the graph's folder if that is shared."""
    from anyio import to_thread

    try:
        importlib.import_module("distributed")
    except ImportError:
        text, hint = f"it is not installed in {sys.prefix}", "pip install distributed"
        yield Finding("package distributed", is_good=False, text=text, hint=hint)
        return
    if settings.jobqueue is not None:
        for finding in await to_thread.run_sync(_try_jobs, settings, folder):
            yield finding
        return
    (folder / TOKEN).touch()
    where = settings.address or settings.scheduler_file
    try:
        told = await to_thread.run_sync(lambda: asyncio.run(_ask_a_worker(settings, str(folder / TOKEN))))
    except Exception as error:  # noqa: BLE001 - distributed raises its own, those of other packages and of the far side
        from dagtui.execution.dask.cluster import is_of_encryption, words_of

        text, hint = words_of(error), "start one: dask scheduler; or correct its address"
        if is_of_encryption(error) or (isinstance(error, OSError) and error.filename in settings.tls.values()):
            hint = _FILES_OF_TLS
        yield Finding(f"reach {where}", is_good=False, text=text, hint=hint)
        return
    yield Finding(f"reach {where}", is_good=True)
    if told is None:
        yield Finding("workers", is_good=False, text="it has none", hint=f"start one: dask worker {where}")
        return
    for finding in _found(settings, told):
        yield finding


def _try_jobs(settings: ExecutorSettings, folder: Path) -> list[Finding]:
    """Find out whether jobs can be made as the table says. Whether the queueing system takes them is for the node."""
    step = "package dask-jobqueue"
    if find_spec("dask_jobqueue") is None:
        return [
            Finding(step, is_good=False, text=f"it is not installed in {sys.prefix}", hint="pip install dask-jobqueue")
        ]
    from dagtui.execution.dask.job_order import PROGRAM, JobOrder, lines_for

    order = JobOrder.of(settings, "check", "check").written()
    found = [Finding(step, is_good=True)]
    try:
        done = subprocess.run(
            [sys.executable, "-P", "-c", PROGRAM],
            input=lines_for("job_trial", folder) + order,
            capture_output=True,
            check=False,
            text=True,
            errors="replace",
            timeout=_TRIAL,
        )
        told = json.loads(done.stdout.strip().rpartition("\n")[2])  # packages may have printed something before
        trouble = told["trouble"]
    except subprocess.TimeoutExpired:
        trouble = f"dask-jobqueue took more than {_TRIAL} s"
    except (ValueError, KeyError, TypeError):
        trouble = done.stderr.strip().rpartition("\n")[2] or "the process that tries it has failed"
    if trouble:
        hint = "correct it in the executor's table"
        return [*found, Finding("table jobqueue", is_good=False, text=trouble, hint=hint)]
    found.append(Finding("table jobqueue", is_good=True))
    program = told["program"]
    if program:
        path = shutil.which(program)
        missing = "install it, or call dagtui where jobs are submitted"
        found.append(Finding(program, path is not None, path or "it is not in PATH", missing))
    return found


def _found(settings: ExecutorSettings, told: Told) -> list[Finding]:
    found = [
        Finding("workers", is_good=True, text=f"{told['workers']}, one of them on {told['host']}"),
        Finding("Python there", told["new"] is True, str(told["python"]), "start workers with Python 3.8 or newer"),
    ]
    trouble, where = str(told["trouble"]), str(told["folder"])
    hint = 'name another "directory" in its table, or make this one writable there'
    found.append(Finding("directory", not trouble, f"{where}: {trouble}" if trouble else where, hint))
    if settings.shared:
        seen = told["seen"] is True
        text = "seen from both sides" if seen else "what this machine writes beside the graph is not seen there"
        hint = "put the graph on a disk that both see at the same path, or remove shared = true"
        found.append(Finding("shared folder", seen, text, hint))
    return found


async def _ask_a_worker(settings: ExecutorSettings, token: str) -> Told | None:
    """Let one worker look. None: there is none."""
    from distributed import Client

    from dagtui.execution.dask.cluster import CLOSE, CONNECT, be_quiet, connected, security

    be_quiet()
    cloudpickle = cast("CloudPickle", importlib.import_module("cloudpickle"))
    cloudpickle.register_pickle_by_value(sys.modules[__name__])  # dagtui is not installed there
    client = cast("Callable[..., ProbingClient]", Client)(
        settings.address or None,
        scheduler_file=settings.scheduler_file or None,
        asynchronous=True,
        set_as_default=False,
        timeout=CONNECT,
        security=security(settings.tls),
    )
    try:
        await asyncio.wait_for(connected(client), CONNECT + 1)
        with contextlib.suppress(TimeoutError):
            await client.wait_for_workers(1, timeout=_PATIENCE)
        workers = list((await client.scheduler.identity())["workers"])
        if not workers:
            return None
        told = await client.run(look, settings.directory, token, workers=workers[:1])
        return {"workers": len(workers), **told[workers[0]]}
    finally:
        with contextlib.suppress(Exception):  # how it was is known
            await asyncio.wait_for(client.close(), CLOSE)
