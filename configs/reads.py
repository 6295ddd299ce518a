"""What the nodes of reads.toml do: simulate reads, count bases in them, print a table."""

from __future__ import annotations

import os
import random
import sys
from pathlib import Path

READS = {"small": 200, "large": 20_000}
LENGTH = 100
FOLDER = Path(os.environ.get("DAGTUI_RUN_DIR", ".")) / "reads"


def simulate(sample: str, seed: str, gc: str, size: str) -> None:
    """Write random reads with a share of G and C."""
    chance, share = random.Random(seed), float(gc) / 2
    weights = [0.5 - share, share, share, 0.5 - share]
    FOLDER.mkdir(exist_ok=True)
    lines = ("".join(chance.choices("ACGT", weights, k=LENGTH)) for _ in range(READS[size]))
    (FOLDER / f"{sample}.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    print(f"{sample}: {READS[size]:,} reads")


def count(sample: str, base: str) -> None:
    """Count one base in the reads of a sample."""
    found = (FOLDER / f"{sample}.txt").read_text(encoding="utf-8").count(base)
    (FOLDER / f"{sample}.{base}").write_text(str(found), encoding="utf-8")
    print(f"{sample}: {base} {found:,} times")


def report(*bases: str) -> None:
    """Print the counts of all samples."""
    print("sample".ljust(12), *(base.rjust(9) for base in bases))
    for path in sorted(FOLDER.glob("*.txt")):
        counts = [int((FOLDER / f"{path.stem}.{base}").read_text(encoding="utf-8")) for base in bases]
        print(path.stem.ljust(12), *(f"{found:9,}" for found in counts))


if __name__ == "__main__":
    {"simulate": simulate, "count": count, "report": report}[sys.argv[1]](*sys.argv[2:])
