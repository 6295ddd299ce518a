"""How long nodes took: what is remembered, and what a damaged memory does."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

import pytest

from dagtui.store import history as history_module
from dagtui.store.directory import RunDirectory
from dagtui.store.history import UNKNOWN_TOGETHER, History, Spread
from dagtui.store.paths import graph_folder

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def graph(tmp_path: Path) -> Path:
    path = tmp_path / "reads.toml"
    RunDirectory.create(path, "").close()
    return path


def test_nothing_is_known_at_first(graph: Path):
    assert History.load(graph).estimate("a", "g") is None


def test_own_then_group_then_all(graph: Path):
    history = History.load(graph)
    for label, group, seconds in [("a", "g", 1.0), ("b", "g", 3.0), ("c", "g", 5.0), ("d", "h", 100.0)]:
        history.record(label, group, seconds)
    assert history.estimate("a", "g") == 1.0
    assert history.estimate("new", "g") == 3.0
    assert history.estimate("new", "unknown") == 4.0


def test_what_succeeded_longest_ago_is_forgotten_first(graph: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(history_module, "_MOST", 2)
    history = History.load(graph)
    for label in ["a", "b", "c", "a"]:
        history.record(label, "", 1.0)
    history.save()
    assert [label for label in "abc" if History.load(graph).knows(label)] == ["a", "c"]


def test_what_is_expected_stays_until_all_successes_were_looked_at(graph: Path):
    history = History.load(graph)
    history.record("a", "", 10.0)
    history.record("a", "", 60.0)
    assert history.estimate("a", "") == 10.0
    history.expect("a", "", 12.0, Spread(2.0, 5))
    assert history.estimate("a", "") == 12.0
    assert history.spread("a", 12.0) == (2.0, 5)


def test_a_single_slow_run_says_little_of_all(graph: Path):
    for seconds in (10.0, 10.0, 10.0, 600.0):
        history = History.load(graph)
        history.record("a", "", seconds)
        history.save()
    assert History.load(graph).together.share < 0.15


def test_it_survives_the_program(graph: Path):
    history = History.load(graph)
    history.record("é\udcff\n", "g", 1.25)
    history.save()
    assert History.load(graph).estimate("é\udcff\n", "g") == 1.25
    assert [path.name for path in graph_folder(graph).iterdir() if "history" in path.name] == ["history.json"]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff",
        b"[]",
        b"{}",
        b'{"nodes":[]}',
        b'{"nodes":{"a":1}}',
        b'{"nodes":{"a":[1]}}',
        b'{"nodes":{"a":["x","g"]}}',
        b'{"nodes":{"a":[NaN,"g"]}}',
        b'{"nodes":{"a":[-1,"g"]}}',
        b'{"nodes":{"a":[1e999,"g"]}}',
        b'{"nodes":{"a":[1' + b"0" * 400 + b',"g"]}}',
        b"[" * 100_000,
        b'{"nodes":{"a":[1e300,"g"]}}',
        b'{"nodes":{"a":[1,"g"]}}' + b"\0" * 5000,
    ],
)
def test_a_damaged_file_counts_as_none(graph: Path, content: bytes):
    (graph_folder(graph) / "history.json").write_bytes(content)
    history = History.load(graph)
    assert history.estimate("a", "g") is None
    history.record("a", "g", 2.0)
    history.save()
    assert History.load(graph).estimate("a", "g") == 2.0


def test_a_planted_link_is_neither_read_nor_written(graph: Path, tmp_path: Path):
    target = tmp_path / "target"
    target.write_text('{"nodes":{"a":[7,"g"]}}')
    (graph_folder(graph) / "history.json").symlink_to(target)
    history = History.load(graph)
    assert history.estimate("a", "g") is None
    history.record("a", "g", 2.0)
    history.save()
    assert target.read_text() == '{"nodes":{"a":[7,"g"]}}'
    assert History.load(graph).estimate("a", "g") == 2.0


def test_saving_where_nothing_can_be_saved_is_no_error(tmp_path: Path):
    history = History.load(tmp_path / "never.toml")
    history.record("a", "g", 2.0)
    history.save()
    assert History.load(tmp_path / "never.toml").estimate("a", "g") is None


def test_a_history_of_absurd_size_counts_as_none(graph: Path):
    path = graph_folder(graph) / "history.json"
    path.write_bytes(b'{"nodes":{"a":[1,"g"]}}')
    os.truncate(path, 200 << 30)  # a hole of 200 GB
    assert History.load(graph).estimate("a", "g") is None


def test_a_link_in_place_of_the_history_is_not_followed(graph: Path, tmp_path: Path):
    target = tmp_path / "target"
    target.write_text('{"nodes":{"a":[1,"g"]}}')
    (graph_folder(graph) / "history.json").symlink_to(target)
    history = History.load(graph)
    assert history.estimate("a", "g") is None
    history.record("a", "g", 2.0)
    history.save()
    assert target.read_text() == '{"nodes":{"a":[1,"g"]}}'
    assert not (graph_folder(graph) / "history.json").is_symlink()


def test_it_remembers_on_how_many_successes_it_rests_and_how_far_they_were_apart(graph: Path):
    history = History.load(graph)
    history.record("once", "", 10.0)
    history.expect("a", "", 10.0, Spread(2.45, 3))
    history.save()
    assert History.load(graph).spread("a", 10.0) == (2.45, 3)
    assert History.load(graph).spread("once", 10.0) == (5.0, 1)
    assert History.load(graph).spread("new", 4.0) == (4.0, 0)


def test_a_program_that_knows_no_spreads_reads_the_file_and_one_that_does_reads_its_file(graph: Path):
    history = History.load(graph)
    history.record("a", "g", 10.0)
    history.save()
    path = graph_folder(graph) / "history.json"
    content = json.loads(path.read_text())
    assert content["nodes"] == {"a": [10.0, "g"]}
    del content["spreads"]
    path.write_text(json.dumps(content))
    assert History.load(graph).spread("a", 10.0) == (5.0, 1)


@pytest.mark.parametrize("spreads", [[], {"a": []}, {"a": ["x", 1]}, {"a": [-1, 3]}, {"a": [1, 0]}, {"a": [1e99, 3]}])
def test_damaged_spreads_count_as_none(graph: Path, spreads: object):
    path = graph_folder(graph) / "history.json"
    path.write_text(json.dumps({"version": 1, "nodes": {"a": [10.0, "g"]}, "spreads": spreads}))
    assert History.load(graph).estimate("a", "g") == 10.0
    assert History.load(graph).spread("a", 10.0) == (5.0, 1)


def test_runs_that_end_one_after_the_other_both_teach(graph: Path):
    """Each has loaded the file before the other one has saved it."""
    first, second = History.load(graph), History.load(graph)
    first.record("a", "", 1.0)
    second.record("b", "", 2.0)
    second.expect("b", "", 3.0, Spread(0.5, 7))
    first.save()
    second.save()
    found = History.load(graph)
    assert (found.estimate("a", ""), found.estimate("b", "")) == (1.0, 3.0)


def test_it_learns_how_far_off_whole_runs_are(graph: Path):
    for slower in (1.0, 1.2, 1.2, 1.2):
        history = History.load(graph)
        for label in "abc":
            history.record(label, "", 10.0 * slower)
        history.save()
    found = History.load(graph).together
    assert found.runs == 3
    assert 0.05 < found.share < 0.2


@pytest.mark.parametrize("together", [None, 1, [], ["x", 1], [-1, 3], [0.5, 0], [1e99, 3], {"a": 1}])
def test_a_damaged_share_counts_as_unknown(graph: Path, together: object):
    path = graph_folder(graph) / "history.json"
    path.write_text(json.dumps({"version": 1, "nodes": {"a": [10.0, "g"]}, "together": together}))
    assert History.load(graph).estimate("a", "g") == 10.0
    assert History.load(graph).together == UNKNOWN_TOGETHER
