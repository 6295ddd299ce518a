"""The TOML reader under fire: a graph, or one report of what is wrong, soon and in little memory.

Each random test has a short form with fixed seeds, and a long one that is asked for by its mark.
"""

from __future__ import annotations

import random
import resource
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from graph.damages import damaged
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dagtui.graph.errors import GraphError, ValueProblem
from dagtui.graph.expressions.braces import SHELLS
from dagtui.graph.expressions.templates import parse_command, parse_template
from dagtui.graph.keys import DOCUMENT, INCLUDE, MATRIX_KEYS, PARAMETER, RUN, TASK
from dagtui.graph.loading import load, load_text
from dagtui.graph.model import Graph
from dagtui.graph.resolution import ResolutionError, Resolver
from dagtui.graph.toml.values import LONGEST_DURATION, parse_duration
from dagtui.text import label

if TYPE_CHECKING:
    from collections.abc import Callable

CONFIGS = sorted((Path(__file__).parents[2] / "configs").glob("*.toml"))
SHORT = settings(
    max_examples=150,
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
LONG = settings(SHORT, max_examples=12000, derandomize=False)
HEAD = "version = 1\n"


def read(content: str | bytes, parameters: dict[str, str]) -> Graph | GraphError:
    try:
        return load_text(content, "dir/demo.toml", parameters)
    except GraphError as error:
        return error


def resolved(resolver: Resolver, node: int) -> str:
    """Why a node can't be resolved, if it can't."""
    try:
        resolver.resolve(node, lambda _: "COMPLETED")
    except ResolutionError as error:
        return str(error)
    return ""


def said_by(content: str | bytes, parameters: dict[str, str] | None = None) -> None:
    """Load, and look at the message; anything but a graph or a report fails the test, as do unsafe characters."""
    found = read(content, parameters or {})
    if isinstance(found, Graph):
        resolver = Resolver(found, {"HOME": "/home/\x1b[2J"})
        for node in range(min(len(found), 20)):
            trouble = resolved(resolver, node)
            assert label(trouble, 600) == trouble
        return
    report = str(found)
    assert found.problems
    assert len(report) < 60_000
    assert all(label(line, 5000) == line for line in report.split("\n")), report


# Real files, damaged


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.name)
def test_damaged_configs(path: Path):
    for seed in range(60):
        said_by(damaged(path.read_bytes(), random.Random(f"{path.name} {seed}")))


def test_damaged_included_files(tmp_path: Path):
    path = tmp_path / "other.toml"
    head = f"{HEAD}include = [{{ path = '{path}', prefix = 'o/' }}]\n"
    for seed in range(60):
        chance = random.Random(f"included {seed}")
        path.write_bytes(damaged(chance.choice(CONFIGS).read_bytes(), chance))
        said_by(f"{head}[tasks.a]\nneeds = ['o/*']\n")


@pytest.mark.torture
@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.name)
def test_damaged_configs_for_long(path: Path):
    chance = random.Random()
    for _ in range(3000):
        seed = chance.randrange(2**60)
        try:
            said_by(damaged(path.read_bytes(), random.Random(seed)))
        except Exception as error:
            error.add_note(f"{path.name}, seed {seed}")
            raise


# Documents that look like graphs

HOSTILE = st.sampled_from(
    [
        "\x1b]52;c;aGk=\x07", "\u202etxt", "[/foo]", "[@click=app.quit]x[/]", "\U000e0041", "a" * 300, "a.b", "a[x=1]",
        "", " ", "..", "/", "~", "-rf", "{{ params.x }}", "{{ matrix.x }}", "{{ needs.a.status }}", "{{", "}}",
        "{{ needs.a.outputs.k }}", "{{ needs.b.outputs.k or 1 }}",
        "{{{{ }}}}", "\ud7ff", "\ue000", "\ufdd0", "é", "三", "\u0301\u0301", "A" * 20, "PATH", "a=b", "\t",
        "\r\n", "\x7f", "\x9b", "{{ params.a }}",
    ]
)  # fmt: skip
WORDS = st.sampled_from(["a", "b", "c", "x", "y"]) | HOSTILE | st.text(max_size=6)
KEYS = st.sampled_from(
    [*DOCUMENT, *TASK, *RUN, *PARAMETER, *INCLUDE, *MATRIX_KEYS, "delay", "backoff", "jitter", "x", "y", "if"]
)
NUMBERS = st.integers() | st.sampled_from([0, 1, 2**63, -(2**63), 2**64, 10**30]) | st.floats()
LEAVES = WORDS | NUMBERS | st.booleans() | st.dates() | st.datetimes() | st.times()
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS | WORDS, inner, max_size=4),
    max_leaves=8,
)


def written(value: object) -> str:
    """A value as TOML, also such as its writers refuse."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict):
        return "{" + ", ".join(f"{written(key)} = {written(entry)}" for key, entry in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(written, value)) + "]"
    if isinstance(value, str):
        return '"' + "".join(c if c.isalnum() or c in " []{}.=/@_-" else f"\\U{ord(c):08x}" for c in value) + '"'
    return value.isoformat() if hasattr(value, "isoformat") else repr(value)


@st.composite
def graph_files(draw: st.DrawFn) -> str:
    lines = [draw(st.sampled_from([HEAD, HEAD, HEAD, "", "version = 2\n"]))]
    for table in draw(
        st.lists(st.sampled_from(["params", "env", "defaults", "run", "pools"]), unique=True, max_size=3)
    ):
        entries = draw(st.dictionaries(KEYS | WORDS, VALUES, max_size=3))
        lines += [f"[{table}]", *(f"{written(key)} = {written(value)}" for key, value in entries.items())]
    for name in draw(st.lists(WORDS, unique=True, max_size=4)):
        lines.append(draw(st.sampled_from(["[tasks.{}]", "[tasks.{}]", "[[tasks.{}]]"])).format(written(name)))
        entries = draw(st.dictionaries(KEYS | WORDS, VALUES, max_size=4))
        lines += [f"{written(key)} = {written(value)}" for key, value in entries.items()]
    return "\n".join(lines)


@SHORT
@given(graph_files(), st.dictionaries(WORDS, WORDS, max_size=2))
def test_random_documents(content: str, parameters: dict[str, str]):
    said_by(content, parameters)


@pytest.mark.torture
@LONG
@given(graph_files(), st.dictionaries(WORDS, WORDS, max_size=2))
def test_random_documents_for_long(content: str, parameters: dict[str, str]):
    said_by(content, parameters)


# The small languages inside

SELECTOR_PARTS = st.sampled_from(
    ["a", "b", "[", "]", "x", "=", ",", "1", "2", " ", "{{", "}}", "matrix.x", "params.p", "env.X", "needs.a", ".", '"']
)
PLACEHOLDER_PARTS = st.sampled_from(
    ["{{", "}}", " ", "params", "matrix", "env", "needs", ".", "p", "x", "a", "status", "outputs", "-", "'", '"', "$",
     "$(", ")", "((", "`", "\\", "#", "\n", "<<EOF", "EOF", "case ", "esac", ";;", "{", "}", "${", "&&", "|", "\t"]
)  # fmt: skip
SELECTORS = st.lists(SELECTOR_PARTS | WORDS, max_size=14).map("".join)
TEXTS = st.lists(PLACEHOLDER_PARTS | WORDS, max_size=30).map("".join)
DURATIONS = st.lists(st.sampled_from([*"0123456789.-+ e", "d", "h", "m", "s", "ms", "nan", "inf"]), max_size=10).map(
    "".join
)


def try_selector(entry: str) -> None:
    axes = "matrix = { x = ['1', '2', 'b'] }"
    said_by(f"{HEAD}params = {{ p = 1 }}\n[tasks.a]\n{axes}\n[tasks.b]\nneeds = [{written(entry)}]\n{axes}\n")


def try_template(text: str) -> None:
    for shell in [None, *sorted(SHELLS), "fish"]:
        with suppress(ValueProblem):
            parse_command(text, (shell, "-c") if shell else None).fill(lambda part: part.source)
    with suppress(ValueProblem):
        parse_template(text)
    said_by(f"{HEAD}[tasks.a]\nrun = {written(text)}\nenv = {{ A = {written(text)} }}\n")


def try_duration(text: str | float) -> None:
    with suppress(ValueError):
        assert 0 <= parse_duration(text) <= LONGEST_DURATION


LANGUAGE_TESTS: list[tuple[st.SearchStrategy[object], Callable[..., None]]] = [
    (SELECTORS, try_selector),
    (TEXTS, try_template),
    (DURATIONS | st.floats() | st.integers() | st.text(), try_duration),
]


@pytest.mark.parametrize(("texts", "attempt"), LANGUAGE_TESTS, ids=lambda item: getattr(item, "__name__", ""))
def test_small_languages(texts: st.SearchStrategy[object], attempt: Callable[..., None]):
    SHORT(given(texts)(attempt))()


@pytest.mark.torture
@pytest.mark.parametrize(("texts", "attempt"), LANGUAGE_TESTS, ids=lambda item: getattr(item, "__name__", ""))
def test_small_languages_for_long(texts: st.SearchStrategy[object], attempt: Callable[..., None]):
    LONG(given(texts)(attempt))()


# Monsters, each in a process of its own that may not take much

CPU_SECONDS = 10
MEMORY_BYTES = 500_000_000

READER = """
import sys
from dagtui.graph.errors import GraphError
from dagtui.graph.loading import load
from dagtui.graph.resolution import ResolutionError, Resolver
try:
    graph = load(sys.argv[1])
    resolver = Resolver(graph, {})
    for node in range(min(len(graph), 100)):
        resolver.resolve(node, lambda _: "COMPLETED")
except (GraphError, ResolutionError) as error:
    sys.stdout.write(str(error)[:100_000])
    sys.exit(3)
sys.stdout.write(f"{len(graph)} nodes")
"""


def many(count: int, line: str) -> str:
    return "".join(line.format(i=i) for i in range(count))


MONSTERS: dict[str, Callable[[], str | bytes]] = {
    "deep arrays": lambda: "x = " + "[" * 500_000 + "]" * 500_000,
    "deep inline tables": lambda: "x = " + "{a = " * 300_000 + "1" + "}" * 300_000,
    "deep args just below the limit": lambda: f"{HEAD}[tasks.a]\ncall = 'a:b'\nargs = {{ x = {'[' * 150}{']' * 150} }}",
    "deep headers": lambda: HEAD + many(2000, "[a" + ".b" * 60 + "{i}]\n"),
    "a dotted key of 20,000 parts": lambda: "a" + ".a" * 20_000 + " = 1",
    "a quoted dotted key of 20,000 parts": lambda: "'a'" + " . 'a'" * 20_000 + " = 1",
    "a header of 300,000 parts": lambda: f"{HEAD}[tasks{'.a' * 300_000}]",
    "a header of 300,000 different parts": lambda: f"{HEAD}[{'.'.join(f'a{i}' for i in range(300_000))}]",
    "a header of 300,000 quoted parts": lambda: f"{HEAD}[tasks{' . ' + chr(34) + 'a' + chr(34)}{'.a' * 300_000}]",
    "a header of an array of 300,000 parts": lambda: f"{HEAD}[[tasks{'.a' * 300_000}]]",
    "a header of 300,000 parts without an end": lambda: f"{HEAD}[tasks{'.a' * 300_000}\n",
    "a key of 300,000 parts": lambda: f"{HEAD}[tasks.a]\nenv = {{ a{'.a' * 300_000} = 1 }}",
    "deep arrays with dots": lambda: f"x = {'[' * 200_000}{'1.5, ' * 99}",
    "deep tables in arrays with dots": lambda: f"x = {'[{ a.b = ' * 200_000}'{'.' * 99}'",
    "100,000 tables of an array": lambda: f"{HEAD}[tasks.a]\n" + "[[tasks.a.b]]\nname = 'x'\n" * 100_000,
    "100,000 arrays of arrays": lambda: HEAD + "[[tasks.a.b]]\n[[tasks.a.b.c]]\nx = 1\n" * 100_000,
    "100,000 tables on one line": lambda: f"{HEAD}[tasks.a]\nargs = {{ x = [{'{ a = 1 },' * 100_000}] }}",
    "100,000 unknown tables": lambda: HEAD + "[tasks.a]\n" + many(100_000, "[tasks.a.k{i}]\nx = 1\n"),
    "100,000 unknown keys": lambda: HEAD + "[tasks.a]\n" + many(100_000, "timeoutt{i} = 1\n"),
    "100,000 unknown keys at the top": lambda: many(100_000, "paramss{i} = 1\n") + "[tasks.a]\n",
    "the last of 200,000 needs twice": lambda: (
        f"{HEAD}[tasks.a]\nneeds = [" + many(200_000, "'k{i}', ") + "'k199999']\n"
    ),
    "a variable behind a long name": lambda: (
        f"{HEAD}params.x = 1\n[tasks.a]\nrun = '{'$' + 'a' * 300 + '{{params.x}}' * 50_000}'"
    ),
    "expansions and quotes": lambda: (
        f"{HEAD}params.x = 1\n[tasks.a]\nrun = {chr(34) * 3}{'${x:-' * 200_000}{chr(39) * 200_000}{{{{params.x}}}}"
        f"{chr(34) * 3}"
    ),
    "a huge integer": lambda: "x = " + "9" * 5_000_000,
    "many big integers": lambda: HEAD + "x = [" + "9" * 4300 + ("," + "9" * 4300) * 2000 + "]",
    "a huge hexadecimal": lambda: f"{HEAD}[tasks.a]\nslots = 0x" + "f" * 4_000,
    "a huge float": lambda: f"{HEAD}[tasks.a]\ntimeout = 1e{'9' * 4000}",
    "a long fraction": lambda: f"{HEAD}[tasks.a]\ntimeout = 0.{'9' * 4_000_000}",
    "dates everywhere": lambda: HEAD + "[tasks.a]\n" + many(20_000, "x{i} = 1979-05-27T07:32:00Z\n"),
    "200,000 times 200,000 cells": lambda: (
        f"{HEAD}[tasks.a.matrix]\nx = [{','.join(map(str, range(200_000)))}]\n"
        f"y = [{','.join(map(str, range(200_000)))}]\n"
    ),
    "a list of 300,000 elements as two axes": lambda: (
        f"{HEAD}params.l = [{many(300_000, '{i},')}]\n[tasks.a]\nmatrix = {{ x = '{{{{params.l}}}}' }}\n"
        "[tasks.b]\nmatrix = { x = '{{params.l}}' }\nneeds = ['a[x={{matrix.x}}]']\nrun = 'true {{params.l}}'\n"
    ),
    "100,000 listed cells": lambda: (
        f"{HEAD}[tasks.a.matrix]\ninclude = [{many(100_000, '{{ x = {i}, y = 1 }},')}]\nexclude = [{{ x = 7 }}]\n"
    ),
    "1,000 entries that fit 20,000 cells": lambda: (
        f"{HEAD}[tasks.a.matrix]\nx = [{many(20_000, '{i},')}]\ninclude = [{many(1000, '{{ y = {i} }},')}]\n"
    ),
    "entries that fit by 2,000 different sets of axes": lambda: (
        f"{HEAD}[tasks.a.matrix]\n{many(16, 'x{i} = [0, 1]' + chr(10))}include = ["
        + ",".join("{" + ",".join(f"x{i} = 1" for i in range(16) if k >> i & 1) + "}" for k in range(1, 2000))
        + "]\n"
    ),
    "2 million cells, all excluded": lambda: (
        f"{HEAD}[tasks.a.matrix]\nx = [{','.join(map(str, range(1400)))}]\ny = [{','.join(map(str, range(1400)))}]\n"
        f"exclude = [{','.join(f'{{x={i}}}' for i in range(1400))}]\n"
    ),
    "100,000 exclusions": lambda: (
        f"{HEAD}[tasks.a.matrix]\nx = [{','.join(map(str, range(300)))}]\ny = [{','.join(map(str, range(400)))}]\n"
        f"exclude = [{','.join(f'{{x={i},y={j}}}' for i in range(300) for j in range(333))}]\n"
    ),
    "exclusions over many axes": lambda: (
        HEAD + "[tasks.a.matrix]\n" + many(20, "x{i} = [0, 1]\n")
        + "exclude = [" + ",".join("{" + ",".join(f"x{i} = {k >> i & 1}" for i in range(20)) + "}" for k in range(3000))
        + "]"
    ),
    "a cycle of 50,000": lambda: (
        HEAD + "[tasks.t0]\nneeds = ['t49999']\n"
        + "".join(f"[tasks.t{i}]\nneeds = ['t{i - 1}']\n" for i in range(1, 50_000))
    ),
    "300 tasks that all need each other": lambda: HEAD + many(
        300, "[tasks.t{i}]\nneeds = [" + ",".join(f"'t{j}'" for j in range(300)) + "]\n"
    ),
    "a chain of 100,000": lambda: HEAD + "[tasks.t0]\n" + "".join(
        f"[tasks.t{i}]\nneeds = ['t{i - 1}']\n" for i in range(1, 100_000)
    ),
    "variables made of each other": lambda: HEAD + "[tasks.a]\n[tasks.a.env]\n" + many(
        3000, "A{i} = '{{{{ env.B{i} }}}}{{{{ env.A2999 }}}}'\n"
    ),
    "variables that double": lambda: HEAD + "[tasks.a]\n[tasks.a.env]\nA0 = 'xxxxxxxxxx'\n" + "".join(
        f"A{i} = '{{{{ env.A{i - 1} }}}}{{{{ env.A{i - 1} }}}}'\n" for i in range(1, 60)
    ),
    "variables that grow": lambda: HEAD + f"[tasks.a]\nenv = {{ A = '{'x' * 1_000_000}', B = '{'{{env.A}}' * 9000}' }}",
    "long parameters in selectors": lambda: (
        f"{HEAD}params = {{ x = '{'x' * 5_000_000}' }}\n[tasks.a]\nmatrix = {{ x = [1, 2] }}\n"
        f"[tasks.b]\nneeds = ['a[x={'{{params.x}}' * 60}]']\n"
    ),
    "many placeholders in a selector": lambda: (
        f"{HEAD}[tasks.a]\nmatrix = {{ x = [''] }}\n[tasks.b]\nneeds = ['a[x={'{{matrix.x}}' * 1500}]']\n"
        f"matrix = {{ x = [''], y = [{','.join(map(str, range(100_000)))}] }}\n"
    ),
    "a million placeholders": lambda: f"{HEAD}params = {{ x = 1 }}\n[tasks.a]\nrun = ['{'{{params.x}}' * 1_000_000}']",
    "ten million braces that are no placeholders": lambda: f"{HEAD}[tasks.a]\nrun = ['{'{{x}}' * 10_000_000}']",
    "a million statuses": lambda: (
        f"{HEAD}[tasks.a]\nrun = [" + many(1_000_000, "'{{{{needs.b{i}.status}}}}',") + "]"
    ),
    "a million statuses of one task": lambda: (
        f"{HEAD}[tasks.b]\n[tasks.a]\nneeds = ['b']\nrun = [" + "'{{needs.b.status}}'," * 1_000_000 + "]"
    ),
    "100,000 outputs": lambda: (
        f"{HEAD}[tasks.b]\n[tasks.c]\nneeds = ['b']\n[tasks.a]\nneeds = ['c']\nrun = ["
        + many(50_000, "'{{{{needs.b.outputs.k{i}}}}}', '{{{{needs.b{i}.outputs.k}}}}',") + "]"
    ),
    "outputs of everything far above": lambda: HEAD + many(1000, "[tasks.t{i}]\n") + "".join(
        f"[tasks.t{i}]\nneeds = ['t{i - 1}']\nrun = 'true {{{{ needs.t{i - 1000}.outputs.k }}}}'\n"
        for i in range(1000, 20_000)
    ),
    "outputs of many cells": lambda: (
        f"{HEAD}[tasks.a.matrix]\nx = [" + many(50_000, "{i},") + "]\n[tasks.b]\nneeds = ['a']\n"
        + many(5_000, "[tasks.c{i}]\nneeds = ['b']\nrun = 'true {{{{ needs.a.outputs.k }}}}'\n")
    ),
    "outputs of cells that many select": lambda: (
        f"{HEAD}[tasks.a.matrix]\nx = [" + many(20_000, "{i},") + "]\n[tasks.b]\nneeds = ['a']\n"
        + many(5_000, "[tasks.c{i}]\nneeds = ['b']\nrun = 'true {{{{ needs.a[x={i}].outputs.k }}}}'\n")
    ),
    "many misspelt parameters": lambda: (
        f"{HEAD}[params]\n" + many(2000, "parameter{i} = 1\n") + "[tasks.a]\nrun = ["
        + many(50_000, "'{{{{ params.paramter{i}x }}}}',") + "]"
    ),
    "many wrong selectors": lambda: (
        f"{HEAD}[tasks.a.matrix]\nx = [" + many(300_000, "{i},") + "]\n[tasks.b]\nneeds = ["
        + many(20_000, "'a[x=y{i}]', 'a[x={{{{ params.y{i} }}}}]',") + "]"
    ),
    "a million placeholders for the shell": lambda: (
        f"{HEAD}params = {{ x = 1 }}\n[tasks.a]\nrun = '{'{{params.x}} ' * 300_000}'"
    ),
    "a long shell text of openings": lambda: (
        f"{HEAD}params.x = 1\n[tasks.a]\nrun = '''{'$((' * 400_000}{{{{params.x}}}}'''"
    ),
    "many here-documents": lambda: (
        f"{HEAD}params.x = 1\n[tasks.a]\nrun = '''{'cat <<A <<B<<C' * 60_000}\n{{{{ params.x }}}}'''"
    ),
    "an entry of brackets": lambda: f"{HEAD}[tasks.a]\nneeds = ['{'a[' * 9_000}]']",
    "many misspelt keys": lambda: HEAD + "[tasks.a]\n" + many(50_000, "depend{i} = 1\n"),
    "many alike names": lambda: HEAD + many(20_000, "[tasks.tasktasktask{i}]\nneeds = ['tasktesktask{i}']\n"),
    "one line of 10 MB": lambda: f"{HEAD}[tasks.a]\ndoc = '{'x' * 10_000_000}' oops",
    "a million errors on one line": lambda: f"{HEAD}[tasks.a]\nneeds = [{','.join(['1'] * 500_000)}]",
    "invalid UTF-8 at the end of 20 MB": lambda: b"#" + b"x" * 20_000_000 + b"\xff",
    "only carriage returns": lambda: b"\r" * 3_000_000,
    "only quotation marks": lambda: '"' * 3_000_000,
    "quotation marks and dots": lambda: "''." * 1_000_000,
    "only spaces": lambda: " " * 10_000_000 + "x",
    "only openings of tables": lambda: "[\n" * 1_000_000,
    "a random block": lambda: random.Random(7).randbytes(5_000_000),
}  # fmt: skip


def limit_itself() -> None:
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY_BYTES, MEMORY_BYTES))


def read_limited(path: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", READER, str(path)],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        preexec_fn=limit_itself,
        timeout=120,
    )


def check_monster(name: str, folder: Path) -> None:
    content = MONSTERS[name]()
    path = folder / "monster.toml"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    result = read_limited(path)
    said = f"{name}: status {result.returncode}\n{result.stderr[-2000:]}"
    assert result.returncode in {0, 3}, said
    assert not result.stderr, said
    assert all(label(line, 5000) == line for line in result.stdout.split("\n"))


QUICK = ["deep arrays", "a header of 300,000 parts", "deep arrays with dots", "the last of 200,000 needs twice",
         "200,000 times 200,000 cells", "a cycle of 50,000", "variables that double", "long parameters in selectors",
         "many placeholders in a selector"]  # fmt: skip


@pytest.mark.parametrize("name", QUICK)
def test_monsters_end_soon_in_little_memory(name: str, tmp_path: Path):
    check_monster(name, tmp_path)


@pytest.mark.torture
@pytest.mark.parametrize("name", sorted(set(MONSTERS) - set(QUICK)))
def test_all_monsters_end_soon_in_little_memory(name: str, tmp_path: Path):
    check_monster(name, tmp_path)


# The file itself


def test_what_is_no_file_is_an_error_of_one_line(tmp_path: Path):
    for path in [
        tmp_path,
        tmp_path / "missing\x1b]52;c;aGk=\x07.toml",
        tmp_path / ("x" * 300),
        tmp_path / "a\0b.toml",
        tmp_path / "\udcff.toml",
        Path("/proc/self/mem"),
    ]:
        with pytest.raises(GraphError) as caught:
            load(path)
        assert label(str(caught.value), 5000) == str(caught.value)


def test_a_file_in_a_folder_with_a_hostile_name(tmp_path: Path):
    folder = tmp_path / "\x1b]0;title\x07\u202e\udcff[@click=app.quit]"
    folder.mkdir()
    path = folder / "\x1b[2J.toml"
    path.write_text("oops\x1b]52;c;aGk=\x07")
    with pytest.raises(GraphError) as caught:
        load(path)
    assert all(label(line, 5000) == line for line in str(caught.value).split("\n"))
