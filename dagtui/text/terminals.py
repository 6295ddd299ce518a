"""What the environment and the system say about a terminal: its colours, its width, and its characters."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from dagtui.text.amounts import CellWidth

if TYPE_CHECKING:
    from collections.abc import Mapping

USUAL_COLUMNS = CellWidth(80)
"""The width of a terminal that does not report one."""


def declines_colours(environment: Mapping[str, str]) -> bool:
    """Return whether the user wants no colours: https://no-color.org."""
    return bool(environment.get("NO_COLOR"))


def wants_colours(environment: Mapping[str, str], *, is_terminal: bool) -> bool:
    """Return whether to print colours: on a terminal that has them, unless the user declines or forces them."""
    if declines_colours(environment):
        return False
    return bool(environment.get("FORCE_COLOR")) or (is_terminal and environment.get("TERM") != "dumb")


def columns_of(descriptor: int) -> CellWidth | None:
    """Return the width of the terminal behind a descriptor, or None if there is none or it is gone."""
    try:
        return CellWidth(os.get_terminal_size(descriptor).columns) or USUAL_COLUMNS
    except OSError:
        return None


_SIGNS = str.maketrans(
    {
        "…": "...",
        "×": "x",
        "±": "+-",
        "·": "-",
        "–": "-",
        "←": "<-",
        "→": "->",
        "│": "|",
        "└": "`",
        "“": '"',
        "”": '"',
        "‘": "'",
        "’": "'",
    }
)
_AMBIGUOUS = ("zh", "ja", "ko")
"""Languages in which terminals give our glyphs two cells (Unicode annex 11: ambiguous width)."""


def in_ascii(text: str) -> str:
    """Return a text with our own signs in ASCII. Letters, which names and values may have, stay."""
    return text if text.isascii() else text.translate(_SIGNS)


def locale_name(environ: Mapping[str, str]) -> str:
    """Return the locale for characters: the first of LC_ALL, LC_CTYPE and LANG that is not empty, as in POSIX."""
    return next((environ[variable] for variable in ("LC_ALL", "LC_CTYPE", "LANG") if environ.get(variable)), "")


def is_utf8(environ: Mapping[str, str], encoding: str | None) -> bool:
    """Return whether every character can be written: both the locale, if set, and the stream's encoding are UTF-8."""
    name = locale_name(environ)
    codeset = name.partition("@")[0].partition(".")[2] or name
    return _means_utf8(encoding or "") and (not name or _means_utf8(codeset))


def wants_ascii(environ: Mapping[str, str], encoding: str) -> bool:
    """Return whether to show ASCII only: the locale is not UTF-8, or makes glyph widths ambiguous.

    `encoding` is the encoding of standard output.
    """
    return locale_name(environ).lower().startswith(_AMBIGUOUS) or not is_utf8(environ, encoding)


def _means_utf8(name: str) -> bool:
    return name.lower().replace("-", "").replace("_", "") == "utf8"
