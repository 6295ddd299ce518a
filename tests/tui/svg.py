"""Snapshots of the screen as SVG files, over syrupy."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from syrupy.extensions.single_file import SingleFileSnapshotExtension

if TYPE_CHECKING:
    from syrupy.location import PyTestLocation
    from syrupy.types import SerializableData, SerializedData


class SvgExtension(SingleFileSnapshotExtension):
    """One file a snapshot, without what differs from run to run."""

    file_extension = "svg"

    @classmethod
    def dirname(cls, *, test_location: PyTestLocation) -> str:
        """Beside the recordings that the pictures are made from."""
        return str(Path(test_location.filepath).parent / "snapshots" / test_location.basename)

    def serialize(self, data: SerializableData, **_options: object) -> SerializedData:
        """The picture with stable names of its styles."""
        return re.sub(r"\bterminal-\d+-([\w-]+)", r"terminal-\1", str(data)).encode()
