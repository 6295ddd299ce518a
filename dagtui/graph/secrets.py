"""Find the values that `run.secrets` names, once the environment of a run is known."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from dagtui.graph.check.diagnostics import Diagnostics
from dagtui.graph.errors import GraphError, quoted
from dagtui.graph.expressions.braces import Root
from dagtui.graph.expressions.templates import parameter_texts, parse_template
from dagtui.graph.resolution import ResolutionError, Resolver
from dagtui.graph.toml import parse
from dagtui.text import label
from dagtui.text.secrets import LEAST, MOST, Secrets

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from dagtui.graph.model import Graph, NodeIndex, ParameterValue, Task

MOST_VALUES = 256
"""The number of different values of all secrets of a run. Each makes every log a little slower to write."""
_TAKE_OUT = 'remove it from "secrets"'


def find_secrets(graph: Graph, environment: Mapping[str, str]) -> Secrets:
    """Return what to redact in a run that is started with an environment.

    A name refers to the variable of the environment, that of every task that sets one, and the parameter. Raises
    GraphError if a name has no value, or one that can't be redacted. The error never contains a value.
    """
    return _find(graph, environment, known_only=False)


def known_secrets(graph: Graph, environment: Mapping[str, str]) -> Secrets:
    """Return what to redact in a graph that is shown but not run. Names without a value are left out.

    Raises GraphError as `find_secrets` does for everything else.
    """
    return _find(graph, environment, known_only=True)


def _find(graph: Graph, environment: Mapping[str, str], *, known_only: bool) -> Secrets:
    diagnostics = Diagnostics()
    found: set[str] = set()
    sources = _Sources(graph, {**graph.variables, **environment} if graph.variables else environment)
    for index, name in enumerate(graph.settings.secrets):
        values = {value.strip() for value in sources.values.get(name, ())}
        if known_only and not any(values):
            continue
        at = ("run", "secrets", index)
        if name in sources.dependent:
            message = f"the value of {quoted(name)} depends on how other nodes end"
            diagnostics.value(at, message, f'remove the "needs" placeholder, or {_TAKE_OUT}')
            continue
        wrong = _wrong(name, values)
        if wrong is not None:
            diagnostics.value(at, *wrong)
        found |= values
    if len(found) > MOST_VALUES:
        diagnostics.value(("run", "secrets"), f"secrets can have at most {MOST_VALUES} values, not {len(found):,}")
    if diagnostics:
        raise located(diagnostics, graph)
    return Secrets(value for value in found if value)


def check_known(
    diagnostics: Diagnostics,
    names: Sequence[str],
    known: Iterable[Mapping[str, ParameterValue]],
    tasks: Sequence[Task],
) -> None:
    """Record each name without a value that can be redacted, as `find_secrets` will, before there is a graph.

    `known` are the environment and the parameters. Values with placeholders are left to `find_secrets`.
    """
    lost = diagnostics.lost
    if lost.parameters or lost.all_parameters or lost.tasks or lost.all_tasks:
        return  # a value may be in what could not be read
    if any(lost.has_variables(task.name) for task in tasks):
        return
    found: dict[str, set[str]] = {name: set() for name in names}
    for table in known:
        for name in found.keys() & table.keys():
            found[name].update(text.strip() for text in parameter_texts(table[name]))
    tables = {id(task.env): task.env for task in tasks}
    for table in tables.values():
        for name in found.keys() & table.keys():
            if "{{" in table[name]:
                del found[name]
            else:
                found[name].add(table[name].strip())
    for index, name in enumerate(names):
        wrong = _wrong(name, found[name]) if name in found else None
        if wrong is not None:
            diagnostics.value(("run", "secrets", index), *wrong)


def located(diagnostics: Diagnostics, graph: Graph) -> GraphError:
    """Return the report about a loaded graph, with places in its file if that can still be read."""
    if graph.path is None:
        return diagnostics.error("", "")
    shown = label(graph.path)
    try:
        text = parse.decode(parse.read_bytes(graph.path, shown), shown)
        parse.parse(text, shown)
    except GraphError:  # the file was changed meanwhile
        text = ""
    return diagnostics.error(text, shown)


def _wrong(name: str, values: set[str]) -> tuple[str, str] | None:
    """Return what is wrong with the values of a name, and how to fix it."""
    if not values:
        return f"{quoted(name)} is not set", f"set it, or {_TAKE_OUT}"
    if not any(values):
        return f"{quoted(name)} is empty", f"give it a value, or {_TAKE_OUT}"
    if any(0 < len(value) < LEAST for value in values):
        hint = f"redacting so short a value would garble other words: use a longer one, or {_TAKE_OUT}"
        return f"the value of {quoted(name)} has fewer than {LEAST} characters", hint
    if any(len(value) > MOST for value in values):
        return f"the value of {quoted(name)} has more than {MOST:,} characters", "put it in a file"
    return None


class _Sources:
    """The values of secrets by name, found in one pass over the nodes."""

    def __init__(self, graph: Graph, environment: Mapping[str, str]) -> None:
        self.values: dict[str, set[str]] = {}
        """By name. Names without a value are missing."""
        self.dependent: set[str] = set()
        """The names whose values depend on how other nodes end."""
        self._names = frozenset(graph.settings.secrets)
        for name in self._names & environment.keys():
            self._add(name, environment[name])
        for name in self._names & graph.params.keys():
            for text in parameter_texts(graph.params[name]):
                self._add(name, text)
        self._search_tasks(graph, Resolver(graph, environment))

    def _add(self, name: str, value: str) -> None:
        self.values.setdefault(name, set()).add(value)

    def _search_tasks(self, graph: Graph, resolver: Resolver) -> None:
        done: set[int] = set()  # tables of variables that are the same for every node, by identity
        named: dict[int, list[str]] = {}
        for node, number in zip(graph.nodes, graph.task_of, strict=True):
            env = graph.tasks[number].env
            if id(env) in done:
                continue
            names = named.get(id(env))
            if names is None:
                names = named[id(env)] = [name for name in env if name in self._names]
                self.dependent.update(name for name in names if Root.NEEDS in _roots(env[name]))
            if not names or (self._resolve(resolver, node, env, names) and not _varies(env)):
                done.add(id(env))

    def _resolve(self, resolver: Resolver, node: NodeIndex, env: Mapping[str, str], names: Collection[str]) -> bool:
        """Take in the variables of one node. Return whether they could be filled in."""
        try:
            found = resolver.resolve(node, lambda _: "", lambda _: defaultdict(str)).env
        except ResolutionError:  # the attempts can't start, but what is written in the file is shown
            for name in names:
                parts = parse_template(env[name]).parts
                if all(isinstance(part, str) for part in parts):
                    self._add(name, "".join(map(str, parts)))
            return False
        for name in names:
            self._add(name, found[name])
        return True


def _varies(env: Mapping[str, str]) -> bool:
    """Return whether variables differ between the nodes of one task."""
    return any("{{" in text and _roots(text) & {Root.MATRIX, Root.NEEDS} for text in env.values())


def _roots(text: str) -> set[Root]:
    return {placeholder.root for placeholder in parse_template(text).placeholders()}
