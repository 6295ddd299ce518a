"""What a node takes in most runs, as rows of its details: the usual time, the last runs, and what is not as usual."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dagtui.engine.status import NodeStatus
from dagtui.report.stats import cpu_share, usually
from dagtui.runs.usual import took_in, usual_of
from dagtui.text import plural
from dagtui.text.amounts import size, time_taken
from dagtui.tui.lines.rows import Role, Span, muted
from dagtui.tui.lines.theme import STATUS_CLASSES

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dagtui.graph.model import NodeIndex
    from dagtui.runs.usual import Took, Usual
    from dagtui.runs.view import RunView
    from dagtui.text.look import Look

MOST_BARS: Final = 20
"""The most of the last runs that are drawn."""


def usual_rows(run: RunView, node: NodeIndex, look: Look) -> Iterator[tuple[str, Sequence[Span]]]:
    """Yield names and what stands behind them. Nothing, if the node was executed in none of the last runs."""
    took = took_in(run.past or (), run.graph.labels[node], but=run.number)
    if not took:
        return
    usual = usual_of(took)
    yield "usual", [Span(_usual_words(usual))]
    yield "last runs", _bars(took[-MOST_BARS:], usual, look)
    for name, found in (("", usual.flaky), ("", usual.change)):
        if found is not None:
            yield name, [Span(found.words, Role.WARNING)]


def _usual_words(usual: Usual) -> str:
    words = [usually(usual)] if usual.seconds is not None else []
    if share := cpu_share(usual):
        words.append(f"cpu {share}")
    if usual.memory:
        words.append(f"peak memory {size(usual.memory)}")
    if usual.rests_on:
        words.append(f"from {plural(usual.rests_on, 'run')}")
    if usual.succeeded < len(usual.took):
        words.append(f"{usual.succeeded or 'none'} of {plural(len(usual.took), 'run')} succeeded")
    return ", ".join(words)


def _bars(took: Sequence[Took], usual: Usual, look: Look) -> list[Span]:
    """Return a bar for each run, oldest first: its height is the time, and a failure has its sign."""
    levels = look.glyphs.levels
    longest = max((one.seconds for one in took if one.succeeded), default=0.0)
    spans: list[Span] = []
    for one in took:
        if one.succeeded:
            height = max(1, round(one.seconds / longest * (len(levels) - 1))) if longest else 1
            spans.append(Span(levels[height], STATUS_CLASSES[NodeStatus.COMPLETED]))
        else:
            spans.append(Span(look.glyphs.statuses[one.outcome], STATUS_CLASSES[one.outcome]))
    times = f"   runs {took[0].run} to {took[-1].run}" if len(took) > 1 else f"   run {took[0].run}"
    return [*spans, muted(f"{times}, slowest {time_taken(usual.slowest)}" if usual.succeeded else times)]
