"""Footer of a log: how the attempt ended, and for a failed one all that helps to repeat it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from dagtui.engine.status import NodeStatus
from dagtui.engine.why import why
from dagtui.runs.wording import with_reason
from dagtui.text import block, cell_width, exact, exact_line, fit, label, plural
from dagtui.text.amounts import CellWidth
from dagtui.tui.graph.amounts import time_text
from dagtui.tui.lines.copied import Copied, altered, copied_below
from dagtui.tui.lines.rows import Role, Row, Span, row
from dagtui.tui.lines.theme import STATUS_CLASSES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dagtui.engine.messages import AttemptNumber
    from dagtui.graph.model import NodeIndex
    from dagtui.runs.attempts import AttemptResult
    from dagtui.runs.view import RunView
    from dagtui.text.amounts import ClockTime
    from dagtui.text.look import Look

COMMAND_CAP = 4_000
COMMAND_LINES = 3
COMMAND_CELLS = CellWidth(100)
"""A long command is truncated: the attempt's last output must not be pushed off the screen."""
LABEL_CELLS = CellWidth(10)
DEFINED_SINCE = "a reload changed the definition: what follows runs next"
"""Said of an attempt whose command is no longer known."""


class LogFooter:
    """The rows after an ended attempt's log: how it ended, and what the node waits for before the next attempt.

    They are built again only when what they show has changed.
    """

    def __init__(self, run: RunView, look: Look) -> None:
        self._run = run
        self._look = look
        self._shown: tuple[object, ...] = ()
        self._rows: list[Row] = []

    def forget(self) -> None:
        """Build the rows again: the run has another graph."""
        self._shown = ()

    def rows(self, node: NodeIndex, attempt: AttemptNumber, clock: ClockTime) -> Sequence[Row]:
        """Return the rows, or none while the attempt runs."""
        run = self._run
        result = run.attempts.result(node, attempt)
        if result is None:
            return ()
        status, latest = run.state.status_of(node), run.state.attempt[node]
        waits = "" if status.settled or attempt != latest else status_line(run, node, clock)
        shown = (node, result, run.state.base[node], waits)
        if shown != self._shown:
            self._shown = shown
            self._rows = result_rows(run, node, attempt, self._look)
            if waits:
                glyph = self._look.glyphs.statuses[status]
                self._rows += [row(), row(Span(f"{glyph} {waits}", STATUS_CLASSES[status]), indent=2)]
        return self._rows


def result_rows(run: RunView, node: NodeIndex, attempt: AttemptNumber, look: Look) -> list[Row]:
    """Return how an attempt ended, or nothing while it runs."""
    result = run.attempts.result(node, attempt)
    if result is None:
        return []
    if result.status is NodeStatus.FAILED:
        return _failure(run, node, result, look)
    glyph = look.glyphs.statuses[result.status]
    words = f"{glyph} {label(result.why) or result.status.word}{_after(result)}"
    return [row(), row(Span(words, STATUS_CLASSES[result.status]), indent=2)]


def failure_facts(run: RunView, node: NodeIndex, result: AttemptResult) -> list[tuple[str, str]]:
    """Return the facts about a failed attempt: names and values, in full and safe to paste."""
    command, cwd = run.as_run.command(node), run.as_run.cwd(node)
    path = run.log_path(node, result.attempt)
    facts = [
        ("since", DEFINED_SINCE if run.state.redefined.get(node, 0) >= result.attempt else ""),
        ("command", exact(command.text.strip("\n"))),
        ("template", exact(command.template.strip("\n"))),
        ("cwd", exact_line(cwd.text)),
        ("template", exact_line(cwd.template)),
        ("log", exact_line(path) if os.path.exists(path) else "none: no output"),
    ]
    return [(name, value) for name, value in facts if value]


def copied_failure(run: RunView, node: NodeIndex, attempt: AttemptNumber) -> Copied:
    """Return the block of a failed attempt for copying, or an empty one if it did not fail."""
    result = run.attempts.result(node, attempt)
    if result is None or result.status is not NodeStatus.FAILED:
        return Copied("")
    lines = [f"{label(run.graph.labels[node])}: {_headline(run, node, result)}"]
    lines += [copied_below(name, value, LABEL_CELLS) for name, value in failure_facts(run, node, result)]
    return Copied("\n".join(lines), altered(run.as_run.command(node)))


def _failure(run: RunView, node: NodeIndex, result: AttemptResult, look: Look) -> list[Row]:
    bar = Span(f"{look.glyphs.block} ", Role.BAD)
    glyph = look.glyphs.statuses[NodeStatus.FAILED]
    rows = [row(), row(Span(f"{glyph} {_headline(run, node, result)}", Role.BAD), indent=2, lead=bar)]
    for name, value in failure_facts(run, node, result):
        if name == "template":  # Details has it, and copying
            continue
        shown, left_out = label(from_graph(run, value) if name == "log" else value, 1000), ""
        if name == "command":
            shown, left_out = _beginning(value, look)
        for line in shown.split("\n"):
            rows.append(row(Span(f"{name:<{LABEL_CELLS}}", Role.MUTED), line, indent=LABEL_CELLS, lead=bar))
            name = ""  # noqa: PLW2901 - the following lines of a value stand below the first
        if left_out:
            rows.append(row(Span(" " * LABEL_CELLS + left_out, Role.MUTED), indent=LABEL_CELLS, lead=bar))
    return rows


def from_graph(run: RunView, path: str) -> str:
    """Return a path below the folder of the graph as seen from there, otherwise as it is."""
    folder = exact_line(run.graph.directory).rstrip(os.sep) + os.sep if run.graph.directory else ""
    return path.removeprefix(folder) if folder else path


def _beginning(command: str, look: Look) -> tuple[str, str]:
    """Return the recognisable beginning of a command, safe to show, and a remark about the rest."""
    lines = command.split("\n")
    kept: list[str] = []
    room = COMMAND_CELLS
    for line in lines[:COMMAND_LINES]:
        shown = block(line, COMMAND_CAP)
        kept.append(fit(shown, room, look))
        room -= cell_width(shown)
        if room <= 0:
            break
    is_whole = len(command) <= COMMAND_CAP
    if len(kept) < len(lines):
        where = "see Details" if is_whole else "copy it for the full text"
        return "\n".join(kept), f"and {plural(len(lines) - len(kept), 'more line')}: {where}"
    where = "see Details for the full text" if is_whole else "copy it for the full text"
    return "\n".join(kept), where if room < 0 else ""


def _headline(run: RunView, node: NodeIndex, result: AttemptResult) -> str:
    """Return `exit 1 after 3 m 05 s, attempt 2`, with the allowed attempts if the node has retries."""
    words = f"{label(result.why) or 'failed'}{_after(result)}"
    allowed = tries(run, node)
    if allowed == 1:
        return words
    of = f" of {allowed}" if result.attempt > run.state.base[node] else ""
    return f"{words}, attempt {result.attempt}{of}"


def _after(result: AttemptResult) -> str:
    took = time_text(result.seconds)
    return f" after {took}" if took else ""


def tries(run: RunView, node: NodeIndex) -> int:
    """Return the number of the last attempt that the current retry budget allows."""
    return run.state.base[node] + 1 + run.graph.task(node).retry.retries


def status_line(run: RunView, node: NodeIndex, clock: ClockTime) -> str:
    """Return status and reason in one line, safe to show."""
    status = run.state.status_of(node)
    reason = label(why(run.state, node, clock), 300)
    return with_reason(status.word, reason)
