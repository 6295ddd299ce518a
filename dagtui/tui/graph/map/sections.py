"""Sections of the map: families, or neighbouring families together where there are more than lines."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Final, NamedTuple

from dagtui.text import cell_width, count, label
from dagtui.text.amounts import NO_CELLS, CellWidth
from dagtui.text.labels import name_label

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from dagtui.tui.graph.map.layout import MapLayout, Stretch

_FEW: Final = 3
"""The most families of which the first and the last are named."""
_MOST_LABEL: Final = CellWidth(12)
"""The most columns for the name of a block."""


class MapSection(NamedTuple):
    """What has lines of its own on the map."""

    title: str
    """Safe to show."""
    start: int
    end: int
    blocks: Sequence[Stretch] = ()
    """Where names have several parts. The titles are safe to show."""

    @property
    def largest(self) -> int:
        """The number of nodes of the largest block."""
        return max(block.end - block.start for block in self.blocks)

    @property
    def label_width(self) -> int:
        """The columns of the widest block's name."""
        return max(cell_width(block.title) for block in self.blocks)


def sections_of(layout: MapLayout, width: CellWidth, most: int) -> tuple[list[MapSection], CellWidth]:
    """Return at most `most` sections, and the columns for their titles in a pane of `width` columns."""
    widest = max(CellWidth(4), width * 3 // 8)
    large = max(1, width - widest)
    any_large = any(family.size > large for family in layout.families)
    runs = _runs(layout, large, max(1, most * 2 // 3) if any_large else most)
    sections = [_section(layout, run, large, widest) for run in runs]
    title_width = max((cell_width(section.title) for section in sections), default=NO_CELLS)
    return sections, min(title_width, widest)


def _runs(layout: MapLayout, large: int, most: int) -> list[range]:
    """Return runs of families, as few as there have to be of more than one."""
    families, groups = layout.families, layout.groups
    every = range(len(families))
    if len(families) <= most:
        return [every[at : at + 1] for at in every]
    alone: Callable[[int], int] = lambda at: at if families[at].size > large else -1  # noqa: E731
    for found in (_together(every, lambda at: (alone(at), groups[at])), _together(every, alone)):
        if len(found) <= most:
            return found
    step = -(-len(families) // most)
    return [every[at : at + step] for at in range(0, len(families), step)]


def _together(every: range, key: Callable[[int], object]) -> list[range]:
    """Return the runs of neighbours with equal keys."""

    def run(members: Iterator[int]) -> range:
        found = list(members)
        return every[found[0] : found[-1] + 1]

    return [run(members) for _, members in groupby(every, key)]


def _section(layout: MapLayout, run: range, large: int, room: CellWidth) -> MapSection:
    start, end = layout.families[run[0]].start, layout.families[run[-1]].end
    if len(run) > 1:
        return MapSection(_title_of_several(layout, run, room), start, end)
    family = layout.families[run[0]]
    title = label(family.title) + (f" ×{count(family.size)}" if family.size > 1 else "")
    blocks = layout.blocks(run[0]) if family.size > large else ()
    shown = [block._replace(title=name_label(block.title, _MOST_LABEL)) for block in blocks]
    return MapSection(title, start, end, shown)


def _title_of_several(layout: MapLayout, run: range, room: CellWidth) -> str:
    """Return the group of neighbouring families, or the first and the last of few, or their number."""
    groups = {layout.groups[at] for at in run}
    if len(groups) == 1 and "" not in groups:
        return name_label(groups.pop()) + "/"
    ends = " … ".join(name_label(layout.families[at].title) for at in (run[0], run[-1]))
    return ends if len(run) <= _FEW and cell_width(ends) <= room else f"{count(len(run))} tasks"
