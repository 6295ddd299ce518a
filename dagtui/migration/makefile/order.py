"""The order of prerequisites. make takes them one after the other, and many files count on it.

What stands in no relation would run at once in a graph. So a task that needs several others needs copies of them that
wait for each other. The tasks themselves stay as they are: called alone, they need nothing more than before.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from dagtui.migration.drafts import entries

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from collections.abc import Set as AbstractSet

    from dagtui.migration.drafts import Draft

_MOST_COPIES = 200
_ONLY_FOLDERS = re.compile(
    r"(?:(?:test ! -e \S+ \|\| exit 0|mkdir -p [^;&|$`\n]+|install -d [^;&|$`\n]+)(?: \|\| :)?\n?)+"
)


class PrerequisiteOrder:
    """Gives the tasks of a draft the order that make takes them in."""

    def __init__(self, draft: Draft, acting: AbstractSet[str]) -> None:
        """Keep the order of the tasks of a draft.

        Args:
            draft: All tasks, with their needs and files.
            acting: Those that make no file: nothing but their place says when they are to run.
        """
        self._draft, self._acting = draft, set(acting)
        self._writers = {path: name for name, table in draft.tasks.items() for path in entries(table, "outputs")}
        self._above: dict[str, set[str]] = {}
        self._bases: dict[str, str] = {}
        self._copies = 0

    def keep_all(self, prerequisites: Mapping[str, Sequence[str]]) -> None:
        """Let the prerequisites of each task come one after the other, as in make. All of them are tasks."""
        several = [name for name, needs in prerequisites.items() if len(needs) > 1]
        for name in sorted(several, key=lambda name: len(self._with_ancestors(name))):
            self._keep(name, prerequisites[name])

    def _keep(self, name: str, prerequisites: Sequence[str]) -> None:
        standing_for: dict[str, str] = {}
        done: dict[str, str] = {}
        """What has its place, by the tasks that they are or are copies of: make does each of them once."""
        tops: list[str] = []
        acts = False
        for one in dict.fromkeys(prerequisites):
            above = self._with_ancestors(one)
            standing_for |= {task: done[self._base(task)] for task in above if self._base(task) in done}
            if self._base(one) in done:
                continue
            new = {task for task in above if self._base(task) not in done}
            apart = [top for top in tops if top not in above]
            is_bent = any(standing_for.get(need, need) != need for task in new for need in self._needs(task))
            if is_bent or (apart and (acts or self._acting & new)):
                self._put_behind(name, one, apart, new, standing_for)
            acts = acts or bool(self._acting & new)
            done |= {self._base(task): standing_for.get(task, task) for task in new}
            tops = [*apart, standing_for.get(one, one)]
        needs = [standing_for.get(need, need) for need in self._needs(name)]
        if needs != self._needs(name):
            self._set_needs(name, needs)

    def _put_behind(
        self, name: str, one: str, tops: Sequence[str], new: set[str], standing_for: dict[str, str]
    ) -> None:
        """Make what is new in a prerequisite wait for those before it."""
        acting = {task for top in tops for task in self._with_ancestors(top)} & self._acting
        files = [task for task in new if not self._can_be_copied(task)]
        moved = [task for task in self._draft.tasks if task in new and self._can_be_copied(task)]
        if files and acting and all(map(self._only_makes_folders, acting)):
            for task in files:
                self._set_needs(task, [*sorted(acting), *self._needs(task)])
            acting = set()
        changed = {*moved, *(task for task, other in standing_for.items() if task != other)}
        is_bound = any(changed & self._with_ancestors(task) for task in files)
        self._copies += len(moved)
        if (files and acting) or is_bound or self._copies > _MOST_COPIES:
            before = f"make does {tops[-1]} before {one}" if tops else f"make does {one} after the others"
            self._draft.lose(name, f"{before}, and everything once: here they may run at once")
            return
        copies = {task: f"{name}: {self._base(task)}" for task in moved}
        standing_for |= copies
        for task, copy in copies.items():
            needs = [standing_for.get(need, need) for need in self._needs(task)]
            self._draft.tasks[copy] = {**self._draft.tasks[task], "needs": []}
            self._set_needs(copy, self._last([*tops, *needs]))
            self._bases[copy] = self._base(task)
            self._draft.copies.add(copy)
            if task in self._acting:
                self._acting.add(copy)
            if task in self._draft.lost:
                self._draft.lost[copy] = list(self._draft.lost[task])

    def _base(self, name: str) -> str:
        """Return the task that one is a copy of, or itself."""
        return self._bases.get(name, name)

    def _last(self, names: Sequence[str]) -> list[str]:
        """Return tasks without those that another one of them needs."""
        names = list(dict.fromkeys(names))
        above = {name: self._with_ancestors(name) - {name} for name in names}
        return [name for name in names if not any(name in others for others in above.values())]

    def _can_be_copied(self, name: str) -> bool:
        """Return whether a task writes nothing that only one task may write."""
        return name in self._acting or "run" not in self._draft.tasks[name]

    def _only_makes_folders(self, name: str) -> bool:
        return _ONLY_FOLDERS.fullmatch(str(self._draft.tasks[name]["run"])) is not None

    def _with_ancestors(self, name: str) -> set[str]:
        """Return a task and all that it needs."""
        if name not in self._above:
            found, left = set[str](), [name]
            while left:
                one = left.pop()
                if one not in found and one in self._draft.tasks:
                    found.add(one)
                    table = self._draft.tasks[one]
                    left += entries(table, "needs")
                    left += [self._writers[path] for path in entries(table, "inputs") if path in self._writers]
            self._above[name] = found
        return self._above[name]

    def _needs(self, name: str) -> list[str]:
        return entries(self._draft.tasks[name], "needs")

    def _set_needs(self, name: str, needs: Iterable[str]) -> None:
        self._draft.tasks[name] = {**self._draft.tasks[name], "needs": list(dict.fromkeys(needs))}
        self._above = {}
