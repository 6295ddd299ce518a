"""Numbers that mean different things have types of their own: a node is not annotated as an integer."""

from __future__ import annotations

import ast
import re
from pathlib import Path

from support.syntax import trees_with

PACKAGE = Path(__file__).parents[1] / "dagtui"
TYPES = {
    "NodeIndex": ("node", "parent", "child", "blocker"),
    "TaskIndex": ("task",),
    "AttemptNumber": ("attempt", "pinned"),
    "Slots": ("slots",),
    "ClockTime": ("clock", "settled_at"),
    "CellWidth": ("width", "room", "cells", "columns", "tail_cells"),
    "Seconds": ("seconds", "wall_seconds", "patience", "timeout", "grace", "delay"),
    "WallTime": ("wall", "began_at", "last_wall"),
}
"""The names of parameters, fields and variables that stand for each type."""
AS_WRITTEN = {("graph/model.py", "slots")}
"""Numbers as the file has them."""
OF_A_MATRIX = {("graph/matrix/listed_cells.py", "_columns"), ("tui/graph/tallies.py", "_cells")}
"""Cells and columns that have nothing to do with a terminal."""
PLAIN = re.compile(r"\b(int|float)\b")


def annotations(tree: ast.AST):
    """Yield name, annotation and line of all that is annotated."""
    for found in ast.walk(tree):
        if isinstance(found, ast.arg) and found.annotation is not None:
            yield found.arg, found.annotation, found.lineno
        if isinstance(found, ast.AnnAssign):
            target = found.target
            yield target.attr if isinstance(target, ast.Attribute) else target.id, found.annotation, found.lineno


def test_what_has_a_type_of_its_own_is_not_a_plain_number():
    type_of = {name: kind for kind, names in TYPES.items() for name in names}
    found = [
        f"{path.relative_to(PACKAGE)}:{line}: {name}: {ast.unparse(annotation)}, not {type_of[name.strip('_')]}"
        for path, tree in trees_with(rf"\b_*({'|'.join(type_of)})_*:[^\n]*(\n[^\n:]*)?{PLAIN.pattern}", PACKAGE)
        for name, annotation, line in annotations(tree)
        if (str(path.relative_to(PACKAGE)), name) not in AS_WRITTEN | OF_A_MATRIX
        and name.strip("_") in type_of
        and PLAIN.search(text := ast.unparse(annotation))
        and "Callable" not in text
    ]
    assert found == []
