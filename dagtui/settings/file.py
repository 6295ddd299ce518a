"""The file of a person's settings, as it was read. What is wrong is reported, and counts as not stated."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from dagtui.graph.errors import quoted
from dagtui.settings.values import DEFAULTS, Settings
from dagtui.text import label

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from dagtui.graph.errors import Problem
    from dagtui.graph.toml.positions import KeyPath


def shown_path(path: Path) -> str:
    """Return a path that is safe to show."""
    return label(path, 4096)


@dataclass(frozen=True, slots=True)
class SettingsFile:
    """The file of the settings, as it was read."""

    path: Path
    settings: Settings = DEFAULTS
    problems: tuple[Problem, ...] = ()
    """What is wrong with the file. The settings have defaults in place of it."""
    text: str = ""
    stated: Mapping[str, KeyPath] = field(default_factory=dict)
    """Where the file states each setting that is right, by name."""
    refused: Mapping[str, KeyPath] = field(default_factory=dict)
    """Where it states each known setting that is wrong."""

    def problem(self, name: str, message: str, hint: str = "") -> Problem:
        """Return a problem of the value of a stated setting, with its place."""
        from dagtui.graph.check.diagnostics import Diagnostics

        diagnostics = Diagnostics()
        diagnostics.value(self.stated[name], f"{quoted(name)} {message}", hint)
        return diagnostics.error(self.text, self.shown).problems[0]

    def line(self, name: str) -> int:
        """Return the line that states a setting, from 1. 0: none does."""
        from dagtui.graph.toml.positions import locate

        at = self.stated.get(name) or self.refused.get(name)
        return 0 if at is None else self.text.count("\n", 0, locate(self.text, [at])[at].value.start) + 1

    @property
    def shown(self) -> str:
        """The path, safe to show."""
        return shown_path(self.path)
