"""Placeholders in a shell command line: those whose value can be quoted, and what to write in place of the others."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from dagtui.graph.errors import Wrong, quoted
from dagtui.graph.expressions.places import Place
from dagtui.graph.expressions.templates import placeholder_in

if TYPE_CHECKING:
    from dagtui.graph.expressions.templates import Braces, Placeholder

_QUOTABLE = frozenset({Place.WORD, Place.APART, Place.SINGLE, Place.DOUBLE, Place.DOUBLE_APART})
_VARIABLE_FIRST = "give it to a variable first: {variable}={source}, and write ${variable} here"
_REFUSED = {
    Place.ANSI: ("inside $'…'", "end the quotes before it and begin them again: $'…'{source}$'…'"),
    Place.BACKTICKS: ("inside backticks", "write $(…) in place of `…`"),
    Place.EXPANSION: ("inside ${…}", _VARIABLE_FIRST),
    Place.ARITHMETIC: ("inside arithmetic", _VARIABLE_FIRST),
    Place.HEREDOC: (
        "inside a here-document",
        'put env = {{ {name} = "{source}" }} in the task, and write ${name} here',
    ),
    Place.RAW_HEREDOC: (
        "inside a here-document",
        'take the quotes off the word behind <<, put env = {{ {name} = "{source}" }} in the task, write ${name}',
    ),
    Place.BACKSLASH: ("after a backslash", "remove the backslash: the value is quoted for you"),
    Place.DOLLAR: ("after a dollar sign", "remove the dollar sign, or quote it: '$'{source}"),
    Place.UNCLEAR: (
        "where it can't be told how to quote it",
        'give it to a variable on the first line: {variable}={source}, and write "${variable}" here',
    ),
}
"""Where a placeholder can't stand, and how to mend it."""


def in_place(braces: Braces, place: Place) -> str | Placeholder | Wrong:
    """What to put between the texts around: in a comment, the braces as they are."""
    if place is Place.COMMENT:
        return braces.source if braces.path is not None else "{{"
    try:
        placeholder = placeholder_in(braces)
    except Wrong as wrong:
        return wrong
    if place in _QUOTABLE:
        return placeholder if place is Place.WORD else replace(placeholder, place=place)
    where, hint = _REFUSED[place]
    source, variable = placeholder.source, _variable(placeholder.name)
    hint = hint.format(source=source, variable=variable, name=variable.upper())
    return Wrong(f"the placeholder {quoted(source)} is {where}", hint, needle=source)


def _variable(name: str) -> str:
    """A variable's name made of that of a value."""
    found = re.sub(r"[^A-Za-z0-9_]+", "_", name).strip("_").lower()[:40]
    return found if found[:1].isalpha() else f"x_{found}".rstrip("_")
