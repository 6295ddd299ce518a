"""What the nodes of training.toml do: write data, measure it, fit models. They hand values on by $DAGTUI_OUTPUT."""

from __future__ import annotations

import os
import random
import statistics
import sys
from pathlib import Path

FOLDER = Path("training")
TRAIN, TEST = FOLDER / "train.txt", FOLDER / "test.txt"
SLOPE, OFFSET = 3.0, -1.0
TESTED = 5
"""Every fifth row is for the test."""


def hand_on(**values: object) -> None:
    """Write values for the tasks below."""
    with open(os.environ.get("DAGTUI_OUTPUT", os.devnull), "a", encoding="utf-8") as file:
        file.writelines(f"{name}={value}\n" for name, value in values.items())


def read(path: Path) -> list[tuple[float, float]]:
    """Return the points in a file."""
    rows = (line.split() for line in path.read_text(encoding="utf-8").splitlines())
    return [(float(x), float(y)) for x, y in rows]


def data(rows: str, noise: str) -> None:
    """Write points near a line, most for the training and some for the test."""
    chance, count = random.Random(1), int(rows)
    FOLDER.mkdir(exist_ok=True)
    points = [(x, SLOPE * x + OFFSET + chance.gauss(0, float(noise))) for x in (chance.random() for _ in range(count))]
    train = [point for at, point in enumerate(points) if at % TESTED]
    for path, chosen in ((TEST, points[::TESTED]), (TRAIN, train)):
        path.write_text("".join(f"{x} {y}\n" for x, y in chosen), encoding="utf-8")
    hand_on(rows=count)
    print(f"{count:,} rows in {FOLDER}")


def scale() -> None:
    """Measure how the points lie."""
    found = [x for x, _ in read(TRAIN)]
    mean, deviation = statistics.fmean(found), statistics.pstdev(found)
    hand_on(mean=round(mean, 6), deviation=round(deviation, 6))
    print(f"mean {mean:.3f}, deviation {deviation:.3f}")


def train(model: str, rate: str, steps: str) -> None:
    """Fit a line by gradient descent, and write its loss."""
    mean, deviation = float(os.environ["MEAN"]), float(os.environ["DEVIATION"])
    points = [((x - mean) / deviation, y) for x, y in read(TRAIN)]
    slope = offset = 0.0
    for _ in range(int(steps)):
        errors = [(x, slope * x + offset - y) for x, y in points]
        slope -= 2 * float(rate) * statistics.fmean(x * error for x, error in errors)
        offset -= 2 * float(rate) * statistics.fmean(error for _, error in errors)
    loss = statistics.fmean((slope * (x - mean) / deviation + offset - y) ** 2 for x, y in read(TEST))
    (FOLDER / f"{model}.loss").write_text(f"{loss:.6f}\n", encoding="utf-8")
    hand_on(slope=slope, offset=offset, loss=loss)
    print(f"{model}: loss {loss:.6f}")


if __name__ == "__main__":
    {"data": data, "scale": scale, "train": train}[sys.argv[1]](*sys.argv[2:])
