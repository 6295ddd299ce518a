"""Recipes as scripts. make runs each line in a shell of its own, and stops at the first one that fails."""

from __future__ import annotations

import os
import re
import shlex
from dataclasses import dataclass
from typing import NamedTuple

from dagtui.graph.expressions.braces import SHELLS

DEFAULT_SHELL = ("/bin/sh", "-c")
_COMPOUND = frozenset(
    """
    if for while until case select function { } ! [[ (( time do done then fi esac else
    """.split()  # noqa: SIM905 - a list of quoted words would fill the screen
)
_STATEFUL = frozenset(
    """
    . : alias break cd chdir continue declare dirs eval exec exit export hash let local logout popd pushd read readonly
    return set shift shopt source times trap typeset ulimit umask unalias unset wait
    """.split()  # noqa: SIM905 - a list of quoted words would fill the screen
)
_ASSIGNMENT = re.compile(r"[A-Za-z_]\w*\+?=")
_OPERATOR = re.compile(r"&&|\|\||;;|[;&|\n()]")
_WORD_END = re.compile(r"[\s;&|()<>]")


class Line(NamedTuple):
    """A line of a recipe as make gives it to the shell."""

    text: str
    may_fail: bool = False
    """Whether make ignores its failure: it begins with `-`."""


class Script(NamedTuple):
    """A recipe as one command."""

    run: str
    shell: tuple[str, ...] = ()
    """Empty for the shell that tasks have by default."""
    allow_failure: bool = False


@dataclass(slots=True)
class _Shape:
    """What a line consists of."""

    is_whole: bool = True
    """Whether it can stand inside of another script: quotes and brackets are closed, there is no here-document."""
    is_compound: bool = False
    """Whether it has several commands one after the other, or keywords."""
    is_list: bool = False
    """Whether it has `&&` or `||`."""
    is_stateful: bool = False
    """Whether it may change the shell that executes it."""
    in_background: bool = False
    comment: int | None = None
    """Where a comment at its end begins."""


def shape(text: str) -> _Shape:
    """Return what a shell would find in a line."""
    scanner = _Scanner(text)
    scanner.scan()
    found = scanner.found
    found.is_whole = found.is_whole and not text.endswith("\\")
    return found


class _Scanner:
    """Walks through a line: quotes and substitutions are stepped over, operators and first words are noted."""

    def __init__(self, text: str) -> None:
        self._text, self._at = text, 0
        self.found = _Shape()

    def scan(self) -> None:
        text, first = self._text, True
        while self._at < len(text) and self.found.is_whole:
            sign = text[self._at]
            if sign in " \t":
                self._at += 1
            elif sign == "#":
                self.found.comment = self._at
                self._at = text.find("\n", self._at) if "\n" in text[self._at :] else len(text)
            elif match := _OPERATOR.match(text, self._at):
                self._note(match[0])
                self._at, first = match.end(), True
            elif sign in "<>":
                self.found.is_whole = not text.startswith("<<", self._at)
                self._at += 1
            else:
                word = self._word()
                if first:
                    first = self._note_first(word)

    def _note(self, operator: str) -> None:
        if operator in {"&&", "||"}:
            self.found.is_list = True
        elif operator == "&":
            self.found.in_background = not self._text[self._at - 1 : self._at + 2].strip("&").startswith((">", "<"))
            self.found.is_compound = True
        elif operator != "|":
            self.found.is_compound = True

    def _note_first(self, word: str) -> bool:
        """Note the first word of a command. Returns whether the next one is a first word, too."""
        if word in _COMPOUND:
            self.found.is_compound = True
            return True
        if _ASSIGNMENT.match(word):
            self.found.is_stateful = True
            return True
        self.found.is_stateful = self.found.is_stateful or word in _STATEFUL
        return False

    def _word(self) -> str:
        start, text = self._at, self._text
        while self._at < len(text) and self.found.is_whole and not _WORD_END.match(text, self._at):
            self._step()
        return text[start : self._at]

    def _step(self) -> None:
        """Step over one character, one quoted part or one substitution."""
        text, at = self._text, self._at
        if text[at] == "\\":
            self._at += 2
        elif text[at] == "'":
            self._to(text.find("'", at + 1))
        elif text[at] in '"`':
            self._inside(text[at])
        elif text.startswith(("$(", "${"), at):
            self._at += 1
            self._inside(")" if text[at + 1] == "(" else "}")
        else:
            self._at += 1

    def _inside(self, end: str) -> None:
        self._at += 1
        while self._at < len(self._text) and self.found.is_whole:
            sign = self._text[self._at]
            if sign == end:
                self._at += 1
                return
            if sign == "(" and end == ")":
                self._inside(")")
            elif sign == "'" and end == '"':
                self._at += 1
            else:
                self._step()
        self.found.is_whole = False

    def _to(self, end: int) -> None:
        self.found.is_whole = end >= 0
        self._at = end + 1


def script(lines: list[Line], shell: tuple[str, ...]) -> Script:
    """Return a recipe as one command.

    Args:
        lines: What make would give to the shell, one after the other.
        shell: The shell with its options, as make calls it.
    """
    if os.path.basename(shell[0]) not in SHELLS:
        if len(lines) == 1:
            return Script(lines[0].text, shell, lines[0].may_fail)
        return Script("\n".join(_called(line, shell) for line in lines))
    stops = any(re.fullmatch(r"-[A-Za-z]*e[A-Za-z]*", option) or option == "errexit" for option in shell[1:])
    if len(lines) == 1 and not lines[0].may_fail:
        text, found = lines[0].text, shape(lines[0].text)
        if stops or shell != DEFAULT_SHELL or found.is_compound or not found.is_whole:
            return Script(text, shell)
        return Script(text)
    parts = [_part(line, shell, stops, is_last=line is lines[-1]) for line in lines]
    if shell == DEFAULT_SHELL:
        return Script("\n".join(parts))
    return Script("\n".join(parts), shell if stops else (shell[0], "-e", *shell[1:]))


def _called(line: Line, shell: tuple[str, ...]) -> str:
    """Return a line as a call of its shell, which is exactly what make does."""
    return shlex.join([*shell, line.text]) + (" || :" if line.may_fail else "")


def _part(line: Line, shell: tuple[str, ...], stops: bool, *, is_last: bool) -> str:
    """Return a line as a part of a script that stops at the first failure."""
    text = line.text.strip(" \t")
    found = shape(text)
    if found.comment is not None and "\n" not in text:
        if not found.comment:
            return text
        text = text[: found.comment].rstrip()
    if not found.is_whole or (stops and line.may_fail and (found.is_compound or found.is_list)):
        return _called(line, shell)
    if found.is_compound:
        inner = f"(\n{text}\n)" if stops else f"(\nset +e\n{text}\n)"
    elif found.is_stateful or (found.is_list and (line.may_fail or not is_last)):
        inner = text if is_last and not line.may_fail else f"( {text} )"
    else:
        inner = text
    return f"{inner} || :" if line.may_fail else inner
