"""What a person may write to name nodes."""

from __future__ import annotations

from pathlib import Path

import pytest

from dagtui.graph.loading import load_text
from dagtui.graph.matrix.selection import ChoiceError, chosen_nodes

GRAPH = load_text(
    """
version = 1
[tasks.fetch]
[tasks."odd[x=1]"]
[tasks.train]
[tasks.train.matrix]
seed = [1, 2]
model = ["s", "l,x=y"]
[tasks."évil\\u00e9"]
""",
    Path("graph.toml"),
)


@pytest.mark.parametrize(
    ("names", "labels"),
    [
        (["fetch"], ["fetch"]),
        (["odd[x=1]"], ["odd[x=1]"]),
        (["train[seed=1,model=s]"], ["train[seed=1,model=s]"]),
        (["train"], GRAPH.labels[2:6]),
        (["train[seed=2]"], ["train[seed=2,model=s]", "train[seed=2,model=l,x=y]"]),
        (["train[model=s]"], ["train[seed=1,model=s]", "train[seed=2,model=s]"]),
        (["train[model=s,seed=2]"], ["train[seed=2,model=s]"]),
        (["train[ seed = 2 , model = s ]"], ["train[seed=2,model=s]"]),
        (["train[model=l,x=y]"], ["train[seed=1,model=l,x=y]", "train[seed=2,model=l,x=y]"]),
        (["train[seed=1]", "fetch", "fetch"], ["train[seed=1,model=s]", "train[seed=1,model=l,x=y]", "fetch"]),
        (["f*", "train[*=l*"], ["fetch", "train[seed=1,model=l,x=y]", "train[seed=2,model=l,x=y]"]),
        ([], []),
    ],
)
def test_nodes_are_named_by_label_or_selector(names: list[str], labels: list[str]) -> None:
    assert [GRAPH.labels[node] for node in chosen_nodes(GRAPH, names)] == labels


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("ftech", 'did you mean "fetch"'),
        ("nothing like it at all", "there is no node"),
        ("train[seed=3]", "its values are 1, 2"),
        ("train[speed=1]", "the axes are"),
        ("train[]", "the axes are"),
        ("train[seed=1,seed=2]", "twice"),
        ("fetch[seed=1]", "has no matrix"),
        ("\x1b[2J\u202e", "^[[2J"),
        ("", "there is no node"),
    ],
)
def test_what_names_nothing_is_told_in_one_safe_line(name: str, told: str) -> None:
    with pytest.raises(ChoiceError) as raised:
        chosen_nodes(GRAPH, [name])
    assert told in str(raised.value)
    assert str(raised.value).isprintable()
