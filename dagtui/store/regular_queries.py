"""Queries by regular expressions, which pass over what cannot match at the speed of a search for plain text."""

from __future__ import annotations

import re
import warnings
from typing import TYPE_CHECKING

from dagtui.store.byte_search import occurs, occurs_folded
from dagtui.store.log_queries import Substring, has_rewrites, without_colours
from dagtui.text.lines import plain_line, printed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dagtui.store.log_queries import Query

_PLAIN = re.compile(r"[^.^$*+?{}\[\]\\|()\n]+")
"""An expression that stands for itself."""
_TOKEN = re.compile(r"\\.|\[\^?\]?[^\]]*\]|[.^$]|[^\\\[.^$*+?{}()|]", re.DOTALL)
"""A part of an expression that matches one character, or none. Plain ones are single characters."""
_CODE = re.compile(r"\\[xun0-9]")
_SAME_RANGE = re.compile(r"[a-z]-[a-z]|[0-9]-[0-9]")
_LOOKS_BEYOND = re.compile(r"\\[AZ]|\(\?(?:<?[=!]|[>(])|[*+?}]\+")
"""What may find something else in many lines at once than in each: it asks what a line begins, ends or goes on with."""
_SLOW = re.compile(r"\)[*+{]|\\[sWD][*+{]|\[(?:\^\]?|[^\]]*\\)[^\]]*\][*+{]|\\[1-9]|\(\?P=|\(\?\w*s")
"""What may go through a text again and again, or through many lines: repeated groups or references, line breaks."""
_MANY = re.compile(r"\\.|\[\^?\]?[^\]]*\]|(?P<repeat>[*+{])", re.DOTALL)
_REPEAT = re.compile(r"[*?]\??|\{[0-9,]*\}\??|\+\??")


class Regular:
    """A regular expression of Python. It is case-sensitive only if it has an upper-case letter."""

    every = False

    def __init__(self, text: str) -> None:
        """Compile the expression. Raises re.error."""
        self._expression = compiled(text)
        self.folds = text == text.lower()
        self.pattern: re.Pattern[bytes] | None = None
        self._needed: tuple[bytes, ...] = ()
        if text.isascii() and not _LOOKS_BEYOND.search(text):
            # To look in folded lines without regard to case takes ten times as long.
            own = re.IGNORECASE if self.folds and not _is_of_lower_case(text) else 0
            self.pattern = _in_bytes(text, own | re.MULTILINE)
            self._needed = tuple(word.encode() for word in needed(text))

    def may_match(self, lines: bytes, /) -> bool:
        """Return whether the expression matches anywhere, or may match a line that is not shown as it was printed."""
        if self.pattern is None or has_rewrites(lines):
            return True
        shown = without_colours(lines)
        if not self.has_needed(shown):
            return False
        return not lines.isascii() or self.pattern.search(shown.lower() if self.folds else shown) is not None

    def has_needed(self, shown: bytes) -> bool:
        """Return whether lines without colours have what every match has, as far as that is known."""
        has = occurs_folded if self.folds else occurs
        return not self._needed or any(has(word, shown) for word in self._needed)

    def matches(self, line: bytes, /) -> bool:
        """Return whether the expression matches the line as shown, or what was overwritten."""
        if self._expression.search(plain_line(line)) is not None:
            return True
        return has_rewrites(line) and any(map(self._expression.search, printed(line).split("\n")))


def compiled(text: str) -> re.Pattern[str]:
    """Compile what a person typed. It is case-sensitive only if it has an upper-case letter. Raises re.error."""
    try:
        with warnings.catch_warnings(action="ignore"):  # they would be printed on the screen
            return re.compile(text, re.IGNORECASE if text == text.lower() else 0)
    except OverflowError as error:
        raise re.error(str(error)) from None
    except RecursionError:
        raise re.error("it is nested too deeply") from None


def fault(error: re.error) -> str:
    """Return what is wrong with an expression, and where."""
    return error.msg if error.pos is None else f"{error.msg} at character {error.pos + 1}"


def matching_text(expression: re.Pattern[str], line: bytes) -> tuple[str, tuple[int, int]]:
    """Return the line as shown, or what was overwritten of it if only that matches, and where it does."""
    shown = plain_line(line)
    for text in (shown, *(printed(line).split("\n") if has_rewrites(line) else ())):
        if found := expression.search(text):
            return text, found.span()
    return shown, (0, 0)


def _in_bytes(text: str, flags: int) -> re.Pattern[bytes] | None:
    """Compile an expression for bytes. None: it has codes or flags that only texts have."""
    try:
        with warnings.catch_warnings(action="ignore"):
            return re.compile(text.encode(), flags)
    except (re.error, ValueError):
        return None


def _is_of_lower_case(expression: str) -> bool:
    """Return whether an expression in lower case finds in folded lines what it finds without regard to case.

    Codes and ranges may stand for capital letters.
    """
    return not _CODE.search(expression) and not ("[" in expression and "-" in _SAME_RANGE.sub("", expression))


def regular(text: str) -> Query:
    """Return the query for a regular expression. Raises re.error."""
    return Substring(text) if _PLAIN.fullmatch(text) else Regular(text)


def is_quick(expression: str) -> bool:
    """Return whether an expression takes little time for every line: it has one repeat at most, of one character."""
    repeats = sum(1 for part in _MANY.finditer(expression) if part["repeat"])
    return repeats <= 1 and not _SLOW.search(expression)


def needed(expression: str) -> tuple[str, ...]:
    """Return texts of which one at least is in everything that an expression matches, or none if that is not known."""
    if "(" in expression or expression.count("\\Z") or not expression.isascii():
        return ()
    found = tuple(max(_plain_runs(branch), key=len, default="") for branch in expression.split("|"))
    return found if all(found) else ()


def _plain_runs(branch: str) -> Iterator[str]:
    """Yield the runs of plain characters that are in everything that a branch without groups matches."""
    run, position = "", 0
    while position < len(branch):
        token = _TOKEN.match(branch, position)
        if token is None:
            yield ""
            return
        position = token.end()
        repeat = _REPEAT.match(branch, position)
        position = position if repeat is None else repeat.end()
        is_plain = len(token[0]) == 1 and token[0] not in ".^$"
        if is_plain and repeat is None:
            run += token[0]
            continue
        yield run + (token[0] if is_plain and repeat is not None and repeat[0].startswith("+") else "")
        run = ""
    yield run
