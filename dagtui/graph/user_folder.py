"""The folder of a person's configuration: settings of the screen, and executors."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Final

FOLDER_VARIABLE: Final = "DAGTUI_CONFIG_DIR"
"""The environment variable that names the folder."""
EXECUTORS: Final = "executors.toml"
"""The file in it with executors for every graph."""


def user_folder() -> Path:
    """Return this user's folder, which may not exist.

    It is the one that DAGTUI_CONFIG_DIR names, else the one where programs of this platform keep theirs.
    """
    named = os.environ.get(FOLDER_VARIABLE)
    if named:
        return Path(os.path.abspath(os.path.expanduser(named)))
    # platformdirs takes 4 ms, so that the usual place is found without it.
    if sys.platform == "linux":
        stated = os.environ.get("XDG_CONFIG_HOME", "")
        usual = stated if os.path.isabs(stated) else os.path.expanduser("~/.config")
        if os.path.isabs(usual):
            return Path(usual) / "dagtui"
    import platformdirs

    return platformdirs.user_config_path("dagtui")
