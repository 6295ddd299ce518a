"""What several tests need stands once, in `support/`."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
LARGE = 25
"""Syntax nodes from which a function is more than a name for a short expression."""
OWN_LOOPS = {"engine/test_traverse.py", "tui/app/test_slices.py"}
"""Modules whose tests run on other event loops too."""


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


@pytest.mark.parametrize("benchmark", sorted((TESTS / "benchmarks").glob("*.py")), ids=lambda path: path.stem)
def test_a_benchmark_finds_what_it_imports(benchmark: Path):
    """Benchmarks are run as programs, without pytest's search path."""
    folder = benchmark.parent
    environment = {**os.environ, "PYTHONPATH": str(TESTS.parent)}
    subprocess.run([sys.executable, "-c", f"import {benchmark.stem}"], env=environment, check=True, cwd=folder)
