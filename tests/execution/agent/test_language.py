"""The agent runs on any Python from 3.8 on: language and library of every module that is shipped."""

from __future__ import annotations

import ast
import glob
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from support.far_side import FarWorker, shipped_agent

from dagtui.execution import shipped

if TYPE_CHECKING:
    from pathlib import Path

SOURCES = {name: content.decode() for name, content in shipped.sources().items()}
OLDEST = (3, 8)
GENERIC = {"dict", "list", "set", "frozenset", "tuple", "type", "deque", "Callable", "Iterator", "Mapping", "Sequence"}
NEWER = {
    *(
        "removeprefix",
        "removesuffix",
        "pairwise",
        "bit_count",
        "is_relative_to",
        "readlink_to",
        "waitstatus_to_exitcode",
    ),
    *("lcm", "nextafter", "pidfd_open", "hardlink_to", "add_note", "file_digest", "batched", "override", "StrEnum"),
    *(
        "Self",
        "assert_never",
        "ExceptionGroup",
        "anext",
        "aiter",
        "EncodingWarning",
        "TaskGroup",
        "timeout_at",
        "cache",
    ),
}
"""Names of the library that Python 3.8 does not have."""
NEVER_REACHED = {"dagtui.text.shortening"}  # names on a screen that are too long


class AtRunTime(ast.NodeTransformer):
    """Removes what is never executed: annotations, and what only type checkers see."""

    def visit_If(self, node: ast.If):
        if isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            return [self.visit(line) for line in node.orelse]
        return self.generic_visit(node)

    def visit_AnnAssign(self, node: ast.AnnAssign):
        return self.visit(ast.Assign([node.target], node.value)) if node.value is not None else None

    def visit_arg(self, node: ast.arg):
        node.annotation = None
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef):
        node.returns = None
        return self.generic_visit(node)


@pytest.mark.parametrize("name", sorted(SOURCES))
def test_a_shipped_module_is_in_the_language_of_python_3_8(name: str):
    tree = AtRunTime().visit(ast.parse(SOURCES[name], name, feature_version=OLDEST))
    for node in ast.walk(tree):
        line = getattr(node, "lineno", 0)
        if isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name):
            assert node.value.id not in GENERIC, f"{name}:{line}: {node.value.id}[…] is executed"
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
            tables = [side for side in (node.left, node.right) if isinstance(side, (ast.Dict, ast.DictComp))]
            assert not tables, f"{name}:{line}: a union of dictionaries"
        used = {getattr(node, "attr", ""), getattr(node, "id", "")}
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            used = {alias.name for alias in node.names}
        assert not used & NEWER, f"{name}:{line}: {used}"


def test_a_shipped_module_imports_only_the_standard_library_and_what_is_shipped():
    shipped_modules = {name.removesuffix(".py").removesuffix("/__init__").replace("/", ".") for name in SOURCES}
    for name, source in SOURCES.items():
        for node in ast.walk(AtRunTime().visit(ast.parse(source))):
            for module in imported(node):
                known = module in shipped_modules or module.partition(".")[0] in sys.stdlib_module_names
                assert known or module in NEVER_REACHED, f"{name} imports {module}"


def imported(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom) and node.module and node.module != "__future__":
        return [node.module]
    return []


def interpreters(*versions: str) -> list[str]:
    """Return the interpreters of some versions that pyenv has installed on this machine."""
    root = os.environ.get("PYENV_ROOT") or os.path.expanduser("~/.pyenv")
    return [path for version in versions for path in sorted(glob.glob(f"{root}/versions/{version}*/bin/python"))]


@pytest.mark.parametrize("python", interpreters("3.8", "3.13"))
def test_it_runs_on_real_interpreters(tmp_path: Path, python: str):
    with FarWorker(tmp_path, python=python) as far:
        far.shell("node", "echo $WORD; (setsid sleep 60 &); echo a=b > $DAGTUI_OUTPUT", secrets={"WORD": "gehe+im/nis"})
        far.start("call", "os:getcwd", "{}", call=True)
        far.start("missing", "no-such-program")
        far.shell("slow", "trap '' TERM; sleep 60", timeout=0.2)
        end = far.end_of("node")
        assert (end["kind"], end["value"], end["left"], end["output"]) == ("exit", 0, 1, "a=b\n")
        assert far.log_of("node").startswith(b"***\n")
        assert [far.end_of(key)["kind"] for key in ("call", "missing", "slow")] == [
            "exit",
            "could not start",
            "timeout",
        ]


@pytest.mark.parametrize("python", interpreters("3.6", "3.7"))
def test_an_interpreter_that_is_too_old_says_so_in_one_line(tmp_path: Path, python: str):
    path = str(shipped_agent())
    done = subprocess.run([python, path, "worker", str(tmp_path / "spool")], capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "Python 3.8 or newer is needed" in done.stderr
