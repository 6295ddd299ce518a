"""Somebody removed the directory of a live run: worth saying, no reason to stop."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dagtui.text import label

if TYPE_CHECKING:
    from dagtui.session.session import Session

LOOK_EVERY = 1.0
"""Seconds between two looks."""


class DirectoryWatch:
    """Notes once that the directory of a run is no longer there."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._noted = False

    async def watch(self) -> None:
        """Look now and then, until cancelled."""
        import anyio

        while True:
            self.look()
            await anyio.sleep(LOOK_EVERY)

    def look(self) -> None:
        """Look now."""
        directory = self._session.directory
        if self._noted or directory is None or directory.is_there():
            return
        self._noted = True
        self._session.note(
            f"the directory of this run was removed: {label(directory.path, 300)}; the run goes on, "
            "but nothing of it will be on record"
        )
