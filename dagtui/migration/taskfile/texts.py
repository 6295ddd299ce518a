"""Texts with holes: what a template of a Taskfile becomes when some of its values are known only to the shell.

Task fills its templates in before a shell reads them, without quotes. A hole therefore stands bare where the template
does, so that the shell splits its value into words as it would have split the text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dagtui.graph.expressions.braces import MARK, TemplatePlace, doubled
from dagtui.graph.expressions.quoting import places
from dagtui.graph.expressions.shell_places import QUOTABLE
from dagtui.migration.values import UnknownError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

SHELL = "bash"
"""The shell whose language Task's own shell speaks."""
ARGUMENTS = "CLI_ARGS"
_SPECIAL_IN_QUOTES = re.compile(r'[$`"\\]')
_INTERPRETED = re.compile(r"""['"\\$`;|&<>()#~]""")
"""What a shell reads in the text of a script, but not in the value of a variable."""
_BARE = {
    TemplatePlace.WORD,
    TemplatePlace.APART,
    TemplatePlace.DOUBLE,
    TemplatePlace.DOUBLE_APART,
    TemplatePlace.HEREDOC,
    TemplatePlace.BACKTICKS,
    TemplatePlace.EXPANSION,
    TemplatePlace.ARITHMETIC,
}
_NEVER = {
    TemplatePlace.RAW_HEREDOC: "a here-document whose word is quoted",
    TemplatePlace.ANSI: "$'…'",
    TemplatePlace.BACKSLASH: "a backslash before it",
    TemplatePlace.DOLLAR: "a dollar sign before it",
    TemplatePlace.UNCLEAR: "quotes that do not close",
}


@dataclass(frozen=True, slots=True)
class Assignment:
    """Lines of a script that give a variable of the shell its value."""

    name: str
    lines: str
    """As a graph file has them: with placeholders, and with braces doubled."""
    folder: str = ""
    """Where they run, relative to the graph file."""
    needs: tuple[Assignment, ...] = ()
    executes: bool = False
    """Whether a program makes the value, so that it may be another one later."""


@dataclass(frozen=True, slots=True)
class ShellTest:
    """A condition that the shell decides."""

    command: str
    needs: tuple[Assignment, ...] = ()


@dataclass(frozen=True, slots=True)
class ShellList:
    """A list that only the shell knows."""

    lines: str
    """Prints the elements, one a line."""
    needs: tuple[Assignment, ...] = ()


@dataclass(frozen=True, slots=True)
class Hole:
    """A value that a run knows: of a parameter, or of a variable of the shell."""

    variable: str = ""
    """An expansion such as `${NAME}`, which may stand bare and in double quotes."""
    parameter: str = ""
    value: str = ""
    """The value of the parameter unless -p gives another one."""
    typed: object = None
    """The same as the Taskfile has it."""
    needs: tuple[Assignment, ...] = ()
    interpreted: bool = False
    """Whether the value may have quotes and the like, which a shell reads only in the text of a script."""
    choice: tuple[ShellTest, Text, Text] | None = None
    """For a value that is interpreted: what decides, and the values to choose from."""


@dataclass(frozen=True, slots=True)
class Text:
    """Literal text and holes."""

    parts: tuple[str | Hole, ...] = ()

    @property
    def holes(self) -> Iterator[Hole]:
        """The holes, in their order."""
        return (part for part in self.parts if isinstance(part, Hole))

    @property
    def dynamic(self) -> bool:
        """Whether only the shell knows all of it."""
        return any(hole.variable for hole in self.holes)

    @property
    def needs(self) -> tuple[Assignment, ...]:
        """What a script has to assign before the text."""
        return tuple(dict.fromkeys(found for hole in self.holes for found in hole.needs))


class ParameterUses:
    """Which variables of a file become parameters of the graph, and which ones can't."""

    def __init__(self) -> None:
        self.used: set[str] = set()
        """Those that placeholders name."""
        self.fixed: set[str] = set()
        """Those whose values something depends on."""

    def use(self, name: str) -> None:
        """Note the parameter of a hole that is written as a placeholder or as a variable of the shell."""
        if name:
            self.used.add(name)

    def fix(self, value: object) -> None:
        """Note that something depends on a value: what stands in it can't be parameters any more."""
        if isinstance(value, Text):
            self.fixed.update(hole.parameter for hole in value.holes if hole.parameter and not hole.variable)


def joined(parts: Iterable[str | Hole | Text]) -> Text:
    """Return one text, with adjacent literals joined."""
    found: list[str | Hole] = []
    for part in parts:
        for inner in part.parts if isinstance(part, Text) else (part,):
            if isinstance(inner, str) and found and isinstance(found[-1], str):
                found[-1] += inner
            elif inner != "":
                found.append(inner)
    return Text(tuple(found))


def is_variable(name: str) -> bool:
    """Return whether a variable of the shell can have that name."""
    return re.fullmatch(r"[A-Za-z_]\w*", name, re.ASCII) is not None


def in_quotes(text: Text) -> str:
    """Return a text as a word in double quotes, as a graph file has it."""
    return '"' + "".join(_quoted(part) for part in text.parts) + '"'


def _quoted(part: str | Hole) -> str:
    if isinstance(part, Hole) and part.variable:
        return part.variable
    literal = part if isinstance(part, str) else part.value
    return doubled(_SPECIAL_IN_QUOTES.sub(r"\\\g<0>", literal))


def interpreted(text: Text) -> bool:
    """Return whether a shell would read more in a text than words."""
    return any(bool(_INTERPRETED.search(part)) if isinstance(part, str) else part.interpreted for part in text.parts)


def rendered(text: Text, parameters: ParameterUses) -> str:
    """Return a script as a graph file has it, and note its parameters. Raises UnknownError."""
    marked = "".join(part if isinstance(part, str) else MARK for part in text.parts)
    if marked.count(MARK) != sum(isinstance(part, Hole) for part in text.parts):
        raise UnknownError("the character NUL")
    around = iter(places(marked, SHELL))
    written: list[str] = []
    literal = ""
    for part in text.parts:
        if isinstance(part, str):
            literal += part
            continue
        place = next(around)
        found = _filled(part, place, literal.endswith("{"))
        if found is None:
            literal += part.value
            continue
        parameters.use(part.parameter)
        written += [doubled(literal), found]
        literal = ""
    return "".join([*written, doubled(literal)])


def _filled(hole: Hole, place: TemplatePlace, after_brace: bool) -> str | None:
    """Return what stands for a hole, or None if its value does."""
    if place is TemplatePlace.COMMENT:
        return None
    if hole.parameter == ARGUMENTS and place is TemplatePlace.WORD and not after_brace:
        return f"{{{{ params.{ARGUMENTS} }}}}"
    if not hole.variable:
        fits = place in QUOTABLE and not after_brace and hole.parameter
        return f"{{{{ params.{hole.parameter} }}}}" if fits else None
    if place is TemplatePlace.SINGLE:
        return f"'\"{hole.variable}\"'"
    if place in _NEVER:
        raise UnknownError(f"the value of {hole.variable} can't stand in {_NEVER[place]}")
    if hole.interpreted and place not in {TemplatePlace.DOUBLE, TemplatePlace.DOUBLE_APART}:
        raise UnknownError(f"the value of {hole.variable} has quotes or other signs of the shell")
    return hole.variable if place in _BARE else None
