"""What the script of a task does not do that make does."""

from __future__ import annotations

import fnmatch
import glob
import os
import re
from functools import cached_property
from typing import TYPE_CHECKING

from dagtui.migration.makefile.kinds import TargetKind
from dagtui.migration.makefile.recipes import shape

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from dagtui.migration.makefile.database import Target, Variable
    from dagtui.migration.makefile.dry_run import Block, DryRun
    from dagtui.migration.makefile.kinds import TargetKinds
    from dagtui.migration.makefile.live import LiveValues
    from dagtui.migration.makefile.source_text import SourceText

_MOST_VARIABLES = 10_000
_NAMES = re.compile(r"\$[({](?:call +)?([^\s(){}$,:=]+)")
_NAMES_ALONE = re.compile(r"\$[({]([^\s(){}$,:=]+)[)}]")
_LOOKS = re.compile(r"\$[({](?:wildcard|shell|realpath)\s")
_WILDCARDS = re.compile(r"\$[({]wildcard\s+((?:[^(){}]|\$\([^(){}]*\)|\$\{[^(){}]*\})*)[)}]")
_NESTED_SHELL = re.compile(r"\$[({](?!shell\s)[a-z]+\s[^\n]*?\$[({]shell\s")
_FLAGS_OF_MAKE = re.compile(r"\$[({](?:MAKEFLAGS|MFLAGS|MAKELEVEL|MAKECMDGOALS|MAKEOVERRIDES)[)}]")
_PRINTS = re.compile(r"\$[({](?:info|file|eval|guile)[ \t]")
_HEADERS = (".h", ".hh", ".hpp", ".hxx")
_FINDS_HEADERS = re.compile(r"\s-MM?D\b")


def reached(text: str, variables: Mapping[str, Variable]) -> tuple[str, set[str]]:
    """Return a recipe with the variables that it is expanded from, unexpanded, and their names."""
    seen, parts, left = set[str](), [text], [text]
    while left and len(seen) < _MOST_VARIABLES:
        for name in _NAMES.findall(left.pop()):
            known = variables.get(name)
            if name not in seen and known is not None and not known.is_expanded and known.origin != "default":
                left.append(known.value)
                parts.append(known.value)
            seen.add(name)
    return "\n".join(parts), seen


class Losses:
    """Finds what is lost of recipes."""

    def __init__(self, folder: Path, run: DryRun, kinds: TargetKinds, text: SourceText, live: LiveValues) -> None:
        self._shells, self._live = text.expanded_shells, live
        self._folder, self._run, self._kinds = folder, run, kinds
        self._made = [name for name in run.database.targets if kinds[name] is TargetKind.FILE]

    def of(self, name: str, target: Target, block: Block, *, is_live: bool) -> Iterator[str]:
        """Yield what is lost of a recipe, for people. `is_live`: its values are found anew in each run."""
        raw, names = reached("\n".join(target.recipe), self._run.database.variables)
        is_live = is_live and not _NESTED_SHELL.search(raw)
        for variable in sorted(self._shells & names - (self._live.variables if is_live else set())):
            yield f"{variable}, which $(shell …) gives, has the value of the time of the import"
        if "$?" in raw:
            yield "$? stands for all prerequisites, in make for the newer ones"
        if _FLAGS_OF_MAKE.search(raw):
            yield "it uses the options of make"
        if _PRINTS.search(raw):
            yield "$(info), $(file) and $(eval) in a recipe"
        for looks in dict.fromkeys(match[0] for match in _LOOKS.finditer(raw)):
            what = looks[2:].rstrip()
            if not (what == "shell" and is_live) and not (what == "wildcard" and self._finds_sources(raw)):
                yield f"{looks.rstrip()} …) in its recipe has the value of the time of the import"
        if self.finds_headers(name, block) and not self.headers:
            yield "its inputs lack the headers that the compiler finds (-MMD): make, then import again"
        if any(shape(text).in_background for text in block.lines):
            yield "what it starts in the background is ended with it"
        if target.is_intermediate:
            yield "make removes this file when it is not needed any more"
        if target.is_double and self._kinds[name] is TargetKind.FILE:
            yield "make judges each of its rules with :: alone"

    def finds_headers(self, name: str, block: Block) -> bool:
        """Return whether only the compiler will tell make which headers a file needs."""
        found = any(map(_FINDS_HEADERS.search, block.lines))
        return found and not os.path.exists((self._folder / name).with_suffix(".d"))

    @cached_property
    def headers(self) -> list[str]:
        """Patterns of all headers of the project. None if tasks make some: a file may come before them."""
        if any(name.endswith(_HEADERS) for name in self._made):
            return []
        patterns = [f"**/*{ending}" for ending in _HEADERS]
        return [one for one in patterns if next(glob.iglob(one, root_dir=self._folder, recursive=True), None)]

    def _finds_sources(self, raw: str) -> bool:
        """Return whether all that `$(wildcard …)` looks for is there before anything is made."""
        found = _WILDCARDS.findall(raw)
        if len(found) != len(re.findall(r"\$[({]wildcard\s", raw)):
            return False
        for _ in range(3):  # variables of variables
            found = [_NAMES_ALONE.sub(lambda name: self._run.database.value(name[1]), pattern) for pattern in found]
        return all(self._are_of_sources(text.split()) for text in found)

    def _are_of_sources(self, patterns: Sequence[str]) -> bool:
        return any(glob.glob(pattern, root_dir=self._folder) for pattern in patterns) and not any(
            pattern.startswith(("/", ".", "~"))
            or "$" in pattern
            or any(fnmatch.fnmatchcase(name, pattern) for name in self._made)
            for pattern in patterns
        )
