"""Patterns of paths: `*`, `?` and `[…]` in a name, and `**` for folders. As in a shell, none matches a leading dot.

`[*]` stands for the character `*`, as `glob.escape` writes it. Time grows with the length of pattern and path only.
"""

from __future__ import annotations

import fnmatch
import re
from functools import lru_cache
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_Owner = TypeVar("_Owner")
LITERAL = re.compile(r"\[([*?\[])\]|(\*\*\*)")
"""Characters of patterns that stand for themselves. Three stars are what is shown of a secret."""
_TOKEN = re.compile(r"\[(?P<literal>[*?\[])\]|(?P<mark>\*\*\*)|(?P<stars>\*+)|(?P<one>\?)|(?P<set>\[!?+\]?+[^/\]]*+\])")
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


def base_of(pattern: str) -> str:
    """Return the folder below which all lies that a pattern matches, without a slash, empty for the graph's own."""
    return ends_of(pattern)[0].rpartition("/")[0]


class PatternIndex(Generic[_Owner]):
    """Finds the patterns that match a path, by what is literal at their ends."""

    def __init__(self, patterns: Mapping[str, _Owner]) -> None:
        self._by_lengths: dict[tuple[int, int], dict[tuple[str, str], list[tuple[str, _Owner]]]] = {}
        self.steps = 0
        """Look-ups and comparisons so far."""
        for pattern, owner in patterns.items():
            before, after = ends_of(pattern)
            alike = self._by_lengths.setdefault((len(before), len(after)), {})
            alike.setdefault((before, after), []).append((pattern, owner))

    def matching(self, path: str) -> Iterator[_Owner]:
        """Yield the owners of all patterns that match a path."""
        length = len(path)
        self.steps += len(self._by_lengths)
        for (before, after), alike in self._by_lengths.items():
            if before + after > length:
                continue
            candidates = alike.get((path[:before], path[length - after :]))
            if candidates is None:
                continue
            self.steps += len(candidates)
            for pattern, owner in candidates:
                if matches(pattern).fullmatch(path):
                    yield owner
