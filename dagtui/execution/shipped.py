"""The agent as one zip file, which any Python from 3.8 on executes: the far side of attempts on other machines.

The first start on a machine compiles its modules into a second zip file beside the first one, because compiling them
takes longer than all else that a start does.
"""

from __future__ import annotations

import io
import re
import zipfile
from _blake2 import blake2b  # hashlib's own; hashlib would load OpenSSL as well
from functools import lru_cache
from pathlib import Path

_ROOT = Path(__file__).parent.parent
_BEGINNING = (1980, 1, 1, 0, 0, 0)
"""The earliest time that a zip file can hold: equal sources make equal files."""
_LOCAL = (
    *("attempt", "call", "coerced_locale", "descriptors", "log_file", "memory_kills", "output_content", "ownership"),
    *("processes", "program_lookup", "spawn", "tagged_processes", "usage"),
)
_TEXT = ("amounts", "labels", "look", "notations", "redaction", "secrets", "terminals", "widths")
MODULES = (*(f"execution/local/{name}.py" for name in _LOCAL), *(f"text/{name}.py" for name in _TEXT))
"""Modules that the agent shares with the local executor. They are written in the language of Python 3.8."""
_PACKAGES = ("", "execution/", "execution/agent/", "execution/local/", "text/")
_VERSION = "dagtui/execution/agent/version.py"
_MAIN = "execution/agent/start_zip.py"
_TYPING = re.compile(r"^from typing import ([\w, ]+)$", re.MULTILINE)
_STAND_INS = {
    "TYPE_CHECKING": "TYPE_CHECKING = False",
    "cast": "cast = lambda _type, value: value",
    "overload": "overload = lambda function: function",
}
"""What modules need of `typing` when they are executed. Importing it would take as long as a start may."""


def sources() -> dict[str, bytes]:
    """Return the files of the agent by their names in the zip file."""
    found = {f"dagtui/{package}__init__.py": b"" for package in _PACKAGES}
    own = sorted(path.relative_to(_ROOT).as_posix() for path in (_ROOT / "execution/agent").glob("[!_]*.py"))
    for name in (*own, *MODULES):
        found[f"dagtui/{name}"] = _without_typing((_ROOT / name).read_text(encoding="utf-8")).encode()
    found["__main__.py"] = found.pop(f"dagtui/{_MAIN}")
    line = f'VERSION = "{_digest(found)}"'.encode()
    return found | {name: found[name].replace(b'VERSION = ""', line) for name in ("__main__.py", _VERSION)}


def _without_typing(source: str) -> str:
    def stand_in(match: re.Match[str]) -> str:
        names = [name.strip() for name in match[1].split(",")]
        return "; ".join(_STAND_INS[name] for name in names) if set(names) <= _STAND_INS.keys() else match[0]

    return _TYPING.sub(stand_in, source)


def _digest(files: dict[str, bytes]) -> str:
    return blake2b(repr(sorted(files.items())).encode(), digest_size=8).hexdigest()


@lru_cache
def agent() -> bytes:
    """Return the zip file."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in sources().items():
            archive.writestr(zipfile.ZipInfo(name, _BEGINNING), content)
    return file.getvalue()


def digest() -> str:
    """Return the digest of the zip file, by which a machine that receives it tells whether it is whole."""
    return blake2b(agent(), digest_size=8).hexdigest()


@lru_cache
def version() -> str:
    """Return the version that the agent has: agents of equal versions are equal."""
    return sources()[_VERSION].decode().split('"')[-2]
