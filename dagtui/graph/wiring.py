"""The edges: what every task's `needs` mean for its nodes."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, NamedTuple

from dagtui.graph.errors import Wrong, quoted
from dagtui.graph.matrices import listed
from dagtui.graph.selectors import LONGEST_ENTRY, Selector, parse_selector, target_of
from dagtui.graph.suggestions import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from dagtui.graph.findings import Findings
    from dagtui.graph.layout import Layout
    from dagtui.graph.model import Value
    from dagtui.graph.origins import Origins

MOST_EDGES = 20_000_000
SUGGESTED = 20
"""Unknown parents for which a name that is meant is looked for: comparing with every task takes its time."""

Link = range | Selector
"""All nodes of a task, or some of them for each cell."""


class Wiring:
    """The links of every task, and the edges they make."""

    def __init__(self, layout: Layout, params: Mapping[str, Value], findings: Findings, origins: Origins) -> None:
        """Link the tasks of a layout."""
        self._layout = layout
        self._params = params
        self._findings = findings
        self._origins = origins
        self._links: dict[int, list[_Placed]] = {}
        self._overlapping: set[int] = set()
        """Tasks with several links to one other task."""
        self._suggested = 0

    def connect(self, broken: Collection[str]) -> bool:
        """Read all `needs`; False, and noted, when there are too many edges. Nothing is checked of broken tasks."""
        total = 0
        for number, task in enumerate(self._layout.tasks):
            if not task.needs:
                continue
            links = self._read(number, broken)
            if len({placed.target for placed in links}) < len(links):
                self._overlapping.add(number)
            self._links[number] = links
            total += len(self._layout.nodes(number)) * sum(placed.bound() for placed in links)
            if total > MOST_EDGES:
                self._findings.value(
                    self._origins.of(number, "needs"),
                    f"the graph would have more than {MOST_EDGES:,} edges",
                    "put a task without a matrix between, or select cells",
                )
                return False
        for number, links in self._links.items():
            self._links[number] = [placed for placed in links if self._useful(number, placed)]
        return True

    def edges(self) -> Iterator[tuple[int, int]]:
        """Every (parent, child), in the order of the children and of their `needs`."""
        for number, links in self._links.items():
            for cell, node in enumerate(self._layout.nodes(number)):
                parents: Iterable[int] = chain.from_iterable([placed.nodes(cell) for placed in links])
                if number in self._overlapping:
                    parents = dict.fromkeys(parents)
                for parent in parents:
                    yield parent, node

    def needed(self, number: int) -> set[str]:
        """The names of the tasks that a task needs."""
        return {self._layout.tasks[placed.target].name for placed in self._links.get(number, ())}

    def _read(self, number: int, broken: Collection[str]) -> list[_Placed]:
        links: list[_Placed] = []
        task = self._layout.tasks[number]
        for position, entry in enumerate(task.needs):
            try:
                target, inside = self._target(number, entry)
                if broken and (task.name in broken or self._layout.tasks[target].name in broken):
                    continue
                links.append(_Placed(position, target, self._link(number, target, inside)))
            except Wrong as wrong:
                self._findings.wrong(self._origins.of(number, "needs", position), wrong)
        return links

    def _target(self, number: int, entry: str) -> tuple[int, str | None]:
        if len(entry) > LONGEST_ENTRY:
            raise Wrong(f"an element of needs has at most {LONGEST_ENTRY:,} characters, not {len(entry):,}")
        found = target_of(entry, self._layout.index)
        if found is None:
            raise Wrong(f"there is no task {quoted(entry)}", self._suggestion(entry))
        if found == (number, None):
            raise Wrong(f"task {quoted(entry)} needs itself", "remove it")
        return found

    def _suggestion(self, entry: str) -> str:
        if entry.startswith("{{"):
            return "placeholders stand between the brackets only: train[seed={{ matrix.seed }}]"
        self._suggested += 1
        if self._suggested > SUGGESTED:
            return ""
        hint = did_you_mean(entry, self._layout.index)
        if not hint and 0 < len(self._layout.index) <= 10:
            hint = f"the tasks are {listed(list(self._layout.index))}"
        return hint

    def _link(self, number: int, target: int, inside: str | None) -> Link:
        if inside is None:
            return self._layout.nodes(target)
        return parse_selector(inside, self._layout, target, self._layout.cells.get(number), self._params)

    def _useful(self, number: int, placed: _Placed) -> bool:
        """Whether a link chooses something for every cell, and never the cell itself; else that is noted."""
        if not isinstance(placed.link, Selector):
            return True
        at = self._origins.of(number, "needs", placed.position)
        for cell, node in enumerate(self._layout.nodes(number)):
            chosen = placed.link.nodes(cell)
            if not chosen:
                label, entry = self._layout.label(number, cell), self._layout.tasks[number].needs[placed.position]
                message = f"{quoted(entry)} matches no cell for {quoted(label)}"
                self._findings.value(
                    at,
                    message,
                    f"exclude that cell, or select what task {quoted(self._layout.tasks[placed.target].name)} has",
                )
                return False
            if placed.target == number and node in chosen:
                self._findings.value(at, f"{quoted(self._layout.label(number, cell))} needs itself")
                return False
        return True


class _Placed(NamedTuple):
    """A link with its position in `needs` and the task it leads to."""

    position: int
    target: int
    link: Link

    def bound(self) -> int:
        """How many nodes it chooses at most, for one cell."""
        return self.link.bound() if isinstance(self.link, Selector) else len(self.link)

    def nodes(self, cell: int) -> Sequence[int]:
        """The nodes that it chooses for a cell."""
        return self.link.nodes(cell) if isinstance(self.link, Selector) else self.link
