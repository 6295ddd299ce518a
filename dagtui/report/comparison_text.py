"""Two runs compared, as lines for people and as one object for machines."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from dagtui.report.run_list import moment, run_object
from dagtui.report.run_words import ending_words, share_words
from dagtui.text import count, duration, label, plural
from dagtui.text.amounts import first_of, time_taken
from dagtui.text.labels import name_label

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from dagtui.engine.status import NodeStatus
    from dagtui.runs.comparison import RunComparison, TaskPair
    from dagtui.store.run_index import TaskOutcome
    from dagtui.store.summary import RunSummary
    from dagtui.text.look import Look

NAMED: Final = 5
"""Number of changed tasks, and of other things, that a line names."""
_MOST_NODES: Final = 20


def difference_lines(found: RunComparison) -> Iterator[tuple[str, str]]:
    """Yield what differs but outcomes and times: a title and words each. Safe to show."""
    if found.problem:
        yield "definitions", f"can't be compared: {label(found.problem, 500)}"
    else:
        yield "definitions", "; ".join(_definitions(found)) or "the same"
        changed = [f"{label(name, 60)}: {_value(old)} → {_value(new)}" for name, old, new in found.parameters]
        yield "parameters", first_of(changed[:NAMED], len(changed)) if changed else "the same"
    yield "slots", _slots(found)


def _definitions(found: RunComparison) -> Iterator[str]:
    named = [f"{name_label(name)}: {', '.join(map(label, parts[:NAMED]))}" for name, parts in found.definitions]
    if named:
        yield first_of(named[:NAMED], len(named), ", ")
    for words, names in (("new", found.added), ("gone", found.gone)):
        if names:
            yield f"{words}: {first_of([name_label(name) for name in names[:NAMED]], len(names))}"
    cells = [f"{name_label(name)}: {change.words()}" for name, change in found.cells]
    if cells:
        yield first_of(cells[:NAMED], len(cells), ", ")


def _value(text: str | None) -> str:
    return "not there" if text is None else label(text, 60) or "empty"


def _slots(found: RunComparison) -> str:
    old, new = found.old.jobs, found.new.jobs
    if not (old and new):
        return "not on record"
    return f"{count(new)}" if old == new else f"{count(old)} → {count(new)}"


def comparison_lines(found: RunComparison, look: Look) -> Iterator[str]:
    """Yield the lines of a comparison."""
    for title, run in (("", found.new), ("against ", found.old)):
        yield f"{title}{_run_words(run)}"
    for title, words in difference_lines(found):
        yield f"{title:<13}{words}"
    names = [name_label(pair.name) for pair in found.tasks]
    widest = max(map(len, names), default=0)
    yield f"{'task':<{widest}}  {f'run {found.old.number}':>12}  {f'run {found.new.number}':>12}"
    for name, pair in zip(names, found.tasks, strict=True):
        old, new = (_task_words(*one, look) for one in zip(pair.statuses, (pair.old, pair.new), strict=True))
        yield f"{name:<{widest}}  {old:>12}  {new:>12}  {share_words(pair.change)}".rstrip()
    for name, old_status, new_status in found.nodes[:_MOST_NODES]:
        yield f"{name_label(name)}: {_word(old_status)} → {_word(new_status)}"
    if len(found.nodes) > _MOST_NODES:
        yield f"and {plural(len(found.nodes) - _MOST_NODES, 'more node')} that ended in another way"


def _run_words(run: RunSummary) -> str:
    when = f", {moment(run.began)}" if run.began is not None else ""
    active = f", {duration(run.seconds)}" if run.seconds is not None else ""
    return f"run {run.number}{when}{active}: {ending_words(run)}"


def _task_words(status: NodeStatus | None, outcome: TaskOutcome | None, look: Look) -> str:
    if outcome is None or status is None:
        return "-"
    seconds = f" {time_taken(outcome.seconds)}" if outcome.attempts else ""
    return f"{look.glyphs.statuses[status]}{seconds}"


def _word(status: NodeStatus | None) -> str:
    return "not part of it" if status is None else status.word


def comparison_object(found: RunComparison) -> str:
    """Format a comparison as a JSON object on one line, in ASCII."""
    return json.dumps(
        {
            "new": json.loads(run_object(found.new, None)),
            "old": json.loads(run_object(found.old, None)),
            "problem": found.problem or None,
            "definitions": [{"task": one.name, "parts": list(one.parts)} for one in found.definitions],
            "new_tasks": list(found.added),
            "gone_tasks": list(found.gone),
            "cells": [{"task": name, "new": change.new, "gone": change.gone} for name, change in found.cells],
            "params": [{"name": one.name, "old": one.old, "new": one.new} for one in found.parameters],
            "slots": {"old": found.old.jobs or None, "new": found.new.jobs or None},
            "tasks": [_task_object(pair) for pair in found.tasks],
            "nodes": [
                {"node": one.name, "old": one.old and one.old.name, "new": one.new and one.new.name}
                for one in found.nodes
            ],
        }
    )


def _task_object(pair: TaskPair) -> Mapping[str, object]:
    return {"task": pair.name, "old": _outcome_object(pair.old), "new": _outcome_object(pair.new)}


def _outcome_object(outcome: TaskOutcome | None) -> Mapping[str, object] | None:
    if outcome is None:
        return None
    return {"counts": dict(outcome.counts), "attempts": outcome.attempts, "seconds": outcome.seconds}
