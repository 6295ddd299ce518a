"""Tasks of the graph from the tasks of a Taskfile.

A task whose commands call no other task is one task of the graph, and so are its `deps`, which it needs. A call among
commands splits a task into stages. The tasks that are called come between them, in their order: as they are where
nothing comes before, else as copies of their own. Where that order can't be said by `needs`, one script has it all.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from dagtui.migration.taskfile.expansion import Expansion, Made
from dagtui.migration.taskfile.reading import text_of
from dagtui.migration.values import UnknownError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dagtui.migration.drafts import Draft
    from dagtui.migration.taskfile.calls import Call
    from dagtui.migration.taskfile.reading import Source
    from dagtui.migration.taskfile.script_factory import ScriptFactory

MOST_NODES = 5000
_ODD = re.compile(r"[^\w.:+@ /-]|/\Z")


class NodeMaker:
    """Makes the tasks of the graph."""

    def __init__(self, draft: Draft, shared: ScriptFactory, global_env: Mapping[str, object]) -> None:
        self._draft, self._shared, self._env = draft, shared, global_env
        self._made: dict[tuple[object, ...], Made] = {}
        self._names: dict[str, str] = {}
        self._taken: set[str] = set()
        for name in (*shared.sources.tasks, *shared.sources.aliases):
            self._names[name] = self.free(_ODD.sub("-", name).strip() or "task")

    def named(self, name: str) -> str:
        """Return the name in the graph of a task of the Taskfile."""
        return self._names[name]

    def add(self, source: Source) -> None:
        """Add a task of the Taskfile, and all that it calls."""
        name = self._names[source.name]
        if "*" in source.name:
            self._draft.tasks[name] = {**self._failing(), "default": False}
            self._draft.lose(name, f"the name {source.name} is a pattern: only copies for its calls work")
            return
        try:
            self.call(self._shared.caller.call(source, {}, []), (), {}, "", ())
        except UnknownError as error:
            self._draft.tasks.setdefault(name, {**self._failing(), "default": False})
            self._draft.lose(name, str(error))
        for alias in source.aliases:
            if self._names[alias] not in self._draft.tasks:
                self._draft.tasks[self._names[alias]] = {
                    "doc": f"Another name of {name}",
                    "default": False,
                    "needs": [name],
                }
                self._draft.parts[self._names[alias]] = name

    def call(
        self, call: Call, after: tuple[str, ...], once: Mapping[str, str], caller: str, around: tuple[str, ...]
    ) -> Made:
        """Return the task of the graph that stands for a call. `after` is what comes before."""
        source = call.source
        if source.name in around:
            raise UnknownError(f"{source.name} calls itself")
        values = _different(call)
        run = text_of(source.table.get("run") or source.file.value("run"))
        key_once = source.name if run == "once" else f"{source.name} {values}" if run == "when_changed" else ""
        if key_once in once:
            return Made(once[key_once], once)
        key = (source.name, values, after, tuple(sorted(once.items())))
        if key in self._made:
            return self._made[key]
        self._shared.names.count()
        primary = not values and not after and not once
        name = self._names[source.name] if primary else self.free(f"{caller}/{self._names[source.name]}")
        if len(self._taken) > MOST_NODES:
            raise ValueError(f"its calls make more than {MOST_NODES:,} tasks")
        self._taken.add(name)
        owner = name if primary else caller
        made = Expansion(self, self._draft, self._shared, call, name, owner, self._env).make(
            after, once, (*around, source.name)
        )
        found = Made(made.name, {**made.once, **({key_once: made.name} if key_once else {})})
        self._made[key] = found
        return found

    def _failing(self) -> dict[str, object]:
        return {"run": "echo 'this task was not carried over' >&2; exit 1"}

    def free(self, wanted: str) -> str:
        """Return a name that no other task has."""
        wanted = wanted[:150]
        name, number = wanted, 1
        while name in self._taken:
            number += 1
            name = f"{wanted}-{number}"
        self._taken.add(name)
        return name


def _different(call: Call) -> str:
    """Return the values that a call hands over, as text."""
    return repr(sorted(call.given.items())) if call.given else ""
