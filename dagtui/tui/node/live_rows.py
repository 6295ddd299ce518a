"""What a node uses while it runs, as rows of its details: bars for processors, memory and output."""

from __future__ import annotations

import os
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from dagtui.engine.status import ALIVE
from dagtui.runs.live_figures import rates
from dagtui.runs.processors import processors
from dagtui.text import plural
from dagtui.text.amounts import size
from dagtui.tui.graph.pace import sparkline
from dagtui.tui.lines.rows import Span, muted
from dagtui.tui.lines.theme import STATUS_CLASSES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from dagtui.graph.model import NodeIndex
    from dagtui.runs.view import RunView
    from dagtui.text.look import Look

BARS: Final = 30
"""The most bars of a line."""
NOT_TOLD: Final = "this system does not tell what running nodes use"
_FINE: Final = 1_000
"""Parts of one processor, or of a line in a second, that bars tell apart."""


def live_rows(run: RunView, node: NodeIndex, look: Look) -> Iterator[tuple[str, Sequence[Span]]]:
    """Yield names and what stands behind them. Nothing, if the node was not looked at while it ran."""
    figures, state = run.live_figures, run.state
    if figures is None:
        return
    is_alive = state.status_of(node) in ALIVE
    if is_alive and not figures.tells:
        yield "in use", [muted(NOT_TOLD)]
        return
    samples = figures.samples(node)
    if not samples:
        return
    role, found, last = STATUS_CLASSES[state.status_of(node)], rates(samples), samples[-1].usage

    def line(name: str, numbers: Sequence[int], words: str) -> tuple[str, Sequence[Span]]:
        bars = sparkline(binned(numbers, BARS, max), look.glyphs.levels)
        return name, [Span(f"{bars:<{min(BARS, len(numbers))}}", role), Span(f"  {words}" if bars else words)]

    if found:
        most = processors()
        busy = found[-1].cpu if is_alive else sum(rate.cpu for rate in found) / len(found)
        words = f"{busy:.2f} of {plural(most, 'processor')}"
        yield line("cpu", [round(rate.cpu * _FINE) for rate in found], words if is_alive else f"{words} on average")
    peak = max(sample.usage.memory for sample in samples)
    words = f"{size(last.memory)} of {size(_machine_memory())}" if is_alive else f"at most {size(peak)} when looked at"
    yield line("memory", [sample.usage.memory for sample in samples], words)
    if any(rate.lines for rate in found):
        words = f"{plural(round(found[-1].lines), 'line')} a second" if is_alive else ""
        yield line("output", [round(rate.lines * _FINE) for rate in found], words)
    if is_alive and (last.read or last.written):
        yield "disk", [Span(f"read {size(last.read)}, wrote {size(last.written)}")]


def binned(numbers: Sequence[int], most: int, of: Callable[[Sequence[int]], int]) -> list[int]:
    """Return at most some numbers, each of which stands for neighbours."""
    if len(numbers) <= most:
        return list(numbers)
    edges = [place * len(numbers) // most for place in range(most + 1)]
    return [of(numbers[begin:end]) for begin, end in pairwise(edges)]


def _machine_memory() -> int:
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGESIZE")
