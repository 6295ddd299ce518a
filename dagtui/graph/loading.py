"""Read a graph file: from TOML to a checked Graph, or to one report of everything that is wrong."""

from __future__ import annotations

import gc
import os
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dagtui.graph.check.diagnostics import Diagnostics, Origins
from dagtui.graph.check.tasks import check_finally, check_tasks
from dagtui.graph.edges import Wiring
from dagtui.graph.errors import CycleError, GraphError, ValueProblem, quoted, subject
from dagtui.graph.expressions.parameters import read_params
from dagtui.graph.expressions.placeholders import PlaceholderCheck
from dagtui.graph.key_values import read_env
from dagtui.graph.keys import DOCUMENT, RUN
from dagtui.graph.layout import NodeCells, lay_out
from dagtui.graph.model import Graph
from dagtui.graph.run_settings import RunSettings
from dagtui.graph.tasks import TaskReader
from dagtui.graph.toml import parse, values
from dagtui.text import label

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from dagtui.graph.env_files import EnvFiles
    from dagtui.graph.expressions.condition_check import ConditionCheck
    from dagtui.graph.includes import Includes, Including
    from dagtui.graph.layout import GraphLayout
    from dagtui.graph.model import ParameterValue, Task
    from dagtui.graph.placing import Placed
    from dagtui.graph.pools import Pool

    _NeedsCheck = PlaceholderCheck | ConditionCheck

_NO_PARAMETERS: Mapping[str, str] = {}
_NOTHING_EDITED: Mapping[str, bytes] = {}
VERSION = 1
EXECUTOR_GIVEN = "executor"
"""The key of `[run]` that only the record of a run has: the executor that the call named for all tasks."""


def load(
    path: Path | str,
    parameters: Mapping[str, str] = _NO_PARAMETERS,
    environment: Mapping[str, str] | None = None,
    edited: Mapping[str, bytes] = _NOTHING_EDITED,
    executor: str = "",
) -> Graph:
    """Read a graph file and check all of it. Nothing is executed or imported.

    Args:
        path: The graph file.
        parameters: Values that replace the defaults of `[params]`, by name, as on the command line.
        environment: Variables of the run. Each `{{ env.NAME }}` must be in it or have a default. If None, this is not
            checked.
        edited: Contents that are read in place of the graph file's, or of those that it includes, by the real path.
        executor: The executor that all tasks run on but those whose own `executor` is "local". Empty: as they state.

    Returns:
        The graph, with one node for each task or cell of a matrix.

    Raises:
        GraphError: The file can't be read or is wrong. `problems` has every problem, `str()` gives the report.

    Example:
        >>> graph = load("graph.toml", {"samples": "100"})
        >>> graph.labels
        ['fetch', 'train[seed=1]', 'train[seed=2]', 'report']
    """
    content = edited.get(os.path.realpath(path)) if edited else None
    if content is None:
        content = parse.read_bytes(Path(path), label(path))
    graph = load_text(content, path, parameters, environment, edited, executor)
    graph.digest = parse.digest_of(content)
    return graph


def load_text(
    content: bytes | str,
    path: Path | str,
    parameters: Mapping[str, str] = _NO_PARAMETERS,
    environment: Mapping[str, str] | None = None,
    edited: Mapping[str, bytes] = _NOTHING_EDITED,
    executor: str = "",
) -> Graph:
    """Read the content of a graph file that is, or will be, at `path`, otherwise like `load`. Raises GraphError."""
    shown = label(path)
    with without_garbage_collection():
        text = parse.decode(content, shown) if isinstance(content, bytes) else content.replace("\r\n", "\n")
        document = parse.parse(text, shown)
        around = None
        if edited or executor:
            from dagtui.graph.includes import Including

            around = Including(edited=edited, executor=executor)
        return _Loading(document, text, Path(path), around).graph(parameters, environment)


def load_recorded(path: Path, content: bytes | None = None) -> Graph:
    """Read the resolved graph of a run, whose content may be known already. Raises GraphError.

    It stands for itself, so no other file is read.
    """
    shown = label(path)
    with without_garbage_collection():
        text = parse.decode(parse.read_bytes(path, shown) if content is None else content, shown)
        return _RecordedLoading(parse.parse(text, shown), text, path).graph({}, None)


@contextmanager
def without_garbage_collection() -> Iterator[None]:
    """Suspend garbage collection, which would scan the many new objects again and again and find no cycles."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


class _Loading:
    """One document on its way to a graph."""

    _is_recorded = False

    def __init__(self, document: parse.TomlDocument, text: str, path: Path, around: Including | None = None) -> None:
        """Read a document. `around` are the files that include it, or None."""
        self._document = document.tables
        self._task_lines = document.lines
        self._text = text
        self._path = path
        self._around = around
        self._diagnostics = Diagnostics() if around is None else Diagnostics(around.prefix)
        self._executor_given = "" if around is None else around.executor

    def graph(self, parameters: Mapping[str, str], environment: Mapping[str, str] | None) -> Graph:
        if self._is_newer():
            raise self._error(parameters)
        if not self._document.keys() <= DOCUMENT.keys():
            from dagtui.graph.check.unknown_keys import check_document

            check_document(self._diagnostics, self._document)
        name = self._name()
        includes = self._includes()
        own = parameters if includes is None else includes.given(parameters)
        params = read_params(self._diagnostics, self._table("params"), own)
        settings = self._settings()
        env_files = self._env_files(settings, params)
        read = {} if env_files is None else env_files.variables
        if read and environment is not None:
            environment = {**read, **environment}
        reader = TaskReader(
            self._diagnostics, params, self._env(), self._table("defaults"), self._path.parent, self._executor_given
        )
        tasks = self._tasks(reader)
        if includes is not None:
            includes.load(_load_included, parameters, environment)
            includes.check_own(tasks, params)
            tasks, params, settings = [*includes.tasks, *tasks], params | includes.params, includes.settings(settings)
            read = {**includes.variables, **read}
            environment = None if environment is None else {**read, **environment}
        pools = self._pools(tasks, () if includes is None else includes.pools)
        placed = self._placed(tasks, reader, includes, name, params, environment, settings)
        if placed is not None:
            tasks = placed.tasks
        layout = lay_out(tasks, reader.broken, self._diagnostics)
        origins = Origins(self._document, tasks)
        wiring = Wiring(layout, params, self._diagnostics, origins)
        connected = wiring.connect(reader.broken)
        placeholders = PlaceholderCheck(layout, params, environment, self._diagnostics, origins)
        placeholders.check(reader.broken)
        if any(task.inputs or task.outputs for task in tasks):
            variables = environment if environment is not None else {**read, **os.environ}
            wiring.link_files(tasks, self._path.parent, variables, reader.broken, settings.state)
        check_tasks(self._diagnostics, tasks, settings, origins, wiring.files)
        checks: list[_NeedsCheck] = [placeholders, *self._conditions(layout, params, origins, reader.broken)]
        self._check_secrets(settings, environment, params, tasks)
        graph = self._build(layout, wiring, name, params, parameters, settings) if connected else None
        if graph is not None:
            for check in checks:
                check.check_needs(graph)
            check_finally(self._diagnostics, graph, origins)
            self._check_default(graph)
            graph.pools, graph.variables, graph.file_edges = pools, read, wiring.file_edges
            graph.sources, graph.remarks = reader.sheets, () if includes is None else tuple(includes.remarks)
            if placed is not None:
                graph.executors, graph.remarks = placed.executors, (*graph.remarks, *placed.remarks)
            graph.executor_given = self._executor_given
            for others in (env_files, includes):
                graph.sources = graph.sources if others is None else {**others.sources, **graph.sources}
        if graph is None or self._diagnostics:
            raise self._error(parameters)
        return graph

    def _includes(self) -> Includes | None:
        """Read which files are included. None if there are none."""
        if "include" not in self._document:
            return None
        from dagtui.graph.includes import Includes, Including

        return Includes(self._document["include"], self._path, self._diagnostics, self._around or Including())

    def _env_files(self, settings: RunSettings, params: Mapping[str, ParameterValue]) -> EnvFiles | None:
        """Read the files of variables. None if there are none."""
        if not settings.env_file:
            return None
        from dagtui.graph.env_files import EnvFiles

        found = EnvFiles(self._path.parent, self._diagnostics)
        found.read(settings.env_file, params)
        return found

    def _conditions(
        self, layout: GraphLayout, params: Mapping[str, ParameterValue], origins: Origins, broken: set[str]
    ) -> list[ConditionCheck]:
        """Check the conditions of tasks. Return the check of what they read of others. Most graphs have none."""
        if not any(task.condition for task in layout.tasks):
            return []
        from dagtui.graph.expressions.condition_check import ConditionCheck

        found = ConditionCheck(layout, params, self._diagnostics, origins)
        found.check(broken)
        return [found]

    def _check_secrets(
        self,
        settings: RunSettings,
        environment: Mapping[str, str] | None,
        params: Mapping[str, ParameterValue],
        tasks: list[Task],
    ) -> None:
        """Record names in `secrets` of `[run]` that mean nothing here."""
        if environment is not None and settings.secrets:
            from dagtui.graph.secrets import check_known

            check_known(self._diagnostics, settings.secrets, (environment, params), tasks)

    def _check_default(self, graph: Graph) -> None:
        if graph.settings.default:
            from dagtui.graph.check.default_nodes import check_default

            check_default(self._diagnostics, graph)

    def _error(self, parameters: Mapping[str, str]) -> GraphError:
        from dagtui.graph.redacted import redacted_error

        error = self._diagnostics.error(self._text, label(self._path))
        return redacted_error(error, self._document, self._text, label(self._path), parameters)

    def _is_newer(self) -> bool:
        """Check the version. Return whether it is one whose keys are not known here."""
        version = self._document.get("version")
        if version is None:
            self._diagnostics.key(("version",), '"version" is missing', 'begin the file with "version = 1"')
        elif type(version) is not int or version != VERSION:
            self._diagnostics.value(("version",), f"only version {VERSION} is supported", f"write version = {VERSION}")
        return type(version) is int and version > VERSION

    def _name(self) -> str:
        name = self._document.get("name", None)
        if name is None:
            return self._path.stem or "graph"
        try:
            return values.name(values.text(name))
        except ValueProblem as wrong:
            self._diagnostics.wrong(("name",), wrong, quoted("name"))
            return "graph"

    def _table(self, key: str) -> dict[str, object]:
        try:
            table = self._document.get(key, {})
            several = key == "tasks" and isinstance(table, list)
            return values.table(table, "write [tasks.NAME] for each of them" if several else f"write [{key}]")
        except ValueProblem as wrong:
            self._diagnostics.wrong((key,), wrong, quoted(key))
            from dagtui.graph.check.unknown_keys import lose_table

            lose_table(self._diagnostics.lost, key)
            return {}

    def _env(self) -> dict[str, str]:
        try:
            return read_env(self._table("env"))
        except ValueProblem as wrong:
            self._diagnostics.wrong(("env",), wrong, subject("env", wrong))
            self._diagnostics.lost.all_variables = True
            return {}

    def _settings(self) -> RunSettings:
        table = self._table("run")
        if not table.keys() <= RUN.keys():
            from dagtui.graph.check.unknown_keys import check_run

            check_run(self._diagnostics, table)
        found: dict[str, Any] = {}
        for name, key in RUN.items():
            if name not in table:
                continue
            try:
                found[name] = key.read(table[name])
            except ValueProblem as wrong:
                self._diagnostics.wrong(("run", name), wrong, quoted(f"run.{name}"))
                self._diagnostics.lost.all_variables |= name == "env_file"
        return RunSettings(**found)

    def _tasks(self, reader: TaskReader) -> list[Task]:
        tables = self._table("tasks")
        lost = self._diagnostics.lost
        if not tables and not lost.all_tasks and not lost.tasks and not self._document.get("include"):
            self._diagnostics.key(("tasks",), "there are no tasks", 'write [tasks.NAME], then run = "command"')
        lines = self._lines(tables)
        tasks: list[Task] = []
        for name, table in tables.items():
            at = ("tasks", name)
            try:
                values.name(name)
            except ValueProblem as wrong:
                self._diagnostics.wrong_name(at, wrong, "a task")
                lost.tasks.add(name)
                continue
            if isinstance(table, dict):
                tasks.append(reader.read(name, table, lines.get(name, 0)))
            else:
                from dagtui.graph.check.unknown_keys import written

                hint = f'write [tasks.{written(name)}], then run = "command"'
                self._diagnostics.value(at, f"task {quoted(name)} must be a table, not {values.kind(table)}", hint)
                lost.tasks.add(name)
        return tasks

    def _lines(self, tables: dict[str, object]) -> dict[str, int]:
        lines = self._task_lines
        missing = [name for name in tables if name not in lines]
        if missing:
            from dagtui.graph.toml.positions import lines_of_tasks

            lines.update(lines_of_tasks(self._text, missing))
        return lines

    def _pools(self, tasks: list[Task], included: Sequence[Pool]) -> tuple[Pool, ...]:
        """Read `[pools]`, and check what tasks want of them."""
        table = self._table("pools")
        if not table and not included and not any(task.pools for task in tasks):
            return ()
        from dagtui.graph.pool_values import read_pools

        return read_pools(table, included, tasks, self._document, self._diagnostics)

    def _placed(
        self,
        tasks: list[Task],
        reader: TaskReader,
        includes: Includes | None,
        name: str,
        params: Mapping[str, ParameterValue],
        environment: Mapping[str, str] | None,
        settings: RunSettings,
    ) -> Placed | None:
        """Read `[executors]`, and put tasks on them. None if there is nothing but this machine."""
        table = self._table("executors")
        if not table and not reader.names_executors and (includes is None or not includes.names_executors):
            return None
        from dagtui.graph.placing import Around, place

        included = {} if includes is None else includes.executors
        around = Around(
            self._document,
            self._path,
            name,
            params,
            environment,
            settings,
            self._diagnostics,
            self._executor_given,
            is_included=self._around is not None and bool(self._around.files),
            is_recorded=self._is_recorded,
        )
        return place(tasks, table, included, around)

    def _build(
        self,
        layout: GraphLayout,
        wiring: Wiring,
        name: str,
        params: dict[str, ParameterValue],
        given: Mapping[str, str],
        settings: RunSettings,
    ) -> Graph | None:
        labels = layout.labels()
        if len(set(labels)) < len(labels):
            from dagtui.graph.check.nodes import same_names

            same_names(self._diagnostics, labels, layout)
            return None
        try:
            return Graph(
                labels,
                wiring.edges(),
                name=name,
                path=self._path,
                directory=self._path.parent.absolute(),
                tasks=layout.tasks,
                task_of=layout.task_of(),
                cells=NodeCells(layout) if layout.cells else None,
                params=params,
                given=dict(given),
                settings=settings,
            )
        except CycleError as error:
            from dagtui.graph.check.nodes import cycle

            cycle(self._diagnostics, error, layout, Origins(self._document, layout.tasks), wiring.files)
            return None


class _RecordedLoading(_Loading):
    """The resolved graph of a run on its way to a graph. Its environment is known to the run only."""

    _is_recorded = True

    def graph(self, parameters: Mapping[str, str], environment: Mapping[str, str] | None) -> Graph:
        run = self._document.get("run")
        given = run.pop(EXECUTOR_GIVEN, "") if isinstance(run, dict) else ""
        graph = super().graph(parameters, environment)
        graph.executor_given = given if isinstance(given, str) else ""
        return graph

    def _env_files(self, settings: RunSettings, params: Mapping[str, ParameterValue]) -> None:
        """Read no files of variables, which may be gone."""


def _load_included(
    content: bytes, path: Path, parameters: Mapping[str, str], environment: Mapping[str, str] | None, around: Including
) -> Graph:
    """Read the content of an included file. Raises GraphError."""
    shown = label(path)
    text = parse.decode(content, shown)
    return _Loading(parse.parse(text, shown), text, path, around).graph(parameters, environment)
