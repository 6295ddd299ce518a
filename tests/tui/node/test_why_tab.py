"""The explanation of a node: what is behind its status, and what would help."""

from __future__ import annotations

import itertools
import re
from typing import TYPE_CHECKING

import anyio
import pytest
from support.gates import answer
from support.scene import dag
from support.waiting import until
from tui.played_run import PlayedRun
from tui.widget_harness import mounted, strips, texts

from dagtui.engine.events import NodeEvent
from dagtui.engine.messages import CommandKind
from dagtui.engine.status import Cause, NodeStatus
from dagtui.graph.gates import Gate
from dagtui.graph.loading import load
from dagtui.graph.model import Graph, RetryPolicy, ShellCommand, Task
from dagtui.graph.services import ReadyBy, Service
from dagtui.runs.beginning import start_run
from dagtui.runs.forecast import Forecast
from dagtui.store.history import History
from dagtui.text.labels import FORBIDDEN
from dagtui.text.look import IN_ASCII, IN_UNICODE, Look
from dagtui.tui.actions.keymap import Keymap
from dagtui.tui.actions.table import ACTIONS
from dagtui.tui.log.header import heading
from dagtui.tui.node import cause_paths
from dagtui.tui.node.details import details
from dagtui.tui.node.why_tab import WhyPane

if TYPE_CHECKING:
    from pathlib import Path

    from dagtui.runs.view import RunView

pytestmark = pytest.mark.anyio

LABELS = ["fetch", "refs", "split", "train", "report"]
EDGES = [("fetch", "split"), ("refs", "split"), ("split", "train"), ("train", "report")]


@pytest.fixture
def play(tmp_path: Path) -> PlayedRun:
    tasks = [
        Task(
            label, ShellCommand(label), retry=RetryPolicy(retries=3, delay=30.0) if label == "fetch" else RetryPolicy()
        )
        for label in LABELS
    ]
    index = {label: node for node, label in enumerate(LABELS)}
    return PlayedRun(Graph(LABELS, [(index[a], index[b]) for a, b in EDGES], tasks=tasks), tmp_path / "logs")


async def explained(session: RunView, label: str, *, look: Look = IN_UNICODE) -> list[str]:
    pane = WhyPane(session, look, keymap=Keymap(ACTIONS))
    async with mounted(pane, size=(80, 50)):
        pane.show(session.graph.node(label))
        return [text for text in texts(pane) if text]


def fail_refs(play: PlayedRun, output: bytes = b"") -> None:
    play.start("refs")
    if output:
        play.prints("refs", output)
    play.end("refs", 2, after=4.0)


async def test_what_is_held_back_shows_the_way_to_the_cause_and_its_last_lines(play: PlayedRun):
    fail_refs(play, b"".join(b"line %d\n" % number for number in range(50)) + b"\x1b[31mno such genome\x1b[0m\n")
    found = await explained(play.session(), "report")
    assert found[0] == "⊘ blocked by refs (exit 2)"
    way = found[found.index("blocked by") + 1 :]
    assert [text.strip() for text in way[:3]] == [
        "⊘ train  blocked",
        "└ ⊘ split  blocked",
        "└ ✗ refs  exit 2 after 4.0 s",
    ]
    assert "the last lines of refs" in found
    assert "  no such genome" in found
    assert "  line 31" in found
    assert "  line 30" not in found
    assert found[found.index("what you can do") + 1] == "  r retries refs"


async def test_hints_name_keys_in_characters_that_the_terminal_can_show(play: PlayedRun):
    play.start("fetch")
    pane = WhyPane(play.session(), IN_ASCII, keymap=Keymap(ACTIONS, {"move.up": "k", "node.cancel": "up"}))
    async with mounted(pane, size=(80, 50)):
        pane.show(play.graph.node("fetch"))
        assert "  Up cancels fetch" in texts(pane)


async def test_every_node_of_the_way_leads_to_itself(play: PlayedRun):
    fail_refs(play)
    session = play.session()
    pane = WhyPane(session, keymap=Keymap(ACTIONS))
    async with mounted(pane, size=(80, 50)):
        pane.show(session.graph.node("report"))
        pane.focus()
        await until(lambda: pane.has_focus)
        for _ in range(3):
            pane.activate()
            pane.move(1)
        await until(lambda: len(pane.app.jumps) == 3)
        assert [session.graph.labels[node] for node in pane.app.jumps] == ["train", "split", "refs"]


async def test_several_causes_are_all_named(play: PlayedRun):
    fail_refs(play)
    play.start("fetch")
    for _ in range(4):
        play.end("fetch", 7)
        play.wake(60.0)
        if play.traversal.state.attempt[0] < 4 or play.traversal.state.status[0] < 5:
            play.start("fetch")
    found = await explained(play.session(), "report")
    assert "also blocked by" in found
    assert "  r retries 2 causes" in found
    assert "  A retries everything that failed" in found


async def test_a_waiting_node_shows_its_parents_and_the_longest_way(play: PlayedRun):
    play.start("fetch")
    found = await explained(play.session(25.0), "train")
    assert found[0] == "· waiting  0 / 1 parents"
    assert found[found.index("waits for") + 1].strip() == "· split  waiting"
    way = found[found.index("critical path") + 1 :]
    assert [text.strip() for text in way[:2]] == ["· split  waiting", "○ refs  queued"]


@pytest.mark.parametrize(("value", "text"), [(0, "done  succeeded"), (2, "failed  exit 2")])
async def test_what_a_node_left_behind_is_said_first(play: PlayedRun, value: int, text: str):
    play.start("refs")
    play.end("refs", value, left=2)
    found = await explained(play.session(), "refs")
    assert found[0].endswith(f"{text}; ended 2 processes that it left behind")


async def test_a_failed_node_shows_its_own_end(play: PlayedRun):
    fail_refs(play, b"boom\n")
    found = await explained(play.session(), "refs")
    assert "it has no retries" in found
    assert "  boom" in found
    assert "  r retries refs" in found
    assert "  s skips refs: its children can run" in found


async def test_a_failure_that_is_allowed_says_so_in_every_heading():
    play = PlayedRun(dag("qc", qc={"allow_failure": True}))
    play.start("qc")
    play.end("qc", 1)
    run = play.session()
    found = await explained(run, "qc")
    assert found[0].endswith("failed (allowed)  exit 1")
    assert "its failure is allowed: its children can run" in found
    assert "failed (allowed)" in "".join(run.text for run in heading(run, 0, 1, 100.0, IN_UNICODE))


async def test_a_retry_counts_down(play: PlayedRun):
    play.start("fetch")
    play.end("fetch", 7)
    found = await explained(play.session(play.now + 10.0), "fetch")
    assert "attempt 1 of 4 failed; the next one starts in 20 s" in found
    assert "  r retries fetch at once" in found


async def test_a_cancelled_node_names_the_command_who_gave_it_and_when(play: PlayedRun):
    play.now = 5.0
    play.give(CommandKind.CANCEL_SUBTREE, "split")
    found = await explained(play.session(), "report")
    command = next(text for text in found if "cancel subtree split" in text and ":" in text)
    assert re.fullmatch(r"\d\d:\d\d:\d\d  cancel subtree split  by person", command)


async def test_a_stale_node_names_what_ran_again(play: PlayedRun):
    for label in ("fetch", "refs", "split", "train", "report"):
        play.run(label)
    play.give(CommandKind.RERUN_ONLY, "split")
    play.run("split")
    found = await explained(play.session(), "report")
    assert found[found.index("ran again after it") + 1].strip().startswith("✓ split")
    assert "  R runs report again" in found


async def test_an_ancestor_that_runs_again_now_is_named_too(play: PlayedRun):
    for label in ("fetch", "refs", "split", "train", "report"):
        play.run(label)
    play.give(CommandKind.RERUN_ONLY, "split")
    play.start("split", after=1.0)
    found = await explained(play.session(), "report")
    assert found[found.index("ran again after it") + 1].strip().startswith("▶ split")


async def test_what_is_stale_since_a_reload_names_the_changed_definition(tmp_path: Path):
    file = tmp_path / "graph.toml"
    text = 'version = 1\n[tasks.align]\nrun = "true"\n[tasks.review]\nask = "Go on?"\nneeds = ["align"]\n'
    text += '[tasks.call]\nneeds = ["review"]\nrun = "true"\n'
    file.write_text(text)
    run = start_run(load(file, {}))
    async with anyio.create_task_group() as group:
        group.start_soon(run.drive)
        await until(lambda: len(list(run.state.asking())) == 1)
        run.give(answer([run.graph.node("review")], "approve", "ada"))
        await until(lambda: run.settled)
        file.write_text(text.replace('align]\nrun = "true"', 'align]\nrun = "true; true"'))
        await run.reload(await run.read_graph_again())
        for label in ("review", "call"):
            found = await explained(run, label)
            assert "ran again after it" not in found
            assert found[found.index("definition changed") + 1].strip().startswith("✓ align")
        found = await explained(run, "align")
        assert found[0].endswith("but its definition changed later")
        assert not {"definition changed", "ran again after it"}.intersection(found)
        group.cancel_scope.cancel()
    await run.close()


async def test_a_finally_node_shows_the_others_that_it_waits_for(tmp_path: Path):
    labels = ["last", "after", *(f"n{number}" for number in range(14))]
    tasks = [Task(label, ShellCommand("true"), is_finally=label in ("last", "after")) for label in labels]
    play = PlayedRun(Graph(labels, [(0, 1), (2, 3)], tasks=tasks), tmp_path / "logs")
    play.start("n2")
    session = play.session()
    for label in ("last", "after"):
        found = await explained(session, label)
        assert found[0] == "· waiting  runs when all others have ended: 14 to go"
        named = found[found.index("waits for") + 1 :]
        assert "n2  running" in named[0]
        assert [name.split()[1] for name in named[1:10]] == ["n0", *(f"n{number}" for number in range(3, 11))]
        assert named[10].strip() == "and 4 more"


async def test_a_skipped_node_says_how_to_run_it_all_the_same():
    play = PlayedRun(dag("a", a={"condition": "'x' == 'y'"}))
    session = play.session()
    skipped = NodeEvent(1.0, 0, 0, NodeStatus.SKIPPED, Cause.CONDITION, "'x' == 'y' is false")
    session.state.apply_node(skipped)
    found = await explained(session, "a")
    assert found[0] == "↷ skipped  'x' == 'y' is false"
    assert "  r runs a without asking its condition" in found


async def test_an_answered_gate_says_its_answer_once():
    play = PlayedRun(dag("a b", a={"action": Gate("Go on?")}, b={"action": Gate("Sure?")}))
    session = play.session(44.0)
    assert "has waited 44 s for an answer" in await explained(session, "a")
    session.give(answer([0], "approve", "bo"))
    session.give(answer([1], "reject", "bo"))
    for label, said in (("a", "answered approve, by bo"), ("b", "rejected by bo")):
        assert "\n".join(await explained(session, label)).count(said) == 1


async def test_what_had_to_run_says_why(tmp_path: Path):
    play = PlayedRun(dag("a"), tmp_path / "logs")
    play.run("a")
    session = play.session()
    session.state.reasons[0] = "runs: in.csv changed"
    assert (await explained(session, "a"))[0] == "✓ done  it had to run: in.csv changed"


async def test_an_expected_time_says_whose_it_was(tmp_path: Path):
    labels = ["own", "new", "server"]
    service = Service(ReadyBy.LOG, "up")
    tasks = [Task(label, ShellCommand("true"), service=service if label == "server" else None) for label in labels]
    play = PlayedRun(Graph(labels, [], tasks=tasks), tmp_path / "logs")
    play.start(*labels)
    session = play.session()
    history = History(tmp_path / "history", {"own": 70.0, "server": 70.0}, {"own": "", "server": ""})
    session.forecast = Forecast(session.graph, history)
    for label, words in (("own", "took about 1 m 10 s before"), ("new", "others took about 1 m 10 s before")):
        assert f"running for 0 s, {words}" in await explained(session, label)
    assert "running for 0 s" in await explained(session, "server")
    rows = [details(session, node, 0.0, IN_UNICODE) for node in session.graph.nodes]
    said = [next((one.text.strip() for one in page if one.text.startswith("expected")), "") for page in rows]
    assert "from earlier runs" in said[0]
    assert said[1].endswith("from earlier runs of other nodes")
    assert said[2] == ""


async def test_a_ready_node_shows_who_has_the_slots(tmp_path: Path):
    crowded = PlayedRun(Graph.from_edges(["a", "b"], []), tmp_path / "logs", jobs=1)
    crowded.start("a")
    found = await explained(crowded.session(), "b")
    assert found[found.index("1 running, 1 of 1 slot taken") + 1].strip() == "▶ a  running 0 s"
    assert "  > adds a slot" in found


@pytest.mark.parametrize(
    ("jobs", "wanted", "advice"),
    [
        (4, 1, "  > adds a slot"),
        (4, 2, "  > 2 times adds the 2 missing slots"),
        (5, 2, "  > adds a slot"),
        (4, 30, None),
    ],
)
async def test_more_slots_are_advised_only_where_they_help(tmp_path: Path, jobs: int, wanted: int, advice: str | None):
    tasks = [Task("a", slots=2), Task("b", slots=2), Task("c", slots=wanted)]
    crowded = PlayedRun(Graph(["a", "b", "c"], [], tasks=tasks), tmp_path / "logs", jobs=jobs)
    crowded.start("a")
    crowded.start("b")
    found = await explained(crowded.session(), "c")
    assert f"2 running, 4 of {jobs} slots taken" in found
    assert [line for line in found if line.startswith("  >")] == ([advice] if advice else [])


async def test_nothing_hostile_gets_through(tmp_path: Path):
    evil = "bad [/foo]\x1b]52;c;aGk=\x07[@click=app.exit]\u202e"
    play = PlayedRun(Graph.from_edges([evil, "x" + evil], [(evil, "x" + evil)]), tmp_path / "logs")
    play.start(evil)
    play.prints(evil, evil.encode() + b"\x1b[2J\n")
    play.end(evil, 1)
    session = play.session()
    pane = WhyPane(session, keymap=Keymap(ACTIONS))
    async with mounted(pane, size=(40, 50)):
        for node in (0, 1):
            pane.show(node)
            for strip in strips(pane):
                assert not re.search(f"[{FORBIDDEN}]", strip.text)
                assert strip.cell_length == pane.size.width


async def test_ascii_mode_shows_ascii_only(play: PlayedRun):
    fail_refs(play, b"boom\n")
    for label in LABELS:
        assert "".join(await explained(play.session(), label, look=IN_ASCII)).isascii()


def test_walks_through_the_graph_are_bounded(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    labels = [str(number) for number in range(100)]
    play = PlayedRun(Graph.from_edges(labels, list(itertools.pairwise(labels))), tmp_path)
    monkeypatch.setattr(cause_paths, "MOST_ANCESTORS", 50)
    assert cause_paths.longest_wait(play.session(), 99, 0.0) == ([], None)
    monkeypatch.setattr(cause_paths, "MOST_ANCESTORS", 500)
    way, seconds = cause_paths.longest_wait(play.session(), 99, 0.0)
    assert way == list(range(98, -1, -1))
    assert seconds is None


def noise(count: int) -> bytes:
    return b"".join(b"cleaning up %d\n" % number for number in range(count))


async def test_the_first_error_comes_before_the_last_lines(play: PlayedRun):
    fail_refs(play, b"one\ntwo\nthree\n\x1b[31mFatalError: no disk\x1b[0m\nfour\nfive\nsix\n" + noise(50))
    found = await explained(play.session(), "refs")
    title = found.index("the first error of refs")
    assert found[title + 1 : title + 6] == ["  two", "  three", "  FatalError: no disk", "  four", "  five"]
    assert found[title + 6] == "the last lines of refs"
    assert found[title + 7 : title + 27] == [f"  cleaning up {number}" for number in range(30, 50)]


@pytest.mark.parametrize("output", [b"a\nb\n", b"a\nValueError: x\nb\n", noise(40) + b"fatal: y\n" + noise(18)])
async def test_an_error_that_the_tail_begins_with_is_not_shown_twice(play: PlayedRun, output: bytes):
    fail_refs(play, output)
    found = await explained(play.session(), "refs")
    assert "the first error of refs" not in found
    assert "the last lines of refs" in found


async def test_an_error_far_down_in_the_tail_is_shown_first(play: PlayedRun):
    fail_refs(play, noise(60) + b"fatal: no disk\n" + noise(3))
    found = await explained(play.session(), "report")
    assert "  fatal: no disk" in found[: found.index("the last lines of refs")]


async def test_the_part_of_a_long_line_that_says_it_is_shown(play: PlayedRun):
    fail_refs(play, b"x" * 3_000_000 + b" FatalError: no disk " + b"y" * 5_000 + b"\n" + noise(50))
    pane = WhyPane(play.session(), keymap=Keymap(ACTIONS))
    async with mounted(pane, size=(80, 70)):
        pane.show(play.graph.node("refs"))
        await until(lambda: not pane.flush(play.now))
        assert any("FatalError: no disk" in text for text in texts(pane))


async def test_lines_of_the_log_are_copied_whole_with_their_tabs(play: PlayedRun):
    long = "column\t" * 1_000 + "end"
    fail_refs(play, f"\tFatalError: no \x1b[1mdisk\x1b[0m\t{long}\n".encode() + noise(30) + f"{long}\n".encode())
    pane = WhyPane(play.session(), keymap=Keymap(ACTIONS))
    async with mounted(pane, size=(80, 70)):
        pane.show(play.graph.node("refs"))
        await until(lambda: not pane.flush(play.now))
        copied = pane.copied().text.split("\n")
        assert f"  \tFatalError: no disk\t{long}" in copied
        assert copied.count(f"  {long}") == 1


async def test_a_large_log_is_looked_through_over_several_frames(play: PlayedRun):
    fail_refs(play, noise(700_000) + b"FatalError: no disk\n" + noise(50))
    pane = WhyPane(play.session(), keymap=Keymap(ACTIONS))
    async with mounted(pane, size=(80, 50)):
        pane.show(play.graph.node("refs"))
        assert "the first error of refs" not in texts(pane)
        assert "the last lines of refs" in texts(pane)
        frames = 0
        while pane.flush(play.now):
            frames += 1
        assert frames > 1
        shown = texts(pane)
        assert "  FatalError: no disk" in shown[shown.index("the first error of refs") :]


async def test_what_is_printed_after_the_end_is_looked_through_too(play: PlayedRun):
    fail_refs(play, noise(50))
    pane = WhyPane(play.session(), keymap=Keymap(ACTIONS))
    async with mounted(pane, size=(80, 50)):
        pane.show(play.graph.node("refs"))
        assert not pane.flush(play.now)
        play.prints("refs", b"FatalError: no disk\n" + noise(30))
        while pane.flush(play.now):
            pass
        assert "  FatalError: no disk" in texts(pane)


async def test_what_was_noted_about_an_attempt_is_said_until_it_runs_again(play: PlayedRun):
    play.start("refs")
    play.end("refs", remark='$DAGTUI_OUTPUT: line 1 is not KEY=VALUE: "\x1b[2J"')
    assert (await explained(play.session(), "refs"))[:2] == [
        "✓ done  succeeded",
        '$DAGTUI_OUTPUT: line 1 is not KEY=VALUE: "^[[2J"',
    ]
    assert not any("DAGTUI_OUTPUT" in text for text in await explained(play.session(), "fetch"))
    play.give(CommandKind.RERUN, "refs")
    play.run("refs")
    assert not any("DAGTUI_OUTPUT" in text for text in await explained(play.session(), "refs"))


async def test_processes_that_were_left_behind_are_said_once(play: PlayedRun):
    play.start("refs")
    play.end("refs", left=2, remark="ends 2 processes that it left behind")
    found = await explained(play.session(), "refs")
    assert sum("left behind" in text for text in found) == 1
