"""`--resume`, `--fresh`, the offer on a terminal, and runs that are killed again and again."""

from __future__ import annotations

import json
import random
import re
import signal
import subprocess
from collections import Counter
from typing import TYPE_CHECKING

import pytest
from support.program import DAGTUI, ENVIRONMENT, call
from support.terminal import PtyTerminal
from support.waiting import wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TWO = """version = 1
[params]
word = "one"
[tasks.a]
run = "test ! -e bad; echo a >> done"
[tasks.b]
needs = ["a"]
run = "echo b {{ params.word }} >> done; test -e ok"
"""


@pytest.fixture
def graph(tmp_path: Path) -> Path:
    path = tmp_path / "graph.toml"
    path.write_text(TWO, encoding="utf-8")
    return path


def done(graph: Path) -> list[str]:
    path = graph.with_name("done")
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    path.unlink(missing_ok=True)
    return lines


def runs(graph: Path) -> list[str]:
    return sorted(path.name for path in (graph.parent / ".dagtui" / "graph" / "runs").glob("[0-9]*"))


def fail_once(graph: Path) -> None:
    """A run in which `b` failed, and what let it fail is mended."""
    assert call("run", graph).returncode == 1
    done(graph)
    graph.with_name("ok").touch()


def test_resume_runs_what_is_left(graph: Path) -> None:
    fail_once(graph)
    again = call("run", graph, "--resume")
    assert again.returncode == 0, again.stdout + again.stderr
    assert done(graph) == ["b one"]
    assert "resumed: 1 completed node stays" in again.stdout
    assert "✓ a" not in again.stdout
    assert runs(graph) == ["1"]


def test_a_run_that_is_complete_has_nothing_to_resume(graph: Path) -> None:
    fail_once(graph)
    call("run", graph, "--resume")
    again = call("run", graph, "--resume")
    assert again.returncode == 0, again.stderr
    assert again.stdout == (
        "run 1 of graph completed, and no task has changed in the file since (input files are not checked): "
        "there is nothing to resume; --fresh runs everything again\n"
    )
    done(graph)
    changed = call("run", graph, "--resume", "-p", "word=two")
    assert changed.returncode == 0, changed.stdout + changed.stderr
    assert done(graph) == ["b two"]
    assert "changed: b (params.word)" in changed.stdout


def test_without_a_run_resume_says_so(graph: Path) -> None:
    found = call("run", graph, "--resume")
    assert found.returncode == 2
    assert found.stderr == "dagtui: graph has no run yet, so there is nothing to resume\n"
    assert done(graph) == []


def test_resume_and_fresh_exclude_each_other(graph: Path) -> None:
    assert call("run", graph, "--resume", "--fresh").returncode == 2
    assert done(graph) == []


def test_without_a_terminal_nobody_is_asked_and_one_line_tells_of_resuming(graph: Path) -> None:
    fail_once(graph)
    for arguments in (["run", graph], [graph]):
        found = call(*arguments)
        assert found.returncode == 0
        assert done(graph) == ["a", "b one"]
        graph.with_name("ok").unlink()
        if arguments[0] == "run":
            command = f"dagtui {graph} --resume 1"
            assert found.stderr == f"dagtui: this is a new run. Run 1 failed; to resume it: {command}\n"
            assert call("run", graph, "--fresh").stderr == ""
            done(graph)
            graph.with_name("ok").touch()
    assert runs(graph) == ["1", "2", "3", "4"]


def empty_run(graph: Path) -> None:
    """A later run in which nothing completed."""
    graph.with_name("bad").touch()
    assert call("run", graph, "--fresh").returncode == 1
    graph.with_name("bad").unlink()
    assert done(graph) == []


def test_a_last_run_in_which_nothing_completed_is_passed_over(graph: Path) -> None:
    fail_once(graph)
    empty_run(graph)
    empty_run(graph)
    again = call("run", graph, "--resume")
    assert again.returncode == 0, again.stderr
    assert done(graph) == ["b one"]
    assert "graph run 1: " in again.stdout
    assert "passed over runs 2 and 3, in which nothing completed (--resume N resumes one of them)" in again.stdout
    # The run that was resumed last is the last one from now on.
    assert "run 1 of graph completed" in call("run", graph, "--resume").stdout
    assert "/runs/1/logs/" in call("logs", graph, "b", "--path").stdout
    assert call("run", graph, "--resume", 2).returncode == 0
    assert done(graph) == ["a", "b one"]


def test_a_run_that_went_well_is_not_gone_back_behind(graph: Path) -> None:
    fail_once(graph)
    assert call("run", graph, "--fresh").returncode == 0
    done(graph)
    empty_run(graph)
    again = call("run", graph, "--resume")
    assert "graph run 3: " in again.stdout
    assert "passed over" not in again.stdout
    assert done(graph) == ["a", "b one"]


def test_when_no_earlier_run_has_successes_the_last_one_goes_on(graph: Path) -> None:
    empty_run(graph)
    empty_run(graph)
    assert "graph run 2: " in call("run", graph, "--resume").stdout


@pytest.mark.parametrize(
    "words",
    [["run", "GRAPH", "--resume", "1"], ["run", "--resume=1", "GRAPH"], ["--resume", "1", "GRAPH"]],
    ids=" ".join,
)
def test_a_run_is_resumed_by_its_number(graph: Path, words: list[str]) -> None:
    fail_once(graph)
    assert call("run", graph, "--fresh").returncode == 0
    done(graph)
    again = call(*(graph if word == "GRAPH" else word for word in words))
    assert again.returncode == 0, again.stderr
    assert "graph run 1: " in again.stdout
    assert done(graph) == ["b one"]


@pytest.mark.parametrize("number", ["7", "0", "1x", "99999999999999999999"])
def test_what_is_not_the_number_of_a_run_runs_nothing(graph: Path, number: str) -> None:
    fail_once(graph)
    found = call("run", graph, f"--resume={number}")
    assert found.returncode == 2
    assert "Traceback" not in found.stderr
    assert "dagtui runs" in found.stderr
    assert done(graph) == []


def test_the_first_line_of_a_new_run_says_how_to_go_on_with_the_one_before(graph: Path) -> None:
    fail_once(graph)
    new = call("run", graph, "-p", "word=two")
    command = new.stderr.splitlines()[0].partition("to resume it: ")[2]
    assert command == f"dagtui {graph} --resume 1 -p word=two"
    done(graph)
    assert call(*command.split()[1:]).returncode == 0
    assert done(graph) == ["b two"]


def test_a_live_run_leaves_the_one_before_it_in_reach(graph: Path) -> None:
    fail_once(graph)
    with subprocess.Popen(
        [*DAGTUI, "run", str(graph), "--paused"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=ENVIRONMENT
    ) as live:
        try:
            assert live.stdout is not None
            next(line for line in live.stdout if b"paused; " in line)
            found = call("run", graph, "--resume")
            assert found.returncode == 2
            assert found.stderr.endswith("; --resume 1 resumes the one before\n")
            assert call("run", graph, "--resume", "1").returncode == 0
        finally:
            live.terminate()
    assert done(graph) == ["b one"]


def test_after_a_run_that_went_well_nothing_is_said(graph: Path) -> None:
    graph.with_name("ok").touch()
    assert call("run", graph).stderr == ""
    assert call("run", graph).stderr == ""


def test_a_live_run_is_not_resumed(graph: Path) -> None:
    graph.write_text('version = 1\n[tasks.a]\nrun = "echo a >> done; sleep 1000"\n', encoding="utf-8")
    live = subprocess.Popen([*DAGTUI, "run", str(graph)], stdout=subprocess.DEVNULL, env=ENVIRONMENT)
    try:
        wait_for(lambda: done(graph), "the node runs")
        found = call("run", graph, "--resume")
    finally:
        live.terminate()
        live.wait(30)
    assert found.returncode == 2
    assert f"run 1 of graph is live (process {live.pid} has it)" in found.stderr


# On a terminal


def opened(graph: Path, *options: str) -> PtyTerminal:
    return PtyTerminal([*DAGTUI, "--in-process", *options, str(graph)], columns=100, env={"LC_ALL": "C.UTF-8"})


QUESTION = "start a [n]ew run, [q]uit?"


@pytest.mark.parametrize(("key", "ran", "run"), [("\r", ["b one"], "1"), ("n", ["a", "b one"], "2")])
def test_a_person_is_asked_before_anything_starts(graph: Path, key: str, ran: list[str], run: str) -> None:
    fail_once(graph)
    with opened(graph) as terminal:
        terminal.wait_for_text(QUESTION)
        assert re.search(r"Run 1 of graph failed .* ago \(1 of 2 done, 1 failed\)\.", terminal.text)
        assert done(graph) == []
        terminal.send(key)
        terminal.wait_for_text("✓ completed")
        terminal.send("q")
        terminal.wait_for_end()
        assert f"run {run}" in terminal.text
    assert done(graph) == ran


@pytest.mark.parametrize(("key", "status"), [("q", 0), ("\x03", 130)])
def test_a_person_may_leave_it_at_that(graph: Path, key: str, status: int) -> None:
    fail_once(graph)
    with opened(graph) as terminal:
        terminal.wait_for_text(QUESTION)
        terminal.send(key)
        assert terminal.wait_for_end() == status
        assert terminal.settings() == terminal.settings_before
    assert done(graph) == []
    assert runs(graph) == ["1"]


def test_keys_that_are_no_answer_do_nothing_and_leave_nothing_to_the_shell(graph: Path) -> None:
    fail_once(graph)
    with opened(graph) as terminal:
        terminal.wait_for_text(QUESTION)
        for keys in ("\x1b[B", "\x1bOA", "\x1b[1;5C", "\x1b[<0;5;3M", "\x9bA\x9b24;80R", b"\x9bA", "x "):
            terminal.send(keys)
        assert terminal.process.poll() is None
        terminal.send("q")
        assert terminal.wait_for_end() == 0
        assert f"{QUESTION} quit" in terminal.text
        assert terminal.settings() == terminal.settings_before
        assert not terminal.is_input_pending()
    assert runs(graph) == ["1"]


def test_the_question_is_about_the_last_run_that_has_successes(graph: Path) -> None:
    fail_once(graph)
    empty_run(graph)
    with opened(graph) as terminal:
        terminal.wait_for_text(QUESTION)
        assert "Run 1 of graph" in terminal.text
        assert "This passed over run 2, in which nothing completed" in terminal.text
        terminal.send("r")
        terminal.wait_for_text("✓ completed")
        terminal.send("q")
        terminal.wait_for_end()
    assert done(graph) == ["b one"]


def test_the_question_tells_what_changed(graph: Path) -> None:
    fail_once(graph)
    with opened(graph, "-p", "word=two") as terminal:
        terminal.wait_for_text(QUESTION)
        assert "Changed since: b (params.word); 0 that completed would run again." in terminal.text
        terminal.send("q")
        terminal.wait_for_end()


@pytest.mark.parametrize("options", [["run"], ["--in-process"], []], ids=["plain", "in process", "session"])
def test_when_only_what_failed_is_gone_there_is_nothing_to_resume(
    graph: Path, short_path: Path, options: list[str]
) -> None:
    fail_once(graph)
    graph.write_text(TWO.partition("[tasks.b]")[0], encoding="utf-8")
    words = [*DAGTUI, *options, "--resume", str(graph)]
    with PtyTerminal(words, columns=120, env={"DAGTUI_SOCKET_DIR": str(short_path)}) as terminal:
        assert terminal.wait_for_end() == 0
        assert "run 1 of graph completed, and no remaining task has changed in the file since" in terminal.text
    assert done(graph) == []
    assert runs(graph) == ["1"]


@pytest.mark.parametrize("option", ["--resume", "--fresh"])
def test_with_an_option_nobody_is_asked(graph: Path, option: str) -> None:
    fail_once(graph)
    with opened(graph, option) as terminal:
        terminal.wait_for_text("✓ completed")
        terminal.send("q")
        terminal.wait_for_end()
        assert QUESTION not in terminal.text
    assert runs(graph) == (["1"] if option == "--resume" else ["1", "2"])


def test_after_a_run_that_went_well_nobody_is_asked(graph: Path) -> None:
    graph.with_name("ok").touch()
    for _ in range(2):
        with opened(graph) as terminal:
            terminal.wait_for_text("✓ completed")
            terminal.send("q")
            terminal.wait_for_end()
    assert runs(graph) == ["1", "2"]


def test_a_hostile_name_is_shown_as_text(graph: Path) -> None:
    graph.write_text(TWO.replace("version = 1", 'version = 1\nname = "x [red]$(id) 中"'), encoding="utf-8")
    fail_once(graph)
    with opened(graph) as terminal:
        terminal.wait_for_text(QUESTION)
        assert "of x [red]$(id)" in terminal.text
        terminal.send("q")
        terminal.wait_for_end()


# Killed


class KillingGround:
    """A graph of short nodes, each of which tells of its success in a file, and of another attempt beside it.

    Its leaves are changed, renamed, added, removed and brought back from one run to the next; what is above them stays.
    """

    def __init__(self, folder: Path, source: random.Random, nodes: int) -> None:
        self.folder = folder
        self.path = folder / "graph.toml"
        self.journal = folder / ".dagtui" / "graph" / "runs" / "1" / "journal.jsonl"
        self.lock = self.journal.with_name("lock")
        self._source = source
        self.inner = {f"n{node}": self._parents(node) for node in range(nodes)}
        self.leaves = {f"leaf{number}": 0 for number in range(nodes // 10)}
        """Their revisions, by name."""
        self._gone: dict[str, int] = {}
        self.write()

    def _parents(self, node: int) -> list[str]:
        count = self._source.choice([0, 1, 2]) if node else 0
        return sorted({f"n{self._source.randrange(max(0, node - 9), node)}" for _ in range(count)})

    def write(self) -> None:
        lines = ["version = 1", "[defaults]", 'grace = "200ms"']
        for number, (name, parents) in enumerate(self.inner.items()):
            lines += self._task(name, parents, 0, number)
        for number, (name, revision) in enumerate(self.leaves.items()):
            lines += self._task(name, [f"n{(7 * number) % len(self.inner)}"], revision, number)
        self.path.write_text("\n".join(lines) + "\n", encoding="utf-8")

    def _task(self, name: str, parents: list[str], revision: int, number: int) -> list[str]:
        deaf = "trap '' TERM; " if number % 7 == 0 else ""
        return [
            f"[tasks.{name}]",
            f"needs = {parents}",
            f'''run = """{deaf}test ! -e pid.{name} || ! kill -0 $(cat pid.{name}) 2>&- || echo {name} >> beside
echo $$ > pid.{name}
sleep 0.0{number % 8 + 1}
rm pid.{name}
echo {name} $DAGTUI_ATTEMPT {revision} >> successes"""''',
        ]

    def change(self) -> None:
        """Change one leaf in some way."""
        name = self._source.choice(sorted(self.leaves))
        match self._source.choice(["revise", "rename", "remove", "bring back", "nothing"]):
            case "revise":
                self.leaves[name] += 1
            case "rename":
                self.leaves[f"{name}x"] = self.leaves.pop(name)
            case "remove" if len(self.leaves) > 1:
                self._gone[name] = self.leaves.pop(name)
            case "bring back":
                self.leaves |= self._gone
                self._gone.clear()
        self.write()


def records(journal: Path) -> Iterator[dict[str, object]]:
    for line in journal.read_bytes().splitlines():
        yield json.loads(line)


def size(journal: Path) -> int:
    return journal.read_bytes().count(b"\n") if journal.exists() else 0


def run_until_killed(ground: KillingGround, lines: int) -> bool:
    """Start or resume the run, and kill the program once its journal has grown so much; whether it was soon enough.

    0: as soon as the program has the run.
    """
    before = size(ground.journal)
    resume = ["--resume"] if before else ["--fresh"]
    process = subprocess.Popen(
        [*DAGTUI, "run", "-j3", *resume, str(ground.path)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        env=ENVIRONMENT,
    )
    mine = f"{process.pid}\n".encode()

    def is_time() -> bool:
        if process.poll() is not None:
            return True
        if lines:
            return size(ground.journal) >= before + lines
        return ground.lock.exists() and ground.lock.read_bytes().endswith(mine)

    try:
        wait_for(is_time, "the run goes on")
    finally:
        process.send_signal(signal.SIGKILL)
        _, said = process.communicate(timeout=30)
    assert process.returncode in {0, -signal.SIGKILL}, said.decode()
    return process.returncode != 0


def kill_again_and_again(folder: Path, seed: int, kills: int, nodes: int = 60) -> None:
    source = random.Random(seed)
    ground = KillingGround(folder, source, nodes)
    for _ in range(kills):
        if not run_until_killed(ground, source.choice([0, source.randrange(1, 2 * nodes * 5 // kills)])):
            break
        ground.change()
    last = call("run", "-j3", "--resume" if size(ground.journal) else "--fresh", ground.path)
    assert last.returncode == 0, last.stdout + last.stderr
    check_the_record(ground)


def check_the_record(ground: KillingGround) -> None:
    acknowledged: set[object] = set()
    handed: Counter[tuple[object, object]] = Counter()
    for record in records(ground.journal):
        if record["event"] != "node":
            continue
        node = record["node"]
        if record["status"] == "RUNNING":
            assert node not in acknowledged, f"{node} had succeeded, and ran again"
            handed[node, record["attempt"]] += 1
        elif record.get("cause") == "ran" and node in ground.inner:
            acknowledged.add(node)
        assert node not in acknowledged or record["status"] == "COMPLETED", "a success was lost"
    assert acknowledged == set(ground.inner)
    assert set(handed.values()) == {1}, "an attempt's number was used again"
    successes = (ground.folder / "successes").read_text(encoding="utf-8").splitlines()
    assert len({tuple(line.split()[:2]) for line in successes}) == len(successes), "one attempt succeeded twice"
    told = {(name, int(revision)) for name, _, revision in map(str.split, successes)}
    assert told >= {(name, 0) for name in ground.inner} | set(ground.leaves.items())
    assert not (ground.folder / "beside").exists(), "two attempts of one node were alive at once"


def test_a_run_that_is_killed_again_and_again_completes(tmp_path: Path) -> None:
    kill_again_and_again(tmp_path, seed=7, kills=8)


DEAF = """version = 1
[tasks.a]
grace = "2s"
run = '''
test ! -e pid || ! kill -0 $(cat pid) 2>&- || touch beside
trap "" TERM
echo $$ > pid
test $DAGTUI_ATTEMPT -gt 1 || while :; do sleep 0.05; done
'''
"""


def kill_a_run_of_a_deaf_node(graph: Path) -> None:
    graph.write_text(DEAF, encoding="utf-8")
    journal = graph.parent / ".dagtui" / "graph" / "runs" / "1" / "journal.jsonl"
    process = subprocess.Popen([*DAGTUI, "run", str(graph)], stdout=subprocess.DEVNULL, env=ENVIRONMENT)
    try:
        wait_for(graph.with_name("pid").exists, "the node runs")
        wait_for(lambda: b'"RUNNING"' in journal.read_bytes(), "that is on record")
    finally:
        process.kill()
        process.wait(30)


def test_no_attempt_begins_beside_what_a_killed_program_left(graph: Path) -> None:
    kill_a_run_of_a_deaf_node(graph)
    again = call("run", "--resume", graph)
    assert again.returncode == 0, again.stdout + again.stderr
    assert "a  failed: lost: the run broke off while it was running" in again.stdout
    assert re.fullmatch(
        r"dagtui: processes of run 1 are still being ended \(by process \d+\); waiting until none is left\n",
        again.stderr,
    )
    assert not graph.with_name("beside").exists()


def test_whoever_waits_for_what_a_killed_program_left_is_told_and_may_give_up(graph: Path) -> None:
    kill_a_run_of_a_deaf_node(graph)
    with opened(graph, "--resume") as terminal:
        terminal.wait_for_text("are still being ended")
        terminal.send("\x03")
        assert terminal.wait_for_end() == 130
    assert not graph.with_name("beside").exists()


@pytest.mark.torture
@pytest.mark.parametrize("seed", range(100, 120))
def test_runs_that_are_killed_again_and_again_complete(tmp_path: Path, seed: int) -> None:
    kill_again_and_again(tmp_path, seed=seed, kills=20)
