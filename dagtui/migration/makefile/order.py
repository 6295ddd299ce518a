"""The order of prerequisites. make takes them one after the other, and many files count on it.

What stands in no relation would run at once in a graph. So a task that needs several others needs copies of them that
wait for each other. The tasks themselves stay as they are: called alone, they need nothing more than before.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
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
        self._draft, self._acting = draft, acting
        self._writers = {path: name for name, table in draft.tasks.items() for path in _texts(table.get("outputs"))}
        self._above: dict[str, set[str]] = {}
        self._copies = 0

    def keep(self, name: str, prerequisites: Sequence[str]) -> None:
        """Let a task's prerequisites, which are tasks, come one after the other as in make."""
        needs = list(_texts(self._draft.tasks[name].get("needs")))
        standing_for: dict[str, str] = {}
        before: list[str] = []
        done = set[str]()
        for one in dict.fromkeys(prerequisites):
            new = self._with_ancestors(one) - done
            tops = [top for top in before if top not in self._with_ancestors(one)]
            if tops and new and (done | new) & self._acting:
                self._put_behind(name, one, tops, new, standing_for)
            done |= new
            before = [*tops, one]
        if standing_for:
            self._table(name)["needs"] = list(dict.fromkeys(standing_for.get(one, one) for one in needs))

    def _put_behind(
        self, name: str, one: str, tops: Sequence[str], new: set[str], standing_for: dict[str, str]
    ) -> None:
        """Make what is new in a prerequisite wait for those before it."""
        earlier = [standing_for.get(top, top) for top in tops]
        acting = {task for top in tops for task in self._with_ancestors(top)} & self._acting
        files = [task for task in new if not self._can_be_copied(task)]
        if files and acting and all(map(self._only_makes_folders, acting)):
            for task in files:
                self._add_needs(task, acting)
            files = []
        moved = [task for task in self._draft.tasks if task in new and self._can_be_copied(task)]
        is_bound = any(set(moved) & self._with_ancestors(task) for task in files)
        self._copies += len(moved)
        if (files and acting) or is_bound or self._copies > _MOST_COPIES:
            self._draft.lose(name, f"make does {tops[-1]} before {one}: here they may run at once")
            return
        copies = {task: f"{name}: {task}" for task in moved}
        for task, copy in copies.items():
            needs = [
                copies.get(need, standing_for.get(need, need)) for need in _texts(self._draft.tasks[task].get("needs"))
            ]
            self._draft.tasks[copy] = {**self._draft.tasks[task], "needs": self._last([*earlier, *needs])}
            self._draft.copies.add(copy)
            if task in self._draft.lost:
                self._draft.lost[copy] = list(self._draft.lost[task])
        standing_for |= copies

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
                    left += _texts(table.get("needs"))
                    left += [self._writers[path] for path in _texts(table.get("inputs")) if path in self._writers]
            self._above[name] = found
        return self._above[name]

    def _add_needs(self, name: str, more: Iterable[str]) -> None:
        known = list(_texts(self._draft.tasks[name].get("needs")))
        self._table(name)["needs"] = list(dict.fromkeys([*sorted(more), *known]))
        self._above = {}

    def _table(self, name: str) -> dict[str, object]:
        table = self._draft.tasks[name] = dict(self._draft.tasks[name])
        return table


def _texts(value: object) -> list[str]:
    return value if isinstance(value, list) else []
