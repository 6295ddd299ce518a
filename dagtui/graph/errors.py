"""Problems of a graph file: where they are, what they are, and how to fix them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from dagtui.text import label, plural

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_Read = TypeVar("_Read")

MESSAGE_CAP = 2000
"""The largest number of characters of a message that are shown."""


def quoted(name: object, cap: int = 80) -> str:
    """Return a name from the file as messages show it: in quotation marks, made safe, cut to `cap` characters."""
    return f'"{label(name, cap)}"'


@dataclass(frozen=True, slots=True)
class Problem:
    """One problem. Every text in it is safe to show."""

    message: str
    path: str = ""
    """The file as it was named, or empty if the problem is not in a file."""
    line: int = 0
    """From 1. 0 stands for an unknown line, or the file as a whole."""
    column: int = 0
    """In characters, from 1. 0 stands for an unknown column."""
    excerpt: str = ""
    """The line, or the part of it that matters."""
    hint: str = ""
    """How to fix it."""
    mark: tuple[int, int] = (0, 0)
    """The carets under the excerpt: the terminal cells before them, and their number."""

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
    """A graph file can't be used. `problems` says why, in the order of the file."""

    def __init__(self, problems: Sequence[Problem], more: int = 0) -> None:
        """Store the problems to show, each once: a file that is included twice has its own twice.

        `more` counts those that are not shown.
        """
        self.problems = tuple(dict.fromkeys(problems))
        self.more = more
        super().__init__(self.problems)

    def report(self) -> str:
        """Return every problem as `file:line:column: message`, with its excerpt and how to fix it."""
        parts = [str(problem) for problem in self.problems]
        if self.more:
            parts.append(f"and {plural(self.more, 'more problem')}")
        return "\n".join(parts)

    def __str__(self) -> str:
        return self.report()


class FollowsError(Exception):
    """A value can't be read because of a problem that is already reported."""


class ValueProblem(Exception):  # noqa: N818 - it never leaves this package: it carries one diagnostic up to where it is recorded
    """A value of the file is wrong. Raised by its reader, recorded by the caller that knows its place."""

    def __init__(
        self, message: str, hint: str = "", *, inside: tuple[str | int, ...] = (), needle: str = "", lead: str = ""
    ) -> None:
        """State what is wrong with the value, or with what the keys `inside` lead to.

        `needle` is the part to mark, and `lead` the text before it, for a part that the value may have twice.
        """
        self.message = message
        self.hint = hint
        self.inside = inside
        self.needle = needle
        self.lead = lead
        super().__init__(message)


def read_inside(inside: tuple[str | int, ...], reader: Callable[..., _Read], *values: object) -> _Read:
    """Read what the keys `inside` of a value lead to. Raises ValueProblem, which names these keys, too."""
    try:
        return reader(*values)
    except ValueProblem as wrong:
        raise ValueProblem(
            wrong.message, wrong.hint, inside=(*inside, *wrong.inside), needle=wrong.needle, lead=wrong.lead
        ) from None


def subject(key: str, wrong: ValueProblem) -> str:
    """Return the subject of a reader's message about the value of that key."""
    dotted = ".".join([key, *(part for part in wrong.inside if isinstance(part, str))])
    return f"an element of {quoted(dotted)}" if wrong.inside and isinstance(wrong.inside[-1], int) else quoted(dotted)


class CycleError(ValueError):
    """The edges form a cycle. `nodes` is a shortest one, its first node repeated at the end."""

    def __init__(self, nodes: Sequence[int], labels: Sequence[str]) -> None:
        self.nodes = tuple(nodes)
        shown = [labels[node] for node in nodes]
        if len(shown) > 20:
            shown = [*shown[:10], f"… {len(shown) - 19} more …", *shown[-9:]]
        super().__init__("cycle: " + " → ".join(shown))
