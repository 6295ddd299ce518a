"""What targets need: files as `inputs`, tasks as `needs`, and what make compares the times of."""

from __future__ import annotations

import os
import re
import shlex
from typing import TYPE_CHECKING

from dagtui.graph.expressions.braces import doubled
from dagtui.graph.files.paths import escaped
from dagtui.migration.makefile.kinds import TargetKind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from pathlib import Path

    from dagtui.migration.makefile.dry_run import Block, DryRun
    from dagtui.migration.makefile.kinds import TargetKinds

_DEEPEST = 100
_LINKS = re.compile(r"ln +-s +[^;&|\n]*$")
"""Makes a link, whose time is that of the file it leads to: so make does it only while it is missing."""


class Prerequisites:
    """Finds what targets need."""

    def __init__(
        self,
        folder: Path,
        run: DryRun,
        kinds: TargetKinds,
        made_by: Mapping[str, str],
        is_task: Callable[[str], bool],
    ) -> None:
        """Look at the targets of a run.

        Args:
            folder: Where the Makefile is.
            run: The targets.
            kinds: What they are.
            made_by: The tasks that make targets, where another target gives them the name.
            is_task: Whether there is a task of a name.
        """
        self._folder, self._run, self._kinds = folder, run, kinds
        self._made_by, self._is_task = made_by, is_task
        self._missing = {file for files in run.missing.values() for file in files}

    def are_always_made(self, names: Iterable[str]) -> bool:
        """Return whether make takes one of some prerequisites for newer each time."""
        return any(map(self._kinds.is_always_made, names))

    def tasks(self, names: Iterable[str], *, files: bool, deep: int = 0) -> Iterator[str]:
        """Yield the tasks that make prerequisites; without `files` those that no edge of files leads to."""
        for name in names:
            task, kind = self._made_by.get(name, name), self._kinds[name]
            if kind is TargetKind.SOURCE:
                if deep < _DEEPEST:
                    yield from self.tasks(self._behind(name), files=files, deep=deep + 1)
            elif (files or kind is not TargetKind.FILE) and self._is_task(task):
                yield task

    def inputs(self, names: Iterable[str], deep: int = 0) -> Iterator[str]:
        """Yield the files among prerequisites, as `inputs` has them."""
        if deep > _DEEPEST:
            return
        for name in names:
            kind = self._kinds[name]
            if kind is TargetKind.FILE:
                yield doubled(escaped(name))
            elif kind is TargetKind.FOLDER:  # what makes a folder new
                block = self._run.blocks.get(name)
                yield from self.inputs(block.needs if block else (), deep + 1)
            elif kind is TargetKind.SOURCE:
                path = self._folder / name
                if os.path.exists(path):
                    yield doubled(escaped(name.rstrip("/"))) + ("/" if os.path.isdir(path) else "")
                yield from self.inputs(self._behind(name), deep + 1)

    def _behind(self, name: str) -> list[str]:
        """Return the prerequisites of a file without a recipe: make looks at them, too."""
        target = self._run.database.targets.get(name)
        return target.needs if target is not None and target.is_target else []

    def only_when_needed(self, name: str, block: Block) -> str:
        """Return a line that ends a script when make would not run it, where `inputs` can't tell. May be empty."""
        kind = self._kinds[name]
        if kind not in {TargetKind.FILE, TargetKind.FOLDER} or self.are_always_made(block.needs):
            return ""
        path = shlex.quote(doubled(name))
        if not block.needs or all(map(_LINKS.match, block.lines)):
            return f"test ! -e {path} || exit 0\n"
        if kind is TargetKind.FILE:
            return ""
        files = [need for need in block.needs if need not in self._missing]
        newer = " ".join(shlex.quote(doubled(need)) for need in files) or path
        return f'if test -e {path} && test -z "$(find {newer} -prune -newer {path})"; then exit 0; fi\n'
