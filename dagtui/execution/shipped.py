"""The agent as one zip file, which any Python from 3.8 on executes: the far side of attempts on other machines."""

from __future__ import annotations

import io
import zipfile
from _blake2 import blake2b  # hashlib's own; hashlib would load OpenSSL as well
from functools import lru_cache
from pathlib import Path

_ROOT = Path(__file__).parent.parent
_BEGINNING = (1980, 1, 1, 0, 0, 0)
"""The earliest time that a zip file can hold: equal sources make equal files."""
MODULES = (
    *(
        f"execution/local/{name}.py"
        for name in (
            "attempt",
            "call",
            "coerced_locale",
            "descriptors",
            "log_file",
            "memory_kills",
            "output_content",
            "ownership",
            "processes",
            "program_lookup",
            "spawn",
            "usage",
        )
    ),
    *(
        f"text/{name}.py"
        for name in ("amounts", "labels", "look", "notations", "redaction", "secrets", "terminals", "widths")
    ),
)
"""Modules that the agent shares with the local executor. They are written in the language of Python 3.8."""
_PACKAGES = ("", "execution/", "execution/agent/", "execution/local/", "text/")
_MAIN = """\
import sys
if sys.version_info < (3, 8):
    here = (sys.executable,) + tuple(sys.version_info[:2])
    sys.exit("dagtui agent: Python 3.8 or newer is needed on this machine, and %s is %d.%d" % here)
from dagtui.execution.agent.main import main
main()
"""


def sources() -> dict[str, bytes]:
    """Return the files of the agent by their names in the zip file."""
    found = {f"dagtui/{package}__init__.py": b"" for package in _PACKAGES}
    for path in sorted((_ROOT / "execution/agent").glob("*.py")):
        if path.name != "__init__.py":
            found[f"dagtui/execution/agent/{path.name}"] = path.read_bytes()
    for name in MODULES:
        found[f"dagtui/{name}"] = (_ROOT / name).read_bytes()
    found["__main__.py"] = _MAIN.encode()
    return found


@lru_cache
def agent() -> bytes:
    """Return the zip file."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in sources().items():
            archive.writestr(zipfile.ZipInfo(name, _BEGINNING), content)
    return file.getvalue()


@lru_cache
def version() -> str:
    """Return a name for this agent. Agents of equal versions are equal."""
    return blake2b(agent(), digest_size=8).hexdigest()
