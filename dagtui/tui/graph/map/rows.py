"""Lines of the map: trouble, the cells of each family, what is under the cursor, and the pace."""

from __future__ import annotations

from itertools import chain, groupby, islice
from typing import TYPE_CHECKING, Final, cast

from dagtui.engine.status import EXPLAINED, NodeStatus
from dagtui.engine.why import short_reason, why
from dagtui.text import count, fit, label, plural
from dagtui.text.amounts import CellWidth
from dagtui.text.labels import name_label
from dagtui.text.shortening import shortened
from dagtui.tui.graph.amounts import rate_text, tally
from dagtui.tui.graph.map.cells import HIT, SHARE
from dagtui.tui.graph.map.plan import LineKind
from dagtui.tui.graph.nodes.further_edges import ends_of
from dagtui.tui.graph.pace import SPAN, Pace, sparkline
from dagtui.tui.graph.row_groups import counts
from dagtui.tui.graph.signs import role_of, sign_of
from dagtui.tui.graph.weights import TALLY_ORDER
from dagtui.tui.lines.rows import SPACE, Role, Span, first_that_fit, muted, node_sign, spaces, width_of
from dagtui.tui.lines.theme import STATUS_CLASSES

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping

    from dagtui.runs.view import RunView
    from dagtui.text.amounts import ClockTime
    from dagtui.text.look import Look
    from dagtui.tui.graph.map.outline import MapOutline
    from dagtui.tui.graph.map.plan import CellRun, MapLine, MapPlan
    from dagtui.tui.graph.navigator import Navigator

_S = NodeStatus
_NAMED: Final = 20
"""The most failed nodes that are looked at for the line that names some."""
_LOOKED_AT: Final = 500
"""The most nodes under the cursor and the most of their edges that are looked at. The cursor moves often."""
_NAME_CELLS: Final = CellWidth(40)
"""The most columns for the name of one of them."""
_LEAST_NAME: Final = 12
_LEGEND: Final = (_S.COMPLETED, _S.RUNNING, _S.READY, _S.WAITING, _S.FAILED, _S.FAILED_PARENT)
_LEAST_WORDS: Final = 44
"""From this width on, in columns, what a cell stands for is said in words."""
_WIDE: Final = 60
"""From this width on, in columns, lines have more words."""


def no_key(_action: str) -> str:
    """Return no key for any action."""
    return ""


class MapRows:
    """The lines of the map as spans. An item is the number of a line."""

    lights_edges = True
    is_grid = True

    def __init__(self, navigator: Navigator, run: RunView, look: Look, keys: Callable[[str], str] = no_key) -> None:
        """`keys` returns the key of an action as people see it, by the action's id."""
        self._keys = keys
        self._navigator = navigator
        self._run = run
        self._state = run.state
        self._look = look
        self._pace: Pace | None = None
        self._selected: tuple[int, frozenset[int]] = -1, frozenset()
        """A generation of the navigator, and the cells with selected nodes."""
        self._around: tuple[MapPlan | None, int, Mapping[int, Collection[int]]] = None, -1, {}
        """A plan and a cursor, and the cells with parents and children of what is under it, by line."""

    def rewind(self) -> None:
        """Read from the times of the nodes again how many ended in the last minute."""
        self._pace = None

    @property
    def _outline(self) -> MapOutline:
        return cast("MapOutline", self._navigator.outline)

    def lit(self, item: int) -> tuple[object, ...]:
        """Return what the cursor changes in a line: its own cell, and those of parents and children."""
        line, cursor = self._outline.plan.lines[item], self._navigator.cursor
        if line.kind is LineKind.HERE:
            return (cursor,)
        own = (self._outline.cell(cursor).number,) if line.parts and item == self._navigator.row else ()
        return (*own, None, *self._neighbours().get(item, ()))

    def marker_column(self, item: int, width: CellWidth) -> CellWidth:  # noqa: ARG002 - no line has a marker
        """Return a column that is not in sight: there are no fold markers."""
        return CellWidth(width + 1)

    def signature(self, item: int, width: CellWidth, clock: ClockTime) -> tuple[tuple[object, ...], str]:
        """Return what a line depends on, and no time. Equal values look the same."""
        outline = self._outline
        line = outline.plan.lines[item]
        if line.parts:
            codes = (outline.cells.shown(part, self._navigator.tallies) for part in line.parts)
            return (self.lit(item), self._navigator.generation, *codes), ""
        return tuple(self._words(line.kind, CellWidth(width - 1), clock)), ""

    def spans(self, item: int, width: CellWidth, clock: ClockTime) -> list[Span]:
        """Return a line without the cursor's mark, in exactly `width` cells with it."""
        line, room = self._outline.plan.lines[item], CellWidth(width - 1)
        found = list(self._cells(line)) if line.parts else self._words(line.kind, room, clock)
        taken = width_of(found)
        return [*found, spaces(room - taken)]

    # Lines of words

    def _words(self, kind: LineKind, room: CellWidth, clock: ClockTime) -> list[Span]:
        if kind is LineKind.TROUBLE:
            return self._trouble(room)
        if kind is LineKind.NAMES:
            return self._failed(room) or first_that_fit(self._legend(), room)
        if kind is LineKind.RULE:
            return [Span(self._look.glyphs.dash * (room - 1), Role.GUIDE)]
        if kind is LineKind.HERE:
            return self._here(room, clock)
        return self._paced(room, clock) if kind is LineKind.PACE else []

    def _trouble(self, room: CellWidth) -> list[Span]:
        """Return what is wrong, and the keys for it if there is room."""
        failed = self._state.counts[_S.FAILED] - self._state.allowed_failures
        said = first_that_fit(self._wrong(failed), room)
        keys = list(self._helps(failed)) if failed else []
        free = room - width_of(said) - width_of(keys) - 1
        return [*said, spaces(free), *keys] if keys and free > 1 else said

    def _helps(self, failed: int) -> Iterator[Span]:
        """Yield the keys that help with failed nodes."""
        words = {"find.failure": "next", "run.retry_failed": f"retry {count(failed)}"}
        for id_, does in words.items():
            key = self._keys(id_)
            if key and (self._run.read_only is None or id_ == "find.failure"):
                yield Span(key, Role.KEY)
                yield muted(f" {does}" + ("  " if id_ == "find.failure" else ""))

    def _wrong(self, failed: int) -> Iterator[Span]:
        """Yield how many nodes failed, and how many these block."""
        numbers, glyphs = self._state.counts, self._look.glyphs
        if failed:
            yield Span(f"{glyphs.statuses[_S.FAILED]} {count(failed)} failed", STATUS_CLASSES[_S.FAILED])
        if blocked := numbers[_S.FAILED_PARENT]:
            yield muted(f" {glyphs.arrow} ")
            words = f"{glyphs.statuses[_S.FAILED_PARENT]} {count(blocked)} blocked"
            yield Span(words, STATUS_CLASSES[_S.FAILED_PARENT])
        if retrying := numbers[_S.RETRYING]:
            yield spaces(2)
            words = f"{glyphs.statuses[_S.RETRYING]} {count(retrying)} {_S.RETRYING.word}"
            yield Span(words, STATUS_CLASSES[_S.RETRYING])
        if not failed and not blocked and not retrying:
            yield muted("nothing has failed")

    def _failed(self, room: CellWidth) -> list[Span]:
        """Return the reason that the first failed nodes share, and their names."""
        tallies, state, layout = self._navigator.tallies, self._state, self._outline.layout
        failed = (layout.nodes[layout.items[at]] for at in tallies.having(_S.FAILED, 0, len(layout)))
        found = list(islice((node for node in failed if not state.allows_failure(node)), _NAMED))
        if not found:
            return []
        reasons = {label(short_reason(state.why.get(node, "")), 40) for node in found}
        lead = (
            [Span(f"{reasons.pop()}: ", STATUS_CLASSES[_S.FAILED])] if len(reasons) == 1 and "" not in reasons else []
        )
        total = state.counts[_S.FAILED] - state.allowed_failures
        names = [name_label(state.graph.labels[node], _NAME_CELLS, self._look) for node in found]
        for shown in range(len(found), 0, -1):
            left_out = total - shown
            for more in (f"  and {count(left_out)} more", f" +{count(left_out)}") if left_out else ("",):
                words = [*lead, Span("  ".join(names[:shown])), muted(more)]
                if width_of(words) <= room:
                    return words
        name = name_label(state.graph.labels[found[0]], max(CellWidth(1), room - width_of(lead)), self._look)
        return [Span(fit("".join(span.text for span in lead) + name, room, self._look), STATUS_CLASSES[_S.FAILED])]

    def _legend(self) -> Iterator[Span]:
        for status in _LEGEND:
            yield Span(f"{self._look.glyphs.map_cells[status]} {status.word}", STATUS_CLASSES[status])
            yield spaces(2)
        if self._state.queued_since:
            yield Span(f"{self._look.glyphs.queued} queued on other machines", STATUS_CLASSES[_S.READY])

    def _here(self, room: CellWidth, clock: ClockTime) -> list[Span]:
        """Return the names of the nodes under the cursor, and how they stand."""
        navigator, outline = self._navigator, self._outline
        node = navigator.node
        if node is not None:
            status = self._state.status_of(node)
            says = label(why(self._state, node, clock)) if status in EXPLAINED or room >= _WIDE else status.word
            said = [SPACE, node_sign(self._state, node, self._look), SPACE, Span(fit(says, room // 2, self._look))]
            name = name_label(self._state.graph.labels[node], CellWidth(max(1, room - width_of(said))), self._look)
            return first_that_fit([Span(name, Role.HEADING), *said], room)
        head = outline.head(navigator.cursor) if navigator.cursor >= 0 else None
        if head is None:
            return []
        said = [muted(f"  {plural(head.total, 'node')}")] if room >= _WIDE else []
        by_status = counts(outline, navigator.tallies, navigator.cursor) or ()
        for counted in TALLY_ORDER:
            if number := by_status[counted]:
                sign = sign_of(counted, self._look.glyphs.statuses, self._look)
                said += [SPACE, Span(f"{sign}{tally(number)}", role_of(counted))]
        first, last = (name_label(outline.map_layout.label(at)) for at in self._ends())
        each = max(_LEAST_NAME // 2, (room - width_of(said) - 3) // 2)
        names = " … ".join(shortened(name, CellWidth(each), self._look) for name in (first, last))
        return first_that_fit([Span(self._look.written(names), Role.HEADING), *said], room)

    def _ends(self) -> tuple[int, int]:
        start, end = self._outline.span(self._navigator.cursor)
        return start, end - 1

    def _paced(self, room: CellWidth, clock: ClockTime) -> list[Span]:
        """Return the pace of the last minute, and what a cell stands for."""
        pace = self._pace = self._pace or Pace(self._state, clock)
        pace.take(clock)
        says = self._scale(room)
        if self._run.settled:
            return [muted(fit(says, room, self._look))]
        rate = f" {rate_text(pace.rate(clock))}"
        bars = pace.bars(clock, max(0, min(SPAN, room - len(rate) - len(says) - 3)))
        found = [Span(sparkline(bars, self._look.glyphs.levels), STATUS_CLASSES[_S.RUNNING]), Span(rate)]
        free = room - width_of(found) - 1
        return [*found, spaces(free - len(says)), muted(says)] if free > len(says) else found

    def _scale(self, room: CellWidth) -> str:
        """Return what a cell stands for, in words."""
        per = self._outline.plan.per
        if room < _LEAST_WORDS:
            return f"{count(per)} a cell" if per > 1 else ""
        return f"a cell = up to {count(per)} nodes" if per > 1 else "a cell = a node"

    # Lines of cells

    def _cells(self, line: MapLine) -> Iterator[Span]:
        plan = self._outline.plan
        title = shortened(self._look.written(line.title), CellWidth(plan.title_width), self._look)
        yield Span(title)
        column = 1 + int(Span(title).width)
        for part in line.parts:
            name = muted(self._look.written(part.label))
            gap = part.column - column - (name.width + 1 if part.label else 0)
            yield spaces(gap)
            yield name
            yield spaces(part.column - column - max(gap, 0) - name.width)
            yield from self._part(part)
            column = part.column + part.cells

    def _part(self, part: CellRun) -> Iterator[Span]:
        outline, glyphs = self._outline, self._look.glyphs
        codes = outline.cells.shown(part, self._navigator.tallies)
        first = outline.plan.number(part.start)
        marked = dict.fromkeys(self._neighbours().get(outline.plan.row(first), ()), Role.LIT)
        if selected := self._selected_cells():
            marked |= dict.fromkeys(filter(selected.__contains__, range(first, first + len(codes))), Role.KEY)
        marked[outline.cell(self._navigator.cursor).number] = Role.CELL
        numbered = [(code, marked.get(number)) for number, code in enumerate(codes, first)]
        for (code, mark), run in groupby(numbered):
            length = sum(1 for _ in run)
            status = code % HIT % SHARE
            if mark is Role.KEY:
                yield Span(glyphs.selected * length, mark)
            elif mark is not None:
                yield Span(sign_of(status, glyphs.statuses, self._look) * length, mark)
            else:
                yield Span(self._sign(code) * length, _role(code))

    def _sign(self, code: int) -> str:
        status, share = code % HIT % SHARE, code % HIT // SHARE
        if share:
            return self._look.glyphs.map_shares[share - 1]
        return sign_of(status, self._look.glyphs.map_cells, self._look)

    def _neighbours(self) -> Mapping[int, Collection[int]]:
        """Return the cells with parents and children of the nodes under the cursor, by line."""
        outline, cursor, graph = self._outline, self._navigator.cursor, self._state.graph
        if self._around[:2] != (outline.plan, cursor):
            positions = outline.layout.positions
            start, end = outline.span(cursor)
            nodes = map(outline.layout.nodes.__getitem__, outline.layout.items[start : min(end, start + _LOOKED_AT)])
            ends = (ends_of(found) for node in nodes for found in (graph.parents(node), graph.children(node)))
            others = islice(chain.from_iterable(ends), _LOOKED_AT)
            cells = {outline.plan.cell(positions[other]) for other in others}
            by_row: dict[int, list[int]] = {}
            for row, _, _, _, number in sorted(cells - {outline.cell(cursor)}):
                by_row.setdefault(row, []).append(number)
            self._around = outline.plan, cursor, by_row
        return self._around[2]

    def _selected_cells(self) -> frozenset[int]:
        navigator, outline = self._navigator, self._outline
        if self._selected[0] != navigator.generation:
            positions = outline.layout.positions
            numbers = frozenset(outline.plan.number(positions[node]) for node in navigator.selected)
            self._selected = navigator.generation, numbers
        return self._selected[1]


def _role(code: int) -> str:
    status = code % HIT % SHARE
    if code == _S.FAILED:
        return Role.BADGE
    return role_of(status) if code < HIT else Role.GUIDE
