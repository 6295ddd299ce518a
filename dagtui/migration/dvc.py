"""A dvc.yaml as a graph: stages are tasks, `deps` and `params` inputs, `outs`, `metrics` and `plots` outputs."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from dagtui.graph.files.paths import escaped
from dagtui.graph.files.patterns import around
from dagtui.migration.drafts import Draft
from dagtui.migration.values import (
    MOST_VALUES,
    DvcValues,
    UnknownError,
    is_data,
    is_scalar,
    listed,
    read_data,
    words,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from dagtui.migration.values import Scalar

PARAMS = "params.yaml"
_URL = re.compile(r"[a-z][a-z0-9+.-]*://", re.IGNORECASE)
_KNOWN = {"cmd", "wdir", "deps", "outs", "metrics", "plots", "params", "desc", "meta", "vars"}
_OUTPUTS = ("outs", "metrics", "plots")
_WITHOUT_TASKS = {"params", "metrics", "plots", "artifacts", "datasets"}


class NotThatFileError(ValueError):
    """The file is not what its name says."""


def read_dvc(path: Path) -> Draft:
    """Make a draft of a dvc.yaml. Raises OSError, ValueError, and ImportError without PyYAML."""
    document = read_data(path)
    stages = document.get("stages") if isinstance(document, dict) else None
    if not isinstance(document, dict) or not isinstance(stages, dict):
        raise NotThatFileError('it has no table "stages"')
    draft = Draft(path.name)
    values = DvcValues(path.parent, draft)
    if os.path.isfile(path.parent / PARAMS):
        values.add(PARAMS)
    for source in document.get("vars") or ():
        try:
            values.add(source)
        except UnknownError as error:
            draft.lose("", f"vars: {error}")
    for key in sorted(_WITHOUT_TASKS & document.keys()):
        draft.lose("", f"{key}: what DVC shows or shares, not a task")
    folders = Folders(path.parent, stages)
    for name, stage in stages.items():
        _Stage(words(name), draft, values, folders).add(stage)
    if draft.params:
        draft.remarks.append("[params] has the values of params.yaml and vars that commands and paths use.")
    return draft


class Folders:
    """Which paths are folders: as dvc.lock and the disk say, or because another path leads through them."""

    def __init__(self, base: Path, stages: Mapping[object, object]) -> None:
        self._base = base
        self._known: set[str] = set()
        try:
            lock = read_data(base / "dvc.lock") if os.path.isfile(base / "dvc.lock") else None
        except (OSError, ValueError):
            lock = None
        locked = lock.get("stages") if isinstance(lock, dict) else None
        for stage in (*stages.values(), *(locked.values() if isinstance(locked, dict) else ())):
            self._learn(stage)

    def _learn(self, stage: object) -> None:
        if not isinstance(stage, dict):
            return
        inner = stage.get("do")
        folder = words(stage.get("wdir")) or "."
        for key in ("deps", *_OUTPUTS):
            for entry in listed((inner if isinstance(inner, dict) else stage).get(key)):
                found = entry.get("path", next(iter(entry), "")) if isinstance(entry, dict) else entry
                place = os.path.normpath(os.path.join(folder, words(found)))
                if isinstance(entry, dict) and words(entry.get("md5")).endswith(".dir"):
                    self._known.add(place)
                self._known.update(around(place))

    def has(self, folder: str, path: str) -> bool:
        """Return whether a path that is relative to a stage's folder is known to be a folder.

        Of what is not known, nothing is said: a path without a slash stands for a file, or for all of a folder.
        """
        place = os.path.normpath(os.path.join(folder, path))
        if path.endswith("/") or place in self._known:
            return True
        return os.path.isdir(self._base / place)


class _Stage:
    """Makes one task."""

    def __init__(self, name: str, draft: Draft, values: DvcValues, folders: Folders) -> None:
        self._name, self._draft, self._values, self._folders = name, draft, values, folders
        self._axes: dict[str, str] = {}
        self._cell: dict[str, Scalar] = {}
        self._folder = "."

    def add(self, stage: object) -> None:
        """Add the stage to the draft, with a remark for each thing that is lost."""
        if not isinstance(stage, dict):
            self._draft.lose("", f"stage {self._name}: it is not a table")
            return
        table: dict[str, object] = {}
        try:
            matrix = self._matrix(stage)
        except UnknownError as error:
            matrix = None
            self._lose(str(error))
        do = stage.get("do")
        inner = {**{key: value for key, value in stage.items() if key != "do"}, **(do if isinstance(do, dict) else {})}
        for key in inner.keys() - _KNOWN - {"matrix", "foreach"}:
            self._lose(f"the key {key}")
        if "desc" in inner:
            table["doc"] = words(inner["desc"])
        if inner.get("vars"):
            self._lose("vars of the stage")
        self._add_paths(inner, table)
        command = self._text("\n".join(map(words, listed(inner.get("cmd")))))
        if command.strip():
            table["run"] = command
        else:
            self._lose("it has no cmd")
        if matrix is not None:
            table["matrix"] = matrix
        self._draft.tasks[self._name] = table

    def _add_paths(self, stage: Mapping[str, object], table: dict[str, object]) -> None:
        if words(stage.get("wdir")):
            table["cwd"] = self._text(words(stage["wdir"]))
            self._folder = self._concrete(words(stage["wdir"]))
        inputs = [*self._paths("deps", stage), *self._parameters(stage)]
        outputs = [path for key in _OUTPUTS for path in self._paths(key, stage)]
        if inputs:
            table["inputs"] = list(dict.fromkeys(inputs))
        if outputs:
            table["outputs"] = list(dict.fromkeys(outputs))

    def _paths(self, key: str, stage: Mapping[str, object]) -> Iterator[str]:
        for entry in listed(stage.get(key)):
            path = words(next(iter(entry), "") if isinstance(entry, dict) else entry)
            if _URL.match(path) or not path:
                self._lose(f"{key}: {path}: not a file of this machine")
                continue
            written = self._text(path.rstrip("/"), escaped)
            yield written + "/" if self._folders.has(self._folder, self._concrete(path)) else written

    def _parameters(self, stage: Mapping[str, object]) -> Iterator[str]:
        for entry in listed(stage.get("params")):
            files = entry if isinstance(entry, dict) else {PARAMS: [entry]}
            for file, keys in files.items():
                name = self._text(words(file), escaped)
                if not keys or not is_data(words(file)):
                    yield name  # the whole file: more than DVC compares, never less
                    continue
                yield from (f"{name}#{self._text(words(key), escaped)}" for key in listed(keys))

    def _matrix(self, stage: Mapping[str, object]) -> dict[str, object] | None:
        """Return the matrix of a stage with `foreach` or `matrix`. Raises UnknownError."""
        axes = stage.get("matrix")
        if isinstance(axes, dict):
            return {axis: self._axis(str(axis), entries) for axis, entries in axes.items()}
        if "foreach" not in stage:
            return None
        data = self._values.raw(stage["foreach"])
        if isinstance(data, dict):
            cells = [{"key": key, **_flat(value)} for key, value in data.items()]
        else:
            cells = [_flat(value) for value in listed(data)]
        cells = [{dotted: self._values.raw(value) for dotted, value in cell.items()} for cell in cells]
        if not cells or not all(is_scalar(value) for cell in cells for value in cell.values()):
            raise UnknownError("foreach: its values are not texts or numbers")
        self._axes = {dotted: re.sub(r"\W+", "_", dotted.removeprefix("item.")) for cell in cells for dotted in cell}
        self._cell = dict(cells[0])
        if list(self._axes) == ["item"]:
            return {"item": [cell["item"] for cell in cells]}
        return {"include": [{self._axes[dotted]: value for dotted, value in cell.items()} for cell in cells]}

    def _axis(self, axis: str, entries: object) -> list[object]:
        found = [self._values.raw(value) for value in listed(self._values.raw(entries))]
        if not found or not all(map(is_scalar, found)):
            raise UnknownError(f"matrix: the values of {axis} are not texts or numbers")
        self._axes[f"item.{axis}"] = axis
        self._cell[f"item.{axis}"] = found[0]  # type: ignore[assignment]  # checked above
        return found

    def _text(self, text: str, literal: Callable[[str], str] = str) -> str:
        try:
            return self._values.written(text, self._axes, literal)
        except UnknownError as error:
            self._lose(str(error))
            return literal(text)

    def _concrete(self, text: str) -> str:
        try:
            return self._values.concrete(text, self._cell)
        except UnknownError:
            return text  # what is not known was said where it is written

    def _lose(self, what: str) -> None:
        self._draft.lose(self._name, what)


def _flat(value: object, head: str = "item") -> dict[str, object]:
    """Return the values of nested tables by their dotted names."""
    if not isinstance(value, dict):
        return {head: value}
    found: dict[str, object] = {}
    for key, inner in value.items():
        if len(found) > MOST_VALUES:
            raise UnknownError("foreach: a table with too many values")
        found |= _flat(inner, f"{head}.{key}")
    return found
