"""What may be around a placeholder in a shell command line, and of which shells that can be told."""

from __future__ import annotations

import enum

MARK = "\0"
"""Stands for a placeholder: no command line can contain it."""

SHELLS = frozenset({"sh", "bash", "dash", "ksh", "zsh"})
"""Those whose quoting is known."""


class Place(enum.Enum):
    """What is around a placeholder."""

    WORD = "a plain word"
    COMMENT = "a comment"
    QUOTES = "quotes"
    BACKTICKS = "backticks"
    EXPANSION = "${…}"
    ARITHMETIC = "arithmetic"
    HEREDOC = "a here-document"
    BACKSLASH = "a backslash"
    DOLLAR = "a dollar sign"
    UNCLEAR = "something that can't be told"
