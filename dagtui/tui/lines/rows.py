"""Rows of text in roles, before they are fitted to a width and painted."""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING, Final, NamedTuple

from dagtui.engine.status import NodeStatus
from dagtui.text import cell_width
from dagtui.text.amounts import CellWidth
from dagtui.text.labels import name_label
from dagtui.text.widths import total
from dagtui.tui.lines.theme import STATUS_CLASSES

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dagtui.engine.state import RunState
    from dagtui.graph.model import NodeIndex
    from dagtui.text.look import Look


class Role(enum.StrEnum):
    """The role of a span. The value is the component class that styles it."""

    PLAIN = "rows--plain"
    MUTED = "look--quiet"
    GUIDE = "look--guide"
    LIT = "rows--lit"
    """A guide that leads to the cursor's row."""
    HEADING = "rows--heading"
    KEY = "rows--key"
    LINK = "rows--link"
    CURSOR = "rows--cursor"
    BAD = "rows--bad"
    WARNING = "rows--warning"
    FOUND = "rows--found"
    """The part of a name that a filter looks for."""
    HIT = "rows--hit"
    HIT_CURRENT = "rows--hit-current"
    SELECTED = "rows--selected"
    TAB = "rows--tab"
    BADGE = "rows--badge"
    """The sign of a failure, filled with its colour."""
    BAR = "rows--bar"
    """The heading of the focused pane."""
    CELL = "rows--cell"
    """The cell of the map that has the cursor."""


NAME_ROLES: Final = tuple(f"rows--name-{number}" for number in range(1, 7))
"""Colours that tell names of nodes apart. None of them is that of a status."""
FILLED: Final = frozenset({Role.BADGE, Role.BAR})
"""Roles with a background of their own, which a cursor does not cover."""


class Span(NamedTuple):
    """Text in one role. It is safe to show: our own words, or text that the sanitiser in `dagtui.text` has passed."""

    text: str
    role: str = Role.PLAIN
    """A Role, or one of the STATUS_CLASSES or NAME_ROLES."""
    press: str = ""
    """The key that a click on it presses. Empty: none."""

    @property
    def width(self) -> CellWidth:
        """Its width in cells."""
        return cell_width(self.text)


def width_of(spans: Iterable[Span]) -> CellWidth:
    """Return the total width of some spans in cells."""
    return total(cell_width(span.text) for span in spans)


def first_that_fit(spans: Iterable[Span], room: CellWidth) -> list[Span]:
    """Return the first spans, as many as fit."""
    kept: list[Span] = []
    for span in spans:
        room -= span.width
        if room < 0:
            break
        kept.append(span)
    return kept


def spaces(count: int) -> Span:
    """Return `count` empty cells."""
    return Span(" " * max(0, count))


SPACE = spaces(1)
_NAME_CELLS: Final = CellWidth(200)


class Row(NamedTuple):
    """One row of spans, before it is fitted to a width."""

    runs: tuple[Span, ...] = ()
    jump: int = -1
    """The node that it links to. -1: none."""
    indent: int = 0
    """Indent in cells of the screen rows after the first."""
    lead: Span | None = None
    """Starts every screen row, before the indent: the bar beside a block."""
    whole: str | None = None
    """Text to copy instead, safe to paste: the full text of what is shown in part. Empty: nothing."""

    @property
    def text(self) -> str:
        """The text of the row, without roles and lead."""
        return "".join(run.text for run in self.runs)


def row(*runs: Span | str, jump: int = -1, indent: int = 0, lead: Span | None = None) -> Row:
    """Return a row of spans. A bare string becomes a plain span and must be our own words."""
    return Row(tuple(Span(run) if isinstance(run, str) else run for run in runs), jump, indent, lead)


def muted(text: str) -> Span:
    """Return a subdued span."""
    return Span(text, Role.MUTED)


def status_run(status: NodeStatus, look: Look, *, word: bool = False) -> Span:
    """Return the glyph of a status in its colour, followed by its word if requested."""
    glyph = look.glyphs.statuses[status]
    if word:
        return Span(f"{glyph} {status.word}", STATUS_CLASSES[status])
    return Span(glyph, sign_role(status))


def node_sign(state: RunState, node: NodeIndex, look: Look, *, word: bool = False) -> Span:
    """Return the sign of a node's status, followed by its word if requested.

    A node whose attempt is queued on another machine has a sign of its own.
    """
    status = state.status_of(node)
    found = status_run(status, look, word=word)
    if status is not NodeStatus.READY or node not in state.queued_since:
        return found
    return found._replace(text=f"{look.glyphs.queued} {status.word}" if word else look.glyphs.queued)


def sign_role(status: NodeStatus) -> str:
    """Return the role of a status's sign. A failure is louder than all others."""
    return Role.BADGE if status is NodeStatus.FAILED else STATUS_CLASSES[status]


def name_run(name: str, role: str = Role.LINK) -> Span:
    """Return a span with a node's name, which comes from a file."""
    return Span(name_label(name, _NAME_CELLS), role)


def and_more(left_out: int) -> list[Row]:
    """Return the row for what a list of nodes leaves out, or none if it is complete."""
    return [row(muted(f"    and {left_out:,} more"))] if left_out > 0 else []


def node_row(name: str, sign: Span, words: str = "", *, jump: int = -1) -> Row:
    """Return an indented row with the sign of a node's status, its name, and words about it."""
    said = (muted(f"  {words}"),) if words else ()
    sign = Span(f" {sign.text} ", sign.role)  # a badge has room around it
    return row(" ", sign, name_run(name), *said, jump=jump, indent=4)
