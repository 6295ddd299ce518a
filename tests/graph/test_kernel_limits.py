"""What is too long to be started is said by the check, with the way out; what can be started is not refused."""

from __future__ import annotations

import os
import sys

import pytest
from graph.sources import problems_of, task_of

from dagtui.graph.check.kernel_limits import ONE, TOGETHER
from dagtui.graph.model import ArgumentList, ShellCommand

SCRIPT = "echo 'a line'\n"


def script(size: int) -> str:
    """A shell script of so many bytes."""
    return (SCRIPT * (size // len(SCRIPT) + 1))[: size - 1] + "\n"


def test_the_limit_is_the_kernels():
    def takes(size: int) -> bool:
        try:
            pid = os.posix_spawn("/bin/true", ["true", "x" * size], {})
        except OSError:
            return False
        os.waitpid(pid, 0)
        return True

    if sys.platform == "linux":
        assert takes(ONE)
        assert not takes(ONE + 1)


def test_the_longest_script_is_well():
    text = script(ONE)
    assert task_of(f'run = """\n{text}"""').action == ShellCommand(text)


@pytest.mark.parametrize(
    ("body", "message", "hint"),
    [
        (f'run = """\n{script(ONE + 1)}"""', f'"run" has {ONE + 1:,} bytes; the kernel takes at most {ONE:,}', "sh -e"),
        (f'run = """\n{"é" * ONE} | cat"""', '"run" has', 'run = "sh -e FILE"'),
        (f'run = ["cat", "{"x" * (ONE + 1)}"]', 'an element of "run" has', "put it in a file"),
        (f'env = {{ A = "{"x" * ONE}" }}', '"env.A" has', "put it in a file"),
        (f'call = "a:f"\nargs = {{ data = "{"x" * ONE}" }}', '"args" has', "put it in a file"),
        (f'call = "a:f"\nargs = {{ data = ["{"ü" * (ONE // 6)}"] }}', '"args" has', "put it in a file"),
    ],
)
def test_what_is_too_long_is_said(body: str, message: str, hint: str):
    (problem,) = problems_of(f"[tasks.a]\n{body}\n")
    assert problem.message.startswith(message)
    assert hint in problem.hint


@pytest.mark.skipif(TOGETHER // ONE > 1000, reason="a file of that size takes long")
def test_many_arguments_are_counted_together():
    many = ", ".join([f'"{"x" * 100_000}"'] * (TOGETHER // 100_000 + 1))
    (problem,) = problems_of(f'[tasks.a]\nrun = ["cat", {many}]\n')
    assert "bytes in all" in problem.message


def test_what_a_placeholder_stands_for_may_be_short():
    text = "echo {{ params." + "x" * ONE + " }}\n: more"
    (problem,) = problems_of(f'[tasks.a]\nrun = """\n{text}"""\n')
    assert "kernel" not in problem.message


def test_a_line_that_needs_no_shell_may_be_longer():
    words = ("cat", *["x" * 1000] * (ONE // 1000 + 1))
    assert task_of(f'run = "{" ".join(words)}"').action == ShellCommand(" ".join(words))
    assert task_of(f"run = {list(words)!r}").action == ArgumentList(words)
