"""Collect everything that is wrong with a document, and where it is written, for one report."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from dagtui.graph.check.suggestions import did_you_mean, listed
from dagtui.graph.errors import MESSAGE_CAP, GraphError, Problem
from dagtui.text import label

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from dagtui.graph.errors import ValueProblem
    from dagtui.graph.model import Task, TaskIndex
    from dagtui.graph.toml.positions import KeyPath, Located, SourceSpan

SHOWN = 50
"""The largest number of problems in a report."""
KEPT = 1000
"""The largest number of diagnostics that are kept for sorting by place. Further ones are only counted."""


SUGGESTED = 20
"""The number of unknown names that get a suggestion. Comparing a name with all names of the file is slow."""


class Diagnostic(NamedTuple):
    """Something that is wrong at a path of keys."""

    at: KeyPath
    message: str
    hint: str
    needle: str
    """The part of the value to mark, if the file spells it as it is here."""
    on_key: bool
    """Whether the key is wrong rather than its value."""
    lead: str = ""
    """The text before the part to mark, for a part that the value may have twice."""


class Diagnostics:
    """The diagnostics found so far."""

    def __init__(self, prefix: str = "") -> None:
        """Start without any. `prefix` stands before the names of the file's parameters in a call."""
        self.prefix = prefix
        self.lost = Lost()
        self._found: dict[tuple[KeyPath, str], Diagnostic] = {}
        self._elsewhere: list[Problem] = []
        """Problems of other files, with their places."""
        self._more = 0
        self._suggested = 0

    def __bool__(self) -> bool:
        return bool(self._found or self._elsewhere)

    @property
    def full(self) -> bool:
        """Whether further diagnostics are only counted, so that they need no hint."""
        return len(self._found) >= KEPT

    def key(self, at: KeyPath, message: str, hint: str = "") -> None:
        """Record that a key is wrong."""
        self._note(Diagnostic(at, message, hint, "", on_key=True))

    def value(self, at: KeyPath, message: str, hint: str = "", *, needle: str = "", lead: str = "") -> None:
        """Record that a value is wrong."""
        self._note(Diagnostic(at, message, hint, needle, on_key=False, lead=lead))

    def wrong(self, at: KeyPath, wrong: ValueProblem, subject: str = "") -> None:
        """Record what a reader reported about the value at that path. `subject` is the subject of its message."""
        message = f"{subject} {wrong.message}" if subject else wrong.message
        place = (*at, *wrong.inside)
        hint = wrong.hint or ("" if self.full else _usual_hint(place))
        self.value(place, message, hint, needle=wrong.needle, lead=wrong.lead)

    def wrong_name(self, at: KeyPath, wrong: ValueProblem, what: str) -> None:
        """Record that a name, which is the key, is wrong. `what` has that name."""
        self.key(at, f"the name of {what} {wrong.message}", wrong.hint or _usual_hint(at))

    def elsewhere(self, error: GraphError) -> None:
        """Record the problems of another file, which have their places."""
        self.problems_elsewhere(error.problems)

    def problems_elsewhere(self, problems: Sequence[Problem]) -> None:
        """Record problems of another file."""
        self._elsewhere += problems

    def suggestion(self, name: str, known: Collection[str], listing: str = "there are") -> str:
        """Return a hint for a name that the file does not have: the nearest name, or some names after `listing`.

        Only the first few names get one.
        """
        near = self.nearest(name, known)
        return near if near or self._suggested > SUGGESTED or not known else f"{listing} {listed(known)}"

    def nearest(self, name: str, known: Collection[str]) -> str:
        """Return a hint with the nearest known name, if there is one. Only the first few names get one."""
        self._suggested += 1
        if self._suggested > SUGGESTED or not known:
            return ""
        return did_you_mean(name, known)

    def _note(self, diagnostic: Diagnostic) -> None:
        """Keep a diagnostic once: an error in the defaults would be found again in every task."""
        place = diagnostic.at, diagnostic.message
        if place in self._found:
            return
        if len(self._found) >= KEPT:
            self._more += 1
            return
        self._found[place] = diagnostic

    def error(self, text: str, path: str) -> GraphError:
        """Return the report, sorted by place in the file."""
        from dagtui.graph.toml.positions import locate

        diagnostics = list(self._found.values())
        wanted = {diagnostic.at[:length] for diagnostic in diagnostics for length in range(1, len(diagnostic.at) + 1)}
        located = locate(text, wanted)
        placed = [(_span(diagnostic, located, text), diagnostic) for diagnostic in diagnostics]
        placed.sort(key=lambda item: (item[0] is not None, item[0] or (0, 0)))
        problems = [_problem(diagnostic, span, text, path) for span, diagnostic in placed[:SHOWN]]
        problems += self._elsewhere[:SHOWN]
        return GraphError(problems, more=len(placed) + len(self._elsewhere) - len(problems) + self._more)


def _usual_hint(at: KeyPath) -> str:
    """Return how to write the value at a path of keys."""
    from dagtui.graph.check.examples import usual_hint  # only here: most files are right

    return usual_hint(at)


def _span(diagnostic: Diagnostic, located: dict[KeyPath, Located], text: str) -> SourceSpan | None:
    """Return where a diagnostic is: at its path, or at the nearest table around it that the file has."""
    from dagtui.graph.toml.positions import SourceSpan

    for length in range(len(diagnostic.at), 0, -1):
        place = located.get(diagnostic.at[:length])
        if place is None:
            continue
        if length < len(diagnostic.at) or diagnostic.on_key:
            return place.key if place.key.end > place.key.start else place.value
        start = _marked(diagnostic, text, place.value)
        return place.value if start < 0 else SourceSpan(start, start + len(diagnostic.needle))
    return None


def _marked(diagnostic: Diagnostic, text: str, value: SourceSpan) -> int:
    """Return where the part to mark starts. Negative if the file does not spell it as it is here."""
    if not diagnostic.needle:
        return -1
    start = text.find(diagnostic.lead + diagnostic.needle, *value) if diagnostic.lead else -1
    return start + len(diagnostic.lead) if start >= 0 else text.find(diagnostic.needle, *value)


def _problem(diagnostic: Diagnostic, span: SourceSpan | None, text: str, path: str) -> Problem:
    from dagtui.graph.toml.positions import excerpt

    message, hint = label(diagnostic.message, MESSAGE_CAP), label(diagnostic.hint, MESSAGE_CAP)
    if span is None:
        return Problem(message, path, hint=hint)
    where = excerpt(text, span)
    return Problem(message, path, where.line, where.column, where.text, hint, where.mark)


class Lost:
    """Names of what could not be read, while a file is read."""

    def __init__(self) -> None:
        self.parameters: set[str] = set()
        self.all_parameters = False
        self.tasks: set[str] = set()
        self.all_tasks = False
        self.needs: set[str] = set()
        """Tasks whose needs are unknown."""
        self.all_needs = False
        self.all_variables = False
        self.variables_of: set[str] = set()
        """Tasks whose variables are unknown."""
        self.pools: set[str] = set()
        self.all_pools = False
        self.executors: set[str] = set()
        self.all_executors = False

    def has_task(self, entry: str) -> bool:
        """Return whether an entry of `needs` may mean an unread task, or cells of it."""
        return self.all_tasks or entry in self.tasks or entry.partition("[")[0] in self.tasks

    @property
    def any_task(self) -> bool:
        """Whether some task was not read."""
        return self.all_tasks or bool(self.tasks)

    def has_parameter(self, name: str) -> bool:
        """Return whether a parameter of that name may not have been read."""
        return self.all_parameters or name in self.parameters

    def has_pool(self, name: str) -> bool:
        """Return whether a pool of that name may not have been read."""
        return self.all_pools or name in self.pools

    def has_executor(self, name: str) -> bool:
        """Return whether an executor of that name may not have been read."""
        return self.all_executors or name in self.executors

    def has_variables(self, task: str) -> bool:
        """Return whether the variables of a task are unknown."""
        return self.all_variables or task in self.variables_of

    def has_needs(self, task: str) -> bool:
        """Return whether the needs of a task are unknown."""
        return self.all_needs or task in self.needs


class Origins:
    """Looks up keys in a document."""

    def __init__(self, document: dict[str, object], tasks: Sequence[Task]) -> None:
        """Look up keys for tasks by their numbers."""
        self._document = document
        self._tasks = tasks

    def of(self, task: TaskIndex, key: str, *inside: str | int) -> KeyPath:
        """Return the path at which a task's key, or something inside its value, is written."""
        if self._tasks[task].file:
            return self._of_included(task)
        tables: list[KeyPath] = [("tasks", self._tasks[task].name), ("defaults",)]
        if key == "env":
            tables.append(())
        sought = (key, *inside[:1]) if key == "env" else (key,)
        for table in tables:
            if self._has((*table, *sought)):
                return (*table, key, *inside)
        return tables[0]

    def _of_included(self, task: TaskIndex) -> KeyPath:
        """Return the path of the element of `include` that a task comes from."""
        entries = self._document.get("include")
        name = self._tasks[task].name
        prefixes = (
            [entry.get("prefix") for entry in entries if isinstance(entry, dict)] if isinstance(entries, list) else []
        )
        return next(
            (("include", at) for at, prefix in enumerate(prefixes) if name.startswith(str(prefix))), ("include",)
        )

    def _has(self, path: KeyPath) -> bool:
        found: object = self._document
        for key in path:
            if not isinstance(found, dict) or key not in found:
                return False
            found = found[key]
        return True
