"""Read files of variables: `NAME=VALUE` lines, with the quotes of POSIX shells. Imported only where one is named.

Nothing is expanded or executed. A line is never shown, because it may hold a secret.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from dagtui.graph.check.kernel_limits import check_environment
from dagtui.graph.errors import FollowsError, GraphError, Problem, ValueProblem, quoted
from dagtui.graph.matrix.drafts import filled_path
from dagtui.graph.other_files import content_of
from dagtui.graph.toml.parse import decode, digest_of
from dagtui.text import label

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from dagtui.graph.check.diagnostics import Diagnostics
    from dagtui.graph.model import ParameterValue

MOST_BYTES = 1024 * 1024
OPTIONAL = "?"
"""Ends the name of a file that may be missing."""
_MOST_PROBLEMS = 20
_BETWEEN = re.compile(r"(?:[ \t\r]*(?:\#[^\n]*)?\n)*+[ \t]*+")
"""Blank lines and comments."""
_NAME = re.compile(r"(?:export[ \t]++)?([A-Za-z_][A-Za-z0-9_.\-]*+)[ \t]*+=")
_PIECE = re.compile(
    r"""'([^']*+)' | "((?:[^"\\]|\\.)*+)" | \\(\n|.) | ([^'"\\\s]++) | ([ \t\r\f\v]++)""", re.DOTALL | re.VERBOSE
)
_ESCAPED = re.compile(r'\\([$`"\\\n])')
_REST = re.compile(r"[^\n]*+")


class EnvFiles:
    """The variables of several files. Of a name that is in several of them, the last one counts."""

    def __init__(self, folder: Path, diagnostics: Diagnostics) -> None:
        """Read files whose paths are relative to a folder."""
        self.variables: dict[str, str] = {}
        self.sources: dict[Path, bytes] = {}
        """The digests of the contents."""
        self._folder = folder
        self._diagnostics = diagnostics

    def read(self, names: Sequence[str], params: Mapping[str, ParameterValue]) -> None:
        """Read the files, and record what is wrong with them."""
        for index, name in enumerate(names):
            try:
                self._read_file(filled_path(name, params, self._diagnostics))
            except ValueProblem as wrong:
                at = ("run", "env_file", index)
                self._diagnostics.wrong(at, wrong, 'an element of "run.env_file"')
            except GraphError as error:
                self._diagnostics.elsewhere(error)
            except FollowsError:
                pass
            else:
                continue
            self._diagnostics.lost.all_variables = True

    def _read_file(self, name: str) -> None:
        path = (self._folder / name.removesuffix(OPTIONAL)).expanduser()
        if name.endswith(OPTIONAL) and not os.path.lexists(path):
            return
        content = content_of(path, MOST_BYTES, "put what is not a variable elsewhere")
        self.sources[path.absolute()] = digest_of(content)
        self.variables |= variables_in(content, label(path))


def variables_in(content: bytes, shown: str) -> dict[str, str]:
    """Return the variables in the content of a file. Raises GraphError with what is wrong, by line."""
    try:
        text = decode(content, shown)
    except GraphError as error:
        problem = error.problems[0]
        hidden = Problem(problem.message, shown, problem.line, problem.column, hint=problem.hint)
        raise GraphError([hidden]) from None
    return _Lines(text, shown).variables()


class _Lines:
    """The text of one file, read from its beginning."""

    def __init__(self, text: str, shown: str) -> None:
        self._text = text
        self._shown = shown
        self._problems: list[Problem] = []
        self._line, self._counted = 1, 0
        self._line_of: dict[str, int] = {}

    def variables(self) -> dict[str, str]:
        text, found = self._text, dict[str, str]()
        position = self._behind(0)
        while position < len(text) and len(self._problems) < _MOST_PROBLEMS:
            name = _NAME.match(text, position)
            if name is None:
                self._not_a_variable(position)
                position = self._behind(self._end_of_line(position))
                continue
            self._line_of[name[1]] = self._line_at(position)
            value, position = self._value(name.end())
            if "\0" in value:
                self._wrong(f"the value of {quoted(name[1])} contains the character NUL", name.start())
            found[name[1]] = value
            position = self._behind(position)
        if not self._problems:
            self._check_sizes(found)
        if self._problems:
            raise GraphError(self._problems)
        return found

    def _value(self, position: int) -> tuple[str, int]:
        """Return the value that begins at a position, and where it ends."""
        text, pieces = self._text, list[str]()
        space = ""
        while position < len(text) and text[position] != "\n":
            piece = _PIECE.match(text, position)
            if piece is None:
                self._unclosed(position)
                return "", len(text)
            single, double, escaped, plain, blank = piece.groups()
            if plain is not None and plain.startswith("#") and text[position - 1].isspace():
                return "".join(pieces), self._end_of_line(position)
            position = piece.end()
            if blank is not None:
                space = blank if pieces else ""
                continue
            if double is not None:
                single = _ESCAPED.sub(lambda found: "" if found[1] == "\n" else found[1], double)
            word = single if single is not None else plain if plain is not None else escaped.replace("\n", "")
            pieces += space, word
            space = ""
        return "".join(pieces), position

    def _not_a_variable(self, position: int) -> None:
        line = self._text[position : self._end_of_line(position)]
        hint = "nothing is executed here; a value of several lines needs quotation marks"
        if ":" in line and "=" not in line:
            hint = "write NAME=VALUE, not NAME: VALUE"
        elif "=" in line:
            hint = 'a name has letters, digits and "_", and does not begin with a digit'
        self._wrong("this line is not NAME=VALUE", position, hint)

    def _unclosed(self, position: int) -> None:
        mark = self._text[position]
        if mark == "\\":
            self._wrong("a backslash is the last character of the file", position, "remove it")
            return
        other = '"' if mark == "'" else "'"
        hint = f"a {mark} that is a part of the value stands in {other}…{other}, or behind a backslash"
        self._wrong(f"the {mark} here is not closed", position, hint)

    def _check_sizes(self, found: Mapping[str, str]) -> None:
        try:
            check_environment(found)
        except ValueProblem as wrong:
            name = str(wrong.inside[0]) if wrong.inside and wrong.inside[0] in self._line_of else ""
            what = f"the value of {quoted(name)}" if name else "this file"
            problem = Problem(f"{what} {wrong.message}", self._shown, self._line_of.get(name, 0), hint=wrong.hint)
            self._problems.append(problem)

    def _wrong(self, message: str, position: int, hint: str = "") -> None:
        column = position - self._text.rfind("\n", 0, position)
        self._problems.append(Problem(message, self._shown, self._line_at(position), column, hint=hint))

    def _line_at(self, position: int) -> int:
        """Return the line of a position that is not before those asked for earlier."""
        self._line += self._text.count("\n", self._counted, position)
        self._counted = position
        return self._line

    def _behind(self, position: int) -> int:
        match = _BETWEEN.match(self._text, position)
        end = position if match is None else match.end()
        return len(self._text) if self._text.startswith("#", end) else end  # a comment without a line end

    def _end_of_line(self, position: int) -> int:
        match = _REST.match(self._text, position)
        return position if match is None else match.end()
