"""What the scripts of a file share: how to find the tasks that they call."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dagtui.migration.taskfile.calls import Scopes, on_this_machine, rounds
from dagtui.migration.values import UnknownError, listed

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from dagtui.migration.taskfile.calls import Call, Caller
    from dagtui.migration.taskfile.reading import Source, Sources
    from dagtui.migration.taskfile.shell_names import ShellNames
    from dagtui.migration.taskfile.texts import ParameterUses


class ScriptFactory:
    """What the scripts of a file share."""

    def __init__(
        self,
        sources: Sources,
        caller: Caller,
        names: ShellNames,
        parameters: ParameterUses,
        exists: Callable[[str], bool],
    ) -> None:
        self.sources, self.caller, self.names = sources, caller, names
        self.parameters, self.exists = parameters, exists
        self.root = sources.root

    def is_file(self, path: str) -> bool:
        """Return whether a path, relative to the graph file, is a file today."""
        return self.caller.is_file(path)

    def called(self, task: object, values: object, scopes: Scopes, source: Source) -> Call | None:
        """Return a task that is called, or None if it is not for this machine. Raises UnknownError."""
        name = source.resolved(scopes.script.plain(task))
        found = self.sources.find(name)
        if found is None:
            raise UnknownError(f"there is no task {name}")
        target, stars = found
        if not on_this_machine(target.table.get("platforms")):
            return None
        return self.caller.call(target, self.caller.values(values, scopes), stars)

    def dependencies(self, call: Call, lose: Callable[[str], None]) -> list[Call]:
        """Return the calls of a task's `deps`."""
        found: list[Call] = []
        for raw in listed(call.value("deps")):
            table = raw if isinstance(raw, dict) else {"task": raw}
            try:
                calls = [
                    self.called(table.get("task"), table.get("vars"), scopes, call.source)
                    for scopes in _turns(table, call)
                ]
            except UnknownError as error:
                lose(f"deps: {error}")
                continue
            found += [each for each in calls if each is not None]
        return found


def _turns(table: Mapping[str, object], call: Call) -> list[Scopes]:
    """Return the variables of each round of a loop of `deps`. Raises UnknownError."""
    if "for" not in table:
        return [call.scopes]
    found = list(rounds(table["for"], call.scopes, call))
    if any(loop is not None for _, loop in found):
        raise UnknownError("a loop over what only the shell knows")
    return [scopes for scopes, _ in found]
