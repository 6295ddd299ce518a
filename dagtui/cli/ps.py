"""`dagtui ps`: all live runs of this user, with their status."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from dagtui.cli.output import standard_output
from dagtui.cli.stderr import say
from dagtui.control.client import PATIENCE, connect
from dagtui.control.live import all_live
from dagtui.control.sockets import ControlError
from dagtui.engine.status import ALIVE, NodeStatus
from dagtui.report.status_text import asking_gates
from dagtui.text import cell_width, count, duration, fit, label, plural
from dagtui.text.amounts import CellWidth
from dagtui.text.labels import name_label

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dagtui.control.live import FoundRun
    from dagtui.text.look import Look

_TITLES = ("NAME", "RUN", "STATE", "ASKS", "SETTLED", "FAILED", "TIME", "SCREEN", "PROCESS", "GRAPH")
_NUMBERS = frozenset({"RUN", "SETTLED", "FAILED", "TIME", "PROCESS"})
"""Right-aligned columns."""
_NAMED = CellWidth(30)
"""The most cells of a gate's name."""
_LEAST = 8
"""Fewest cells in which a path is worth showing. With less room, the whole line is cut."""


@click.command(short_help="List all your live runs.")
@click.option("--json", "as_json", is_flag=True, help="A JSON array for machines.")
def ps(*, as_json: bool) -> None:
    """List your live runs of all graphs, newest first.

    The other commands on a live run take the value of the column GRAPH.
    """
    found = listed(all_live()[::-1])
    with standard_output() as output:
        if as_json:
            output.line(json.dumps([run.fields() for run in found]))
        elif found:
            width = output.columns
            lines = table(found, width, look=output.look)
            output.lines(lines if width is None else [fit(line, width, output.look) for line in lines])
    if not found and not as_json:
        say("no run is live; start one with: dagtui GRAPH.toml")


@dataclass(frozen=True, slots=True)
class Listed:
    """A live run and its status report."""

    run: FoundRun
    answer: Mapping[str, object]
    """Its status report, or an object with `error` if it can't be reached."""

    def cells(self) -> tuple[str, ...]:
        """Return the text of the columns, safe to show."""
        run, answer = self.run, self.answer
        elapsed = answer.get("elapsed")
        return (
            label(run.name or "?", 40),
            str(run.number or "?"),
            self._state(),
            self._asks(),
            self._settled(),
            self._failed(),
            duration(elapsed) if isinstance(elapsed, int | float) else "",
            run.screen.value if run.screen is not None else "",
            str(run.pid or "?"),
            label(run.graph or run.run_id, 4096),
        )

    def fields(self) -> dict[str, object]:
        """Return the JSON fields: the status report, and the process that has the run."""
        return {"run": self.run.run_id, "process": self.run.pid or None, **self.answer}

    def _state(self) -> str:
        answer = self.answer
        if "error" in answer:
            return label(answer["error"], 80)
        if answer.get("settled"):
            return label(answer.get("verdict"), 20)
        if answer.get("waits"):
            return "held up"
        if answer.get("paused"):
            return "paused"
        return "asks" if self._asks() and not any(map(self._amount, ALIVE)) else "running"

    def _asks(self) -> str:
        """Return the name of the only gate that waits for an answer, or how many they are."""
        first, number = asking_gates(self.answer)
        if number > 1:
            return plural(number, "gate")
        return name_label(first, _NAMED) if number else ""

    def _failed(self) -> str:
        """Return the number of failed nodes, those that were allowed to fail apart: "2, 1 allowed"."""
        allowed = self.answer.get("failed_allowed")
        allowed = allowed if isinstance(allowed, int) else 0
        others = self._amount(NodeStatus.FAILED) - allowed
        return ", ".join([count(others)] * bool(others) + [f"{count(allowed)} allowed"] * bool(allowed))

    def _settled(self) -> str:
        nodes = self.answer.get("nodes")
        if not isinstance(nodes, int):
            return ""
        settled = sum(self._amount(status) for status in NodeStatus if status.settled)
        return f"{count(settled)}/{count(nodes)}"

    def _amount(self, status: NodeStatus) -> int:
        counts = self.answer.get("counts")
        amount = counts.get(status.name, 0) if isinstance(counts, dict) else 0
        return amount if isinstance(amount, int) else 0


def listed(runs: Sequence[FoundRun]) -> list[Listed]:
    """Ask runs for their status."""
    return [Listed(run, status_of_run(run)) for run in runs]


def status_of_run(run: FoundRun) -> Mapping[str, object]:
    """Return a run's status report, or an object with `error` if it can't be reached."""
    if run.trouble:
        return {"run": run.run_id, "error": run.trouble}
    try:
        with connect(run.run_id) as client:
            client.send({"want": "status"})
            return client.receive(PATIENCE) or {"run": run.run_id, "error": "it has just ended"}
    except TimeoutError:
        return {"run": run.run_id, "error": "it does not answer"}
    except ControlError as error:
        return {"run": run.run_id, "error": str(error)}


def table(found: Sequence[Listed], width: CellWidth | None = None, *, look: Look) -> list[str]:
    """Return a heading and a line for each run, in columns. Empty columns are left out.

    A path that does not fit shows its end, which distinguishes it.
    """
    rows = [_TITLES, *(run.cells() for run in found)]
    shown = [at for at in range(len(_TITLES)) if any(row[at] for row in rows[1:])]
    widths = {at: max(cell_width(row[at]) for row in rows) for at in shown}
    last = shown.pop()
    lines = []
    for row in rows:
        begin = "".join(f"{_padded(row[at], widths[at], _TITLES[at])}  " for at in shown)
        room = None if width is None else width - cell_width(begin)
        lines.append(begin + (row[last] if room is None else _end_of(row[last], room, look)))
    return lines


def _end_of(text: str, width: CellWidth, look: Look) -> str:
    """Return the text if it fits, else an ellipsis and its end."""
    if cell_width(text) <= width or width < _LEAST:
        return text
    while cell_width(text) > width - 1:
        text = text[1:]
    return look.glyphs.cut + text


def _padded(text: str, width: CellWidth, title: str) -> str:
    blanks = " " * (width - cell_width(text))
    return blanks + text if title in _NUMBERS else text + blanks
