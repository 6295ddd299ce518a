"""Finding the values that `run.secrets` names, once the environment of a run is known."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dagtui.graph import reading
from dagtui.graph.errors import GraphError, quoted
from dagtui.graph.findings import Findings
from dagtui.graph.resolution import ResolutionError, Resolver
from dagtui.graph.templates import Root, parse_template, value_text
from dagtui.text import label
from dagtui.text.secrets import LEAST, MOST, Secrets

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from dagtui.graph.model import Graph

MOST_VALUES = 256
"""Different values of all secrets of a run: each makes every log a little slower to write."""
_TAKE_OUT = 'take it out of "secrets"'


def find_secrets(graph: Graph, environment: Mapping[str, str]) -> Secrets:
    """What to mask in a run that is started with an environment.

    A name means the variable of the environment, of every task that sets one of that name, and the parameter. Raises
    GraphError when a name has no value, or one that can't be masked; no value is ever part of it.
    """
    return _find(graph, environment, graph.settings.secrets)


def known_secrets(graph: Graph, environment: Mapping[str, str]) -> Secrets:
    """What to mask where a graph is shown that is not run: names without a value are left out.

    Raises GraphError as `find_secrets` does for all else.
    """
    names = graph.settings.secrets
    return _find(graph, environment, [name for name in names if any(map(str.strip, _values(graph, environment, name)))])


def _find(graph: Graph, environment: Mapping[str, str], names: Collection[str]) -> Secrets:
    findings = Findings()
    found: set[str] = set()
    for index, name in enumerate(graph.settings.secrets):
        if name not in names:
            continue
        at = ("run", "secrets", index)
        if _depends_on_others(graph, name):
            message = f"the value of {quoted(name)} depends on how other nodes end"
            findings.value(at, message, f'remove the "needs" placeholder, or {_TAKE_OUT}')
            continue
        values = {value.strip() for value in _values(graph, environment, name)}
        wrong = _wrong(name, values)
        if wrong is not None:
            findings.value(at, *wrong)
        found |= values
    if len(found) > MOST_VALUES:
        findings.value(("run", "secrets"), f"secrets have at most {MOST_VALUES} values, not {len(found):,}")
    if findings:
        raise located(findings, graph)
    return Secrets(value for value in found if value)


def located(findings: Findings, graph: Graph) -> GraphError:
    """The report about a graph that was loaded, with places in its file if that is still readable."""
    if graph.path is None:
        return findings.error("", "")
    shown = label(graph.path)
    try:
        text = reading.decode(reading.read_bytes(graph.path, shown), shown)
        reading.parse(text, shown)
    except GraphError:  # it was changed meanwhile
        text = ""
    return findings.error(text, shown)


def _wrong(name: str, values: set[str]) -> tuple[str, str] | None:
    """What is wrong with the values of a name, and how to mend it."""
    if not values:
        return f"{quoted(name)} is not set", f"set it, or {_TAKE_OUT}"
    if not any(values):
        return f"{quoted(name)} is empty", f"give it a value, or {_TAKE_OUT}"
    if any(0 < len(value) < LEAST for value in values):
        hint = f"masking so little would garble words that are no secret: use a longer one, or {_TAKE_OUT}"
        return f"the value of {quoted(name)} has fewer than {LEAST} characters", hint
    if any(len(value) > MOST for value in values):
        return f"the value of {quoted(name)} has more than {MOST:,} characters", "put it in a file"
    return None


def _values(graph: Graph, environment: Mapping[str, str], name: str) -> Iterator[str]:
    if name in environment:
        yield environment[name]
    if name in graph.params:
        yield value_text(graph.params[name])
    resolver = Resolver(graph, environment)
    known: set[int] = set()
    for node, number in enumerate(graph.task_of):
        env = graph.tasks[number].env
        if name not in env or id(env) in known:
            continue
        try:
            yield resolver.resolve(node, lambda _: "").env[name]
        except ResolutionError:  # then its attempts can't start, but what is written in the file is shown
            parts = parse_template(env[name]).parts
            if all(isinstance(part, str) for part in parts):
                yield "".join(map(str, parts))
            continue
        if not _turns(env):
            known.add(id(env))


def _turns(env: Mapping[str, str]) -> bool:
    """Whether variables differ between the nodes of one task."""
    return any("{{" in text and _roots(text) & {Root.MATRIX, Root.NEEDS} for text in env.values())


def _depends_on_others(graph: Graph, name: str) -> bool:
    texts = {task.env[name] for task in graph.tasks if name in task.env}
    return any(Root.NEEDS in _roots(text) for text in texts)


def _roots(text: str) -> set[Root]:
    return {placeholder.root for placeholder in parse_template(text).placeholders()}
