"""What the pages of the manual say exists: keys, options, commands, links; what they show works."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

import click
import pytest
from manual.markdown import PAGES, blocks, code, documented, sections, tables
from support import program
from support.waiting import wait_for

import dagtui
from dagtui.cli.init import STARTER
from dagtui.cli.main import COMMANDS, command
from dagtui.engine.status import NodeStatus
from dagtui.graph import keys
from dagtui.graph.model import Trigger
from dagtui.manual.layout import Emphasis, page_lines
from dagtui.manual.pages import TOPICS, read_pages
from dagtui.text.look import ASCII, UNICODE
from dagtui.tui.actions.action import Group
from dagtui.tui.actions.keymap import Keymap
from dagtui.tui.actions.recording import MOMENT_ACTIONS, RECORDED_ACTIONS
from dagtui.tui.actions.table import ACTIONS

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

GRAPH_FILE = sections("graph-file")


def test_each_page_has_a_title_and_a_line_that_says_what_it_is_about():
    folder = Path(dagtui.__file__).parent / "manual"
    assert sorted(TOPICS) == sorted(path.stem for path in folder.glob("*.md"))
    for page in read_pages():
        assert page.text.startswith(f"# {page.title}\n\n{page.summary}\n\n")
        assert page.title
        assert "\n" not in page.summary
        assert len(page.summary) <= 60  # the list fits into 80 columns


# The graph file


@pytest.mark.parametrize("topic", TOPICS)
def test_graphs_are_well(topic: str, tmp_path: Path):
    write_sheet(tmp_path)
    for number, text in enumerate(blocks(PAGES[topic], "toml")):
        path = tmp_path / f"{number}.toml"
        path.write_text(text, encoding="utf-8")
        assert len(dagtui.load(path, given_in(text)))


def write_sheet(folder: Path) -> None:
    """Write the sheet and the graph file that examples name."""
    (sheet,) = blocks(PAGES["graph-file"], "tsv")
    (folder / "samples.tsv").write_text(sheet, encoding="utf-8")
    for text in blocks(GRAPH_FILE["`include`"], "toml"):
        if name := re.match(r"# (\S+\.toml)\n", text):
            (folder / name[1]).write_text(text, encoding="utf-8")


def given_in(text: str) -> dict[str, str]:
    """The parameters of the call that a comment of an example shows."""
    call = re.search(r"^# dagtui graph.toml (-p .*)", text, re.MULTILINE)
    words = shlex.split(call[1])[1::2] if call else []
    return dict(word.split("=", 1) for word in words)


FILES = ("`inputs`", "`outputs`")
"""Sections whose examples need files."""
GATES = {"`ask`": ("approve", "published"), "`choices`": ("drop", "drop the")}
"""Sections whose examples ask: an answer, and what the last task then says."""
CHOSEN = {
    "Run only some nodes": ["fetch", "report"],
    "`run.default`": ["fetch", "report"],
    "`default`": ["build"],
    "`needs`": ["pack", "qc_index", "qc_reads", "summary"],
}
"""The nodes that run in the last example of a section. Another test looks at that."""


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The environment of a machine on which examples run: it has a `curl` without a network, and a token."""
    folder = tmp_path_factory.mktemp("machine")
    (folder / "curl").write_text('#!/bin/sh\necho "$@"\n', encoding="utf-8")
    (folder / "curl").chmod(0o755)
    path = f"{folder}{os.pathsep}{os.environ['PATH']}"
    return {"PATH": path, "API_TOKEN": "hunter2", "DAGTUI_STATE_DIR": str(folder / "state")}


@pytest.mark.parametrize(
    "heading",
    [heading for heading, text in GRAPH_FILE.items() if "```toml" in text and heading not in {*FILES, *GATES}],
)
def test_the_examples_run(tmp_path: Path, machine: dict[str, str], heading: str):
    write_sheet(tmp_path)
    for folder, text in (("", blocks(GRAPH_FILE["`args`"], "python")[0]), ("steps", "def main(): pass\n")):
        (tmp_path / folder).mkdir(exist_ok=True)
        (tmp_path / folder / "score.py").write_text(text, encoding="utf-8")
    found = blocks(GRAPH_FILE[heading], "toml")
    for number, text in enumerate(found[:-1] if heading in CHOSEN else found):
        path = tmp_path / f"{number}.toml"
        path.write_text(text, encoding="utf-8")
        given = [word for name, value in given_in(text).items() for word in ("-p", f"{name}={value}")]
        done = program.call("run", path, *given, env=machine)
        assert done.returncode == 0, done.stdout + done.stderr


def test_the_examples_of_files_run(tmp_path: Path):
    (tmp_path / "src").mkdir()
    (tmp_path / "src/a.txt").write_text("text\n", encoding="utf-8")
    for heading in FILES:
        (text,) = blocks(GRAPH_FILE[heading], "toml")
        (tmp_path / "graph.toml").write_text(text, encoding="utf-8")
        done = program.call("run", "graph.toml", "--fresh", cwd=tmp_path)
        if heading == "`outputs`":
            assert "style.json#colour" in done.stderr  # which is missing
            (tmp_path / "style.json").write_text('{"colour": "red"}', encoding="utf-8")
            done = program.call("run", "graph.toml", "--fresh", cwd=tmp_path)
        assert done.returncode == 0, done.stdout + done.stderr
    assert [(tmp_path / name).read_text() for name in ("report.txt", "site/index.html")] == ["2\n2\n", "text\n"]


@pytest.mark.parametrize("heading", GATES)
def test_the_examples_of_gates_are_answered(tmp_path: Path, heading: str):
    choice, said = GATES[heading]
    (text,) = blocks(GRAPH_FILE[heading], "toml")
    path = tmp_path / "graph.toml"
    path.write_text(text, encoding="utf-8")
    words = [*program.DAGTUI, "run", str(path)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=program.ENVIRONMENT) as run:
        wait_for(lambda: program.call("answer", path, "approve", choice).returncode == 0, "it is answered")
        output, _ = run.communicate(timeout=60)
        assert run.returncode == 0, output
    last = next(reversed(tomllib.loads(text)["tasks"]))
    assert said in program.call("logs", path, last).stdout


@pytest.mark.parametrize(("heading", "nodes"), CHOSEN.items())
def test_the_examples_of_what_runs_run_just_that(tmp_path: Path, heading: str, nodes: list[str]):
    text = blocks(GRAPH_FILE[heading], "toml")[-1]
    (tmp_path / "graph.toml").write_text(text, encoding="utf-8")
    shown = re.search(r"^# dagtui (.*)", text, re.MULTILINE)
    words = shlex.split(shown[1]) if shown else ["run", "graph.toml"]
    done = program.call(*words, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert sorted(re.findall(r"(\w+)  done", done.stdout)) == nodes


# All examples of the page are executed by the tests above, so a key that has one has one that runs.


def test_every_key_of_a_task_has_a_section_with_an_example():
    for key in keys.TASK:
        assert f"`{key}`" in GRAPH_FILE, f"graph-file.md has no section `{key}`"
        assert [key for table in examples(f"`{key}`")["tasks"] for task in table.values() if key in task], key


def test_the_cells_of_the_examples_are_those_that_the_page_names(tmp_path: Path):
    text = GRAPH_FILE["Listed cells"]
    (tmp_path / "g.toml").write_text(blocks(text, "toml")[1], encoding="utf-8")
    assert dagtui.load(tmp_path / "g.toml").labels == re.findall(r"`(test\[.*?\])`", text)


def test_the_table_of_keys_has_every_key_of_a_task():
    assert documented(GRAPH_FILE["The keys of a task"]) == set(keys.TASK)


def test_every_other_key_has_a_section_with_an_example():
    for key in keys.DOCUMENT:
        heading = {"run": "`run`, the table", "env": "`env`, at the top"}.get(key, f"`{key}`")
        assert heading in GRAPH_FILE, f"graph-file.md has no section {heading}"
        if key != "run":
            assert examples(heading)[key], key
    for key in keys.RUN:
        assert f"`run.{key}`" in GRAPH_FILE, f"graph-file.md has no section `run.{key}`"
        assert [table for table in examples(f"`run.{key}`")["run"] if key in table], key
    assert documented(GRAPH_FILE["`params`"]) == set(keys.PARAMETER)
    tables = [table for params in examples("`params`")["params"] for table in params.values()]
    assert {key for table in tables if isinstance(table, dict) for key in table} == set(keys.PARAMETER)
    assert documented(GRAPH_FILE["`retry`"]) == set(keys.RETRY)


@pytest.mark.parametrize(
    ("key", "inner", "headings"),
    [
        ("retry", keys.RETRY, ["`retry`"]),
        ("service", keys.TASK["service"].schema["properties"], ["`service`"]),
        ("matrix", keys.MATRIX_KEYS, ["`matrix`", "Listed cells", "Sheets"]),
        ("include", keys.INCLUDE, ["`include`"]),
    ],
)
def test_every_key_of_an_inner_table_is_in_an_example(key: str, inner: Collection[str], headings: list[str]):
    found = [examples(heading) for heading in headings]
    tasks = [task for tables in found for table in tables["tasks"] for task in table.values()]
    inner_tables = [task[key] for task in tasks if key in task]
    inner_tables += [entry for tables in found for entries in tables.get(key, []) for entry in entries]
    assert {name for table in inner_tables for name in table} >= set(inner)


def examples(heading: str) -> dict[str, list[dict[str, dict[str, object]]]]:
    """The tables of the examples below a heading, by key."""
    documents = [tomllib.loads(text) for text in blocks(GRAPH_FILE[heading], "toml")]
    return {key: [document[key] for document in documents if key in document] for key in keys.DOCUMENT}


def test_no_section_is_about_a_key_that_is_gone():
    known = {*keys.TASK, *keys.DOCUMENT, *(f"run.{key}" for key in keys.RUN)}
    assert [name for heading in GRAPH_FILE for name in code(heading) if name not in known] == []


def test_reserved_keys_and_triggers_are_named():
    reserved = set(code(GRAPH_FILE["Reserved keys"]))
    assert reserved == {"[run]", *keys.RESERVED_DOCUMENT, *keys.RESERVED_RUN, *keys.RESERVED_TASK}
    assert documented(GRAPH_FILE["`trigger`"]) == {trigger.value for trigger in Trigger}


def test_the_first_graph_is_the_one_that_init_writes():
    assert blocks(PAGES["start"], "toml") == [STARTER.read_text(encoding="utf-8")]


# The keyboard

RECORDING = sections("control")["A past run as a recording"]


@pytest.mark.parametrize(
    ("heading", "groups"),
    [
        ("Commands", {Group.NODE, Group.RUN}),
        *((group.value, {group}) for group in Group if group not in {Group.NODE, Group.RUN, Group.RECORDING}),
    ],
)
def test_each_section_of_the_manual_names_the_keys_of_its_actions(heading: str, groups: set[Group]):
    keymap = Keymap(ACTIONS)
    known = {key for action in ACTIONS if action.group in groups for key in keymap.all_shown(action.id).split()}
    moves = {key for action in ACTIONS if action.group is Group.MOVE for key in keymap.all_shown(action.id).split()}
    named = documented(sections("control")[heading])
    assert named >= known
    assert named - known <= moves  # which mean something of their own in a log


def test_the_keys_of_a_recording_are_named():
    keymap = Keymap(RECORDED_ACTIONS)
    steps, on_bar = ({key for row in table for key in code(row[0])} for table in tables(RECORDING))
    assert steps == {key for action in MOMENT_ACTIONS for key in keymap.all_shown(action.id).split()}
    shown = {key for id_ in ("fold.close", "fold.open") for key in keymap.all_shown(id_).split()}
    assert shown | {"g", "G", "e", "E", "^u", "^d"} == on_bar


def test_every_status_has_its_signs():
    shown = [[*code(row[0]), *code(row[1]), row[2]] for row in tables(sections("control")["Statuses"])[0]]
    assert shown == [[UNICODE.statuses[status], ASCII.statuses[status], status.word] for status in NodeStatus]


# The command line


def called(topic: str) -> Iterator[str]:
    """Each call of dagtui in code."""
    text = PAGES[topic]
    for block in [*blocks(text, "sh"), *blocks(text, "console")]:
        for line in block.splitlines():
            for call in re.split(r"&&|[|;&]", line.partition("  #")[0]):
                if found := re.search(r"(?:^|\s)(dagtui\s.*)$", call.split(">")[0]):
                    yield found[1]
    yield from (span for span in code(text) if span.startswith("dagtui "))


@pytest.mark.parametrize("topic", TOPICS)
def test_commands_and_their_options_exist(topic: str):
    for call in called(topic):
        words = shlex.split(call.replace("<(generate)", "graph.toml"))[1:]
        name = words[0] if words and words[0] in COMMANDS else "open"
        assert name != "open" or not words or words[0].startswith("-") or words[0].endswith(".toml"), call
        known = options(name) | {"--help"}
        assert [word for word in words if word.startswith("-") and len(word) > 1 and word not in known] == [], call


def test_options_that_stand_alone_exist():
    known = {option for name in COMMANDS for option in options(name)} | {"--help", "-", "--"}
    for topic, text in PAGES.items():
        own = "\n".join(row[-1] for table in tables(text) for row in table) if topic == "coming-from" else text
        words = [span.split()[0] for span in code(own) if span.startswith("-") and span[1:2] not in {"", "=", " "}]
        assert [word for word in words if word not in known] == [], topic


def options(name: str) -> set[str]:
    found = command.get_command(click.Context(command), name)
    assert found is not None
    words = (option for parameter in found.params for option in (*parameter.opts, *parameter.secondary_opts))
    return {option for option in words if option.startswith("-")}


def test_every_option_is_named():
    text = "\n".join(PAGES.values())
    named = set(re.findall(r"(?<![\w-])--?[a-z][a-z-]*", text))
    for name in COMMANDS:
        known = command.get_command(click.Context(command), name)
        assert known is not None
        unnamed = [
            option.opts for option in known.params if option.opts[0].startswith("-") and not named & {*option.opts}
        ]
        assert unnamed == [], name


def test_every_command_is_named():
    named = " ".join(code(PAGES["headless"]))
    assert [name for name in COMMANDS if name != "open" and not re.search(rf"\b{name}\b", named)] == []


# Links, Python, layout


def anchor(heading: str) -> str:
    """As GitHub makes it."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


@pytest.mark.parametrize("topic", TOPICS)
def test_links_lead_somewhere(topic: str):
    for target in re.findall(r"\]\(([^)]+)\)", re.sub(r"`[^`]*`", "", PAGES[topic])):
        page, _, heading = target.partition("#")
        other = page.removesuffix(".md") or topic
        assert other in TOPICS, target
        assert not heading or heading in map(anchor, sections(other)), target


def test_the_python_example_runs():
    (example,) = blocks(PAGES["python"], "python")
    done = subprocess.run([sys.executable, "-c", example], capture_output=True, text=True, timeout=60)
    assert done.stdout == "fetch is done\ntrain is done\nreport is done\ncompleted done\n", done.stderr


@pytest.mark.parametrize("width", [72, 100])
def test_pages_are_laid_out_in_a_width(width: int):
    for text in PAGES.values():
        for line in page_lines(text, width):
            shown = "".join(part for part, _ in line)
            if not line or line[0] == (shown, Emphasis.CODE):
                continue
            assert len(shown) <= width, shown
            assert shown == shown.rstrip()


def test_no_word_of_a_page_is_lost():
    for topic, text in PAGES.items():
        source = re.sub(r"\[((?:[^]`]|`[^`]*`)+)\]\([^)]*\)", r"\1", re.sub(r"^```\w*$", "", text, flags=re.M))
        wanted = re.findall(r"\w+", re.sub(r"^\|[-|]+$", "", source, flags=re.M))
        shown = "\n".join("".join(part for part, _ in line) for line in page_lines(text, 1000))
        assert re.findall(r"\w+", shown) == wanted, topic
