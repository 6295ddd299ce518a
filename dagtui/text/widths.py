"""How many cells of a terminal a text takes, and texts cut to a number of cells."""

from __future__ import annotations

import unicodedata
from functools import lru_cache
from itertools import accumulate, takewhile


def cell_width(text: str) -> int:
    """The cells that a text takes on a terminal: 2 for wide East Asian characters and emoji, 0 for combining ones."""
    if text.isascii():
        return len(text)
    return sum(map(_character_width, text))


def fit(text: str, width: int, ascii: bool = False) -> str:  # noqa: A002 - the name of the option it comes from
    """The text if it fits in so many cells, else its beginning with "…" ("~" where only ASCII can be shown)."""
    if cell_width(text) <= width:
        return text
    if width < 1:
        return ""
    ends = accumulate(map(_character_width, text))
    kept = sum(1 for _ in takewhile(lambda end: end < width, ends))
    return text[:kept] + ("~" if ascii else "…")


@lru_cache(maxsize=4096)
def _character_width(character: str) -> int:
    code = ord(character)
    if (
        unicodedata.category(character) in {"Mn", "Me", "Mc", "Cf"}
        or 0x1160 <= code <= 0x11FF
        or 0xD7B0 <= code <= 0xD7FB
    ):
        return 0
    return 2 if unicodedata.east_asian_width(character) in {"W", "F"} else 1
