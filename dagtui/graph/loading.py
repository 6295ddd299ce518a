"""Reading a graph file: TOML in, a checked Graph out, or one report of everything that is wrong."""

from __future__ import annotations

import gc
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from dagtui.graph import keys, reading, values
from dagtui.graph.errors import Wrong, quoted
from dagtui.graph.findings import Findings
from dagtui.graph.layout import Layout, NodeCells, check_size
from dagtui.graph.model import CycleError, Graph, RunSettings
from dagtui.graph.origins import Origins
from dagtui.graph.parameters import read_params
from dagtui.graph.placeholders import PlaceholderCheck
from dagtui.graph.positions import locate, task_lines
from dagtui.graph.tasks import MOST_SLOTS, TaskReader, read_env, subject
from dagtui.graph.wiring import Wiring
from dagtui.text import label

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from dagtui.graph.model import Task, Value

_NO_PARAMETERS: Mapping[str, str] = {}
VERSION = 1


def load(path: Path | str, parameters: Mapping[str, str] = _NO_PARAMETERS) -> Graph:
    """Read a graph file; `parameters` replace the defaults of `[params]`; raises GraphError.

    Nothing is executed or imported. The reader of the standard library does the parsing, most of the time it takes.
    """
    shown = label(path)
    return load_text(reading.read_bytes(Path(path), shown), path, parameters)


def load_text(content: bytes | str, path: Path | str, parameters: Mapping[str, str] = _NO_PARAMETERS) -> Graph:
    """Read the content of a graph file that lies, or will lie, at `path`; raises GraphError."""
    shown = label(path)
    with _without_garbage_collection():
        text = reading.decode(content, shown) if isinstance(content, bytes) else content.replace("\r\n", "\n")
        document = reading.parse(text, shown)
        return _Loading(document, text, Path(path)).graph(parameters)


@contextmanager
def _without_garbage_collection() -> Iterator[None]:
    """Loading makes many objects and no cycles of them: collecting would only look at all of them again and again."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


class _Loading:
    """One document on its way to a graph."""

    def __init__(self, document: dict[str, object], text: str, path: Path) -> None:
        self._document = document
        self._text = text
        self._path = path
        self._findings = Findings()

    def graph(self, parameters: Mapping[str, str]) -> Graph:
        self._version()
        keys.check_keys(self._findings, (), self._document, keys.DOCUMENT, keys.RESERVED_DOCUMENT)
        name = self._name()
        params = read_params(self._findings, self._table("params"), parameters)
        settings = self._settings()
        reader = TaskReader(self._findings, self._env(), self._table("defaults"))
        tasks = self._tasks(reader)
        self._check_slots(tasks, settings)
        layout = self._layout(tasks, reader.broken)
        origins = Origins(self._document, tasks)
        wiring = Wiring(layout, params, self._findings, origins)
        connected = wiring.connect(reader.broken)
        placeholders = PlaceholderCheck(layout, params, self._findings, origins)
        placeholders.check(reader.broken)
        labels = layout.labels()
        if connected and self._distinct(labels, layout):
            graph = self._build(labels, wiring, layout, name, params, settings)
            if graph is not None:
                placeholders.check_statuses(graph)
            if graph is not None and not self._findings:
                return graph
        raise self._findings.error(self._text, str(label(self._path)))

    def _version(self) -> None:
        version = self._document.get("version")
        if version is None:
            self._findings.key(("version",), '"version" is missing', 'begin the file with "version = 1"')
        elif type(version) is not int or version != VERSION:
            self._findings.value(("version",), f"this dagtui reads version {VERSION} only", f"write version = {VERSION}")

    def _name(self) -> str:
        name = self._document.get("name", None)
        if name is None:
            return self._path.stem or "graph"
        try:
            return values.name(values.text(name))
        except Wrong as wrong:
            self._findings.wrong(("name",), wrong, quoted("name"))
            return "graph"

    def _table(self, key: str) -> dict[str, object]:
        try:
            return values.table(self._document.get(key, {}), f"write [{key}]")
        except Wrong as wrong:
            self._findings.wrong((key,), wrong, quoted(key))
            return {}

    def _env(self) -> dict[str, str]:
        try:
            return read_env(self._table("env"))
        except Wrong as wrong:
            self._findings.wrong(("env",), wrong, subject("env", wrong))
            return {}

    def _settings(self) -> RunSettings:
        table = self._table("run")
        keys.check_keys(self._findings, ("run",), table, keys.RUN, keys.RESERVED_RUN)
        jobs, keep_going = None, True
        try:
            jobs = values.whole(table["jobs"], 1, MOST_SLOTS) if "jobs" in table else None
        except Wrong as wrong:
            self._findings.wrong(("run", "jobs"), wrong, quoted("run.jobs"))
        try:
            keep_going = values.boolean(table.get("keep_going", True))
        except Wrong as wrong:
            self._findings.wrong(("run", "keep_going"), wrong, quoted("run.keep_going"))
        return RunSettings(jobs, keep_going)

    def _tasks(self, reader: TaskReader) -> list[Task]:
        tables = self._table("tasks")
        if not tables:
            self._findings.key(("tasks",), "there are no tasks", 'write [tasks.NAME], then run = "command"')
        lines = self._lines(tables)
        tasks: list[Task] = []
        for name, table in tables.items():
            at = ("tasks", name)
            try:
                values.name(name)
            except Wrong as wrong:
                self._findings.key(at, f"the name of a task {wrong.message}")
                continue
            if isinstance(table, dict):
                tasks.append(reader.read(name, table, lines.get(name, 0)))
            else:
                hint = f'write [tasks.{quoted(name)}], then run = "command"'
                self._findings.value(at, f"task {quoted(name)} must be a table, not {values.kind(table)}", hint)
        return tasks

    def _lines(self, tables: dict[str, object]) -> dict[str, int]:
        lines = task_lines(self._text)
        missing = [("tasks", name) for name in tables if name not in lines]
        if missing:
            found = sorted((place.key.start, str(path[1])) for path, place in locate(self._text, missing).items())
            line, counted = 1, 0
            for start, name in found:
                line += self._text.count("\n", counted, start)
                counted = start
                lines[name] = line
        return lines

    def _check_slots(self, tasks: list[Task], settings: RunSettings) -> None:
        if settings.jobs is None:
            return
        origins = Origins(self._document, tasks)
        for number, task in enumerate(tasks):
            if task.slots > settings.jobs:
                message = f"task {quoted(task.name)} wants {task.slots:,} slots, more than the {settings.jobs:,} jobs"
                self._findings.value(origins.of(number, "slots"), message, 'lower "slots", or raise "jobs" in [run]')

    def _layout(self, tasks: list[Task], broken: set[str]) -> Layout:
        """Lay out the tasks; a matrix without cells is noted and taken away."""
        try:
            check_size(tasks)
        except Wrong as wrong:
            largest = max((task for task in tasks if task.matrix), key=lambda task: check_size.size(task))
            ...
        return Layout(tasks)

    def _distinct(self, labels: list[str], layout: Layout) -> bool:
        ...

    def _build(
        self,
        labels: list[str],
        wiring: Wiring,
        layout: Layout,
        name: str,
        params: dict[str, Value],
        settings: RunSettings,
    ) -> Graph | None:
        ...
