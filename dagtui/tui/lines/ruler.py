"""Ruler: Rich and Textual measure text with the widths of `dagtui.text`.

Both crop, pad and divide what we paint. Their own tables disagree with ours on hundreds of characters, most of them
newer than a table, so that what follows in a row would stand in another column.
"""

from __future__ import annotations

from functools import lru_cache

from rich import cells, segment

from dagtui.text.widths import character_width


@lru_cache(maxsize=4096)
def _character_cells(character: str, _unicode_version: str = "auto") -> int:
    """Return the cells of a character. Control characters, as in texts of Rich's own, take none."""
    return 0 if character < " " or "\x7f" <= character < "\xa0" else character_width(character)


def _text_cells(text: str, _unicode_version: str = "auto") -> int:
    return len(text) if text.isascii() and text.isprintable() else sum(map(_character_cells, text))


def measure_alike() -> None:
    """Replace the functions that all measuring of Rich and Textual goes through."""
    for module in (cells, segment):
        vars(module).update(get_character_cell_size=_character_cells, _cell_len=_text_cells)
    cells.cached_cell_len.cache_clear()
