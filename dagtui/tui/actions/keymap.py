"""The keys in force: bindings and footers from the table of actions, and a user's own mapping."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from textual.binding import Binding, BindingsMap
from textual.keys import Keys, _character_to_key

from dagtui.text.look import IN_UNICODE
from dagtui.tui.actions.action import Pane

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from dagtui.runs.view import RunView
    from dagtui.text.look import Look
    from dagtui.tui.actions.action import AnyAction
    from dagtui.tui.actions.availability import Situation

    Actions = Sequence[AnyAction]
    """A table of actions, to be shown."""

FORBIDDEN = frozenset({"ctrl+a", "ctrl+b", "ctrl+s", "ctrl+q"})
"""Keys that terminal multiplexers and flow control reserve."""

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
    "shift+left": "S-Left",
    "shift+right": "S-Right",
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
    "full_stop": ".",
    "underscore": "_",
    "semicolon": ";",
    "colon": ":",
    "comma": ",",
    "question_mark": "?",
    "exclamation_mark": "!",
    "left_curly_bracket": "{",
    "left_square_bracket": "[",
    "right_curly_bracket": "}",
    "right_square_bracket": "]",
    "left_parenthesis": "(",
    "right_parenthesis": ")",
}


_NAME_OF_SHOWN = {shown.lower(): name for name, shown in _SHOWN.items()}


class KeymapError(ValueError):
    """A user's key mapping cannot be used. The message names every reason."""


class Keymap:
    """The keys in force: a table of actions overlaid with the user's own mapping."""

    def __init__(self, actions: Actions, own: Mapping[str, str] | None = None) -> None:
        """Apply the user's mapping.

        `own` maps ids to keys, with commas between several. Raises KeymapError.
        """
        self.own = {id_: ",".join(names_of(keys)) for id_, keys in (own or {}).items()}
        self.actions = actions
        self._keys = {action.id: action.keys for action in actions}
        self._where = {action.id: action.where for action in actions if action.where is not Pane.ANY}
        problems = [*self._problems(), *self._lay_over()]
        if problems:
            raise KeymapError("the key mapping can't be used: " + "; ".join(problems))

    def _lay_over(self) -> Iterator[str]:
        """Apply the mapping and yield the conflicts."""
        for id_, keys in self.own.items():
            if id_ in self._keys:
                self._keys[id_] = tuple(keys.split(","))
        taken: dict[str, list[AnyAction]] = {}
        for action in self.actions:
            for name in self._keys[action.id]:
                others = taken.setdefault(name, [])
                yield from (
                    f"{shown(name)} would be both {other.id} and {action.id}"
                    for other in others
                    if other.where & action.where
                )
                others.append(action)

    def _problems(self) -> Iterator[str]:
        """Yield what is wrong with each entry of the user's mapping."""
        twinless = {action.id for action in self.actions if not any(map(is_plain, action.keys))}
        for id_, keys in self.own.items():
            if id_ not in self._keys:
                yield f"there is no action {id_!r}"
                continue
            names = keys.split(",")
            for name in names:
                if not is_key(name):
                    yield f"{id_}: {name!r} is not a key"
                elif name in FORBIDDEN:
                    yield f"{id_}: {shown(name)} belongs to the terminal"
            if id_ not in twinless and not any(map(is_plain, names)):
                yield f"{id_}: {', '.join(map(shown, names))} needs a plain key beside it"

    def within(self, actions: Actions) -> Keymap:
        """Return the keys of a page with actions of its own.

        The user's own keys apply to those that have the ids of this table, unless two would then be on one key.
        """
        known = {action.id for action in actions}
        try:
            return Keymap(actions, {id_: keys for id_, keys in self.own.items() if id_ in known})
        except KeymapError:
            return Keymap(actions)

    def footer(self, pane: Pane, labelled: Collection[str] = ()) -> list[AnyAction]:
        """Return the actions of a pane's footer, most useful first. Ids in `labelled` are always included."""
        found = (action for action in self.actions if action.rank and (action.panes & pane or action.id in labelled))
        return sorted(found, key=lambda action: action.rank)

    def unavailable(self, run: RunView, here: Situation) -> frozenset[str]:
        """Return the ids of the actions that would do nothing now."""
        found = (action.id for action in self.actions if action.available and action.available(run, here) is not None)
        return frozenset(found)

    def bindings(self) -> BindingsMap:
        """Return a binding for each action that has keys. What a key with several does depends on the pane."""
        bound = ((",".join(keys), id_) for id_, keys in self._keys.items() if keys)
        return BindingsMap(Binding(keys, f"app.act('{id_}')", show=False, id=id_) for keys, id_ in bound)

    def works(self, id_: str, pane: Pane) -> bool:
        """Return whether the keys of an action do it in a pane."""
        return id_ not in self._where or bool(self._where[id_] & pane)

    def keys(self, id_: str) -> tuple[str, ...]:
        """Return the keys of an action as Textual's names."""
        return self._keys[id_]

    def shown(self, id_: str, look: Look = IN_UNICODE) -> str:
        """Return the first key of an action as the footer shows it, or "" if it has none."""
        keys = self._keys[id_]
        return shown(keys[0], look) if keys else ""

    def own_shown(self, look: Look) -> tuple[tuple[str, str], ...]:
        """Return the actions that the user gave keys, by id, each with its first key as people see it."""
        return tuple((id_, self.shown(id_, look)) for id_ in self.own)

    def all_shown(self, id_: str, look: Look = IN_UNICODE) -> str:
        """Return all keys of an action as the help shows them."""
        return " ".join(shown(key, look) for key in self._keys[id_])


def shown(key: str, look: Look = IN_UNICODE) -> str:
    """Return a key as people write it: `^d` for `ctrl+d`."""
    if key.startswith("ctrl+") and len(key) == 6:
        return "^" + key[5:]
    if look.ascii and key in {"up", "down", "left", "right"}:
        return key.capitalize()
    if re.fullmatch(r"f\d+", key):
        return key.upper()
    return _SHOWN.get(key, key)


def bindings(actions: Actions) -> list[Binding]:
    """Return a binding for each action with its default keys."""
    return [binding for _, binding in Keymap(actions).bindings()]


def names_of(keys: str) -> tuple[str, ...]:
    """Return Textual's names of keys as people write them or as the screen shows them, with commas between several."""
    return ("comma",) if keys.strip() == "," else tuple(map(_name_of, keys.split(",")))


def _name_of(key: str) -> str:
    key = key.strip()
    if len(key) == 2 and key[0] == "^":
        return f"ctrl+{key[1].lower()}"
    if re.fullmatch(r"F\d+", key):
        return key.lower()
    known = _NAME_OF_SHOWN.get(key.lower())
    return known or (_character_to_key(key) if len(key) == 1 else key)


def is_plain(name: str) -> bool:
    """Return whether every terminal has a key."""
    return _SPECIAL.search(name) is None


def is_key(name: str) -> bool:
    """Return whether there is a key of that name."""
    *modifiers, key = name.split("+")
    if not _MODIFIERS.issuperset(modifiers):
        return False
    return key in _NAMES or _names_a_character(key)


def _names_a_character(key: str) -> bool:
    return len(key) == 1 and key.isprintable() if len(key) < 2 else key in _CHARACTER_NAMES


_CHARACTER_NAMES: Sequence[str] = tuple(_character_to_key(chr(code)) for code in range(0x21, 0x7F))
