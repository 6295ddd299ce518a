"""The program as a person or a script calls it."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from support.fork_server import call_in_fork

if TYPE_CHECKING:
    from collections.abc import Mapping

DAGTUI = [sys.executable, "-m", "dagtui"]
ENVIRONMENT = {
    **{key: value for key, value in os.environ.items() if key not in {"NO_COLOR", "FORCE_COLOR"}},
    "PYTHONPATH": str(Path(__file__).parents[2]),
}
BEFORE_PYTHON = ("LANG", "LC_", "PYTHON")
"""Variables that the interpreter reads when it starts."""
SHELL = ["bash", "-c"]


def call(
    *words: object, cwd: Path | None = None, env: Mapping[str, str] | None = None, **options: object
) -> subprocess.CompletedProcess[str]:
    """Call the program with words. `env` is added to the environment.

    It starts an interpreter only if the options or the environment are about that.
    """
    environment = {**ENVIRONMENT, **(env or {})}
    if not options and not any(key.startswith(BEFORE_PYTHON) for key in env or ()):
        return call_in_fork(list(map(str, words)), os.fspath(cwd or os.getcwd()), environment)
    command = [*DAGTUI, *map(str, words)]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=120, env=environment, **options)


def on_a_terminal(*words: str, cwd: Path) -> bytes:
    """What the program writes to a terminal; it must end well."""
    terminal, end = pty.openpty()
    with subprocess.Popen([*DAGTUI, *words], cwd=cwd, stdout=end, stderr=end, env=ENVIRONMENT) as it:
        os.close(end)
        output = b""
        while True:
            try:
                piece = os.read(terminal, 65536)
            except OSError:  # all ends of the terminal are closed
                break
            if not piece:
                break
            output += piece
    os.close(terminal)
    assert it.returncode == 0, output
    return output


def shell(line: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """A line of bash in which `dagtui` is this program."""
    line = f'dagtui() {{ "{sys.executable}" -m dagtui "$@"; }}; {line}'
    return subprocess.run([*SHELL, line], cwd=cwd, capture_output=True, text=True, timeout=120, env=ENVIRONMENT)


def strict(text: str) -> object:
    """JSON as the standard has it: without NaN and Infinity."""

    def refuse(word: str) -> None:
        raise ValueError(f"{word} is no JSON")

    return json.loads(text, parse_constant=refuse)


def write(folder: Path, text: str, name: str = "graph.toml") -> Path:
    path = folder / name
    path.write_text("version = 1\n" + text, encoding="utf-8")
    return path
