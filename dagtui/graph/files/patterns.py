"""Patterns of paths: `*`, `?` and `[…]` in a name, and `**` for folders. As in a shell, none matches a leading dot.

`[*]` stands for the character `*`, as `glob.escape` writes it. Time grows with the length of pattern and path only.
"""

from __future__ import annotations

import fnmatch
import re
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

_Owner = TypeVar("_Owner")
LITERAL = re.compile(r"\[([*?\[])\]|(\*\*\*)")
"""Characters of patterns that stand for themselves. Three stars are what is shown of a secret."""
_TOKEN = re.compile(r"\[(?P<literal>[*?\[])\]|(?P<mark>\*\*\*)|(?P<stars>\*+)|(?P<one>\?)|(?P<set>\[!?+\]?+[^/\]]*+\])")
_WORD = 32
"""Characters that are compared as fast as one."""
_ANY_FOLDERS = r"(?:[^/.][^/]*+/)*"
_ANY_FILE = r"[^/.][^/]*+"


@lru_cache(maxsize=1024)
def matches(pattern: str) -> re.Pattern[str]:
    """Return the expression that a pattern is for whole paths."""
    *folders, last = pattern.split("/")
    groups: list[str] = [""]
    for part in folders:
        if part == "**":
            groups.append("")
        else:
            groups[-1] += _name(part) + "/"
    end = _ANY_FOLDERS + _ANY_FILE if last == "**" else _name(last)
    if len(groups) == 1:
        return re.compile(groups[0] + end)
    # The first place for what lies between two `**` is as good as any later one, so it is never left again.
    first, *between = groups
    middle = "".join([f"(?>{_ANY_FOLDERS}?{group})" for group in between[:-1] if group])
    return re.compile(first + middle + _ANY_FOLDERS + between[-1] + end)


def _name(part: str) -> str:
    """Return the expression of one name. What lies between two stars is never left again, either."""
    pieces, position = [""], 0
    for token in _TOKEN.finditer(part):
        pieces[-1] += re.escape(part[position : token.start()])
        position = token.end()
        if token["stars"]:
            pieces.append("")
        elif token["one"]:
            pieces[-1] += "[^/]"
        elif token["set"]:
            pieces[-1] += _set(token["set"])
        else:
            pieces[-1] += re.escape(token["literal"] or token["mark"])
    pieces[-1] += re.escape(part[position:])
    first, *others = pieces
    visible = r"(?!\.)" if _begins_with_any(part) else ""
    if not others:
        return visible + first
    middle = "".join([f"(?>[^/]*?{piece})" for piece in others[:-1] if piece])
    return f"{visible}{first}{middle}[^/]*{others[-1]}"


def _begins_with_any(part: str) -> bool:
    token = _TOKEN.match(part)
    return token is not None and _is_special(token)


def _is_special(token: re.Match[str]) -> bool:
    return not (token["literal"] or token["mark"])


def _set(written: str) -> str:
    """Return the expression of a set of characters as it is written, with its brackets."""
    return "(?!/)" + fnmatch.translate(written)[len("(?s:") : -len(")\\Z")]


def is_pattern(text: str) -> bool:
    """Return whether a path is a pattern."""
    return ("*" in text or "?" in text or "[" in text) and any(map(_is_special, _TOKEN.finditer(text)))


def unescaped(text: str) -> str:
    """Return the path that a text means that is not a pattern."""
    return LITERAL.sub(lambda match: match[1] or match[2], text) if "[" in text else text


def ends_of(pattern: str) -> tuple[str, str]:
    """Return the literal text before the first, and after the last special character of a pattern."""
    special = [token for token in _TOKEN.finditer(pattern) if _is_special(token)]
    first, last = special[0], special[-1]
    end = last.end()
    if (
        last["stars"] == "**"
        and pattern[end : end + 1] == "/"
        and pattern[last.start() - 1 : last.start()] in {"", "/"}
    ):
        end += 1  # `a/**/b` is `a/b`, too
    return unescaped(pattern[: first.start()]), unescaped(pattern[end:])


def reaches_below(pattern: str, folder: str) -> bool:
    """Return whether a pattern may match something in a folder."""
    parts = pattern.split("/")
    states = _with_none(parts, {0})
    for name in [] if folder == "." else folder.split("/"):
        following = set()
        for state in states:
            part = parts[state]
            if part == "**" and not name.startswith("."):
                following.add(state)
            elif part != "**" and state + 1 < len(parts) and matches(part).fullmatch(name):
                following.add(state + 1)
        states = _with_none(parts, following)
    return bool(states)


def _with_none(parts: list[str], states: set[int]) -> set[int]:
    """Add the states behind `**`, which may stand for no folder."""
    for state in sorted(states):
        while parts[state] == "**" and state + 1 < len(parts):
            state += 1  # noqa: PLW2901 - a walk from each state
            states.add(state)
    return states


def around(path: str) -> Iterator[str]:
    """Yield every folder that a path lies in, the nearest first. The graph's own directory is `.`."""
    position = path.rfind("/")
    while position > 0:
        yield path[:position]
        position = path.rfind("/", 0, position)
    yield "/" if path.startswith("/") else "."


def _inside(folder: str) -> str:
    """Return how the paths in a folder begin."""
    return "" if folder == "." else f"{folder.rstrip('/')}/"


def _matches_between(pattern: str, path: str, before: int, after: int) -> bool:
    """Return whether a pattern matches a path whose first and last characters are equal to its literal ends."""
    if pattern.count("*") > 1 or "?" in pattern or "[" in pattern:
        return matches(pattern).fullmatch(path) is not None
    is_hidden = path[before : before + 1] == "." and path[before - 1 : before] in {"", "/"}
    return not is_hidden and "/" not in path[before : len(path) - after]


class PatternIndex(Generic[_Owner]):
    """Finds the patterns that match a path, or something in a folder, by what is literal at their ends."""

    def __init__(self, patterns: Mapping[str, _Owner], count: Callable[[int], object] = abs) -> None:
        """Index patterns. `count` gets the number of look-ups and comparisons, as they are made."""
        self._patterns = patterns
        self._count = count
        self._shapes: dict[str, dict[tuple[int, int], dict[tuple[str, str], list[tuple[str, _Owner]]]]] = {}
        """By the folder in which all lies that a pattern matches, and by the lengths of its literal ends."""
        self._starts: dict[str, str] = {}
        """What is literal at the start of each pattern."""
        for pattern, owner in patterns.items():
            before, after = ends_of(pattern)
            self._starts[pattern] = before
            shapes = self._shapes.setdefault(next(around(before)), {})
            alike = shapes.setdefault((len(before), len(after)), {})
            alike.setdefault((before, after), []).append((pattern, owner))

    def matching(self, path: str) -> Iterator[_Owner]:
        """Yield the owners of all patterns that match a path."""
        for folder in around(path):
            shapes = self._shapes.get(folder, {})
            self._count(1 + len(shapes) * (1 + len(path) // _WORD))
            for (before, after), alike in shapes.items():
                candidates = alike.get((path[:before], path[-after:] if after else ""), ())
                self._count(len(candidates))
                for pattern, owner in candidates:
                    if before + after <= len(path) and _matches_between(pattern, path, before, after):
                        yield owner

    def reaching(self, folder: str) -> Iterator[_Owner]:
        """Yield the owners of all patterns that may match something in a folder."""
        inside, below = _inside(folder), self._below.get(folder, ())
        self._count(len(below) + len(self._by_start))
        yield from below
        for length, alike in self._by_start.items():
            candidates = alike.get(inside[:length], ()) if length <= len(inside) else ()
            self._count(len(candidates))
            for pattern, owner in candidates:
                if reaches_below(pattern, folder):
                    yield owner

    @cached_property
    def _by_start(self) -> dict[int, dict[str, list[tuple[str, _Owner]]]]:
        """The patterns by what is literal at their start."""
        found: dict[int, dict[str, list[tuple[str, _Owner]]]] = {}
        for pattern, owner in self._patterns.items():
            start = self._starts[pattern]
            found.setdefault(len(start), {}).setdefault(start, []).append((pattern, owner))
        return found

    @cached_property
    def _below(self) -> dict[str, list[_Owner]]:
        """The owners of patterns by each folder in which all lies that they match."""
        found: dict[str, list[_Owner]] = {}
        for pattern, owner in self._patterns.items():
            start = self._starts[pattern]
            for folder in around(start):
                if len(_inside(folder)) < len(start):
                    found.setdefault(folder, []).append(owner)
        return found
