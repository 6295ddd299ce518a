"""Text for the clipboard, with a remark about what was left out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dagtui.text import exact

if TYPE_CHECKING:
    from dagtui.graph.expressions.as_run import Filled
    from dagtui.text.amounts import CellWidth

MOST_CHARACTERS = 8_000_000
"""The most that is copied at once: the text is written to a file while the screen waits."""


@dataclass(frozen=True, slots=True)
class Copied:
    """A text for the clipboard, safe to paste."""

    text: str
    remark: str = ""
    """What is missing from it or altered. Empty: nothing."""

    def bounded(self) -> Copied:
        """Return as much of the text as is copied at once."""
        total = len(self.text)
        if total <= MOST_CHARACTERS:
            return self
        return Copied(self.text[:MOST_CHARACTERS], f"only the first {MOST_CHARACTERS:,} of {total:,} characters")


def copied_below(name: str, value: str, cells: CellWidth) -> str:
    """Return a name and its value, which begins in column `cells` or, with several lines, below the name.

    Each line of a command is copied at its original column: indented, a here-document would never end.
    """
    return f"{name}\n{value}" if "\n" in value else f"{name:<{cells}}{value}"


def altered(command: Filled) -> str:
    """Return a remark if the command contains characters that cannot be pasted unchanged, otherwise ""."""
    is_exact = all(exact(text) == text for text in command)
    return "" if is_exact else "control characters are written as ^[ and so on"
