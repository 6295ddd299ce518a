"""What make would do for each target: the expanded lines of its recipe, and its prerequisites as make found them."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from dagtui.migration.makefile.calls import ASKED, SEPARATOR, MakeError, escaped_target, is_plain_target, refusal
from dagtui.migration.makefile.database import SPECIAL, Database, not_yet_in, read_database

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from dagtui.migration.makefile.calls import Make

_MOST_ROUNDS = 30
"""Dry runs for one file, each without what kept the one before from its end."""
_NO_RULE = re.compile(r"No rule to make target ['`](?P<file>.+?)'(?:, needed by ['`](?P<target>.+?)')?")
_FATAL = re.compile(r"^(?:(?P<file>.+?):(?P<line>\d+)|make(?:\[\d+\])?): \*\*\* (?P<what>.*)\.  Stop\.$", re.MULTILINE)
_BEFORE_DATABASE = re.compile(r"^# GNU Make [0-9.]+\n# Built for ", re.MULTILINE)
_SUFFIXES = re.compile(r"\.[^./]+(?:\.[^./]+)?")


@dataclass(slots=True)
class Block:
    """The lines that make would give to the shell for a target."""

    needs: list[str]
    order_only: list[str]
    shell_flags: str
    lines: list[str] = field(default_factory=list)


class FirstLook(NamedTuple):
    """A file as make has read it, before it looked at a goal."""

    database: Database
    shell: str
    default_goal: str
    makefiles: tuple[str, ...]
    flags: str
    pattern_shells: tuple[str, ...]
    """Patterns of targets that have a shell of their own."""

    @property
    def goals(self) -> list[str]:
        """The targets that can be named, the default one first."""
        suffixes = set(target.needs if (target := self.database.targets.get(".SUFFIXES")) else ())
        found = [name for name, one in self.database.targets.items() if one.is_target and not _is_rule(name, suffixes)]
        found = [name for name in found if name not in self.makefiles or self.database.targets[name].recipe]
        return sorted(filter(is_plain_target, found), key=lambda name: name != self.default_goal)

    @property
    def odd_names(self) -> list[str]:
        """Targets whose names make would read as something else where they are needed."""
        return [name for name, one in self.database.targets.items() if one.is_target and not is_plain_target(name)]


class DryRun(NamedTuple):
    """What make would do."""

    database: Database
    blocks: dict[str, Block]
    remade_files: tuple[str, ...]
    """Included files that make would make first."""
    environment: dict[str, str]
    missing: dict[str, list[str]]
    """Files that do not exist and that no rule makes, by the targets that need them."""
    failed: dict[str, str]
    """What make says of a target whose recipe it can't expand."""
    shells: str
    """The commands of `$(shell …)`, as `MakeOutput` has them."""
    asked: dict[str, str]
    """Texts that were expanded on demand, by their names."""


def _is_rule(name: str, suffixes: set[str]) -> bool:
    return name in SPECIAL or (
        _SUFFIXES.fullmatch(name) is not None and all(f".{part}" in suffixes for part in name[1:].split("."))
    )


def first_look(make: Make) -> FirstLook:
    """Let make read the file. Raises MakeError."""
    out = make.database().out
    _, _, asked = out.partition(f"{make.nonce} asked{SEPARATOR}")
    values = dict(zip(ASKED, asked.partition("\n")[0].split(SEPARATOR), strict=False))
    makefiles = tuple(values.get("MAKEFILE_LIST", "").split()[:-1])
    _, _, specific = out.partition("\n# Pattern-specific Variable Values\n")
    shells = re.findall(r"^(\S+) :\n(?:#.*\n)*?# SHELL ", specific, re.MULTILINE)
    return FirstLook(
        read_database(out),
        values.get("SHELL", "/bin/sh"),
        values.get(".DEFAULT_GOAL", ""),
        makefiles,
        values.get("MAKEFLAGS", ""),
        tuple(shells),
    )


def dry_run(
    make: Make,
    look: FirstLook,
    goals: Sequence[str],
    variables: Mapping[str, str] | None = None,
    *,
    ask: Mapping[str, str] | None = None,
    execute: bool = True,
) -> DryRun:
    """Let make say what it would do for some goals, all targets that they need included. Raises MakeError.

    Args:
        make: Calls make.
        look: The file.
        goals: Targets, in their order.
        variables: Variables of the command line.
        ask: Texts to expand, by names.
        execute: Whether `$(shell …)` in recipes is executed.
    """
    missing, failed = set[str](), dict[str, str]()
    rules = [f"{name}: override SHELL = $(shell-{make.nonce})" for name in _own_shells(look)]
    rules += [f"$(info {make.nonce} asked{SEPARATOR}{name}{SEPARATOR}{text})" for name, text in (ask or {}).items()]
    for _ in range(_MOST_ROUNDS):
        answer = make.dry_run(goals, look.shell, rules, variables, execute=execute)
        database = read_database(answer.out)
        new = [
            (match["file"], match["target"] or "")
            for match in _NO_RULE.finditer(answer.err)
            if is_plain_target(match["file"]) and match["file"] not in missing
        ]
        missing.update(name for name, _ in new)
        more = [f"{escaped_target(name)}: ;" for name in dict.fromkeys(name for name, _ in new)]
        stop = _FATAL.search(answer.err)
        if any(
            not target and name not in goals for name, target in new
        ):  # a makefile, without which it goes no further
            raise MakeError(refusal(answer.err))
        if stop is not None and not more:
            found = [name for name in _at(stop, database) if name not in failed and is_plain_target(name)]
            if not found:
                raise MakeError(refusal(answer.err))
            failed |= dict.fromkeys(found, stop["what"])
            more = [f"{escaped_target(name)}: ;" for name in found]
        if not more:
            output = _Output(make, answer.out)
            return DryRun(
                database,
                output.blocks,
                output.remade_files,
                output.environment,
                _by_target(missing, database),
                failed,
                answer.shells,
                output.asked,
            )
        rules += more
    raise MakeError(refusal(answer.err))


def _own_shells(look: FirstLook) -> Iterator[str]:
    """Yield targets and patterns that have a shell of their own, which would run their lines. Raises MakeError."""
    targets = (name for name, target in look.database.targets.items() if "SHELL" in target.variables)
    for name in (*targets, *look.pattern_shells):
        if not is_plain_target(name.replace("%", "")):
            raise MakeError(
                f"{name!r} has its own SHELL, and make reads the name as something else: set SHELL for the whole file"
            )
        yield escaped_target(name)


def _at(stop: re.Match[str], database: Database) -> Iterator[str]:
    """Yield the targets whose recipe has the line at which make stopped."""
    if not stop["line"]:
        return
    for name, target in database.targets.items():
        place, end = target.place, max(1, len(target.recipe))
        if place is not None and place.file == stop["file"] and 0 <= int(stop["line"]) - place.line < end:
            yield name


def _by_target(missing: set[str], database: Database) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, target in database.targets.items():
        lacking = [need for need in target.needs if need in missing]
        if lacking:
            found[name] = lacking
    return found


class _Output:
    """Reads what a dry run prints before its database."""

    def __init__(self, make: Make, out: str) -> None:
        end = _BEFORE_DATABASE.search(out)
        self._start = make.start
        self._now = self._first = dict[str, Block]()
        self.blocks: dict[str, Block] = {}
        self.environment: dict[str, str] = {}
        self.asked: dict[str, str] = {}
        self._block: Block | None = None
        self._is_unsaid = False
        """Whether make has not printed the line: of a file that it would make before anything else."""
        for piece in (out[: end.start()] if end else out).split(make.nonce)[1:]:
            self._take(*piece.partition("\n")[::2])
        self.remade_files = tuple(self._first)
        self.blocks = {**self._first, **self.blocks}

    def _take(self, head: str, text: str) -> None:
        kind, *fields = head.split(SEPARATOR)
        if kind == " environment":
            self.environment = dict(variable.replace("\x1e", "\n").partition("=")[::2] for variable in fields)
        elif kind == " asked" and len(fields) == 2:
            self.asked[fields[0]] = fields[1]
        elif kind == " line" and len(fields) == 4:
            self._begin(*fields)
            self._is_unsaid = not self._add(text)
        elif kind == " not run" and self._is_unsaid:
            self._is_unsaid = not self._add(text)

    def _begin(self, name: str, needs: str, order_only: str, flags: str) -> None:
        if name == self._start:
            self._now, self._block = self.blocks, None
            return
        self._block = self._now.setdefault(name, Block([], [], flags))
        self._block.needs += not_yet_in(self._block.needs, needs.split())
        self._block.order_only += not_yet_in(self._block.order_only, order_only.split())

    def _add(self, text: str) -> bool:
        text = text.removesuffix("\n")
        if self._block is None or not text.strip():
            return False
        self._block.lines.append(text)
        return True
