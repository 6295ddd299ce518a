"""The settings of a person: what they are, where nothing is stated."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from dagtui.text.look import AFTER_THE_TERMINAL

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Settings:
    """What a person wants of every screen. Options and the environment come first."""

    theme: str = AFTER_THE_TERMINAL
    """One of THEMES, or AFTER_THE_TERMINAL."""
    view: str = ""
    """The view, of VIEWS, that a graph is first shown in. Empty: Tasks, or the map of a large graph."""
    left: int | None = None
    """The percentage of the width that the left pane has at first. None: the usual one."""
    lower: bool = True
    """Whether something may be shown below the rows of the left pane."""
    mouse: bool = True
    bell: bool = False
    """Whether the terminal rings at what a person should see, while it has no focus."""
    notify: bool = False
    """Whether the terminal shows a notification then."""
    keys: Mapping[str, str] = field(default_factory=dict)
    """Keys of actions by their ids, with commas between several. They are checked against the table of actions."""


DEFAULTS: Final = Settings()
