"""Where the settings of a person are kept."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dagtui.graph.user_folder import user_folder

if TYPE_CHECKING:
    from pathlib import Path

_NAME: Final = "config.toml"


def settings_path() -> Path:
    """Return the path of this user's settings, which may not exist."""
    return user_folder() / _NAME
