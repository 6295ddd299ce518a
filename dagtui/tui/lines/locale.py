"""Locale: whether the terminal can be expected to show the screen's glyphs in one cell each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dagtui.text.locales import is_utf8, locale_name

if TYPE_CHECKING:
    from collections.abc import Mapping

_AMBIGUOUS = ("zh", "ja", "ko")
"""Languages in which terminals give the glyphs two cells (Unicode annex 11: ambiguous width)."""


def wants_ascii(environ: Mapping[str, str], encoding: str) -> bool:
    """Return whether to show ASCII only: the locale is not UTF-8, or makes glyph widths ambiguous.

    `encoding` is the encoding of standard output.
    """
    return locale_name(environ).lower().startswith(_AMBIGUOUS) or not is_utf8(environ, encoding)
