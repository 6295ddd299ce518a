"""Resolve environment variables that refer to others of the same table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dagtui.graph.errors import ValueProblem, quoted
from dagtui.graph.expressions.braces import Root
from dagtui.graph.expressions.templates import Template, parse_template

if TYPE_CHECKING:
    from collections.abc import Mapping


def parse_env(env: Mapping[str, str]) -> dict[str, Template]:
    """Return the variables ordered such that each follows those that it is made of. Raises ValueProblem.

    A variable that names itself (`PATH = "bin:{{ env.PATH }}"`) refers to the one that the run was started with.
    """
    templates = {name: _parse(name, text) for name, text in env.items()}
    made_of = {
        name: [
            part.name
            for part in template.placeholders()
            if part.root is Root.ENV and part.name in templates and part.name != name
        ]
        for name, template in templates.items()
    }
    if not any(made_of.values()):
        return templates
    from graphlib import CycleError, TopologicalSorter

    try:
        return {name: templates[name] for name in TopologicalSorter(made_of).static_order()}
    except CycleError as error:
        names: list[str] = error.args[1]
        shown = ", ".join(quoted(name) for name in names[1:10])
        raise ValueProblem(f"the variables {shown} refer to each other", inside=(names[0],)) from None


def _parse(name: str, text: str) -> Template:
    try:
        return parse_template(text)
    except ValueProblem as wrong:
        raise ValueProblem(wrong.message, wrong.hint, inside=(name,), needle=wrong.needle) from None
