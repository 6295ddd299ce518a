"""All pairs of outputs and inputs that meet are found, and all outputs that clash, without comparing each with each."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from dagtui.graph.errors import ValueProblem
from dagtui.graph.files.matching import FileMatching, meets
from dagtui.graph.files.paths import DeclaredPath, PathKind, PathSpelling
from dagtui.graph.model import NodeIndex

SPELLING = PathSpelling(Path("/project/here"))
_PARTS = st.sampled_from(["a", "b", "ab", ".h", "*", "a*", "?b", "**", "[ab]", "a[*]", ".."])
_TEXTS = st.builds(
    lambda parts, end: "/".join(parts) + end, st.lists(_PARTS, min_size=1, max_size=4), st.sampled_from(["", "", "/"])
)
_ABSOLUTE = st.builds("/project/{}{}".format, st.sampled_from(["", "here/"]), _TEXTS)


def _path(text: str) -> DeclaredPath | None:
    try:
        path = SPELLING.input("", text)
    except ValueProblem:
        return None
    return None if path.path in {".", "/", "/project"} else path


_PATHS = st.one_of(_TEXTS, _TEXTS, _ABSOLUTE).map(_path).filter(lambda path: path is not None)

_DIFFERENT = st.lists(_PATHS, max_size=6, unique_by=lambda path: (path.path, path.kind is PathKind.GLOB))


def matching(outputs: list[DeclaredPath], inputs: list[DeclaredPath]) -> FileMatching:
    """Return the matching of as many nodes as there are paths, those that write first."""
    found = FileMatching()
    for node, path in enumerate(outputs):
        found.add_output(NodeIndex(node), path.kind, path.path)
    for node, path in enumerate(inputs, len(outputs)):
        found.add_input(NodeIndex(node), path.kind, path.path)
    return found


@settings(max_examples=150, deadline=None)
@given(_DIFFERENT, st.lists(_PATHS, max_size=6))
def test_every_pair_that_meets_makes_an_edge(outputs: list[DeclaredPath], inputs: list[DeclaredPath]):
    expected = {
        (parent, child)
        for parent, output in enumerate(outputs)
        for child, wanted in enumerate(inputs, len(outputs))
        if meets(output, wanted)
    }
    assert set(matching(outputs, inputs).edges()) == expected


@settings(max_examples=150, deadline=None)
@given(_DIFFERENT)
def test_every_pair_that_clashes_is_found(outputs: list[DeclaredPath]):
    found = matching(outputs, [])
    found.find_clashes()
    assert set(found.clashing) == {
        (one, other) for other, last in enumerate(outputs) for one in range(other) if meets(outputs[one], last)
    }


def test_the_same_output_of_two_nodes_clashes():
    found = FileMatching()
    for node in range(3):
        found.add_output(NodeIndex(node), PathKind.FILE, "a")
    assert found.clashing == [(0, 1), (0, 2)]


def test_effort_grows_with_the_number_of_paths():
    """Ten times as many nodes take ten times as many steps, whether names, folders or patterns join them."""
    steps = []
    for count in (300, 3000):
        nodes = range(count)
        outputs = [DeclaredPath("", f"made/{node:04}/*.csv", PathKind.GLOB) for node in nodes]
        outputs += [DeclaredPath("", f"dirs/{node:04}", PathKind.FOLDER) for node in nodes]
        inputs = [DeclaredPath("", f"made/{node:04}/x.csv", PathKind.FILE) for node in nodes]
        inputs += [DeclaredPath("", f"dirs/{node:04}/*/x", PathKind.GLOB) for node in nodes]
        found = matching(outputs, inputs)
        found.find_clashes()
        assert len(list(found.edges())) == 2 * count
        steps.append(found.steps)
    assert steps[1] <= 11 * steps[0]
