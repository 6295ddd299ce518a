"""The editor of a person: the command that their environment names, or a usual one."""

from __future__ import annotations

import shlex
import shutil
from typing import TYPE_CHECKING

from dagtui.text import label

if TYPE_CHECKING:
    from collections.abc import Mapping

NO_EDITOR = "no editor: set $VISUAL or $EDITOR (vi and nano are not installed)"
_USUAL_EDITORS = ("vi", "nano")


class NoEditorError(Exception):
    """There is no editor, or a variable names it in words that can't be read."""


def editor_command(environment: Mapping[str, str]) -> list[str]:
    """Return the command of a person's editor, without the file. Raises NoEditorError."""
    for variable in ("VISUAL", "EDITOR"):
        try:
            words = shlex.split(environment.get(variable, ""))
        except ValueError as error:
            raise NoEditorError(f"${variable} can't be used: {label(error)}") from None
        if words:
            return words
    for name in _USUAL_EDITORS:
        if shutil.which(name, path=environment.get("PATH")):
            return [name]
    raise NoEditorError(NO_EDITOR)
