"""Measuring what running nodes use, for a widget that shows it: in a thread, once a second."""

from __future__ import annotations

from typing import TYPE_CHECKING

import anyio.to_thread

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from textual.widget import Widget

    from dagtui.graph.model import NodeIndex
    from dagtui.runs.live_figures import LiveFigures, UsageFindings
    from dagtui.runs.view import RunView


def measure(
    widget: Widget, run: RunView, nodes: Iterable[NodeIndex], then: Callable[[], object], *, output: bool = False
) -> None:
    """Measure nodes in flight unless that was done within this second, then call a function."""
    figures = run.live_figures
    question = figures.question(nodes, output=output) if figures is not None else None
    if figures is not None and question is not None:
        widget.run_worker(_measured(figures, question, then), group="live figures", exit_on_error=False)


async def _measured(figures: LiveFigures, question: Callable[[], UsageFindings], then: Callable[[], object]) -> None:
    figures.take(await anyio.to_thread.run_sync(question))
    then()
