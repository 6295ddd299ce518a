"""What it takes to read a graph, and to hold a large one: `python tests/benchmarks/check.py`.

The first part is `dagtui check` as a whole, with the interpreter's start, against nothing but tomllib's parse of the
same file; both in seconds of the processor, which other programs on the machine hardly change. The second is what
`check` takes at most of memory for a matrix of a million nodes in which each node needs another one. Rounds go in turn;
figures are medians.
"""

from __future__ import annotations

import argparse
import os
import random
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

CHECK = [sys.executable, "-m", "dagtui", "check"]
PARSE = """
import sys, time, tomllib
text = open(sys.argv[1], encoding="utf-8").read()
began = time.process_time()
tomllib.loads(text)
print(time.process_time() - began)
"""


def write_tasks(path: Path, nodes: int) -> None:
    """A file with a table for each node; each needs up to three of the two hundred before it."""
    chance = random.Random(1)
    with path.open("w") as file:
        file.write("version = 1\n")
        for node in range(nodes):
            parents = {chance.randrange(max(0, node - 200), node) for _ in range(chance.randint(0, 3))} if node else ()
            file.write(f'\n[tasks.t{node}]\nrun = "true {node}"\n')
            if parents:
                file.write(f"needs = {[f't{parent}' for parent in sorted(parents)]}\n")


def write_matrix(path: Path) -> None:
    """Two tasks of half a million cells each."""
    axes = "\n".join(f"{axis} = {list(range(size))}" for axis, size in (("x", 1000), ("y", 500)))
    path.write_text(
        f'version = 1\n[tasks.first]\nrun = "true"\n[tasks.first.matrix]\n{axes}\n[tasks.second]\nrun = "true"\n'
        f'needs = ["first[x={{{{ matrix.x }}}},y={{{{ matrix.y }}}}]"]\n[tasks.second.matrix]\n{axes}\n'
    )


def measured(command: list[str]) -> tuple[float, float]:
    """Seconds of the processor, and megabytes at most, of a program that ends well."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"{command} ended with {process.returncode}")
    return used.ru_utime + used.ru_stime, used.ru_maxrss / (1024 if sys.platform == "linux" else 1024**2)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--nodes", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        tasks, matrix = Path(folder, "tasks.toml"), Path(folder, "matrix.toml")
        write_tasks(tasks, options.nodes)
        write_matrix(matrix)
        checks, parses, memory = [], [], []
        for _ in range(options.rounds):
            checks.append(measured([*CHECK, str(tasks)])[0])
            parse = subprocess.run([sys.executable, "-c", PARSE, str(tasks)], capture_output=True, check=True)
            parses.append(float(parse.stdout))
            memory.append(measured([*CHECK, str(matrix)]))
    ratio = statistics.median(check / parse for check, parse in zip(checks, parses, strict=True))
    print(
        f"{options.nodes:,} tasks: check {statistics.median(checks):.2f} s, tomllib {statistics.median(parses):.2f} s"
    )
    print(f"check / tomllib: {ratio:.2f}")
    print(f"1,000,000 nodes of a matrix: {max(size for _, size in memory):.0f} MB, {memory[0][0]:.2f} s")


if __name__ == "__main__":
    main()
