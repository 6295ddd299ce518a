"""The definition of a task in a person's editor, and a graph file that is read again, on real terminals."""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING

import pytest
from support.waiting import wait_for

from dagtui.tui.screens.dialog import DEAF_SECONDS

if TYPE_CHECKING:
    from pathlib import Path

    from support.session_harness import SessionHarness
    from support.terminal import PtyTerminal

GRAPH = """
# A gate for the test.
[tasks.slow]
run = "while ! test -e go; do sleep 0.02; done; true {token}"

# Breaks at first.
[tasks.bad]   # mend me
run = "exit 3"   # for now
"""
EDITOR = """#!/bin/sh
n=$(($(cat edits) + 1))
echo $n > edits
cp "$1" seen-$n
sed -i "$(cat edit-$n)" "$1"
if test -e meanwhile-$n; then cp meanwhile-$n graph.toml; fi
"""


@pytest.fixture
def harness(harness: SessionHarness, tmp_path: Path) -> SessionHarness:
    harness.write(GRAPH)
    (tmp_path / "editor").write_text(EDITOR)
    (tmp_path / "editor").chmod(0o755)
    (tmp_path / "edits").write_text("0\n")
    return harness


def opened(harness: SessionHarness, *words: str, **more: str) -> PtyTerminal:
    environment = {"EDITOR": str(harness.folder / "editor"), "VISUAL": "", **more}
    terminal = harness.open(*(words or ("graph.toml",)), env=environment)
    terminal.wait_for(lambda: "bad" in terminal.text and "slow" in terminal.text, "the screen")
    wait_for(lambda: harness.statuses().get("bad") == "FAILED", "the failure")
    terminal.send("e")
    terminal.wait_for(lambda: terminal.has_cursor_on("bad"), "the cursor on the failure")
    return terminal


def will_edit(harness: SessionHarness, *commands: str) -> None:
    for number, command in enumerate(commands, 1):
        (harness.folder / f"edit-{number}").write_text(command)


def answer(terminal: PtyTerminal, question: str, key: str, answered: str) -> None:
    """Answer a question when it takes an answer. A key too many means something else, once the question is gone."""
    terminal.wait_for_text(question)
    terminal.pass_time(2 * DEAF_SECONDS)
    sent = -math.inf

    def is_answered() -> bool:
        nonlocal sent
        if question in terminal.text and time.monotonic() - sent > 10:
            terminal.send(key)
            sent = time.monotonic()
        return answered in terminal.text or answered.encode() in terminal.raw  # the next message may follow at once

    terminal.wait_for(is_answered, f"{answered} after {key}")


def content(harness: SessionHarness) -> str:
    return (harness.folder / "graph.toml").read_text()


def test_a_failed_node_is_mended_in_the_editor_and_runs_again(harness: SessionHarness) -> None:
    will_edit(harness, "s/^run/rum/", "s/^rum/run/; s/exit 3/true/")
    before = content(harness)
    terminal = opened(harness)
    terminal.send(".")
    terminal.wait_for_text("The edit of bad can't be taken")
    terminal.wait_for_text('graph.toml:9:1: unknown key "rum"')
    terminal.send("e")
    answer(terminal, "Take the edit of bad?", "y", "Write the edit of bad to graph.toml, too?")
    seen = (harness.folder / "seen-2").read_text()
    assert '#| graph.toml:9:1: unknown key "rum"' in seen
    assert '\n\n# Breaks at first.\n[tasks.bad]   # mend me\nrum = "exit 3"   # for now\n' in seen
    assert content(harness) == before
    terminal.send("w")
    terminal.wait_for_text("bad: written to graph.toml; r runs it")
    assert content(harness) == before.replace("exit 3", "true")
    assert list((harness.run_directory / "edits").iterdir()) == []
    terminal.send("r")
    wait_for(lambda: harness.statuses().get("bad") == "COMPLETED", "the node with its new definition")
    assert harness.statuses()["slow"] == "RUNNING"
    (harness.folder / "go").touch()
    wait_for(lambda: harness.statuses()["slow"] == "COMPLETED", "the attempt that went on")


def test_an_edit_that_the_file_lacks_is_said_and_never_overwrites_what_others_wrote(harness: SessionHarness) -> None:
    will_edit(harness, "s/exit 3/true/", "")
    before = content(harness)
    changed = before + "# another hand\n"
    (harness.folder / "meanwhile-2").write_text(changed)
    opened(harness).send("d")
    terminal = opened(harness, "attach")
    terminal.send(".")
    answer(terminal, "Take the edit of bad?", "y", "Write the edit of bad")
    terminal.send("\x1b")
    terminal.wait_for_text("bad: only this run has the edit, not graph.toml")
    terminal.wait_for(lambda: "edit not in graph.toml" in terminal.text.split("\n")[1], "the notice")
    assert content(harness) == before
    terminal.send(".")
    question, refusal = "Write the edit of bad", "not written: graph.toml has changed meanwhile"
    terminal.wait_for_text(question)
    assert "#| An earlier edit of it is not in graph.toml yet." in (harness.folder / "seen-2").read_text()

    answer(terminal, question, "w", refusal)
    assert content(harness) == changed
    terminal.send("r")
    wait_for(lambda: harness.statuses().get("bad") == "COMPLETED", "the edit in the run")
    terminal.wait_for_text("graph.toml changed: L reloads")
    terminal.send("L")
    terminal.wait_for_text("This drops the edit of")
    answer(terminal, "Reload graph.toml?", "y", "reloaded: 1 node changed, 1 becomes stale")


def test_what_is_not_taken_is_kept_and_an_editor_that_is_missing_is_said(harness: SessionHarness) -> None:
    will_edit(harness, "s/exit 3/true/", "s/\\[tasks.bad]/[tasks.bad/", "")
    terminal = opened(harness, "--in-process", "graph.toml")
    terminal.send(".")
    terminal.wait_for_text("Take the edit of bad?")
    terminal.send("\x1b")
    terminal.wait_for_text("bad: not taken; your text is in .dagtui/graph/runs/1/edits/1.toml")
    terminal.send(".")
    terminal.wait_for_text("The edit of bad can't be taken")
    terminal.send("\x1b")
    terminal.wait_for_text("bad: not taken; your text is in .dagtui/graph/runs/1/edits/2.toml")
    kept = [(harness.run_directory / f"edits/{number}.toml").read_text() for number in (1, 2)]
    assert ['run = "true"   # for now' in kept[0], "[tasks.bad   # mend me" in kept[1]] == [True, True]
    terminal.send(".")
    terminal.wait_for_text("bad: nothing changed; an editor that returns at once needs")
    (harness.folder / "editor").unlink()
    terminal.send(".")
    terminal.wait_for_text("the editor can't be started")
    assert harness.statuses()["bad"] == "FAILED"


@pytest.mark.parametrize("words", [["graph.toml"], ["--in-process", "graph.toml"]])
def test_an_editor_that_fails_or_leaves_no_file_is_said(harness: SessionHarness, words: list[str]) -> None:
    editor = harness.folder / "editor"
    terminal = opened(harness, *words)
    for script, said in [
        ("exit 3", "bad: nothing changed; the editor ended with exit 3"),
        ("kill -KILL $$", "bad: nothing changed; the editor ended with exit 137"),
        ('mv "$1" "$1.new"', "bad: not taken: the editor left no file .dagtui/graph/runs/1/edits/1.toml"),
    ]:
        editor.write_text(f"#!/bin/sh\n{script}\n")
        terminal.send(".")
        terminal.wait_for_text(said)
    assert harness.statuses()["bad"] == "FAILED"


def test_a_file_with_an_error_changes_nothing_and_one_without_is_taken_up(harness: SessionHarness) -> None:
    terminal = opened(harness)
    before = content(harness)
    (harness.folder / "graph.toml").write_text(before.replace('"exit 3"', "exit"))
    terminal.wait_for_text("graph.toml changed: L reloads")
    terminal.send("L")
    terminal.wait_for_text("graph.toml can't be used")
    terminal.wait_for_text("graph.toml:9:7: not a valid value")
    terminal.send("\x1b")
    task = '\n[tasks.new]\nneeds = ["bad"]\nrun = "true"\n'
    (harness.folder / "graph.toml").write_text(task + before.replace("exit 3", "true").replace("version = 1\n", ""))
    terminal.send("L")
    terminal.wait_for_text('"version" is missing')
    terminal.send("\x1b")
    (harness.folder / "graph.toml").write_text("version = 1\n" + task + before.replace("exit 3", "true")[12:])
    terminal.send("L")
    answer(terminal, "changes 1", "y", "reloaded: 1 node changed, 1 added")
    terminal.wait_for(lambda: terminal.has_cursor_on("bad"), "the cursor where it was")
    terminal.send("r")
    wait_for(lambda: harness.statuses().get("new") == "COMPLETED", "the new node")
