"""Long lines of a log wrapped at spaces, against broken where a row is full: `python tests/benchmarks/log_rows.py`.

Both draw the same windows of 120×40 in turn. The last figure is what a move of the cursor by a line costs.
"""

from __future__ import annotations

import random
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).parents[1]))

import anyio
from tui.played_run import PlayedRun
from tui.widget_harness import mounted

from dagtui.graph.model import Graph, NodeIndex, ShellCommand, Task
from dagtui.text.amounts import ClockTime
from dagtui.text.widths import character_width
from dagtui.tui.lines.wrapping import word_breaks
from dagtui.tui.log import document
from dagtui.tui.log.pane import LogPane

if TYPE_CHECKING:
    from collections.abc import Callable

    from dagtui.tui.log.view import LogView

ROUNDS = 60
_CHANCE = random.Random(1)


def words(count: int, letters: str = "abcdefghij") -> str:
    return " ".join("".join(_CHANCE.choices(letters, k=_CHANCE.randrange(2, 12))) for _ in range(count))


LOGS = {
    "lines of 2,000 characters": lambda: "".join(f"{words(300)}\n" for _ in range(300)),
    "lines of 16,000 characters": lambda: "".join(f"{words(2_300)[:16_000]}\n" for _ in range(60)),
    "lines without spaces": lambda: f"{'x' * 15_000}\n" * 60,
    "wide characters": lambda: "".join(f"{words(300, '漢字かなab')}\n" for _ in range(200)),
}


def broken(text: str, width: int, _rest: int) -> list[int]:
    """Break a line as a terminal does: when a row is full."""
    if text.isascii():
        return list(range(0, len(text), width)) or [0]
    starts, used = [0], 0
    for index, character in enumerate(text):
        cells = character_width(character)
        if used + cells > width and index > starts[-1]:
            starts.append(index)
            used = 0
        used += cells
    return starts


def seconds_of(act: Callable[[], object]) -> float:
    began = time.process_time()
    act()
    return time.process_time() - began


def draw(view: LogView) -> None:
    """Draw a window of which nothing is known yet."""
    view.document.forget()
    view.drawing.forget()
    view.draw(*view.size)


async def measure(name: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        play = PlayedRun(Graph(["a"], [], tasks=[Task("a", ShellCommand("x"))]), Path(folder))
        play.start("a")
        play.prints("a", LOGS[name]().encode())
        async with mounted(LogPane(play.session()), (120, 40)) as pane:
            pane.show(NodeIndex(0))
            await anyio.sleep(0.1)  # its layout
            pane.flush(ClockTime(0.0))
            pane.move(-1)
            ratios = []
            for _ in range(ROUNDS):
                document.word_breaks = broken
                floor = seconds_of(lambda: draw(pane.view))
                document.word_breaks = word_breaks
                ratios.append(seconds_of(lambda: draw(pane.view)) / floor)
            moves = [seconds_of(lambda: pane.move(-1)) for _ in range(ROUNDS // 2)]
    print(f"{name}: {statistics.median(ratios):.2f}; a move {statistics.median(moves) * 1e3:.2f} ms")


if __name__ == "__main__":
    for one in LOGS:
        anyio.run(measure, one)
