"""Ruler: Rich and Textual measure text with the widths of `dagtui.text`.

Both crop, pad and divide what we paint. Their own tables disagree with ours on characters that are newer than a table,
so that a row would be wider for one of us than for the other.
"""

from __future__ import annotations

from functools import lru_cache

from rich import cells

from dagtui.text.widths import character_width


@lru_cache(maxsize=4096)
def _cells(character: str, _unicode_version: str = "auto") -> int:
    """Return the cells of a character. Rich's own texts contain control characters, which take none."""
    return 0 if character < " " or "\x7f" <= character < "\xa0" else character_width(character)


def _measure_alike() -> None:
    """Replace the one function of Rich that all of its measuring, and Textual's, goes through."""
    cells.get_character_cell_size = _cells
    cells.cached_cell_len.cache_clear()


_measure_alike()
