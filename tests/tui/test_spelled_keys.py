"""No sentence of the screen spells a key: a person may have given the action another one."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

SCREEN = Path(__file__).parents[2] / "dagtui" / "tui"
SPELLED = re.compile(
    r"(?<![\w'.{+])(?P<key>[b-zA-HJ-Z?!,;<>#]|\^[a-z]|F\d|Space|Tab)"
    r" (?:in the \w+ )?(?:adds|answers|copies|cancels|ends|edits|goes|holds|kills|opens|quits|reloads|reruns|retries"
    r"|runs|selects|shows|skips|steps|stops|types|undoes|unfolds)\b"
    r"|\b[Pp]ress (?:[b-zA-HJ-Z]|Space|Tab)\b|\((?:[b-zA-HJ-Z]|Space)(?: or \w+)?\)"
)
BETWEEN = re.compile(r"""["']\s*\n\s*[fr]?["']""")
"""What stands between the pieces of a text."""


def sentences(module: str) -> Iterator[tuple[int, str]]:
    """Yield the texts of a module that are no docstrings, if it may spell a key."""
    if not SPELLED.search(BETWEEN.sub("", module)):
        return  # to parse a module takes longer
    tree = ast.parse(module)
    documentation = {node.value for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node not in documentation:
            yield node.lineno, node.value


@pytest.mark.parametrize("words", ["x: r adds it", "unfold it (l or Space)", "M in the tree selects them", "press L"])
def test_the_check_finds_keys(words: str):
    assert SPELLED.search(words)


def test_no_sentence_spells_a_key():
    found = [
        f"{path.relative_to(SCREEN)}:{line}: {text}"
        for path in sorted(SCREEN.rglob("*.py"))
        for line, text in sentences(path.read_text(encoding="utf-8"))
        if SPELLED.search(text)
    ]
    assert found == []
