"""`dagtui logs --grep`: print the lines of a run's logs that match."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from dagtui.cli.output import standard_output
from dagtui.cli.stderr import fail, say
from dagtui.engine.messages import FIRST_ATTEMPT
from dagtui.report.log_search import search_run
from dagtui.report.node_log import nodes_of
from dagtui.store.regular_queries import compiled, fault, matching_text, regular
from dagtui.text import count, label

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dagtui.cli.output import Output
    from dagtui.report.log_search import MatchingLog
    from dagtui.store.directory import RunDirectory
    from dagtui.store.log_queries import Query

NOTHING_FOUND = 1
"""The exit status if nothing matches."""
_HEADING, _NUMBER = "1", "2"
"""SGR codes."""


def grep(run: RunDirectory, pattern: str, words: str | None, *, only_count: bool, as_json: bool) -> bool:
    """Print what matches in the logs of a run. Return whether anything did. Raises StoreError and ChoiceError."""
    expression, query = _query(pattern)
    found = False
    with standard_output() as output:
        for log in search_run(run, query, None if words is None else nodes_of(run, words)):
            found = True
            lines = _objects(log, expression) if as_json else _lines(log, expression, output)
            output.lines(_counted(log) if only_count else lines)
    if not found:
        say(f"dagtui: no line in the logs of run {run.number} matches {label(pattern)}")
    return found


def _query(pattern: str) -> tuple[re.Pattern[str], Query]:
    try:
        return compiled(pattern), regular(pattern)
    except re.error as error:
        fail(
            f"dagtui logs: {label(pattern)} is not a regular expression: {fault(error)}\n"
            "  put a backslash before a character that stands for itself"
        )


def _name(log: MatchingLog) -> str:
    attempt = "" if log.attempt == FIRST_ATTEMPT else f" attempt {log.attempt}"
    return f"{label(log.node)}{attempt}"


def _counted(log: MatchingLog) -> Iterator[str]:
    yield f"{count(sum(1 for _ in log.lines)):>8}  {_name(log)}"


def _objects(log: MatchingLog, expression: re.Pattern[str]) -> Iterator[str]:
    for number, line, _ in log.lines:
        text, _ = matching_text(expression, line)
        yield json.dumps({"node": log.node, "attempt": log.attempt, "line": number, "text": text})


def _lines(log: MatchingLog, expression: re.Pattern[str], output: Output) -> Iterator[str]:
    """Yield the lines below their node's name on a terminal, and after it elsewhere, as ripgrep does."""
    name, look = _name(log), output.look
    if output.is_terminal:
        yield look.painted(name, _HEADING)
    for number, line, _ in log.lines:
        text, _ = matching_text(expression, line)
        yield f"{look.painted(f'{number:>6}', _NUMBER)}  {text}" if output.is_terminal else f"{name}:{number}:{text}"
