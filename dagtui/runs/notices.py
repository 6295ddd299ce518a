"""Notices about a run that are shown for as long as they apply."""

from __future__ import annotations

from typing import NamedTuple


class Notice(NamedTuple):
    """A problem of a run. Both texts are safe to show."""

    brief: str
    """A few words, for the top of the screen."""
    text: str
    """A sentence, with advice."""
