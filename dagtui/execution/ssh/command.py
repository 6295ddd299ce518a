"""The command lines of ssh: the user's own program, with its configuration."""

from __future__ import annotations

import base64
import shlex
import zlib
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dagtui.text.amounts import Seconds

OLDEST_PYTHON = "3.8"
"""The oldest Python that the far side needs."""
_LINK = {
    "BatchMode": "yes",  # nobody is there to be asked
    "ConnectTimeout": "10",
    "ServerAliveInterval": "5",  # without these, a dead connection is noticed in two hours
    "ServerAliveCountMax": "3",
    "ControlMaster": "no",  # a master goes to the background and keeps our pipes open; an existing one is used
    "ClearAllForwardings": "yes",  # the forwardings of the configuration are for the user's own sessions
    "RemoteCommand": "none",
    "LogLevel": "ERROR",  # says why it failed, and leaves banners out
}
_FIRST = (
    'import sys;sys.version_info<(3,8)and sys.exit("dagtui: this is Python "+sys.version.split()[0]);'
    "import base64,zlib;exec(zlib.decompress(base64.b64decode(sys.argv.pop(1))))"
)
_BOOTSTRAP = Path(__file__).parents[1] / "agent" / "bootstrap.py"


class SshHost(NamedTuple):
    """A machine as the user's ssh reaches it."""

    name: str
    """As ssh knows it: the name of a `Host` section, a machine's name, or `user@machine`."""
    options: tuple[str, ...] = ()
    """Options that go to ssh as they are."""
    python: str = "python3"
    """The far Python: a name that is looked up there, or a path, which may begin with `~/`."""


def link_command(host: SshHost, digest: str, size: int, run: str, orphans: Seconds) -> list[str]:
    """Return the command of a connection to the hub of a run.

    Args:
        host: The machine.
        digest: The digest of the agent's archive.
        size: The size of the archive, in bytes.
        run: The name of the run's folder there.
        orphans: For how long attempts go on when nobody is connected.
    """
    # Options of the user come first, as the first value of each option is the one that ssh takes.
    words = ["ssh", "-T", *host.options, *_options(_LINK), "--", host.name]
    arguments = ("-I", "-S", "-c", _FIRST, _bootstrap(), digest, str(size), run, f"{orphans:.3f}")
    return [*words, f"exec {_python(host.python)} {shlex.join(arguments)}"]


def program_command(host: SshHost, arguments: str) -> list[str]:
    """Return the command that runs the far Python with arguments, which are quoted for a shell."""
    words = ["ssh", "-T", *host.options, *_options(_LINK), "--", host.name]
    return [*words, f"exec {_python(host.python)} -I -S {arguments}"]


def shell_command(host: SshHost, cwd: str, variables: Mapping[str, str], setup: str = "") -> list[str]:
    """Return the command that opens a person's shell on a machine, in a directory and with some variables.

    Variables show in the list of processes there, so they may not hold secrets. `setup` are shell lines to execute
    before.
    """
    options = {"ControlMaster": "no", "ClearAllForwardings": "yes", "RemoteCommand": "none"}
    assignments = shlex.join(f"{name}={value}" for name, value in variables.items())
    line = f'cd {_path(cwd)} || exit\n{setup}\nexec env {assignments} "${{SHELL:-sh}}"'
    return ["ssh", "-t", *host.options, *_options(options), "--", host.name, f"exec sh -c {shlex.quote(line)}"]


def _options(options: Mapping[str, str]) -> Sequence[str]:
    return [word for name, value in options.items() for word in ("-o", f"{name}={value}")]


def _python(python: str) -> str:
    return _path(python)


def _path(path: str) -> str:
    """Quote a path for a far shell, which knows where the home directory is."""
    if path == "~":
        return '"$HOME"'
    return f'"$HOME"/{shlex.quote(path[2:])}' if path.startswith("~/") else shlex.quote(path)


@cache
def _bootstrap() -> str:
    return base64.b64encode(zlib.compress(_BOOTSTRAP.read_bytes(), 9)).decode()
