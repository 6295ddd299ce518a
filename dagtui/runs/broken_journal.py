"""Repair the journal of a run that broke off, before the run goes on with it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from dagtui.store.errors import JournalError
from dagtui.store.journal import JournalWriter, set_aside

if TYPE_CHECKING:
    from dagtui.store.directory import RunDirectory
    from dagtui.store.journal import JournalReader


def begin_journal(directory: RunDirectory) -> str:
    """Start the journal of a run that broke off before its first line. Return a note about it. Raises StoreError."""
    path = directory.journal_path
    try:
        if os.path.lexists(path):
            if path.stat().st_size:
                return ""
            path.unlink()
    except OSError as error:
        raise JournalError.of("start a new journal", path, error) from error
    JournalWriter(path).close()
    return "its journal was empty: no success is recorded, so everything runs again" if directory.has_logs() else ""


def set_end_aside(reader: JournalReader) -> str:
    """Repair the journal by moving a torn end to a file beside it. Return a note about it. Raises StoreError."""
    aside = set_aside(reader)
    return "" if aside is None else f"the end of the journal was damaged and was moved to {aside.name}"
