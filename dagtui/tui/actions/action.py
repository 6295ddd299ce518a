"""Actions: what is known of each thing that a key does."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeAlias, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Never

    from dagtui.tui.actions.availability import Availability

H_contra = TypeVar("H_contra", contravariant=True)
"""The handlers that carry an action out."""


class Pane(enum.Flag):
    """The panes that can have the focus."""

    TREE = enum.auto()
    LOG = enum.auto()
    DETAILS = enum.auto()
    WHY = enum.auto()
    RUNS = enum.auto()
    BRANCH = enum.auto()
    """Takes the place of these four for a row that stands for many nodes."""
    SIDE = LOG | DETAILS | WHY | RUNS | BRANCH
    PAGE = enum.auto()
    """A page that takes the place of the whole screen."""
    BAR = enum.auto()
    """The bar of a recording."""
    ANY = TREE | SIDE | BAR


class Group(enum.Enum):
    """The headings of help and palette, in their order. Movement comes last: no one opens them to learn it."""

    RECORDING = "Recording"
    NODE = "Node"
    RUN = "Run"
    FIND = "Find"
    LOG = "Log"
    PANES = "Panes"
    SCREEN = "Screen"
    MOVE = "Move"


@dataclass(frozen=True, slots=True)
class Action(Generic[H_contra]):
    """One thing that a key does. Bindings, footer, hints, palette and help are made from it."""

    id: str
    """Stable: a user's own key mapping refers to it."""
    keys: tuple[str, ...]
    """Default keys: characters or Textual's names. Empty: in the palette only."""
    words: str
    """The label in the footer."""
    help: str
    """The sentence in help and palette."""
    group: Group
    run: Callable[[H_contra], object]
    """Carries it out with the handlers of the App. The result is awaited if it can be."""
    panes: Pane = Pane.ANY
    """The panes whose footer shows it. The action works wherever it makes sense.

    Without any, the footer shows it while there are words of now for it (`present_words`).
    """
    rank: int = 0
    """Its position in the footer, lowest first. 0: not in the footer."""
    name: str = ""
    """The label in the palette. Empty: that of the footer."""
    where: Pane = Pane.ANY
    """The panes in which its keys do it. Two actions can share a key if no pane is in both."""
    available: Availability | None = None
    """Returns why it would do nothing now, or None. The footer and hints leave it out then. None: always available."""

    @property
    def short_name(self) -> str:
        """A short name that stands by itself."""
        return self.name or self.words.capitalize()


@dataclass(frozen=True, slots=True)
class PageAction(Action[H_contra]):
    """One thing that a key does on a page that takes the whole screen. The page carries it out."""

    panes: Pane = Pane.PAGE
    refusal: Callable[[H_contra], str | None] | None = None
    """Returns why the page would do nothing now, or None. It takes the place of `available`."""


AnyAction: TypeAlias = "Action[Never]"
"""An action to be shown. Its handlers are not known."""
