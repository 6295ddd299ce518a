"""What is wrong with a graph file: where it is, what it is, and how to mend it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dagtui.text import label, plural

if TYPE_CHECKING:
    from collections.abc import Sequence

MESSAGE_CAP = 2000
"""Characters of a message that are shown at most."""


def quoted(name: object, cap: int = 80) -> str:
    """A name from the file as messages show it: in quotation marks, made safe, cut."""
    return f'"{label(name, cap)}"'


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong; every text in it is safe to show."""

    message: str
    path: str = ""
    """The file as it was named; empty when the problem is in no file."""
    line: int = 0
    """From 1; 0: unknown, or the file as a whole."""
    column: int = 0
    """In characters, from 1; 0: unknown."""
    excerpt: str = ""
    """The line, or the part of it that matters."""
    hint: str = ""
    """How to mend it."""
    mark: tuple[int, int] = (0, 0)
    """What the carets point at in the excerpt: terminal cells before it, and its own."""

    def __str__(self) -> str:
        place = [self.path] if self.path else []
        if self.line:
            place += [str(self.line), str(max(1, self.column))]
        lines = [f"{':'.join(place)}: {self.message}" if place else self.message]
        if self.excerpt:
            before, width = self.mark
            lines += ["    " + self.excerpt, "    " + " " * before + "^" * max(1, width)]
        if self.hint:
            lines.append("  " + self.hint)
        return "\n".join(lines)


class GraphError(Exception):
    """A graph file can't be used; `problems` says why, in the order of the file."""

    def __init__(self, problems: Sequence[Problem], more: int = 0) -> None:
        """Hold the problems that are shown; `more` counts those that are not."""
        self.problems = tuple(problems)
        self.more = more
        super().__init__(self.problems)

    def report(self) -> str:
        """Every problem as `file:line:column: message`, with its excerpt and how to mend it."""
        parts = [str(problem) for problem in self.problems]
        if self.more:
            parts.append(f"and {plural(self.more, 'more problem')}")
        return "\n".join(parts)

    def __str__(self) -> str:
        return self.report()


class FollowsError(Exception):
    """A value can't be understood because of something that is told already."""


class ValueProblem(Exception):  # noqa: N818 - it never leaves the room: it carries one finding up to where it is noted
    """A value of the file is wrong; raised by what reads it, noted as a finding by what knows its place."""

    def __init__(self, message: str, hint: str = "", *, inside: tuple[str | int, ...] = (), needle: str = "") -> None:
        """Say what is wrong with the value, or with what lies at the keys `inside` it; `needle` is the part to mark."""
        self.message = message
        self.hint = hint
        self.inside = inside
        self.needle = needle
        super().__init__(message)
