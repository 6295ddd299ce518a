"""Cut a condition into words, literals and signs."""

from __future__ import annotations

import re
from typing import NamedTuple


class ConditionToken(NamedTuple):
    """One word, literal or sign of a condition."""

    kind: str
    """`string`, `number`, `path`, `word`, `sign`, `other`, or `end`."""
    text: str
    start: int

    @property
    def end(self) -> int:
        """The position behind it."""
        return self.start + len(self.text)


_TOKEN = re.compile(
    r"""
    (?P<string>"[^"\n]*+"|'[^'\n]*+')
    |(?P<number>[+-]?(?:[0-9]++(?:\.[0-9]++)?|\.[0-9]++)(?:[eE][+-]?[0-9]++)?(?![\w.]))
    |(?P<path>[^\W\d]\w*+\.(?:[^\s"'()\[\]=!<>,{}&|]++|"[^"\n]*+"|'[^'\n]*+'|\[[^\]\n]*+\])++)
    |(?P<word>[^\W\d][\w-]*+)
    |(?P<sign>==|!=|<=|>=|[<>()\[\],])
    |(?P<other>[^\s"'()\[\],\w]++|\S)
    """,
    re.VERBOSE,
)


def cut_condition(text: str) -> list[ConditionToken]:
    """Cut a text, in linear time. The last token is the end."""
    found = [ConditionToken(match.lastgroup or "", match[0], match.start()) for match in _TOKEN.finditer(text)]
    return [*found, ConditionToken("end", "", len(text))]
