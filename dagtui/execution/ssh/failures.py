"""Why a machine can't be reached, or can't run attempts: one sentence each, which names the remedy."""

from __future__ import annotations

import errno
import os
import re
import shlex
from typing import TYPE_CHECKING, NamedTuple

from dagtui.execution.ssh.command import OLDEST_PYTHON
from dagtui.text import label

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from dagtui.execution.ssh.command import SshHost

_SSH_FAILED = 255  # the exit status of ssh for its own failures
_NOT_FOUND = 127  # the exit status of a shell that does not find a program
_NOT_EXECUTABLE = 126
_FULL = frozenset((errno.ENOSPC, errno.EDQUOT))


class Failure(NamedTuple):
    """Why a connection failed."""

    text: str
    """One sentence, which names the machine and the remedy. Safe to show."""
    lasting: bool
    """Whether it stays until a person does something."""


def of_start(error: OSError) -> Failure:
    """Return why the program ssh could not be started here."""
    if isinstance(error, FileNotFoundError):
        return Failure("there is no ssh here: install the OpenSSH client", lasting=True)
    return Failure(f"ssh can't be started here: {error.strerror}", lasting=False)


def of_ssh(host: SshHost, status: int | None, errors: str) -> Failure:
    """Return why ssh ended, by its exit status and what it printed to standard error."""
    name, lines = label(host.name, 200), [line.strip() for line in errors.splitlines() if line.strip()]
    for pattern, sentence in _SENTENCES:
        found = re.search(pattern, errors, re.IGNORECASE)
        if found is not None:
            text = sentence(host, found)
            return Failure(text, lasting=True)
    if status == _NOT_FOUND:
        return Failure(_no_python(host), lasting=True)
    if status == _NOT_EXECUTABLE:
        return Failure(f"{name}: {label(host.python, 200)} can't be executed there{_NAME_PYTHON}", lasting=True)
    last = label(lines[-1], 300) if lines else "the connection was closed"
    if status == _SSH_FAILED or status is None or status < 0 or not lines:
        return Failure(f"{name} can't be reached: {last}", lasting=False)
    return Failure(f"{name} ended the session with status {status}: {last}", lasting=False)


def of_silence(host: SshHost, *, connected: bool) -> Failure:
    """Return why nothing is heard of a machine although ssh has not failed. It goes on when it answers."""
    name = label(host.name, 200)
    if connected:
        text = f"{name}: ssh is connected, but what watches the nodes there hangs: look at its load and its disks"
    else:
        text = f'{name}: ssh gets no answer and does not fail: see whether "{_by_hand(host)} true" hangs'
    return Failure(text, lasting=False)


def of_trouble(host: SshHost, told: Mapping[str, object]) -> Failure:
    """Return why the bootstrap could not become the agent, by what it told."""
    name, path, number = label(host.name, 200), label(str(told.get("path", "")), 300), told.get("number", 0)
    number = number if isinstance(number, int) else 0
    match told.get("trouble"):
        case "owner":
            text = f"{name}: {path} belongs to another user (id {number}): remove it there, or set XDG_CACHE_HOME"
        case "not a folder":
            text = f"{name}: {path} is not a folder: move it away there"
        case "home":
            text = f"{name}: this user has no home directory there: set HOME or XDG_CACHE_HOME"
        case "digest":
            return Failure(f"{name}: what was sent arrived damaged at {path}", lasting=False)
        case "elsewhere":
            other = label(str(told.get("machine", "")), 200)
            text = (
                f"{name} leads to another machine than before, but this run's nodes are on {other}: "
                f"name that machine, or remove {path} if it is gone for good"
            )
            return Failure(text, lasting=False)
        case "spool":
            return Failure(f"{name}: can't use its folder there: {label(str(told.get('text', '')), 300)}", lasting=True)
        case "system" if number in _FULL:
            text = f"{name}: the disk with {path} is full: make space there"
        case _:
            text = f"{name}: can't use {path}: {os.strerror(number)}: mend that there, or set XDG_CACHE_HOME"
    return Failure(text, lasting=True)


_NAME_PYTHON = f': install Python {OLDEST_PYTHON} or newer, or name one by "python" in the executor\'s table'


def _no_python(host: SshHost) -> str:
    return f"{label(host.name, 200)}: there is no {label(host.python, 200)} there{_NAME_PYTHON}"


def _by_hand(host: SshHost) -> str:
    return label(shlex.join(["ssh", *host.options, host.name]), 300)


def _unknown_key(host: SshHost, _found: re.Match[str]) -> str:
    name = label(host.name, 200)
    return f'{name}: its host key is not known here: call "{_by_hand(host)}" once, and accept the key if it is right'


def _changed_key(host: SshHost, found: re.Match[str]) -> str:
    name = label(host.name, 200)
    # A name of the configuration is not what known_hosts has, so that ssh-keygen -R would not find it.
    place = re.search(r"Offending \S+ key in (.+):(\d+)", found.string)
    old = f"line {place[2]} of {label(place[1], 200)}" if place else f'the old one by "ssh-keygen -R {name}"'
    return f'{name}: its host key has changed: if that is right, remove {old}, and call "{_by_hand(host)}" once'


def _refused_login(host: SshHost, found: re.Match[str]) -> str:
    name, ways = label(host.name, 200), label(found[1], 100)
    return (
        f"{name} refused the login ({ways}): dagtui answers no prompts, so make "
        f'"{_by_hand(host)}" work without one, for example with a key in ssh-agent'
    )


def _unknown_name(host: SshHost, _found: re.Match[str]) -> str:
    name = label(host.name, 200)
    return f"{name}: no machine has this name: correct the executor's hosts, or add it to ~/.ssh/config"


def _wrong_configuration(_host: SshHost, found: re.Match[str]) -> str:
    return f"ssh refuses its configuration: {label(found[0].strip(), 300)}"


def _old_python(host: SshHost, found: re.Match[str]) -> str:
    name, python = label(host.name, 200), label(host.python, 200)
    version = f" is Python {label(found[1], 30)}" if found[1] else " is too old"
    return f"{name}: {python} there{version}{_NAME_PYTHON}"


_SENTENCES: tuple[tuple[str, Callable[[SshHost, re.Match[str]], str]], ...] = (
    (r"host identification has changed", _changed_key),
    (r"host key verification failed|host key is known for", _unknown_key),
    (r"permission denied \(([^)]*)\)", _refused_login),
    (r"could not resolve hostname(?!.*temporary failure)", _unknown_name),
    (
        r"(bad configuration option|terminating, \d+ bad|bad owner or permissions on|unknown option --).*",
        _wrong_configuration,
    ),
    (r"dagtui: this is Python (\S*)", _old_python),
    (r"unknown option: -I()", _old_python),
)
"""What ssh or the far Python prints to standard error, and the sentence for it."""
