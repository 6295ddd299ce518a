"""Values in command lines: real shells get each as it is, wherever it stands, and never execute a part of it."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from dagtui.graph.errors import ValueProblem
from dagtui.graph.expressions.braces import quote
from dagtui.graph.expressions.templates import parse_command

X = "{{ params.x }}"
SHELLS = [shell for shell in ("sh", "bash", "dash", "ksh", "zsh") if shutil.which(shell)]
VALUES = [
    *[
        "",
        " ",
        "a",
        "it's",
        "''",
        "'",
        '"',
        '"a" b',
        "$HOME",
        "${HOME}",
        "$(id)",
        "`id`",
        "a\\",
        "\\",
        "\\\\n",
        "*",
        "~",
        "!!",
    ],
    *[
        "if",
        "done",
        "A=1",
        "2",
        "-",
        "-n",
        "#x",
        "a#b",
        "a b",
        " a  b ",
        "a\nb",
        "\nE\n",
        ";id",
        "&",
        "|id",
        ">x",
        "<x",
    ],
    *[
        "{a,b}",
        "[a-z]",
        "b,c",
        "=ls",
        "~root",
        "%1",
        "(x)",
        "ä€😀",
        "\t",
        "\r",
        "\x1b[31m",
        "{{ params.x }}",
        "}}",
        "\\$x",
        "$'a'",
    ],
]
TEXT = st.text(alphabet=st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=30)


def filled(text: str, shell: str, value: str) -> str:
    return parse_command(text, (shell, "-c")).fill(lambda part: quote(value, part.place))


def output_of(command: str, shell: str, **options: object) -> bytes:
    done = subprocess.run(
        [shell, "-c", command],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=20,
        env={"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "v": "V"},
        **options,
    )
    assert not done.stderr, (command, done.stderr)
    return done.stdout


@dataclass(frozen=True)
class Part:
    """A part of a command line, and what the shell makes of it; "\0" stands for the value."""

    written: str
    meant: str


ATOMS = [
    *[Part(X, "\0"), Part(f"'{X}'", "\0"), Part(f'"{X}"', "\0"), Part(f"'a b{X}$v'", "a b\0$v")],
    *[
        Part(f'"$v{X}$v"', "V\0V"),
        Part(f'"${{v}}{X} b"', "V\0 b"),
        Part(f'"\\"{X}\\$"', '"\0$'),
        Part(f'"${X}"', "$\0"),
    ],
    *[Part(f'$v{X}"$v"', "V\0V"), Part(f"$v\\\n{X}", "V\0"), Part(f'"$v\\\n{X}"', "V\0"), Part(f'"#{X}"', "#\0")],
    *[
        Part("\\'", "'"),
        Part("'\"'", '"'),
        Part('"it\'s"', "it's"),
        Part("a", "a"),
        Part("${v:-'}'}", "V"),
        Part("\\\\", "\\"),
    ],
    *[Part(f"a{X}#b", "a\0#b"), Part(f'"{X}{X}"', "\0\0"), Part(f"{X}{X}", "\0\0"), Part(f"'{X}'{X}\"{X}\"", "\0\0\0")],
]


def printed(words: list[list[Part]]) -> Part:
    """A command that prints each of its words, which are made of parts."""
    written = " ".join("".join(part.written for part in word) for word in words)
    return Part(f"printf '[%s]' {written}", "".join(f"[{''.join(part.meant for part in word)}]" for word in words))


def substituted(command: Part) -> Part:
    return Part(f'"$({command.written})"', command.meant)


def wrapped(command: Part, wrapper: str) -> Part:
    return Part(wrapper.replace("@", command.written), command.meant)


WRAPPERS = [
    *[
        "( @\n)",
        "{ @\n}",
        "if true; then @\nfi",
        f"# it's \"{X}\n@",
        f"@ # '{X}",
        "case a in a) @\n;; esac",
        "! { @\n}",
    ],
    *[
        "cat <<E >/dev/null\nit's\nE\n@",
        "for i in 1; do @\ndone",
        f"x='{X}' && {{ @\n}}",
        f'x="{X}"\n@',
        "{ @\n} | cat",
    ],
    *[f"x={X}; @", f"true {X} '{X}' \"{X}\"; @", ': "${v:-"$v"}"; @', f"test {X} = '{X}' && test \"{X}\" = {X}\n@"],
    *["{ @\n} 2>&1", "f() { @\n}; f", ": $((1 + 1)) $v; @", "while @\ndo break; done"],
]
COMMANDS = st.recursive(
    st.lists(st.lists(st.sampled_from(ATOMS), min_size=1, max_size=3), min_size=1, max_size=3).map(printed),
    lambda inner: st.lists(
        st.lists(st.sampled_from(ATOMS) | inner.map(substituted), min_size=1, max_size=2), min_size=1, max_size=2
    ).map(printed),
    max_leaves=3,
)


@pytest.mark.parametrize("shell", SHELLS)
@settings(deadline=None, max_examples=50)
@given(COMMANDS, st.lists(st.sampled_from(WRAPPERS), max_size=2), st.sampled_from(VALUES) | TEXT)
def test_the_program_gets_the_value(shell: str, command: Part, wrappers: list[str], value: str):
    for wrapper in wrappers:
        command = wrapped(command, wrapper)
    meant = command.meant.replace("\0", value)
    assert output_of(filled(command.written, shell, value), shell) == meant.encode()


@pytest.mark.parametrize("shell", SHELLS)
def test_every_hostile_value_in_every_position(shell: str):
    words = f'{X} \'{X}\' "{X}" x{X}y \'x{X}y\' "x{X}y" $v{X} "$v{X}"'
    line = f"printf '%s\\0' {words} \"$(printf '%s.' \"{X}\" '{X}' {X})\"\n"
    command = "".join(filled(line, shell, value) for value in VALUES)
    found = output_of(command, shell).decode().split("\0")
    expected = [
        word
        for value in VALUES
        for word in (
            *[value, value, value, f"x{value}y", f"x{value}y", f"x{value}y", f"V{value}", f"V{value}"],
            f"{value}.{value}.{value}.",
        )
    ]
    assert found[:-1] == expected


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize("value", ["if", "A=1", "2", "f()", "x:"])
def test_a_value_is_no_syntax(tmp_path: object, shell: str, value: str):
    for line in (X, f"{X}>&2", f"'{X}'", f'"{X}"'):
        done = subprocess.run(
            [shell, "-c", filled(line, shell, value)], capture_output=True, cwd=str(tmp_path), timeout=20
        )
        assert done.returncode == 127, (line, done)  # there is no program of that name


PIECES = st.sampled_from(
    [
        *[X, X, X, "'", '"', "\\", "`", "$", "$(", "(", ")", "${x:-", "}", "$((", "))", "#", " #", "\n", " ", "a", ";"],
        *["<<E\n", "<<'E'\n", "\nE\n", "\tE\n", "case x in ", "x) ", ";;", " esac ", "$'", "\\'", "{", "echo ", "\\\n"],
    ]
)
HOSTILE = [
    "'; {}; '",
    '"; {}; "',
    "$({})",
    "`{}`",
    "\n{}\n",
    "\nE\n{}\n",
    "a[$({})]",
    "\\'; {}; #",
    "}}; {}; #",
    "); {}; #",
]


@pytest.mark.parametrize("shell", SHELLS)
@settings(deadline=None, max_examples=60)
@given(text=st.lists(PIECES, min_size=2, max_size=12).map("".join), hostile=st.sampled_from(HOSTILE))
@example(text=f'echo "$(echo {X})"', hostile="$({})")
@example(text=f"cat <<E\n$(cat <<F\nE\necho {X}\nF\n)\nE\n", hostile="$({})")
@example(text=f"x=(\\\n0cat <{X}>{X}", hostile="\n{}\n")
@example(text=f"cat <<E | cat\n$(cat <<-E\n\nE\necho {X}", hostile="$({})")
def test_no_value_is_ever_executed(tmp_path_factory: pytest.TempPathFactory, shell: str, text: str, hostile: str):
    try:
        command = filled(text, shell, hostile.format("echo > executed"))
    except ValueProblem:
        return
    folder = tmp_path_factory.mktemp("shell")
    subprocess.run([shell, "-c", command], cwd=folder, capture_output=True, stdin=subprocess.DEVNULL, timeout=20)
    assert not (folder / "executed").exists()
