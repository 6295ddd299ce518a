"""What reading a person's settings adds to opening a screen: the file, its keys, and what is imported for it.

Each round is a new process for each file, which has loaded a graph and imported the screen as a session has, and then
reads: no file, one line, all settings with the keys of 30 actions. `--rounds N` sets the number of rounds.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[2]
BUDGET = 1.0
"""Milliseconds."""
ROUND = r"""
import sys, time
from pathlib import Path
from dagtui.graph.loading import load_text
import dagtui.tui.app
from dagtui.tui.actions.table import ACTIONS
load_text(b'version = 1\n[tasks.a]\nrun = "true"\n', "graph.toml")  # as any session has done
took = []
for _ in range(2):
    began = time.perf_counter()
    from dagtui.settings.loading import read_settings
    from dagtui.tui.screen_options import own_keys, settings_notice
    file = read_settings(Path(sys.argv[1]))
    assert settings_notice(file, own_keys(ACTIONS, file)) is None
    took.append(1000 * (time.perf_counter() - began))
print(*took)
"""
ALL = """
theme = "light"
view = "nodes"
mouse = true
bell = true
notify = true
sizes = { left = 50, lower = false }
[keys]
"""


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rounds", type=int, default=15)
    rounds = options.parse_args().rounds
    with tempfile.TemporaryDirectory() as folder:
        files = {name: Path(folder, f"{name}.toml") for name in ("none", "one", "all")}
        files["one"].write_text('theme = "light"\n', encoding="utf-8")
        files["all"].write_text(ALL + "".join(_keys()), encoding="utf-8")
        found: dict[str, list[tuple[float, float]]] = {name: [] for name in files}
        for number in range(rounds + 1):  # the first one compiles the modules, as an installation does
            for name, path in files.items():
                took = _round(path, Path(folder))
                if number:
                    found[name].append(took)
    print(f"milliseconds to read the settings, medians of {rounds} processes: with imports, without")
    medians = {name: [statistics.median(column) for column in zip(*took, strict=True)] for name, took in found.items()}
    for name, (first, again) in medians.items():
        print(f"{name:<5} {first:6.3f} {again:6.3f}")
    worst = max(again for _, again in medians.values())
    print(f"budget without imports {BUDGET} ms: {'kept' if worst <= BUDGET else 'MISSED'}")


def _round(path: Path, folder: Path) -> tuple[float, float]:
    """Return the milliseconds of the first reading in a process, and those of the next one."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    environment |= {"PYTHONPYCACHEPREFIX": str(folder / "compiled"), "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", ROUND, str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT, env=environment)
    first, next_one = map(float, done.stdout.split())
    return first, next_one


def _keys() -> list[str]:
    from dagtui.tui.actions.table import ACTIONS

    free = [chr(0x3B1 + at) for at in range(30)]
    return [f'"{action.id}" = "{key}"\n' for action, key in zip(ACTIONS, free, strict=False)]


if __name__ == "__main__":
    main()
