"""Successes that run twice after `kill -9` of a run that has just begun: `python tests/benchmarks/early_kills.py`.

The first node of each run ends well at once. The run is killed a random time later, while the program may still be
importing its event loop, and is resumed. What counts is how often the first node ran again; the right number is 0.
"""

from __future__ import annotations

import argparse
import os
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

GRAPH = """version = 1
[tasks.load]
run = "sh -c 'echo $$ >> trace'"
[tasks.long]
needs = ["load"]
run = "until [ -e on ]; do sleep 0.02; done"
"""
COMMAND = [sys.executable, "-m", "dagtui", "run", "graph.toml"]


def has_ended(trace: Path) -> bool:
    """Whether the first node's process is gone, or about to be reaped."""
    if not trace.exists() or not (words := trace.read_text().split()):
        return False
    try:
        return Path(f"/proc/{words[0]}/stat").read_text().rpartition(")")[2].split()[0] in "ZX"
    except OSError:
        return True


def kill_early(folder: Path, delay: float) -> bool:
    """Whether the first node runs again when a run is resumed that was killed so many seconds after its end."""
    (folder / "graph.toml").write_text(GRAPH)
    with subprocess.Popen(COMMAND, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as running:
        while not has_ended(folder / "trace"):
            pass
        time.sleep(delay)  # the moment of the kill is what is tried
        running.kill()
    (folder / "on").touch()
    subprocess.run([*COMMAND, "--resume"], cwd=folder, check=True, capture_output=True)
    return len((folder / "trace").read_text().split()) > 1


def main() -> None:
    """Print how many there were."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    delays = random.Random(arguments.seed)
    doubled = 0
    for _ in range(arguments.kills):
        with tempfile.TemporaryDirectory() as folder:
            doubled += kill_early(Path(folder), delays.uniform(0, 0.12))
    print(f"{doubled} of {arguments.kills} successes ran twice")


if __name__ == "__main__":
    os.environ["PYTHONPATH"] = str(Path(__file__).parents[2])
    main()
