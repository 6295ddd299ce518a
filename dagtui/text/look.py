"""Look: the characters and colours in which a terminal or a file shows things."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from dagtui.text.terminals import in_ascii, wants_ascii, wants_colours

if TYPE_CHECKING:
    from collections.abc import Mapping


class LaneGlyphs(NamedTuple):
    """The signs that one kind of lanes is drawn with. Each takes one cell."""

    bar: str
    left: str
    """A lane that goes on, left of the line that leads away from it."""
    right: str
    cross: str
    left_end: str
    """A lane that ends, left of the line that leads away from it."""
    right_end: str
    both_end: str
    """A lane that ends above a line that goes on."""
    left_begin: str
    right_begin: str
    both_begin: str
    ends: str
    """A lane that ends at rows that are not shown."""
    begins: str
    """A lane that begins at rows that are not shown."""


class Glyphs(NamedTuple):
    """One set of the signs that we draw. Each takes one cell, but for those of several characters.

    `signs.py` has the words with which the help explains each of them.
    """

    statuses: str
    """One sign for each status of a node, by its number."""
    queued: str
    """In place of the sign of a queued node, whose attempt waits in the queue of an executor on other machines."""
    cut: str
    """Stands for what a shortened text lacks."""
    dots: str
    """Stands for what a person has to fill in."""
    arrow: str
    separator: str
    chosen: str
    choice: str
    prompt: str
    open: str
    shut: str
    stub: str
    """Used instead of `open` and `shut` for a row with nothing below it."""
    tee: str
    elbow: str
    bar: str
    dash: str
    by_file: str
    """Used instead of `stub` for an edge that only files make."""
    tee_by_file: str
    elbow_by_file: str
    branch: str
    block: str
    """The bar beside a block of lines."""
    reference: str
    """Stands before the name of a node elsewhere that needs the row's."""
    file_reference: str
    """Used instead of `reference` for an edge that only files make."""
    times: str
    stale: str
    cursor: str
    selected: str
    vertex: str
    """Stands for the nodes of a row beside lanes."""
    lanes: LaneGlyphs
    """For lanes that lead away from a row."""
    shared_lanes: LaneGlyphs
    """For lanes that several rows share, on the way to one."""
    shares: str
    """For each status, the sign that the bar of progress is drawn with, so that colour is not the only difference."""
    map_cells: str
    """One sign for each status of a node, by its number, where cells stand for nodes."""
    map_shares: str
    """For cells in which nodes wait beside others that are done: up to a half of them, and more."""
    bars: str
    """On the time axis: queued, one attempt, several at once, on the critical path, expected, expected on that path."""
    tabs_before: str
    """Stands for tabs that have no room, before those that have."""
    tabs_after: str
    levels: str
    """Bars of rising height, of which the first is for nothing."""
    continued: str
    """Begins the rows after the first of a line that is wrapped."""
    cut_before: str
    """Stands for the beginning of a line, which is left of what is shown."""
    cut_after: str
    """Stands for the rest of a line, which is right of what is shown."""


UNICODE = Glyphs(
    statuses="·○▶↻◌✓✗⊘■↷",
    queued="◔",
    cut="…",
    dots="…",
    arrow="→",
    separator=" · ",
    chosen="●",
    choice="○",
    prompt="›",
    open="▾",
    shut="▸",
    stub="─",
    tee="├",
    elbow="└",
    bar="│",
    dash="─",
    by_file="═",
    tee_by_file="╞",
    elbow_by_file="╘",
    branch="└ ",
    block="▎",
    reference="→",
    file_reference="⇢",
    times="×",
    stale="≈",
    cursor="▌",
    selected="•",
    vertex="●",
    lanes=LaneGlyphs(*"│├┤┼╰╯┴╭╮┬╵╷"),
    shared_lanes=LaneGlyphs(*"┃┠┨╂┖┚┸┎┒┰╹╻"),
    shares="──╍╍╍━×┅┅┅",
    map_cells="·░▶↻◌█✗⊘■↷",
    map_shares="▒▓",
    bars="·─═━╌╍",
    tabs_before="‹",
    tabs_after="›",
    levels=" ▁▂▃▄▅▆▇█",
    continued="↳",
    cut_before="‹",
    cut_after="›",
)
ASCII = Glyphs(
    statuses=".o>~c+x!#-",
    queued="q",
    cut="~",
    dots="...",
    arrow=">",
    separator=", ",
    chosen="(*)",
    choice="( )",
    prompt=">",
    open="v",
    shut="*",
    stub="-",
    tee="|",
    elbow="`",
    bar="|",
    dash="-",
    by_file=":",
    tee_by_file=":",
    elbow_by_file=":",
    branch="`- ",
    block="|",
    reference="->",
    file_reference=":>",
    times="x",
    stale="%",
    cursor=">",
    selected="@",
    vertex="O",
    lanes=LaneGlyphs(*"||||`'+.,+'."),
    shared_lanes=LaneGlyphs(*"!!!!`'+.,+'."),
    shares=".o>~c+x!#-",
    map_cells=".o>~c+x!#-",
    map_shares=":=",
    bars=".-=#:;",
    tabs_before="<",
    tabs_after=">",
    levels=" .:-=+*#@",
    continued="\\",
    cut_before="<",
    cut_after=">",
)


THEMES = ("dark", "light", "ansi", "contrast")
"""The screen's themes, by the names that people give."""
AFTER_THE_TERMINAL = "auto"
"""In place of a theme: the light one or the dark one, after the terminal's background."""


class Look(NamedTuple):
    """How things are shown: what the terminal can show, and what a person wants."""

    glyphs: Glyphs = UNICODE
    colours: bool = True
    theme: str | None = None
    """One of THEMES. None: the default one."""
    keys: tuple[tuple[str, str], ...] = ()
    """Actions that a person gave other keys, by id, each with its first key as the screen shows it."""

    @property
    def ascii(self) -> bool:
        """Whether only ASCII characters can be shown."""
        return self.glyphs is ASCII

    def key(self, action: str, usual: str) -> str:
        """Return the key of an action as people see it. `usual` is the default one."""
        return dict(self.keys).get(action, usual)

    def written(self, text: str) -> str:
        """Return a text of ours in characters that can be shown."""
        return in_ascii(text) if self.ascii else text

    def painted(self, text: str, code: str) -> str:
        """Return a text in the colour of an SGR code, if colours are wanted."""
        return f"\x1b[{code}m{text}\x1b[m" if self.colours else text


IN_UNICODE = Look()
IN_ASCII = Look(ASCII)


def terminal_look(environ: Mapping[str, str], encoding: str, asked: Look) -> Look:
    """Return the look for a terminal with this environment, as far as possible the one that the user asked for.

    `encoding` is the encoding of standard output.
    """
    glyphs = ASCII if wants_ascii(environ, encoding) else asked.glyphs
    return Look(glyphs, wants_colours(environ, is_terminal=True), asked.theme)
