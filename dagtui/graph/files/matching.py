"""Which outputs make which inputs: by equal paths, patterns that match, and what lies in folders.

`meets` says it of two paths. `FileMatching` finds all pairs of a graph without comparing each with each.
"""

from __future__ import annotations

from functools import cached_property
from itertools import repeat
from typing import TYPE_CHECKING

from dagtui.graph.errors import ValueProblem
from dagtui.graph.files.paths import DeclaredPaths, PathKind
from dagtui.graph.files.patterns import PatternIndex, around, matches, reaches_below

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from dagtui.graph.files.paths import DeclaredPath
    from dagtui.graph.model import Graph, NodeIndex

MOST_STEPS = 10_000_000
"""Look-ups and comparisons of patterns, which bounds the time that a file takes."""
MOST_COMPARED = 100_000
"""Number of pairs of paths of two nodes that are compared to name what joins them."""
MOST_CLASHES = 1000
"""Number of outputs declared twice after which no more are searched for."""


def meets(one: DeclaredPath, other: DeclaredPath) -> bool:
    """Return whether two paths are the same, or one contains the other.

    Then an output makes an input, or a part of it, and two outputs clash.
    """
    if one.kind is PathKind.GLOB and other.kind is PathKind.GLOB:
        return one.path == other.path
    if other.kind is PathKind.GLOB:
        one, other = other, one
    if one.kind is PathKind.GLOB:
        in_folder = other.kind is PathKind.FOLDER and reaches_below(one.path, other.path)
        return in_folder or matches(one.path).fullmatch(other.path) is not None
    if one.path == other.path:
        return True
    return (one.kind is PathKind.FOLDER and one.path in around(other.path)) or (
        other.kind is PathKind.FOLDER and other.path in around(one.path)
    )


def joining(paths: DeclaredPaths, parent: NodeIndex, child: NodeIndex) -> list[str]:
    """Return the inputs of a node that another one writes, as written and filled in."""
    try:
        outputs, inputs = paths.of(parent).outputs, paths.of(child).inputs
    except ValueProblem:  # a variable is not set here
        return []
    return joined(outputs, inputs)


def joined(outputs: Sequence[DeclaredPath], inputs: Sequence[DeclaredPath]) -> list[str]:
    """Return the inputs that some outputs make, as written and filled in."""
    if len(outputs) * len(inputs) > MOST_COMPARED:
        return []
    return [wanted.text for wanted in inputs if any(meets(output, wanted) for output in outputs)]


def matching_of(graph: Graph) -> FileMatching:
    """Return the matching of a graph that is already read. Raises ValueProblem."""
    found, paths = FileMatching(), DeclaredPaths(graph)
    for node in graph.nodes:
        inputs, outputs = paths.of(node)
        for path in outputs:
            found.add_output(node, path.kind, path.path)
        for path in inputs:
            found.add_input(node, path.kind, path.path)
    return found


class FileMatching:
    """All outputs and inputs of a graph."""

    def __init__(self) -> None:
        self.made: dict[str, NodeIndex] = {}
        """The files that nodes write."""
        self.made_folders: dict[str, NodeIndex] = {}
        self.made_patterns: dict[str, NodeIndex] = {}
        self.read: list[tuple[str, NodeIndex]] = []
        """The files that nodes read."""
        self.read_folders: dict[str, list[NodeIndex]] = {}
        self.read_patterns: dict[str, list[NodeIndex]] = {}
        self.clashing: list[tuple[NodeIndex, NodeIndex]] = []
        """Nodes that declare the same output, in the order of the file."""
        self.steps = 0
        """Look-ups and comparisons of patterns so far."""

    def add_output(self, node: NodeIndex, kind: PathKind, path: str) -> None:
        """Add what a node writes."""
        made = self.made if kind is PathKind.FILE else self.made_folders
        first = (self.made_patterns if kind is PathKind.GLOB else made).setdefault(path, node)
        if first != node:
            self._clash(first, node)

    def add_input(self, node: NodeIndex, kind: PathKind, path: str) -> None:
        """Add what a node reads."""
        if kind is PathKind.GLOB:
            self.read_patterns.setdefault(path, []).append(node)
        elif kind is PathKind.FOLDER:
            self.read_folders.setdefault(path, []).append(node)
        else:
            self.read.append((path, node))

    def find_clashes(self) -> None:
        """Find outputs that lie in folders, or match patterns, of other nodes. Raises ValueProblem."""
        folders, patterns = self.made_folders, self._made_index if self.made_patterns else None
        if not folders and patterns is None:
            return
        for path, node in self._literals():
            if folders:
                self._clash_in(path, node)
                if self.made.get(path, node) != node and path in folders:
                    self._clash(self.made[path], folders[path])
            if patterns is not None:
                self._clash_with(patterns.matching(path), node)
        if patterns is not None:
            for folder, node in folders.items():
                self._clash_with(patterns.reaching(folder), node)

    def edges(self) -> Iterator[tuple[NodeIndex, NodeIndex]]:
        """Yield (parent, child) for each output that makes an input, some pairs several times. Raises ValueProblem."""
        made = self.made
        for path, child in self.read:
            parent = made.get(path)
            if parent is not None:
                yield parent, child
        if self.made_folders:
            yield from self._in_made_folders()
        if self.read_folders:
            yield from self._in_read_folders()
        if self.made_patterns:
            yield from self._by_made_patterns()
        if self.read_patterns:
            yield from self._by_read_patterns()

    def _in_made_folders(self) -> Iterator[tuple[NodeIndex, NodeIndex]]:
        folders = self.made_folders
        for path, child in self._read_literals():
            for folder in (path, *around(path)):
                if folder in folders:
                    yield folders[folder], child

    def _in_read_folders(self) -> Iterator[tuple[NodeIndex, NodeIndex]]:
        folders = self.read_folders
        for path, children in folders.items():
            if path in self.made:
                yield from zip(repeat(self.made[path]), children)
        for path, parent in self._literals():
            for folder in around(path):
                if folder in folders:
                    yield from zip(repeat(parent), folders[folder])
        if self.made_patterns:
            for folder, children in folders.items():
                for parent in self._made_index.reaching(folder):
                    yield from zip(repeat(parent), children)

    def _by_made_patterns(self) -> Iterator[tuple[NodeIndex, NodeIndex]]:
        known: dict[str, list[NodeIndex]] = {}
        for path, child in self._read_literals():
            parents = known.get(path)
            if parents is None:
                parents = known[path] = list(self._made_index.matching(path))
            for parent in parents:
                yield parent, child
        for pattern, parent in self.made_patterns.items():
            yield from zip(repeat(parent), self.read_patterns.get(pattern, ()))

    def _by_read_patterns(self) -> Iterator[tuple[NodeIndex, NodeIndex]]:
        index = PatternIndex(self.read_patterns, self._count)
        for path, parent in self._literals():
            for children in index.matching(path):
                yield from zip(repeat(parent), children)
        for folder, parent in self.made_folders.items():
            for children in index.reaching(folder):
                yield from zip(repeat(parent), children)

    @cached_property
    def _made_index(self) -> PatternIndex[NodeIndex]:
        """The patterns that nodes write. It is asked for only when all outputs are added."""
        return PatternIndex(self.made_patterns, self._count)

    def _count(self, steps: int) -> None:
        self.steps += steps
        if self.steps > MOST_STEPS:
            message = "the patterns in inputs and outputs take too long to compare with each other"
            raise ValueProblem(message, "name folders, or fewer patterns")

    def _literals(self) -> Iterator[tuple[str, NodeIndex]]:
        yield from self.made.items()
        yield from self.made_folders.items()

    def _read_literals(self) -> Iterator[tuple[str, NodeIndex]]:
        yield from self.read
        for path, children in self.read_folders.items():
            yield from ((path, child) for child in children)

    def _clash_in(self, path: str, node: NodeIndex) -> None:
        for folder in around(path):
            other = self.made_folders.get(folder, node)
            if other != node:
                self._clash(other, node)

    def _clash_with(self, others: Iterable[NodeIndex], node: NodeIndex) -> None:
        for other in others:
            if other != node:
                self._clash(other, node)

    def _clash(self, one: NodeIndex, other: NodeIndex) -> None:
        if len(self.clashing) < MOST_CLASHES:
            self.clashing.append((min(one, other), max(one, other)))
