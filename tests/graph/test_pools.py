"""Pools as a graph file gives them: numbers and sizes, read, shown and written again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dagtui.graph.errors import GraphError
from dagtui.graph.export import to_toml
from dagtui.graph.loading import load_text
from dagtui.graph.pool_values import MOST
from dagtui.graph.pools import Pool

if TYPE_CHECKING:
    from pathlib import Path

HEAD = "version = 1\n"
FILE = (
    HEAD
    + """
[pools]
gpu = 2
mem = "32G"
disk = "1.5TiB"

[defaults]
pools = { mem = "500M" }

[tasks.a]
[tasks.b]
pools = { gpu = 1, mem = "8G", disk = "100 kb" }
[tasks.c]
pools = {}
"""
)


def size_of(text: str | int) -> Pool:
    value = f'"{text}"' if isinstance(text, str) else text
    return load_text(f"{HEAD}[pools]\np = {value}\n[tasks.a]", "g.toml").pools[0]


@pytest.mark.parametrize(
    ("text", "size", "base"),
    [
        (2, 2, 0),
        ("2", 2, 1000),
        ("32G", 32 * 10**9, 1000),
        ("32GB", 32 * 10**9, 1000),
        ("32GiB", 32 * 2**30, 1024),
        ("1.5 Ti", 3 * 2**39, 1024),
        ("10k", 10_000, 1000),
        ("7B", 7, 1000),
    ],
)
def test_sizes(text: str | int, size: int, base: int) -> None:
    pool = size_of(text)
    assert (pool.size, pool.base) == (size, base)


@given(st.integers(1, MOST), st.sampled_from([0, 1000, 1024]))
def test_what_is_written_reads_as_the_same(amount: int, base: int) -> None:
    pool = Pool("p", amount, base)
    again = size_of(pool.written(amount))
    assert (again.size, bool(again.base)) == (amount, bool(base))


@given(st.integers(0, MOST), st.integers(1, MOST), st.sampled_from([1000, 1024]))
def test_what_is_shown_is_never_more_than_there_is(amount: int, size: int, base: int) -> None:
    pool = Pool("p", size, base)
    number, unit = pool.amount(amount).split()
    powers = dict(zip("BkMGTP" if base == 1000 else "BKMGTP", range(6), strict=True))
    shown = float(number.replace(",", "")) * base ** powers[unit[0]]
    assert 0.9 * amount <= shown <= amount * (1 + 1e-9)
    assert len(number) <= 5


def test_parts_of_a_pool_name_a_unit_once() -> None:
    mem, gpu = Pool("mem", 32 * 10**9, 1000), Pool("gpu", 2)
    assert mem.part(3_500_000_000) == "3.5 of 32 GB"
    assert mem.part(500_000_000) == "500 MB of 32 GB"
    assert mem.part(0) == "0 of 32 GB"
    assert gpu.part(0) == "0 of 2"
    assert (mem.wanted(8 * 10**9), gpu.wanted(1)) == ("8 GB of mem", "1 gpu")


def test_what_tasks_want() -> None:
    graph = load_text(FILE, "g.toml")
    wants = {task.name: dict(task.pools) for task in graph.tasks}
    assert wants == {"a": {"mem": 500_000_000}, "b": {"gpu": 1, "mem": 8 * 10**9, "disk": 100_000}, "c": {}}


def test_the_resolved_graph_means_the_same() -> None:
    graph = load_text(FILE, "g.toml")
    again = load_text(to_toml(graph), "g.toml")
    assert again.pools == graph.pools
    assert [sorted(task.pools) for task in again.tasks] == [sorted(task.pools) for task in graph.tasks]


def test_pools_of_included_files_are_pools_of_the_run(tmp_path: Path) -> None:
    (tmp_path / "qc.toml").write_text(f"{HEAD}[pools]\ngpu = 4\ndisk = 1\n[tasks.a]\npools = {{ gpu = 3, disk = 1 }}\n")
    head = HEAD + 'include = [{ path = "qc.toml", prefix = "qc/" }]\n'
    graph = load_text(head + "[pools]\ngpu = 3\n[tasks.b]\n", tmp_path / "g.toml")
    assert [(pool.name, pool.size) for pool in graph.pools] == [("gpu", 3), ("disk", 1)]
    with pytest.raises(GraphError, match='task "qc/a" wants 3 gpu, more than the 2'):
        load_text(head + "[pools]\ngpu = 2\n[tasks.b]\n", tmp_path / "g.toml")
