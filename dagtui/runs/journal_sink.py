"""Write a run's events to its journal and to a copy for `--events`."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from dagtui.engine.events import fields
from dagtui.engine.protocol import JournalFullError
from dagtui.store.errors import JournalError, StoreError, waits_for

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dagtui.engine.events import Event
    from dagtui.graph.model import Graph
    from dagtui.runs.events_copy import EventsCopy
    from dagtui.store.directory import RunDirectory
    from dagtui.store.journal import JournalWriter


class JournalSink:
    """Writes events to a journal and the same lines to an optional copy."""

    def __init__(self, writer: JournalWriter, graph: Graph, directory: RunDirectory, mirror: EventsCopy | None) -> None:
        """Create a sink. The directory is synced together with the journal's first lines."""
        self._writer = writer
        self._graph = graph
        self._unsynced: RunDirectory | None = directory
        self._copy = mirror

    def write(self, events: Iterable[Event]) -> None:
        """Append events. Raises JournalFullError."""
        now, graph = time.time(), self._graph
        try:
            written = self._writer.write((now, fields(event, graph)) for event in events)
        except JournalError as error:
            raise JournalFullError(str(error), waits_for(error, self._writer.path)) from error
        if self._copy is not None:
            self._copy.write(written)

    def sync(self) -> None:
        """Flush the journal to disk, so that it survives a power loss, and the copy to its reader.

        Raises JournalFullError.
        """
        if self._copy is not None:
            self._copy.flush()
        directory, self._unsynced = self._unsynced, None
        try:
            self._writer.sync()
            if directory is not None:
                directory.sync()
        except StoreError as error:
            raise JournalFullError(str(error)) from error
