"""Command lines that mean the same without a shell, as in make. Starting them directly halves the cost of a node."""

from __future__ import annotations

import re

_PLAIN = r"[A-Za-z0-9_\-./:,=+@%]"
_WORD = rf"""(?:{_PLAIN}++|'[^'\0]*+'|"[^"$`\\\0]*+")+"""
_LINE = re.compile(rf"[ \t\n]*+([A-Za-z0-9_\-./:,+@]++(?:[ \t]++{_WORD})*)[ \t\n]*+")
_WORDS = re.compile(_WORD)
_PIECES = re.compile(rf"""({_PLAIN}++)|'([^']*+)'|"([^"]*+)\"""")

_SHELL_WORDS = frozenset(
    """
    . : [ alias autoload bg bind break builtin caller case cd chdir command compgen complete compopt continue coproc
    declare dirs disown do done echo elif else enable esac eval exec exit export false fc fg fi float for foreach
    function functions getopts hash help history if in integer jobs kill let limit local login logout mapfile nameref
    newgrp nocorrect noglob popd print printf pushd pwd read readarray readonly rehash repeat return sched select set
    setopt shift shopt source suspend test then time times trap true type typeset ulimit umask unalias unhash unlimit
    unset unsetopt until vared wait whence where which while
    """.split()  # noqa: SIM905 - a list of quoted words would fill the screen
)
"""Keywords and builtins of the shells that `sh` may be."""
_SAME_ALONE = frozenset(("true", "false"))
"""Builtins that, without arguments, do the same as the programs of their names."""


def simple_words(text: str) -> tuple[str, ...] | None:
    """Return the words of a command line for which a shell would only start a program, else None."""
    match = _LINE.fullmatch(text)
    if match is None:
        return None
    line = match[1]
    if "'" not in line and '"' not in line:
        words = tuple(line.split())
    else:
        words = tuple("".join(a or b or c for a, b, c in _PIECES.findall(word)) for word in _WORDS.findall(line))
    if words[0] in _SHELL_WORDS and not (len(words) == 1 and words[0] in _SAME_ALONE):
        return None
    return words
