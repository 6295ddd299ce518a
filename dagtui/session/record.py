"""The journal as a run needs it: events in, lines out."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from dagtui.engine.events import fields
from dagtui.engine.protocol import JournalFullError
from dagtui.store.errors import JournalError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dagtui.engine.events import Event
    from dagtui.graph.model import Graph
    from dagtui.session.lines.events_copy import EventsCopy
    from dagtui.store.journal import JournalWriter


class Record:
    """Writes events to a journal and, as the same lines, to whoever asked for them."""

    def __init__(self, writer: JournalWriter, graph: Graph, mirror: EventsCopy | None) -> None:
        self._writer = writer
        self._graph = graph
        self._copy = mirror

    def write(self, events: Iterable[Event]) -> None:
        """Append the events; raises JournalFullError."""
        now, graph = time.time(), self._graph
        try:
            written = self._writer.write([(now, fields(event, graph)) for event in events])
        except JournalError as error:
            raise JournalFullError(str(error)) from error
        if self._copy is not None:
            self._copy.write(written)

    def sync(self) -> None:
        """Make what was written survive the loss of power, and write what those who asked for it did not get yet."""
        if self._copy is not None:
            self._copy.flush()
        try:
            self._writer.sync()
        except JournalError:
            return  # the next write says what is wrong
