"""Values of an axis are found however a number or a boolean is written."""

from __future__ import annotations

import pytest
from graph.sources import edges_of, graph_of, problems_of
from hypothesis import given
from hypothesis import strategies as st

from dagtui.graph.expressions.templates import value_text
from dagtui.graph.matrix.axis_values import AxisValues
from dagtui.graph.matrix.selection import ChoiceError, nodes_meant
from dagtui.graph.resolution import Resolver

AXES = """[tasks.t]
matrix = { lr = [1e-5, 0.1, 2.0], n = [1, 1000, 16], on = [true, false], s = ["1.0", "true", "0x10"] }
"""
CELL = "t[lr=1e-05,n=1000,on=true,s=1.0]"
WAYS = [
    *["lr=0.00001,n=1_000,on=true,s=1.0", "lr=1e-5,n=1000.0,on=True,s=1.0", "n=1e3,lr=+1E-05,s=1.0,on=TRUE"],
    *[
        "lr=10e-6,n=0x3e8,on=true,s=1.0",
        "lr=0.000_010,n=0b1111101000,on=true,s=1.0",
        "lr=.00001,n=0o1750,on=true,s=1.0",
    ],
]


@pytest.mark.parametrize("way", WAYS)
def test_a_cell_is_found(way: str):
    graph = graph_of(AXES)
    assert [graph.labels[node] for node in nodes_meant(graph, f"t[{way}]")] == [CELL]


@pytest.mark.parametrize("way", WAYS)
def test_a_cell_is_needed_and_asked_for(way: str):
    graph = graph_of(f'{AXES}[tasks.after]\nneeds = ["t[{way}]"]\nrun = ["echo", "{{{{ needs.t[{way}].status }}}}"]\n')
    assert edges_of(graph) == [(CELL, "after")]
    asked: list[int] = []
    Resolver(graph, {}).resolve(graph.node("after"), lambda node: str(asked.append(node)))
    assert [graph.labels[node] for node in asked] == [CELL]


def test_a_number_from_elsewhere_is_a_number():
    graph = graph_of(
        "params = { lr = 1 }\n[tasks.t]\nmatrix = { lr = [1.0, 2.0] }\n"
        '[tasks.a]\nneeds = ["t[lr={{ params.lr }}]"]\n'
        '[tasks.b]\nmatrix = { x = [1, 2] }\nneeds = ["t[lr={{ matrix.x }}]"]\n'
    )
    assert edges_of(graph) == [("t[lr=1.0]", "a"), ("t[lr=1.0]", "b[x=1]"), ("t[lr=2.0]", "b[x=2]")]


def test_a_number_is_excluded():
    graph = graph_of("[tasks.t]\nmatrix = { x = [1, 2.0], on = [true], exclude = [{ x = 1.0 }] }\n")
    assert graph.labels == ["t[x=2.0,on=true]"]


@pytest.mark.parametrize(
    "way", ["s=1", "s=True", "s=16", "lr=1e-4", "n=True", "on=1", "lr=nan", "n=1__000", "n=0x", "n=" + "1" * 9000]
)
def test_what_is_another_value(way: str):
    graph = graph_of(AXES)
    with pytest.raises(ChoiceError, match="has no value"):
        nodes_meant(graph, f"t[{way}]")
    (problem,) = problems_of(f'{AXES}[tasks.after]\nneeds = ["t[{way}]"]\n')
    assert "doesn't have the value" in problem.message


@given(st.lists(st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False) | st.booleans() | st.text(), min_size=1))
def test_every_value_is_found_by_its_own_text_and_no_other(entries: list[object]):
    values = AxisValues(entries)
    for entry in entries:
        assert values.meant(value_text(entry)) == value_text(entry)


@given(st.integers(-(2**63), 2**63 - 1))
def test_a_whole_number_is_found_however_it_is_written(number: int):
    values = AxisValues([number])
    for written in (f"{number:+d}", f"{number:_d}", f"{number}.0" if abs(number) < 2**53 else str(number)):
        assert values.meant(written) == str(number)
    for written in (f"0x{number:x}", f"0o{number:o}", f"0b{number:b}"):
        assert number < 0 or values.meant(written) == str(number)
