"""All live runs of this user, as a table and for machines."""

from __future__ import annotations

import contextlib
import json
import re
import subprocess
from pathlib import Path

import pytest
from support.program import DAGTUI, ENVIRONMENT, call, on_a_terminal, write
from support.waiting import wait_for

from dagtui.cli.ps import Listed, table
from dagtui.control.live import FoundRun, Screen
from dagtui.text.look import IN_ASCII, IN_UNICODE

GRAPH = """
[tasks.a]
run = "true"
[tasks.bad]
run = "false"
allow_failure = true
[tasks.b]
needs = ["a", "bad"]
run = "until [ -e go ]; do sleep 0.02; done"
"""


@pytest.fixture(autouse=True)
def _sockets(short_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(ENVIRONMENT, "DAGTUI_SOCKET_DIR", str(short_path))


def objects(folder: Path) -> list[dict[str, object]]:
    found: list[dict[str, object]] = json.loads(call("ps", "--json", cwd=folder).stdout)
    return found


def test_nothing_is_live(tmp_path: Path):
    done = call("ps", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr == "no run is live; start one with: dagtui GRAPH.toml\n"
    assert objects(tmp_path) == []


def test_runs_of_all_graphs_are_listed_the_newest_first(tmp_path: Path):
    here, there = tmp_path / "here", tmp_path / "there\x1b[31m"
    for folder in (here, there):
        folder.mkdir()
    write(here, GRAPH)
    write(there, 'name = "reads"\n' + GRAPH, "other.toml")
    with contextlib.ExitStack() as stack:
        for expected, path in enumerate((here / "graph.toml", there / "other.toml"), 1):
            command = [*DAGTUI, "run", str(path)]
            stack.enter_context(subprocess.Popen(command, cwd=tmp_path, env=ENVIRONMENT, stdout=subprocess.DEVNULL))
            wait_for(lambda: [settled(it) for it in objects(tmp_path)] == [2] * expected, "its nodes")  # noqa: B023
        first, second = objects(tmp_path)
        assert [first["name"], second["name"]] == ["reads", "graph"]
        assert second["graph"] == str(here / "graph.toml")
        assert isinstance(first["process"], int)
        assert first["verdict"] == "running"
        lines = call("ps", cwd=tmp_path).stdout.splitlines()
        assert lines[0].split() == ["NAME", "RUN", "STATE", "SETTLED", "FAILED", "TIME", "SCREEN", "PROCESS", "GRAPH"]
        assert lines[1].split()[:5] == ["reads", "1", "running", "2/3", "1"]
        assert "1 allowed" in lines[1]
        assert lines[2].split()[-1] == str(here / "graph.toml")
        assert "\x1b" not in "".join(lines)
        shown = on_a_terminal("ps", cwd=tmp_path)
        assert b"\x1b" not in shown
        assert len(shown.splitlines()) == 3
        for folder in (here, there):
            (folder / "go").touch()


def settled(run: dict[str, object]) -> int:
    counts = run["counts"]
    assert isinstance(counts, dict)
    return sum(counts.get(name, 0) for name in ("COMPLETED", "FAILED"))


def test_one_that_does_not_answer_is_listed(tmp_path: Path, short_path: Path):
    import socket

    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(short_path / "20200101-000000-0123456789.sock"))
    listener.listen(1)
    short_path.chmod(0o700)
    done = call("ps", cwd=tmp_path)
    assert done.returncode == 0
    assert "does not answer" in done.stdout
    assert "20200101-000000-0123456789" in done.stdout
    listener.close()


@pytest.mark.parametrize(
    ("told", "state", "asks"),
    [
        ({}, "asks", "app^[[31m"),
        ({"counts": {"READY": 1, "RUNNING": 1}}, "running", "app^[[31m"),
        ({"counts": {"READY": 1, "CANCELLING": 1}}, "running", "app^[[31m"),
        ({"asking": 2}, "asks", "2 gates"),
        ({"paused": True}, "paused", "app^[[31m"),
        ({"waits": "waits for space on the disk"}, "held up", "app^[[31m"),
        ({"settled": True, "asks": [], "asking": 0, "verdict": "completed"}, "completed", ""),
    ],
)
def test_a_gate_that_asks_is_named(told: dict[str, object], state: str, asks: str):
    """STATE has the word of the screen's top bar. A gate is named in any state."""
    run = FoundRun("id", 1, None, Path("/g.toml"), 7, "reads", Screen.NONE)
    answer = {"nodes": 1, "counts": {"READY": 1}, "asking": 1, "asks": [{"node": "app\x1b[31m"}], **told}
    heading, line = table([Listed(run, answer)], look=IN_UNICODE)
    assert re.split("  +", line)[2:3] == [state]
    assert ("ASKS" in heading) == bool(asks)
    assert asks in line


def test_paths_that_do_not_fit_show_their_ends():
    run = FoundRun("id", 1, None, Path("/a/long/way/to/some/graph.toml"), 7, "reads", Screen.NONE)
    found = [Listed(run, {"nodes": 1, "counts": {"RUNNING": 1}})]
    whole = table(found, look=IN_UNICODE)[1]
    for width in range(len(whole) - 15, len(whole)):
        line = table(found, width, look=IN_UNICODE)[1]
        assert len(line) == width
        assert line.endswith("graph.toml")
        assert "  …" in line
    assert table(found, len(whole), look=IN_ASCII)[1] == whole
    assert "  ~" in table(found, len(whole) - 1, look=IN_ASCII)[1]
