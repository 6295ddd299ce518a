"""What nodes took in the last runs: a table for people, an object for machines."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final, NamedTuple

from dagtui.runs.usual import took_in, usual_of
from dagtui.text import cell_width, duration, plural
from dagtui.text.amounts import LEAST_TIMED, CellWidth, size, time_taken
from dagtui.text.labels import name_label

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from dagtui.runs.usual import Took, Usual
    from dagtui.store.run_figures import RunFigures
    from dagtui.text.amounts import Seconds
    from dagtui.text.look import Look

_NAME_CELLS: Final = 60
_LEAST_CELLS: Final = 16
_HEADS: Final = ("runs", "done", "usual", "slowest", "cpu", "memory")
_LEFT_OUT: Final = (3, 4, 5, 0)
"""The places of what is left out, in this order, where a terminal is too narrow for all."""


class NodeStats(NamedTuple):
    """One row: a node and what it usually takes."""

    name: str
    usual: Usual


def stats_of(runs: Sequence[RunFigures], names: Iterable[str]) -> list[NodeStats]:
    """Return what nodes usually take: flaky ones first, then those that have become slower or faster."""
    found = [NodeStats(name, usual_of(took)) for name in names if (took := took_in(runs, name))]
    return sorted(found, key=lambda row: _rank(row.usual))


def _rank(usual: Usual) -> int:
    if usual.flaky is not None:
        return 0
    return 2 if usual.change is None else 1


def give_or_take(seconds: Seconds, spread: Seconds) -> str:
    """Format a time and its spread, in one unit where both are short: 7.8 s ± 0.4, 3 m 05 s ± 12 s."""
    if seconds < 10 and spread < 10:
        return f"{duration(seconds)} ± {duration(spread).removesuffix(' s')}"
    if seconds < 60 and spread < 60:
        return f"{duration(seconds)} ± {spread:.0f}" if spread >= 1 else f"{duration(seconds)} ± {spread:.1f}"
    return f"{duration(seconds)} ± {duration(spread)}"


def cpu_share(usual: Usual) -> str:
    """Format how much of one processor a node usually takes. Empty if that says nothing."""
    if usual.cpu is None or usual.seconds is None or usual.seconds < LEAST_TIMED:
        return ""
    return f"{usual.cpu / usual.seconds * 100:.0f} %"


def trend(usual: Usual) -> str:
    """Say what is not as usual: "flaky: 3 of 10, slower by 40 % since run 12"."""
    return ", ".join(found.words for found in (usual.flaky, usual.change) if found is not None)


def stats_lines(
    runs: Sequence[RunFigures], rows: Sequence[NodeStats], columns: CellWidth | None, look: Look
) -> Iterator[str]:
    """Yield the table, in which names get shorter where the terminal has few columns. All of it is safe to show."""
    table = [_HEADS, *(_cells(row.usual) for row in rows)]
    trends = ["", *(trend(row.usual) for row in rows)]
    widths = [max(len(cells[at]) for cells in table) for at in range(len(_HEADS))]
    shown, room = list(range(len(_HEADS))), _NAME_CELLS
    for left_out in (-1, *_LEFT_OUT):  # what a terminal has no room for
        shown = [at for at in shown if at != left_out]
        others = sum(widths[at] + 2 for at in shown) + 2 + max(map(len, trends))
        room = _NAME_CELLS if columns is None else min(_NAME_CELLS, columns - others)
        if room >= _LEAST_CELLS:
            break
    room = max(_LEAST_CELLS, room)
    names = [name_label(row.name, CellWidth(room), look) for row in rows]
    width = max(map(cell_width, [*names, "node"]))
    for name, cells, words in zip(["node", *names], table, trends, strict=True):
        padded = (f"{cells[at]:>{widths[at]}}" for at in shown)
        yield f"{name}{' ' * (width - cell_width(name))}  {'  '.join(padded)}  {words}".rstrip()
    first, last = runs[0].number, runs[-1].number
    told = f"run {first}" if first == last else f"runs {first} to {last}"
    yield f"{plural(len(rows), 'node')}, {told}; ±: how far off 4 of 5 successes are at most"


def _cells(usual: Usual) -> tuple[str, ...]:
    return (
        str(len(usual.took)),
        f"{int(usual.rate * 100)} %",
        usually(usual),
        time_taken(usual.slowest) if usual.succeeded else "",
        cpu_share(usual),
        size(usual.memory) if usual.memory else "",
    )


def usually(usual: Usual) -> str:
    """Format what a node usually takes. A single success has no spread: nothing is known of it."""
    if usual.seconds is None:
        return "never"
    if usual.seconds + usual.spread < LEAST_TIMED:
        return time_taken(usual.seconds)
    return give_or_take(usual.seconds, usual.spread) if usual.succeeded > 1 else duration(usual.seconds)


def stats_json(graph_file: str, runs: Sequence[RunFigures], rows: Sequence[NodeStats]) -> Iterator[str]:
    """Yield the lines of one object, a line for each node, in ASCII."""
    head = json.dumps({"graph": graph_file, "runs": [run.number for run in runs]})
    yield f'{head[:-1]}, "nodes": ['
    for at, row in enumerate(rows):
        yield json.dumps(_object(row)) + ("," if at + 1 < len(rows) else "")
    yield "]}"


def _object(row: NodeStats) -> dict[str, object]:
    usual = row.usual
    flaky, change = usual.flaky, usual.change
    return {
        "node": row.name,
        "runs": len(usual.took),
        "succeeded": usual.succeeded,
        "rate": round(usual.rate, 4),
        "usual": None if usual.seconds is None else round(usual.seconds, 3),
        "spread": round(usual.spread, 3),
        "slowest": round(usual.slowest, 3),
        "cpu": None if usual.cpu is None else round(usual.cpu, 3),
        "memory": usual.memory or None,
        "flaky": None if flaky is None else {"failed": flaky.failed, "of": flaky.runs},
        "change": None if change is None else {"since": change.since, "share": round(change.share, 3)},
        "last": [_took(one) for one in usual.took],
    }


def _took(one: Took) -> dict[str, object]:
    return {
        "run": one.run,
        "status": one.outcome.name,
        "failures": one.failures,
        "seconds": round(one.seconds, 3),
        "cpu": None if one.cpu < 0 else round(one.cpu, 3),
        "memory": one.memory or None,
    }
