"""What stands between `{{` and `}}`, the placeholder that it is read as, and how a value is quoted where it stands.

Source: POSIX.1-2017, Shell Command Language, 2.2 Quoting, 2.4 Reserved Words; and what bash, ksh and zsh add.
"""

from __future__ import annotations

import enum
import re
from dataclasses import dataclass, replace
from typing import NamedTuple

from dagtui.graph.errors import ValueProblem, quoted

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


_NUMBER = re.compile(r"[+-]?[0-9]+(?:\.[0-9]+)?")
_LITERAL_HINT = 'to write two literal braces, double them: "{{{{"'


def doubled(text: str) -> str:
    """Return a text as it is written where placeholders are looked for: with its braces doubled."""
    return text.replace("{{", "{{{{")


OUTPUT_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,199}")
"""The names that a task may give to the values that it hands on."""


class Root(enum.Enum):
    """Where a placeholder looks."""

    PARAMS = "params"
    MATRIX = "matrix"
    ENV = "env"
    NEEDS = "needs"
    RUN = "run"


ROOTS = {root.value: root for root in Root}
"""The roots by the first words of paths."""


@dataclass(frozen=True, slots=True)
class Placeholder:
    """One `{{ path }}`."""

    root: Root
    name: str
    """The parameter, axis or variable. For `needs`, the task or node whose status or output it is."""
    source: str
    """The placeholder as it is written."""
    default: str | None = None
    """What replaces a value that is missing or empty."""
    place: TemplatePlace = TemplatePlace.WORD
    """What surrounds it in a shell command line."""
    output: str = ""
    """For `needs`, the name of the output. Empty: the status is asked for."""

    def known(self, value: str | None) -> str | None:
        """Return the value to fill in: the default for a missing or empty one, None if there is neither."""
        return self.default if self.default is not None and not value else value


class Braces(NamedTuple):
    """What is between two opening and two closing braces."""

    source: str
    path: str | None
    """None if they are not closed."""


def placeholder_in(braces: Braces) -> Placeholder:
    """Return the placeholder between the braces. Raises ValueProblem."""
    source, path = braces
    if path is None:
        raise ValueProblem('"{{" without its "}}" on the same line', _LITERAL_HINT, needle=source)
    before, default = _with_default(path)
    if default is not None:
        return replace(placeholder_in(Braces(source, before)), default=default)
    first, _, name = path.partition(".")
    root, name = ROOTS.get(first.strip()), name.strip()
    if root is None or not name:
        hint = f"placeholders start with params., matrix., env., needs. or run.; {_LITERAL_HINT}"
        raise ValueProblem(f"{quoted(source)} is not a placeholder", hint, needle=source)
    return placeholder_at(root, name, source)


def placeholder_at(root: Root, name: str, source: str) -> Placeholder:
    """Return the placeholder for what follows the first word of a path. Raises ValueProblem."""
    if root is not Root.NEEDS:
        return Placeholder(root, name, source)
    return _of_needs(name, source)


def _of_needs(name: str, source: str) -> Placeholder:
    task, _, output = name.rpartition(".outputs.")
    if task:
        if not OUTPUT_NAME.fullmatch(output):
            hint = "a name starts with a letter or _, and has letters, digits, _, - and dots"
            raise ValueProblem(f"{quoted(output)} can't be the name of an output", hint, needle=source)
        return Placeholder(Root.NEEDS, task, source, output=output)
    if name.endswith(".status") and name != ".status":
        return Placeholder(Root.NEEDS, name.removesuffix(".status"), source)
    hint = 'write "{{ needs.TASK.outputs.KEY }}" or "{{ needs.TASK.status }}"'
    raise ValueProblem(f"{quoted(source)} is not a placeholder", hint, needle=source)


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
