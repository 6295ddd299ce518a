"""Graphs in the languages of other tools: each is read again, by its own tool where that is there."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest
import tomli_w
from graph.model_strategies import documents
from graph.sources import edges_of
from hypothesis import HealthCheck, given, settings
from support.program import call, strict, write

from dagtui.graph.files.links import FileEdges
from dagtui.graph.loading import load, load_text
from dagtui.graph.model import Graph, Task
from dagtui.report.drawings import dot, mermaid, to_json

if TYPE_CHECKING:
    from pathlib import Path

HOSTILE = [
    'a"] --> b["',
    "end",
    "#quot;#35;",
    "<script>&lt;&amp;",
    "%% {{x}} ;",
    "`**md**`",
    "back\\slash\\N\\",
    "日本 é",
    "}",
    "\x1b[31m\u202e",
]
NODE = re.compile(r' +n(\d+)\["([^"\n]*)"\]')
EDGE = re.compile(r"  n(\d+) (-->|-\.->) n(\d+)")
OTHERS = re.compile(r'flowchart LR| +subgraph g\d+\["[^"\n]*"\]| +end')


def hostile_graph() -> Graph:
    labels = HOSTILE
    tasks = [Task(name, group="/".join(HOSTILE[:2]) if name == "}" else "") for name in labels]
    graph = Graph(labels, [(number, number + 1) for number in range(len(labels) - 1)], name='"};', tasks=tasks)
    graph.file_edges = FileEdges([(0, 1)], len(graph))
    return graph


def text_of(drawn: str) -> str:
    """What Mermaid shows for a quoted text: its entities are numbers."""
    return re.sub(r"#(\d+);", lambda found: chr(int(found[1])), drawn)


@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.too_slow])
@given(documents())
def test_a_flowchart_has_the_nodes_and_edges_and_nothing_else(document: dict[str, object]):
    graph = load_text(tomli_w.dumps(document), "demo.toml")
    lines = list(mermaid(graph))
    nodes = {int(found[1]): text_of(found[2]) for line in lines if (found := NODE.fullmatch(line))}
    edges = {(int(found[1]), int(found[3])) for line in lines if (found := EDGE.fullmatch(line))}
    others = [line for line in lines if not NODE.fullmatch(line) and not EDGE.fullmatch(line)]
    assert nodes == dict(enumerate(graph.labels))
    assert edges == set(edges_of_numbers(graph))
    assert all(map(OTHERS.fullmatch, others))
    assert sum("subgraph" in line for line in others) == sum(line.strip() == "end" for line in others)


def edges_of_numbers(graph: Graph) -> list[tuple[int, int]]:
    return [(parent, child) for child in graph.nodes for parent in graph.parents(child)]


@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.too_slow])
@given(documents())
def test_json_has_the_file_the_nodes_and_the_edges(document: dict[str, object]):
    graph = load_text(tomli_w.dumps(document), "demo.toml")
    found = strict(to_json(graph))
    assert isinstance(found, dict)
    assert [node["node"] for node in found["nodes"]] == graph.labels
    assert {(edge["parent"], edge["child"]) for edge in found["edges"]} == set(edges_of(graph))
    assert found["file"]["tasks"].keys() == {task.name for task in graph.tasks}


def test_hostile_names_stay_inside_their_quotes():
    lines = list(mermaid(hostile_graph()))
    nodes = [text_of(found[2]) for line in lines if (found := NODE.fullmatch(line))]
    assert sorted(nodes) == sorted([*HOSTILE[:-1], "^[[31m\\u202e"])
    assert "  n0 -.-> n1" in lines
    assert "  n1 --> n2" in lines


@pytest.mark.skipif(shutil.which("dot") is None, reason="Graphviz is not installed")
def test_graphviz_draws_hostile_names_as_they_are():
    source = "\n".join(dot(hostile_graph()))
    drawn = subprocess.run(["dot", "-Tsvg"], input=source, capture_output=True, text=True, timeout=60)
    assert (drawn.returncode, drawn.stderr) == (0, "")
    texts = ["".join(text.itertext()) for text in ET.fromstring(drawn.stdout).iter("{http://www.w3.org/2000/svg}text")]
    shown = sorted(text.replace("\u00a0", " ") for text in texts)
    assert shown == sorted([*HOSTILE[:-1], "^[[31m\\u202e", *HOSTILE[:2]])
    assert drawn.stdout.count('stroke-dasharray="1,5"') == 1


def test_each_form_is_written_once_and_says_where(tmp_path: Path):
    write(tmp_path, '[params]\np = "x"\n[run]\nsecrets = ["TOKEN"]\n[tasks.a]\nrun = "echo {{ params.p }} hunter22"\n')
    for form in ("toml", "mermaid", "dot", "json"):
        words = ("export", "graph.toml", "--to", form, "-o", f"out.{form}", "-p", "p=y")
        done = call(*words, cwd=tmp_path, env={"TOKEN": "hunter22"})
        assert (done.returncode, done.stdout) == (0, f"wrote out.{form}\n"), done.stderr
        written = (tmp_path / f"out.{form}").read_text()
        assert "hunter22" not in written
        again = call(*words, cwd=tmp_path, env={"TOKEN": "hunter22"})
        assert (again.returncode, "already exists and was not changed" in again.stderr) == (2, True)
        assert (tmp_path / f"out.{form}").read_text() == written
    assert call("check", "out.toml", cwd=tmp_path, env={"TOKEN": "hunter22"}).returncode == 0
    assert load(tmp_path / "out.toml").params == {"p": "y"}
    assert json.loads((tmp_path / "out.json").read_text())["nodes"] == [{"node": "a", "task": "a", "cell": {}}]


def test_what_is_printed_as_toml_loads_and_has_no_control_codes(tmp_path: Path):
    path = write(tmp_path, '[tasks.a]\nrun = "echo \\u009b31m \\u202e\\u001b"\n')
    done = call("export", "graph.toml", "--to", "toml", cwd=tmp_path)
    assert done.stdout.replace("\n", "").isprintable()
    assert load_text(done.stdout, "printed.toml").tasks[0].action == load(path).tasks[0].action


def test_a_picture_that_mermaid_would_refuse_is_said(tmp_path: Path):
    write(
        tmp_path,
        "[tasks.a]\nmatrix.x = [1, 2, 3]\n[tasks.b]\nmatrix.y = ["
        + ",".join(map(str, range(200)))
        + ']\nneeds = ["a"]\n',
    )
    done = call("export", "graph.toml", "--to", "mermaid", cwd=tmp_path)
    assert "600 edges: Mermaid draws 500" in done.stderr
