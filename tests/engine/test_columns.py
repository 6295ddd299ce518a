"""The columns of a state: each is copied and restored with the others."""

from __future__ import annotations

from array import array
from copy import copy

import pytest
from support.scene import Scene, dag

from dagtui.engine.columns import Columns
from dagtui.engine.state import RunState

NAMES = list(vars(Columns(0)))


def content(state: RunState, name: str) -> object:
    return copy(getattr(state, name))


def spoil(state: RunState, name: str) -> None:
    """Change a column in place where that is possible, as events do."""
    column = getattr(state, name)
    if isinstance(column, bytearray | array):
        column[0] += 1
    elif isinstance(column, dict):
        column[0] = "spoiled"
    elif isinstance(column, list):
        column[0] += 1
    else:
        setattr(state, name, "spoiled")


@pytest.mark.parametrize("name", NAMES)
def test_a_column_is_rolled_back(name: str):
    state = Scene(dag("a>b")).state
    before = {other: content(state, other) for other in NAMES}
    with state.transaction() as transaction:
        spoil(state, name)
        assert getattr(transaction.before, name) == before[name], "the copy changes with the column"
    assert {other: content(state, other) for other in NAMES} == before


def test_a_reader_that_holds_an_array_sees_it_rolled_back():
    state = Scene(dag("a>b")).state
    held = {name: getattr(state, name) for name in NAMES if isinstance(getattr(state, name), bytearray | array)}
    with state.transaction():
        for name in held:
            spoil(state, name)
    assert all(getattr(state, name) is column for name, column in held.items())


def test_each_node_has_an_element_in_each_array():
    state = RunState(dag("a>b b>c"))
    arrays = [column for name in NAMES if isinstance(column := getattr(state, name), bytearray | array)]
    assert {len(column) for column in arrays} == {3}
    assert list(state.blocker) == [-1, -1, -1]
