"""The signs before the lines of a recipe: `-` ignores a failure. A dry run does not print them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from dagtui.migration.makefile.database import Variable

_DEEPEST = 10
_MOST_LINES = 10_000
_HEAD = re.compile(r"(?P<signs>[-@+ \t]*)(?P<rest>.*)", re.DOTALL)
_VARIABLE = re.compile(r"\$(?:[({](?:call +)?(?P<name>[^\s(){}$,:]+)(?:,[^(){}]*)?[)}]|(?P<letter>\w))")


def failures_ignored(
    recipe: Sequence[str], variables: Mapping[str, Variable], count: int, *, one_shell: bool
) -> list[bool] | None:
    """Return whether make ignores a failure of each of `count` lines, or None if that can't be told.

    Args:
        recipe: The physical lines of the recipe, unexpanded.
        variables: The variables of the file, which may hold signs or several lines.
        count: How many lines the recipe has once it is expanded.
        one_shell: Whether all lines are one, as with `.ONESHELL`.
    """
    found = [sign for line in _logical(recipe) for sign in _signs(line, variables)]
    if one_shell:
        return ["-" in found[0]] * count if found else [False] * count
    signs = ["-" in sign for sign in found]
    if len(signs) == count:
        return signs
    return [signs[0]] * count if len(set(signs)) == 1 else [False] * count if not signs else None


def _logical(recipe: Sequence[str]) -> Iterator[str]:
    """Yield lines, each with those that continue it."""
    whole = ""
    for line in recipe:
        whole += line
        if (len(whole) - len(whole.rstrip("\\"))) % 2:
            whole += "\n"
            continue
        yield whole
        whole = ""
    if whole:
        yield whole


def _signs(line: str, variables: Mapping[str, Variable], before: str = "", deep: int = 0) -> Iterator[str]:
    """Yield the signs of each line that a line is expanded to, if it says something."""
    match = _HEAD.fullmatch(line)
    signs, rest = (before + match["signs"], match["rest"]) if match else (before, line)
    inner = _VARIABLE.match(rest)
    name = (inner["name"] or inner["letter"]) if inner else ""
    known = variables.get(name)
    if inner is None or known is None or deep > _DEEPEST:
        if rest.strip():
            yield signs
        return
    lines = _joined((known.value + rest[inner.end() :])[:_MOST_LINES])
    for one in lines:
        yield from _signs(one, variables, signs, deep + 1)


def _joined(text: str) -> list[str]:
    return list(_logical(text.split("\n")))
