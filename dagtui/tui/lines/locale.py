"""Whether a terminal can be expected to show the screen's glyphs in one cell each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dagtui.text.locales import is_utf8, locale_name

if TYPE_CHECKING:
    from collections.abc import Mapping

_AMBIGUOUS = ("zh", "ja", "ko")
"""In these languages terminals give the glyphs two cells (Unicode's annex 11: ambiguous width)."""


def wants_ascii(environ: Mapping[str, str], encoding: str) -> bool:
    """Whether only ASCII should be shown: the locale is not UTF-8, or its glyphs are of ambiguous width.

    `encoding` is that of standard output.
    """
    return locale_name(environ).lower().startswith(_AMBIGUOUS) or not is_utf8(environ, encoding)
