"""Names of variables of the shell, for the values that only it knows."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from dagtui.migration.taskfile.texts import Assignment, Hole, Text

if TYPE_CHECKING:
    from dagtui.migration.taskfile.texts import ShellTest

_MOST_STEPS = 200_000
"""Blocks of templates that are filled in for one file."""


class ShellNames:
    """Names of variables of the shell. Equal lines share one."""

    def __init__(self) -> None:
        self._lines: dict[str, tuple[str, str]] = {}
        self._steps = 0
        self.hint = ""
        """The variable whose definition is worked out."""

    def hole(
        self,
        hint: str,
        lines: str,
        needs: tuple[Assignment, ...] = (),
        *,
        folder: str = "",
        executes: bool = False,
        choice: tuple[ShellTest, Text, Text] | None = None,
    ) -> Text:
        """Return a text that is a variable. `lines` give NAME its value."""
        hint = hint or self.hint
        base = f"var_{hint}" if re.fullmatch(r"\w+", hint, re.ASCII) else "var"
        name, number = base, 1
        while self._lines.setdefault(name, (lines, folder)) != (lines, folder):
            number += 1
            name = f"{base}_{number}"
        executes = executes or any(need.executes for need in needs)
        lines = re.sub(r"\bNAME\b", name, lines)
        return Text(
            (
                Hole(
                    f"${{{name}}}",
                    needs=(Assignment(name, lines, folder, needs, executes),),
                    interpreted=choice is not None,
                    choice=choice,
                ),
            )
        )

    def count(self) -> None:
        """Count one step. Raises ValueError when there are too many."""
        self._steps += 1
        if self._steps > _MOST_STEPS:
            raise ValueError("its templates and calls take too many steps")
