"""Glyphs of the tree."""

from __future__ import annotations

from typing import NamedTuple


class Glyphs(NamedTuple):
    """One set of characters, each one cell wide."""

    open: str
    shut: str
    stub: str
    """Used instead of `open` and `shut` for a row with nothing below it."""
    tee: str
    elbow: str
    bar: str
    dash: str
    reference: str
    times: str
    stale: str
    cursor: str
    selected: str


UNICODE = Glyphs("▾", "▸", "─", "├", "└", "│", "─", "↪", "×", "≈", "▌", "•")
ASCII = Glyphs("v", "*", "-", "|", "`", "|", "-", "&", "x", "%", ">", "@")
