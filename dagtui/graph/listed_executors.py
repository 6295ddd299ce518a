"""All executors that a graph can name, for what lists or tries them. Its tasks may be wrong."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

from dagtui.graph.check.diagnostics import Diagnostics
from dagtui.graph.check.suggestions import did_you_mean
from dagtui.graph.errors import GraphError, Problem, quoted
from dagtui.graph.executor_tables import read_tables, user_executors
from dagtui.graph.expressions.parameters import read_params
from dagtui.graph.model import LOCAL
from dagtui.graph.placing import Around, executor_named
from dagtui.graph.run_settings import RunSettings
from dagtui.graph.toml import parse
from dagtui.text import label

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from dagtui.graph.executors import ExecutorSettings


class ListedExecutors(NamedTuple):
    """The executors of a graph's own file, those of the user, and what is wrong with their tables."""

    known: Mapping[str, ExecutorSettings]
    """Those of the graph count before those of the user."""
    problems: tuple[Problem, ...]


def listed_executors(path: Path | None) -> ListedExecutors:
    """Read the executors that a graph can name. Of its file, only they are read. Raises GraphError if it is not TOML.

    Without a graph, they are those of the user.
    """
    user = user_executors()
    if path is None:
        return ListedExecutors(user.known, user.problems)
    tables, text, diagnostics = _document(path)
    own = read_tables(_table(tables, "executors"), diagnostics)
    problems = diagnostics.error(text, label(path)).problems if diagnostics else ()
    return ListedExecutors({**user.known, **own}, (*problems, *user.problems))


def find_executor(name: str, path: Path | None, environment: Mapping[str, str]) -> ExecutorSettings | None:
    """Return an executor as the tasks of a graph would have it, with its directory. None: this machine.

    Raises GraphError if there is no such executor, or if its table is wrong.
    """
    if name == LOCAL:
        return None
    tables, text, diagnostics = ({}, "", Diagnostics()) if path is None else _document(path)
    own = read_tables(_table(tables, "executors"), diagnostics)
    user = user_executors()
    if name not in {*own, *user.known, *diagnostics.lost.executors, *user.lost} and not user.problems:
        hint = did_you_mean(name, [*own, *user.known]) or "dagtui executors lists them"
        raise GraphError([Problem(f"there is no executor {quoted(name)}", label(path or user.path, 4096), hint=hint)])
    params = read_params(Diagnostics(), dict(_table(tables, "params")), {})
    named = tables.get("name")
    graph = named if isinstance(named, str) else path.stem if path is not None else "graph"
    place = path if path is not None else user.path
    around = Around(tables, place, graph, params, environment, RunSettings(), diagnostics, name)
    found = executor_named(name, own, around)
    if found is None:
        raise diagnostics.error(text, label(place, 4096))
    return found


def _document(path: Path) -> tuple[dict[str, object], str, Diagnostics]:
    shown = label(path)
    text = parse.decode(parse.read_bytes(path, shown), shown)
    return parse.parse(text, shown).tables, text, Diagnostics()


def _table(tables: Mapping[str, object], key: str) -> Mapping[str, object]:
    found = tables.get(key)
    return found if isinstance(found, dict) else {}


def folder_for(settings: ExecutorSettings, path: Path | None) -> str:
    """Return the folder of this machine that an executor shares with the other side, or would share."""
    from dagtui.graph.executors import ExecutorKind

    if settings.kind is ExecutorKind.SLURM and settings.directory:
        return settings.directory
    return os.path.dirname(os.path.abspath(path)) if path is not None else os.getcwd()
