"""Every place of the program that shows a text, with attacks for texts, on a real terminal that is read to the byte."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hostile.allowed import Allowed
from hostile.graphs import FOLDER, bad_files, hostile_graph, payloads
from support.corpus import CORPUS, HANDFUL
from support.process_listing import end_processes_told_of
from support.terminal import ROOT, PtyTerminal

from dagtui.graph.errors import GraphError
from dagtui.graph.loading import load_text
from dagtui.text import exact, label

if TYPE_CHECKING:
    from collections.abc import Iterator

WATCHED = Path(__file__).parent / "watched"
CHUNK = 12
CHUNKS = [sorted(CORPUS)[start : start + CHUNK] for start in range(0, len(CORPUS), CHUNK)]
DAGTUI = [sys.executable, "-m", "dagtui"]


class Tour:
    """One program on one terminal, led from place to place."""

    def __init__(
        self,
        command: list[str],
        folder: Path,
        *,
        screen: bool = True,
        cwd: Path | None = None,
        sockets: Path | None = None,
    ) -> None:
        self.report = folder / "report"
        self.report.touch()
        self.allowed = Allowed(screen=screen)
        self.places: list[str] = []
        self._read = 0
        env = {"LANG": "C.UTF-8", "PYTHONPATH": f"{WATCHED}:{ROOT}", "LAST_FILTER_REPORT": str(self.report)}
        env["DAGTUI_SOCKET_DIR"] = str(sockets or folder / "sockets")
        self.terminal = PtyTerminal(command, columns=130, rows=40, env=env, cwd=cwd or folder)

    def go(self, place: str, keys: str | bytes, *texts: str) -> None:
        """Type, and wait for texts that are nowhere else than in that place; what is sent belongs to it."""
        if keys:
            self.terminal.send(keys)
        for text in texts:
            self.terminal.wait_for_text(text)
        self.note(place)

    def escape(self, place: str, *texts: str) -> None:
        """Press Esc; the key behind it is one of its own, even where a busy machine reads both at once."""
        self.go(place, "\x1b", *texts)

    def find(self, name: str) -> None:
        """Type in the tree what leads to a node; what was looked for before is cleared."""
        self.gone("filter taken away", "\x1b", "Esc all nodes")
        self.go("find line", "/", "nodes /")
        self.go("find line", name, f"nodes /{name}")
        self.go("filtered tree", "\r", "Esc all nodes")

    def gone(self, place: str, keys: str, text: str) -> None:
        """Leave a place again."""
        self.terminal.send(keys)
        self.terminal.wait_for(lambda: text not in self.terminal.text, f"end of {text!r}")
        self.note(place)

    def note(self, place: str) -> None:
        data = bytes(self.terminal.raw[self._read :])
        self._read += len(data)
        self.places.append(place)
        self.allowed.read(data, place)

    def end(self, place: str) -> int:
        status = self.terminal.wait_for_end()
        self.note(place)
        self.allowed.end(place)
        return status

    def check(self, *, filters: bool = False) -> None:
        """Nothing but what is allowed was sent, and the last filter had nothing to do.

        `filters` says that it was in this program, or in a process that was forked from it.
        """
        assert self.allowed.foreign == []
        reported = self.report.read_text(encoding="utf-8").splitlines()
        assert [line for line in reported if line != "watching"] == []
        assert bool(reported) is filters


@pytest.fixture
def tours() -> Iterator[list[Tour]]:
    started: list[Tour] = []
    yield started
    for tour in started:
        tour.terminal.__exit__()


@pytest.fixture
def sockets(short_path: Path) -> Iterator[Path]:
    """A private folder for sockets; whoever got it in its environment ends with the test."""
    yield short_path
    end_processes_told_of(short_path)


def lead_through_the_screen(tour: Tour) -> None:
    """Every pane, view, dialog, line and message."""
    tour.go("tree and log", "", "runs on", "NAME")
    tour.go("tree: the log of what prints", "g", "LASTLINE")
    tour.go("details", "2", "DOCMARK", "defined in")
    tour.go("why", "3")
    for _ in range(12):
        tour.go("why, details and log of the nodes", "j2")
        tour.terminal.read(0.02)
        tour.go("why, details and log of the nodes", "3")
        tour.terminal.read(0.02)
        tour.go("why, details and log of the nodes", "1")
        tour.terminal.read(0.02)
    for view in ("Map", "Nodes", "Groups", "Trouble", "Time", "Tasks"):
        tour.go("a view of the graph", "v", f"[{view}]")
    tour.go("everything folded", "-")
    tour.go("everything unfolded", "=")
    attack = "\x1b[200~" + CORPUS["bidi overrides"] + "\x1b]52;c;x\x07[/foo]\x1b[201~"
    tour.go("find line in the tree", "/" + attack, "[/foo]")
    tour.go("filtered tree", "\r", "Esc all nodes")
    tour.go("nothing found", "n")
    tour.escape("filter taken away", "fails")
    tour.find("no program")
    tour.go("why text of a program that does not exist", "3", "NOPROGRAM")
    tour.go("log pane of it", "1", "NOPROGRAM")
    tour.find("no folder")
    tour.go("why text of a folder that does not exist", "3", "NOFOLDER")
    tour.find("fails")
    tour.go("log of a failed node", "1", "LASTLINE", "exit 3")
    tour.go("its log in full", "\r", "\n[1 Log]")
    tour.go("find line in the log", "/", "log /")
    tour.go("find line in the log", "begin", "log /begin")
    tour.gone("hits in the log", "\r", "log /begin")
    for key in "nN#wtG;":
        tour.go("what follows a hit", key)
        tour.terminal.read(0.02)
    tour.allowed.copies = 6
    tour.go("copied line", "y", "copied 1 line")
    tour.go("copied log", "Y", " lines: ")
    tour.go("copied failure", "c", "copied the failure block")
    tour.escape("search ended", "exit 3")
    tour.escape("back in the tree", "retry all")
    tour.go("copied name", "y", "copied 1 name: ")
    tour.go("copied rows", "Y", "copied 1 row: ")
    tour.go("copied failure", "c", "copied the failure block")
    tour.go("preview of a rerun", "R", "Rerun")
    tour.gone("no rerun", "\x1b", "Rerun fails")
    tour.find("runs on")
    tour.go("preview of a cancelled subtree", "X", "Cancel subtree")
    tour.gone("no cancel", "\x1b", "Cancel subtree runs")
    tour.go("preview of all failures", "A", "go back")
    tour.gone("no retry", "\x1b", "go back")
    tour.go("what skipping says", "s", "it is running")
    tour.go("help", "?", "Keys and signs")
    tour.gone("end of the help", "\x1b", "Keys and signs")
    tour.go("palette", ":n ", "› n ")
    tour.gone("end of the palette", "\x1b", "› n ")
    tour.go("zoomed", "z")
    tour.terminal.resize(44, 14)
    tour.go("narrow", "", "q quit")
    tour.terminal.resize(130, 40)
    tour.go("wide again", "z", "slots ")
    tour.find("again")
    tour.go("cancelled node", "x", "cancelled")
    tour.go("repainted", "\x0c", "slots ")
    tour.go("leave dialog", "q", "Leave?")


@pytest.mark.parametrize("names", [HANDFUL], ids=["a handful"])
def test_no_place_of_the_screen_lets_anything_in(names: list[str], tmp_path: Path, tours: list[Tour]):
    tour_the_screen(names, tmp_path, tours)


@pytest.mark.torture
@pytest.mark.parametrize("names", CHUNKS, ids=lambda names: names[0])
def test_no_place_of_the_screen_lets_anything_of_the_corpus_in(names: list[str], tmp_path: Path, tours: list[Tour]):
    tour_the_screen(names, tmp_path, tours)


def tour_the_screen(names: list[str], folder: Path, tours: list[Tour]) -> None:
    path = hostile_graph(folder, names)
    tour = Tour([*DAGTUI, "--in-process", str(path), "-j", "30"], folder)
    tours.append(tour)
    lead_through_the_screen(tour)
    assert len(tour.allowed.copied) == 6
    cancel_all(tour)
    check_end(tour, filters=True)
    check_files(path.parent)


def cancel_all(tour: Tour) -> None:
    """Answer the question of the leave dialog, and read the summary."""
    tour.allowed.copies = 1000  # once the question is answered, the key means copying again
    while tour.terminal.process.poll() is None:  # a question is deaf for a moment
        tour.terminal.send("c")
        tour.terminal.read(0.1)
    assert tour.end("summary") == 130


def check_end(tour: Tour, *, filters: bool) -> None:
    """Everything was as it should be, the clipboard and the terminal too."""
    tour.check(filters=filters)
    assert tour.terminal.is_restored
    assert all(exact(text) == text for text in tour.allowed.copied)


# Through a process that the terminal is lent to


LOOKS = {
    "status": ["status", "{graph}"],
    "status for machines": ["status", "{graph}", "--json"],
    "status of all": ["status"],
    "status of all for machines": ["status", "--json"],
    "runs": ["runs", "{graph}", "--plain"],
    "runs for machines": ["runs", "{graph}", "--json"],
    "log of what runs": ["logs", "{graph}", "runs on"],
    "preview of a retry": ["retry", "{graph}", "fails", "--dry-run"],
    "preview of all failures": ["retry", "{graph}", "--failed", "--dry-run"],
    "preview for machines": ["retry", "{graph}", "--failed", "--dry-run", "--json"],
    "preview of a rerun": ["rerun", "{graph}", "fails", "cells", "--dry-run"],
    "preview of a cancel": ["cancel", "{graph}", "--all", "--dry-run"],
    "a retry of what runs": ["retry", "{graph}", "runs on"],
    "a retry of no node": ["retry", "{graph}", "{attack}"],
    "a selector of no cell": ["retry", "{graph}", "cells[{attack}]"],
    "not what was expected": ["rerun", "{graph}", "cells", "--expect", "{attack}"],
    "skipping what runs": ["skip", "{graph}", "runs on"],
    "jobs that are no number": ["jobs", "{graph}", "{attack}"],
    "waiting for no node": ["wait", "{graph}", "{attack}"],
    "waiting too long": ["wait", "{graph}", "--timeout", "0.1"],
    "waiting for no time": ["wait", "{graph}", "--timeout", "{attack}"],
    "attaching to another run": ["attach", "{graph}", "--run", "99"],
    "attaching to no graph": ["attach", "{attack}"],
    "attaching in a theme that does not exist": ["attach", "{graph}", "--theme", "{attack}"],
    "watching no graph": ["attach", "{attack}", "--read-only"],
    "status of no graph": ["status", "{attack}"],
    "a new run beside it": ["{graph}", "--fresh"],
}
"""What is called from other terminals while the run is live, all at one time: nothing of it changes the run."""
CHANGES = {
    "a retry": ["retry", "{graph}", "no program", "no shell"],
    "a rerun of cells": ["rerun", "{graph}", "cells"],
    "a mark": ["mark", "{graph}", "held back"],
    "a pause": ["pause", "{graph}"],
    "an end of the pause": ["resume", "{graph}"],
    "jobs": ["jobs", "{graph}", "31"],
    "waiting for nodes": ["wait", "{graph}", "fails", "cells"],
    "waiting for machines": ["wait", "{graph}", "fails", "--json"],
    "a cancel": ["cancel", "{graph}", "cells", "again"],
}
"""What is called thereafter, in this order."""


@pytest.mark.parametrize("names", [HANDFUL], ids=["a handful"])
def test_no_place_of_a_lent_screen_and_no_command_lets_anything_in(
    names: list[str], tmp_path: Path, tours: list[Tour], sockets: Path
):
    tour_a_session(names, tmp_path, tours, sockets)


@pytest.mark.torture
@pytest.mark.parametrize("names", CHUNKS, ids=lambda names: names[0])
def test_no_place_of_a_lent_screen_and_no_command_lets_anything_of_the_corpus_in(
    names: list[str], tmp_path: Path, tours: list[Tour], sockets: Path
):
    tour_a_session(names, tmp_path, tours, sockets)


def tour_a_session(names: list[str], folder: Path, tours: list[Tour], sockets: Path) -> None:
    path = hostile_graph(folder, names)

    def start(*words: str) -> Tour:
        place = folder / f"tour-{len(tours)}"
        place.mkdir()
        tours.append(Tour([*DAGTUI, *words], place, sockets=sockets))
        return tours[-1]

    first = start(str(path), "-j", "30")
    lead_through_the_screen(first)
    leave(first, "d")
    check_end(first, filters=True)
    command_a_live_run(path, "".join(payloads(names))[:2000], folder, tours, sockets)
    watching = start("attach", str(path), "--read-only")
    watching.go("a watched tree", "", "runs on", "NAME")
    watching.go("a watched log", "g", "LASTLINE")
    watching.go("what watching says", "x", "read-only: thi")
    leave(watching, "q")
    check_end(watching, filters=True)
    second = start("attach", str(path))
    second.go("the screen as it was left", "", "runs on", "NAME")
    third = start("attach", str(path))
    third.go("the screen elsewhere", "", "runs on", "NAME")
    assert second.end("exit message to the first of two") == 0
    check_end(second, filters=False)
    third.go("leave dialog", "q", "Leave?")
    cancel_all(third)
    check_end(third, filters=False)
    past = start("runs", str(path))
    past.go("past runs", "", "runs of", "Enter open")
    past.go("a recording of a past run", "\r", "recording", "NAME")
    past.go("a log of that moment", "e,,g", "recording", "NAME")
    leave(past, "q")
    check_end(past, filters=True)
    # What the session process itself reports went to the report of the client that it was forked from.
    first.check(filters=True)
    check_files(path.parent)


def leave(tour: Tour, key: str) -> None:
    """Press a key until it ends the program, and read the exit message."""
    while tour.terminal.process.poll() is None:  # a question is deaf for a moment
        tour.terminal.send(key)
        tour.terminal.read(0.1)
    assert tour.end("exit_message") == 0


def command_a_live_run(path: Path, attack: str, folder: Path, tours: list[Tour], sockets: Path) -> None:
    """Every command of scripts, on a terminal; what is for machines is JSON in plain ASCII."""

    def call(words: list[str]) -> Tour:
        return on_a_terminal([word.format(graph=path, attack=attack) for word in words], folder, tours, sockets=sockets)

    def read(tour: Tour, place: str, words: list[str]) -> None:
        read_to_its_end(tour, place)
        if "--json" in words:
            said = bytes(tour.terminal.raw).replace(b"\r\n", b"\n")
            assert said.isascii(), place
            json.loads(said)

    looks = [(call(words), place, words) for place, words in LOOKS.items()]
    for look in looks:
        read(*look)
    for place, words in CHANGES.items():
        read(call(words), place, words)


FILE_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]*|\.gitignore|\.dagtui")


def check_files(folder: Path) -> None:
    """No hostile name became the name of a file, and the record is JSON in plain ASCII."""
    kept = folder / ".dagtui"
    names = {name for _, folders, files in os.walk(kept) for name in (*folders, *files)}
    assert names
    assert all(FILE_NAME.fullmatch(name) for name in names), names
    for journal in kept.rglob("journal.jsonl"):
        check_events(journal.read_bytes())


def check_events(data: bytes) -> None:
    lines = data.splitlines()
    assert lines
    assert all(0x20 <= byte < 0x7F or byte == 0x0A for byte in data)
    assert all(isinstance(json.loads(line), dict) for line in lines)


# Without a screen


COMMANDS = {
    "check": ["check", "{graph}"],
    "plan": ["plan", "{graph}"],
    "plan for machines": ["plan", "{graph}", "--json"],
    "runs": ["runs", "{graph}", "--plain"],
    "runs of this folder": ["runs", "--plain"],
    "runs for machines": ["runs", "{graph}", "--json"],
    "log": ["logs", "{graph}", "prints"],
    "end of a log": ["logs", "{graph}", "fails", "-n", "5"],
    "log of what could not start": ["logs", "{graph}", "no program"],
    "path of a log": ["logs", "{graph}", "prints", "--path"],
    "log of no node": ["logs", "{graph}", "{attack}"],
    "a graph that does not exist": ["{attack}"],
    "check of a graph that does not exist": ["check", "{attack}"],
    "runs of a graph that does not exist": ["runs", "{attack}"],
    "log of a graph that does not exist": ["logs", "{attack}", "{attack}"],
    "words too many": ["check", "{graph}", "{attack}", "{attack}"],
    "an unknown option": ["check", "{graph}", "--{attack}"],
    "a number that is none": ["run", "{graph}", "-j", "{attack}"],
    "a parameter that does not exist": ["check", "{graph}", "-p", "{attack}={attack}"],
    "a parameter without a value": ["check", "{graph}", "-p", "{attack}"],
    "a theme that does not exist": ["{graph}", "--theme", "{attack}"],
    "events into nowhere": ["run", "{graph}", "--events", "{attack}/x"],
}
"""What is called, on a terminal each; `logs` writes into a pipe what was printed, as `cat` does."""


def on_a_terminal(
    words: list[str], folder: Path, tours: list[Tour], cwd: Path | None = None, sockets: Path | None = None
) -> Tour:
    tour = Tour([*DAGTUI, *words], folder, screen=False, cwd=cwd, sockets=sockets)
    tours.append(tour)
    return tour


def read_to_its_end(tour: Tour, place: str) -> None:
    tour.end(place)
    tour.check()


def plain_tour(names: list[str], folder: Path, tours: list[Tour]) -> None:
    path = settled_graph(folder, names)
    shown = on_a_terminal(["run", str(path)], folder, tours)
    read_to_its_end(shown, "plain lines and summary")
    said = bytes(shown.terminal.raw).decode("utf-8")
    missing = [mark for mark in ["NAME", "NOPROGRAM", "NOFOLDER", "LASTLINE", "failed"] if mark not in said]
    assert missing == []
    attack = "".join(payloads(names))[:2000]
    called: dict[str, Tour] = {}
    for place, words in COMMANDS.items():
        if words[0] in {"{attack}", "{graph}"} and "theme" not in place and "exist" not in place:
            continue
        filled = [word.format(graph=path, attack=attack) for word in words]
        called[place] = on_a_terminal(filled, folder, tours, cwd=path.parent if words == ["runs", "--plain"] else None)
    for place, tour in called.items():
        read_to_its_end(tour, place)
    check_files(path.parent)
    check_pipes(path)


def check_pipes(path: Path) -> None:
    """Into a pipe goes the same, without colours; events are lines of JSON."""
    run = subprocess.run([*DAGTUI, "run", str(path)], capture_output=True, timeout=60, cwd=ROOT)
    for data in (run.stdout, run.stderr):
        allowed = Allowed(screen=False)
        allowed.read(data, "plain lines in a pipe")
        allowed.end("plain lines in a pipe")
        assert allowed.foreign == []
        assert b"\x1b" not in data
    events = subprocess.run([*DAGTUI, "run", str(path), "--events", "-"], capture_output=True, timeout=60, cwd=ROOT)
    check_events(events.stdout)


def test_no_line_of_a_run_without_screen_lets_anything_in(tmp_path: Path, tours: list[Tour]):
    plain_tour(HANDFUL, tmp_path, tours)


@pytest.mark.torture
@pytest.mark.parametrize("names", CHUNKS, ids=lambda names: names[0])
def test_no_line_of_a_run_without_screen_lets_anything_of_the_corpus_in(
    names: list[str], tmp_path: Path, tours: list[Tour]
):
    plain_tour(names, tmp_path, tours)


# Going on with a run


def settled_graph(folder: Path, names: list[str]) -> Path:
    """A hostile graph of which nothing runs on."""
    path = hostile_graph(folder, names)
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("sleep 600", "true").replace("retry_delay = 600", "retry_delay = 0"), encoding="utf-8")
    return path


def tour_a_resumed_run(names: list[str], folder: Path, tours: list[Tour]) -> None:
    path = settled_graph(folder, names)
    assert subprocess.run([*DAGTUI, "run", str(path)], capture_output=True, timeout=60, cwd=ROOT).returncode == 1
    before = path.read_text(encoding="utf-8")
    changed = before.replace("HOSTILE = ", "HOSTILE_TOO = ").replace("begin", "beginning")
    assert changed != before
    lasts = '[tasks.lasts]\nrun = "sleep 2"\n'  # what is said of the resuming stands there until the run settles
    gone = changed.rpartition("[tasks.")[0] + lasts
    lock = path.parent / ".dagtui/graph/runs/1/lock"
    lock.write_bytes(lock.read_bytes().partition(b"\n")[0] + b"\nprocess \x1b]0;LEAK\x07\x9b2J\n")
    path.write_text(gone, encoding="utf-8")
    place = folder / "screen"
    place.mkdir()
    tour = Tour([*DAGTUI, "--in-process", str(path)], place)
    tours.append(tour)
    tour.go("question whether to resume", "", " done", "Changed since", "[q]uit?")
    tour.go("a resumed run", "r", "NAME", "resumed:")
    tour.go("a resumed run that is settled", "", "✗ failed")
    leave_settled(tour)
    path.write_text(before, encoding="utf-8")
    plain = on_a_terminal(["run", str(path), "--resume"], folder, tours)
    read_to_its_end(plain, "a resumed run without screen")
    assert b"changed:" in plain.terminal.raw
    with (path.parent / ".dagtui/graph/runs/1/journal.jsonl").open("ab") as journal:
        journal.write(b"\x1b]0;LEAK\x07 torn")
    torn = on_a_terminal(["run", str(path), "--resume"], folder, tours)
    read_to_its_end(torn, "a run with a torn journal")
    assert b"was moved to" in torn.terminal.raw
    (path.parent / ".dagtui/graph/runs/1/graph.toml").write_bytes(next(iter(bad_files(names).values())))
    damaged = on_a_terminal(["run", str(path), "--resume"], folder, tours)
    read_to_its_end(damaged, "a run with a damaged graph")
    assert b"--fresh" in damaged.terminal.raw


def leave_settled(tour: Tour) -> None:
    """Leave a run in which nothing is left to do, and read the summary."""
    tour.terminal.send("q")
    assert tour.end("summary") == 1
    tour.check(filters=True)


def test_no_place_of_a_resumed_run_lets_anything_in(tmp_path: Path, tours: list[Tour]):
    tour_a_resumed_run(HANDFUL, tmp_path, tours)


@pytest.mark.torture
@pytest.mark.parametrize("names", CHUNKS, ids=lambda names: names[0])
def test_no_place_of_a_resumed_run_lets_anything_of_the_corpus_in(names: list[str], tmp_path: Path, tours: list[Tour]):
    tour_a_resumed_run(names, tmp_path, tours)


# Files that are no graphs


@pytest.mark.parametrize("name", CORPUS)
def test_what_is_said_of_a_bad_file_is_safe(name: str):
    for kind, content in bad_files([name]).items():
        with pytest.raises(GraphError) as caught:
            load_text(content, f"{FOLDER}/{CORPUS[name]}")
        report = str(caught.value)
        assert all(label(line, 6000) == line for line in report.split("\n")), kind


@pytest.mark.parametrize("words", [["check"], []], ids=["check", "opened"])
def test_a_bad_file_on_a_terminal(words: list[str], tmp_path: Path, tours: list[Tour]):
    folder = tmp_path / FOLDER
    folder.mkdir()
    path = folder / "graph\x1b]0;LEAK\x07.toml"
    content = b"".join(bad_files(["OSC 52 clipboard", "C1 CSI as a byte"]).values())
    path.write_bytes(content)
    tour = on_a_terminal([*words, str(path)], tmp_path, tours)
    read_to_its_end(tour, "load error")
    assert b"graph^[]0;LEAK^G.toml" in tour.terminal.raw


# Errors of the program itself


CRASHING = """
import sys
ATTACK = "".join(map(chr, [27, 93, 53, 50, 59, 99, 59, 84, 69, 86, 66, 7, 0x9b, 0x202e, 27, 91, 50, 74]))
from dagtui.tui.screens.main import MainScreen
def flush(screen, clock, *, changed):
    if clock > 0.3:
        raise RuntimeError("broken: " + ATTACK + " [/foo]")
MainScreen.flush = flush
from dagtui.__main__ import main
main()
"""
UNEXPECTED = """
import sys
ATTACK = "".join(map(chr, [27, 93, 53, 50, 59, 99, 59, 84, 69, 86, 66, 7, 0x9b, 0x202e, 27, 91, 50, 74]))
import dagtui.graph.loading
def load(*_, **__):
    raise RuntimeError("unexpected: " + ATTACK + " [/foo]")
dagtui.graph.loading.load = load
from dagtui.__main__ import main
main()
"""


@pytest.mark.parametrize(("program", "said"), [(CRASHING, "broken: ^["), (UNEXPECTED, "unexpected: ^[")])
def test_what_an_error_of_the_program_quotes_is_safe(program: str, said: str, tmp_path: Path, tours: list[Tour]):
    path = tmp_path / "graph.toml"
    path.write_text('version = 1\n[tasks.a]\nrun = "sleep 1"\n', encoding="utf-8")
    tour = Tour([sys.executable, "-c", program, "--in-process", str(path)], tmp_path)
    tours.append(tour)
    tour.terminal.wait_for(lambda: said.encode() in tour.terminal.raw, "traceback")
    tour.end("traceback")
    bells = [found for found in tour.allowed.foreign if found.what == r"'\x07'"]
    assert len(bells) <= 1  # Textual rings when an app fails
    assert [found for found in tour.allowed.foreign if found not in bells] == []
