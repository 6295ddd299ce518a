"""Find where a task's key is written: in its own table, in the defaults, or in the graph's variables."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dagtui.graph.model import Task
    from dagtui.graph.toml.positions import KeyPath


class Origins:
    """Looks up keys in a document."""

    def __init__(self, document: dict[str, object], tasks: Sequence[Task]) -> None:
        """Look up keys for tasks by their numbers."""
        self._document = document
        self._tasks = tasks

    def of(self, task: int, key: str, *inside: str | int) -> KeyPath:
        """Return the path at which a task's key, or something inside its value, is written."""
        tables: list[KeyPath] = [("tasks", self._tasks[task].name), ("defaults",)]
        if key == "env":
            tables.append(())
        sought = (key, *inside[:1]) if key == "env" else (key,)
        for table in tables:
            if self._has((*table, *sought)):
                return (*table, key, *inside)
        return tables[0]

    def _has(self, path: KeyPath) -> bool:
        found: object = self._document
        for key in path:
            if not isinstance(found, dict) or key not in found:
                return False
            found = found[key]
        return True
