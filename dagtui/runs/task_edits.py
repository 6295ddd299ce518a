"""Edits of single tasks of a live run: what an editor shows, the graph file with it, and what is not written back."""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from dagtui.graph.errors import GraphError, quoted
from dagtui.graph.toml.parse import decode, digest_of, parse, read_bytes_again
from dagtui.graph.toml.task_source import TaskSource, task_names, task_source
from dagtui.runs.view import NO_FILE
from dagtui.store.errors import StoreError
from dagtui.store.files import make_folder, replace_file, rewrite_file, write_new_file
from dagtui.store.paths import is_piped
from dagtui.text import label, plural

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dagtui.graph.model import Graph, NodeIndex, Task

_MARKER = "#|"
"""Begins the lines that dagtui adds to the text in the editor. Lengthened if the text has such lines itself."""
_BOM = b"\xef\xbb\xbf"
FOLDER = "edits"
"""The folder of a run in which texts lie while they are edited, and when they were not taken."""


class TaskEditError(Exception):
    """A task can't be edited or written back. The text is one line, safe to show, and says why."""


@dataclass(frozen=True, slots=True)
class TaskEdit:
    """The definition of one task on its way through an editor."""

    task: Task
    node_count: int
    """The number of the task's nodes."""
    path: Path
    """The real path of the file that defines it."""
    shown: str
    """The name of that file, safe to show."""
    before: bytes
    """The content of the file on disk."""
    base: bytes
    """The content that the edit changes: that of the file, or that with earlier edits."""
    source: TaskSource
    """The task in the text of `base`."""
    is_unwritten: bool
    """Whether an earlier edit of the task is not in the file."""

    @property
    def marker(self) -> str:
        """What begins the lines that are not part of the definition."""
        marker = _MARKER
        while any(line.startswith(marker) for part in self.source.parts for line in part.splitlines()):
            marker += "|"
        return marker

    def text(self, parts: Sequence[str] | None = None, problems: str = "") -> str:
        """Return the text for the editor: what to do, what was wrong, and the parts of the definition."""
        marker = self.marker
        lines = [f"{marker} {line}" for line in self._head(marker)]
        if problems:
            lines += [marker, *(f"{marker} {line}" for line in ["This was wrong:", *problems.splitlines()])]
        found = [*lines, ""]
        for number, part in enumerate(self.parts if parts is None else parts):
            if number:
                found.append(f"{marker}- the part at line {self.source.line(number)}; keep this line")
            found.append(part.removesuffix("\n"))
        return "\n".join(found) + "\n"

    def _head(self, marker: str) -> list[str]:
        name = f"task {quoted(self.task.name, 300)}"
        of = f", all {plural(self.node_count, 'cell')} of it," if self.task.matrix is not None else ""
        lines = [
            f"The definition of {name}{of} in {self.shown}, line {self.source.line(0)}.",
            "Save and quit to go on: what it changes is shown before it counts.",
            f"Lines that begin with {marker} are left out.",
        ]
        if self.is_unwritten:
            lines.append(f"An earlier edit of it is not in {self.shown} yet.")
        return lines

    @property
    def parts(self) -> tuple[str, ...]:
        """The parts of the definition, with the line ends of this system."""
        return tuple(part.replace("\r\n", "\n") for part in self.source.parts)

    def parts_in(self, text: str) -> tuple[str, ...]:
        """Return the parts in a text from the editor."""
        marker = self.marker
        parts: list[list[str]] = [[]]
        for line in text.replace("\r\n", "\n").splitlines(keepends=True):
            if line.startswith(f"{marker}-"):
                parts.append([])
            elif not line.startswith(marker):
                parts[-1].append(line)
        texts = ["".join(lines) for lines in parts]
        texts[0] = texts[0].removeprefix("\n")
        return tuple(texts)

    def is_same(self, parts: Sequence[str]) -> bool:
        """Return whether the parts are those of the definition, but for the end of the last line."""
        return [part.rstrip("\n") for part in parts] == [part.rstrip("\n") for part in self.parts]

    def content(self, parts: Sequence[str]) -> bytes:
        """Return the file with other parts in place of the definition. Parts that are the same stay as they are."""
        found = []
        for number, old in enumerate(self.source.parts):
            new = parts[number] if number < len(parts) else ""
            if new.rstrip("\n") == self.parts[number].rstrip("\n"):
                new = old
            elif "\r\n" in old:
                new = new.replace("\n", "\r\n")
            found.append(new)
        found[-1] = "\n".join([found[-1], *parts[len(found) :]])
        bom = _BOM if self.base.startswith(_BOM) else b""
        return bom + self.source.replaced(found).encode()


@dataclass(slots=True)
class _UnwrittenFile:
    """A file as the run has it, with edits that are not on disk."""

    before: bytes
    """The content on disk when it was edited first."""
    content: bytes
    tasks: dict[str, None] = field(default_factory=dict)
    """The names of the edited tasks."""


class TaskEdits:
    """The edits of one run. None of them changes a file but `write_back`."""

    def __init__(self, folder: Path) -> None:
        """`folder` is the directory of the run."""
        self._folder = folder / FOLDER
        self._unwritten: dict[Path, _UnwrittenFile] = {}

    @property
    def unwritten(self) -> Mapping[str, bytes]:
        """The contents that the run has read in place of those on disk, by the real path."""
        return {str(path): file.content for path, file in self._unwritten.items()}

    @property
    def unwritten_tasks(self) -> list[str]:
        """The tasks whose edits are in no file."""
        return [name for file in self._unwritten.values() for name in file.tasks]

    def missing_in(self, path: Path, digest: bytes | None = None) -> tuple[str, ...]:
        """Return the tasks whose edits are not in a file, whose content must have the digest, if one is given."""
        file = self._unwritten.get(Path(os.path.realpath(path)))
        if file is None or (digest is not None and digest_of(file.before) != digest):
            return ()
        return tuple(file.tasks)

    def begin(self, graph: Graph, node: NodeIndex) -> TaskEdit:
        """Start to edit the task of a node. Raises TaskEditError, and GraphError if its file can't be parsed."""
        task = graph.task(node)
        if graph.path is None or not graph.digest or is_piped(graph.path):
            raise TaskEditError(NO_FILE)
        written = graph.path.parent / task.file if task.file else graph.path
        path, shown = Path(os.path.realpath(written)), label(task.file or graph.path.name, 200)
        before = read_bytes_again(path, shown)
        earlier = self._unwritten.get(path)
        if earlier is not None and earlier.before != before:
            names = ", ".join(quoted(name) for name in earlier.tasks)
            raise TaskEditError(
                f"{shown} has changed since {names} was edited here; reload it first, which drops that edit"
            )
        base = before if earlier is None else earlier.content
        parse(decode(base, shown), shown)
        text = base.removeprefix(_BOM).decode()
        name = _name_in(text, task)
        source = None if name is None else task_source(text, name)
        if source is None:
            raise TaskEditError(f"{shown} no longer defines {quoted(task.name)}: reload it to see what it has now")
        node_count = sum(number == graph.task_of[node] for number in graph.task_of)
        is_unwritten = earlier is not None and task.name in earlier.tasks
        return TaskEdit(task, node_count, path, shown, before, base, source, is_unwritten)

    def contents_with(self, edit: TaskEdit, parts: Sequence[str]) -> dict[str, bytes]:
        """Return the contents to read in place of those on disk, by the real path, with an edit."""
        return {**self.unwritten, str(edit.path): edit.content(parts)}

    def take(self, edit: TaskEdit, parts: Sequence[str]) -> None:
        """Note that the run has taken up an edit."""
        file = self._unwritten.setdefault(edit.path, _UnwrittenFile(edit.before, b""))
        file.content = edit.content(parts)
        file.tasks[edit.task.name] = None

    def forget(self) -> None:
        """Note that the run has read the files as they are."""
        self._unwritten.clear()

    def write_back(self, path: Path, shown: str) -> None:
        """Write the edits of a file to it. `shown` names it. Raises TaskEditError, and then nothing is lost."""
        file = self._unwritten[path]
        try:
            now = read_bytes_again(path, shown)
        except GraphError as error:
            raise TaskEditError(f"not written: {shown} {error.problems[0].message}; the run keeps the edit") from None
        if now != file.before:
            raise TaskEditError(f"not written: {shown} has changed meanwhile; the run keeps the edit")
        try:
            rewrite_file(path, file.content)
        except StoreError as error:
            raise TaskEditError(f"not written: {error}; the run keeps the edit") from None
        del self._unwritten[path]

    def save_text(self, text: str, path: Path | None = None) -> Path:
        """Write a text to a private file, a new one in the directory of the run by default. Raises StoreError."""
        if path is not None:
            replace_file(path, text.encode())
            return path
        make_folder(self._folder)
        numbers = (int(stem) for name in os.listdir(self._folder) if (stem := name.removesuffix(".toml")).isdecimal())
        new = self._folder / f"{max(numbers, default=0) + 1}.toml"
        write_new_file(new, text.encode())
        return new

    def discard_unchanged(self, path: Path, edit: TaskEdit) -> bool:
        """Remove a text in which nothing was changed yet. Return whether it is gone."""
        with suppress(OSError):
            if path.read_text(encoding="utf-8", errors="replace") != edit.text():
                return False
        self.discard_text(path)
        return True

    def discard_text(self, path: Path) -> None:
        """Remove a text that is no longer needed."""
        with suppress(OSError):
            path.unlink()


def _name_in(text: str, task: Task) -> str | None:
    """Return what a task is called in its own file: its name without the prefixes of the files that include it."""
    names = task_names(text)
    if not task.file:
        return task.name if task.name in names else None
    found = [name for name in names if task.name == name or task.name.endswith(f"/{name}")]
    on_line = [name for name in found if (source := task_source(text, name)) is not None and _begins(source, task.line)]
    return max(on_line or found, key=len, default=None)


def _begins(source: TaskSource, line: int) -> bool:
    return source.line(0) <= line < source.line(0) + source.parts[0].count("\n") + 1
