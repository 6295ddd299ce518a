"""The key table, from which bindings, footer, help and palette are made."""

from __future__ import annotations

import enum
import re
from typing import TYPE_CHECKING, NamedTuple

from textual.binding import Binding
from textual.keys import Keys, _character_to_key

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence


class Pane(enum.Flag):
    """The panes that can have the focus."""

    TREE = enum.auto()
    LOG = enum.auto()
    DETAILS = enum.auto()
    WHY = enum.auto()
    BRANCH = enum.auto()
    """Takes the place of these three for a row that stands for many nodes."""
    SIDE = LOG | DETAILS | WHY | BRANCH
    ANY = TREE | SIDE


class Group(enum.Enum):
    """The headings of help and palette, in their order. Movement comes last: no one opens them to learn it."""

    NODE = "Node"
    RUN = "Run"
    FIND = "Find"
    LOG = "Log"
    PANES = "Panes"
    SCREEN = "Screen"
    MOVE = "Move"


class KeyBinding(NamedTuple):
    """One action and its keys."""

    id: str
    """Stable: a user's own key mapping refers to it."""
    keys: tuple[str, ...]
    """Default keys: characters or Textual's names. Empty: in the palette only."""
    words: str
    """The label in the footer."""
    help: str
    """The label in help and palette."""
    group: Group
    panes: Pane = Pane.ANY
    """The panes whose footer shows it. The action works wherever it makes sense."""
    rank: int = 0
    """Its position in the footer, lowest first. 0: not in the footer."""


KEYS: tuple[KeyBinding, ...] = (
    KeyBinding("move.down", ("j", "down"), "down", "Down one line", Group.MOVE),
    KeyBinding("move.up", ("k", "up"), "up", "Up one line", Group.MOVE),
    KeyBinding("move.top", ("g", "home"), "top", "To the top", Group.MOVE),
    KeyBinding("move.bottom", ("G", "end"), "bottom", "To the bottom", Group.MOVE),
    KeyBinding("move.page_down", ("pagedown",), "page down", "Down one page", Group.MOVE),
    KeyBinding("move.page_up", ("pageup",), "page up", "Up one page", Group.MOVE),
    KeyBinding("move.half_down", ("ctrl+d",), "half down", "Down half a page", Group.MOVE),
    KeyBinding("move.half_up", ("ctrl+u",), "half up", "Up half a page", Group.MOVE),
    KeyBinding("fold.close", ("h", "left"), "fold", "Fold, or go to the parent row", Group.MOVE),
    KeyBinding("fold.open", ("l", "right"), "unfold", "Unfold, or go into it", Group.MOVE),
    KeyBinding("fold.toggle", ("space",), "fold", "Fold or unfold; in a log: down one page", Group.MOVE, Pane.TREE, 60),
    KeyBinding("fold.close_all", ("minus",), "fold all", "Fold everything", Group.MOVE, Pane.TREE),
    KeyBinding("fold.open_all", ("equals_sign",), "unfold all", "Unfold everything", Group.MOVE, Pane.TREE),
    KeyBinding(
        "pane.open", ("enter",), "log", "Open the node's log in full; follow a link", Group.PANES, Pane.TREE, 10
    ),
    KeyBinding(
        "pane.back",
        ("escape",),
        "back",
        "Back: end the selection, the search, the zoom, the log",
        Group.PANES,
        Pane.SIDE,
        10,
    ),
    KeyBinding("pane.next", ("tab", "shift+tab"), "pane", "To the other pane", Group.PANES, Pane.ANY, 80),
    KeyBinding("pane.log", ("1",), "log", "Show the log", Group.PANES, Pane.DETAILS | Pane.WHY, 40),
    KeyBinding("pane.details", ("2",), "details", "Show the details", Group.PANES, Pane.LOG | Pane.WHY, 42),
    KeyBinding("pane.why", ("3",), "why", "Show why the node is what it is", Group.PANES, Pane.LOG | Pane.DETAILS, 41),
    KeyBinding("pane.zoom", ("z",), "zoom", "Give the focused pane the whole screen", Group.PANES, Pane.ANY, 85),
    KeyBinding("tree.view", ("v",), "view", "Next view of the tree", Group.PANES, Pane.TREE, 50),
    KeyBinding(
        "find.start", ("slash",), "find", "Find; in the tree a leading ! inverts", Group.FIND, Pane.TREE | Pane.LOG, 20
    ),
    KeyBinding("find.next", ("n",), "next hit", "Next hit", Group.FIND, Pane.LOG, 75),
    KeyBinding("find.previous", ("N",), "previous hit", "Previous hit", Group.FIND),
    KeyBinding("find.failure", ("e",), "failure", "Next failure", Group.FIND, Pane.TREE, 35),
    KeyBinding("find.failure_back", ("E",), "previous failure", "Previous failure", Group.FIND),
    KeyBinding("find.running", ("u",), "running", "Next running node", Group.FIND, Pane.TREE, 65),
    KeyBinding(
        "node.retry", ("r",), "retry", "Run a failed, cancelled or skipped node again", Group.NODE, Pane.ANY, 30
    ),
    KeyBinding("node.rerun", ("R",), "rerun", "Run a node again, with downstream or alone", Group.NODE, Pane.TREE, 55),
    KeyBinding("node.cancel", ("x",), "cancel", "Cancel a node; a second time kills it", Group.NODE, Pane.ANY, 32),
    KeyBinding(
        "node.cancel_subtree",
        ("X",),
        "cancel subtree",
        "Cancel a node and its subtree",
        Group.NODE,
        Pane.TREE,
        57,
    ),
    KeyBinding("node.skip", ("s",), "skip", "Skip a node; its children can run", Group.NODE, Pane.TREE, 70),
    KeyBinding(
        "node.mark_done", ("m",), "mark done", "Mark a node done; its children can run", Group.NODE, Pane.TREE, 71
    ),
    KeyBinding(
        "select.toggle",
        ("M",),
        "select",
        "Select a node, or all nodes of its row; commands act on the selection",
        Group.NODE,
        Pane.TREE,
        72,
    ),
    KeyBinding(
        "node.shell",
        ("exclamation_mark",),
        "shell",
        "Open a shell in the node's directory, with its environment",
        Group.NODE,
        Pane.TREE | Pane.LOG,
        73,
    ),
    KeyBinding("run.retry_failed", ("A",), "retry all", "Retry everything that failed", Group.RUN, Pane.TREE, 58),
    KeyBinding("run.pause", ("p",), "pause", "Pause or resume: no new attempt starts", Group.RUN, Pane.TREE, 45),
    KeyBinding("run.fewer_jobs", ("less_than_sign",), "jobs -", "One slot less; nothing is stopped", Group.RUN),
    KeyBinding("run.more_jobs", ("greater_than_sign",), "jobs +", "One slot more", Group.RUN),
    KeyBinding("log.follow", ("f",), "follow", "Follow the end of the log", Group.LOG, Pane.LOG, 21),
    KeyBinding("log.wrap", ("w",), "wrap", "Wrap long lines", Group.LOG, Pane.LOG, 50),
    KeyBinding("log.times", ("t",), "times", "Show when each line was written", Group.LOG, Pane.LOG, 51),
    KeyBinding("log.numbers", ("number_sign",), "numbers", "Show line numbers", Group.LOG, Pane.LOG, 52),
    KeyBinding(
        "log.first_error",
        ("semicolon",),
        "first error",
        "Go to the first line that looks like an error",
        Group.LOG,
        Pane.LOG,
        22,
    ),
    KeyBinding(
        "log.previous_attempt", ("left_square_bracket",), "earlier attempt", "Earlier attempt", Group.LOG, Pane.LOG, 60
    ),
    KeyBinding(
        "log.next_attempt", ("right_square_bracket",), "later attempt", "Later attempt", Group.LOG, Pane.LOG, 61
    ),
    KeyBinding("log.pager", ("o",), "pager", "Open the log in $PAGER", Group.LOG, Pane.LOG, 55),
    KeyBinding(
        "screen.copy",
        ("c",),
        "copy",
        "Copy what the pane shows, or the node's name; also to a file",
        Group.SCREEN,
        Pane.SIDE,
        54,
    ),
    KeyBinding("screen.help", ("question_mark", "f1"), "help", "This help", Group.SCREEN, Pane.ANY, 90),
    KeyBinding(
        "screen.palette", ("colon", "ctrl+p"), "commands", "Every command and node by name", Group.SCREEN, Pane.ANY, 88
    ),
    KeyBinding("screen.repaint", ("ctrl+l",), "repaint", "Repaint the screen", Group.SCREEN),
    KeyBinding(
        "screen.suspend",
        ("ctrl+z",),
        "suspend",
        "Back to the shell until fg; with --in-process the run stops, too",
        Group.SCREEN,
    ),
    KeyBinding("screen.detach", ("d",), "detach", "Leave the screen; the run continues", Group.SCREEN, Pane.ANY, 36),
    KeyBinding(
        "screen.leave", ("q", "ctrl+c"), "quit", "Quit; asks first while something runs", Group.SCREEN, Pane.ANY, 91
    ),
)
"""Every key of the screen. Control and function keys double plain ones, except the few that all terminals have."""

FORBIDDEN = frozenset({"ctrl+a", "ctrl+b", "ctrl+s", "ctrl+q"})
"""Keys that terminal multiplexers and flow control reserve."""

_TWINLESS = frozenset({"screen.repaint", "screen.suspend", "move.half_down", "move.half_up"})
_SPECIAL = re.compile(r"(ctrl\+|alt\+|super\+|hyper\+|meta\+)|^f\d+$")
_MODIFIERS = frozenset({"ctrl", "shift", "alt", "super", "hyper", "meta"})
_NAMES = frozenset(key.value for key in Keys) | {"space", "enter", "tab", "escape", "backspace", "comma"}
_SHOWN = {
    "up": "↑",
    "down": "↓",
    "left": "←",
    "right": "→",
    "enter": "Enter",
    "escape": "Esc",
    "tab": "Tab",
    "shift+tab": "S-Tab",
    "space": "Space",
    "home": "Home",
    "end": "End",
    "pageup": "PgUp",
    "pagedown": "PgDn",
    "minus": "-",
    "equals_sign": "=",
    "plus": "+",
    "slash": "/",
    "less_than_sign": "<",
    "greater_than_sign": ">",
    "number_sign": "#",
    "semicolon": ";",
    "colon": ":",
    "comma": ",",
    "question_mark": "?",
    "exclamation_mark": "!",
    "left_square_bracket": "[",
    "right_square_bracket": "]",
}


class KeymapError(ValueError):
    """A user's key mapping cannot be used. The message names every reason."""


class Keymap:
    """The keys in force: the table overlaid with the user's own mapping."""

    def __init__(self, own: Mapping[str, str] | None = None) -> None:
        """Apply the user's mapping.

        `own` maps ids to keys, with commas between several. Raises KeymapError.
        """
        self.own = {id_: ",".join(map(_normal, keys.split(","))) for id_, keys in (own or {}).items()}
        self._keys = {key.id: key.keys for key in KEYS}
        problems = [*_problems(self.own), *self._lay_over()]
        if problems:
            raise KeymapError("the key mapping can't be used: " + "; ".join(problems))

    def _lay_over(self) -> Iterator[str]:
        """Apply the mapping and yield the conflicts."""
        for id_, keys in self.own.items():
            if id_ in self._keys:
                self._keys[id_] = tuple(keys.split(","))
        taken: dict[str, str] = {}
        for id_, names in self._keys.items():
            for name in names:
                if name in taken:
                    yield f"{shown(name)} would be both {taken[name]} and {id_}"
                taken[name] = id_

    def keys(self, id_: str) -> tuple[str, ...]:
        """Return the keys of an action as Textual's names."""
        return self._keys[id_]

    def shown(self, id_: str, *, ascii: bool = False) -> str:  # noqa: A002 - the name of the option it comes from
        """Return the first key of an action as the footer shows it, or "" if it has none."""
        keys = self._keys[id_]
        return shown(keys[0], ascii=ascii) if keys else ""

    def all_shown(self, id_: str, *, ascii: bool = False) -> str:  # noqa: A002
        """Return all keys of an action as the help shows them."""
        return " ".join(shown(key, ascii=ascii) for key in self._keys[id_])


def shown(key: str, *, ascii: bool = False) -> str:  # noqa: A002 - the name of the option it comes from
    """Return a key as people write it: `^d` for `ctrl+d`."""
    if key.startswith("ctrl+") and len(key) == 6:
        return "^" + key[5:]
    if ascii and key in {"up", "down", "left", "right"}:
        return key.capitalize()
    if re.fullmatch(r"f\d+", key):
        return key.upper()
    return _SHOWN.get(key, key)


def bindings() -> list[Binding]:
    """Return a binding for each row of the table, to be remapped by its id."""
    return [
        Binding(",".join(key.keys), f"app.act('{key.id}')", key.words, show=False, id=key.id)
        for key in KEYS
        if key.keys
    ]


def footer_keys(pane: Pane, labelled: Collection[str] = ()) -> list[KeyBinding]:
    """Return the rows of a pane's footer, most useful first. Ids in `labelled` are always included."""
    return sorted(
        (key for key in KEYS if key.rank and (key.panes & pane or key.id in labelled)), key=lambda key: key.rank
    )


def _normal(key: str) -> str:
    key = key.strip()
    return _character_to_key(key) if len(key) == 1 else key


def _problems(own: Mapping[str, str]) -> Iterator[str]:
    ids = {key.id: key for key in KEYS}
    for id_, keys in own.items():
        if id_ not in ids:
            yield f"there is no action {id_!r}"
            continue
        names = keys.split(",")
        for name in names:
            if not _is_key(name):
                yield f"{id_}: {name!r} is not a key"
            elif name in FORBIDDEN:
                yield f"{id_}: {shown(name)} belongs to the terminal"
        if id_ not in _TWINLESS and all(_SPECIAL.search(name) for name in names):
            yield f"{id_}: {', '.join(map(shown, names))} needs a plain key beside it"


def _is_key(name: str) -> bool:
    *modifiers, key = name.split("+")
    if not _MODIFIERS.issuperset(modifiers):
        return False
    return key in _NAMES or _names_a_character(key)


def _names_a_character(key: str) -> bool:
    return len(key) == 1 and key.isprintable() if len(key) < 2 else key in _CHARACTER_NAMES


_CHARACTER_NAMES: Sequence[str] = tuple(_character_to_key(chr(code)) for code in range(0x21, 0x7F))
