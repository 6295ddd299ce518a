"""Where a placeholder is in a shell command line: in a word, in quotes, or where a value can't be quoted.

Source: POSIX.1-2017, Shell Command Language, 2.2 Quoting, 2.6 Word Expansions, 2.7.4 Here-Document; and what bash, ksh
and zsh add. The scan need not parse commands, but it must never mistake one place for another.
"""

from __future__ import annotations

import enum
import re
from typing import NamedTuple

from dagtui.graph.expressions.braces import MARK, TemplatePlace


class _In(enum.Enum):
    """What the scan is inside of."""

    COMMAND = enum.auto()
    PARENTHESIS = enum.auto()
    ARRAY = enum.auto()
    SUBSTITUTION = enum.auto()
    QUOTES = enum.auto()
    EXPANSION = enum.auto()
    ARITHMETIC = enum.auto()
    ARITHMETIC_PARENTHESIS = enum.auto()


_PLACES = {
    _In.COMMAND: TemplatePlace.WORD,
    _In.PARENTHESIS: TemplatePlace.WORD,
    _In.ARRAY: TemplatePlace.WORD,
    _In.SUBSTITUTION: TemplatePlace.WORD,
    _In.QUOTES: TemplatePlace.DOUBLE,
    _In.EXPANSION: TemplatePlace.EXPANSION,
    _In.ARITHMETIC: TemplatePlace.ARITHMETIC,
    _In.ARITHMETIC_PARENTHESIS: TemplatePlace.ARITHMETIC,
}
_COMMANDS = frozenset({_In.COMMAND, _In.PARENTHESIS, _In.ARRAY, _In.SUBSTITUTION})
_ARITHMETICS = frozenset({_In.ARITHMETIC, _In.ARITHMETIC_PARENTHESIS})

_DULL = re.compile(r"[^\0'\"\\`$#()}<>|&;\nc]++")
_SINGLE = re.compile(r"'[^']*+'?")
_ANSI = re.compile(r"\$'(?:[^'\\]++|\\.)*+'?", re.DOTALL)
_BACKTICKS = re.compile(r"`(?:[^`\\]++|\\.)*+`?", re.DOTALL)
_COMMENT = re.compile(r"#[^\n]*+")
_HEREDOC = re.compile(r"<<(-?)[ \t]*+(?:'([^'\n\0]*)'|\"([^\"\n\0\\$`]*)\"|([^\s;&|<>()'\"\\$`\0]++))(?=[\s;&|<>)]|$)")
_CASE = re.compile(r"case(?=\s)")
_SUBSTITUTION = re.compile(r"\$[({]|`")
_DECEPTIVE = re.compile(r"['\"\\#]|<<")
_WORD_ENDS = frozenset(" \t\n;&|()<>")
_REDIRECTION = re.compile(r"(?:\\\n)*+[<>]")
_NAME = re.compile(r"[A-Za-z0-9_]+")
_VARIABLE = re.compile(r"\$(?:[A-Za-z0-9_]++|[@*#?$!-])?\Z")
_VARIABLE_OF_ZSH = re.compile(r"\$[^\s'\"`;|&<>]*+\Z")
"""In zsh, modifiers and subscripts follow the name."""
_LOOKED_BACK = 200
"""Characters before a placeholder that are searched for a variable name that the placeholder would extend."""


def places(command: str, shell: str) -> list[TemplatePlace]:
    """Return what surrounds each MARK in a command line for one of SHELLS, in order."""
    scan = _QuoteScan(command, shell)
    scan.run()
    return scan.places


class _Heredoc(NamedTuple):
    """A here-document whose text has not started yet."""

    word: str
    """The line that ends it."""
    tabs: bool
    """Whether tabs before that line are skipped."""
    raw: bool
    """Whether its word is quoted, so that backslashes in the text are literal."""
    depth: int
    """How deeply nested it was announced."""


class _QuoteScan:
    """One pass over a command line."""

    def __init__(self, text: str, shell: str) -> None:
        self.places: list[TemplatePlace] = []
        self._text = text
        self._variable = _VARIABLE_OF_ZSH if shell == "zsh" else _VARIABLE
        self._ansi = shell not in {"sh", "dash"}
        """Whether `$'…'` is known to be a kind of quotes. A plain sh may or may not have it."""
        self._inside = [_In.COMMAND]
        self._quoted = [False]
        """For each entry of `_inside`, whether quotes surround it. Inside $(…) quoting starts afresh."""
        self._position = 0
        self._heredocs: list[_Heredoc] = []
        self._escaped = -1
        """The position behind the last character that a backslash escaped."""
        self._unclear = False

    def run(self) -> None:
        text = self._text
        while self._position < len(text):
            dull = _DULL.match(text, self._position)
            if dull:
                self._position = dull.end()
                continue
            self._step(text[self._position])

    def _step(self, character: str) -> None:
        if character == "\n" and self._heredocs and self._inside[-1] not in _COMMANDS:
            self._unclear = True
        if character == MARK:
            self._place(self._around())
        elif character == "\\":
            self._backslash()
        elif character == "`":
            self._take(_BACKTICKS, TemplatePlace.BACKTICKS)
        elif character == "$":
            self._dollar()
        elif character == '"':
            self._double_quote()
        elif self._inside[-1] is _In.QUOTES:
            self._position += 1
        elif character == "'":
            self._single_quote()
        elif character in "()}":
            self._bracket(character)
        elif self._inside[-1] in _COMMANDS:
            self._command(character)
        else:
            self._position += 1

    def _around(self) -> TemplatePlace:
        """Return the place of a placeholder at the current position."""
        inside = self._inside[-1]
        if inside is _In.QUOTES and self._inside[-2] not in _COMMANDS:
            inside = self._inside[-2]  # quotes in ${…} and in arithmetic are not the same in all shells
        place = _PLACES[inside]
        if place is not TemplatePlace.WORD and place is not TemplatePlace.DOUBLE:
            return place
        before = self._text[max(0, self._position - _LOOKED_BACK) : self._position].replace("\\\n", "")
        variable = self._variable.search(before)
        if place is TemplatePlace.DOUBLE:
            return TemplatePlace.DOUBLE_APART if variable or _is_long_name(before) else place
        if variable and variable[0] == "$":
            return TemplatePlace.DOLLAR
        apart = variable or _is_long_name(before) or _REDIRECTION.match(self._text, self._position + 1)
        return TemplatePlace.APART if apart else place

    def _place(self, place: TemplatePlace) -> None:
        self.places.append(TemplatePlace.UNCLEAR if self._unclear else place)
        self._position += 1

    def _take(self, pattern: re.Pattern[str], place: TemplatePlace) -> str:
        """Skip what the pattern matches here. All placeholders in it are in the same place."""
        match = pattern.match(self._text, self._position)
        taken = match[0] if match else self._text[self._position]
        self.places += [TemplatePlace.UNCLEAR if self._unclear else place] * taken.count(MARK)
        self._position += len(taken)
        if self._heredocs and "\n" in taken and place is not TemplatePlace.COMMENT:
            self._unclear = True
        return taken

    def _at(self, start: str) -> bool:
        return self._text.startswith(start, self._position)

    def _enter(self, inside: _In, length: int) -> None:
        self._inside.append(inside)
        self._quoted.append(inside is _In.QUOTES or (self._quoted[-1] and inside not in _COMMANDS))
        self._position += length

    def _leave(self) -> None:
        self._inside.pop()
        self._quoted.pop()

    def _starts_word(self) -> bool:
        if self._position == 0:
            return True
        return self._text[self._position - 1] in _WORD_ENDS and self._position != self._escaped

    def _backslash(self) -> None:
        self._position += 1
        if self._at(MARK):
            self._place(TemplatePlace.BACKSLASH)
        else:
            self._position += 1
            self._escaped = self._position

    def _double_quote(self) -> None:
        if self._inside[-1] is _In.QUOTES:
            self._leave()
            self._position += 1
        else:
            self._enter(_In.QUOTES, 1)

    def _single_quote(self) -> None:
        if self._inside[-1] in _COMMANDS:
            self._take(_SINGLE, TemplatePlace.SINGLE)
            return
        # Inside "${…}" and $((…)) shells differ in whether it quotes.
        if self._inside[-1] in _ARITHMETICS or self._quoted[-1]:
            self._unclear = True
            self._position += 1
        else:
            self._take(_SINGLE, TemplatePlace.EXPANSION)

    def _dollar(self) -> None:
        if self._at("$'") and self._inside[-1] is not _In.QUOTES:
            taken = self._take(_ANSI, TemplatePlace.ANSI)
            known = self._ansi or "\\'" not in taken
            self._unclear = self._unclear or not known or self._inside[-1] not in _COMMANDS
        elif self._at("$(("):
            self._enter(_In.ARITHMETIC, 3)
        elif self._at("$("):
            self._enter(_In.SUBSTITUTION, 2)
        elif self._at("${"):
            self._enter(_In.EXPANSION, 2)
        else:
            self._unclear = self._unclear or self._at("$[")  # arithmetic in bash and zsh, text in others
            self._position += 2 if self._at("$#") or self._at("$$") else 1

    def _bracket(self, character: str) -> None:
        inside = self._inside[-1]
        if character == "}":
            if inside is _In.EXPANSION:
                self._leave()
            self._position += 1
        elif character == "(":
            self._open(inside)
        elif inside is _In.ARITHMETIC:
            whole = self._at("))")
            self._unclear = self._unclear or not whole
            self._leave()
            self._position += 2 if whole else 1
        else:
            if inside in {_In.PARENTHESIS, _In.ARRAY, _In.SUBSTITUTION, _In.ARITHMETIC_PARENTHESIS}:
                self._leave()
            self._position += 1

    def _open(self, inside: _In) -> None:
        if inside in _ARITHMETICS:
            self._enter(_In.ARITHMETIC_PARENTHESIS, 1)
        elif inside is _In.EXPANSION:
            self._position += 1
        elif self._at("(("):
            self._enter(_In.ARITHMETIC, 2)
        else:
            assigned = self._text[self._position - 1 : self._position] == "="
            self._enter(_In.ARRAY if assigned else _In.PARENTHESIS, 1)

    def _command(self, character: str) -> None:
        """Handle comments, here-documents, and the patterns of `case`, whose parentheses are unbalanced."""
        if self._inside[-1] is _In.ARRAY and character in "<>|&;" and not self._at(character + "("):
            self._unclear = True  # not array syntax: bash continues with the next line, which may be in a value
        if character == "#":
            self._hash()
        elif character == "<" and self._at("<<"):
            self._heredoc()
        elif character == "\n":
            self._position += 1
            self._bodies()
        elif character == "c" and self._starts_word() and _CASE.match(self._text, self._position):
            self._unclear = self._unclear or _In.SUBSTITUTION in self._inside
            self._position += 4
        else:
            self._position += 1

    def _hash(self) -> None:
        before = self._text[self._position - 1 : self._position]
        if before == ")" or (before == "\n" and self._position == self._escaped):
            self._unclear = True  # behind $(…) and joined lines it may be in a word, behind (…) it is a comment
        if self._starts_word():
            self._take(_COMMENT, TemplatePlace.COMMENT)
        else:
            self._position += 1

    def _heredoc(self) -> None:
        if self._at("<<<"):
            self._position += 3
            return
        match = _HEREDOC.match(self._text, self._position)
        if match is None:
            self._unclear = True
            self._position += 2
            return
        word = next(group for group in match.groups()[1:] if group is not None)
        self._heredocs.append(_Heredoc(word, match[1] == "-", match[4] is None, len(self._inside)))
        self._position = match.end()

    def _bodies(self) -> None:
        """Skip the here-documents that start after this line."""
        for heredoc in self._heredocs:
            self._unclear = self._unclear or heredoc.depth != len(self._inside)
            while self._position < len(self._text):
                stop = self._text.find("\n", self._position)
                stop = len(self._text) if stop < 0 else stop
                line = self._text[self._position : stop]
                place = TemplatePlace.RAW_HEREDOC if heredoc.raw else TemplatePlace.HEREDOC
                self.places += [TemplatePlace.UNCLEAR if self._unclear else place] * line.count(MARK)
                self._position = stop + 1
                if (line.lstrip("\t") if heredoc.tabs else line) == heredoc.word:
                    break
                self._unclear = self._unclear or not (heredoc.raw or _stands_alone(line))
        self._heredocs.clear()


def _stands_alone(line: str) -> bool:
    """Return whether the line after this one in a here-document can end it, in every shell.

    A backslash joins lines, and some shells read past line ends inside of substitutions.
    """
    if line.endswith("\\"):
        return False
    if not _SUBSTITUTION.search(line):
        return True
    closed = line.count("(") == line.count(")") and line.count("{") == line.count("}") and line.count("`") % 2 == 0
    return closed and not _DECEPTIVE.search(line)


def _is_long_name(before: str) -> bool:
    """Return whether a name fills all of the text searched: it may be a variable's."""
    return len(before) > _LOOKED_BACK // 2 and _NAME.fullmatch(before) is not None
