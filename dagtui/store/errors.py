"""What goes wrong on disk."""

from __future__ import annotations


class StoreError(Exception):
    """Something on disk could not be read or written; one line says what, where, and how to go on."""


class JournalError(StoreError):
    """A line could not be added to the journal; the journal is as it was before, and a later write may succeed."""
