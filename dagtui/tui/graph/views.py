"""Views of a tree, each with its folds and its filter, created when first shown."""

from __future__ import annotations

import enum
from array import array
from bisect import bisect_right
from functools import cached_property
from itertools import accumulate, compress
from typing import TYPE_CHECKING, TypedDict, cast

from dagtui.tui.graph.first_folds import first_folded
from dagtui.tui.graph.folders import group_layout
from dagtui.tui.graph.map.layout import MapLayout
from dagtui.tui.graph.map.outline import MapOutline
from dagtui.tui.graph.nodes.layout import dependency_layout
from dagtui.tui.graph.outline import Outline
from dagtui.tui.graph.tasks.arrangement import arrangement_of
from dagtui.tui.graph.tasks.layout import TasksLayout
from dagtui.tui.graph.trouble.outline import TroubleOutline
from dagtui.tui.graph.trouble.tracker import TroubleTracker

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from dagtui.engine.state import RunState
    from dagtui.graph.model import Graph, NodeIndex
    from dagtui.tui.graph.layout import TreeLayout

MOST_ROWS = 400
"""With more rows than this in Tasks, a graph is first shown as a map."""


class View(enum.Enum):
    """What the rows of the left pane are, and their order."""

    TASKS = "tasks"
    MAP = "map"
    DEPENDENCY = "dependency"
    GROUP = "group"
    TROUBLE = "trouble"
    TIME = "time"

    @classmethod
    def _missing_(cls, value: object) -> View | None:
        return cls.TROUBLE if value == "status" else None  # its name until it showed only what is wrong

    @property
    def title(self) -> str:
        """Its name on the screen, in lower case."""
        return _TITLES[self]

    def following(self, step: int = 1) -> View:
        """Return the next view in the cycle, or the one before it for a negative step."""
        views = list(View)
        return views[(views.index(self) + step) % len(views)]


_TITLES = {
    View.TASKS: "tasks",
    View.MAP: "map",
    View.DEPENDENCY: "nodes",
    View.GROUP: "groups",
    View.TROUBLE: "trouble",
    View.TIME: "time",
}
_SEPARATOR = "\n"
_VIEWS = frozenset(view.value for view in View)


class FoldsDump(TypedDict):
    """The folds of one view by name, so that they outlive their screen."""

    folded: list[str]
    unfolded: list[str]
    """What starts folded and is not."""


def first_view(graph: Graph) -> View:
    """Return the view that a graph is first shown in: Tasks, or the map if there are too many rows or edges for it."""
    arrangement = arrangement_of(graph)
    fits = len(arrangement.order) <= MOST_ROWS and arrangement.is_mostly_drawn
    return View.TASKS if fits else View.MAP


_known: list[tuple[Graph, dict[View, TreeLayout]]] = []
"""Layouts of the graph that was shown last, for its next screen. For 100,000 nodes, a layout takes a tenth of a second,
in which the run would stand still."""


def layout_of(graph: Graph, view: View) -> TreeLayout:
    """Return the layout of a view that does not depend on statuses. Cached."""
    if not _known or _known[0][0] is not graph:
        _known[:] = [(graph, {})]
    layouts = _known[0][1]
    if view not in layouts:
        layouts[view] = _LAYOUTS[view](graph)
    return layouts[view]


_LAYOUTS: Mapping[View, Callable[[Graph], TreeLayout]] = {
    View.TASKS: TasksLayout,
    View.MAP: MapLayout,
    View.DEPENDENCY: dependency_layout,
    View.GROUP: group_layout,
    View.TIME: lambda graph: layout_of(graph, View.TASKS),
}


def prepare_layout(graph: Graph, view: View) -> None:
    """Compute the layout of a view in advance, unless it depends on statuses."""
    if view in _LAYOUTS:
        layout_of(graph, view)


class Views:
    """The outlines of one graph."""

    def __init__(self, state: RunState) -> None:
        self._state = state
        self._graph = state.graph
        self.trouble = TroubleTracker(state)
        self._outlines: dict[View, Outline] = {}
        self._first: dict[View, set[int]] = {}
        """What was folded when each view opened."""
        self._dumps: dict[View, FoldsDump] = {}
        self.filter_query = ""
        """The text of the filter. Empty: none."""
        self.match_count = 0
        """Number of nodes that pass the filter."""
        self._matching: list[NodeIndex] = []
        """Those nodes."""

    @cached_property
    def names(self) -> Names:
        """The index of names, created at the first search."""
        return Names(self._graph.labels)

    def outline(self, view: View, node: NodeIndex | None = None) -> Outline:
        """Return the outline of a view, in which a node is to be shown. That of trouble is made again each time."""
        if view is not View.TROUBLE:
            self.trouble.close()
        elif (before := self._outlines.pop(view, None)) is not None:
            self._dumps[view] = self._dump(view, before)
        found = self._outlines.get(view)
        if found is None:
            found = self._rows_of(view, node)
            if self.filter_query:
                found.filter(self._matching)
            self._outlines[view] = found
        return found

    def set_filter(self, query: str) -> None:
        """Show only matching nodes in every view. An empty query ends the filter."""
        self.filter_query = query
        self._matching = self.names.matching(query) if query else []
        self.match_count = len(self._matching)
        for outline in self._outlines.values():
            if query:
                outline.filter(self._matching)
            else:
                outline.unfilter()

    def dump(self) -> dict[str, FoldsDump]:
        """Return the folds of each view."""
        dumps = self._dumps | {view: self._dump(view, outline) for view, outline in self._outlines.items()}
        return {view.value: folds for view, folds in dumps.items()}

    def restore(self, dumped: dict[str, FoldsDump]) -> None:
        """Restore folds. Names that this graph lacks are ignored."""
        self._dumps = {View(name): folds for name, folds in dumped.items() if name in _VIEWS}
        self._outlines.clear()

    def item_named(self, layout: TreeLayout, name: str) -> int | None:
        """Return the item with a name from a dump."""
        node = self._graph.find(name)
        if node is not None:
            return node
        return next((layout.node_count + at for at, head in enumerate(layout.heads) if head.key == name), None)

    def name_of(self, layout: TreeLayout, item: int) -> str:
        """Return the name of an item for a dump: a node's label, or a group row's key."""
        head = layout.head(item)
        return self._graph.labels[item] if head is None else head.key

    def names_near(self, outline: Outline, item: int) -> Iterator[str]:
        """Yield the name of an item, then those of rows ever further away."""
        if not len(outline):
            return
        yield self.name_of(outline.layout, item)
        row, rows = outline.nearest_row(item), len(outline)
        for distance in range(rows):
            for near in (row + distance, row - distance):
                if 0 <= near < rows and (near <= row or distance):
                    yield self.name_of(outline.layout, outline.item(near))

    def _rows_of(self, view: View, node: NodeIndex | None) -> Outline:
        if view is View.TROUBLE:
            dump = self._dumps.get(view)
            found = self.trouble.layout(node, () if dump is None else dump["unfolded"])
            return TroubleOutline(found, self._folded(view, found))
        layout = layout_of(self._graph, view)
        return MapOutline(layout) if isinstance(layout, MapLayout) else Outline(layout, self._folded(view, layout))

    def _folded(self, view: View, layout: TreeLayout) -> Iterable[int]:
        first = self._first[view] = first_folded(layout, self._state.status, self._state.selected)
        dumped = self._dumps.get(view)
        if dumped is None:
            return first
        folded = first.copy()
        keys = {head.key: layout.node_count + at for at, head in enumerate(layout.heads)}
        for names, change in ((dumped["folded"], folded.add), (dumped["unfolded"], folded.discard)):
            for name in names:
                node = self._graph.find(name)
                item = keys.get(name) if node is None else node
                if item is not None:
                    change(item)
        return folded

    def _dump(self, view: View, outline: Outline) -> FoldsDump:
        folded, first = set(outline.folded_items), self._first.get(view, set())
        return {
            "folded": [self.name_of(outline.layout, item) for item in sorted(folded - first)],
            "unfolded": [self.name_of(outline.layout, item) for item in sorted(first - folded)],
        }


class Names:
    """All labels in one string, so that a search runs at the speed of `str.find`. Case is ignored."""

    def __init__(self, labels: Sequence[str]) -> None:
        lowered = [label.lower() for label in labels]
        self._text = _SEPARATOR.join(lowered)
        self._starts = array("q", accumulate((len(label) + 1 for label in lowered), initial=0))[:-1]

    def matches(self, query: str, label: str) -> bool:
        """Return whether one label passes, as in `matching`."""
        part, inverted = sought(query)
        return (part in label.lower()) != inverted

    def matching(self, query: str) -> list[NodeIndex]:
        """Return the nodes whose label contains the query, in file order. A leading "!" inverts the match."""
        part, inverted = sought(query)
        found = self._containing(part)
        if not inverted:
            return cast("list[NodeIndex]", found)
        others = bytearray(b"\x01") * len(self._starts)
        for node in found:
            others[node] = 0
        return cast("list[NodeIndex]", list(compress(range(len(others)), others)))

    def _containing(self, part: str) -> list[int]:
        text, starts = self._text, self._starts
        found: list[int] = []
        if _SEPARATOR in part or not part:
            return found
        position = text.find(part)
        while position >= 0:
            node = bisect_right(starts, position) - 1
            found.append(node)
            position = text.find(part, starts[node + 1]) if node + 1 < len(starts) else -1
        return found


def sought(query: str) -> tuple[str, bool]:
    """Return the lower-case text that a query looks for, and whether nodes with it are left out."""
    inverted = query.startswith("!") and len(query) > 1
    return (query[1:] if inverted else query).lower(), inverted
