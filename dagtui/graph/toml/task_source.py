"""The text that defines a task in a graph file: find it, and put an edited one in its place.

Every other byte of the file stays as it is, which no TOML writer promises.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dagtui.graph.toml.positions import SourceSpan, locate, statements

if TYPE_CHECKING:
    from collections.abc import Sequence

_COMMENT = re.compile(r"[ \t]*#[^\n]*(?:\n|\Z)")


@dataclass(frozen=True, slots=True)
class TaskSource:
    """Where a file defines a task: in one part, or in several that stand apart."""

    text: str
    """The whole file."""
    spans: tuple[SourceSpan, ...]
    """Whole lines with the comments directly above them, or a key and its value inside an inline table."""

    @property
    def parts(self) -> tuple[str, ...]:
        """The text of each part."""
        return tuple(self.text[start:end] for start, end in self.spans)

    def line(self, part: int) -> int:
        """Return the line, from 1, on which a part starts."""
        return self.text.count("\n", 0, self.spans[part].start) + 1

    def replaced(self, parts: Sequence[str]) -> str:
        """Return the file with other text in place of each part. Missing parts are removed."""
        found, position = [], 0
        for number, (start, end) in enumerate(self.spans):
            old = self.text[start:end]
            new = parts[number] if number < len(parts) else ""
            if not old.endswith("\n"):
                new = new.rstrip("\n") if end < len(self.text) else new
            elif new and not new.endswith("\n"):
                new += "\n"
            found += [self.text[position:start], new]
            position = end
        return "".join([*found, self.text[position:]])


def task_source(text: str, name: str) -> TaskSource | None:
    """Find the definition of a task in the text of a valid file. None if the file doesn't define it."""
    own, spans = ("tasks", name), list[SourceSpan]()
    first = last = None
    before = 0
    """Where the statement before the first one of a part ends."""
    end = 0
    for statement in statements(text, len(own)):
        if statement.path[:2] == own:
            if first is None:
                first, before = statement.span.start, end
            last = statement.span.end
        else:
            if first is not None and last is not None:
                spans.append(_lines(text, first, last, before))
            first = last = None
            if statement.path == own[:1] and not statement.is_header:
                spans += _inside(text, name, statement.span)
        end = statement.span.end
    if first is not None and last is not None:
        spans.append(_lines(text, first, last, before))
    return TaskSource(text, tuple(spans)) if spans else None


def task_names(text: str) -> list[str]:
    """Return the names that come second in the headers and keys of `tasks`, each once."""
    names = dict.fromkeys(path[1] for path, _, _ in statements(text, 2) if len(path) > 1 and path[0] == "tasks")
    return [name for name in names if isinstance(name, str)]


def _lines(text: str, first: int, last: int, before: int) -> SourceSpan:
    """Return the whole lines of a part, with the comments directly above it and those that end it."""
    start = text.rfind("\n", 0, first) + 1
    bound = before and _line_end(text, before)
    while start > bound:
        above = text.rfind("\n", 0, start - 1) + 1
        if above < bound or not _COMMENT.fullmatch(text, above, start):
            break
        start = above
    end = behind = _line_end(text, last)
    while comment := _COMMENT.match(text, behind):
        behind = comment.end()
        if behind == len(text):
            break
    is_alone = behind == len(text) or not text[behind : _line_end(text, behind)].strip()
    return SourceSpan(start, behind if is_alone else end)


def _line_end(text: str, position: int) -> int:
    """Return the offset behind the end of the line."""
    end = text.find("\n", position)
    return len(text) if end < 0 else end + 1


def _inside(text: str, name: str, around: SourceSpan) -> list[SourceSpan]:
    """Return where an inline table of all tasks defines one."""
    found = locate(text, [("tasks", name)]).get(("tasks", name))
    if found is None:
        return []
    is_pair = found.key != found.value
    return [SourceSpan(found.key.start, found.value.end) if is_pair else around]
