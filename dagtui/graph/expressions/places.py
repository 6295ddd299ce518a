"""What may surround a placeholder in a shell command line, and how a value is quoted there.

Source: POSIX.1-2017, Shell Command Language, 2.2 Quoting, 2.4 Reserved Words; and what bash, ksh and zsh add.
"""

from __future__ import annotations

import enum
import re

MARK = "\0"
"""Stands for a placeholder. No command line can contain it."""

SHELLS = frozenset({"sh", "bash", "dash", "ksh", "zsh"})
"""The shells whose quoting is known."""

_BARE = re.compile(r"[A-Za-z0-9_./:-]+")
_SPECIAL_IN_QUOTES = re.compile(r'[$`"\\]')
_RESERVED = frozenset(
    """
    case coproc do done elif else end esac fi for foreach function if in nocorrect noglob repeat select then time
    until while
    """.split()  # noqa: SIM905 - a list of quoted words would fill the screen
)
"""Words that a shell may take for a part of its syntax."""


class TemplatePlace(enum.Enum):
    """What surrounds a placeholder."""

    WORD = "a plain word"
    APART = "a plain word next to text that would merge with the value"
    SINGLE = "single quotes"
    DOUBLE = "double quotes"
    DOUBLE_APART = "double quotes after text that would merge with the value"
    COMMENT = "a comment"
    ANSI = "$'…'"
    BACKTICKS = "backticks"
    EXPANSION = "${…}"
    ARITHMETIC = "arithmetic"
    HEREDOC = "a here-document"
    RAW_HEREDOC = "a here-document whose word is quoted"
    BACKSLASH = "a backslash"
    DOLLAR = "a dollar sign"
    UNCLEAR = "an unclear place"


def quote(value: str, place: TemplatePlace) -> str:
    """Return the value as it is written at that place, for any of SHELLS, so that the shell reads the same value."""
    if place is TemplatePlace.SINGLE:
        return value.replace("'", r"'\''")
    if place is TemplatePlace.DOUBLE:
        return _SPECIAL_IN_QUOTES.sub(r"\\\g<0>", value)
    if place is TemplatePlace.DOUBLE_APART:
        return '""' + _SPECIAL_IN_QUOTES.sub(r"\\\g<0>", value)
    if place is TemplatePlace.WORD and _BARE.fullmatch(value) and value not in _RESERVED:
        return value
    return "'" + value.replace("'", "'\"'\"'") + "'"
