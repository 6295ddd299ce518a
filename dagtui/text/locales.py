"""What the variables of a locale say about the characters of a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


_SIGNS = str.maketrans(
    {"…": "...", "×": "x", "·": "-", "←": "<-", "→": "->", "│": "|", "└": "`", "“": '"', "”": '"', "‘": "'", "’": "'"}
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
