"""The text that defines a task in a file, and an edited one in its place."""

from __future__ import annotations

import copy
import tomllib
from pathlib import Path

import pytest
import tomli_w
from graph.model_strategies import documents
from hypothesis import given, settings

from dagtui.graph.toml.parse import decode
from dagtui.graph.toml.task_source import TaskSource, task_names, task_source

ROOT = Path(__file__).parents[2]
FILES = sorted([*ROOT.glob("configs/**/*.toml"), *ROOT.glob("tests/**/*.toml")])

WRITTEN = {
    "a table": ('[tasks.a]\nrun = "x" # why\n', 1),
    "comments": ('# far\n\n# near\n[tasks.a]\nrun = "x"\n# end\n\n# of b\n[tasks.b]\nrun = "y"\n', 1),
    "no line end": ('[tasks.a]\nrun = "x"', 1),
    "subtables": ('[tasks.a]\nrun = "x"\n\n[tasks.a.env]\nA = "1"\n[tasks.b]\nrun = "y"\n', 1),
    "subtables elsewhere": ('[tasks.a]\nrun = "x"\n[tasks.b]\nrun = "y"\n[tasks.a.env]\nA = "1"\n', 2),
    "arrays of tables": (
        '[tasks.a]\nrun = "x"\n[[tasks.a.matrix.include]]\ni = "1"\n[[tasks.a.matrix.include]]\ni = "2"\n',
        1,
    ),
    "dotted keys": ('tasks.a.run = "x"\ntasks.b.run = "y"\ntasks.a.slots = 2\n', 2),
    "keys of [tasks]": ('[tasks]\na.run = "x"\na.slots = 1\n# b\nb.run = "y"\n', 1),
    "an inline table": ('[tasks]\na = { run = "x", slots = 1 }\nb = { run = "y" }\n', 1),
    "an inline table in one": ('tasks = { a = { run = "x" }, b = { run = "y" } }\n', 1),
    "dotted keys in one": ('tasks = { a.run = "x", a.slots = 1 }\n', 1),
    "quoted names": (
        '["tasks".\'a\'] # [tasks.b]\ndoc = """\n[tasks.b]\n# z\n"""\nrun = "x"\n[tasks."b.c"]\nrun = "y"\n',
        1,
    ),
    "an earlier subtable": ('[tasks.a.env]\nA = "1"\n[tasks.b]\nrun = "y"\n[tasks.a]\nrun = "x"\n', 2),
}


def found(text: str, name: str) -> TaskSource:
    source = task_source(text, name)
    assert source is not None
    return source


def without(tables: dict[str, object], name: str) -> dict[str, object]:
    tables = copy.deepcopy(tables)
    tasks = tables["tasks"]
    assert isinstance(tasks, dict)
    del tasks[name]
    return tables | {"tasks": tasks}


def check(text: str, name: str) -> None:
    """Put back as it was, a definition changes nothing. Removed, it leaves all others as they are."""
    source = found(text, name)
    assert source.replaced(source.parts) == text
    assert source.spans == tuple(sorted(source.spans))
    rest = tomllib.loads(source.replaced(())) if "tasks = {" not in text else None
    if rest is not None:
        assert {"tasks": {}} | rest == without(tomllib.loads(text), name)


@pytest.mark.parametrize("path", FILES, ids=[str(path.relative_to(ROOT)) for path in FILES])
def test_definitions_in_files_are_found_whole_and_put_back_unchanged(path: Path):
    text = decode(path.read_bytes(), "")
    tasks = tomllib.loads(text).get("tasks", {})
    assert set(task_names(text)) == set(tasks)
    for name in tasks:
        check(text, name)


@given(documents())
@settings(max_examples=50, deadline=None)
def test_definitions_in_written_documents_are_found_whole(document: dict[str, object]):
    text = tomli_w.dumps(document)
    for name in tomllib.loads(text)["tasks"]:
        check(text, name)
        check(text.replace("\n", "\r\n"), name)


@pytest.mark.parametrize(("text", "parts"), WRITTEN.values(), ids=WRITTEN)
def test_each_way_to_write_a_task_is_found(text: str, parts: int):
    source = found(text, "a")
    assert len(source.parts) == parts
    check(text, "a")
    changed = source.replaced([part.replace('"x"', '"z"') for part in source.parts])
    assert tomllib.loads(changed)["tasks"]["a"]["run"] == "z"
    assert changed == text.replace('"x"', '"z"')


def test_comments_directly_above_and_below_belong_to_a_task():
    text, _ = WRITTEN["comments"]
    assert found(text, "a").parts == ('# near\n[tasks.a]\nrun = "x"\n# end\n',)
    assert found(text, "b").parts == ('# of b\n[tasks.b]\nrun = "y"\n',)


def test_a_comment_directly_above_the_next_task_is_the_next_ones():
    text = '[tasks.a]\nrun = "x"\n# of b\n[tasks.b]\nrun = "y"\n'
    assert found(text, "a").parts == ('[tasks.a]\nrun = "x"\n',)
    assert found(text, "b").parts == ('# of b\n[tasks.b]\nrun = "y"\n',)


def test_the_last_line_of_an_edited_part_is_ended():
    source = found('[tasks.a]\nrun = "x"\n[tasks.b]\nrun = "y"\n', "a")
    assert source.replaced(['[tasks.a]\nrun = "z"']) == '[tasks.a]\nrun = "z"\n[tasks.b]\nrun = "y"\n'


def test_an_inline_part_gets_no_line_end():
    source = found('tasks = { a = { run = "x" }, b = { run = "y" } }\n', "a")
    assert source.parts == ('a = { run = "x" }',)
    assert source.replaced(['a = { run = "z" }\n']) == 'tasks = { a = { run = "z" }, b = { run = "y" } }\n'


def test_a_task_that_the_file_does_not_define_is_not_found():
    assert task_source('# [tasks.a]\n[tasks.b]\nrun = "[tasks.a]"\n', "a") is None
