"""What is copied, and what is to be said of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dagtui.text import exact

if TYPE_CHECKING:
    from dagtui.graph.expressions.as_run import Filled

MOST_CHARACTERS = 8_000_000
"""More is not copied at once: it is written to a file while the screen waits."""


@dataclass(frozen=True, slots=True)
class Copied:
    """A text for the clipboard, safe to paste."""

    text: str
    remark: str = ""
    """What of it is missing or another than it was; empty: nothing."""

    def bounded(self) -> Copied:
        """As much of it as is copied at once."""
        total = len(self.text)
        if total <= MOST_CHARACTERS:
            return self
        return Copied(self.text[:MOST_CHARACTERS], f"only the first {MOST_CHARACTERS:,} of {total:,} characters")


def altered(command: Filled) -> str:
    """The remark on a command that is copied, where it holds what is not pasted as it is."""
    is_exact = all(exact(text) == text for text in command)
    return "" if is_exact else "its control characters are written as ^[ and the like"
