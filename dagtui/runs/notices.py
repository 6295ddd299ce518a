"""What a person should know about a run for as long as it lasts."""

from __future__ import annotations

from typing import NamedTuple


class Notice(NamedTuple):
    """Something out of order; both texts are safe to show."""

    brief: str
    """In a few words, for the top of the screen."""
    text: str
    """In a sentence, with what to do about it."""
