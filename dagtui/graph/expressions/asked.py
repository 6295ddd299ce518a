"""Which node `needs.X.status` and `needs.X.outputs.KEY` ask: a parent, and for an output an ancestor, too."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, cast

from dagtui.graph.check.suggestions import listed
from dagtui.graph.errors import ValueProblem, quoted
from dagtui.graph.gates import ANSWER
from dagtui.graph.matrix.selectors import is_chosen, target_of
from dagtui.graph.model import NO_NODE, NodeIndex

if TYPE_CHECKING:
    from dagtui.graph.expressions.braces import Placeholder
    from dagtui.graph.model import Graph, TaskIndex

_MOST_LOOKED_AT = 64
"""Number of edges above one node that are followed before all nodes are looked at in one pass."""
_STEPS, _STEPS_EACH = 2_000_000, 20
"""Number of steps of all passes over a graph: some, and some for each node and edge."""
_SEVERAL = -2
_SHOWN = 3
COMPLETED = "completed"
"""The status of a node that hands values on, as `needs.X.status` has it."""

OutputsOf = Callable[[NodeIndex], Mapping[str, str]]
"""Returns the values that a node has handed on."""


def no_outputs(_node: NodeIndex) -> Mapping[str, str]:
    """Return the values of a node where no node has any."""
    return {}


def lacking_output(placeholder: Placeholder, name: str, written: Mapping[str, str], status: str) -> ValueProblem:
    """Return the error for a value that a node of that name and status did not write. `written` are what it did."""
    output = placeholder.output
    if status != COMPLETED:
        wrote = f"its status is {status}, and only a success hands values on"
    else:
        wrote = f"it wrote {listed(written)}" if written else "it wrote no values"
    hint = f'write it to $DAGTUI_OUTPUT, or give a default: {{{{ needs.{placeholder.name}.outputs.{output} or "…" }}}}'
    return ValueProblem(f"{placeholder.source}: {quoted(name)} has no output {quoted(output)}; {wrote}", hint)


class AskedNodes:
    """Finds the nodes that the placeholders in a graph ask."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self._tasks: dict[str, TaskIndex] = {}
        self._ranges: dict[TaskIndex, tuple[int, int]] = {}
        self._meant: dict[str, frozenset[NodeIndex]] = {}
        """By name: the nodes that it means."""
        self._in_order: dict[str, list[NodeIndex]] = {}
        """By name: the nodes that it means, for names of which several are above a node."""
        self._above: dict[str, array[int]] = {}
        """By name: for each node the one ancestor that the name means, NO_NODE or _SEVERAL."""
        self._steps = _STEPS + _STEPS_EACH * (len(graph) + graph.edge_count)

    def node(self, node: NodeIndex, placeholder: Placeholder) -> NodeIndex | None:
        """Return the node that a placeholder of a node asks, or None if there is only a default.

        Raises ValueProblem if there is no such node and no default, or if there are several.
        """
        graph, name = self.graph, placeholder.name
        parents = graph.parents(node)
        named = graph.find(name)
        if named is not None and named in parents:
            return self._checked(named, placeholder)
        found = self._parents(parents, name)
        if not found and placeholder.output:
            found = self._ancestors(node, placeholder)
        if len(found) == 1:
            return self._checked(found[0], placeholder)
        if not found and placeholder.default is not None:
            return None
        raise self._none(node, placeholder) if not found else self._several(found, placeholder)

    def _checked(self, asked: NodeIndex, placeholder: Placeholder) -> NodeIndex:
        """Return a node that is asked. Raises ValueProblem if it is a gate and never has that output."""
        if placeholder.output in {"", ANSWER} or self.graph.gate(asked) is None:
            return asked
        source = placeholder.source
        message = f"{quoted(source)}: {quoted(self.graph.labels[asked])} is a gate, whose only output is its answer"
        raise ValueProblem(message, f"write needs.{placeholder.name}.outputs.{ANSWER}", needle=source)

    def _none(self, node: NodeIndex, placeholder: Placeholder) -> ValueProblem:
        labels, parents = self.graph.labels, self.graph.parents(node)
        has = f", which has {listed([labels[parent] for parent in parents])}" if parents else ""
        lacks = f"{quoted(labels[node])} doesn't need {quoted(placeholder.name)}"
        lacks += ", directly or through others" if placeholder.output else ""
        source = placeholder.source
        return ValueProblem(f"{quoted(source)}: {lacks}", f"add it to needs{has}", needle=source)

    def _several(self, found: Sequence[NodeIndex], placeholder: Placeholder) -> ValueProblem:
        what = f"outputs.{placeholder.output}" if placeholder.output else "status"
        labels = self.graph.labels
        shown = " or ".join(f"needs.{labels[parent]}.{what}" for parent in found[:_SHOWN])
        return ValueProblem(
            f"{quoted(placeholder.source)} refers to {len(found):,} nodes",
            f"use one of them: {shown}; or select one in needs",
            needle=placeholder.source,
        )

    def _parents(self, parents: Sequence[NodeIndex], name: str) -> list[NodeIndex]:
        """Return the parents that are cells of a task of that name, or those that `task[axis=value]` selects."""
        graph = self.graph
        found = [parent for parent in parents if graph.task(parent).name == name]
        if found or not name.endswith("]"):
            return found
        target = target_of(name, {graph.task(parent).name: graph.task_of[parent] for parent in parents})
        if target is None or target[1] is None:
            return []
        task = name[: -len(target[1]) - 2]
        return [
            parent for parent in parents if graph.task(parent).name == task and is_chosen(graph.cell(parent), target[1])
        ]

    def _ancestors(self, node: NodeIndex, placeholder: Placeholder) -> list[NodeIndex]:
        """Return the ancestors that a name means."""
        name = placeholder.name
        meant = self._meant.get(name)
        if meant is None:
            meant = self._meant[name] = frozenset(self._find(placeholder))
        if not meant:
            return []
        if name not in self._above:
            found = self._near(node, meant)
            if found is not None:
                return found
            self._above[name] = self._pass(meant, placeholder)
        above = cast("NodeIndex", self._above[name][node])
        if above == _SEVERAL:
            if name not in self._in_order:
                self._in_order[name] = sorted(meant)
            return self._in_order[name]
        return [] if above == NO_NODE else [above]

    def _find(self, placeholder: Placeholder) -> list[NodeIndex]:
        """Return the nodes that a name means, anywhere in the graph."""
        graph, name = self.graph, placeholder.name
        node = graph.find(name)
        if node is not None:
            return [node]
        if not self._tasks:
            self._tasks = {task.name: cast("TaskIndex", number) for number, task in enumerate(graph.tasks)}
            for other, number in zip(graph.nodes, graph.task_of, strict=True):
                self._ranges[number] = self._ranges.get(number, (other, 0))[0], other + 1
        target = target_of(name, self._tasks)
        if target is None or target[0] not in self._ranges:
            return []
        task, inside = target
        nodes = cast("Sequence[NodeIndex]", range(*self._ranges[task]))
        self._count(len(nodes), placeholder)
        return [node for node in nodes if inside is None or is_chosen(graph.cell(node), inside)]

    def _near(self, node: NodeIndex, meant: frozenset[NodeIndex]) -> list[NodeIndex] | None:
        """Return the ancestors among some nodes, or None if that takes a look at too many nodes."""
        above = _reached(node, meant if len(meant) == 1 else frozenset(), self.graph.parents)
        if above is not None:
            return sorted(meant & above)
        if len(meant) == 1:
            (one,) = meant
            ends = frozenset((node, *self.graph.parents(node)[:_MOST_LOOKED_AT]))  # one step less to go
            below = _reached(one, ends, self.graph.children)
            if below is not None:
                return [] if ends.isdisjoint(below) else [one]
        return None

    def _pass(self, meant: frozenset[NodeIndex], placeholder: Placeholder) -> array[int]:
        """Return for each node the one ancestor among some nodes. This takes a step for each node and edge."""
        graph = self.graph
        self._count(len(graph) + graph.edge_count, placeholder)
        above = array("i", [NO_NODE]) * len(graph)
        for node in graph.order:
            found: int = NO_NODE
            for parent in graph.parents(node):
                for one in (above[parent], parent if parent in meant else NO_NODE):
                    if one != NO_NODE:
                        found = one if found in {NO_NODE, one} else _SEVERAL
            above[node] = found
        return above

    def _count(self, steps: int, placeholder: Placeholder) -> None:
        self._steps -= steps
        if self._steps < 0:
            message = f"{quoted(placeholder.source)}: it takes too long to find {quoted(placeholder.name)} above"
            raise ValueProblem(message, "add it to needs: a parent is found at once", needle=placeholder.source)


def _reached(
    start: NodeIndex, wanted: frozenset[NodeIndex], next_of: Callable[[NodeIndex], Sequence[NodeIndex]]
) -> set[NodeIndex] | None:
    """Return the nodes beyond a node, as far as one of those that are wanted. None if they are too many."""
    found: set[NodeIndex] = set()
    queue, left = [start], _MOST_LOOKED_AT
    for current in queue:
        beyond = next_of(current)
        left -= len(beyond)
        if left < 0:
            return None
        queue += [node for node in beyond if node not in found]
        found.update(beyond)
        if not wanted.isdisjoint(beyond):
            break
    return found
