"""Layout of the trouble view: what is wrong from top to bottom, and one folded row for everything else.

It is made again whenever something else is wrong, at any number of nodes. Therefore nothing is stored for each node:
what stands where is found from a few runs of nodes in file order.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from itertools import compress, islice, pairwise
from typing import TYPE_CHECKING, Final, NamedTuple, cast, overload

from dagtui.engine.columns import positions
from dagtui.engine.rules.commands import NOT_SELECTED
from dagtui.engine.status import NodeStatus
from dagtui.tui.graph.layout import TOP, GroupKind, GroupRow, TreeLayout
from dagtui.tui.graph.trouble.troubles import NO_TROUBLE, TroubleKind

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from dagtui.engine.state import RunState
    from dagtui.graph.model import NodeIndex
    from dagtui.tui.graph.trouble.troubles import Alike, AlikeKey, Troubles

MOST_EXPLAINED: Final = 100
"""The most failures, or groups of them, that have rows for their decisive line and for what they block."""
REST: Final = "everything else"
ALL: Final = "all nodes"
"""The title of the last row when nothing is wrong."""


class FailureNote(NamedTuple):
    """A row that says something about the failures above it."""

    key: AlikeKey
    is_about_blocked: bool
    """Whether it says what they block. Otherwise, it is their decisive line."""


class _Run(NamedTuple):
    """Items that stand one below the other."""

    start: int
    """The position of the first."""
    items: Sequence[int]
    above: int


class TroubleLayout(TreeLayout):
    """The rows of the trouble view. What it knows of statuses is as old as the layout."""

    __slots__ = ("_group_of", "_plan", "_starts", "counts", "kept", "kinds", "statuses")

    def __init__(self, troubles: Troubles, state: RunState, kept: NodeIndex | None = None) -> None:
        """`kept` is a node that has a row although nothing is wrong with it and everything else is folded."""
        self.kinds = bytes(troubles.kinds)
        """The trouble of each node."""
        self.counts = tuple(map(self.kinds.count, TroubleKind))
        """The number of nodes with each kind of trouble."""
        self.statuses = bytes(state.status)
        self.kept = None if kept is None or self.kinds[kept] else kept
        self._group_of = troubles.group_of.copy()
        self._plan = _RowPlan(troubles, state, self.kept)
        self._starts = [run.start for run in self._plan.runs]
        self.node_count = len(self.kinds)
        self.nodes = state.graph.nodes
        self.heads = tuple(self._plan.heads)
        total = self._plan.length
        self.items = _Computed(total, self._item_at)
        self.positions = _Computed(total, self._position_of)
        self.parents = _Computed(total, self._above)
        self.depths = _Computed(total, lambda item: int(self._above(item) != TOP))
        self.ends = _Computed(total, self._end_of)

    def members_start(self, item: int) -> int:
        """Return the first position of what a group row stands for."""
        head = self.head(item)
        is_section = head is not None and head.kind in {GroupKind.REST, GroupKind.OUTSIDE}
        return self.positions[item] + 1 if is_section else self.shut_start(item)

    def shut_start(self, item: int) -> int:
        """Return the first position of what folding an item hides. That goes on until the end of its branch."""
        run = self._plan.members.get(item)
        return self._end_of(item) if run is None else run.start

    def foldables(self) -> Iterator[int]:
        """Yield the items below which something can be folded."""
        yield from self._plan.members

    def in_order(self, values: bytes, fill: int) -> bytes:
        """Return values by node as values by position, with `fill` for other rows."""
        return b"".join(self._values(run.items, values, fill) for run in self._plan.runs)

    def with_ancestors(self, nodes: Iterable[int]) -> bytearray:
        """Return by position whether a row is one of these nodes, stands above one, or tells about one."""
        flags = bytearray(self.node_count)
        for node in nodes:
            flags[node] = 1
        kept = bytearray(self.in_order(bytes(flags), 0))
        for head in range(self.node_count + 1, self.node_count + len(self.heads)):
            if not self.is_note(head):
                kept[self.positions[head]] = kept.find(1, self.members_start(head), self.ends[head]) >= 0
        for item in self._plan.notes:
            kept[self.positions[item]] = kept[self.positions[self._above(item)]]
        return kept

    def is_outside(self, node: NodeIndex) -> bool:
        """Return whether a node stands among those that are not part of the run."""
        return self._plan.is_outside(node)

    def note(self, item: int) -> FailureNote | None:
        """Return what a note says about failures, or None for the first line, which is about the run."""
        return self._plan.notes.get(item)

    def group(self, key: AlikeKey) -> Sequence[NodeIndex]:
        """Return the nodes of a group of failures."""
        return cast("Sequence[NodeIndex]", self._plan.groups[key].items)

    def _values(self, items: Sequence[int], values: bytes, fill: int) -> bytes:
        if isinstance(items, _Complement):
            return items.picked(values)
        if items[0] >= self.node_count:
            return bytes([fill]) * len(items)
        return bytes(map(values.__getitem__, items))

    def _item_at(self, position: int) -> int:
        run = self._run_at(position)
        return run.items[position - run.start]

    def _run_at(self, position: int) -> _Run:
        return self._plan.runs[bisect_right(self._starts, position) - 1]

    def _position_of(self, item: int) -> int:
        if item >= self.node_count:
            return self._plan.fixed[item - self.node_count]
        node = self.nodes[item]
        run = self._run_with(node)
        place = run.items.place(node) if isinstance(run.items, _Complement) else bisect_left(run.items, node)
        return run.start + place

    def _run_with(self, node: NodeIndex) -> _Run:
        if self.kinds[node] == TroubleKind.FAILED:
            return self._plan.groups[self._group_of[node].key]
        return self._plan.run_of(node, self.kinds[node])

    def _above(self, item: int) -> int:
        return self._run_at(self._position_of(item)).above

    def _end_of(self, item: int) -> int:
        if (run := self._plan.members.get(item)) is not None:
            return run.start + len(run.items)
        end = self._position_of(item) + 1
        while end < len(self) and self._run_at(end).above == item:
            end += len(self._run_at(end).items)
        return end


_BLOCKED: Final = NodeStatus.FAILED_PARENT
_MOST_ASKED: Final = 200
"""The most failures, and the most children of one, that are looked at to find whether any is blocked."""
_KEPT: Final = -1
_OUTSIDE: Final = -2


class _RowPlan:
    """The runs of a layout, from top to bottom."""

    def __init__(self, troubles: Troubles, state: RunState, kept: NodeIndex | None) -> None:
        self._state = state
        self._count = len(troubles.kinds)
        self._kept = kept
        groups = troubles.groups()
        rest, self._outside = self._quiet(troubles)
        self._kept_in = None if kept is None else _OUTSIDE if state.is_outside(kept) else TroubleKind.NONE
        """The section with the node that has a row even if the section is folded."""
        self.runs: list[_Run] = []
        self.length = 0
        self.heads: list[GroupRow] = []
        self.notes: dict[int, FailureNote] = {}
        """For each note about failures, what it says."""
        self.members: dict[int, _Run] = {}
        """For each group row, what it hides when it is folded."""
        self.groups: dict[AlikeKey, _Run] = {}
        """For each group of failures, its nodes."""
        self._others: dict[int, _Run] = {}
        """For each other kind of trouble, or for none, its nodes."""
        self.fixed: list[int] = []
        """The positions of group rows."""
        self._add_head(GroupKind.NOTE, "", 0, "words")
        for index, group in enumerate(groups):
            self._add_group(group, is_explained=index < MOST_EXPLAINED)
        for kind in TroubleKind:
            if kind > TroubleKind.FAILED and kind in troubles.kinds:
                self._others[kind] = self._add(troubles.nodes(kind), TOP)
        self._add_section(TroubleKind.NONE, GroupKind.REST, REST if self.length > 1 else ALL, rest)
        self._add_section(_OUTSIDE, GroupKind.OUTSIDE, NOT_SELECTED, self._outside)

    def is_outside(self, node: NodeIndex) -> bool:
        """Return whether a node is not part of the run."""
        return _holds(self._outside, node) or (node == self._kept and self._kept_in == _OUTSIDE)

    def run_of(self, node: NodeIndex, kind: int) -> _Run:
        """Return the run with a node that has not failed."""
        if node == self._kept:
            return self._others[_KEPT]
        if kind == TroubleKind.NONE and self.is_outside(node):
            return self._others[_OUTSIDE]
        return self._others[kind]

    def _quiet(self, troubles: Troubles) -> tuple[_Complement, Sequence[int]]:
        """Return the nodes without trouble, and those that are not part of the run."""
        quiet = troubles.kinds.translate(NO_TROUBLE)
        if self._kept is not None:
            quiet[self._kept] = 0
        outside = array("i")
        if self._state.outside:
            selected = self._state.selected
            outside = array("i", (node for node in positions(selected, 0) if quiet[node]))
            for node in outside:
                quiet[node] = 0
        return _Complement(quiet), outside

    def _add_group(self, group: Alike, *, is_explained: bool) -> None:
        first, is_many = group.nodes[0], len(group.nodes) > 1
        if is_many:
            owner = self._add_head(GroupKind.ALIKE, group.key.why, len(group.nodes), _name(group))
        else:
            owner = first
            self.groups[group.key] = self._add([first], TOP)
        if is_explained and group.key.shape:
            self._add_note(FailureNote(group.key, is_about_blocked=False), owner)
        if is_explained and self._state.counts[_BLOCKED] and any(map(self._blocks, group.nodes[:_MOST_ASKED])):
            self._add_note(FailureNote(group.key, is_about_blocked=True), owner)
        if is_many:
            self.groups[group.key] = self.members[owner] = self._add(array("i", group.nodes), owner)

    def _blocks(self, node: NodeIndex) -> bool:
        children, status = self._state.graph.children(node), self._state.status
        return any(status[child] == _BLOCKED for child in islice(children, _MOST_ASKED))

    def _add_section(self, number: int, kind: GroupKind, title: str, nodes: Sequence[int]) -> None:
        has_kept = self._kept_in == number
        if not nodes and not has_kept:
            return
        head = self._add_head(kind, title, len(nodes) + has_kept, kind.value)
        if self._kept is not None and has_kept:
            self._others[_KEPT] = self._add([self._kept], head)
        if nodes:
            self._others[number] = self.members[head] = self._add(nodes, head)

    def _add_head(self, kind: GroupKind, title: str, total: int, key: str, above: int = TOP) -> int:
        item = self._count + len(self.heads)
        self.heads.append(GroupRow(kind, title, total, key))
        self.fixed.append(self.length)
        self._add([item], above)
        return item

    def _add_note(self, note: FailureNote, owner: int) -> None:
        item = self._add_head(GroupKind.NOTE, "", 0, f"note {len(self.heads)}", owner)
        self.notes[item] = note

    def _add(self, items: Sequence[int], above: int) -> _Run:
        run = _Run(self.length, items, above)
        self.runs.append(run)
        self.length += len(items)
        return run


def _name(group: Alike) -> str:
    """Return the name of a group's row in dumps."""
    why, shape = group.key
    return f"alike {why}\n{shape}"


def _holds(ascending: Sequence[int], value: int) -> bool:
    at = bisect_left(ascending, value)
    return at < len(ascending) and ascending[at] == value


class _Computed(Sequence[int]):
    """Numbers that are computed when they are asked for."""

    def __init__(self, count: int, value: Callable[[int], int]) -> None:
        self._count = count
        self._value = value

    def __len__(self) -> int:
        return self._count

    @overload
    def __getitem__(self, index: int) -> int: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[int]: ...
    def __getitem__(self, index: int | slice) -> int | Sequence[int]:
        if isinstance(index, slice):
            return [self._value(at) for at in range(*index.indices(self._count))]
        if not -self._count <= index < self._count:
            raise IndexError(index)
        return self._value(index % self._count)


class _Complement(_Computed):
    """The nodes that are flagged, ascending. Almost all are, so that those that are not are remembered."""

    def __init__(self, flags: bytearray) -> None:
        self._flags = flags
        gone = array("i", positions(flags, 0))
        super().__init__(len(flags) - len(gone), self._at)
        self._gone = gone

    def picked(self, values: bytes) -> bytes:
        """Return the values of these nodes, of values by node."""
        if len(self._gone) * _PIECE > len(values):
            return bytes(compress(values, self._flags))
        bounds = [-1, *self._gone, len(values)]
        return b"".join(values[start + 1 : end] for start, end in pairwise(bounds))

    def place(self, node: NodeIndex) -> int:
        """Return the place of a node among them."""
        return node - bisect_left(self._gone, node)

    def _at(self, place: int) -> int:
        gone = self._gone
        return place + bisect_right(range(len(gone)), place, key=lambda at: gone[at] - at)


_PIECE: Final = 50
"""If there are this many values between two gaps, putting pieces together is the faster way."""
