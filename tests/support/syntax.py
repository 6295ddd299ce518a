"""Syntax trees of modules. To parse all of the program takes seconds: a pattern says which are meant."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_CLASS = re.compile(r"^[ ]*class (\w+)\b", re.MULTILINE)


def trees_with(pattern: str, folder: Path) -> Iterator[tuple[Path, ast.Module]]:
    """Yield the modules below a folder in whose text a pattern is found, with their syntax trees."""
    for path in sorted(folder.rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        if re.search(pattern, text):
            yield path, ast.parse(text)


def classes_in(folder: Path) -> Iterator[tuple[str, Path]]:
    """Yield the name of each class below a folder, with its module."""
    for path in sorted(folder.rglob("*.py")):
        for name in _CLASS.findall(path.read_text(encoding="utf-8")):
            yield name, path
