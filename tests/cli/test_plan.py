"""`dagtui plan`: what it says is what a run does."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from typing import TYPE_CHECKING

from support.program import call, on_a_terminal, strict, write

if TYPE_CHECKING:
    from pathlib import Path

DIAMOND = """
[run]
jobs = 2
[tasks.end]
needs = ["long", "short"]
run = "true"
[tasks.start]
run = "echo $HOME {{ env.SECRET }}"
[tasks.short]
needs = ["start"]
run = "true"
[tasks.long]
needs = ["start"]
run = "true"
[tasks.rescue]
needs = ["long"]
trigger = "any_failed"
run = "touch rescued"
[tasks.after-rescue]
needs = ["rescue"]
run = "true"
[tasks.always]
needs = ["rescue", "end"]
trigger = "all_done"
run = "true"
"""


def history(folder: Path, **seconds: float) -> None:
    path = folder / ".dagtui/graph/history.json"
    path.parent.mkdir(parents=True, mode=0o700, exist_ok=True)
    nodes = {label: [value, ""] for label, value in seconds.items()}
    path.write_text(json.dumps({"version": 1, "nodes": nodes}))


def plan(folder: Path, *words: str) -> dict[str, object]:
    done = call("plan", "graph.toml", "--json", *words, cwd=folder)
    assert done.returncode == 0, done.stderr
    assert done.stdout.isascii()
    return json.loads(done.stdout)


def test_nothing_is_executed_and_nothing_is_written(tmp_path: Path):
    write(tmp_path, '[tasks.a]\nrun = "touch executed"\n')
    done = call("plan", "graph.toml", cwd=tmp_path)
    assert done.returncode == 0
    assert done.stdout.startswith("graph: 1 node would run")
    assert [path.name for path in tmp_path.iterdir()] == ["graph.toml"]


def test_times_order_and_critical_path_come_from_history(tmp_path: Path):
    write(tmp_path, DIAMOND)
    history(tmp_path, start=10, long=30, short=5, end=1, always=2)
    made = plan(tmp_path)
    assert made["critical_path"] == ["start", "long", "end", "always"]
    assert made["critical_path_seconds"] == 43
    assert made["makespan_seconds"] == 43
    assert made["work_seconds"] == 48
    nodes = made["nodes"]
    assert isinstance(nodes, list)
    begins = {node["node"]: node["begins"] for node in nodes}
    assert begins == {
        "start": 0,
        "long": 10,
        "short": 10,
        "end": 40,
        "always": 41,
        "rescue": None,
        "after-rescue": None,
    }
    assert [node["node"] for node in nodes][:3] == ["start", "long", "short"]
    assert [node["node"] for node in nodes if not node["runs"]] == ["rescue", "after-rescue"]
    assert {node["why"] for node in nodes if not node["runs"]} == {"nothing failed", "rescue was skipped"}
    one = plan(tmp_path, "-j", "1")
    assert one["makespan_seconds"] == 48


def test_lines_for_people(tmp_path: Path):
    write(tmp_path, DIAMOND)
    history(tmp_path, start=10, long=30, short=5, end=1)
    text = call("plan", "graph.toml", cwd=tmp_path).stdout
    assert "about 48 s" in text
    assert "start → long → end" in text
    rows = [line.split("  ") for line in text.splitlines()]
    assert any(row[0] == "*" and "long" in row and "[needs start]" in row for row in rows)
    assert any(row[0] == "" and "short" in row for row in rows)
    assert "~7.5 s  always" in text.replace("   ", "  ")  # the median of the others
    assert "[trigger all_done]" in text
    assert "would not run if all goes well: 2 nodes" in text
    # As it is written: what the environment holds may be a secret.
    assert "echo $HOME {{ env.SECRET }}" in text


def test_commands_are_shown_as_they_would_run(tmp_path: Path):
    write(
        tmp_path,
        '[params]\nn = "two words"\n[tasks.a]\nmatrix = { x = [1, 2] }\nrun = "w {{ matrix.x }} {{ params.n }}"\n',
    )
    assert "w 2 'two words'" in call("plan", "graph.toml", cwd=tmp_path).stdout
    (first, _) = plan(tmp_path)["nodes"]
    assert first["command"] == "w {{ matrix.x }} {{ params.n }}"
    assert first["command_as_run"] == "w 1 'two words'"


def test_what_is_not_known_leaves_the_rest_of_a_node_as_it_would_run(tmp_path: Path):
    write(
        tmp_path,
        '[params]\nn = "two words"\n[tasks.a]\nmatrix = { x = [1, 2] }\n'
        'cwd = "{{ matrix.x }}/./{{ params.n }}"\nrun = "w {{ params.n }}"\nenv = { H = "{{ env.HOME }}" }\n'
        '[tasks.b]\ncwd = "{{ env.HOME }}"\nrun = "w {{ params.n }}"\n',
    )
    assert "w 'two words'" in call("plan", "graph.toml", cwd=tmp_path).stdout
    nodes = {node["node"]: node for node in plan(tmp_path)["nodes"]}
    assert [nodes[f"a[x={x}]"]["cwd_as_run"] for x in (1, 2)] == [f"{tmp_path}/{x}/two words" for x in (1, 2)]
    assert nodes["a[x=1]"]["cwd"] == "{{ matrix.x }}/./{{ params.n }}"
    assert nodes["b"]["cwd_as_run"] == nodes["b"]["cwd"] == "{{ env.HOME }}"
    assert {node["command_as_run"] for node in nodes.values()} == {"w 'two words'"}


def test_matrices_fold_and_all_unfolds(tmp_path: Path):
    values = list(range(30))
    write(
        tmp_path,
        f'[tasks.a]\nrun = "true"\nmatrix = {{ x = {values} }}\n[tasks.b]\nneeds = ["a"]\nrun = "true"\n',
    )
    text = call("plan", "graph.toml", cwd=tmp_path).stdout
    assert "a x30" in text
    assert "a[x=3]" not in text.partition("command")[2]
    assert "a[x=29]" in call("plan", "graph.toml", "--all", cwd=tmp_path).stdout


def test_on_a_terminal_a_node_takes_one_row(tmp_path: Path):
    write(tmp_path, f'[tasks.a]\nrun = "{"echo " * 30}"\n[tasks.b]\nrun = """\n{"echo " * 30}\ntrue\n"""\n')
    shown = on_a_terminal("plan", "graph.toml", cwd=tmp_path).decode().splitlines()
    rows = [line for line in shown if line.startswith(("* a", "  a", "* b", "  b"))]
    assert [len(row) for row in rows] == [80, 80]
    assert all(row.endswith("…") for row in rows)
    whole = call("plan", "graph.toml", cwd=tmp_path).stdout
    assert max(map(len, whole.splitlines())) > 80
    assert "… …" not in whole


def test_slots_bound_the_makespan(tmp_path: Path):
    write(tmp_path, f'[tasks.a]\nrun = "true"\nslots = 2\nmatrix = {{ x = {list(range(6))} }}\n')
    history(tmp_path, **{f"a[x={x}]": 10 for x in range(6)})
    assert plan(tmp_path, "-j", "4")["makespan_seconds"] == 30
    assert plan(tmp_path, "-j", "1")["makespan_seconds"] == 60  # too large for the slots: one after the other


def test_parameters_and_errors_are_those_of_a_run(tmp_path: Path):
    write(tmp_path, '[tasks.a]\nrun = "true"\ndepends = ["b"]\n')
    done = call("plan", "graph.toml", cwd=tmp_path)
    assert done.returncode == 2
    assert 'did you mean "needs"?' in done.stderr
    assert call("plan", "graph.toml", "-p", "x=1", cwd=tmp_path).returncode == 2


def test_hostile_names_and_histories_do_no_harm(tmp_path: Path):
    write(tmp_path, '[tasks.a]\nrun = "echo \\u001b[2J\\u202e"\nmatrix = { x = [nan, inf] }\n')
    history(tmp_path, a=1e308, b=1e308)
    done = call("plan", "graph.toml", cwd=tmp_path)
    assert done.returncode == 0
    assert "\x1b" not in done.stdout
    assert "\u202e" not in done.stdout
    assert strict(call("plan", "graph.toml", "--json", cwd=tmp_path).stdout)


def test_a_large_graph_is_told_in_few_lines(tmp_path: Path):
    tasks = "".join(f'[tasks.t{n}]\nrun = "true"\n' + (f'needs = ["t{n // 2}"]\n' if n else "") for n in range(20_000))
    write(tmp_path, tasks)
    began = time.monotonic()
    done = call("plan", "graph.toml", cwd=tmp_path)
    assert done.returncode == 0
    assert "and 19,800 more nodes: --all shows them" in done.stdout
    assert len(done.stdout.splitlines()) < 220
    assert time.monotonic() - began < 60  # some two seconds; a quadratic walk would take an hour


def test_short_nodes_take_their_turns(tmp_path: Path):
    write(tmp_path, f'[tasks.a]\nrun = "true"\nmatrix = {{ x = {list(range(40))} }}\n')
    history(tmp_path, **{f"a[x={x}]": 0.01 for x in range(40)})
    assert plan(tmp_path, "-j", "1")["makespan_seconds"] == 0.4


FILES = """
[tasks.fetch]
run = "touch in.csv"
outputs = ["in.csv"]
[tasks.split]
matrix = { i = [1, 2] }
inputs = ["in.csv", "split.py"]
outputs = ["parts/{{ matrix.i }}.csv"]
[tasks.old]
run = "touch made"
[tasks.join]
needs = ["old"]
inputs = ["parts/*.csv", "made", "raw/*.csv"]
"""


def test_a_plan_says_what_is_read_of_whom_and_what_is_missing(tmp_path: Path):
    write(tmp_path, FILES)
    lines = call("plan", "graph.toml", cwd=tmp_path).stdout.splitlines()
    assert "missing, so a run is refused: split.py, read by split[i=1], split[i=2]" in lines
    assert "not there yet, and no task names it in outputs: made, read by join" in lines
    assert "patterns that match nothing: raw/*.csv, read by join" in lines
    assert any("[reads in.csv of fetch]" in line for line in lines)
    assert any("[needs old]" in line and "[reads parts/*.csv of split[i=1], " in line for line in lines)
    found = plan(tmp_path)
    assert [(entry["path"], entry["refused"]) for entry in found["missing_inputs"]] == [
        ("split.py", True),
        ("split.py", True),
        ("made", False),
        ("raw/*.csv", False),
    ]
    nodes = {node["node"]: node for node in found["nodes"]}
    assert nodes["join"]["needs"] == ["old", "split[i=1]", "split[i=2]"]
    assert nodes["join"]["needs_by_files"] == ["split[i=1]", "split[i=2]"]
    assert nodes["split[i=2]"]["outputs"] == ["parts/2.csv"]


VALUES = """
[tasks.made]
run = "echo '{}' > made.json"
outputs = ["made.json"]
[tasks.ok]
run = "true"
inputs = ["p.toml#a", "p.json#a", "p.yaml#a", "made.json#later", "large.yaml#nope"]
[tasks.wrong]
matrix = { key = ["abd", "x"] }
run = "true"
inputs = ["p.toml#a", "p.toml#{{ matrix.key }}", "p.json#a.b", "p.yaml#abd", "broken.yaml#a"]
"""


def test_values_that_their_files_lack_are_refused_before_anything_starts(tmp_path: Path):
    write(tmp_path, VALUES)
    (tmp_path / "p.toml").write_text("a = 1\nabc = 1\n")
    (tmp_path / "p.json").write_text('{"a": 1}')
    (tmp_path / "p.yaml").write_text("a: 1\nabc: 1\n")
    (tmp_path / "broken.yaml").write_text("a: [1\nb: 2\n")
    (tmp_path / "large.yaml").write_text(f"{'#' * 70_000}\n")
    for words in (["check"], ["run"]):
        done = call(*words, "graph.toml", cwd=tmp_path)
        assert done.returncode == 2
        said = [line for line in done.stderr.splitlines() if line.startswith("graph.toml")]
        assert [line.partition(']" reads ')[2][:47] for line in said] == [
            '"p.toml#abd": the file has no value abd',
            '"p.toml#x": the file has no value x',
            '"p.json#a.b": the file has no value a.b',
            '"p.yaml#abd": the file has no value abd',
            '"broken.yaml#a": the file can\'t be read: line 2',
        ]
        assert done.stderr.count('did you mean "abc"?') == 2
        assert not (tmp_path / ".dagtui").exists()
    assert call("run", "graph.toml", "made", cwd=tmp_path).returncode == 0
    assert [entry["path"] for entry in plan(tmp_path)["missing_inputs"]].count("p.yaml#abd") == 2


def test_missing_inputs_are_refused_before_anything_starts(tmp_path: Path):
    write(tmp_path, FILES)
    for words in (["check"], ["run"]):
        done = call(*words, "graph.toml", cwd=tmp_path)
        assert done.returncode == 2
        assert 'graph.toml:8:21: "split[i=1]" reads "split.py", which does not exist and which no task' in done.stderr
        assert done.stderr.count("which no task writes") == 1
        assert not (tmp_path / ".dagtui").exists()
    assert call("run", "graph.toml", "fetch", cwd=tmp_path).returncode == 0  # which does not need it
    (tmp_path / "split.py").touch()
    assert call("check", "graph.toml", cwd=tmp_path).returncode == 0


def test_yaml_that_can_not_be_read_is_refused_before_anything_starts(tmp_path: Path):
    write(tmp_path, '[tasks.a]\ninputs = ["p.yaml#x"]\nrun = "true"')
    (tmp_path / "p.yaml").write_text("x: 1")
    hidden = "import sys; sys.modules['yaml'] = None; from dagtui.__main__ import main; main()"
    words = [sys.executable, "-c", hidden, "check", "graph.toml"]
    done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 2
    assert "dagtui needs PyYAML" in done.stderr
    assert call("check", "graph.toml", cwd=tmp_path).returncode == 0


def test_included_files_stand_in_the_order_of_the_files(tmp_path: Path):
    for folder, files in (("b", []), ("a", ["../b", "../c"]), ("c", []), ("d", [])):
        (tmp_path / folder).mkdir()
        includes = ", ".join(f'{{ path = "{file}/graph.toml", prefix = "{file[-1]}/" }}' for file in files)
        write(tmp_path / folder, f'include = [{includes}]\n[tasks.t]\nrun = "true"')
    paths = ", ".join(f'{{ path = "{file}/graph.toml", prefix = "{file}/" }}' for file in ("d", "a"))
    write(tmp_path, f'include = [{paths}]\n[tasks.t]\nrun = "true"')
    lines = call("plan", "graph.toml", cwd=tmp_path).stdout.splitlines()
    each = [f"{file}/graph.toml (1 task)" for file in ("d", "a", "b", "c")]
    assert f"included: {', '.join(each)}" in lines


def test_outputs_of_included_files_are_named_from_the_folder_of_the_graph(tmp_path: Path):
    (tmp_path / "sub").mkdir()
    write(tmp_path / "sub", '[tasks.x]\nrun = "true"\noutputs = ["out/"]')
    write(tmp_path, 'include = [{ path = "sub/graph.toml", prefix = "s/" }]\n[tasks.o]\noutputs = ["sub/out/a"]')
    done = call("check", "graph.toml", cwd=tmp_path)
    assert '"s/x" and "o" write "sub/out/" and "sub/out/a", which overlap' in done.stderr


def test_a_missing_input_of_an_included_file_names_that_file(tmp_path: Path):
    (tmp_path / "qc").mkdir()
    write(tmp_path / "qc", '[tasks.make]\ninputs = ["gone.txt"]\noutputs = ["a.csv"]\nrun = "cp gone.txt a.csv"')
    write(tmp_path, 'include = [{ path = "qc/graph.toml", prefix = "qc/" }]\n[tasks.use]\ninputs = ["qc/a.csv"]')
    done = call("check", "graph.toml", cwd=tmp_path)
    assert 'graph.toml:2:11: "qc/make" of "qc/graph.toml" reads "qc/gone.txt", which does not exist' in done.stderr
    (tmp_path / "qc/gone.txt").touch()
    assert "[reads qc/a.csv of qc/make]" in call("plan", "graph.toml", cwd=tmp_path).stdout
