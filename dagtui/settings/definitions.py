"""How the file states each setting, and how its value is read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from dagtui.graph.check.suggestions import did_you_mean, listed
from dagtui.graph.errors import ValueProblem, quoted, read_inside
from dagtui.graph.toml import values
from dagtui.settings.values import DEFAULTS
from dagtui.text.look import AFTER_THE_TERMINAL, THEMES

if TYPE_CHECKING:
    from collections.abc import Callable

VIEWS: Final = ("tasks", "map", "nodes", "groups", "trouble", "time")
"""The views of a graph, as the screen names them."""
KEYS: Final = "keys"
"""The table of keys, by the ids of actions."""
LEAST_SHARE, MOST_SHARE = 10, 90
_MOST_KEYS = 10
"""The most keys of one action."""


class Setting(NamedTuple):
    """One key of the file."""

    name: str
    """As `dagtui config` names it, with a dot between table and key."""
    field: str
    """The field of Settings."""
    read: Callable[[object], object]
    """Reads a value of the file, or raises ValueProblem."""
    example: str
    words: str
    """What it is for."""
    usual: str = ""
    """The default value in words, where it is none that the file could state."""

    @property
    def default(self) -> object:
        """The value where nothing is stated."""
        return getattr(DEFAULTS, self.field)


def _one_of(known: tuple[str, ...]) -> Callable[[object], str]:
    def read(value: object) -> str:
        found = values.text(value)
        if found not in known:
            hint = did_you_mean(found, known) or f"write one of {listed(known)}"
            raise ValueProblem(f"can't be {quoted(found)}", hint)
        return found

    return read


def _share(value: object) -> int:
    return values.whole(value, LEAST_SHARE, MOST_SHARE)


def read_keys(value: object) -> str:
    """Read the keys of one action: a string, or several of them."""
    if not isinstance(value, list):
        return values.filled_text(value)
    if not 1 <= len(value) <= _MOST_KEYS:
        raise ValueProblem(f"must have between 1 and {_MOST_KEYS} keys")
    return ",".join(read_inside((at,), values.filled_text, one) for at, one in enumerate(value))


SETTINGS: Final = (
    Setting("theme", "theme", _one_of((AFTER_THE_TERMINAL, *THEMES)), '"light"', "colours of the screen"),
    Setting(
        "view",
        "view",
        _one_of(VIEWS),
        '"nodes"',
        "the view that a graph is first shown in",
        "tasks, or map for a large graph",
    ),
    Setting("sizes.left", "left", _share, "40", "the width of the left pane at first, in percent", "40"),
    Setting("sizes.lower", "lower", values.boolean, "false", "whether the left pane has a lower pane"),
    Setting("mouse", "mouse", values.boolean, "false", "whether the screen gets the mouse"),
    Setting("bell", "bell", values.boolean, "true", "ring at a failure, a question and the end"),
    Setting("notify", "notify", values.boolean, "true", "show a notification of the terminal then"),
)
"""All settings but keys, in the order of `dagtui config`."""
BY_NAME: Final = {setting.name: setting for setting in SETTINGS}
TABLES: Final = frozenset({"sizes"})
