"""Read other files that a graph file names. Imported only where one is named."""

from __future__ import annotations

import stat
from typing import TYPE_CHECKING

from dagtui.graph.errors import ValueProblem
from dagtui.text import label

if TYPE_CHECKING:
    from pathlib import Path


def content_of(path: Path, most_bytes: int, too_large: str) -> bytes:
    """Return the content of a regular file. Raises ValueProblem, with the hint `too_large` about a larger one."""
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise ValueProblem("must name a file, not a folder, pipe or device")
        with path.open("rb") as file:
            content = file.read(most_bytes + 1)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else error
        message = f"can't be read: {label(path, 300)}: {label(reason)}"
        raise ValueProblem(message, "a relative path starts at the folder of the graph file") from None
    if len(content) > most_bytes:
        raise ValueProblem(f"names a file that is larger than {most_bytes // 1024**2} MB", too_large)
    return content
