"""A real SSH server on this machine, for the user who runs the tests, and the client's command line to reach it."""

from __future__ import annotations

import grp
import os
import pwd
import shutil
import socket
import subprocess
import time
from typing import TYPE_CHECKING, Self

from support.process_listing import children, end

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_CONFIG = """
ListenAddress 127.0.0.1
Port {port}
HostKey {folder}/host
AuthorizedKeysFile {folder}/key.pub
PidFile none
StrictModes no
UsePAM no
PermitRootLogin prohibit-password
PasswordAuthentication no
AcceptEnv LANG LC_* COLORTERM PYTHONPATH PATH DAGTUI_*
PrintMotd no
MaxStartups 100
SetEnv {variables}
"""
_CLIENT_CONFIG = """
Host {names}
  HostName 127.0.0.1
  Port {port}
  IdentityFile {folder}/key
  IdentitiesOnly yes
  UserKnownHostsFile {folder}/known_hosts
  StrictHostKeyChecking {checking}
"""
SECONDS = 20.0


def terminals_for_a_server() -> bool:
    """Whether a server of this user can hand out terminals: it gives them to the group tty.

    Where the kernel has not done that already, as on most systems, only root can.
    """
    if os.geteuid() == 0:
        return True
    master, slave = os.openpty()
    try:
        return os.fstat(slave).st_gid == grp.getgrnam("tty").gr_gid
    except KeyError:
        return True  # without that group the user's own will do
    finally:
        os.close(master)
        os.close(slave)


class SshServer:
    """One server with keys of its own; everything of it lies in one folder."""

    def __init__(self, folder: Path, variables: Mapping[str, str] | None = None) -> None:
        """Start a server. `variables` are those that sessions have."""
        self._folder = folder
        folder.mkdir(mode=0o700, exist_ok=True)
        for name in ("host", "key"):
            subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder / name], check=True)
        self.port = _free_port()
        self.cache = folder / "cache"
        """The folder for what sessions keep there."""
        self._variables = {"XDG_CACHE_HOME": str(self.cache), **(variables or {})}
        if os.geteuid() == 0:
            os.makedirs("/run/sshd", mode=0o755, exist_ok=True)  # without it no server starts as root
        self.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    def start(self, **variables: str) -> None:
        """Start the server, again if it was killed. More variables may be given to its sessions."""
        self._variables |= variables
        words = " ".join(f'{name}="{value}"' for name, value in self._variables.items())
        config = self._folder / "config"
        config.write_text(_CONFIG.format(port=self.port, folder=self._folder, variables=words))
        server = shutil.which("sshd", path=f"{os.environ['PATH']}:/usr/sbin:/usr/local/sbin")
        assert server is not None, "these tests need a real sshd"
        with (self._folder / "log").open("wb") as log:
            self.process = subprocess.Popen([server, "-D", "-e", "-f", config], stderr=log)
        self._wait_until_it_listens()

    def kill(self) -> None:
        """Kill the server and the processes of its connections. What has left them goes on."""
        for pid in (self.process.pid, *children(self.process.pid)):
            end(pid)
        self.process.wait(SECONDS)

    def restart(self, **variables: str) -> None:
        """Start the server anew, with other variables for its sessions."""
        self.kill()
        self.start(**variables)

    def client_config(self, *names: str, port: int = 0, checking: str = "accept-new") -> str:
        """Write the client's configuration, in which names lead here or to a port of this machine. Return its path."""
        port = port or self.port
        path = self._folder / f"client-{port}-{checking}-{len(names)}"
        path.write_text(_CLIENT_CONFIG.format(names=" ".join(names), port=port, folder=self._folder, checking=checking))
        return str(path)

    def command(self, port: int, line: str, *, terminal: bool = True) -> list[str]:
        """The client's command that runs a line of shell there, through a port of this machine."""
        options = {
            "StrictHostKeyChecking": "no",
            "UserKnownHostsFile": "/dev/null",
            "LogLevel": "ERROR",
            "IdentitiesOnly": "yes",
            "EscapeChar": "none",
            "SendEnv": "LANG COLORTERM PYTHONPATH PATH DAGTUI_*",
            "ControlMaster": "no",
            "BatchMode": "yes",
        }
        words = [word for name, value in options.items() for word in ("-o", f"{name}={value}")]
        user = pwd.getpwuid(os.geteuid()).pw_name
        return [
            *("ssh", "-F", "none", "-i", str(self._folder / "key"), "-p", str(port), *words),
            *(["-tt"] if terminal else ["-T"]),
            *(f"{user}@127.0.0.1", line),
        ]

    def _wait_until_it_listens(self) -> None:
        deadline = time.monotonic() + SECONDS
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
            except OSError:
                assert time.monotonic() < deadline, (self._folder / "log").read_text()
                assert self.process.poll() is None, (self._folder / "log").read_text()
            else:
                return


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])
