"""Files of variables: how lines are read, what is wrong with them, and what a graph makes of them."""

from __future__ import annotations

import contextlib
import os
import subprocess
import time
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dagtui.graph.env_files import variables_in
from dagtui.graph.errors import GraphError
from dagtui.graph.export import to_toml
from dagtui.graph.loading import load, load_recorded
from dagtui.graph.secrets import find_secrets

if TYPE_CHECKING:
    from pathlib import Path

_PLAIN = st.text("abcXYZ019_-./:,@%+=#ü", min_size=1, max_size=5)
_IN_QUOTES = st.text("ab #=\"'\\ \n\t;&|ü", max_size=6)
_PIECES = st.one_of(
    _PLAIN,
    _IN_QUOTES.filter(lambda text: "'" not in text).map("'{}'".format),
    _IN_QUOTES.map(lambda text: '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'),
    st.sampled_from(['"\\a"', '"\\$"', '"\\`"', '"a\\\nb"', "\\ ", "\\'", '\\"', "\\\\", "\\#", "a\\\nb"]),
)
_ENDS = st.sampled_from(["", " ", "\t# it's a comment", "  #"])
_LINES = st.builds(
    lambda export, name, pieces, end: f"{export}{name}={''.join(pieces)}{end}",
    st.sampled_from(["", "export ", "  export\t"]),
    st.sampled_from(["A", "B_2", "_c"]),
    st.lists(_PIECES, max_size=4),
    _ENDS,
)
FILES = st.lists(_LINES | st.sampled_from(["", "# comment 'x", "  # A=1"]), max_size=6).map("\n".join)


@given(FILES)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_file_means_the_same_as_in_a_shell(tmp_path: Path, text: str):
    path = tmp_path / "variables"
    path.write_text(text + "\n", encoding="utf-8")
    line = "set -a; . ./variables; exec env -0"
    done = subprocess.run(
        ["sh", "-c", line], cwd=tmp_path, env={"PATH": os.environ["PATH"]}, capture_output=True, check=True
    )
    shell = dict(entry.split("=", 1) for entry in done.stdout.decode().split("\0")[:-1])
    assert variables_in(text.encode(), "f") == {name: shell[name] for name in shell if name not in {"PATH", "PWD", "_"}}


@given(st.binary(max_size=60) | st.text("A= '\"\\#\n\r\t\0$é", max_size=40).map(str.encode))
@settings(max_examples=200, deadline=None)
def test_any_content_is_read_or_refused(content: bytes):
    try:
        found = variables_in(content, "f")
    except GraphError as error:
        hidden = {problem.excerpt for problem in error.problems}
        assert (hidden, all(problem.path == "f" for problem in error.problems)) == ({""}, True)  # noqa: PT017
    else:
        assert all("\0" not in value for value in found.values())


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("A = b", "b"),
        ("A=b c  d  ", "b c  d"),
        ("A=$HOME/`x` $(y)", "$HOME/`x` $(y)"),
        ('A="$HOME"', "$HOME"),
        ("A=b # c", "b"),
        ("A=b#c", "b#c"),
        ("A= # c", ""),
        ("A=#c", "#c"),
        ("A='x' y", "x y"),
        ("\ufeffA=b\r\nB=c\r\n", "b"),
        ("A=1\nA=2", "2"),
        ("A.b-c=1\nA=2", "2"),
        ("# nothing\n\n  A=b", "b"),
        ("A=b\n# end", "b"),
    ],
)
def test_a_line_is_read_as_other_tools_do(line: str, value: str):
    assert variables_in(line.encode(), "f")["A"] == value


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("A=1\nsecret", "f:2:1: this line is not NAME=VALUE"),
        ("export A", "f:1:1: this line is not NAME=VALUE"),
        ("A: secret", "write NAME=VALUE, not NAME: VALUE"),
        ("1A=secret", 'letters, digits and "_"'),
        ("A='secret", "f:1:3: the ' here is not closed"),
        ('B=1\nA=x"secret\nC=2', 'f:2:4: the " here is not closed'),
        ("A=it's secret", "f:1:5: the ' here is not closed"),
        ("A=secret\\", "f:1:9: a backslash is the last character"),
        ("A=sec\0ret", 'f:1:1: the value of "A" contains the character NUL'),
        (b"A=1\nB=secret\xff", "f:2:9: is not valid UTF-8"),
        ("A=1\nB=" + "secret" * 30_000, 'f:2:1: the value of "B" has'),
    ],
)
def test_a_wrong_line_is_named_and_never_shown(text: str | bytes, said: str):
    with pytest.raises(GraphError) as caught:
        variables_in(text.encode() if isinstance(text, str) else text, "f")
    assert said in str(caught.value)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    "text", ["A='", 'A="\\', "A=\\", "A= ", "\n", "#\n", "export ", "x", "A=1\n", "A=''", '"', "= "]
)
def test_a_hostile_file_is_read_soon(text: str):
    content = (text * (1024 * 1024 // len(text))).encode()
    began = time.process_time()
    with contextlib.suppress(GraphError):
        variables_in(content, "f")
    assert time.process_time() - began < 5


# In a graph


def graph_text(files: str, more: str = "") -> str:
    return f'version = 1\n[run]\nenv_file = {files}\n{more}\n[tasks.a]\nrun = "echo {{{{ env.A }}}}"\n'


@pytest.fixture
def path(tmp_path: Path) -> Path:
    (tmp_path / ".env").write_text("A=from the file\nB=1\nTOKEN=hunter2-hunter2\n")
    (tmp_path / "dev.env").write_text("A=later\n")
    return tmp_path / "graph.toml"


def test_the_last_file_counts_and_the_environment_before_all(path: Path):
    path.write_text(graph_text('[".env", "{{ params.stage }}.env", "gone?"]', '[params]\nstage = "dev"'))
    graph = load(path, environment={})
    assert graph.variables == {"A": "later", "B": "1", "TOKEN": "hunter2-hunter2"}
    assert set(graph.sources) == {path.with_name(".env"), path.with_name("dev.env")}
    assert load(path, environment={"A": "mine"}).variables["A"] == "later"  # what counts is decided when a run begins


def test_only_its_name_is_recorded_and_a_record_does_not_read_it(path: Path):
    path.write_text(graph_text('[".env"]', 'secrets = ["TOKEN"]'))
    graph = load(path, environment={})
    assert find_secrets(graph, {})
    written = to_toml(graph)
    assert '".env"' in written
    assert "from the file" not in written
    path.with_name(".env").unlink()
    assert load_recorded(path, written.encode()).variables == {}


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ('".env"', '3:12: "run.env_file" must be an array, not a string'),
        ("[1]", '3:13: "run.env_file" must be a string'),
        ('[".env", ".env"]', '3:21: "run.env_file" repeats ".env"'),
        ('["gone"]', """3:13: an element of "run.env_file" can't be read"""),
        ('["."]', "must name a file, not a folder, pipe or device"),
        ('["pipe"]', "must name a file, not a folder, pipe or device"),
        ('["{{ env.X }}"]', "only params are known"),
        ('["{{ params.x }}"]', 'there is no parameter "x"'),
        ('["wrong"]', "wrong:1:1: this line is not NAME=VALUE"),
        ('["large"]', "names a file that is larger than 1 MB"),
    ],
)
def test_a_wrong_file_is_one_located_error(path: Path, files: str, said: str):
    os.mkfifo(path.with_name("pipe"))
    path.with_name("wrong").write_text("not a variable\n")
    path.with_name("large").write_text("A=1\n" * 300_000)
    path.write_text(graph_text(files))
    with pytest.raises(GraphError) as caught:
        load(path, environment={})
    assert said in str(caught.value)
    assert len(caught.value.problems) == 1
