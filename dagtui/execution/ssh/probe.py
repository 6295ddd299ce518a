"""Try the hosts of an SSH executor: one connection each, with the user's own ssh."""

from __future__ import annotations

import json
import shlex
import subprocess
from typing import TYPE_CHECKING

import anyio

from dagtui.execution.remote.probing import TOKEN, Finding
from dagtui.execution.ssh import failures
from dagtui.execution.ssh.command import SshHost, program_command

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Iterator, Mapping
    from pathlib import Path

    from dagtui.graph.executors import ExecutorSettings
    from dagtui.text.amounts import Seconds

_LIMIT: Seconds = 60.0
_PROGRAM = """
import json, os, sys
if sys.version_info < (3, 8): sys.exit("dagtui: this is Python " + sys.version.split()[0])
folder, token = os.path.expanduser(sys.argv[1] or "~"), sys.argv[2]
found = {"python": sys.version.split()[0], "folder": folder, "trouble": "", "seen": os.path.exists(token)}
try:
    os.makedirs(folder, exist_ok=True)
    mine = os.path.join(folder, ".dagtui-check-%d" % os.getpid())
    open(mine, "x").close()
    os.remove(mine)
except OSError as error:
    found["trouble"] = error.strerror
print("\\n" + json.dumps(found))
"""


async def probe(settings: ExecutorSettings, folder: Path) -> AsyncGenerator[Finding]:
    """Try each host: reachable, Python, the directory, and the graph's folder if that is shared."""
    (folder / TOKEN).touch()
    for name in settings.hosts:
        host = SshHost(name, settings.options, settings.python or "python3")
        for finding in await _of_host(host, settings, folder / TOKEN):
            yield finding


async def _of_host(host: SshHost, settings: ExecutorSettings, token: Path) -> list[Finding]:
    arguments = shlex.join(["-c", _PROGRAM, settings.directory, str(token)])
    try:
        with anyio.fail_after(_LIMIT):
            done = await anyio.run_process(
                program_command(host, arguments), stdin=subprocess.DEVNULL, check=False, start_new_session=True
            )
    except OSError as error:
        return [Finding(f"reach {host.name}", is_good=False, text=failures.of_start(error).text)]
    except TimeoutError:
        return [Finding(f"reach {host.name}", is_good=False, text=f"it took more than {_LIMIT:.0f} s")]
    told = _told(done.stdout)
    if told is None:
        return list(_failed(host, done.returncode, done.stderr.decode(errors="replace")))
    return list(_found(host, settings, told))


def _failed(host: SshHost, status: int, errors: str) -> Iterator[Finding]:
    is_of_ssh = status in {255, -1}
    if not is_of_ssh:
        yield Finding(f"reach {host.name}", is_good=True)
    step = f"reach {host.name}" if is_of_ssh else f"Python on {host.name}"
    text = failures.of_ssh(host, status, errors).text.removeprefix(f"{host.name}: ")  # the step names it
    yield Finding(step, is_good=False, text=text)


def _found(host: SshHost, settings: ExecutorSettings, told: Mapping[str, object]) -> Iterator[Finding]:
    yield Finding(f"reach {host.name}", is_good=True)
    yield Finding(f"Python on {host.name}", is_good=True, text=str(told.get("python", "")))
    where, trouble = str(told.get("folder", "")), str(told.get("trouble", ""))
    hint = 'name another "directory" in its table, or make this one writable there'
    yield Finding(f"directory on {host.name}", not trouble, f"{where}: {trouble}" if trouble else where, hint)
    if settings.shared:
        seen = told.get("seen") is True
        text = "seen from both sides" if seen else "what this machine writes beside the graph is not seen there"
        hint = "put the graph on a disk that both see at the same path, or remove shared = true"
        yield Finding(f"shared folder on {host.name}", seen, text, hint)


def _told(output: bytes) -> Mapping[str, object] | None:
    """Return what the program has printed last. A login shell may have printed something before."""
    for line in reversed(output.splitlines()):
        if line.startswith(b"{"):
            try:
                found = json.loads(line)
            except ValueError:
                return None
            return found if isinstance(found, dict) else None
    return None
