"""Collecting everything that is wrong with a document, to be told in one report."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from dagtui.graph.check.suggestions import did_you_mean, listed
from dagtui.graph.errors import MESSAGE_CAP, GraphError, Problem
from dagtui.graph.toml.lost import Lost
from dagtui.text import label

if TYPE_CHECKING:
    from collections.abc import Collection

    from dagtui.graph.errors import ValueProblem
    from dagtui.graph.toml.positions import KeyPath, Located, SourceSpan

SHOWN = 50
"""Problems of one report."""
KEPT = 1000
"""Findings that are kept to be sorted by their place; beyond that they are only counted."""


SUGGESTED = 20
"""Names for which one that is meant is looked for among the names of the file: to compare with all takes its time."""


class Diagnostic(NamedTuple):
    """Something that is wrong, at a path of keys."""

    at: KeyPath
    message: str
    hint: str
    needle: str
    """The part of the value to mark, when it is written in the file as it is here."""
    on_key: bool
    """It is the key that is wrong, not its value."""


class Diagnostics:
    """What was found so far."""

    def __init__(self) -> None:
        self.lost = Lost()
        self._found: dict[tuple[KeyPath, str], Diagnostic] = {}
        self._more = 0
        self._suggested = 0

    def __bool__(self) -> bool:
        return bool(self._found)

    @property
    def full(self) -> bool:
        """Whether what is found from now on is only counted: no hint is needed."""
        return len(self._found) >= KEPT

    def key(self, at: KeyPath, message: str, hint: str = "") -> None:
        """Note that a key is wrong."""
        self._note(Diagnostic(at, message, hint, "", on_key=True))

    def value(self, at: KeyPath, message: str, hint: str = "", *, needle: str = "") -> None:
        """Note that a value is wrong."""
        self._note(Diagnostic(at, message, hint, needle, on_key=False))

    def wrong(self, at: KeyPath, wrong: ValueProblem, subject: str = "") -> None:
        """Note what a reader said about the value at that path; `subject` is what its message speaks of."""
        message = f"{subject} {wrong.message}" if subject else wrong.message
        self.value((*at, *wrong.inside), message, wrong.hint, needle=wrong.needle)

    def suggestion(self, name: str, known: Collection[str], listing: str = "there are") -> str:
        """A hint for a name that is not among those of the file: the nearest one, or some of them after `listing`.

        Only the first few names get one.
        """
        near = self.nearest(name, known)
        return near if near or self._suggested > SUGGESTED or not known else f"{listing} {listed(known)}"

    def nearest(self, name: str, known: Collection[str]) -> str:
        """A hint for a name that is not known: the nearest one that is, if there is one; only for the first few."""
        self._suggested += 1
        if self._suggested > SUGGESTED or not known:
            return ""
        return did_you_mean(name, known)

    def _note(self, finding: Diagnostic) -> None:
        """Keep a finding once: what the defaults say wrong would be found again in every task."""
        place = finding.at, finding.message
        if place in self._found:
            return
        if len(self._found) >= KEPT:
            self._more += 1
            return
        self._found[place] = finding

    def error(self, text: str, path: str) -> GraphError:
        """The report, sorted by place in the file."""
        from dagtui.graph.toml.positions import locate

        diagnostics = list(self._found.values())
        wanted = {finding.at[:length] for finding in diagnostics for length in range(1, len(finding.at) + 1)}
        located = locate(text, wanted)
        placed = [(_span(finding, located, text), finding) for finding in diagnostics]
        placed.sort(key=lambda item: (item[0] is not None, item[0] or (0, 0)))
        problems = [_problem(finding, span, text, path) for span, finding in placed[:SHOWN]]
        return GraphError(problems, more=len(placed) - len(problems) + self._more)


def _span(finding: Diagnostic, located: dict[KeyPath, Located], text: str) -> SourceSpan | None:
    """Where a finding is: at its path, or at the nearest table around it that is written in the file."""
    from dagtui.graph.toml.positions import SourceSpan

    for length in range(len(finding.at), 0, -1):
        place = located.get(finding.at[:length])
        if place is None:
            continue
        if length < len(finding.at) or finding.on_key:
            return place.key if place.key.end > place.key.start else place.value
        start = text.find(finding.needle, *place.value) if finding.needle else -1
        return place.value if start < 0 else SourceSpan(start, start + len(finding.needle))
    return None


def _problem(finding: Diagnostic, span: SourceSpan | None, text: str, path: str) -> Problem:
    from dagtui.graph.toml.positions import excerpt

    message, hint = label(finding.message, MESSAGE_CAP), label(finding.hint, MESSAGE_CAP)
    if span is None:
        return Problem(message, path, hint=hint)
    where = excerpt(text, span)
    return Problem(message, path, where.line, where.column, where.text, hint, where.mark)
