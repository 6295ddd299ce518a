"""Reading logs for the screen: `python tests/benchmarks/log_reading.py`.

A log of a gigabyte is opened at its end, then indexed from its start, in turn with `wc -l`. A log of which a block of
rows was redrawn over and over is opened too, and read again after each frame, as a live one is.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

from dagtui.store.logs import LogReader

LINE = b"[%5d/99999] cc -O2 -Wall -c src/module_%d.c -o build/module_%d.o: warning: unused variable 'buffer'\n"
BLOCK = b"".join(LINE % (n, n, n) for n in range(10_000))
ROWS = 8
SCREEN = 50


def frame(number: int) -> bytes:
    """A frame of podman: up, erase everything below, draw the rows again."""
    up = b"\x1b[%dA\x1b[J" % ROWS if number else b""
    return up + b"".join(b"layer %d [%s] %d%%\n" % (row, b"=" * (number % 40), number % 100) for row in range(ROWS))


def opened(path: Path) -> tuple[float, float]:
    """Seconds of a processor until the last lines of a log are known, and seconds until all of it is indexed."""
    log = LogReader(path)
    began, began_work = time.perf_counter(), time.process_time()
    log.refresh(1_000_000)
    log.lines(log.line_count - SCREEN, SCREEN)
    at_end = time.process_time() - began_work
    while not log.complete:
        log.refresh()
    whole = time.perf_counter() - began
    log.close()
    return at_end, whole


def counted(path: Path) -> float:
    began = time.perf_counter()
    subprocess.run(["wc", "-l", path], stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - began


def live(path: Path, frames: int) -> float:
    """Seconds of a processor for each frame of a block that is redrawn while it is shown."""
    log = LogReader(path)
    took = []
    with path.open("ab") as file:
        for number in range(frames):
            file.write(frame(number))
            file.flush()
            began = time.process_time()
            log.refresh()
            log.lines(max(0, log.line_count - SCREEN), SCREEN)
            took.append(time.process_time() - began)
    log.close()
    return statistics.median(took)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--megabytes", type=int, default=1_000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        large, redrawn = Path(folder, "large"), Path(folder, "redrawn")
        with large.open("wb") as file:
            while file.tell() < options.megabytes * 1_000_000:
                file.write(BLOCK)
        redrawn.write_bytes(b"".join(map(frame, range(20_000))))
        ends, ratios, blocks = [], [], []
        for _ in range(options.rounds):
            at_end, whole = opened(large)
            ends.append(at_end)
            ratios.append(whole / counted(large))
            blocks.append(opened(redrawn)[0])
        lives = [live(Path(folder, f"live{number}"), 500) for number in range(options.rounds)]
        print(f"a log of {options.megabytes:,} MB at its end: {statistics.median(ends) * 1000:.1f} ms of a processor")
        print(f"all of it indexed: {statistics.median(ratios):.2f} × wc -l")
        size = redrawn.stat().st_size / 1e6
        block = statistics.median(blocks) * 1000
        print(f"a log of {size:.0f} MB of redrawn blocks at its end: {block:.1f} ms of a processor")
        print(f"one frame of a redrawn block, live: {statistics.median(lives) * 1000:.2f} ms of a processor")


if __name__ == "__main__":
    main()
