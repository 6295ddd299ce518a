"""What the nodes of a plan read and write."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from dagtui.graph.errors import ValueProblem
from dagtui.graph.files.parents import parents_by_files
from dagtui.runs.targets import value_problems
from dagtui.text import count, label
from dagtui.text.amounts import first_of
from dagtui.text.labels import name_label

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dagtui.graph.files.missing import MissingInput
    from dagtui.graph.files.paths import DeclaredPaths
    from dagtui.graph.model import NodeIndex
    from dagtui.report.plan import Plan

_MOST_LINES = 10
_MOST_NAMES = 2
_MOST_SOUGHT = 1000


def _missing(plan: Plan) -> Iterator[MissingInput]:
    if not any(task.inputs for task in plan.graph.tasks):
        return iter(())
    from dagtui.graph.files.missing import missing_inputs  # most graphs have no inputs

    nodes = (node for node in plan.graph.nodes if node not in plan.outside)
    found = missing_inputs(plan.graph, nodes, patterns=True, problem_of=value_problems(plan.graph))
    return islice(found, _MOST_SOUGHT)


def missing_lines(plan: Plan) -> Iterator[str]:
    """Yield lines about inputs that do not exist and that no task writes, values of files among them."""
    found = list(_missing(plan))
    groups = (
        ("missing, so a run is refused", [one for one in found if one.is_refused]),
        ("not there yet, and no task names it in outputs", [one for one in found if one.is_unsure]),
        ("patterns that match nothing", [one for one in found if one.is_pattern]),
    )
    for title, group in groups:
        by_path: dict[str, list[NodeIndex]] = {}
        for one in group:
            by_path.setdefault(one.path.from_folder, []).append(one.node)
        for text, nodes in list(by_path.items())[:_MOST_LINES]:
            names = [name_label(plan.graph.labels[node]) for node in nodes[:_MOST_NAMES]]
            yield f"{title}: {label(text)}, read by {first_of(names, len(nodes))}"
        if len(by_path) > _MOST_LINES:
            yield f"{title}: {count(len(by_path) - _MOST_LINES)} more"


class PlannedPaths:
    """The files of a plan's nodes."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._paths: DeclaredPaths | None = None
        if any(task.inputs or task.outputs for task in plan.graph.tasks):
            from dagtui.graph.files.paths import DeclaredPaths

            self._paths = DeclaredPaths(plan.graph)

    def missing(self) -> list[dict[str, object]]:
        """Return the inputs that do not exist and that no task writes."""
        labels = self._plan.graph.labels
        return [
            {"node": labels[one.node], "path": one.path.text, "kind": one.path.kind.value, "refused": one.is_refused}
            for one in _missing(self._plan)
        ]

    def of(self, node: NodeIndex) -> dict[str, object]:
        """Return what a node reads and writes, and the parents that only files make."""
        labels = self._plan.graph.labels
        try:
            inputs, outputs = self._paths.of(node) if self._paths is not None else ((), ())
        except ValueProblem:  # a variable is not set here
            inputs = outputs = ()
        return {
            "inputs": [path.text for path in inputs],
            "outputs": [path.text for path in outputs],
            "needs_by_files": [labels[parent] for parent in parents_by_files(self._plan.graph, node)],
        }

    def read_of_parents(self, node: NodeIndex) -> str:
        """Say which files a node reads of parents that `needs` does not name: "in.csv of fetch"."""
        if self._paths is None:
            return ""
        from dagtui.graph.files.matching import joining

        labels, parents = self._plan.graph.labels, parents_by_files(self._plan.graph, node)
        shown: list[str] = []
        for parent in parents[:_MOST_NAMES]:
            files = joining(self._paths, parent, node)
            named = first_of([name_label(file) for file in files[:_MOST_NAMES]], len(files))
            shown.append(f"{named} of {name_label(labels[parent])}" if files else name_label(labels[parent]))
        return first_of(shown, len(parents), ", ")
