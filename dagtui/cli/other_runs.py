"""Handle other live runs of a graph before a new run: end idle ones, mention the others, and refuse recursion."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dagtui.cli.stderr import fail, say

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from dagtui.runs.view import RunView
    from dagtui.store.directory import RunDirectory

_NAMED = 5


def live_others(graph_file: Path) -> list[RunDirectory]:
    """Return the live runs of a graph, oldest first. Empty if they can't be read: creating the new run reports why."""
    from dagtui.store.errors import StoreError
    from dagtui.store.held import held_runs

    try:
        return held_runs(graph_file)
    except StoreError:
        return []


def refuse_nested(held: Sequence[RunDirectory]) -> None:
    """Exit with 2 if this process belongs to a node of one of these runs: each would start the next for ever."""
    if not held:  # almost always, so nothing more is imported
        return
    from dagtui.control.enclosing import enclosing
    from dagtui.store.errors import StoreError
    from dagtui.text import label

    try:
        found = enclosing(held)
    except StoreError:
        return
    if found is not None:
        where = f"{label(found.node)} of run {found.run.number}" if found.node else f"run {found.run.number}"
        fail(
            f"dagtui: this is inside {where} of the same graph, so each run would start the next without end; "
            "use --nested if you mean that"
        )


def end_idle(held: Sequence[RunDirectory]) -> None:
    """End the runs that are settled and have no screen, and print that."""
    if not held:
        return
    from dagtui.control.idle_runs import end_idle_runs
    from dagtui.store.errors import StoreError

    try:
        ended = end_idle_runs(held)
    except StoreError:
        return  # creating the new run's directory reports what is wrong
    for number in ended:
        text = f"run {number} was settled and detached, and has ended to make room; dagtui runs lists it"
        say(f"dagtui: {text}")


def mention_others(session: RunView) -> None:
    """Print a line if other live runs of the graph exist.

    Checked after this run exists, so that of two simultaneous starts at least one sees the other.
    """
    number = session.number
    found = live_others(session.graph_path) if session.graph_path is not None else []
    others = [str(run.number) for run in found if run.number != number]
    if not others:
        return
    more = f" and {len(others) - _NAMED} more" if len(others) > _NAMED else ""
    which = f"run {others[0]} is" if len(others) == 1 else f"runs {', '.join(others[:_NAMED])}{more} are"
    say(f"dagtui: this is run {number}; {which} live as well")
