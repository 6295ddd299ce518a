"""`sources` and `generates` as `inputs` and `outputs`."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, NamedTuple

from dagtui.graph.errors import ValueProblem
from dagtui.graph.expressions.braces import doubled
from dagtui.graph.files.matching import FileMatching, meets
from dagtui.graph.files.paths import DeclaredPath, PathSpelling
from dagtui.graph.files.patterns import is_pattern
from dagtui.graph.model import NodeIndex
from dagtui.migration.drafts import entries
from dagtui.migration.taskfile.reading import text_of
from dagtui.migration.values import UnknownError, listed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from dagtui.migration.drafts import Draft
    from dagtui.migration.taskfile.calls import Call
    from dagtui.migration.taskfile.script_factory import ScriptFactory

_BRACES = re.compile(r"\{([^{}]*,[^{}]*)\}")
_MOST_PATTERNS = 200
RUNS = "it runs each time: "
_METHODS = {"", "checksum", "timestamp"}


def declared_files(call: Call, table: dict[str, object], shared: ScriptFactory, lose: Callable[[str], None]) -> None:
    """Add the inputs and outputs of a task. Where they can't be said, it runs each time."""
    if call.value("status"):
        lose(f"sources: {RUNS}a graph has no status beside inputs")
        table["run"] = _without_status(str(table["run"]))
        return
    if call.value("use_gitignore") is True or call.source.file.value("use_gitignore") is True:
        lose("use_gitignore: a graph can't leave files out, so more changes make it run")
    if call.method not in _METHODS:
        lose(f"sources: {RUNS}an odd method")
        return
    try:
        inputs = list(_paths(call, "sources", shared, lose))
        outputs = list(_paths(call, "generates", shared, lose))
    except UnknownError as error:
        lose(f"sources: {RUNS}{error}")
        return
    if inputs:
        table["inputs"] = list(dict.fromkeys(inputs))
    if outputs:
        table["outputs"] = list(dict.fromkeys(outputs))


def _without_status(script: str) -> str:
    """Return a script without its guard: what is up to date by it alone would not be by its sources."""
    return re.sub(
        r"(?ms)^if \{ \(\n.*?\n\); \} > /dev/null 2>&1; then echo 'up to date'; exit 0; fi\n?", "", script, count=1
    )


def _paths(call: Call, key: str, shared: ScriptFactory, lose: Callable[[str], None]) -> Iterator[str]:
    if call.folder is None:
        raise UnknownError("its folder is known to the shell only")
    for raw in listed(call.value(key)):
        if isinstance(raw, dict):
            excluded = text_of(raw.get("exclude"))
            lose(f"{key}: exclude: {excluded}: a graph can't leave files out, so more changes make it run")
            continue
        for path in _without_braces(call.scopes.path.plain(raw)):
            yield _written(path, call.folder, key, shared)


def _written(path: str, folder: str, key: str, shared: ScriptFactory) -> str:
    """Return a path as a graph has it, relative to the task's folder."""
    inside = folder if shared.exists(folder or ".") else ""
    path = os.path.expanduser(path)
    if not path.strip():
        raise UnknownError(f"{key}: an empty path")
    place = shared.caller.relative(path if os.path.isabs(path) else os.path.join(folder, path))
    near = place if os.path.isabs(place) else os.path.relpath(place or ".", inside or ".")
    near = doubled(near.replace("#", "[#]"))
    if path.endswith("/") or (not is_pattern(path) and shared.exists(place or ".")):
        return near + "/"
    if key == "sources" and not is_pattern(path) and not shared.is_file(place):
        head, name = os.path.split(near)  # Task does not mind a source that is missing: neither does a pattern
        return os.path.join(head, f"[{name[0]}]{name[1:]}") if name[0] not in "{^!]-\\" else near
    return near


def _without_braces(path: str) -> list[str]:
    """Return the patterns that a pattern with `{a,b}` stands for."""
    found, done = [path], []
    while found:
        each = found.pop()
        match = _BRACES.search(each)
        if match is None:
            done.append(each)
        else:
            found += [each[: match.start()] + part + each[match.end() :] for part in match[1].split(",")]
        if len(found) + len(done) > _MOST_PATTERNS:
            raise UnknownError("a pattern with too many braces")
    return done[::-1]


class _Files(NamedTuple):
    """The files of a task of the graph."""

    name: str
    inputs: list[DeclaredPath]
    outputs: list[DeclaredPath]


def separate(draft: Draft, base: Path) -> None:
    """Drop files that would be an error, or that would make a task run another one that Task does not run first."""
    kept: dict[NodeIndex, _Files] = {}
    for number, files in enumerate(_all_files(draft, base)):
        if any(meets(one, other) for one in files.inputs for other in files.outputs):
            _drop(draft, files.name, "it writes what it reads")
        else:
            kept[NodeIndex(number)] = files
    while _drop_clashing(draft, kept):
        pass
    before: dict[NodeIndex, set[str]] = {}
    for maker, reader in _matching(kept).edges():
        if maker not in kept or reader not in kept:
            continue
        name = kept[maker].name
        if reader not in before:
            before[reader] = _before(draft, kept[reader].name)
        if name not in before[reader]:
            _drop(draft, kept.pop(reader).name, f"it reads what {name} writes, which Task does not run first")


def _drop_clashing(draft: Draft, kept: dict[NodeIndex, _Files]) -> bool:
    """Drop the files of tasks that write what an earlier one writes. Return whether there were some."""
    matching = _matching(kept)
    matching.find_clashes()
    for pair in sorted(matching.clashing, key=max):
        first, later = sorted(pair)
        if first in kept and later in kept:
            _drop(draft, kept.pop(later).name, f"{kept[first].name} writes the same files")
    return bool(matching.clashing)


def _matching(kept: Mapping[NodeIndex, _Files]) -> FileMatching:
    matching = FileMatching()
    for number, files in kept.items():
        for path in files.outputs:
            matching.add_output(number, path.kind, path.path)
        for path in files.inputs:
            matching.add_input(number, path.kind, path.path)
    return matching


def _all_files(draft: Draft, base: Path) -> Iterator[_Files]:
    spelling = PathSpelling(base)
    for name, table in list(draft.tasks.items()):
        if "inputs" not in table and "outputs" not in table:
            continue
        folder = spelling.folder(str(table.get("cwd", "")))
        try:
            inputs = [spelling.input(folder, path) for path in entries(table, "inputs")]
            outputs = [spelling.output(folder, path) for path in entries(table, "outputs")]
        except ValueProblem as wrong:
            _drop(draft, name, f"{wrong}")
            continue
        yield _Files(name, inputs, outputs)


def _before(draft: Draft, name: str) -> set[str]:
    """Return the tasks that run before one, and that one."""
    waiting, seen = [name], {name}
    while waiting:
        for parent in entries(draft.tasks.get(waiting.pop(), {}), "needs"):
            if parent not in seen:
                seen.add(parent)
                waiting.append(parent)
    return seen


def _drop(draft: Draft, name: str, why: str) -> None:
    draft.tasks[name] = {key: value for key, value in draft.tasks[name].items() if key not in {"inputs", "outputs"}}
    draft.lose(name, f"sources: {RUNS}{why}")
