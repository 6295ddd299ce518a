"""What only the text of makefiles tells: the order of targets, and the help beside them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from dagtui.migration.values import MOST_BYTES, refuse_pipe

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

_RULE = re.compile(r"(?P<names>[^\t#=:\s][^=:#]*?)\s*&?::?(?![=:])")
_SETS = re.compile(
    r"[ ]*(?:export +|override +)*(?P<name>[\w.-]+)[ \t]*(?P<how>\?=|:{1,3}=|\+=|!=|=)(?P<value>[^#]*)(?:#.*)?"
)
_CONDITION = re.compile(r"[ \t]*(?:else[ \t]+)?if(?:eq|neq|def|ndef)\b")
_SHELL = re.compile(r"\$\(shell\s+((?:[^()]|\((?:[^()]|\([^()]*\))*\))*)\)")
_HELP_BEHIND = re.compile(r"[^#]*?[^#\s\\]\s*##+[ \t]*(?P<help>[^#\s].*)")
_HELP_OF_PHONY = re.compile(r"\.PHONY\s*:\s*(?P<name>[^\s#]+)\s+#+[ \t]*(?P<help>\S.*)")
_HELP_BEFORE = re.compile(r"##[ \t]*(?P<help>[^#\s].*)")


class SourceText(NamedTuple):
    """What the text says of targets."""

    order: dict[str, int]
    """Names in the order in which rules name them first."""
    help: dict[str, str]
    defaults: dict[str, str]
    """Variables that are set once, with `?=`."""
    shells: dict[str, str]
    """Variables that are set once, at once, to the output of one command: the command."""
    expanded_shells: frozenset[str]
    """Variables that are set at once to something with `$(shell …)` in it."""


def read_sources(folder: Path, makefiles: Iterable[str]) -> SourceText:
    """Read the texts of makefiles. One that can't be read tells nothing."""
    order, helps, variables = dict[str, int](), dict[str, str](), _Assignments()
    for name in makefiles:
        try:
            refuse_pipe(folder / name)
            with (folder / name).open("rb") as file:
                text = file.read(MOST_BYTES).decode("utf-8", "replace")
        except (OSError, ValueError):
            continue
        variables.read(text)
        for target, said in _targets(text.split("\n")):
            order.setdefault(target, len(order))
            if said:
                helps.setdefault(target, said)
    return SourceText(order, helps, variables.defaults(), variables.shells(), variables.expanded_shells())


class _Assignments:
    """Finds how variables are set, and which ones conditions look at."""

    def __init__(self) -> None:
        self._set: dict[str, list[tuple[str, str]]] = {}
        self._looked_at: set[str] = set()

    def read(self, text: str) -> None:
        """Read a makefile."""
        for line in text.replace("\\\n", " ").split("\n"):
            if match := _SETS.fullmatch(line):
                self._set.setdefault(match["name"], []).append((match["how"], match["value"].strip()))
            elif _CONDITION.match(line):
                self._looked_at.update(re.findall(r"[\w.-]+", line))

    def _once(self, how: str) -> dict[str, str]:
        return {
            name: values[0][1]
            for name, values in self._set.items()
            if len(values) == 1 and re.fullmatch(how, values[0][0]) and name not in self._looked_at
        }

    def defaults(self) -> dict[str, str]:
        """Return the variables that are set once, with `?=`."""
        return self._once(r"\?=")

    def shells(self) -> dict[str, str]:
        """Return the commands of variables that are set once to what a command prints."""
        found = {name: _SHELL.fullmatch(value) for name, value in self._once(":{1,3}=").items()}
        return {name: match[1] for name, match in found.items() if match} | self._once("!=")

    def expanded_shells(self) -> frozenset[str]:
        """Return the variables that have the output of commands in them, from the time when the file is read."""
        return frozenset(
            name
            for name, values in self._set.items()
            if any((how.startswith(":") and "(shell " in value) or how == "!=" for how, value in values)
        )


def _targets(lines: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Yield the targets of rules, each with the help that stands behind or before it."""
    before: list[str] = []
    for line in lines:
        if match := _HELP_BEFORE.fullmatch(line.rstrip()):
            before.append(match["help"])
            continue
        if match := _HELP_OF_PHONY.fullmatch(line.rstrip()):
            yield match["name"], match["help"]
        elif (match := _RULE.match(line)) and not line.startswith("."):
            behind = _HELP_BEHIND.fullmatch(line[match.end() - 1 :].rstrip())
            said = behind["help"] if behind else " ".join(before)
            for name in match["names"].split():
                yield name, said.strip()
        elif line.startswith(".PHONY"):
            continue  # help may stand before it
        before = []
