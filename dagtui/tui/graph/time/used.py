"""What a node uses, beside its bars in the view Time: processors and memory, now or of its last attempt."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dagtui.engine.status import ALIVE
from dagtui.runs.live_figures import rates
from dagtui.text.amounts import LEAST_TIMED, CellWidth, size

if TYPE_CHECKING:
    from dagtui.graph.model import NodeIndex
    from dagtui.runs.view import RunView

CPU_CELLS: Final = 5
MEMORY_CELLS: Final = 7
USED_CELLS: Final = CellWidth(CPU_CELLS + 1 + MEMORY_CELLS)
HEAD: Final = f"{'cpu':>{CPU_CELLS}} {'memory':>{MEMORY_CELLS}}"


def used_words(run: RunView, node: NodeIndex) -> str:
    """Return the share of one processor and the memory of a node: while it runs, as of the last look."""
    cpu, memory = _used(run, node)
    share = "" if cpu is None else f"{cpu * 100:.0f} %"
    return f"{share:>{CPU_CELLS}} {size(memory) if memory else '':>{MEMORY_CELLS}}"


def _used(run: RunView, node: NodeIndex) -> tuple[float | None, int]:
    if run.state.status_of(node) in ALIVE:
        samples = run.live_figures.samples(node) if run.live_figures is not None else ()
        if not samples:
            return None, 0
        last = rates(samples[-2:])
        return last[-1].cpu if last else None, samples[-1].usage.memory
    results = run.attempts.of(node)
    if not results or results[-1].usage is None:
        return None, 0
    result, usage = results[-1], results[-1].usage
    return usage.cpu / result.seconds if result.seconds >= LEAST_TIMED else None, usage.memory
