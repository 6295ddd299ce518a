from __future__ import annotations

import os
import shlex
import subprocess
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from support.executor_harness import served

from dagtui.graph.model import ShellCommand, Task
from dagtui.graph.shell_bypass import simple_words

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("make", ("make",)),
        ("  make -j2  all\t\n", ("make", "-j2", "all")),
        ("cc -o a.out 'a b.c' \"it's\"", ("cc", "-o", "a.out", "a b.c", "it's")),
        ("dd if=/dev/zero of=x bs=1", ("dd", "if=/dev/zero", "of=x", "bs=1")),
        ("./run a'b'\"c\"d ''", ("./run", "abcd", "")),
        ("/usr/bin/env A=1 x", ("/usr/bin/env", "A=1", "x")),
        ("true", ("true",)),
        ("grep 'multi\nline' f", ("grep", "multi\nline", "f")),
        ("run 'ünï'", ("run", "ünï")),
    ],
)
def test_simple(text: str, words: tuple[str, ...]):
    assert simple_words(text) == words


@pytest.mark.parametrize(
    "text",
    [
        "", " ", "a; b", "a\nb", "a | b", "a && b", "a > b", "a < b", "a &", "a $B", "a `b`", "a *", "a ?", "a [b]",
        "a ~", "a ~/b", "a {b,c}", "a #b", "a \\b", "a !b", "! a", "A=1", "A=1 b", "a=b", "echo x", "cd x", "exec a",
        ". x", ": x", "[ a ]", "test a", "if a", "{ a", "( a )", "a (b)", "time a", "true x", "false --help",
        "printf x", "'a' b", '"$a"', 'a "$b"', 'a "`b`"', 'a "\\b"', "a 'b", 'a "b', "source x", "export A", "ünï",
        "a ünï", "a\0", "'a\0'", "a 'b\0'", "a\r", "a\x0bb", "a\u00a0b", "%1", "a\x1b",
    ],
)  # fmt: skip
def test_not_simple(text: str):
    assert simple_words(text) is None


WORDS = st.sampled_from(
    [
        "a", "-x", "b=c", "'q r'", '"s t"', "''", '""', "'", '"', "$H", "~", "*", ";", "#", "\\", "%d", "!", "a~b",
        "@", "=", "{x}", "^", ",", ":", ".", "/", "é", "'é\"'", "\t", "\n", "  ", "'\n'", "a'b'", "]", "-", "--",
        "+", "1>x", "&", "if",
    ]
)  # fmt: skip
LINES = st.builds("".join, st.lists(st.one_of(WORDS, st.just(" "), st.characters(codec="utf-8")), max_size=12))


@pytest.fixture(scope="module")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with a program that prints its arguments, each followed by a null byte."""
    folder = tmp_path_factory.mktemp("programs")
    program = folder / "show"
    program.write_text("#!/bin/sh\n[ $# = 0 ] || printf '%s\\0' \"$@\"\n")
    program.chmod(0o755)
    return folder


@pytest.mark.parametrize("shell", ["sh", "bash"])
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(line=LINES)
@example(line=shlex.quote("it's") + " " + shlex.quote("$x"))
def test_a_shell_gives_a_program_the_same_words(programs: Path, shell: str, line: str):
    text = "show " + line
    words = simple_words(text)
    if words is None:
        return
    done = subprocess.run(
        [shell, "-e", "-c", text], env={"PATH": f"{programs}:/bin"}, capture_output=True, cwd=programs
    )
    assert done.returncode == 0, done.stderr
    assert tuple(done.stdout.split(b"\0")[:-1]) == tuple(os.fsencode(word) for word in words[1:])


@given(st.lists(st.text(st.characters(blacklist_characters="\0", codec="utf-8")), max_size=5))
def test_quoted_values_stay_simple(values: list[str]):
    assert simple_words(shlex.join(["program", *values])) == ("program", *values)


@settings(max_examples=40, deadline=None)
@given(st.text(max_size=5000))
def test_any_text_is_decided(text: str):
    words = simple_words(text)
    assert words is None or words


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("text", "env", "log"),
    [
        ("show x", {}, b"x\0"),
        ("./show y", {}, b"y\0"),
        ("show x", {"BASH_FUNC_show%%": "() { echo function; }"}, None),
    ],
)
async def test_direct_and_through_the_shell_is_the_same(
    tmp_path: Path, programs: Path, text: str, env: dict[str, str], log: bytes | None
):
    path = {"PATH": f"{programs}:/bin:/usr/bin", **env}
    tasks = [Task(str(n), ShellCommand(line), cwd=str(programs), env=path) for n, line in enumerate([text, f"{text};"])]
    async with served(tmp_path, *tasks) as harness:
        harness.start_all()
        logs = [await harness.log(node) for node in (0, 1)]
        assert logs[0] == logs[1]
        assert log is None or logs[0] == log
