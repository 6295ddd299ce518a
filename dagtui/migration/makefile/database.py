"""make's database: the variables and targets that `make -p` prints."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

SPECIAL = frozenset(
    """
    .PHONY .SUFFIXES .DEFAULT .PRECIOUS .INTERMEDIATE .NOTINTERMEDIATE .SECONDARY .SECONDEXPANSION .DELETE_ON_ERROR
    .IGNORE .LOW_RESOLUTION_TIME .SILENT .EXPORT_ALL_VARIABLES .NOTPARALLEL .ONESHELL .POSIX .WAIT
    """.split()  # noqa: SIM905 - a list of quoted words would fill the screen
)
"""Targets that are settings of make."""
_VARIABLE = re.compile(r"(?P<name>\S+) (?P<how>[:?+!]*)= ?(?P<value>.*)", re.DOTALL)
_RECIPE = re.compile(
    r"#  recipe to execute \((?:from ['`](?P<file>.*)', line (?P<line>\d+)|built-in)\):?|#  commands to.*"
)
_TARGET = re.compile(r"(?P<name>.*?)(?P<colons>::?)(?: (?P<needs>.*))?$")
_SPECIFIC = re.compile(r".*?: (?P<name>\S+) (?P<how>[:?+!]*)= ?(?P<value>.*)", re.DOTALL)


class Variable(NamedTuple):
    """A variable, as the file has it, or with its value if make expanded it at once."""

    value: str
    origin: str
    """`default`, `environment`, `makefile`, `command line` and others."""
    is_expanded: bool


class Place(NamedTuple):
    """A line of a makefile."""

    file: str
    line: int


@dataclass(slots=True)
class Target:
    """A target, or a file that is only named."""

    name: str
    is_target: bool = True
    is_phony: bool = False
    is_intermediate: bool = False
    is_double: bool = False
    """Whether its rules have two colons."""
    needs: list[str] = field(default_factory=list)
    order_only: list[str] = field(default_factory=list)
    made_with: list[str] = field(default_factory=list)
    """What the same execution of the recipe makes, itself included."""
    recipe: list[str] = field(default_factory=list)
    """Its lines, unexpanded."""
    place: Place | None = None
    """Where the recipe is. None for one that make has built in."""
    variables: dict[str, str] = field(default_factory=dict)
    """Variables of this target and what it needs, unexpanded."""


class Database(NamedTuple):
    """All variables and targets."""

    variables: dict[str, Variable]
    targets: dict[str, Target]

    def value(self, name: str, default: str = "") -> str:
        """Return the value of a variable as the database has it."""
        found = self.variables.get(name)
        return default if found is None else found.value


def read_database(text: str) -> Database:
    """Read what `make -p` prints. What comes before it is ignored."""
    variables, targets = dict[str, Variable](), dict[str, Target]()
    _, _, text = text.partition("\n# Make data base, printed on ")
    head, _, rest = text.partition("\n# Files\n")
    for name, variable in _variables(head.partition("\n# Variables\n")[2].split("\n")):
        variables[name] = variable
    for paragraph in rest.split("\n\n"):
        if paragraph.startswith("# files hash-table stats"):
            break
        _add(paragraph.split("\n"), targets)
    return Database(variables, targets)


def _variables(lines: Sequence[str]) -> Iterator[tuple[str, Variable]]:
    origin, at = "", 0
    while at < len(lines):
        line = lines[at]
        at += 1
        if line.startswith("# ") and not line.startswith("# variable set"):
            origin = line[2:].partition(" (")[0]
        elif line.startswith("define "):
            end = next((position for position in range(at, len(lines)) if lines[position] == "endef"), len(lines))
            name, _, how = line.removeprefix("define ").partition(" ")
            yield name, Variable("\n".join(lines[at:end]), origin, how.startswith(":"))
            at = end + 1
        elif match := _VARIABLE.fullmatch(line):
            yield match["name"], Variable(match["value"], origin, match["how"].startswith(":"))


def _add(lines: Sequence[str], targets: dict[str, Target]) -> None:
    """Add the target of one paragraph."""
    variables, at = dict[str, str](), 0
    is_target = lines[0] != "# Not a target:"
    while at < len(lines) and (lines[at].startswith("#") or (at and _is_specific(lines, at))):
        if not lines[at].startswith("#") and (match := _SPECIFIC.fullmatch(lines[at])):
            variables[match["name"]] = match["value"]
        at += 1
    match = _TARGET.fullmatch(lines[at]) if at < len(lines) else None
    if match is None:
        return
    name = match["name"]
    target = targets.setdefault(name, Target(name, is_target, is_double=match["colons"] == "::"))
    target.variables |= variables
    normal, _, order_only = f" {match['needs'] or ''} ".partition(" | ")
    target.needs += not_yet_in(target.needs, normal.split())
    target.order_only += not_yet_in(target.order_only, order_only.split())
    _add_facts(target, lines[at + 1 :])


def _is_specific(lines: Sequence[str], at: int) -> bool:
    """Return whether a line is a variable of a target: those follow a remark where they are from."""
    return re.match(r"# (makefile|environment|default|'?override|command line|automatic)", lines[at - 1]) is not None


def _add_facts(target: Target, lines: Sequence[str]) -> None:
    for at, line in enumerate(lines):
        if line.startswith("#  Phony target"):
            target.is_phony = True
        elif line.startswith("#  File is an intermediate"):
            target.is_intermediate = True
        elif line.startswith("#  Also makes:"):
            target.made_with = list(dict.fromkeys(line.partition(":")[2].split()))
        elif match := _RECIPE.fullmatch(line):
            if match["file"]:
                target.place = target.place or Place(match["file"], int(match["line"]))
            target.recipe += lines[at + 1 :]
            return


def not_yet_in(known: Iterable[str], names: Iterable[str]) -> list[str]:
    """Return the names that are not known yet, each once."""
    seen = set(known)
    return [name for name in dict.fromkeys(names) if name not in seen]
