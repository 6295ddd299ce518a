"""Graphs and runs for the tests of the tree: random ones, and one that has everything in it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from hypothesis import strategies as st
from support.recorded_run import RecordedRun

from dagtui.engine.events import NodeEvent, RunEvent
from dagtui.engine.state import RunState
from dagtui.engine.status import Cause, NodeStatus
from dagtui.graph.model import Graph, Task

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from dagtui.engine.events import Event
    from dagtui.tui.graph.layout import TreeLayout

GROUPS = ["", "data", "data/raw", "/model//", "report"]


@st.composite
def graphs(draw: st.DrawFn, most_tasks: int = 8, most_cells: int = 12) -> Graph:
    """Tasks of one or many cells; a task needs all cells, one cell or the same cell of earlier ones."""
    sizes = draw(st.lists(st.sampled_from([1, 1, 1, 2, most_cells - 1, most_cells]), min_size=1, max_size=most_tasks))
    tasks = [Task(f"t{number}", group=draw(st.sampled_from(GROUPS))) for number in range(len(sizes))]
    task_of = [number for number, size in enumerate(sizes) for _ in range(size)]
    nodes = [[node for node, task in enumerate(task_of) if task == number] for number in range(len(sizes))]
    edges: set[tuple[int, int]] = set()
    for number, own in enumerate(nodes):
        for earlier in draw(st.sets(st.integers(0, number - 1), max_size=3)) if number else ():
            how = draw(st.sampled_from(["all", "first", "same", "last to one"]))
            theirs = nodes[earlier]
            if how == "all":
                edges |= {(parent, child) for parent in theirs for child in own}
            elif how == "first":
                edges |= {(theirs[0], child) for child in own}
            elif how == "same":
                edges |= {(theirs[at % len(theirs)], child) for at, child in enumerate(own)}
            else:
                edges.add((theirs[-1], own[0]))
    shuffled = draw(st.permutations(range(len(task_of)))) if draw(st.booleans()) else range(len(task_of))
    labels = [f"t{task}[{at}]" for at, task in enumerate(task_of)]
    back = {node: at for at, node in enumerate(shuffled)}
    return Graph(
        [labels[node] for node in shuffled],
        sorted((back[parent], back[child]) for parent, child in edges),
        tasks=tasks,
        task_of=[task_of[node] for node in shuffled],
    )


@st.composite
def dags(draw: st.DrawFn, most: int = 14) -> Graph:
    """Tasks that were written one by one, some with numbers at the ends of their names, with any edges."""
    count = draw(st.integers(1, most))
    pairs = [(parent, child) for child in range(count) for parent in range(child)]
    edges = draw(st.sets(st.sampled_from(pairs), max_size=2 * count)) if pairs else set()
    places = draw(st.permutations(range(count)))
    stems = draw(st.lists(st.sampled_from(["load", "load-", "x"]), min_size=count, max_size=count))
    return Graph(
        [f"{stem}{at}" for at, stem in enumerate(stems)],
        sorted((places[parent], places[child]) for parent, child in edges),
    )


def matrix_graph(width: int = 20) -> Graph:
    """prep → train ×width → score → notify, which needs prep as well."""
    tasks = [Task("prep"), Task("train"), Task("score"), Task("notify")]
    labels = ["prep", *(f"train[seed={seed}]" for seed in range(width)), "score", "notify"]
    trains = range(1, width + 1)
    score, notify = width + 1, width + 2
    edges = [(0, node) for node in trains] + [(node, score) for node in trains] + [(0, notify), (score, notify)]
    return Graph(labels, edges, name="matrix", tasks=tasks, task_of=[0, *[1] * width, 2, 3])


def in_statuses(graph: Graph, statuses: Sequence[int]) -> RunState:
    """A run whose nodes are in given statuses."""
    state = RunState(graph)
    state.status[:] = bytes(statuses)
    return state


def chain(length: int) -> Graph:
    """Each node needs the one before."""
    return Graph([f"n{node}" for node in range(length)], [(node - 1, node) for node in range(1, length)], name="chain")


def names(layout: TreeLayout, graph: Graph, positions: Iterable[int]) -> list[str]:
    """What stands at positions, indented by its depth."""
    return [
        "  " * layout.depths[item] + item_name(layout, graph, item) for item in (layout.items[at] for at in positions)
    ]


def item_name(layout: TreeLayout, graph: Graph, item: int) -> str:
    """A short name of an item."""
    head = layout.head(item)
    if head is not None:
        return f"<{head.kind.value} {head.title}×{head.total}>"
    node = layout.node(item)
    assert node is not None
    return graph.labels[node]


def ran(node: int, start: float, end: float | None = None, *, code: int = 0, attempt: int = 1) -> list[Event]:
    """What is recorded of one attempt."""
    events: list[Event] = [NodeEvent(start, node, attempt, NodeStatus.RUNNING)]
    if end is not None and code:
        why = f"exit {code}"
        events.append(
            NodeEvent(end, node, attempt, NodeStatus.FAILED, Cause.EXIT, why, value=code, seconds=end - start)
        )
    elif end is not None:
        done = NodeStatus.COMPLETED
        events.append(NodeEvent(end, node, attempt, done, Cause.RAN, "succeeded", seconds=end - start))
    return events


def still(graph: Graph, events: Iterable[Event] = (), now: float = 100.0) -> RecordedRun:
    """A run that stands still."""
    started = RunEvent(0.0, "started", jobs=4)
    in_order = sorted(events, key=lambda event: event.at)
    return RecordedRun(graph, [started, *in_order], now, Path("/nonexistent"), number=12)
