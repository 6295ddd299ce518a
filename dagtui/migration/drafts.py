"""Drafts: tasks that are made from another tool's file, with a remark at each place where something is lost."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dagtui.graph.loading import VERSION
from dagtui.text import block, label, plural

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

LOST = "# lost:"
"""How a remark begins that names something a graph can't say."""


class Draft:
    """The tables of a graph file, and what could not be carried over."""

    def __init__(self, source: str) -> None:
        """Begin a draft. `source` is the file that it is made from, for people."""
        self.source = source
        self.params: dict[str, object] = {}
        self.env: dict[str, object] = {}
        self.defaults: dict[str, object] = {}
        self.run: dict[str, object] = {}
        self.tasks: dict[str, Mapping[str, object]] = {}
        self.copies: set[str] = set()
        """Tasks that the source does not have. They are not counted."""
        self.parts: dict[str, str] = {}
        """The same, with the task of which each is a part. What is lost in them is lost in that one."""
        self.lost: dict[str, list[str]] = {}
        """What is lost, by task. The key "" stands for the whole file."""
        self.notes: dict[str, list[str]] = {}
        """What is worth knowing of a task, without a loss."""
        self.remarks: list[str] = []
        """What is worth knowing of the whole file, without a loss."""

    def note(self, task: str, what: str) -> None:
        """Note what is worth knowing of a task."""
        self.notes.setdefault(task, []).append(what)

    def lose(self, task: str, what: str) -> None:
        """Note that something of a task is lost."""
        self.lost.setdefault(task, []).append(what)

    @property
    def summary(self) -> str:
        """How much was carried over, in one line."""
        counted = self.tasks.keys() - self.copies - self.parts.keys()
        whole = len(counted - {self._whole_task(name) for name in self.lost})
        places = sum(map(len, self.lost.values()))
        found = f"{whole} of {plural(len(counted), 'task')} carried over whole"
        return f'{found}, {plural(places, "place")} lost: look for "{LOST}"' if places else f"{found}, nothing lost"

    def _whole_task(self, name: str) -> str:
        """Return the task that a part belongs to."""
        while name in self.parts:
            name = self.parts[name]
        return name

    def text(self) -> str:
        """Return the graph file."""
        return "\n".join(self._lines()) + "\n"

    def _lines(self) -> Iterator[str]:
        yield f"# Made from {label(self.source)} by dagtui import."
        for remark in self.remarks:
            yield from _comment("#", remark)
        for what in self.lost.get("", ()):
            yield from _comment(LOST, what)
        yield f"version = {VERSION}"
        for name, top in (("params", self.params), ("env", self.env), ("defaults", self.defaults), ("run", self.run)):
            if top:
                yield ""
                yield _dumped({name: top})
        for name, table in self.tasks.items():
            yield ""
            for what in self.notes.get(name, ()):
                yield from _comment("#", what)
            for what in self.lost.get(name, ()):
                yield from _comment(LOST, what)
            yield _dumped({"tasks": {name: table}})


def entries(table: Mapping[str, object], key: str) -> list[str]:
    """Return what a list of a task has, such as `needs`. Empty if it has no such list."""
    found = table.get(key)
    return found if isinstance(found, list) else []


def _comment(head: str, text: str) -> Iterator[str]:
    """Yield the lines of a comment. Foreign text in it can't end it."""
    first, *others = block(text).split("\n")
    yield f"{head} {first}"
    yield from (f"#   {line}" for line in others)


def _dumped(document: Mapping[str, object]) -> str:
    import tomli_w

    lines = not any("\r" in text for text in _texts(document))
    return tomli_w.dumps(document, multiline_strings=lines).strip("\n")


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from _texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner)
