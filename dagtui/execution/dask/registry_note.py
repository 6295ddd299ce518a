"""The note of the registry that a run's attempts were handed to, which a resume needs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dagtui.execution.dask.cluster import ClusterError
from dagtui.execution.remote.whole_file import write_whole

if TYPE_CHECKING:
    from pathlib import Path


class RegistryNote:
    """Names the registry, in a file of the run's directory. Another registry knows nothing of the attempts."""

    def __init__(self, path: Path) -> None:
        """Create it. It is read by `load`."""
        self._path = path
        self.registry = ""
        """The registry. Empty: nothing was handed over yet."""

    async def load(self) -> None:
        """Read what an earlier process of the run has noted."""
        from anyio import to_thread

        self.registry = await to_thread.run_sync(self._read)

    async def change(self, registry: str) -> None:
        """Note another registry, before anything is handed to it. Raises ClusterError if that can't be written."""
        from anyio import to_thread

        if registry == self.registry:
            return
        try:
            await to_thread.run_sync(write_whole, self._path, f"{registry}\n")
        except OSError as error:
            raise ClusterError(f"{self._path}: {error.strerror}") from error
        self.registry = registry

    def _read(self) -> str:
        try:
            return self._path.read_text(encoding="ascii").strip()
        except (OSError, ValueError):
            return ""
