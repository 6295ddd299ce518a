"""Style sheets name widgets that exist: a rule for another name would apply to nothing, and nothing would say so."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import textual.command
import textual.containers
import textual.widgets
from support.syntax import classes_in

SCREEN = Path(__file__).parents[2] / "dagtui" / "tui"
OURS = {name for name, _ in classes_in(SCREEN)}


def exists(name: str) -> bool:
    rooms = (textual.widgets, textual.containers, textual.command)
    return name in OURS or any(hasattr(room, name) for room in rooms)


@pytest.mark.parametrize("path", sorted(SCREEN.rglob("*.tcss")), ids=lambda path: path.name)
def test_each_rule_is_for_a_widget_that_exists(path: Path):
    selectors = re.sub(r"/\*.*?\*/|\{[^{}]*\}", " ", path.read_text(encoding="utf-8"), flags=re.DOTALL)
    named = set(re.findall(r"(?<![\w.#$:-])[A-Z]\w+", selectors))
    assert [name for name in sorted(named) if not exists(name)] == []
