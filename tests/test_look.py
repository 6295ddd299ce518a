"""One Look says in which characters and colours things are shown: no flag beside it does."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from support.syntax import trees_with

import dagtui
from dagtui.text.look import ASCII, IN_ASCII, IN_UNICODE, UNICODE, Glyphs, Look, terminal_look

PACKAGE = Path(dagtui.__file__).parent
OPTIONS = {"cli/headless.py", "cli/launch.py", "cli/screen.py", "cli/terminal.py"}
"""Where the options of the command line are read, and handed on as records."""


def flags_in(tree: ast.Module) -> list[str]:
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            arguments = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
            found += [node.name for argument in arguments if argument.arg in {"ascii", "ascii_only"}]
        elif isinstance(node, ast.keyword) and node.arg in {"ascii", "ascii_only"}:
            found.append(f"line {node.lineno}")
    return found


def test_no_flag_for_ascii_is_handed_on():
    modules = trees_with(r"\bascii(_only)?\b", PACKAGE)
    found = {str(path.relative_to(PACKAGE)): flags for path, tree in modules if (flags := flags_in(tree))}
    assert found.keys() <= OPTIONS, found


def test_the_signs_of_the_statuses_are_written_once():
    holders = [path.name for path in PACKAGE.rglob("*.py") if UNICODE.statuses in path.read_text(encoding="utf-8")]
    assert holders == ["look.py"]


def test_ascii_is_ascii():
    assert all("".join(signs).isascii() for signs in ASCII)
    assert Glyphs._fields == ASCII._fields
    assert IN_ASCII.written("a → “b” …") == 'a -> "b" ...'
    assert IN_UNICODE.written("a → b") == "a → b"


@pytest.mark.parametrize(
    ("environ", "asked", "is_ascii", "colours"),
    [
        ({"LANG": "C.UTF-8"}, IN_UNICODE, False, True),
        ({"LANG": "C.UTF-8"}, IN_ASCII, True, True),
        ({"LANG": "C"}, IN_UNICODE, True, True),
        ({"LANG": "C.UTF-8", "NO_COLOR": "1"}, IN_UNICODE, False, False),
    ],
)
def test_the_look_of_a_terminal(environ: dict[str, str], asked: Look, is_ascii: bool, colours: bool):
    look = terminal_look(environ, "utf-8", asked)
    assert (look.ascii, look.colours, look.theme) == (is_ascii, colours, asked.theme)
