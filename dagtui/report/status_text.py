"""The status report of a run as plain lines, and its nodes as lines and as JSON objects."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dagtui.engine.messages import NO_ATTEMPT
from dagtui.engine.status import ALIVE, SUBMITTED_CAUSES, WITH_RESULT, Cause, NodeStatus
from dagtui.engine.why import full_why
from dagtui.graph.files.parents import parents_by_files
from dagtui.graph.model import LOCAL
from dagtui.report.run_list import counts_words
from dagtui.runs.answers import gates_ask
from dagtui.runs.eta_range import basis_words
from dagtui.runs.wording import spent
from dagtui.text import count, duration, label, plural
from dagtui.text.amounts import first_of, time_range

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from dagtui.engine.messages import AttemptNumber
    from dagtui.graph.model import NodeIndex
    from dagtui.graph.pools import Wants
    from dagtui.runs.view import RunView
    from dagtui.text.amounts import ClockTime
    from dagtui.text.look import Look

SHOWN = 10
"""Nodes of each kind that get their own line."""
_LONGEST = 1e9
"""The most seconds of a range that is told."""
_WITH_VALUE = frozenset({Cause.RAN, Cause.EXIT})
"""Causes for which a node's value is an exit status."""


def status_lines(answer: Mapping[str, object], look: Look) -> Iterator[str]:
    """Yield the run, its counts, its nodes in flight and its failures. Strings of the answer are untrusted."""
    yield headline(answer)
    counts = answer.get("counts")
    if isinstance(counts, dict):
        known = {str(name): number for name, number in counts.items() if isinstance(number, int)}
        stale, allowed, up_to_date = (_whole(answer.get(name)) for name in ("stale", "failed_allowed", "up_to_date"))
        yield f"  {counts_words(known, stale, allowed, up_to_date)}"
    notices = answer.get("notices")
    for notice in notices if isinstance(notices, list) else []:
        yield f"  ! {label(notice, 1000)}"
    held = answer.get("held")
    if isinstance(held, dict) and isinstance(held.get("nodes"), list) and held["nodes"]:
        yield f"  held: {first_of([label(node) for node in held['nodes'][:SHOWN]], _whole(held.get('count')))}"
    active = _objects(answer.get("active"))
    for node in active[:SHOWN]:
        glyph = _glyph(node.get("status"), look)
        yield f"  {glyph} {label(node.get('node'))}  {_why(node)}  {_duration(node.get('elapsed'))}"
    if len(active) > SHOWN:
        yield f"    and {count(len(active) - SHOWN)} more"
    failures = _objects(answer.get("failures"))
    for node in failures[:SHOWN]:
        yield f"  {_glyph('FAILED', look)} {label(node.get('node'))}  {_why(node)}  {_log(node)}".rstrip()
    if len(failures) > SHOWN:
        yield f"    and {plural(len(failures) - SHOWN, 'more failure')}"


def node_line(node: Mapping[str, object], look: Look) -> str:
    """Format a node: status, reason, duration, attempt, and the log if it failed."""
    name, attempt = node.get("status"), node.get("attempt")
    glyph = _glyph(name, look) if node.get("queued") is None else look.glyphs.queued
    words = [f"  {glyph} {label(node.get('node'))}", _word(str(name)), _why(node)]
    if node.get("seconds") is not None:
        words.append(_duration(node.get("seconds")))
    if isinstance(attempt, int) and attempt > 1:
        words.append(f"attempt {count(attempt)}")
    if name == NodeStatus.FAILED.name:
        words.append(_log(node))
    return "  ".join(word for word in words if word)


def headline(answer: Mapping[str, object]) -> str:
    """Format one line: run, status, time taken and remaining, slots, pause, gates that ask, screen."""
    words = [
        f"{label(answer.get('name'))} run {label(answer.get('number'), 20)}: {label(answer.get('verdict'), 20)}",
        *["out of time"] * bool(answer.get("timed_out")),
        _spent(answer),
    ]
    remaining, held = answer.get("remaining"), _held(answer)
    if isinstance(remaining, dict):
        words.append(_remaining(remaining, held))
    words.append(_slots(answer.get("slots_taken"), answer.get("jobs")))
    words += _pools(answer.get("pools"))
    words += _executors(answer.get("executors"))
    if answer.get("paused"):
        words.append("paused")
    first, asking = asking_gates(answer)
    if asking:
        words.append(gates_ask(first, asking))
    if held:
        words.append(f"{count(held)} held")
    words.append(label(answer.get("screen"), 20))
    return ", ".join(words)


def asking_gates(answer: Mapping[str, object]) -> tuple[str, int]:
    """Return the name of the first gate that waits for an answer, and their number. An older dagtui only lists them."""
    listed, asking = _objects(answer.get("asks")), answer.get("asking")
    number = asking if isinstance(asking, int) else len(listed)
    return (str(listed[0].get("node")), number) if listed else ("", 0)


def _held(answer: Mapping[str, object]) -> int:
    held = answer.get("held")
    return _whole(held.get("count")) if isinstance(held, dict) else 0


def _remaining(remaining: Mapping[str, object], held: int) -> str:
    """Format the forecast. How long people take to answer, and to release what they hold, is not known."""
    answers, seconds = remaining.get("answers"), remaining.get("seconds")
    waited = plural(answers, "answer") if isinstance(answers, int) and answers else ""
    waits = " and ".join(filter(None, (waited, plural(held, "release") if held else "")))
    if waited and isinstance(seconds, int | float) and seconds < 1.0:
        return f"waits for {waits}"
    bound = f"(bound by {label(remaining.get('node'))})"
    runs = remaining.get("runs")
    basis = f", {basis_words(runs)}" if isinstance(runs, int) else ""
    return f"{_expected(remaining)} {f'and {waits} ' if waits else ''}left{basis} {bound}"


def _expected(remaining: Mapping[str, object]) -> str:
    """Format how long the rest takes: as a range, if the run's dagtui tells one."""
    low, high = remaining.get("low"), remaining.get("high")
    if not isinstance(low, int | float) or not isinstance(high, int | float) or not 0 <= low <= high <= _LONGEST:
        return f"about {_duration(remaining.get('seconds'))}"
    return time_range(low, high)


def _spent(answer: Mapping[str, object]) -> str:
    active, wall = answer.get("elapsed"), answer.get("wall_seconds")
    if not isinstance(active, int | float):
        return "?"
    return spent(active, wall if isinstance(wall, int | float) else None)


def _slots(taken: object, jobs: object) -> str:
    """Format how many slots are in use. An older dagtui reports only their number."""
    if not isinstance(taken, int):
        return plural(jobs, "slot") if isinstance(jobs, int) else "? slots"
    return f"slots {_number(taken)}/{_number(jobs)}"


def _pools(pools: object) -> Iterator[str]:
    """Yield what is in use of each pool. Its size is in the answer as a number, without a unit."""
    for name, pool in pools.items() if isinstance(pools, dict) else ():
        if isinstance(pool, dict) and isinstance(pool.get("words"), str):
            yield f"{label(name, 40)} {label(pool['words'], 60)}"


def _executors(executors: object) -> Iterator[str]:
    """Yield slots and queue of each executor on other machines."""
    for executor in executors.values() if isinstance(executors, dict) else ():
        if isinstance(executor, dict) and isinstance(executor.get("words"), str):
            yield label(executor["words"], 100)


def _objects(value: object) -> list[Mapping[str, object]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _glyph(name: object, look: Look) -> str:
    status = NodeStatus.__members__.get(str(name))
    return "?" if status is None else look.glyphs.statuses[status]


def _word(name: str) -> str:
    return NodeStatus.__members__[name].word if name in NodeStatus.__members__ else label(name, 40)


def _why(node: Mapping[str, object]) -> str:
    return label(node.get("why"))


def _log(node: Mapping[str, object]) -> str:
    return f"log: {label(node['log'], 4096)}" if node.get("log") else ""


def _whole(value: object) -> int:
    return value if isinstance(value, int) else 0


def _number(value: object) -> str:
    return count(value) if isinstance(value, int) else "?"


def _duration(value: object) -> str:
    return duration(value) if isinstance(value, int | float) else "?"


def node_objects(run: RunView, nodes: Iterable[NodeIndex]) -> Iterator[Mapping[str, object]]:
    """Yield an object for each node. Wall times are seconds since the epoch."""
    state, now = run.state, run.clock()
    queued: dict[tuple[int, Wants, str, Cause, bool], str] = {}
    for node in nodes:
        status, cause = state.status_of(node), state.cause_of(node)
        if status is NodeStatus.READY and cause is not Cause.ASKS and node not in state.queued_since:
            # This is the same for all nodes that want the same, and computing it counts what is in use.
            task = run.graph.task(node)
            key = (task.slots, task.pools, task.executor, cause, node in state.held)
            why = queued.get(key) or queued.setdefault(key, full_why(state, node, now))
        else:
            why = full_why(state, node, now)
        attempt = _begun(run, node)
        yield {
            "node": run.graph.labels[node],
            "task": run.graph.task(node).name,
            "status": status.name,
            "selected": not state.is_outside(node),
            "removed": node in state.leaving,
            "attempt": attempt,
            **_times(run, node, attempt, now),
            **_usage(run, node, attempt),
            "cause": None if cause is Cause.NONE else cause.word,
            "exit": state.value[node] if status in WITH_RESULT and cause in _WITH_VALUE else None,
            "why": why,
            "stale": bool(state.stale[node]),
            "held": node in state.held,
            "executor": None if (executor := run.graph.task(node).executor) == LOCAL else executor,
            "where": state.where.get(node),
            "queued": None if (since := state.queued_since.get(node)) is None else round(max(0.0, now - since), 3),
            "log": str(run.log_path(node, attempt)) if attempt else None,
            "outputs": dict(state.outputs_of(node)),
            "needs_by_files": [run.graph.labels[parent] for parent in parents_by_files(run.graph, node)],
        }


def _begun(run: RunView, node: NodeIndex) -> AttemptNumber:
    """Return the last attempt that started or failed to. A submitted node has a number, but has not started."""
    state = run.state
    handed = state.status_of(node) is NodeStatus.READY and state.cause_of(node) in SUBMITTED_CAUSES
    return max(NO_ATTEMPT, state.attempt[node] - handed)


def _usage(run: RunView, node: NodeIndex, attempt: AttemptNumber) -> dict[str, float | None]:
    """Return what an attempt that has ended used: seconds of processors, and bytes."""
    result = run.attempts.result(node, attempt) if attempt else None
    usage = None if result is None else result.usage
    if usage is None:
        return {"cpu": None, "memory": None, "read": None, "written": None}
    return {
        "cpu": round(usage.cpu, 3),
        "memory": usage.memory or None,
        "read": usage.read,
        "written": usage.written,
    }


def _times(run: RunView, node: NodeIndex, attempt: AttemptNumber, now: ClockTime) -> dict[str, float | None]:
    """Return when an attempt started and ended, and how long it took or has taken so far."""
    state = run.state
    alive = state.status_of(node) in ALIVE
    started, ended = state.started[node], state.ended[node]
    if not attempt or not (alive or started or ended):
        return {"started": None, "ended": None, "seconds": None}
    return {
        "started": round(run.wall(started), 3),
        "ended": None if alive or not ended else round(run.wall(ended), 3),
        "seconds": round(max(0.0, (now if alive else ended or started) - started), 3),
    }
