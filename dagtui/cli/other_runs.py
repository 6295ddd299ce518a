"""Other live runs of a graph that is to run: idle ones end, others are told of, and one's own is not run again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dagtui.cli.stderr import fail, say

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from dagtui.runs.session import Session
    from dagtui.store.directory import RunDirectory

_NAMED = 5


def live_others(graph_file: Path) -> list[RunDirectory]:
    """The live runs of a graph, oldest first; none where they can't be read: whoever makes the new run says why."""
    from dagtui.store.errors import StoreError
    from dagtui.store.held import held_runs

    try:
        return held_runs(graph_file)
    except StoreError:
        return []


def refuse_nested(held: Sequence[RunDirectory]) -> None:
    """Exit with 2 when this process belongs to a node of one of these runs: each would begin the next, without end."""
    if not held:  # as nearly always: nothing more is imported
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
            f"dagtui: this is inside {where} of the same graph, so that each run would begin the next one without end; "
            "give --nested if that is meant"
        )


def end_idle(held: Sequence[RunDirectory]) -> None:
    """End the runs that only wait for somebody to look at them, and say so."""
    if not held:
        return
    from dagtui.control.idle_runs import end_idle_runs
    from dagtui.store.errors import StoreError

    try:
        ended = end_idle_runs(held)
    except StoreError:
        return  # whoever makes the new run's directory says what is wrong
    for number in ended:
        text = f"run {number} was settled and detached: it has ended, to make room; dagtui runs lists it"
        say(f"dagtui: {text}")


def tell_of_others(session: Session) -> None:
    """Say in one line that other runs of the graph are live beside this one.

    Looked for when this one is there: of two that begin at the same time, one at least sees the other.
    """
    number = session.number
    found = live_others(session.graph_path) if session.graph_path is not None else []
    others = [str(run.number) for run in found if run.number != number]
    if not others:
        return
    more = f" and {len(others) - _NAMED} more" if len(others) > _NAMED else ""
    which = f"run {others[0]} is" if len(others) == 1 else f"runs {', '.join(others[:_NAMED])}{more} are"
    say(f"dagtui: this is run {number}; {which} live as well")
