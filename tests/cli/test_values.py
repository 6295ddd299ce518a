"""Values between the tasks of a real run: handed on, shown, recorded, and there after a resume."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from support.program import call, write

if TYPE_CHECKING:
    from pathlib import Path

GRAPH = """
[tasks.split]
run = '''
echo "split" >> trace
echo "rows=12" >> "$DAGTUI_OUTPUT"
printf 'text<<END\\nit'"'"'s\\n"two"\\nEND\\n' >> "$DAGTUI_OUTPUT"
'''
[tasks.check]
needs = ["split"]
run = "test -e ok"
[tasks.train]
needs = ["check"]
matrix = { seed = [1, 2] }
run = 'echo "loss=0.{{ matrix.seed }}{{ needs.split.outputs.rows }}" >> $DAGTUI_OUTPUT'
[tasks.report]
needs = ["train"]
env = { TEXT = "{{ needs.split.outputs.text }}" }
run = "echo {{ needs.train[seed=2].outputs.loss }} \\"[$TEXT]\\" {{ needs.split.outputs.none or 'none' }}"
"""


def journal(folder: Path) -> str:
    return (folder / ".dagtui/graph/runs/1/journal.jsonl").read_text(encoding="utf-8")


def log(folder: Path, node: str) -> str:
    (path,) = folder.glob(f".dagtui/graph/runs/1/logs/*/{node}-*.log")
    return path.read_text(encoding="utf-8")


def outputs(folder: Path) -> dict[str, object]:
    done = call("status", "graph.toml", "--json", "--nodes", "*", cwd=folder)
    return {node["node"]: node["outputs"] for node in json.loads(done.stdout)["nodes"]}


def test_values_reach_every_node_below_also_after_a_resume(tmp_path: Path):
    write(tmp_path, GRAPH)
    assert call("run", "graph.toml", cwd=tmp_path).returncode == 1
    text = 'it\'s\n"two"'
    assert outputs(tmp_path) == {
        "split": {"rows": "12", "text": text},
        "check": {},
        "train[seed=1]": {},
        "train[seed=2]": {},
        "report": {},
    }
    for path in tmp_path.glob(".dagtui/graph/runs/1/outputs/*"):
        path.unlink()
    (tmp_path / "ok").touch()
    done = call("run", "graph.toml", "--resume", "--events", "events", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "trace").read_text() == "split\n"
    assert log(tmp_path, "report") == f"0.212 [{text}] none\n"
    assert outputs(tmp_path)["train[seed=1]"] == {"loss": "0.112"}
    events = list(map(json.loads, (tmp_path / "events").read_text().splitlines()))
    told = [event["outputs"]["loss"] for event in events if "outputs" in event]
    assert sorted(told) == ["0.112", "0.212"], "in the order in which they ended"


def test_plan_shows_what_is_not_known_as_it_is_written(tmp_path: Path):
    write(tmp_path, GRAPH)
    done = call("plan", "graph.toml", "--json", cwd=tmp_path)
    commands = {node["node"]: node["command_as_run"] for node in json.loads(done.stdout)["nodes"]}
    assert "loss=0.{{ matrix.seed }}{{ needs.split.outputs.rows }}" in commands["train[seed=2]"]
    assert "{{ needs.split.outputs.none or 'none' }}" in commands["report"]


def test_a_value_that_is_missing_is_said_and_retried_in_vain(tmp_path: Path):
    write(
        tmp_path,
        """
        [tasks.a]
        run = 'echo rows=1 >> "$DAGTUI_OUTPUT"; echo oops >> "$DAGTUI_OUTPUT"'
        [tasks.b]
        needs = ["a"]
        retries = 3
        run = "echo {{ needs.a.outputs.columns }}"
        """,
    )
    done = call("run", "graph.toml", cwd=tmp_path)
    assert done.returncode == 1
    assert '! a: $DAGTUI_OUTPUT: line 2 is not KEY=VALUE: "oops"' in done.stdout
    assert 'could not start: {{ needs.a.outputs.columns }}: "a" has no output "columns"; it wrote "rows"' in done.stdout
    assert journal(tmp_path).count('"node":"b","attempt":1,"status":"FAILED"') == 1


def test_a_call_hands_values_on(tmp_path: Path):
    (tmp_path / "mod.py").write_text(
        "import os\n\n"
        "def f(n):\n    with open(os.environ['DAGTUI_OUTPUT'], 'a') as file:\n        file.write(f'n={n}')\n"
    )
    write(
        tmp_path,
        """
        [tasks.a]
        call = "mod:f"
        args = { n = 7 }
        [tasks.b]
        needs = ["a"]
        call = "mod:f"
        args = { n = "x{{ needs.a.outputs.n }}" }
        """,
    )
    assert call("run", "graph.toml", cwd=tmp_path).returncode == 0
    assert outputs(tmp_path) == {"a": {"n": "7"}, "b": {"n": "x7"}}


def test_a_secret_in_a_value_is_masked_everywhere(tmp_path: Path):
    secret = "correct horse battery"
    write(
        tmp_path,
        """
        run = { secrets = ["TOKEN"] }
        [tasks.a]
        run = 'printf "%s\\n" "t=got $TOKEN" n=1 "$TOKEN" >> "$DAGTUI_OUTPUT"'
        [tasks.b]
        needs = ["a"]
        run = "echo '{{ needs.a.outputs.t }}' {{ needs.a.outputs.n }}"
        [tasks.c]
        needs = ["a"]
        run = 'echo "t=$TOKEN" >> "$DAGTUI_OUTPUT"; exit 1'
        """,
    )
    done = call("run", "graph.toml", cwd=tmp_path, env={"TOKEN": secret})
    assert "an output contains a secret" in done.stdout
    assert log(tmp_path, "b") == "got *** 1\n"
    for path in (tmp_path / ".dagtui").rglob("*"):
        assert not path.is_file() or secret.encode() not in path.read_bytes(), path
    assert secret not in done.stdout + done.stderr
