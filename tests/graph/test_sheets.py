"""Matrices from sheets: what is read of them, and what is said of those that are wrong."""

from __future__ import annotations

import os
import subprocess
import sys
from random import Random
from typing import TYPE_CHECKING

import pytest
from graph.damages import damaged
from support.program import call

from dagtui.graph.errors import GraphError, Problem
from dagtui.graph.export import to_toml
from dagtui.graph.loading import load, load_text
from dagtui.graph.matrix import sheets

if TYPE_CHECKING:
    from pathlib import Path

    from dagtui.graph.model import Graph

GOOD = {
    "s.tsv": "sample\tlane\tfile\na\t1\tx y\nb\t02\t\n",
    "s.csv": '\ufeffsample,lane,file\r\na,1,x y\r\n\r\n b ,"02",\r\n',
    "s.CSV": "sample,lane,file\ra,1,x y\rb,02,",
    "s.json": ' [ {"sample": "a", "lane": "1", "file": "x y"},\n{"sample": "b", "lane": "02", "file": null} ]\n',
    "s.toml": "[[rows]]\nsample = 'a'\nlane = '1'\nfile = 'x y'\n[[rows]]\nsample = 'b'\nlane = '02'\nfile = ''\n",
}


def graph_of_sheet(folder: Path, name: str, content: str | bytes, rest: str = "") -> Graph:
    (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    path = folder / "g.toml"
    path.write_text(f'version = 1\n[tasks.a]\nmatrix = {{ from = "{name}" {rest} }}\n', encoding="utf-8")
    return load(path)


@pytest.mark.parametrize("name", GOOD)
def test_a_row_is_a_cell_and_columns_are_axes(name: str, tmp_path: Path):
    graph = graph_of_sheet(tmp_path, name, GOOD[name])
    assert graph.labels == ["a[sample=a,lane=1,file=x y]", "a[sample=b,lane=02]"]
    assert load_text(to_toml(graph), "elsewhere/x.toml").labels == graph.labels


def test_rows_are_combined_with_axes_and_may_be_excluded(tmp_path: Path):
    graph = graph_of_sheet(
        tmp_path, "s.csv", "s,n\na,1\nb,2\n", ", seed = [1, 2], exclude = [{ s = 'a', seed = 2 }, { s = 'gone' }]"
    )
    assert graph.labels == ["a[s=a,n=1,seed=1]", "a[s=b,n=2,seed=1]", "a[s=b,n=2,seed=2]"]


def test_values_of_json_and_toml_keep_their_type(tmp_path: Path):
    graph = graph_of_sheet(tmp_path, "s.json", '[{"n": 1, "x": 1.5, "b": true, "s": "1"}]')
    assert graph.cell(0) == (("n", 1), ("x", 1.5), ("b", True), ("s", "1"))


WRONG = [
    ("s.csv", "", "1:1", "the sheet has no rows", ""),
    ("s.csv", "a,b\n", "1:1", "the sheet has no rows", "add one"),
    ("s.csv", "a,b,a\n1,2,3\n", "1:5", 'two columns are named "a"', "rename"),
    ("s.csv", "a,,b\n1,2,3\n", "1:2", "column 2 has no name", "name it"),
    ("s.csv", "a,b\x1b[31m\n1,2\n", "1:1", "the name of column 2 contains characters that can't be printed", ""),
    ("s.csv", f"a,{'b' * 201}\n1,2\n", "1:1", "the name of column 2 can have at most 200 characters", ""),
    ("s.csv", ",".join(f"c{i}" for i in range(65)) + "\n", "1:1", "at most 64 axes, and this sheet has 65", "remove"),
    ("s.csv", "a,b\n1,2\n\n3\n", "4:1", "this row has 1 cell, and the header has 2", "an empty cell counts"),
    ("s.csv", "a,b\n1,2,3\n", "2:1", "this row has 3 cells, and the header has 2", "a comma in it into quotation"),
    ("s.tsv", "a\tb\n1\t2\t3\n", "2:1", "this row has 3 cells", "a tab in it into quotation marks"),
    ("s.csv", "a,b\n,\n", "2:1", "this row has no values", "remove it"),
    ("s.csv", "a,b\n1,2\n3,4\n1,2\n", "4:1", "this row repeats line 2", "remove one"),
    ("s.csv", "a,b\n1,x\x00y\n", "2:3", "can't contain the character NUL", ""),
    ("s.csv", 'a,b\n1,"x\ny"\n', "2:4", "can't be printed", ""),
    ("s.csv", 'a,b\n3,"\x07"\n', "2:4", "can't be printed", ""),
    ("s.csv", f"a,b\n1,{'x' * 201}\n", "2:3", "at most 200 characters, not 201", ""),
    ("s.csv", 'a,b\n1,"x"y\n', "2:1", "can't be read: ',' expected after '\"'", "double those in it"),
    ("s.csv", 'a,b\n1,"x\n', "2:1", "can't be read: unexpected end of data", ""),
    ("s.csv", f"a,b\n1,{'x' * 140_000}\n", "2:1", "can't be read: field larger than field limit", ""),
    ("s.csv", b"a,b\n1,\xff\n", "2:3", "is not valid UTF-8", "save it as UTF-8"),
    ("s.csv", "a,b\n1,2\n".encode("utf-16"), "1:1", "is not valid UTF-8", ""),
    ("s.json", "", "1:1", "must be an array of objects", 'write [{ "x": 1 }]'),
    ("s.json", '{"a": 1}', "1:1", "must be an array of objects", ""),
    ("s.json", "[]", "1:1", "the sheet has no rows", ""),
    ("s.json", '[\n{"a": 1},\n2]', "3:1", "each row must be an object", ""),
    ("s.json", '[\n{"a": 1},\n{"a": 1, "a": 2}]', "3:10", 'two columns are named "a"', ""),
    ("s.json", '[\n{"a": 1},\n{"b": [1]}]', "3:2", 'the value of "b" must be a string, a number or a boolean', ""),
    ("s.json", '[{"b": {"c": 1}}]', "1:3", "not a table", ""),
    ("s.json", '[{"b": 99999999999999999999}]', "1:3", "must fit in 64 bits", ""),
    ("s.json", '[{"b": ' + "9" * 5000 + "}]", "1:2", "too long a number", ""),
    ("s.json", '[{"b": "\\u001b"}]', "1:3", "can't be printed", ""),
    ("s.json", '[{"b": "\\ud800"}]', "1:3", "can't be printed", ""),
    ("s.json", '[{"b\\n": 1}]', "1:2", "the name of column 1 contains characters", ""),
    ("s.json", '[\n{"a": 1}\n{"a": 2}]', "3:1", 'expected "," or the end of the array', ""),
    ("s.json", '[{"a": 1}] x', "1:12", 'expected "," or the end of the array', ""),
    ("s.json", '[{"a": 1},]', "1:11", "not valid JSON", ""),
    ("s.json", '[{"a": tru}]', "1:8", "not valid JSON", ""),
    ("s.json", '[{"a": 1}', "1:10", 'expected "," or the end', ""),
    ("s.json", "[" * 300_000, "1:2", "nested too deeply", ""),
    ("s.json", "[{}]", "1:2", "this row has no values", ""),
    ("s.toml", "x = 1\n", "1:1", "must be one array of tables", "write [[rows]]"),
    ("s.toml", "[[a]]\nx = 1\n[[b]]\nx = 1\n", "1:1", "must be one array of tables", ""),
    ("s.toml", "[[a]]\nx = 1\n[[a]]\nx = 2020-01-01\n", "4:5", 'the value of "x" must be', "quotation marks"),
    ("s.toml", "[[a]]\nx = 1\n[[a]]\nx = [1]\n", "4:5", 'the value of "x" must be', ""),
    ("s.toml", "[[a]]\nx = 1\n[[a]]\nx = 1\n", "3:3", "this row repeats row 1", ""),
    ("s.toml", "[[a]]\nx = \n", "2:5", "not a valid value", ""),
]


@pytest.mark.parametrize(("name", "content", "place", "message", "hint"), WRONG)
def test_what_is_said_of_a_wrong_sheet(
    name: str, content: str | bytes, place: str, message: str, hint: str, tmp_path: Path
):
    with pytest.raises(GraphError) as caught:
        graph_of_sheet(tmp_path, name, content)
    (problem,) = caught.value.problems
    assert message in problem.message
    assert hint in problem.hint
    assert str(caught.value).startswith(f"{tmp_path / name}:{place}: ")


def test_too_many_rows_and_too_large_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    with pytest.raises(GraphError, match=r"s.csv:100002:1: a sheet can have at most 100,000 rows"):
        graph_of_sheet(tmp_path, "s.csv", "a\n" + "".join(f"{i}\n" for i in range(100_001)))
    monkeypatch.setattr(sheets, "MOST_BYTES", 1024 * 1024)
    with pytest.raises(GraphError, match=r'g.toml:3:19: "matrix.from" names a file that is larger than 1 MB'):
        graph_of_sheet(tmp_path, "s.csv", "a" * 1024 * 1024 + "b")


def test_only_files_are_sheets(tmp_path: Path):
    os.mkfifo(tmp_path / "pipe.csv")
    (tmp_path / "folder.csv").mkdir()
    (tmp_path / "zero.csv").symlink_to("/dev/zero")
    for name in ("pipe.csv", "folder.csv", "zero.csv"):
        (tmp_path / "g.toml").write_text(f"version = 1\n[tasks.a]\nmatrix.from = '{name}'\n")
        with pytest.raises(GraphError, match=r'"matrix.from" must name a file, not a folder, pipe or device'):
            load(tmp_path / "g.toml")


def test_a_sheet_is_read_once_and_told_once(tmp_path: Path):
    (tmp_path / "s.csv").write_text("a,a\n")
    text = "".join(f"[tasks.t{i}]\nmatrix.from = 's.csv'\nrun = 'x {{{{ matrix.b }}}}'\n" for i in range(3))
    (tmp_path / "g.toml").write_text(f"version = 1\n{text}[tasks.z]\nneeds = ['t1[b=1]']\nrun = 1\n")
    with pytest.raises(GraphError) as caught:
        load(tmp_path / "g.toml")
    assert [problem.line for problem in caught.value.problems] == [13, 1]


def test_the_path_is_relative_to_the_file_and_may_have_parameters(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "s1.csv").write_text("x\n1\n")
    (tmp_path / "data" / "s2.csv").write_text("x\n2\n")
    defaults = '[defaults]\nmatrix = { from = "s{{ params.n }}.csv" }\n'
    (tmp_path / "data" / "g.toml").write_text(f"version = 1\nparams = {{ n = 1 }}\n{defaults}[tasks.a]\n[tasks.b]\n")
    monkeypatch.chdir(tmp_path)
    assert load("data/g.toml").labels == ["a[x=1]", "b[x=1]"]
    assert load("data/g.toml", {"n": "2"}).labels == ["a[x=2]", "b[x=2]"]
    with pytest.raises(GraphError, match=r'data/g.toml:4:19: "matrix.from" can\'t be read: data/s3.csv: No such file'):
        load("data/g.toml", {"n": "3"})


def test_an_error_in_a_sheet_holds_no_secret(tmp_path: Path):
    (tmp_path / "s.csv").write_text("a,b\nthe-secret,1,\n")
    head = "version = 1\nrun.secrets = ['T']\nenv.T = 'the-secret'\n"
    (tmp_path / "g.toml").write_text(f"{head}[tasks.a]\nmatrix.from = 's.csv'\n")
    with pytest.raises(GraphError, match=r"s.csv:2:1: this row has 3 cells") as caught:
        load(tmp_path / "g.toml")
    assert "the-secret" not in str(caught.value)


def said_of(folder: Path, name: str, content: bytes) -> tuple[Problem, ...]:
    try:
        graph_of_sheet(folder, name, content)
    except GraphError as error:
        return error.problems
    return ()


@pytest.mark.parametrize("name", GOOD)
def test_damaged_sheets(name: str, tmp_path: Path):
    for seed in range(60):
        content = damaged(GOOD[name].encode(), Random(f"{name} {seed}"))
        said = said_of(tmp_path, name, content)
        assert len(said) < 2
        assert all(line.isprintable() for problem in said for line in str(problem).split("\n"))


def test_csv_and_json_are_imported_for_sheets_only(tmp_path: Path):
    (tmp_path / "g.toml").write_text("version = 1\nparams.l = ['a']\n[tasks.a]\nmatrix = { x = '{{ params.l }}' }\n")
    code = "import sys, dagtui; dagtui.load('g.toml', {'l': 'a,b'}); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path, check=True)
    late = {"csv", "json", "dagtui.graph.matrix.sheets", "dagtui.graph.matrix.listed_cells"}
    assert not late & {*done.stdout.split()}


def test_check_plan_run_and_resume_read_the_sheet(tmp_path: Path):
    sheet, path = tmp_path / "s.tsv", tmp_path / "g.toml"
    sheet.write_text("s\nx\ny\n")
    path.write_text('version = 1\n[tasks.a]\nmatrix.from = "s.tsv"\nrun = "echo {{ matrix.s }} >> out"\n')

    def dagtui(*words: str) -> str:
        done = call(*words, cwd=tmp_path)
        return done.stdout + done.stderr

    assert "OK (1 task, 2 nodes" in dagtui("check", "g.toml")
    assert "2 done" in dagtui("run", "g.toml")
    assert "changed since" not in dagtui("plan", "g.toml")
    sheet.write_text("s\ny\nz\nw\n")
    assert "OK (1 task, 3 nodes" in dagtui("check", "g.toml")
    assert "changed since run 1: a (s.tsv: 2 new cells, 1 gone)" in dagtui("plan", "g.toml")
    change = '{"task": "a", "sheet": "s.tsv", "run": 1, "new_cells": 2, "gone_cells": 1}'
    assert f'"sheet_changes": [{change}]' in dagtui("plan", "g.toml", "--json")
    said = dagtui("run", "g.toml", "--resume")
    assert "resumed: 1 completed node stays; changed: a (s.tsv: 2 new cells, 1 gone)" in said
    assert sorted((tmp_path / "out").read_text().split()) == ["w", "x", "y", "z"]
    sheet.write_text("s\ty\n")
    for words in (["check"], ["plan"], ["run"], ["run", "--resume"], []):
        assert "s.tsv:1:1: the sheet has no rows" in dagtui(*words, "g.toml")
