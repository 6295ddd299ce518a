"""Whether a terminal can be expected to show the screen's glyphs in one cell each."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_AMBIGUOUS = ("zh", "ja", "ko")
"""In these languages terminals give the glyphs two cells (Unicode's annex 11: ambiguous width)."""


def wants_ascii(environ: Mapping[str, str], encoding: str) -> bool:
    """Whether only ASCII should be shown: the locale is not UTF-8, or its glyphs are of ambiguous width.

    The locale is the first of LC_ALL, LC_CTYPE and LANG that is set and not empty, as in POSIX; `encoding` is that of
    standard output, which counts when none is.
    """
    name = next((environ[variable] for variable in ("LC_ALL", "LC_CTYPE", "LANG") if environ.get(variable)), "")
    if name.lower().startswith(_AMBIGUOUS):
        return True
    codeset = name.partition("@")[0].partition(".")[2] if name else encoding
    return codeset.lower().replace("-", "").replace("_", "") != "utf8"
