"""Several live runs of one graph: said where they are meant, refused inside a node of the graph itself."""

from __future__ import annotations

import re
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from support.program import DAGTUI, ENVIRONMENT, call, write
from support.waiting import wait_for

if TYPE_CHECKING:
    from pathlib import Path

D = f"{sys.executable} -m dagtui"


def log(folder: Path, node: str) -> str:
    return call("logs", "graph.toml", node, cwd=folder).stdout


def runs(folder: Path) -> list[str]:
    return sorted(path.name for path in (folder / ".dagtui/graph/runs").iterdir())


@pytest.mark.parametrize(
    "inner",
    [
        f"{D} run graph.toml",
        f"{D} graph.toml",
        f"{D} run graph.toml --resume",
        f"env -i PATH=$PATH PYTHONPATH=$PYTHONPATH {D} run graph.toml",
        f"(setsid {D} run graph.toml & wait $!)",
    ],
    ids=["run", "open", "resume", "no environment", "another session"],
)
def test_a_run_inside_a_node_of_the_same_graph_is_refused(tmp_path: Path, inner: str):
    write(tmp_path, f"[tasks.a]\nrun = '''{inner}'''\ntimeout = 60\n")
    assert call("run", "graph.toml", cwd=tmp_path).returncode == 1
    said = log(tmp_path, "a")
    assert re.match(
        r"dagtui: this is inside (a of )?run 1 of the same graph.* use --nested if you mean that\n\Z", said
    ), said
    assert runs(tmp_path) == ["1"]


def test_it_is_refused_through_a_run_of_another_graph(tmp_path: Path):
    write(tmp_path, f"[tasks.a]\nrun = '{D} run other.toml'\n")
    write(tmp_path, f"[tasks.b]\nrun = '{D} run graph.toml'\n", "other.toml")
    assert call("run", "graph.toml", cwd=tmp_path).returncode == 1
    assert "this is inside run 1 of the same graph" in call("logs", "other.toml", "b", cwd=tmp_path).stdout
    assert runs(tmp_path) == ["1"]


SHELL = """
import os, pathlib, subprocess, sys
from dagtui.graph.loading import load
from dagtui.runs.node_environment import variables_on_terminal
from dagtui.runs.beginning import start_run
from dagtui.runs.launch import LaunchOptions
session = start_run(load(pathlib.Path("graph.toml"), {}), LaunchOptions(paused=True))
variables = variables_on_terminal(session.node_environment(0).environment)
status = subprocess.run(sys.argv[1:], env=variables, stdin=subprocess.DEVNULL).returncode
os._exit(status)
"""


def test_a_shell_on_the_screen_of_a_run_is_not_inside_a_node(tmp_path: Path):
    write(tmp_path, '[tasks.a]\nrun = "true"\n')
    done = subprocess.run(
        [sys.executable, "-c", SHELL, *DAGTUI, "run", "graph.toml"],
        cwd=tmp_path, env=ENVIRONMENT, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert done.stderr == "dagtui: this is run 2; run 1 is live as well\n"
    assert done.returncode == 0
    assert runs(tmp_path) == ["1", "2"]


def test_it_is_done_when_it_is_meant(tmp_path: Path):
    inner = f"[ {{{{ params.depth }}}} = 0 ] || {D} run graph.toml -p depth=0 --nested"
    write(tmp_path, f"[params]\ndepth = 1\n[tasks.a]\nrun = '''{inner}'''\n")
    assert call("run", "graph.toml", cwd=tmp_path).returncode == 0
    assert runs(tmp_path) == ["1", "2"]
    said = call("logs", "graph.toml", "a", "--run", "1", cwd=tmp_path).stdout
    assert "dagtui: this is run 2; run 1 is live as well\n" in said


WAIT = """
[tasks.before]
run = "true"
[tasks.beside]
run = "sleep 0.05"
[tasks.a]
needs = ["before"]
run = "for what in '' before beside a 'before after'; do echo \\"[$what]\\"; D wait graph.toml $what || echo $?; done"
[tasks.after]
needs = ["a"]
run = "true"
"""


def test_a_node_can_t_wait_for_its_own_run_or_for_what_comes_after_it(tmp_path: Path):
    write(tmp_path, WAIT.replace("D wait", f"{D} wait"))
    assert call("run", "graph.toml", cwd=tmp_path).returncode == 0
    said = log(tmp_path, "a")
    own = "dagtui wait: this is inside a of run 1, which would wait for itself; name the nodes to wait for, "
    own += "or give --nested"
    after = "dagtui: this is inside a, and {} can't be settled before it has ended; wait for nodes that come before it"
    parts = dict(re.findall(r"\[(.*)\]\n((?:(?!\[).*\n)*)", said))
    assert parts[""] == f"{own}\n2\n"
    assert parts["before"] == parts["beside"] == "completed\n"
    assert parts["a"].startswith(after.format("a"))
    assert parts["before after"].startswith(after.format("after"))


def test_a_node_can_t_print_its_own_log_into_itself(tmp_path: Path):
    write(tmp_path, f"[tasks.a]\nrun = '''echo words; {D} logs graph.toml a -f || {D} logs graph.toml a > copy'''\n")
    assert call("run", "graph.toml", cwd=tmp_path).returncode == 0
    assert "this is a itself, whose log would get what is printed; write it to a file" in log(tmp_path, "a")
    assert (tmp_path / "copy").read_text().startswith("words\n")


def test_two_runs_at_once_are_said(tmp_path: Path):
    write(tmp_path, '[tasks.a]\nrun = "until [ -e go ]; do sleep 0.02; done"\n')
    command = [*DAGTUI, "run", "graph.toml"]
    with subprocess.Popen(
        command, cwd=tmp_path, env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as first:
        wait_for((tmp_path / ".dagtui/graph/runs/1").exists, "the first run")
        with subprocess.Popen(
            command, cwd=tmp_path, env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        ) as second:
            assert second.stderr is not None
            assert second.stderr.readline() == "dagtui: this is run 2; run 1 is live as well\n"
            (tmp_path / "go").touch()
            second.communicate(timeout=60)
        _, said = first.communicate(timeout=60)
        assert said == b""
    assert (first.returncode, second.returncode) == (0, 0)
