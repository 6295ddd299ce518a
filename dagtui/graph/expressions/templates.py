"""Texts with placeholders: `{{ params.samples }}`, `{{ matrix.seed }}`, `{{ env.HOME }}`, `{{ needs.fetch.status }}`.

The whole grammar is a path between double braces on one line. Its first word says where to look. The rest, dots and
hyphens included, is one name, for `needs` without the final `.status`. It may be followed by `or` and a literal, which
replaces a value that is missing or empty: `{{ env.STAGE or "dev" }}`. Four braces `{{{{` stand for two. Functions can't
be called, and values are not searched for placeholders again.
"""

from __future__ import annotations

import enum
import re
from dataclasses import dataclass, replace
from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple

from dagtui.graph.errors import ValueProblem, quoted
from dagtui.graph.expressions.places import MARK, SHELLS, TemplatePlace
from dagtui.graph.model import DEFAULT_SHELL

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from dagtui.graph.model import Value


_QUOTED = r"""(?:"[^"\n]*+"|'[^'\n]*+')"""
_TOKEN = re.compile(
    rf"""\{{\{{\{{\{{|\{{\{{(?:([^{{}}\n"']*+(?:(?<=[ \t]or)|(?<=[ \t]or[ \t])){_QUOTED}[ \t]*+|[^{{}}\n]*+)\}}\}})?"""
)
_NUMBER = re.compile(r"[+-]?[0-9]+(?:\.[0-9]+)?")
_LITERAL_HINT = 'to write two literal braces, double them: "{{{{"'


class Root(enum.Enum):
    """Where a placeholder looks."""

    PARAMS = "params"
    MATRIX = "matrix"
    ENV = "env"
    NEEDS = "needs"


_ROOTS = {root.value: root for root in Root}


@dataclass(frozen=True, slots=True)
class Placeholder:
    """One `{{ path }}`."""

    root: Root
    name: str
    """The parameter, axis or variable. For `needs`, the task or node whose status it is."""
    source: str
    """The placeholder as it is written."""
    default: str | None = None
    """What replaces a value that is missing or empty."""
    place: TemplatePlace = TemplatePlace.WORD
    """What surrounds it in a shell command line."""

    def known(self, value: str | None) -> str | None:
        """Return the value to fill in: the default for a missing or empty one, None if there is neither."""
        return self.default if self.default is not None and not value else value


@dataclass(frozen=True, slots=True)
class Template:
    """A text split at its placeholders."""

    parts: tuple[str | Placeholder, ...]

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


Parts = list[str | Placeholder | ValueProblem]
"""The parts of a text, with problems in the place of braces that are not placeholders."""
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


class Braces(NamedTuple):
    """What is between two opening and two closing braces."""

    source: str
    path: str | None
    """None if they are not closed."""


def _cut(text: str) -> list[str | Braces]:
    """Split a text at its braces. Four of them stand for two."""
    parts: list[str | Braces] = []
    start = 0
    for match in _TOKEN.finditer(text):
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


def placeholder_in(braces: Braces) -> Placeholder:
    """Return the placeholder between the braces. Raises ValueProblem."""
    source, path = braces
    if path is None:
        raise ValueProblem('"{{" without its "}}" on the same line', _LITERAL_HINT, needle=source)
    before, default = _with_default(path)
    if default is not None:
        return replace(placeholder_in(Braces(source, before)), default=default)
    first, _, name = path.partition(".")
    root, name = _ROOTS.get(first.strip()), name.strip()
    if root is None or not name:
        hint = f"placeholders start with params., matrix., env. or needs.; {_LITERAL_HINT}"
        raise ValueProblem(f"{quoted(source)} is not a placeholder", hint, needle=source)
    if root is not Root.NEEDS:
        return Placeholder(root, name, source)
    if name.endswith(".status") and name != ".status":
        return Placeholder(root, name.removesuffix(".status"), source)
    if ".outputs." in name:
        hint = "let the task write a file in $DAGTUI_RUN_DIR, and read it here"
        raise ValueProblem("this version of dagtui does not support outputs of tasks yet", hint, needle=source)
    raise ValueProblem(f"{quoted(source)} is not a placeholder", 'write "{{ needs.TASK.status }}"', needle=source)


def _with_default(path: str) -> tuple[str, str | None]:
    """Split a path into the part before `or` and the final literal, if any. Names may contain an `or`."""
    if path[-1:] in {'"', "'"} and path.find(path[-1]) < len(path) - 1:
        start = path.rfind(path[-1], 0, -1)
        before, default = path[:start].rstrip(), path[start + 1 : -1]
    else:
        before, _, default = path.rpartition(" ")
        if default not in {"true", "false"} and not _NUMBER.fullmatch(default):
            return path, None
        before = before.rstrip()
    if not before.endswith((" or", "\tor")):
        return path, None
    return before[:-2].rstrip(), default


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
