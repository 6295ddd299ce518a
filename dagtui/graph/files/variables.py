"""Variables in paths are filled in when the graph is read, so that its edges are the same wherever it is read again."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from dagtui.graph.errors import ValueProblem, quoted, read_inside
from dagtui.graph.expressions.braces import Root, doubled
from dagtui.graph.expressions.templates import parse_env, parse_template
from dagtui.graph.files.paths import escaped

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from dagtui.graph.expressions.braces import Placeholder
    from dagtui.graph.expressions.templates import Template
    from dagtui.graph.model import Task

_KNOWN_BEFORE = frozenset({Root.PARAMS, Root.MATRIX, Root.ENV})
MOST_FILLED = 1024 * 1024
"""Characters of a path with its variables, because variables made of each other can double repeatedly."""


def with_variables(task: Task, environment: Mapping[str, str]) -> Task:
    """Return a task without variables in its paths. Raises ValueProblem, with the key inside of the task.

    Variables that are not set stay as they are.
    """
    texts = (task.cwd, *task.inputs, *task.outputs)
    if not any("{{" in text for text in texts):
        return task
    filled = _Variables(task.env, environment)
    changes: dict[str, object] = {"cwd": read_inside(("cwd",), filled.text, task.cwd, str)}
    for key, paths in (("inputs", task.inputs), ("outputs", task.outputs)):
        changes[key] = tuple(
            [read_inside((key, place), filled.text, path, escaped) for place, path in enumerate(paths)]
        )
    return dataclasses.replace(task, **changes)  # type: ignore[arg-type]


class _Variables:
    """The variables of one task, as far as they are known."""

    def __init__(self, env: Mapping[str, str], environment: Mapping[str, str]) -> None:
        self._environment = environment
        self._known: dict[str, Template] = {}
        self._templates = parse_env(env) if any("{{" in text for text in env.values()) else None
        self._env = env

    def text(self, written: object, literal: Callable[[str], str]) -> str:
        """Return a text with its variables filled in. `literal` writes their values. Raises ValueProblem."""
        found = self._filled(parse_template(str(written)), literal, "")
        if len(found) > MOST_FILLED:
            raise ValueProblem(f"has more than {MOST_FILLED:,} characters with its variables")
        return found

    def _filled(self, template: Template, literal: Callable[[str], str], name: str) -> str:
        """Return the text of a template, of a variable if it has a `name`. What is filled in later stays."""
        parts: list[str] = []
        for part in template.parts:
            if isinstance(part, str):
                parts.append(doubled(literal(part) if name else part))
            else:
                parts.append(self._value(part, literal, name))
            if sum(map(len, parts)) > MOST_FILLED:
                break
        return "".join(parts)

    def _value(self, hole: Placeholder, literal: Callable[[str], str], name: str) -> str:
        if hole.root not in _KNOWN_BEFORE:
            message = f"{quoted(hole.source)} is not known before the run begins"
            raise ValueProblem(message, "paths can be made of params, matrix and env", needle=hole.source)
        if hole.root is not Root.ENV:
            return hole.source
        if hole.name in self._env and hole.name != name:
            template = self._templates[hole.name] if self._templates else parse_template(self._env[hole.name])
            return self._filled(template, literal, hole.name) or doubled(literal(hole.default or ""))
        found = hole.known(self._environment.get(hole.name))
        return hole.source if found is None else doubled(literal(found))
