"""A dvc.yaml becomes a graph: stages, files, values, cells, and a remark where something is lost."""

from __future__ import annotations

import contextlib
import re
from typing import TYPE_CHECKING

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.program import call

from dagtui.graph.errors import GraphError
from dagtui.graph.loading import load_text
from dagtui.migration.drafts import LOST
from dagtui.migration.dvc import read_dvc

if TYPE_CHECKING:
    from pathlib import Path

    from dagtui.graph.model import Graph

STAGES = """
vars:
  - sizes: [s, l]
stages:
  prepare:
    cmd: cp raw.txt data/ready.txt
    deps: [raw.txt, tool.py]
    params: [prepare.seed, {other.json: null}, {args.toml: [a.b]}]
    outs: [data/ready.txt]
  train:
    desc: Train it
    foreach: ${sizes}
    do:
      cmd: echo ${item} ${train.lr} > model-${item}.txt
      deps: [data/ready.txt]
      outs: ["model-${item}.txt"]
      metrics: ["scores/${item}.json": {cache: false}]
  grid:
    matrix: {size: "${sizes}", depth: [1, 2]}
    cmd: echo ${item.size} ${item.depth}
  named:
    foreach: {one: {uri: a, deep: {n: 1}}, two: {uri: b, deep: {n: 2}}}
    do:
      cmd: echo ${key} ${item.uri} ${item.deep.n}
  report:
    wdir: docs
    cmd:
      - echo '{{x}}' '\\${kept}'
      - echo ${train}
    deps: [../model-s.txt, "odd[1].txt"]
    outs: [pages]
"""
PARAMS = "prepare: {seed: 1}\ntrain: {lr: 0.1, deep: {n: 3, on: true, off: false, many: [1, 2]}}\n"


def drafted(folder: Path, stages: str = STAGES, params: str = PARAMS) -> str:
    (folder / "dvc.yaml").write_text(stages)
    if params:
        (folder / "params.yaml").write_text(params)
    return read_dvc(folder / "dvc.yaml").text()


def graph_of(text: str, folder: Path) -> Graph:
    return load_text(text, str(folder / "graph.toml"))


def test_stages_are_tasks_with_their_files_values_and_cells(tmp_path: Path):
    text = drafted(tmp_path)
    graph = graph_of(text, tmp_path)
    assert LOST not in text
    assert graph.params == {"train_lr": 0.1}
    assert graph.labels == [
        "prepare",
        *("train[item=s]", "train[item=l]"),
        *("grid[size=s,depth=1]", "grid[size=s,depth=2]", "grid[size=l,depth=1]", "grid[size=l,depth=2]"),
        *("named[key=one,uri=a,deep_n=1]", "named[key=two,uri=b,deep_n=2]"),
        "report",
    ]
    tasks = {task.name: task for task in graph.tasks}
    assert tasks["prepare"].inputs == ("raw.txt", "tool.py", "params.yaml#prepare.seed", "other.json", "args.toml#a.b")
    assert tasks["train"].doc == "Train it"
    assert tasks["train"].outputs == ("model-{{ matrix.item }}.txt", "scores/{{ matrix.item }}.json")
    assert (tasks["report"].cwd, tasks["report"].outputs) == ("docs", ("pages",))
    assert tasks["report"].inputs == ("../model-s.txt", "odd[[]1].txt")
    commands = [getattr(task.action, "text", "") for task in graph.tasks]
    assert commands[2] == "echo {{ matrix.size }} {{ matrix.depth }}"
    assert commands[4] == ("echo '{{{{x}}' '${kept}'\necho --lr 0.1 --deep.n 3 --deep.on --deep.many 1 2")
    node = graph.node
    assert list(graph.parents(node("train[item=s]"))) == [node("prepare")]
    assert list(graph.parents(node("report"))) == [node("train[item=s]")]


@pytest.mark.parametrize(
    ("stage", "lost"),
    [
        ("{cmd: 'echo ${nothing}'}", "the value of ${nothing} is not known"),
        ("{cmd: x, deps: ['s3://bucket/x']}", "deps: s3://bucket/x: not a file of this machine"),
        ("{cmd: x, frozen: true}", "the key frozen"),
        ("{foreach: [[1]], do: {cmd: x}}", "foreach: its values are not texts or numbers"),
        ("{foreach: '${none}', do: {cmd: x}}", "the value of ${none} is not known"),
        ("{deps: [x.txt]}", "it has no cmd"),
        ('{cmd: x, "odd\\n[tasks.evil]": 1}', "the key odd\n#   [tasks.evil]"),
        ("just words", "stage a: it is not a table"),
    ],
)
def test_what_is_lost_is_said_where_it_is(tmp_path: Path, stage: str, lost: str):
    text = drafted(tmp_path, f"stages:\n  well: {{cmd: 'true'}}\n  a: {stage}\n", "")
    assert f"{LOST} {lost}" in text
    assert {task.name for task in graph_of(text, tmp_path).tasks} <= {"well", "a"}


def test_a_path_with_two_slashes_at_its_start_has_an_end(tmp_path: Path):
    text = drafted(tmp_path, "stages:\n  a: {cmd: 'true', deps: [//nowhere/x]}\n", "")
    assert graph_of(text, tmp_path).tasks[0].inputs == ("//nowhere/x",)


def test_folders_are_known_from_the_lock_the_disk_and_other_paths(tmp_path: Path):
    (tmp_path / "on.disk").mkdir()
    (tmp_path / "file").touch()
    (tmp_path / "dvc.lock").write_text("stages: {a: {outs: [{path: in.lock, md5: 1f.dir}]}}")
    paths = "[on.disk, file, in.lock, through.it, through.it/x.csv, slash/, plain.csv, LICENSE]"
    text = drafted(tmp_path, f"stages:\n  a: {{cmd: 'true', deps: {paths}}}\n", "")
    found = graph_of(text, tmp_path).tasks[0].inputs
    assert found == (
        "on.disk/",
        "file",
        "in.lock/",
        "through.it/",
        "through.it/x.csv",
        "slash/",
        "plain.csv",
        "LICENSE",
    )


def test_yaml_is_read_as_version_1_2_and_aliases_end_soon(tmp_path: Path):
    text = drafted(tmp_path, "stages:\n  a: {cmd: 'echo ${on} ${day}'}\n", "on: yes\nday: 2024-01-02\n")
    assert graph_of(text, tmp_path).params == {"on": "yes", "day": "2024-01-02"}
    bomb = "a0: &a0 [x]\n" + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 30))
    text = drafted(tmp_path, "stages:\n  a: {cmd: 'echo ${a29}', deps: ['${a29}']}\n", bomb)
    assert len(text) < 10_000


KEYS = ["cmd", "deps", "outs", "params", "wdir", "foreach", "do", "matrix", "vars", "desc", "metrics", "odd"]
TEXTS = st.sampled_from(["${item}", "${a.b}", "x y", "a/b.csv", "data", "{{", "../up", "/abs", "", "é\n\x1b", "*", "#"])
ANY = st.recursive(
    TEXTS | st.integers(-3, 3) | st.booleans() | st.none(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS | st.sampled_from(KEYS), inner, max_size=3),
    max_leaves=6,
)


@settings(deadline=None, max_examples=150, suppress_health_check=list(HealthCheck))
@given(
    st.dictionaries(TEXTS.filter(bool), st.dictionaries(st.sampled_from(KEYS), ANY, max_size=5) | ANY, max_size=3), ANY
)
def test_any_file_makes_a_graph_or_a_sentence(tmp_path: Path, stages: object, params: object):
    with contextlib.suppress(GraphError, ValueError):  # what the command says as a sentence
        graph_of(drafted(tmp_path, yaml.safe_dump({"stages": stages}), yaml.safe_dump(params)), tmp_path)


def test_the_command_writes_once_what_runs_and_is_then_up_to_date(tmp_path: Path):
    (tmp_path / "dvc.yaml").write_text(
        "stages:\n  a: {cmd: cp in.txt mid.txt, deps: [in.txt], outs: [mid.txt]}\n"
        "  b: {cmd: wc -c < mid.txt > out.txt, deps: [mid.txt], outs: [out.txt], frozen: true}\n"
    )
    (tmp_path / "in.txt").write_text("12345")
    done = call("import", "dvc.yaml", cwd=tmp_path)
    assert done.stdout.splitlines() == [
        'wrote graph.toml: 1 of 2 tasks carried over whole, 1 place lost: look for "# lost:"',
        "to see what would run: dagtui plan graph.toml",
    ], done.stderr
    assert call("check", cwd=tmp_path).returncode == 0
    assert call("run", "graph.toml", cwd=tmp_path).returncode == 0
    assert (tmp_path / "out.txt").read_text().strip() == "5"
    again = call("run", "graph.toml", cwd=tmp_path)
    assert len(re.findall("up to date", again.stdout)) >= 1, again.stdout
    before = (tmp_path / "graph.toml").read_bytes()
    refused = call("import", "dvc.yaml", cwd=tmp_path)
    assert (refused.returncode, "already exists and was not changed" in refused.stderr) == (2, True)
    assert (tmp_path / "graph.toml").read_bytes() == before


@pytest.mark.parametrize(
    ("name", "content", "words", "said"),
    [
        ("dvc.yaml", "stages:\n  a: [1\n  b: 2", (), "dagtui: dvc.yaml: line 3, column "),
        ("dvc.yaml", "x: 1", (), 'dagtui: dvc.yaml: it has no table "stages"'),
        ("dvc.yaml", "stages: {}", ("-o", "../graph.toml"), "write the graph there"),
        ("dvc.yaml", "stages: {}", (), "what it says makes no graph; nothing was written"),
        ("other.yaml", "", (), "other.yaml: only these files can be read: dvc.yaml"),
    ],
)
def test_what_can_t_be_read_is_one_sentence(tmp_path: Path, name: str, content: str, words: tuple[str, ...], said: str):
    (tmp_path / name).write_text(content)
    done = call("import", name, *words, cwd=tmp_path)
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "graph.toml").exists()
