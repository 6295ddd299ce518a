"""Find the value of a matrix axis that a text means. Numbers are compared as numbers, however they are written."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from dagtui.graph.expressions.templates import value_text

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dagtui.graph.model import Value

_LONGEST = 400
"""Characters of the longest number that is read."""
_WHOLE = r"[+-]?(?:0x[0-9a-f]|0o[0-7]|0b[01]|[0-9])(?:_?[0-9a-f])*"
_NUMBER = r"[+-]?(?:inf|(?:[0-9](?:_?[0-9])*(?:\.(?:[0-9](?:_?[0-9])*)?)?|\.[0-9]+)(?:e[+-]?[0-9](?:_?[0-9])*)?)"
_FLAGS = re.ASCII | re.I


class AxisValues:
    """The values of one axis by the ways to write them."""

    __slots__ = ("_numbers", "_truths", "texts")

    def __init__(self, entries: Iterable[Value]) -> None:
        """Take the values. If several are equal as numbers, such as 1 and 1.0, other spellings find the first."""
        self.texts: dict[str, Value] = {}
        """The values by their texts, as they appear in the names of nodes."""
        self._numbers: dict[int | float, str] = {}
        self._truths: set[str] = set()
        for entry in entries:
            text = value_text(entry)
            self.texts[text] = entry
            if isinstance(entry, bool):
                self._truths.add(text)
            elif not isinstance(entry, str):
                self._numbers.setdefault(entry, text)

    def meant(self, written: str) -> str | None:
        """Return the text of the value that is meant, or None."""
        if written in self.texts:
            return written
        if written.lower() in self._truths:
            return written.lower()
        number = _number(written) if self._numbers else None
        return None if number is None else self._numbers.get(number)


def _number(written: str) -> int | float | None:
    if len(written) > _LONGEST:
        return None
    try:
        if re.fullmatch(_NUMBER, written, _FLAGS):
            whole = written.lstrip("+-").replace("_", "").isdigit()
            return int(written.replace("_", "")) if whole else float(written)
        return int(written, 0) if re.fullmatch(_WHOLE, written, _FLAGS) else None
    except ValueError:  # digits of another base, or too many of them
        return None
