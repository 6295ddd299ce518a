"""Texts with placeholders: `{{ params.samples }}`, `{{ matrix.seed }}`, `{{ env.HOME }}`, `{{ needs.fetch.status }}`.

The whole grammar is a path between double braces on one line. Its first word says where to look. The rest, dots and
hyphens included, is one name, for `needs` without the final `.status`. It may be followed by `or` and a literal, which
replaces a value that is missing or empty: `{{ env.STAGE or "dev" }}`. Four braces `{{{{` stand for two. Functions can't
be called, and values are not searched for placeholders again.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

from dagtui.graph.errors import ValueProblem, quoted, read_inside
from dagtui.graph.expressions.braces import (
    MARK,
    SHELLS,
    Braces,
    Placeholder,
    Root,
    TemplatePlace,
    placeholder_in,
    quote,
)
from dagtui.graph.model import DEFAULT_SHELL

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from dagtui.graph.model import ParameterValue, Value


_QUOTED = r"""(?:"[^"\n]*+"|'[^'\n]*+')"""
TOKEN = (
    rf"""\{{\{{\{{\{{|\{{\{{(?:([^{{}}\n"']*+(?:(?<=[ \t]or)|(?<=[ \t]or[ \t])){_QUOTED}[ \t]*+|[^{{}}\n]*+)\}}\}})?"""
)


@dataclass(frozen=True, slots=True)
class Template:
    """A text split at its placeholders."""

    parts: tuple[str | Placeholder, ...]

    @property
    def alone(self) -> Placeholder | None:
        """The placeholder that the whole text consists of, if it is one."""
        part = self.parts[0] if len(self.parts) == 1 else ""
        return None if isinstance(part, str) else part

    @property
    def filled(self) -> bool:
        """Whether there is something to fill in."""
        return any(not isinstance(part, str) for part in self.parts)

    def placeholders(self) -> Iterator[Placeholder]:
        """Yield the placeholders in the order of the text."""
        return (part for part in self.parts if not isinstance(part, str))

    def fill(self, value_of: Callable[[Placeholder], str]) -> str:
        """Return the text with the values in place."""
        return "".join([part if isinstance(part, str) else value_of(part) for part in self.parts])


def value_text(value: Value) -> str:
    """Return a value as it appears in texts and names of nodes: true and false as in TOML, numbers as in Python."""
    if value is True:
        return "true"
    if value is False:
        return "false"
    return str(value)


def parameter_texts(value: ParameterValue) -> tuple[str, ...]:
    """Return a value, or the elements of a list, as they appear in texts."""
    return tuple(map(value_text, value)) if isinstance(value, tuple) else (value_text(value),)


def parameter_text(value: ParameterValue) -> str:
    """Return a parameter as it appears in texts. The elements of a list are quoted for a shell, with spaces between."""
    if not isinstance(value, tuple):
        return value_text(value)
    return " ".join([quote(text, TemplatePlace.WORD) for text in parameter_texts(value)])


Parts = list[str | Placeholder | ValueProblem]
"""The parts of a text, with problems instead of braces that are not placeholders."""
MOST_BRACES = 500_000
"""Number of braces in one text. Each takes a hundred bytes while it is read."""
MOST_WRONG = 50
"""Number of problems in one text, which is not split any further then."""


def parse_template(text: str) -> Template:
    """Split a plain text at its placeholders. Raises ValueProblem."""
    return Template((text,)) if "{{" not in text else _template(cut_template(text))


def parse_command(text: str, shell: tuple[str, ...] | None) -> Template:
    """Split a shell command line at its placeholders. Raises ValueProblem where a value can't be quoted.

    Comments stay as they are.
    """
    return Template((text,)) if "{{" not in text else _template(cut_command(text, shell))


def cut_template(text: str) -> Parts:
    """Split a plain text, including everything that is wrong in it."""
    if "{{" not in text:
        return [text]
    return _too_many(text) or _parts(_cut(text), _placeholder_or_wrong)


def cut_command(text: str, shell: tuple[str, ...] | None) -> Parts:
    """Split a command line for a shell, including everything that is wrong in it."""
    if MARK in text:
        return [ValueProblem("a command line can't contain the character NUL")]
    if "{{" not in text:
        return [text]
    if many := _too_many(text):
        return many
    cut = _cut(text)
    name = (shell or DEFAULT_SHELL)[0].rpartition("/")[2]
    if name not in SHELLS:
        first = next((part for part in cut if isinstance(part, Braces)), None)
        if first is None:
            return [part for part in cut if isinstance(part, str)]
        message = f"placeholders can't be quoted for the shell {quoted(name)}"
        hint = "put the value in env and use the variable, or write run as an array of strings"
        return [ValueProblem(message, hint, needle=first.source)]
    from dagtui.graph.expressions.quoting import places
    from dagtui.graph.expressions.shell_places import in_place

    marked = "".join([MARK if isinstance(part, Braces) else part for part in cut])
    around = iter(places(marked, name))
    return _parts(cut, lambda braces: in_place(braces, next(around)))


def _cut(text: str) -> list[str | Braces]:
    """Split a text at its braces. Four of them stand for two."""
    parts: list[str | Braces] = []
    start = 0
    for match in re.finditer(TOKEN, text):
        parts.append(text[start : match.start()])
        if match[0] == "{{{{":
            parts.append("{{")
        elif match[1] is None:
            parts.append(Braces(text[match.start() : match.start() + 20].partition("\n")[0], None))
        else:
            parts.append(Braces(match[0], match[1].strip()))
        start = match.end()
    parts.append(text[start:])
    return parts


def _template(parts: Parts) -> Template:
    """Return a template without empty texts and with adjacent texts joined. Raises the first problem."""
    for part in parts:
        if isinstance(part, ValueProblem):
            raise part
    joined: list[str | Placeholder] = []
    for together, group in groupby(parts, lambda part: isinstance(part, str)):
        if together:
            text = "".join([part for part in group if isinstance(part, str)])
            joined += [text] if text else []
        else:
            joined += [part for part in group if isinstance(part, Placeholder)]
    return Template(tuple(joined))


def _too_many(text: str) -> Parts:
    if text.count("{{") <= MOST_BRACES:
        return []
    return [ValueProblem(f"a string can have at most {MOST_BRACES:,} placeholders")]


def _parts(cut: list[str | Braces], read: Callable[[Braces], str | Placeholder | ValueProblem]) -> Parts:
    parts: Parts = []
    wrong = 0
    for part in cut:
        found = part if isinstance(part, str) else read(part)
        parts.append(found)
        wrong += isinstance(found, ValueProblem)
        if wrong == MOST_WRONG:
            break
    return parts


def _placeholder_or_wrong(braces: Braces) -> Placeholder | ValueProblem:
    try:
        return placeholder_in(braces)
    except ValueProblem as wrong:
        return wrong


def parse_env(env: Mapping[str, str]) -> dict[str, Template]:
    """Return the variables ordered such that each follows those that it is made of. Raises ValueProblem.

    A variable that names itself (`PATH = "bin:{{ env.PATH }}"`) refers to the one that the run was started with.
    """
    templates = {name: read_inside((name,), parse_template, text) for name, text in env.items()}
    made_of = {
        name: [
            part.name
            for part in template.placeholders()
            if part.root is Root.ENV and part.name in templates and part.name != name
        ]
        for name, template in templates.items()
    }
    if not any(made_of.values()):
        return templates
    from graphlib import CycleError, TopologicalSorter

    try:
        return {name: templates[name] for name in TopologicalSorter(made_of).static_order()}
    except CycleError as error:
        names: list[str] = error.args[1]
        shown = ", ".join(quoted(name) for name in names[1:10])
        raise ValueProblem(f"the variables {shown} refer to each other", inside=(names[0],)) from None
