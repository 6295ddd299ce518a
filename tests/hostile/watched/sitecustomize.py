"""Imported by every interpreter that a test starts with this folder on its path: reports what the last filter removed.

The filter is the last line of defence; what it removes should have been made safe before. Reports go to the file that
LAST_FILTER_REPORT names, one line each.
"""

from __future__ import annotations

import os
import sys
from importlib.machinery import PathFinder
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from importlib.machinery import ModuleSpec
    from types import ModuleType

MODULE = "dagtui.tui.terminal.frame_filter"


def report(text: str) -> None:
    with open(os.environ["LAST_FILTER_REPORT"], "a", encoding="utf-8") as file:
        file.write(text + "\n")


class Watch:
    """Finds the module of the last filter, and puts a reporter around it."""

    @staticmethod
    def find_spec(name: str, path: Sequence[str] | None, target: ModuleType | None = None) -> ModuleSpec | None:
        if name != MODULE:
            return None
        spec = PathFinder.find_spec(name, path, target)
        execute = spec.loader.exec_module

        def exec_module(module: ModuleType) -> None:
            execute(module)
            original = module.frame_filter

            def frame_filter(frame: str) -> str:
                shown = original(frame)
                if shown != frame:
                    report(f"removed {len(frame) - len(shown)}: {ascii(frame)[:2000]}")
                return shown

            module.frame_filter = frame_filter
            report("watching")

        spec.loader.exec_module = exec_module
        return spec


if "LAST_FILTER_REPORT" in os.environ:
    sys.meta_path.insert(0, Watch)
