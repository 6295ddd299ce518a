"""Variables that a target sets for all that it needs: in a graph a task is the same for all that need it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dagtui.migration.makefile.calls import MakeError
from dagtui.migration.makefile.dry_run import dry_run

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dagtui.migration.makefile.calls import Make
    from dagtui.migration.makefile.dry_run import DryRun, FirstLook

_MOST_LOOKED_AT = 20
_MOST_NAMED = 3


def inherited_losses(make: Make, look: FirstLook, run: DryRun) -> Iterator[tuple[str, str]]:
    """Yield targets for which make would execute other lines than the graph has, and what differs."""
    found = [name for name in look.goals if look.database.targets[name].variables and run.database.targets[name].needs]
    for name in found[:_MOST_LOOKED_AT]:
        variables = ", ".join(look.database.targets[name].variables)
        if others := _different(make, look, run, [name]):
            yield name, f"{variables}, which it sets for what it needs, too: {_named(others)}"
        below = [need for need in run.database.targets[name].needs if need in look.goals]
        for one in _different(make, look, run, below) if below else ():
            if one in look.goals and one not in others:
                yield one, f"{variables}, which {name} sets for it: alone it has another value"
    for name in found[_MOST_LOOKED_AT:]:
        yield name, "variables that it may set for what it needs"


def _different(make: Make, look: FirstLook, run: DryRun, goals: Sequence[str]) -> list[str]:
    """Return the targets whose lines are others if only some goals are made."""
    try:
        alone = dry_run(make, look, goals)
    except MakeError:
        return []
    return [
        name for name, block in alone.blocks.items() if name in run.blocks and block.lines != run.blocks[name].lines
    ]


def _named(names: Sequence[str]) -> str:
    more = len(names) - _MOST_NAMED
    return ", ".join(names[:_MOST_NAMED]) + (f" and {more} more" if more > 0 else "")
