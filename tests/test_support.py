"""What several tests need stands once, in `support/`."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from collections import defaultdict
from functools import cache
from pathlib import Path

TESTS = Path(__file__).parent
LARGE = 25
"""Syntax nodes from which a function is more than a name for a short expression."""
OWN_LOOPS = {"engine/test_traverse.py", "tui/app/test_slices.py"}
"""Modules whose tests run on other event loops too."""


@cache
def helpers() -> list[tuple[str, ast.FunctionDef | ast.AsyncFunctionDef]]:
    """Return the functions of all test modules that are not tests, with their modules."""
    return [
        (path.relative_to(TESTS).as_posix(), node)
        for path in sorted(TESTS.rglob("*.py"))
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and not node.name.startswith("test_")
    ]


def test_no_helper_stands_in_two_modules() -> None:
    modules: dict[str, set[str]] = defaultdict(set)
    for module, function in helpers():
        body = ast.Module(function.body[ast.get_docstring(function) is not None :], [])
        if sum(1 for _ in ast.walk(body)) >= LARGE:
            modules[ast.dump(function.args) + ast.dump(body)].add(f"{module}: {function.name}")
    assert [sorted(places) for places in modules.values() if len({place.split(":")[0] for place in places}) > 1] == []


def test_there_is_one_wait_and_one_backend() -> None:
    places = defaultdict(set)
    for module, function in helpers():
        places[function.name].add(module)
    assert {module for name in ("wait_for", "until", "wait_until") for module in places[name]} == {"support/waiting.py"}
    assert places["anyio_backend"] == {"conftest.py", *OWN_LOOPS}


IMPORT_EACH = """
import importlib, os, sys
import anyio, pexpect, textual.app, dagtui.tui.app  # what most of them begin with

for name in sys.argv[1:]:
    if not os.fork():
        importlib.import_module(name)
        os._exit(0)
    if os.wait()[1]:
        print(name)
"""
"""Programs of their own would find the same, and each would begin with the same imports."""


def test_benchmarks_find_what_they_import():
    """Benchmarks are run as programs, without pytest's search path."""
    folder = TESTS / "benchmarks"
    names = [path.stem for path in sorted(folder.glob("*.py"))]
    environment = {**os.environ, "PYTHONPATH": str(TESTS.parent)}
    command = [sys.executable, "-c", IMPORT_EACH, *names]
    done = subprocess.run(command, env=environment, cwd=folder, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
