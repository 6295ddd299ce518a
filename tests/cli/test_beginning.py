"""A newcomer's first calls: no graph yet, a graph that need not be named, help, slips, and a shell that completes."""

from __future__ import annotations

import os
import shlex
from typing import TYPE_CHECKING

import click
import pytest
from support.program import call, shell, write

import dagtui
from dagtui.cli.main import COMMANDS
from dagtui.cli.main import command as group

if TYPE_CHECKING:
    from pathlib import Path

READERS = ["", "run", "check", "plan"]
"""Commands that read the graph of the folder when none is named."""


def words(line: str) -> list[str]:
    return line.split()


def test_without_a_graph_the_help_says_how_to_begin(tmp_path: Path):
    done = call(cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("Usage: dagtui [OPTIONS] [GRAPH.toml] [NODE]...\n       dagtui COMMAND [ARGS]...\n")
    assert done.stderr.endswith("or write one to start with: dagtui init\n")


@pytest.mark.parametrize("line", ["run", "check", "plan", "-j 2"])
def test_a_command_without_a_graph_says_how_to_begin(tmp_path: Path, line: str):
    done = call(*words(line), cwd=tmp_path)
    assert done.returncode == 2
    assert "there is no graph.toml in this folder; name a graph's file, or" in done.stderr
    assert "dagtui init" in done.stderr


def test_what_init_writes_is_well_and_runs(tmp_path: Path):
    done = call("init", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (0, "wrote graph.toml; run it with: dagtui\n")
    assert len(dagtui.load(tmp_path / "graph.toml")) == 6
    ran = call(cwd=tmp_path)
    assert ran.returncode == 0, ran.stdout
    assert "6 done" in ran.stdout
    log = call("logs", "graph.toml", "report", cwd=tmp_path)
    assert log.stdout == "evaluate has completed\n"


def test_init_never_overwrites(tmp_path: Path):
    path = write(tmp_path, "", "mine.toml")
    os.symlink("nowhere", tmp_path / "link.toml")
    for name in ("mine.toml", "link.toml"):
        done = call("init", name, cwd=tmp_path)
        assert done.returncode == 2
        assert done.stderr == f"dagtui: {name} already exists and was not changed; choose another name\n"
    assert path.read_text() == "version = 1\n"
    assert not (tmp_path / "nowhere").exists()


def test_init_says_how_to_run_a_file_of_another_name_and_why_it_can_t_write(tmp_path: Path):
    assert call("init", "my graph.toml", cwd=tmp_path).stdout == (
        "wrote my graph.toml; run it with: dagtui 'my graph.toml'\n"
    )
    done = call("init", "no/where.toml", cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr == "dagtui: no/where.toml: can't be written: No such file or directory\n"


def test_init_writes_all_or_nothing(tmp_path: Path):
    # A limit on the size of files stands in for a full disk.
    done = shell("trap '' XFSZ; ulimit -f 0; dagtui init", tmp_path)
    assert (done.returncode, done.stderr) == (2, "dagtui: graph.toml: can't be written: File too large\n")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["graph.toml", "dagtui.toml"])
@pytest.mark.parametrize("command", READERS)
def test_the_graph_of_the_folder_need_not_be_named(tmp_path: Path, command: str, name: str):
    write(tmp_path, '[tasks.only]\nrun = "true"\n', name)
    done = call(*words(command), cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "1 node" in done.stdout


@pytest.mark.parametrize("command", [*READERS, "status", "wait", "runs", "cancel --all", "logs only"])
def test_a_folder_is_no_graph(tmp_path: Path, command: str):
    (tmp_path / "folder").mkdir()
    line = words(command)
    done = call(*line[:1], "folder", *line[1:], cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr == "dagtui: folder is a folder: name the graph's file\n"
    write(tmp_path / "folder", '[tasks.only]\nrun = "true"\n')
    assert (
        "folder: name the graph's file, for example folder/graph.toml\n" in call("plan", "folder", cwd=tmp_path).stderr
    )


@pytest.mark.parametrize("line", ["train", "./train", "run train", "check ./train", "plan train"])
def test_a_graph_s_name_without_its_ending_is_a_slip(tmp_path: Path, line: str):
    write(tmp_path, '[tasks.only]\nrun = "true"\n', "train.toml")
    done = call(*words(line), cwd=tmp_path)
    assert done.returncode == 2
    assert 'did you mean "train.toml"?' in done.stderr


@pytest.mark.parametrize("command", ["", *COMMANDS])
def test_help_fits_80_columns_and_tells_no_type_of_click(tmp_path: Path, command: str):
    done = call(*words(command), "--help", cwd=tmp_path, env={"COLUMNS": "80"})
    assert done.returncode == 0
    assert max(map(len, done.stdout.splitlines())) <= 80
    assert "INTEGER" not in done.stdout
    assert "dagtui open" not in done.stdout


def test_the_help_tells_every_command_and_every_option_of_opening(tmp_path: Path):
    shown = call("--help", cwd=tmp_path).stdout
    lines = [line.split()[0] for line in shown.splitlines() if line.startswith("  ") and line.strip()]
    assert set(COMMANDS) - {"open"} <= set(lines)
    assert {"-p,", "-j,", "--resume", "--fresh", "--theme", "--in-process", "--version"} <= set(lines)


def completed(folder: Path, line: str) -> list[str]:
    """What a shell offers at the end of a line; "FILE" for its own names of files."""
    asked = {"_DAGTUI_COMPLETE": "bash_complete", "COMP_WORDS": line, "COMP_CWORD": str(line.count(" "))}
    done = call(cwd=folder, env=asked)
    assert done.stderr == ""
    offers = [word.partition(",") for word in done.stdout.split()]
    return [word if kind == "plain" else "FILE" for kind, _comma, word in offers]


def test_a_shell_completes_commands_options_graphs_and_tasks(tmp_path: Path):
    graph = """
[tasks.train]
matrix = { seed = [1, 2] }
run = "true"
[tasks.tidy]
run = "true"
[tasks."$(touch ran)"]
run = "true"
"""
    write(tmp_path, graph, "reads.toml")
    write(tmp_path, graph, "$(touch ran).toml")
    assert completed(tmp_path, "dagtui re") == ["retry", "rerun", "reload", "release", "resume", "reads.toml"]
    assert {"init", "logs", "reads.toml"} <= set(completed(tmp_path, "dagtui "))
    assert completed(tmp_path, "dagtui gra") == ["FILE"]
    assert completed(tmp_path, "dagtui --ve") == ["--version"]
    assert completed(tmp_path, "dagtui --fr") == ["--fresh"]
    assert completed(tmp_path, "dagtui reads.toml --fr") == ["--fresh"]
    assert completed(tmp_path, "dagtui logs reads.toml t") == ["train", "tidy"]
    assert completed(tmp_path, "dagtui retry reads.toml ") == ["train", "tidy"]
    assert completed(tmp_path, "dagtui wait reads.toml train ti") == ["tidy"]
    assert completed(tmp_path, "dagtui logs nothing.toml t") == []
    assert completed(tmp_path, "dagtui logs re") == ["FILE"]
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    ("words", "write"),
    [
        (["retry", "fetch"], "dagtui retry graph.toml fetch"),
        (["logs", "fetch"], "dagtui logs graph.toml fetch"),
        (["logs", "fetsh", "fetch", "--path"], "dagtui logs graph.toml fetch --path"),
        (["cancel", "nope", "x y", "--subtree", "-n"], "dagtui cancel graph.toml nope 'x y' --subtree -n"),
        (["wait", "fetch", "--timeout", "5s"], "dagtui wait graph.toml fetch --timeout 5s"),
        (["rerun", "t[x=1]", "--run", "3"], "dagtui rerun graph.toml 't[x=1]' --run 3"),
        (["jobs", "4"], "dagtui jobs graph.toml 4"),
        (["jobs", "nope", "4"], "dagtui jobs graph.toml 4"),
        (["pause", "fetch"], "dagtui pause graph.toml"),
    ],
)
def test_a_node_in_place_of_the_graphs_file_is_told_where_the_file_goes(tmp_path: Path, words: list[str], write: str):
    (tmp_path / "graph.toml").write_text('version = 1\n[tasks.fetch]\nrun = "true"\n')
    done = call(*words, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f'dagtui: "{words[1]}" is not a graph file; write: {write}\n'


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["cancel", "a", "--all"], "this concerns the whole run; omit the nodes or the option"),
        (["cancel", "a", "b", "--all", "-n"], "this concerns the whole run; omit the nodes or the option"),
        (["retry", "a", "--failed"], "this concerns the whole run; omit the nodes or the option"),
        (["cancel", "a", "--subtree", "--all"], "--subtree and --all exclude each other"),
    ],
)
@pytest.mark.parametrize("is_there", [True, False], ids=["graph", "no graph"])
def test_what_would_be_refused_is_not_advised(tmp_path: Path, words: list[str], told: str, is_there: bool):
    if is_there:
        (tmp_path / "graph.toml").write_text('version = 1\n[tasks.a]\nrun = "true"\n')
    done = call(*words, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"dagtui {words[0]}: {told}\n"


@pytest.mark.parametrize("command", COMMANDS)
def test_a_usage_line_puts_in_brackets_what_can_be_left_out(command: str):
    """A graph can't be left out before an argument that can not: the next word would be taken for it."""
    context = click.Context(group)
    called = group.get_command(context, command)
    assert called is not None
    _options, *usage = called.collect_usage_pieces(click.Context(called, context))
    if "[GRAPH.toml]" in usage:
        assert all(word.startswith("[") for word in usage)
    elif "GRAPH.toml" in usage:
        assert not usage[-1].startswith("[")


@pytest.mark.parametrize("words", [["cancel", "a"], ["rerun", "a", "b c"], ["retry", "a", "--dry-run"], ["mark", "a"]])
def test_a_node_without_any_graph_file_is_told_to_give_one(tmp_path: Path, words: list[str]):
    done = call(*words, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    said = f"dagtui {words[0]} GRAPH.toml {shlex.join(words[1:])}"
    assert done.stderr == f'dagtui: "a" is not a graph file, and there is no graph.toml in this folder; write: {said}\n'


@pytest.mark.parametrize("number", ["-1", "0", "1000001"])
def test_a_number_of_slots_that_can_not_be_is_not_advised(tmp_path: Path, number: str):
    (tmp_path / "graph.toml").write_text('version = 1\n[tasks.fetch]\nrun = "true"\n')
    done = call("jobs", number, cwd=tmp_path)
    assert done.returncode == 2
    assert "give an integer from 1 to 1,000,000" in done.stderr
    assert "write:" not in done.stderr


def test_a_command_on_a_live_run_takes_the_graph_of_the_folder(tmp_path: Path):
    (tmp_path / "graph.toml").write_text('version = 1\n[tasks.fetch]\nrun = "true"\n')
    for words in (["pause"], ["wait"], ["retry", "--failed"], ["cancel", "--all"]):
        assert "graph.toml has no live run" in call(*words, cwd=tmp_path).stderr
    (tmp_path / "graph.toml").unlink()
    assert "there is no graph.toml in this folder" in call("pause", cwd=tmp_path).stderr
