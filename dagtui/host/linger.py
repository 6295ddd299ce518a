"""Warn if logging out would end a run: logind can be configured to kill all processes of a user."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_FOLDERS = ("etc/systemd", "run/systemd", "usr/local/lib/systemd", "usr/lib/systemd")
"""Folders that may hold logind.conf: the first one counts. Drop-ins of all folders override it (logind.conf(5))."""
_SETTING = re.compile(r"^\s*(#?)\s*(KillUserProcesses|KillExcludeUsers|KillOnlyUsers)\s*=\s*(.*?)\s*$")
_YES = frozenset({"1", "yes", "y", "true", "t", "on"})


def advice(environment: Mapping[str, str], user: str, root: Path = Path("/")) -> str:
    """Return a warning if a run started over SSH would be killed at logout, or an empty string.

    Reads files only. What they do not say counts as harmless.
    """
    if not environment.get("SSH_CONNECTION") or not os.path.isdir(root / "run/systemd/system"):
        return ""
    if os.path.exists(root / "var/lib/systemd/linger" / user):
        return ""
    settings = _settings(root)
    only, excluded = settings.get("KillOnlyUsers", "").split(), settings.get("KillExcludeUsers", "root").split()
    if settings.get("KillUserProcesses", "").lower() not in _YES or user in excluded or (only and user not in only):
        return ""
    return "this machine ends all your processes at logout, including runs; to keep them: loginctl enable-linger"


def _settings(root: Path) -> dict[str, str]:
    found: dict[str, str] = {}
    for path in _files(root):
        try:
            lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
        except OSError:
            continue
        for line in lines:
            match = _SETTING.match(line)
            # The distributed file lists the compiled-in defaults in comments.
            if match and (not match[1] or (path.name == "logind.conf" and match[2] not in found)):
                found[match[2]] = match[3]
    return found


def _files(root: Path) -> Iterator[Path]:
    """Yield the files in order of precedence, lowest first."""
    main = next(
        (root / folder / "logind.conf" for folder in _FOLDERS if os.path.isfile(root / folder / "logind.conf")), None
    )
    if main is not None:
        yield main
    drop_ins: dict[str, Path] = {}
    for folder in reversed(_FOLDERS):
        for path in (root / folder / "logind.conf.d").glob("*.conf"):
            drop_ins[path.name] = path
    for name in sorted(drop_ins):
        yield drop_ins[name]
