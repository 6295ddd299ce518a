"""Read a person's settings, which may be missing or wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dagtui.graph.errors import GraphError, Problem
from dagtui.settings.file import SettingsFile, shown_path
from dagtui.text import label

if TYPE_CHECKING:
    from pathlib import Path


def read_settings(path: Path) -> SettingsFile:
    """Read a file of settings. It may be missing, and it never raises: what is wrong is among the problems."""
    shown = shown_path(path)
    try:
        path.stat()
        # Most people have no such file: what reads one is imported only then.
        from dagtui.graph.toml.parse import decode
        from dagtui.settings.reading import content_of, settings_of

        return settings_of(decode(content_of(path), shown), path)
    except (FileNotFoundError, NotADirectoryError):
        return SettingsFile(path)
    except GraphError as error:
        return SettingsFile(path, problems=error.problems)
    except ValueError:  # a character that no path has
        return SettingsFile(path, problems=(Problem("can't be the path of a file", shown),))
    except OSError as error:
        return SettingsFile(path, problems=(Problem(f"can't be read: {label(error.strerror)}", shown),))
