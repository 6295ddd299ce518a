"""A node runs if, and only if, something that its last success depended on has changed."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dagtui.execution.files.fingerprints import Fingerprints
from dagtui.execution.files.judge import Judge, Judgement, NodeToJudge
from dagtui.execution.files.looked_at import FileReader
from dagtui.execution.files.node_key import NodeKeys
from dagtui.graph.files.paths import DeclaredPath, NodeFiles, PathSpelling
from dagtui.graph.model import Graph, ShellCommand, Task


class World:
    """Some nodes with files, and what each of their successes saw."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.run = 0
        self.parts: dict[str, dict[str, str]] = {}
        self.succeeded: dict[str, object] = {}
        """What the last success of a node depended on and wrote, by the node."""
        self.spoilt: set[str] = set()
        """Nodes whose last attempt did not succeed."""
        self.next_run()

    def next_run(self) -> None:
        self.run += 1
        self.memory = Fingerprints(self.folder / "fingerprints", self.run)
        self.judge = Judge(self.memory, FileReader(str(self.folder), self.memory, 2), self.run)

    def paths(self, *texts: str) -> tuple[DeclaredPath, ...]:
        spelling = PathSpelling(self.folder)
        return tuple(spelling.input("", text) for text in texts)

    def node(self, name: str, inputs: tuple[str, ...], outputs: tuple[str, ...], forced: str = "") -> NodeToJudge:
        files = NodeFiles(self.paths(*inputs), self.paths(*outputs))
        return NodeToJudge(name, files, self.parts.setdefault(name, {"command": "1"}), forced)

    def judged(self, node: NodeToJudge) -> Judgement:
        found = self.judge.judge(node, bool, may_read=True)
        assert found is not None
        return found

    def seen(self, node: NodeToJudge) -> object:
        """Return all that a node depends on and has written, as the model sees it."""
        names = [path.path for path in (*node.files.inputs, *node.files.outputs)]
        return dict(node.parts), [self.content(name) for name in names]

    def content(self, name: str) -> object:
        path = self.folder / name
        if path.is_dir():
            return {str(below.relative_to(path)): below.read_text() for below in path.rglob("*") if below.is_file()}
        return path.read_text() if path.exists() else None

    def execute(self, node: NodeToJudge, found: Judgement, *, fails: bool, writes: bool = True) -> None:
        """Execute a node: its output is the sum of what its inputs say."""
        self.judge.begin(node.name, 1)
        self.spoilt.add(node.name)
        before = self.seen(node)
        total = sum(
            int(digit) for path in node.files.inputs for digit in str(self.content(path.path)) if digit.isdigit()
        )
        for path in node.files.outputs if writes else ():
            (self.folder / path.path).write_text(str(total % 3))
        if fails:
            self.judge.fail(node.name, 1, "failed")
            return
        assert self.judge.missing_outputs(node.files, bool) == ""
        assert self.judge.complete(
            node, self.judge.facts_at_begin(node, found, 1), {"total": str(total)}, bool, may_read=True
        )
        self.spoilt.discard(node.name)
        outputs = len(node.files.inputs)
        parts, contents = self.seen(node)
        self.succeeded[node.name] = parts, before[1][:outputs] + contents[outputs:]


EDITS = st.one_of(
    st.tuples(st.just("write"), st.sampled_from(["a", "folder/b", "folder/c"]), st.sampled_from("012")),
    st.tuples(st.just("remove"), st.sampled_from(["folder/c", "mid", "end"]), st.just("")),
    st.tuples(st.just("spoil"), st.sampled_from(["mid", "end"]), st.sampled_from("012")),
    st.tuples(st.just("command"), st.sampled_from(["first", "second"]), st.sampled_from("12")),
    st.tuples(st.just("fail"), st.sampled_from(["first", "second"]), st.sampled_from(["early", "late"])),
    st.tuples(st.just("touch"), st.sampled_from(["a", "folder/b"]), st.just("")),
)


@settings(max_examples=25, deadline=None, derandomize=True)
@given(st.lists(st.lists(EDITS, max_size=3), max_size=8))
def test_a_node_runs_if_and_only_if_something_changed(rounds: list[list[tuple[str, str, str]]]):
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "folder").mkdir()
        for path in ("a", "folder/b"):
            (folder / path).write_text("0")
        world = World(folder)
        for edits in [[], *rounds]:
            fails = {edit[1]: edit[2] for edit in edits if edit[0] == "fail"}
            for edit in edits:
                change(world, *edit)
            run_both(world, fails)
            world.memory.close()
            world.next_run()


def change(world: World, kind: str, target: str, value: str) -> None:
    path = world.folder / target
    if kind in {"write", "spoil"}:
        path.write_text(value)
    elif kind == "remove":
        path.unlink(missing_ok=True)
    elif kind == "touch":
        path.touch()
    elif kind == "command":
        world.parts[target] = {"command": value}


def run_both(world: World, fails: dict[str, str]) -> None:
    """Judge and run both nodes, the second one only if the first one is done."""
    first_runs = not world.judged(world.node("first", ("a", "folder/"), ("mid",))).up_to_date
    planned = world.judged(world.node("second", ("mid",), ("end",))._replace(rewritten=("mid",) if first_runs else ()))
    for name, inputs, outputs in (("first", ("a", "folder/"), ("mid",)), ("second", ("mid",), ("end",))):
        node = world.node(name, inputs, outputs)
        expected = name not in world.spoilt and world.succeeded.get(name) == world.seen(node)
        found = world.judged(node)
        assert found.up_to_date == expected, found.why
        if name == "second" and (not first_runs or not planned.up_to_date):
            assert found.up_to_date == planned.up_to_date, planned.why
        if expected:
            assert found.values.keys() == {"total"}
            continue
        world.execute(node, found, fails=name in fails, writes=fails.get(name) != "early")
        if name in fails:
            return
        assert world.judged(node).up_to_date


@pytest.fixture
def world(tmp_path: Path) -> World:
    (tmp_path / "in").mkdir()
    for name in "abcdef":
        (tmp_path / "in" / name).write_text(name)
    return World(tmp_path)


@pytest.mark.parametrize(
    ("edit", "why"),
    [
        ("", "up to date: 7 inputs, 1 output unchanged since run 1"),
        ("echo x > in/a", "runs: in/a changed"),
        ("echo x > in/g", "runs: in/g is new"),
        ("rm in/a in/b", "runs: in/a, in/b are gone"),
        ("for n in a b c d e; do echo x > in/$n; done", "runs: in/a, in/b, in/c changed; +2 more"),
        ("echo x > out", "runs: output out changed"),
        ("rm out; echo x > in/a", "runs: in/a changed; output out is missing"),
        ("rm out; mkfifo out", "runs: output out: is not a regular file"),
        ("ln -s absent in/z", "runs: in/z is new"),
        ("mkfifo in/z", "runs: in/: in/z is not a regular file"),
        ("rm -r in", "input in/ is missing"),
        ("rm in/*; rm one", "input one is missing"),
    ],
)
def test_a_judgement_says_what_changed(world: World, edit: str, why: str):
    import subprocess

    (world.folder / "one").write_text("1")
    node = world.node("n", ("in/", "one"), ("out",))
    world.execute(node, world.judged(node), fails=False)
    subprocess.run(["sh", "-c", edit], cwd=world.folder, check=True)
    assert world.judged(node).why == why


@pytest.mark.parametrize("how", ["lost", "damaged"])
def test_what_is_forgotten_is_not_said_never_to_have_run(world: World, how: str):
    node = world.node("n", ("in/a",), ())
    world.execute(node, world.judged(node), fails=False)
    world.memory.close()
    path = world.folder / "fingerprints"
    path.unlink() if how == "lost" else path.write_bytes(b"damaged " * 999)
    for _ in range(2):  # the second run finds a new file
        world.next_run()
        assert world.judged(node).why == "runs: no earlier success is known"
        world.memory.close()


@pytest.mark.parametrize(
    ("cwd", "text", "said"),
    [
        ("", "in/", "in/a"),
        ("", "./in/../in/*", "./in/../in/a"),
        ("in", "*", "a"),
        ("in", "./", "./a"),
        ("sub", "../in/", "../in/a"),
        ("sub", "../i*/*", "../in/a"),
        ("", "../{name}/in/*", "../{name}/in/a"),
        ("in", "{folder}/in/", "{folder}/in/a"),
    ],
)
def test_files_of_folders_and_patterns_are_named_as_the_path_is_written(world: World, cwd: str, text: str, said: str):
    folder = world.folder
    text, said = (part.format(name=folder.name, folder=folder) for part in (text, said))
    node = NodeToJudge("n", NodeFiles((PathSpelling(folder).input(cwd, text),)), {})
    world.execute(node, world.judged(node), fails=False)
    (folder / "in" / "a").write_text("other")
    assert world.judged(node).why == f"runs: {said} changed"


def test_a_judgement_says_which_part_of_the_definition_changed(world: World):
    node = world.node("n", ("in/a",), ())
    assert world.judged(node).why == "runs: no earlier success is known"
    world.execute(node, world.judged(node), fails=False)
    assert world.judged(node).why == "up to date: 1 input unchanged since run 1"
    changed = node._replace(parts={"command": "2", "env.X\x1b[m": "1"})
    assert world.judged(changed).why == "runs: command, env.X^[[m changed"
    more = world.node("n", ("in/a", "in/b"), ("in/c",))
    assert world.judged(more).why == "runs: in/b was added to the inputs; in/c was added to the outputs"
    assert world.judged(world.node("n", ("in/b",), (), "--force")).why == (
        "runs: --force; in/b was added to the inputs; in/a was taken from the inputs"
    )


def test_outputs_of_an_attempt_that_did_not_succeed_are_never_taken_for_good(world: World):
    node = world.node("n", ("in/a",), ("out",))
    world.execute(node, world.judged(node), fails=False)
    world.judge.begin("n", 2)
    assert world.judged(node).why == "runs: outputs may be incomplete: attempt 2 of run 1 was interrupted"
    world.judge.fail("n", 2, "failed")
    assert world.judged(node).why == "runs: outputs may be incomplete: attempt 2 of run 1 failed"
    world.judge.begin("n", 3)
    world.judge.withdraw("n", 3)
    assert world.judged(node).why == "runs: outputs may be incomplete: attempt 2 of run 1 failed"


def test_what_changes_while_a_node_runs_counts_as_changed(world: World):
    node = world.node("n", ("in/a",), ())
    found = world.judged(node)
    world.judge.begin("n", 1)
    (world.folder / "in/a").write_text("while it runs")
    world.judge.complete(node, world.judge.facts_at_begin(node, found, 1), {}, bool, may_read=True)
    assert world.judged(node).why == "runs: in/a changed"


# Keys of parents


def keys_of(folder: Path, *commands: str, outputs: dict[int, tuple[str, ...]]) -> dict[str, str]:
    """Return the parts of the last node of a chain."""
    tasks = [
        Task(f"n{number}", ShellCommand(text), outputs=outputs.get(number, ()), env={"X": "1"})
        for number, text in enumerate(commands)
    ]
    edges = [(number, number + 1) for number in range(len(tasks) - 1)]
    graph = Graph([task.name for task in tasks], edges, tasks=tasks, directory=folder)
    return NodeKeys(graph, {}, str).parts(len(tasks) - 1, str)


def test_of_parents_without_outputs_their_own_key_counts(tmp_path: Path):
    first = keys_of(tmp_path, "a", "b", "c", outputs={})
    assert first.keys() == {"command", "env.X", "parent n1"}
    assert keys_of(tmp_path, "a", "b", "c", outputs={}) == first
    changed = keys_of(tmp_path, "other", "b", "c", outputs={})
    assert {name for name in first if first[name] != changed[name]} == {"parent n1"}
    assert keys_of(tmp_path, "other", "b", "c", outputs={0: ("f",)}) == keys_of(
        tmp_path, "a", "b", "c", outputs={0: ("f",)}
    )
    assert "parent n1" not in keys_of(tmp_path, "a", "b", "c", outputs={1: ("f",)})


def test_a_long_chain_of_parents_has_a_key(tmp_path: Path):
    assert keys_of(tmp_path, *["x"] * 5_000, outputs={})["parent n4998"]
