"""What a locale's variables say about the characters of a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


def locale_name(environ: Mapping[str, str]) -> str:
    """The locale for characters: the first of LC_ALL, LC_CTYPE and LANG that is set and not empty, as in POSIX."""
    return next((environ[variable] for variable in ("LC_ALL", "LC_CTYPE", "LANG") if environ.get(variable)), "")


def is_utf8(environ: Mapping[str, str], encoding: str | None) -> bool:
    """Whether the locale is a UTF-8 one; where none is set, the encoding of standard output decides."""
    name = locale_name(environ)
    codeset = name.partition("@")[0].partition(".")[2] if name else encoding or ""
    return (codeset or name).lower().replace("-", "").replace("_", "") == "utf8"
