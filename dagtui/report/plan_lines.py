"""A plan as lines for people, with matrices folded and the length bounded, and as one JSON document."""

from __future__ import annotations

import json
import math
import os
from collections import Counter
from typing import TYPE_CHECKING

from dagtui.engine.queued import wants_words
from dagtui.engine.rules.commands import NOT_SELECTED
from dagtui.graph.expressions.as_run import (
    AsRun,
    UnknownEnvironment,
    command_line,
    unknown_outputs,
    unknown_status,
    wrapped_line,
)
from dagtui.graph.files.parents import parents_of_needs
from dagtui.graph.gates import Gate
from dagtui.graph.model import LOCAL, Trigger
from dagtui.report.plan_files import PlannedPaths, missing_lines
from dagtui.text import cell_width, count, duration, fit, label, plural
from dagtui.text.amounts import LEAST_TIMED, NO_CELLS, CellWidth, first_of, time_taken
from dagtui.text.labels import NAME_CHARACTERS, name_label
from dagtui.text.shortening import told_apart

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from dagtui.graph.model import Graph, NodeIndex, Task, TaskIndex, Value
    from dagtui.report.plan import Plan, SheetChange
    from dagtui.text.look import Look

FOLDED = 8
"""Tasks with more nodes than this become one line, as in the tree."""
MOST_LINES = 200
MOST_NAMES = 20
"""Most names listed of one critical path."""
MOST_NEEDS = 3
_NAME_WIDTH, _MATRIX_CELLS, _NEED_CELLS = CellWidth(36), CellWidth(100), CellWidth(60)
_AROUND = 40
"""Number of neighbouring names, above and below, from which a shortened name must differ."""


def plan_lines(
    plan: Plan, sheets: Sequence[SheetChange], *, columns: CellWidth | None, everything: bool, look: Look
) -> Iterator[str]:
    """Yield the plan for people: a headline, then a line for each node or each large matrix.

    The lines are cut to `columns` cells, if that is given.
    """
    yield from _headline(plan, look)
    if sheets:
        named = [f"{name_label(change.task)} ({change.cells.words(change.sheet)})" for change in sheets[:MOST_NAMES]]
        yield f"changed since run {sheets[0].run}: {first_of(named, len(sheets), ', ')}"
    if any(task.inputs for task in plan.graph.tasks):
        yield from missing_lines(plan)
    if plan.order:
        yield from _table(plan, columns=columns, everything=everything, look=look)
    yield from _not_run("would not run if all goes well", plan, plan.idle, everything=everything)
    yield from _not_run("up to date", plan, plan.up_to_date, everything=everything)


def _table(plan: Plan, *, columns: CellWidth | None, everything: bool, look: Look) -> Iterator[str]:
    """Yield a line for each node that would run, or for each large matrix of them."""
    yield ""
    entries = list(_entries(plan, everything=everything))
    names = [_name(plan, entry) for entry in entries]
    width = min(_NAME_WIDTH, max(map(cell_width, names[: None if everything else MOST_LINES]), default=NO_CELLS))
    times = f"  {'begins':>9}  {'takes':>9}" if plan.known else ""
    yield f"{times}  {'node':<{width}}  command"
    critical = set(plan.critical_path)
    as_run, paths = _as_run(plan), PlannedPaths(plan)
    for shown, (entry, name) in enumerate(zip(entries, names, strict=True)):
        if shown >= MOST_LINES and not everything:
            left = sum(map(len, entries[shown:]))
            yield f"  and {plural(left, 'more node')}: --all shows them"
            break
        before, after = names[max(0, shown - _AROUND) : shown], names[shown + 1 : shown + 1 + _AROUND]
        cut = told_apart(name, width, before, after)
        line = _line(plan, entry, cut, width, critical, as_run, paths)
        line = line.replace("…", look.glyphs.cut)  # of the same width
        yield line if columns is None else fit(line, columns, look)


def plan_json(plan: Plan, sheets: Sequence[SheetChange]) -> Iterator[str]:
    """Yield the plan as one JSON document in ASCII, with one line per node in order of their start."""
    graph = plan.graph
    head = {
        "graph": graph.name,
        "path": None if graph.path is None else str(graph.path),
        "jobs": plan.jobs,
        "pools": {pool.name: pool.size for pool in graph.pools},
        "executors": {name: {"kind": found.kind.value, "jobs": found.jobs} for name, found in graph.executors.items()},
        "history": plan.known,
        "critical_path": [graph.labels[node] for node in plan.critical_path],
        "critical_path_seconds": round(plan.critical_seconds, 3),
        "work_seconds": round(plan.work, 3),
        "makespan_seconds": round(plan.makespan, 3),
        "run_timeout": graph.settings.timeout,
        "sheet_changes": [
            {"task": task, "sheet": sheet, "run": run, "new_cells": cells.new, "gone_cells": cells.gone}
            for task, sheet, run, cells in sheets
        ],
    }
    critical = set(plan.critical_path)
    as_run = _as_run(plan)
    paths = PlannedPaths(plan)
    head["missing_inputs"] = paths.missing()
    yield json.dumps(head)[:-1] + ', "nodes": ['
    last = len(graph) - 1
    for number, node in enumerate([*plan.order, *(n for n in graph.nodes if plan.begins[n] < 0)]):
        fields = _node_json(plan, node, critical, as_run)
        yield json.dumps(fields | paths.of(node)) + ("," if number < last else "")
    yield "]}"


def _as_run(plan: Plan) -> AsRun:
    """Return the commands with unknown environment variables, whose values may be secrets."""
    return AsRun(plan.graph, UnknownEnvironment(), unknown_status, unknown_outputs)


def _node_json(plan: Plan, node: NodeIndex, critical: set[NodeIndex], as_run: AsRun) -> dict[str, object]:
    graph, task, runs = plan.graph, plan.graph.task(node), plan.begins[node] >= 0
    return {
        "node": graph.labels[node],
        "task": task.name,
        "cell": {axis: _json_value(value) for axis, value in graph.cell(node)},
        "runs": runs,
        "selected": node not in plan.outside,
        "may_run": node in plan.unsure,
        "up_to_date": node in plan.up_to_date,
        "why": _why(plan, node),
        "begins": round(plan.begins[node], 3) if runs else None,
        "seconds": round(plan.seconds[node], 3) if plan.known else None,
        "seconds_known": plan.history.knows(graph.labels[node]),
        "critical": node in critical,
        "needs": [graph.labels[parent] for parent in graph.parents(node)],
        "trigger": task.trigger.value,
        "if": task.condition,
        "finally": task.is_finally,
        "slots": task.slots,
        "pools": dict(task.pools),
        "executor": task.executor,
        "resources": dict(task.resources),
        "service": None if task.service is None else task.service.words,
        "retries": task.retry.retries,
        "timeout": task.timeout,
        "command": command_line(task.action),
        "choices": task.action.answers if isinstance(task.action, Gate) else None,
        "command_as_run": as_run.command(node).text,
        "cwd": task.cwd,
        "cwd_as_run": as_run.cwd(node).text,
        "tty": task.tty,
        "colour": task.colour,
        "wrap": task.wrap,
        "file": task.file or None,
    }


def _why(plan: Plan, node: NodeIndex) -> str:
    """Return why a node would not run, or why one that was judged by its files would."""
    if node in plan.outside:
        return NOT_SELECTED
    return plan.idle.get(node) or plan.up_to_date.get(node) or plan.reasons.get(node, "")


def _json_value(value: Value) -> Value:
    """Return a value with words in place of the numbers that JSON does not have."""
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value


def _as_included(graph: Graph, files: Collection[str]) -> list[str]:
    """Return included files in the order of `include`, each before those that it includes."""
    read = {os.path.normpath(path): position for position, path in enumerate(graph.sources)}
    folder = os.path.abspath(graph.directory or "")
    return sorted(files, key=lambda file: read.get(os.path.normpath(os.path.join(folder, os.path.expanduser(file))), 0))


def _headline(plan: Plan, look: Look) -> Iterator[str]:
    graph = plan.graph
    arrow = f" {look.glyphs.arrow} "
    slots = ", ".join([plural(plan.jobs, "slot"), *(label(pool.wanted(pool.size)) for pool in graph.pools)])
    certain, unsure = len(plan.order) - len(plan.unsure), len(plan.unsure)
    nodes = f"{count(certain)} of {plural(len(graph), 'node')}" if plan.outside else plural(certain, "node")
    more = f" and {count(unsure)} more may run" if unsure else ""
    same = f" ({count(len(plan.up_to_date))} up to date)" if plan.up_to_date else ""
    yield f"{label(graph.name)}: {nodes} would run{more}{same}, {slots}; nothing is executed"
    if graph.executors:
        yield f"on other machines: {first_of(_executors(plan)[:MOST_NAMES], len(graph.executors), ', ')}"
    if files := Counter(task.file for task in graph.tasks if task.file):
        included = [f"{label(file)} ({plural(files[file], 'task')})" for file in _as_included(graph, files)]
        yield f"included: {first_of(included[:MOST_NAMES], len(included), ', ')}"
    if not plan.order:
        return
    names = [name_label(graph.labels[node]) for node in plan.critical_path]
    if len(names) > MOST_NAMES:
        half = MOST_NAMES // 2
        names = [*names[:half], f"({plural(len(names) - 2 * half, 'more node')})", *names[-half:]]
    path = arrow.join(names)
    if plan.known:
        limit = graph.settings.timeout
        over = f"; longer than the timeout of the run, {duration(limit)}" if limit and plan.makespan > limit else ""
        most = " at most" if unsure else ""
        about = "about " if plan.makespan >= LEAST_TIMED else ""
        yield f"{about}{time_taken(plan.makespan)}{most}; {time_taken(plan.work)} of work{over}"
        yield f"critical path (*), {time_taken(plan.critical_seconds)}: {path}"
    else:
        yield "no history yet, so no times: every node counts the same"
        yield f"critical path (*), {plural(len(plan.critical_path), 'node')}: {path}"


def _entries(plan: Plan, *, everything: bool) -> Iterator[Sequence[NodeIndex]]:
    """Yield the nodes of each line, ordered by the start of the first one."""
    graph = plan.graph
    sizes = Counter(graph.task_of) if len(graph.tasks) < len(graph) and not everything else Counter[int]()
    members: dict[TaskIndex, list[NodeIndex]] = {}
    entries: list[Sequence[NodeIndex]] = []
    for node in plan.order:
        task = graph.task_of[node]
        if sizes[task] <= FOLDED:
            entries.append((node,))
        elif task in members:
            members[task].append(node)
        else:
            members[task] = [node]
            entries.append(members[task])
    yield from entries


def _name(plan: Plan, entry: Sequence[NodeIndex]) -> str:
    if len(entry) == 1:
        return label(plan.graph.labels[entry[0]], NAME_CHARACTERS)
    return f"{name_label(plan.graph.task(entry[0]).name, _MATRIX_CELLS)} x{count(len(entry))}"


def _line(
    plan: Plan,
    entry: Sequence[NodeIndex],
    name: str,
    width: CellWidth,
    critical: set[NodeIndex],
    as_run: AsRun,
    paths: PlannedPaths,
) -> str:
    node = entry[0]
    mark = "*" if not critical.isdisjoint(entry) else " "
    times = f"{duration(plan.begins[node]):>9}  {_takes(plan, entry):>9}  " if plan.known else ""
    padding = " " * (width - cell_width(name))
    task = plan.graph.task(node)
    command = as_run.command(node).text if len(entry) == 1 else wrapped_line(task.action, task.wrap, task.shell)
    if isinstance(task.action, Gate):
        command = f"asks: {command}"
    words = [_first_line(command), *_conditions(plan.graph, task, entry, paths)]
    if plan.reasons:
        words.append(_reason(plan, entry))
    return f"{mark} {times}{name}{padding}  {'  '.join(word for word in words if word)}".rstrip()


def _reason(plan: Plan, entry: Sequence[NodeIndex]) -> str:
    """Say why the nodes of a line run, if they were judged by their files."""
    reasons = list(dict.fromkeys(reason for node in entry if (reason := plan.reasons.get(node))))
    if not reasons:
        return ""
    return f"[{label(reasons[0])}]" if len(reasons) == 1 else f"[{label(reasons[0])}; others for other reasons]"


def _takes(plan: Plan, entry: Sequence[NodeIndex]) -> str:
    """Return the seconds of the line's node or nodes, with `~` if they are estimated from other nodes."""
    own = all(plan.history.knows(plan.graph.labels[node]) for node in entry)
    seconds = sum(plan.seconds[node] for node in entry)
    return ("" if own or seconds < LEAST_TIMED else "~") + time_taken(seconds)


def _first_line(command: str) -> str:
    first, newline, _rest = command.strip().partition("\n")
    shown = label(first, 80)
    return shown + " …" if newline and not shown.endswith("…") else shown


def _conditions(graph: Graph, task: Task, entry: Sequence[NodeIndex], paths: PlannedPaths) -> Iterator[str]:
    """Yield the other conditions for a node to run, shown in brackets behind its command."""
    parents = graph.parents(entry[0])
    if graph.file_edges is not None:
        parents = parents_of_needs(graph, entry[0])
        if read := paths.read_of_parents(entry[0]):
            yield f"[reads {read}]"
    needs, total = [graph.labels[parent] for parent in parents[:MOST_NEEDS]], len(parents)
    if task.needs and (len(entry) > 1 or total > MOST_NEEDS):
        needs, total = list(task.needs), len(task.needs)  # as written: whole matrices and cells
    if needs:
        named = [name_label(need, _NEED_CELLS) for need in needs[:MOST_NEEDS]]
        yield f"[needs {first_of(named, total, ', ')}]"
    if task.trigger is not Trigger.ALL_SUCCESS:
        yield f"[trigger {task.trigger.value}]"
    if task.is_finally:
        yield "[finally]"
    if task.condition:
        yield f"[if {label(task.condition, _NEED_CELLS)}]"
    if task.executor != LOCAL:
        from dagtui.graph.executors import executor_words  # most graphs have none

        yield f"[on {executor_words(task.executor, task.resources)}]"
    elif task.slots > 1:
        yield f"[{task.slots} slots]"
    if task.service is not None:
        yield f"[service, ready by {label(task.service.words, 60)}]"
    if task.pools:
        yield f"[{label(wants_words(graph, task))}]"


def _executors(plan: Plan) -> list[str]:
    """Say how many nodes would run on each executor, and how many of them at a time."""
    graph = plan.graph
    nodes = Counter(graph.task(node).executor for node in plan.order)
    return [
        f"{plural(nodes[name], 'node')} on {label(name, 60)} ({found.kind.value}"
        f"{f', {count(found.jobs)} at a time' if found.jobs else ''})"
        for name, found in graph.executors.items()
    ]


def _not_run(title: str, plan: Plan, nodes: Mapping[NodeIndex, str], *, everything: bool) -> Iterator[str]:
    if not nodes:
        return
    yield ""
    yield f"{title}: {plural(len(nodes), 'node')}"
    for shown, (node, reason) in enumerate(nodes.items()):
        if shown >= MOST_LINES and not everything:
            yield f"  and {plural(len(nodes) - shown, 'more node')}: --all shows them"
            return
        yield f"  {label(plan.graph.labels[node])}: {label(reason.removeprefix(f'{title}: '))}"
