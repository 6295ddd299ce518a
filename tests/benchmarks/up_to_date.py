"""Runs that have nothing to do, and reading files for the first time: `python tests/benchmarks/up_to_date.py`.

`remembered` judges FILES unchanged files: those of one pattern by the judge alone, and as the inputs of as many nodes
in a whole run. `cold` reads files that were never read, against `sha256sum` in as many processes. `nothing to do` is a
whole run of nodes of which each reads the file of the one before, in chains of ten, against ninja (and go-task, if
there is one) on the same graph. Rounds go in turn; figures are medians, and ratios are those of pairs.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from dagtui.execution.files.digests import granularity
from dagtui.execution.files.fingerprints import Fingerprints
from dagtui.execution.files.looked_at import FileReader
from dagtui.graph.files.paths import PathSpelling
from dagtui.runs.processors import processors

if TYPE_CHECKING:
    from collections.abc import Callable

DAGTUI = [sys.executable, "-m", "dagtui", "run", "--fresh"]
LENGTH = 10
"""Nodes of a chain."""


def seconds_of(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def called(command: list[str], folder: Path) -> float:
    """Seconds of a program that ends well."""
    return seconds_of(lambda: subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL))


def show(name: str, seconds: list[float], base: list[float] | None = None) -> None:
    ratio = ""
    if base is not None:
        pairs = [other / one for one, other in zip(seconds, base, strict=True)]
        ratio = f"  {statistics.median(pairs):.2f} x the speed"
    print(f"  {name:<44} {statistics.median(seconds):>8.3f} s{ratio}", flush=True)


def write_files(folder: Path, files: int, size: int) -> None:
    content = os.urandom(size)
    for number in range(files):
        path = folder / str(number % 100) / f"{number}.bin"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(number.to_bytes(8, "big") + content[8:])


def settle() -> None:
    """Let files grow older than the granularity of a file system's clock."""
    time.sleep(2 * granularity(os.stat(__file__)) / 1e9)


def remembered(folder: Path, files: int, rounds: int) -> None:
    print(f"remembered: {files:,} unchanged files")
    write_files(folder / "in", files, 16)
    settle()
    memory = Fingerprints(folder / "fingerprints", 1)
    reader = FileReader(str(folder), memory, processors())
    path = PathSpelling(folder).input("", "in/*/*.bin")
    show("first look, all are read", [seconds_of(lambda: reader.look([path], bool, may_read=True))])
    show("one pattern", [seconds_of(lambda: reader.look([path], bool, may_read=False)) for _ in range(rounds)])
    (folder / "graph.toml").write_text(
        'version = 1\n[tasks.x]\nrun = "true"\ninputs = ["in/{{ matrix.folder }}/{{ matrix.n }}.bin"]\n'
        '[tasks.x.matrix]\nfrom = "cells.tsv"\n'
    )
    cells = "".join(f"{number % 100}\t{number}\n" for number in range(files))
    (folder / "cells.tsv").write_text(f"folder\tn\n{cells}")
    show("a node for each, first run", [called([*DAGTUI, "graph.toml"], folder)])
    show("a node for each", [called([*DAGTUI, "graph.toml"], folder) for _ in range(rounds)])


def cold(folder: Path, rounds: int) -> None:
    threads = processors()
    for files, size in ((32, 32 << 20), (20_000, 16 << 10)):
        print(f"cold: {files:,} files of {size >> 10:,} KiB, {threads} threads")
        write_files(folder / "cold", files, size)
        names = [str(path) for path in sorted((folder / "cold").rglob("*.bin"))]
        (folder / "names").write_text("\n".join(names))
        command = [
            "xargs",
            "-a",
            "names",
            "-P",
            str(threads),
            "-n",
            str(max(1, len(names) // threads // 4)),
            "sha256sum",
        ]
        path = PathSpelling(folder).input("", "cold/")
        ours, theirs = [], []
        for number in range(rounds):
            theirs.append(called(command, folder))
            reader = FileReader(str(folder), Fingerprints(folder / f"cold-{files}-{number}", 1), threads)
            ours.append(seconds_of(partial(reader.look, [path], bool, may_read=True)))
        show("sha256sum", theirs)
        show("dagtui", ours, theirs)
        shutil.rmtree(folder / "cold")


def write_chains(folder: Path, nodes: int) -> None:
    tasks, rules, go = ["version = 1\n"], ["rule cp\n  command = cp $in $out\n"], ["version: '3'\ntasks:\n"]
    last = []
    for number in range(nodes):
        before, after = (f"f{number - 1}" if number % LENGTH else "source"), f"f{number}"
        tasks.append(f'[tasks.n{number}]\nrun = "cp {before} {after}"\ninputs = ["{before}"]\noutputs = ["{after}"]\n')
        rules.append(f"build {after}: cp {before}\n")
        needs = f"    deps: [n{number - 1}]\n" if number % LENGTH else ""
        go.append(
            f"  n{number}:\n{needs}    sources: [{before}]\n    generates: [{after}]\n    cmds: [cp {before} {after}]\n"
        )
        if number % LENGTH == LENGTH - 1 or number == nodes - 1:
            last.append(f"n{number}")
    go.append(f"  default:\n    deps: [{', '.join(last)}]\n")
    (folder / "source").write_text("x")
    (folder / "graph.toml").write_text("".join(tasks))
    (folder / "build.ninja").write_text("".join(rules))
    (folder / "Taskfile.yml").write_text("".join(go))


def nothing_to_do(folder: Path, nodes: int, rounds: int) -> None:
    print(f"nothing to do: {nodes:,} nodes in chains of {LENGTH}")
    programs = {"dagtui": [*DAGTUI, "graph.toml"], "ninja": ["ninja"], "go-task": ["task", "--silent"]}
    found: dict[str, list[float]] = {}
    places = {}
    for name, command in programs.items():
        if shutil.which(command[0]) is None:
            continue
        places[name] = folder / name
        places[name].mkdir()
        write_chains(places[name], nodes)
        settle()
        called(command, places[name])
        found[name] = []
    for _ in range(rounds):
        for name, place in places.items():
            found[name].append(called(programs[name], place))
    for name, seconds in found.items():
        show(name, seconds, None if name == "dagtui" else found["dagtui"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=100_000)
    parser.add_argument("--nodes", type=int, default=2_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", choices=["remembered", "cold", "nothing"])
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if given.only in {None, "remembered"}:
            remembered(folder, given.files, given.rounds)
        if given.only in {None, "cold"}:
            cold(folder, given.rounds)
        if given.only in {None, "nothing"}:
            nothing_to_do(folder, given.nodes, given.rounds)


if __name__ == "__main__":
    main()
