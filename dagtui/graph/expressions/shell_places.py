"""Placeholders in a shell command line: those whose value can be quoted, and what to write instead of the others."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from dagtui.graph.errors import ValueProblem, quoted
from dagtui.graph.expressions.braces import TemplatePlace, placeholder_in

if TYPE_CHECKING:
    from dagtui.graph.expressions.braces import Braces, Placeholder

QUOTABLE = frozenset(
    {TemplatePlace.WORD, TemplatePlace.APART, TemplatePlace.SINGLE, TemplatePlace.DOUBLE, TemplatePlace.DOUBLE_APART}
)
"""Where a value can be put."""
_VARIABLE_FIRST = "assign it to a variable first: {variable}={source}, and write ${variable} here"
_REFUSED = {
    TemplatePlace.ANSI: ("inside $'…'", "close the quotes before it and reopen them after it: $'…'{source}$'…'"),
    TemplatePlace.BACKTICKS: ("inside backticks", "write $(…) instead of `…`"),
    TemplatePlace.EXPANSION: ("inside ${…}", _VARIABLE_FIRST),
    TemplatePlace.ARITHMETIC: ("inside arithmetic", _VARIABLE_FIRST),
    TemplatePlace.HEREDOC: (
        "inside a here-document",
        'put env = {{ {name} = "{source}" }} in the task, and write ${name} here',
    ),
    TemplatePlace.RAW_HEREDOC: (
        "inside a here-document",
        'remove the quotes around the word after <<, put env = {{ {name} = "{source}" }} in the task, write ${name}',
    ),
    TemplatePlace.BACKSLASH: ("after a backslash", "remove the backslash: the value is quoted for you"),
    TemplatePlace.DOLLAR: ("after a dollar sign", "remove the dollar sign, or quote it: '$'{source}"),
    TemplatePlace.UNCLEAR: (
        "in a place where quoting can't be determined",
        'assign it to a variable on the first line: {variable}={source}, and write "${variable}" here',
    ),
}
"""Where a placeholder is not allowed, and how to fix it."""


def in_place(braces: Braces, place: TemplatePlace) -> str | Placeholder | ValueProblem:
    """Return what to put between the surrounding texts. In a comment the braces stay as they are."""
    if place is TemplatePlace.COMMENT:
        return braces.source if braces.path is not None else "{{"
    try:
        placeholder = placeholder_in(braces)
    except ValueProblem as wrong:
        return wrong
    if place in QUOTABLE:
        return placeholder if place is TemplatePlace.WORD else replace(placeholder, place=place)
    where, hint = _REFUSED[place]
    source, variable = placeholder.source, _variable(placeholder.output or placeholder.name)
    hint = hint.format(source=source, variable=variable, name=variable.upper())
    return ValueProblem(f"the placeholder {quoted(source)} is {where}", hint, needle=source)


def _variable(name: str) -> str:
    """Return a name for a variable that holds a value of that name."""
    found = re.sub(r"[^A-Za-z0-9_]+", "_", name).strip("_").lower()[:40]
    return found if found[:1].isalpha() else f"x_{found}".rstrip("_")
