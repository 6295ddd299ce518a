"""The edges: what the `needs` of each task mean for its nodes."""

from __future__ import annotations

import re
from functools import cached_property
from itertools import chain, repeat
from typing import TYPE_CHECKING, NamedTuple, cast

from dagtui.graph.errors import FollowsError, ValueProblem, quoted
from dagtui.graph.flat_edges import MOST_EDGES
from dagtui.graph.matrix.selectors import LONGEST_ENTRY, Selector, is_several, parse_selector, target_of
from dagtui.graph.model import numbered_tasks

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from dagtui.graph.check.diagnostics import Diagnostics, Origins
    from dagtui.graph.files.file_edges import FileEdges
    from dagtui.graph.files.links import FileLinks
    from dagtui.graph.layout import GraphLayout
    from dagtui.graph.model import NodeIndex, ParameterValue, Task, TaskIndex
    from dagtui.graph.several_tasks import SeveralTasks

    Link = Sequence[NodeIndex] | Selector
    """All nodes of a task, or some of them for each cell."""

LONGEST_LISTED = 1000
"""Characters of an entry of `needs` that is searched for several names."""


class Wiring:
    """The links of every task, and the resulting edges."""

    def __init__(
        self, layout: GraphLayout, params: Mapping[str, ParameterValue], diagnostics: Diagnostics, origins: Origins
    ) -> None:
        """Link the tasks of a layout."""
        self._layout = layout
        self._params = params
        self._diagnostics = diagnostics
        self._origins = origins
        self._nodes = [layout.nodes(number) for number, _ in numbered_tasks(layout.tasks)]
        self._links: dict[TaskIndex, list[Link]] = {}
        self._chosen: list[_Chosen] = []
        self._overlapping: set[TaskIndex] = set()
        """Tasks with several links to one other task."""
        self.files: FileLinks | None = None
        """What files link. None if no task names any."""

    def connect(self, broken: Collection[str]) -> bool:
        """Read all `needs`, without checking broken tasks. Record and return False if there are too many edges."""
        total = 0
        for number, task in numbered_tasks(self._layout.tasks):
            if not task.needs:
                continue
            links = self._links[number] = self._whole(number, broken) or self._read(number, broken)
            total += len(self._nodes[number]) * sum(map(len, links))
            if total > MOST_EDGES:
                self._diagnostics.value(
                    self._origins.of(number, "needs"),
                    f"the graph would have more than {MOST_EDGES:,} edges",
                    "put a task without a matrix between them, or select cells",
                )
                return False
        for chosen in self._chosen:
            if not self._useful(chosen):
                self._links[chosen.number].remove(chosen.selector)
        return True

    def link_files(
        self, tasks: list[Task], directory: Path, environment: Mapping[str, str], broken: Collection[str], state: str
    ) -> None:
        """Find what files link. The variables in the paths of tasks are filled in, in place."""
        from dagtui.graph.files.links import FileLinks

        self.files = FileLinks(self._layout, self._params, directory, self._diagnostics, self._origins)
        self.files.find(tasks, environment, broken, state)

    @property
    def file_edges(self) -> FileEdges | None:
        """The edges that only files make, once `edges` has returned all. None if there are none."""
        return None if self.files is None else self.files.file_edges

    def edges(self) -> Iterable[tuple[NodeIndex, NodeIndex]]:
        """Return every (parent, child), in the order of the children and of their `needs`."""
        pairs = cast("Iterator[tuple[NodeIndex, NodeIndex]]", self._pairs())
        return pairs if self.files is None else self.files.merged(pairs)

    def _pairs(self) -> Iterator[tuple[int, int]]:
        for number, links in self._links.items():
            for cell, node in enumerate(self._nodes[number]):
                parents = chain.from_iterable(
                    [link.nodes(cell) if isinstance(link, Selector) else link for link in links]
                )
                yield from zip(dict.fromkeys(parents) if number in self._overlapping else parents, repeat(node))

    def _whole(self, number: TaskIndex, broken: Collection[str]) -> list[Link]:
        """Return the links of a task that needs only whole tasks, as most do, else an empty list."""
        targets = list(map(self._layout.index.get, self._layout.tasks[number].needs))
        if broken or number in targets:
            return []
        links: list[Link] = [self._nodes[target] for target in targets if target is not None]
        return links if len(links) == len(targets) else []

    def _read(self, number: TaskIndex, broken: Collection[str]) -> list[Link]:
        links: list[Link] = []
        targets: set[TaskIndex] = set()
        task = self._layout.tasks[number]
        for position, entry in enumerate(task.needs):
            try:
                meant = self._meant(number, entry)
                for target, inside in meant:
                    if broken and (task.name in broken or self._layout.tasks[target].name in broken):
                        continue
                    links.append(self._link(number, position, target, inside))
            except (ValueProblem, FollowsError) as wrong:
                self._diagnostics.lost.needs.add(task.name)
                if isinstance(wrong, ValueProblem):
                    self._diagnostics.wrong(self._origins.of(number, "needs", position), wrong)
                continue
            for target, _ in meant:
                if target in targets:
                    self._overlapping.add(number)
                targets.add(target)
        return links

    def _meant(self, number: TaskIndex, entry: str) -> list[tuple[TaskIndex, str | None]]:
        """Return the tasks that an entry means, and what selects cells of them. Raises ValueProblem, FollowsError."""
        if len(entry) > LONGEST_ENTRY:
            raise ValueProblem(f"an element of needs can have at most {LONGEST_ENTRY:,} characters, not {len(entry):,}")
        found = target_of(entry, self._layout.index)
        if found is None and is_several(entry):
            return [(target, None) for target in self._several.meant(entry, number)]
        if found is None and self._diagnostics.lost.has_task(entry):
            raise FollowsError
        if found is None:
            raise ValueProblem(f"there is no task {quoted(entry)}", self._suggestion(entry))
        if found == (number, None):
            raise ValueProblem(f"task {quoted(entry)} needs itself", "remove it")
        return [found]

    def _suggestion(self, entry: str) -> str:
        if entry.startswith("{{"):
            return "placeholders are only allowed between the brackets: train[seed={{ matrix.seed }}]"
        names = [name for name in re.split(r"[,\s]+", entry[:LONGEST_LISTED]) if name]
        if len(names) > 1 and all(name in self._layout.index for name in names):
            return f"write {', '.join(map(quoted, names))}: each name in quotation marks of its own"
        if f"{entry}/" in self._several.groups:
            return f"write {quoted(entry + '/')} for the tasks of that group"
        return self._diagnostics.suggestion(entry, self._layout.index, "the tasks are")

    @cached_property
    def _several(self) -> SeveralTasks:
        from dagtui.graph.several_tasks import SeveralTasks

        return SeveralTasks(self._layout.tasks, self._diagnostics)

    def _link(self, number: TaskIndex, position: int, target: TaskIndex, inside: str | None) -> Link:
        if inside is None:
            return self._nodes[target]
        own = self._layout.cells.get(number)
        selector = parse_selector(inside, self._layout, target, own, self._params, self._diagnostics)
        self._chosen.append(_Chosen(number, position, target, selector))
        return selector

    def _useful(self, chosen: _Chosen) -> bool:
        """Return whether a selector chooses a node for every cell, and never the cell itself. If not, record why."""
        number, position, target, selector = chosen
        at = self._origins.of(number, "needs", position)
        for cell, node in enumerate(self._nodes[number]):
            nodes = selector.nodes(cell)
            if not nodes:
                label, entry = self._layout.label(number, cell), self._layout.tasks[number].needs[position]
                message = f"{quoted(entry)} matches no cell for {quoted(label)}"
                has = f"select values that task {quoted(self._layout.tasks[target].name)} has"
                self._diagnostics.value(at, message, f"exclude that cell, or {has}")
                return False
            if target == number and node in nodes:
                message = f"{quoted(self._layout.label(number, cell))} needs itself"
                self._diagnostics.value(at, message, "select other cells, or exclude that cell from the matrix")
                return False
        return True


class _Chosen(NamedTuple):
    """A selector, with the task and the position in its `needs` where it is written, and the task it selects from."""

    number: TaskIndex
    position: int
    target: TaskIndex
    selector: Selector
