"""Redact secrets in errors of a graph file, which is read before there is a run that redacts anything."""

from __future__ import annotations

import dataclasses
from itertools import islice
from typing import TYPE_CHECKING

from dagtui.graph.errors import GraphError
from dagtui.graph.expressions.templates import value_text
from dagtui.graph.secrets import MOST_VALUES
from dagtui.text.secrets import LEAST, Secrets

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from dagtui.graph.errors import Problem

_LONGEST = 10_000
"""Characters of a value that is searched for, so that a file that is not a graph does not cost much."""


def redacted_error(
    error: GraphError, document: Mapping[str, object], text: str, path: str, given: Mapping[str, str]
) -> GraphError:
    """Return the error without the values that the document, or the call, gives to what `run.secrets` names.

    No excerpt is shown of a line that contains one.
    """
    values = {value for value in _values(document, given) if LEAST <= len(value.strip()) <= _LONGEST}
    secrets = Secrets(islice(values, MOST_VALUES))
    if not secrets:
        return error
    lines = text.split("\n")
    return GraphError([_redacted_problem(problem, lines, secrets, path) for problem in error.problems], error.more)


def _redacted_problem(problem: Problem, lines: list[str], secrets: Secrets, path: str) -> Problem:
    line = lines[problem.line - 1] if 0 < problem.line <= len(lines) else ""
    has_secret = secrets.mask(line) != line or problem.path != path  # the lines of other files are not known
    return dataclasses.replace(
        problem,
        message=secrets.mask(problem.message),
        hint=secrets.mask(problem.hint),
        excerpt="" if has_secret else problem.excerpt,
    )


def _values(document: Mapping[str, object], given: Mapping[str, str]) -> Iterator[str]:
    names = _table(document, "run").get("secrets")
    if not isinstance(names, list):
        return
    wanted = {name for name in names if isinstance(name, str)}
    tasks = [task for task in _table(document, "tasks").values() if isinstance(task, dict)]
    tables = [_table(document, "params"), given]
    tables += [_table(holder, "env") for holder in (document, _table(document, "defaults"), *tasks)]
    for table in tables:
        for name, value in table.items():
            if name in wanted:
                yield from _texts_of(value)
    yield from (part.strip() for name in wanted & given.keys() for part in given[name].split(","))  # of a list


def _texts_of(value: object) -> Iterator[str]:
    """Yield the texts of a value: of a list its elements, of a declared parameter its default and its choices."""
    if isinstance(value, list):
        for entry in value:
            yield from _texts_of(entry)
    elif isinstance(value, dict):
        for key in ("default", "choices"):
            if not isinstance(value.get(key), dict):
                yield from _texts_of(value.get(key))
    elif isinstance(value, str | int | float) and "{{" not in str(value):
        yield value_text(value)


def _table(holder: Mapping[str, object], key: str) -> Mapping[str, object]:
    table = holder.get(key)
    return table if isinstance(table, dict) else {}
