"""Files made to break the reader end in an error, and random ones in an error or a graph."""

from __future__ import annotations

import random
import tracemalloc
from itertools import combinations
from typing import TYPE_CHECKING

import pytest
import tomli_w
from graph.model_strategies import documents
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from dagtui.graph.errors import GraphError
from dagtui.graph.loading import load, load_text
from dagtui.graph.model import Graph
from dagtui.graph.toml import parse
from dagtui.text import label

if TYPE_CHECKING:
    from pathlib import Path

HEAD = "version = 1\n"
MANY = f"[{', '.join(map(str, range(10_000)))}]"
EVERY = f"{HEAD}[tasks.a]\nmatrix = {{ x = {MANY} }}\n"

TRIPLES = [f"{{ x{first} = 1, x{second} = 1, x{third} = 0 }}" for first, second, third in combinations(range(17), 3)]

FILES = {
    "deep arrays": ("x = " + "[" * 100_000, "nested too deeply"),
    "deep arrays, closed": ("x = " + "[" * 100_000 + "]" * 100_000, "nested too deeply"),
    "deep tables": ("x = " + "{a=" * 100_000, "nested too deeply"),
    "a long dotted key": ("a" + ".a" * 20_000 + " = 1", "a key has 20,001 parts"),
    "a long dotted key in quotes": ("'a'" + '."a"' * 20_000 + " = 1", "a key has 20,001 parts"),
    "a long dotted header": (f"[a{' . a' * 20_000}]", "a key has 20,001 parts"),
    "a long dotted key without an end": ("a" + ".a" * 20_000 + ".", "a key has 20,001 parts"),
    "a long dotted key in a table": ("x = { a" + ".a" * 20_000 + " = 1 }", "a key has 20,001 parts"),
    "a huge number": ("x = " + "1" * 1_000_000, "too many digits"),
    "a huge number with separators": ("x = " + "1_0" * 100_000, "too many digits"),
    "a huge hexadecimal number": (f"{HEAD}[tasks.a]\nslots = 0x{'f' * 4000}", "must be between"),
    "a huge hexadecimal parameter": (f"{HEAD}params.x = 0x{'f' * 4000}\n[tasks.a]", "64 bits"),
    "a huge hexadecimal axis": (f"{HEAD}[tasks.a]\nmatrix.x = [0x{'f' * 4000}]", "64 bits"),
    "a huge duration": (f"{HEAD}[tasks.a]\ntimeout = 0x{'f' * 4000}", "ten years"),
    "a huge version": (f"version = 0x{'f' * 4000}\n[tasks.a]", "only version 1"),
    "no UTF-8": (b"version = 1\n# \xff\xfe", "not valid UTF-8"),
    "half a character": (b"version = 1\n# \xe2\x82", "not valid UTF-8"),
    "UTF-16": ("version = 1".encode("utf-16"), "not valid UTF-8"),
    "a NUL": ("version = 1\0", "after the value"),
    "an escape": ("# \x1b[2J", "invalid character"),
    "only lines": ("\n" * 1_000_000, "is missing"),
    "10¹² nodes": (f"{HEAD}[tasks.a]\nmatrix = {{ x = {MANY}, y = {MANY}, z = {MANY} }}", "1,000,000,000,001 nodes"),
    "2⁶⁰ nodes": (
        HEAD + "[tasks.a.matrix]\n" + "".join(f"x{i} = [1, 2]\n" for i in range(60)),
        "more than 1,000,000,000,000,000 nodes",
    ),
    "65 axes": (HEAD + "[tasks.a.matrix]\n" + "".join(f"x{i} = [1]\n" for i in range(65)), "at most 64 axes"),
    "10⁸ edges": (f"{EVERY}[tasks.b]\nneeds = ['a']\nmatrix = {{ x = {MANY} }}\n", "20,000,000 edges"),
    "10⁸ edges by selectors": (
        f"{HEAD}[tasks.a.matrix]\nx = {MANY}\ny = [1]\n[tasks.b]\nneeds = ['a[y=1]']\nmatrix = {{ x = {MANY} }}\n",
        "20,000,000 edges",
    ),
    "many kinds of exclusions": (
        f"{HEAD}[tasks.a.matrix]\n"
        + "".join(f"x{i} = [0, 1]\n" for i in range(17))
        + f"exclude = [{', '.join(TRIPLES)}]",
        "too many different sets of axes",
    ),
    "a long name": (f"{HEAD}[tasks.{'x' * 1_000_000}]", "at most 200 characters"),
    "a long key": (f"{HEAD}[tasks.a]\n{'x' * 1_000_000} = 1", "unknown key"),
    "a long entry of needs": (f"{HEAD}[tasks.a]\nneeds = ['{'[' * 1_000_000}]']", "at most 20,000 characters"),
    "an entry of brackets": (f"{HEAD}[tasks.a]\nneeds = ['{'[' * 19_000}]']", "there is no task"),
    "a long duration": (f"{HEAD}[tasks.a]\ntimeout = '{'1' * 1_000_000}'", "is not a duration"),
    "a long trigger": (f"{HEAD}[tasks.a]\ntrigger = '{'a' * 1_000_000}'", "names an unknown trigger"),
    "a long unclosed placeholder": (f"{HEAD}[tasks.a]\nrun = '{'{{ a' * 30_000}'", 'without its "}}"'),
    "a text of openings": (f"{HEAD}[tasks.a]\nrun = '{'{{ a' * 200_000}'", "has 800,000 bytes"),
    "an argument of openings": (f"{HEAD}[tasks.a]\nrun = ['x', '{'{{ a' * 200_000}']", "has 800,000 bytes"),
    "a variable of openings": (f"{HEAD}[tasks.a]\nrun = 'x'\nenv.A = '{'{{ a' * 200_000}'", "has 800,00"),
    "many unknown parents": (
        HEAD + "".join(f"[tasks.t{i}]\nneeds = ['u{i}']\n" for i in range(1000)),
        "there is no task",
    ),
    "many unknown keys": (HEAD + "".join(f"[tasks.t{i}]\ndepend{i} = 1\n" for i in range(1000)), "unknown key"),
    "many long names": (
        HEAD + "".join(f"[tasks.{'x' * 190}{i}]\nneeds = ['{'x' * 190}']\n" for i in range(1000)),
        "no task",
    ),
    "many bad cells": (f"{EVERY}[tasks.b]\nneeds = ['a[x={{{{ matrix.y }}}}]']\nmatrix.y = ['q']\n", "matches no cell"),
    "many selectors that miss": (
        f"{EVERY}[tasks.b]\nneeds = [{', '.join(f'{chr(34)}a[x=q{i}]{chr(34)}' for i in range(2000))}]",
        "doesn't have the value",
    ),
}


@pytest.mark.parametrize("name", FILES)
def test_hostile_files_end_in_an_error(name: str):
    content, said = FILES[name]
    size = len(content)
    tracemalloc.start()
    try:
        with pytest.raises(GraphError) as caught:
            load_text(content, "demo.toml")
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    report = str(caught.value)
    assert said in report
    assert len(report) < 40_000
    assert is_safe(report)
    assert peak < 60e6 + 40 * size


def test_files_that_are_too_large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(parse, "MOST_BYTES", 1024 * 1024)
    path = tmp_path / "large.toml"
    with path.open("wb") as file:
        file.truncate(1024 * 1024 + 1)
    with pytest.raises(GraphError, match="is larger than 1 MB"):
        load(path)


ALPHABET = "[]{}=.,\"'#\n \\a1-_tasks\t\x1b\x00é\U0001f600"
WORDS = [
    *["version = 1\n", "[tasks.a]\n", "[tasks.b]\n", "needs = ", '["a"]\n', "run = ", '"x"', "{{ params.x }}"],
    *["matrix = ", "{ x = [1, 2] }\n", "[params]\n", "x = 1\n", "'''", '"""', "retry = ", "{ delay = 1 }\n"],
    *["[[tasks.a]]\n", "tasks.a.", "a[x=1]", "{{ matrix.x }}", "nan", "0x", "1e999", "1979-05-27 07:32:00", "= "],
    *["exclude = [{ x = 1 }]", "\r\n", "\\u0000"],
]
PIECES = st.lists(st.sampled_from(WORDS) | st.text(ALPHABET, max_size=5), max_size=25).map("".join)


def error_of(content: str | bytes) -> GraphError | None:
    """What loading says; anything but a graph or a report of it is a failure of the test."""
    try:
        graph = load_text(content, "demo.toml")
    except GraphError as error:
        return error
    assert isinstance(graph, Graph)
    return None


def is_safe(report: str) -> bool:
    """Whether the sanitiser finds nothing to do."""
    return all(label(line, 5000) == line for line in report.split("\n"))


@settings(deadline=None)
@given(PIECES | st.text() | st.binary())
@example("version = 1\n[[tasks.a]]\n")
@example("version = 1\n[[tasks]]\n")
@example("version = 1\n[[tasks.a.matrix.exclude]]\nx = 1\n[tasks.a.matrix.exclude.y]\n")
@example("version = 1\ntasks = []\nparams = []\nenv = []\nrun = []\ndefaults = []\nname = []\n")
def test_random_text_is_a_graph_or_an_error(text: str):
    error = error_of(text)
    assert error is None or (error.problems and is_safe(str(error)))


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(documents(), st.integers(0, 2**32))
def test_damaged_files_are_a_graph_or_an_error(document: dict[str, object], seed: int):
    text = tomli_w.dumps(document)
    chance = random.Random(seed)
    for _ in range(chance.randint(1, 4)):
        start = chance.randrange(len(text) + 1)
        end = start + chance.choice([0, 0, 1, 1, 5, 40])
        text = text[:start] + chance.choice(["", *WORDS, *ALPHABET]) + text[end:]
    error = error_of(text)
    assert error is None or all(problem.message for problem in error.problems)


SHUFFLED = st.recursive(
    st.text(max_size=5) | st.integers() | st.floats() | st.booleans() | st.dates(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=4,
)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(documents(), st.data())
def test_wrong_types_anywhere_are_a_graph_or_an_error(document: dict[str, object], data: st.DataObject):
    place: object = document
    while isinstance(place, dict) and place:
        key = data.draw(st.sampled_from(list(place)))
        if data.draw(st.booleans()) or not isinstance(place[key], dict):
            place[key] = data.draw(SHUFFLED)
            break
        place = place[key]
    error = error_of(tomli_w.dumps(document))
    assert error is None or all(problem.message for problem in error.problems)
