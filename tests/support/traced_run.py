"""A run of the whole program without a screen, whose nodes note what they do in a file."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def started(folder: Path, *words: str) -> subprocess.Popen[bytes]:
    """Start a run of `graph.toml` in a folder, where its output lies in `output`."""
    command = [sys.executable, "-m", "dagtui", "run", "graph.toml", *words]
    with open(folder / "output", "ab") as output:
        return subprocess.Popen(command, cwd=folder, stdout=output, stderr=output)


def trace(folder: Path) -> Counter[str]:
    """Return how often each word stands in the file `trace` of a folder."""
    path = folder / "trace"
    return Counter(path.read_text().split() if path.exists() else ())
