from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from dagtui.execution.local.command import CommandError, Commands, Program
from dagtui.graph.model import Action, ArgumentList, PythonCall, ShellCommand
from dagtui.graph.resolution import Resolved


def program(folder: Path, name: str, mode: int = 0o755) -> str:
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_text("#!/bin/sh\n")
    path.chmod(mode)
    return str(path)


@pytest.fixture
def commands(tmp_path: Path) -> Commands:
    program(tmp_path / "bin", "sh")
    return Commands({"PATH": str(tmp_path / "bin")}, {})


def resolved(folder: Path, action: Action, shell: tuple[str, ...] | None = None, **env: str) -> Resolved:
    return Resolved(action, dict(env), folder, shell)


def test_a_simple_line_starts_the_program_itself(commands: Commands, tmp_path: Path):
    tool = program(tmp_path / "bin", "tool")
    shell = str(tmp_path / "bin" / "sh"), ("sh", "-e", "-c", "tool a b")
    assert commands.program(resolved(tmp_path, ShellCommand("tool a b"))) == Program(tool, ("tool", "a", "b"), shell)


def test_a_line_for_the_shell(commands: Commands, tmp_path: Path):
    found = commands.program(resolved(tmp_path, ShellCommand("tool | tool")))
    assert found == Program(str(tmp_path / "bin" / "sh"), ("sh", "-e", "-c", "tool | tool"))


def test_a_shell_of_the_tasks_own_gets_every_line(commands: Commands, tmp_path: Path):
    program(tmp_path / "bin", "tool")
    fish = program(tmp_path / "bin", "fish")
    found = commands.program(resolved(tmp_path, ShellCommand("tool"), ("fish", "-c")))
    assert found == Program(fish, ("fish", "-c", "tool"))


def test_what_is_not_found_is_the_shells_to_report(commands: Commands, tmp_path: Path):
    assert commands.program(resolved(tmp_path, ShellCommand("gone"))).argv == ("sh", "-e", "-c", "gone")


def test_a_program_that_appears_is_found_at_once(commands: Commands, tmp_path: Path):
    commands.program(resolved(tmp_path, ShellCommand("tool")))
    tool = program(tmp_path / "bin", "tool")
    assert commands.program(resolved(tmp_path, ShellCommand("tool"))).path == tool


def test_a_file_that_is_not_executable_and_comes_first_is_the_shells_to_judge(commands: Commands, tmp_path: Path):
    program(tmp_path / "first", "tool", 0o644)
    program(tmp_path / "bin", "tool")
    path = f"{tmp_path / 'first'}:{tmp_path / 'bin'}"
    assert commands.program(resolved(tmp_path, ShellCommand("tool"), PATH=path)).argv[0] == "sh"


def test_a_list_passes_over_what_is_not_executable(commands: Commands, tmp_path: Path):
    program(tmp_path / "first", "tool", 0o644)
    tool = program(tmp_path / "bin", "tool")
    path = f"{tmp_path / 'first'}:{tmp_path / 'bin'}"
    assert commands.program(resolved(tmp_path, ArgumentList(("tool", "x")), PATH=path)) == Program(tool, ("tool", "x"))


@pytest.mark.parametrize("path", ["", ".", "there", ":/nowhere", "/nowhere:."])
def test_entries_of_path_are_relative_to_the_nodes_directory(commands: Commands, tmp_path: Path, path: str):
    here = tmp_path / "there" if path == "there" else tmp_path
    program(tmp_path / "there", "tool")
    program(tmp_path, "tool")
    found = commands.program(resolved(tmp_path, ArgumentList(("tool",)), PATH=path))
    assert os.path.samefile(found.path, here / "tool")


def test_two_directories_do_not_share_what_is_remembered(commands: Commands, tmp_path: Path):
    for name in ("one", "two"):
        program(tmp_path / name, "tool")
        found = commands.program(resolved(tmp_path / name, ArgumentList(("tool",)), PATH="."))
        assert os.path.samefile(found.path, tmp_path / name / "tool")


def test_a_directory_of_that_name_is_not_a_program(commands: Commands, tmp_path: Path):
    (tmp_path / "bin" / "tool").mkdir()
    with pytest.raises(CommandError, match=r"not found in PATH$"):
        commands.program(resolved(tmp_path, ArgumentList(("tool",))))


def test_a_shell_string_in_brackets_gets_a_hint(commands: Commands, tmp_path: Path):
    with pytest.raises(CommandError, match="leave the brackets out for a shell string"):
        commands.program(resolved(tmp_path, ArgumentList(("tool && tool",))))


def test_without_path_the_systems_own_is_searched(tmp_path: Path):
    found = Commands({}, {}).program(resolved(tmp_path, ArgumentList(("sh",))))
    assert os.path.basename(found.path) == "sh"


def test_an_exported_function_hides_a_program(commands: Commands, tmp_path: Path):
    program(tmp_path / "bin", "tool")
    env = {"BASH_FUNC_tool%%": "() { :; }"}
    assert commands.program(resolved(tmp_path, ShellCommand("tool"), **env)).argv[0] == "sh"


def test_a_call_runs_in_the_same_interpreter(commands: Commands, tmp_path: Path):
    found = commands.program(resolved(tmp_path, PythonCall("m:f", {"a": [1, "x"]})))
    assert found.path == sys.executable
    assert found.argv[-2:] == ("m:f", '{"a": [1, "x"]}')
    assert Path(found.argv[1]).name == "call.py"


@pytest.mark.parametrize(
    ("action", "shell", "expected"),
    [
        (ShellCommand("tool a"), None, ("sh", "-e", "-c", "tool a")),
        (ShellCommand("tool a"), ("fish", "-c"), ("fish", "-c", "tool a")),
        (ArgumentList(("elsewhere", "a b")), None, ("elsewhere", "a b")),
    ],
)
def test_what_is_wrapped_is_found_by_the_wrapper(
    commands: Commands, tmp_path: Path, action: Action, shell: tuple[str, ...] | None, expected: tuple[str, ...]
):
    tool = program(tmp_path / "bin", "tool")
    node = Resolved(action, {}, tmp_path, shell, wrap=("tool", "-n", "5 5"))
    assert commands.program(node) == Program(tool, ("tool", "-n", "5 5", *expected))


def test_a_wrapped_call_gets_the_same_interpreter(commands: Commands, tmp_path: Path):
    tool = program(tmp_path / "bin", "tool")
    call = commands.program(Resolved(PythonCall("m:f"), {}, tmp_path, None))
    node = Resolved(PythonCall("m:f"), {}, tmp_path, None, wrap=("tool",))
    assert commands.program(node) == Program(tool, ("tool", *call.argv))


def test_a_wrapper_has_to_be_there_and_wraps_no_nothing(commands: Commands, tmp_path: Path):
    assert commands.program(Resolved(None, {}, tmp_path, None, wrap=("gone",))).path == ""
    with pytest.raises(CommandError, match=r'program "gone" not found in PATH$'):
        commands.program(Resolved(ShellCommand("true"), {}, tmp_path, None, wrap=("gone",)))


def test_nothing_to_do(commands: Commands, tmp_path: Path):
    assert commands.program(resolved(tmp_path, None)).path == ""
