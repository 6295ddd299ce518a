"""The fast reader of plain documents: what it reads is what the library reads, and it reads nothing that is wrong."""

from __future__ import annotations

import random
import tomllib
from pathlib import Path

import pytest
from graph.damages import damaged
from hypothesis import given, settings
from hypothesis import strategies as st

from dagtui.graph.errors import GraphError
from dagtui.graph.export import to_toml
from dagtui.graph.loading import load, load_text
from dagtui.graph.toml import parse
from dagtui.graph.toml.fast_toml import LONGEST_VALUE, read_plain
from dagtui.graph.toml.headers import task_lines

CONFIGS = sorted((Path(__file__).parents[2] / "configs").glob("*.toml"))


def agree(text: str) -> bool:
    """Whether a text was read; fails when it was read otherwise than by the library."""
    found = read_plain(text)
    if found is None:
        return False
    tables, lines = found
    assert repr(tables) == repr(tomllib.loads(text))  # 1, 1.0 and true are equal, and nan is not
    assert lines == task_lines(text)
    return True


PLAIN = [
    "",
    "\n \t\n",
    "# only a comment",
    "#\n#\n[a]#",
    "a = 1 # one\n\n\tb\t=\t'x'\t# two",
    "a = true\nb = false\nc = 0\nd = 999999999999999999\ne = -1\nf = +1",
    "g = 1.5\nh = 0x1f\ni = 1979-05-27T07:32:00Z\nj = nan",
    'a = "tab\there # no comment"\nb = \'C:\\d "x"\'\nc = ""\nd = \'\'',
    'a = "\\u00e9\\n"\nb = "\\""',
    'a = []\nb = [ ]\nc = ["x"]\nd = [\n  "x",\n  "y",\n]\ne = [ \'x\' , \'y\' ]\nf = ["x", \'y\', 1]\ng = [[1], {}]',
    "a = [\n  1, # one\n  [2],\n]\nb = 3",
    "a = '''\nx\n''y\n'''\nb = '''z'''''",
    'a = """\nx \\\n  ""y\\"""\n"""\nb = """z"""""\nc = 1',
    'a = { b = 1, c = ["x"] }\n[d]\ne = { f = { } }',
    """a = { b = "c = 1, d = 'e'", "f g" = 'h"', i = 0,j=true } # k""",
    "[a]\n[a.b.c]\nx = 1\n[a.b]\ny = 2\n[d.e]\n[d]\nz = 3",
    '["a b"."c.d"]\n"x y" = 1\n[a-1._2]\n3 = 1',
    "[tasks.b.env]\nX = 1\n[tasks.a]\n[tasks.b]\n[tasks.b.matrix]\nx = [1]\n[tasks]",
]  # fmt: skip
NOT_PLAIN = [
    "a.b = 1",
    "[[a]]",
    "[a . b]",
    "['a']",
    '["a\\n"]',
    '["tasks".a]',
    "a = [ # one\n1]",
    "a = [1,\n2]",
    "a = [\n 1]\n b = 2\n c = [\n]",
    "a = [\n 1]\n [t]\n b = [\n]",
    "a = 1\n" + "# comment\n" * 200,
    f"a = '''{'x' * LONGEST_VALUE}'''",
]
WRONG = [
    "a = 1\na = 2",
    '[t]\na = 1\n"a" = 2',
    "[a]\n[a]",
    '[a]\n["a"]',
    "[a.b]\n[a]\n[a]",
    "[a.b]\n[a]\nb = 1",
    "a = 1\n[a]",
    "a = {}\n[a]",
    "a = {}\n[a.b]",
    "a = {b = {}}\n[a.b]",
    "[a]\nb = 1\n[a.b.c]",
    "a",
    "a =",
    "a = ",
    "a = 1 2",
    "a = 1 b = 2",
    "a = 01",
    "a = yes",
    'a = "x',
    'a = "x" "y"',
    "a = '\x01'",
    'a = "\x7f"',
    "# \x00",
    "a = 1 # \x1b",
    "a = 1\rb = 2",
    "a = [1",
    "a = [,]",
    'a = ["x",,]',
    'a = ["x" "y"]',
    "a = ['x\n']",
    "a = { b = 1, b = 2 }",
    'a = { b = 1, "b" = 2 }',
    "a = { b = 1, }",
    "a = { b = 1 c = 2 }",
    "a = { b = 1\n}",
    "a = { b = 01 }",
    "a = { b = 1 } c",
    "a = '''x",
    "a = '''x''''''",
    'a = """\\z"""',
    "[a",
    "[a] b",
    "[]",
    "[a.]",
    "[.a]",
    "\ufeffa = 1",
    "a = 1\x00",
]


@pytest.mark.parametrize("text", PLAIN)
def test_plain_documents_are_read_as_by_the_library(text: str):
    assert agree(text)
    assert agree(text + "\n")
    assert agree("\n  # first\n\n" + text)


@pytest.mark.parametrize("text", NOT_PLAIN)
def test_other_documents_are_left_to_the_library(text: str):
    tomllib.loads(text)
    assert read_plain(text) is None


@pytest.mark.parametrize("text", WRONG)
def test_what_is_wrong_is_never_read(text: str):
    with pytest.raises(tomllib.TOMLDecodeError):
        tomllib.loads(text)
    assert read_plain(text) is None


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.name)
def test_real_files_are_plain(path: Path):
    assert agree(path.read_text(encoding="utf-8"))
    assert agree(to_toml(load(path)))


PIECES = st.sampled_from(
    [
        "[a]", "[a.b]", '["a"]', "[b]", "[tasks.a]", "[tasks.b]", "[tasks.a.env]", "[tasks]", "[[a]]", "[a.b.c]",
        "a = ", "b = ", '"a" = ', "a.b = ", "'c' = ", "c=", "a", "=", ".", "1", "-1", "1.5", "01", "true", "x", '"x"',
        "'x'", '"', "'", '"""', "'''", "\\n", "\\", "[", "]", "{", "}", ",", ", ", "#", "# c", '["x", "y"]', "['x']",
        "[1, 2]", "{ a = 1 }", "{ a = 'x', ", "inf", "1979-05-27", "\t", " ", "\x01", "\x7f", "é", "\r",
    ]
)  # fmt: skip
LINES = st.lists(PIECES | st.just("\n"), max_size=5).map("".join)
STATEMENTS = st.builds(
    "{}{}".format,
    st.sampled_from(["a = ", "b = ", "c = ", '"a" = ', "d-1 = "]),
    st.sampled_from(
        ["1", "true", '"x"', "'x'", '"\\n"', "1.5", '["x",\n"y"]', "['x', 'y',]", "[\n 1,\n 2\n]",
         "{ a = 1 }", "{ b = 'a = 1', a = true }", "{ a = 1, a = 2 }",
         "'''\nx\n'''", '"""\nx"y\n"""', "[[]]", "-0", "2_0"]
    ),
)  # fmt: skip
HEADERS = st.lists(st.sampled_from(["a", "b", "tasks", '"a"', '"x y"', "t-1"]), min_size=1, max_size=3).map(
    lambda names: f"[{'.'.join(names)}]"
)
DOCUMENTS = st.lists(STATEMENTS | HEADERS | LINES, max_size=10).map("\n".join)


@settings(max_examples=400, derandomize=True, database=None, deadline=None)
@given(DOCUMENTS | st.lists(STATEMENTS | HEADERS, max_size=6).map("\n".join))
def test_random_documents(text: str):
    agree(text)


@pytest.mark.torture
@settings(max_examples=50_000, database=None, deadline=None)
@given(DOCUMENTS)
def test_random_documents_for_long(text: str):
    agree(text)


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.name)
def test_damaged_files(path: Path):
    chance = random.Random(path.name)
    read = 0
    for _ in range(150):
        text = damaged(path.read_bytes(), chance).decode(errors="replace").replace("\r\n", "\n")
        read += agree(text)
    assert read


def test_large_files_are_read_by_it(monkeypatch: pytest.MonkeyPatch):
    text = "version = 1\n" + "".join(f'[tasks.t{i}]\nrun = "true"\n' for i in range(5000))
    assert len(text) > parse.LARGE
    monkeypatch.setattr(tomllib, "loads", lambda _: pytest.fail("the library read it"))
    graph = load_text(text, "x.toml")
    assert (len(graph), graph.tasks[-1].line) == (5000, 10_000)


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.name)
def test_both_ways_lead_to_the_same_graph(path: Path, monkeypatch: pytest.MonkeyPatch):
    small = load(path)
    monkeypatch.setattr(parse, "LARGE", 0)
    large = load(path)
    assert (large.tasks, large.labels, large.params) == (small.tasks, small.labels, small.params)


@pytest.mark.parametrize("body", ["[tasks.a]\nneeds = ['gone']\ndepends = 1", "[tasks.a]\nrun = x", "[tasks.a.b]"])
def test_large_files_have_the_same_report(body: str, monkeypatch: pytest.MonkeyPatch):
    reports = []
    for large in (parse.LARGE, 0):
        monkeypatch.setattr(parse, "LARGE", large)
        with pytest.raises(GraphError) as caught:
            load_text("version = 1\n" + body, "x.toml")
        reports.append(str(caught.value))
    assert reports[0] == reports[1]
