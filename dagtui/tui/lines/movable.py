"""What the keys that move act on."""

from __future__ import annotations

from typing import Protocol


class Movable(Protocol):
    """A pane with a position."""

    def move(self, rows: int, /) -> None:
        """Move by rows, backwards for a negative number."""

    def page(self, direction: int, /) -> None:
        """Move by a page."""

    def top(self) -> None:
        """Move to the beginning."""

    def bottom(self) -> None:
        """Move to the end."""
