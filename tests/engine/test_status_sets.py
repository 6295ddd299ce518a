"""Sets of statuses have one name each, in one module, and the order of the statuses is used nowhere else."""

from __future__ import annotations

import ast
from collections import Counter
from pathlib import Path

from dagtui.engine import status
from dagtui.engine.status import NodeStatus

HOME = Path(status.__file__)
PACKAGE = HOME.parents[1]
NAMED = {name: value for name, value in vars(status).items() if isinstance(value, frozenset) and name.isupper()}


def the_trees() -> list[tuple[Path, ast.Module]]:
    texts = [(path, path.read_text(encoding="utf-8")) for path in sorted(PACKAGE.rglob("*.py")) if path != HOME]
    return [(path, ast.parse(text)) for path, text in texts if "NodeStatus." in text or "= NodeStatus" in text]


def members(node: ast.Set) -> frozenset[str]:
    """Return the names of the statuses in a set, or nothing if it has other members."""
    names = frozenset(element.attr for element in node.elts if isinstance(element, ast.Attribute))
    return names if len(names) == len(node.elts) and names <= set(NodeStatus.__members__) else frozenset()


def test_a_set_of_statuses_is_spelled_once():
    named = {frozenset(member.name for member in value if isinstance(member, NodeStatus)) for value in NAMED.values()}
    found = [
        (members(node), f"{path.relative_to(PACKAGE)}:{node.lineno}")
        for path, tree in the_trees()
        for node in ast.walk(tree)
        if isinstance(node, ast.Set) and len(members(node)) > 1
    ]
    often = {names for names, count in Counter(names for names, _ in found).items() if count > 1}
    assert [place for names, place in found if names in named | often] == []


def test_the_order_of_statuses_is_known_to_one_module():
    found = [
        f"{path.relative_to(PACKAGE)}:{node.lineno}"
        for path, tree in the_trees()
        for node in ast.walk(tree)
        if isinstance(node, ast.Compare)
        and any(isinstance(operator, ast.Lt | ast.LtE | ast.Gt | ast.GtE) for operator in node.ops)
        for side in (node.left, *node.comparators)
        if isinstance(side, ast.Attribute) and isinstance(side.value, ast.Name) and side.value.id == "NodeStatus"
    ]
    assert found == []
