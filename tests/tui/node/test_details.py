"""The table of all that is known of a node."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from support.adopted_run import adopted_run
from support.waiting import until
from tui.played_run import PlayedRun
from tui.widget_harness import mounted, strips, texts

from dagtui.engine.messages import Usage
from dagtui.engine.status import NodeStatus
from dagtui.graph.model import ArgumentList, Graph, PythonCall, RetryPolicy, ShellCommand, Task, Trigger
from dagtui.graph.run_settings import RunSettings
from dagtui.runs.live_figures import LiveFigures
from dagtui.store.directory import RunDirectory
from dagtui.store.run_figures import NodeFigures, RunFigures, write_run
from dagtui.text.amounts import WallTime
from dagtui.text.labels import FORBIDDEN
from dagtui.text.look import IN_ASCII, IN_UNICODE
from dagtui.text.secrets import Secrets
from dagtui.tui.log.log_footer import DEFINED_SINCE, copied_failure
from dagtui.tui.node.details import DetailsPane, details

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

pytestmark = pytest.mark.anyio

EVIL = "bad [/foo]\x1b]52;c;aGk=\x07[@click=app.exit]\u202e"


@pytest.fixture
def play(tmp_path: Path) -> PlayedRun:
    tasks = [
        Task(
            "fetch",
            ShellCommand("curl $URL"),
            group="data",
            doc="Download the reads",
            env={"URL": "https://example.org"},
            retry=RetryPolicy(retries=3, delay=2.0, backoff=2.0, exit_codes=(7, 137, "timeout")),
            timeout=90.0,
            slots=2,
            line=12,
            colour=True,
            wrap=("nice", "-n", "5 5"),
        ),
        Task("call", PythonCall("mypkg:main", {"x": 1}), trigger=Trigger.ALL_DONE, allow_failure=True),
        Task(EVIL, ArgumentList(("echo", EVIL)), doc=EVIL, env={EVIL: EVIL}, cwd=EVIL, group=EVIL),
    ]
    labels = ["fetch", "call", EVIL]
    edges = [(0, 1), (1, 2)]
    graph = Graph(labels, edges, tasks=tasks, path=tmp_path / "reads.toml", directory=tmp_path)
    return PlayedRun(graph, tmp_path / "logs")


def table(play: PlayedRun, node: int) -> dict[str, str]:
    session = play.session()
    rows = details(session, node, session.clock(), IN_UNICODE)
    return {row.text[:10].strip(): row.text[11:] for row in rows if row.text[:1].strip()}


def test_a_node_is_told_in_full(play: PlayedRun):
    play.start("fetch")
    play.end("fetch", 7, after=2.0)
    play.wake(10.0)
    play.start("fetch")
    play.end("fetch", after=14.0)
    found = table(play, 0)
    assert found["status"] == "✓ done"
    assert found["why"] == "succeeded"
    assert re.fullmatch(r"✓ 2  from \d\d:\d\d:\d\d, 14 s  succeeded", found["attempts"])
    assert found["command"] == "nice -n '5 5' sh -e -c 'curl $URL'"
    assert found["wrap"] == "nice -n '5 5'"
    assert found["group"] == "data"
    assert found["retries"] == (
        "3, after 2.0 s, each time x 2, at most 1 h 00 m, only for exit 7, 137, timeout; attempt 2 of 4"
    )
    assert found["timeout"] == "1 m 30 s"
    assert found["slots"] == "2"
    assert found["colour"] == "forced, by FORCE_COLOR and CLICOLOR_FORCE"
    assert found["env"] == "URL=https://example.org"
    assert found["defined in"].endswith("reads.toml:12")
    assert found["needs"] == "none"
    assert found["needed by"] == "1 node"
    assert found["log"].endswith(".log")


def test_calls_triggers_and_allowed_failures_are_told(play: PlayedRun):
    found = table(play, 1)
    assert found["call"] == "mypkg:main(x=1)"
    assert found["trigger"] == "all_done"
    assert found["failure"] == "allowed"
    assert found["retries"] == "none"


def test_earlier_attempts_are_listed_with_their_results(play: PlayedRun):
    play.start("fetch")
    play.end("fetch", 7, after=2.0)
    play.wake(10.0)
    play.start("fetch")
    session = play.session()
    rows = [row.text for row in details(session, 0, session.clock(), IN_ASCII)]
    first = next(index for index, text in enumerate(rows) if text.startswith("attempts"))
    assert rows[first].startswith("attempts   > 2  since ")
    assert re.fullmatch(r"x 1  from \d\d:\d\d:\d\d, 2.0 s  exit 7", rows[first + 1].strip())


def test_it_is_told_how_long_attempts_were_queued(play: PlayedRun):
    play.start("fetch", after=4.0)
    play.end("fetch", 7, after=2.0)
    play.wake(10.0)
    play.start("fetch", after=0.5)
    play.end("fetch")
    session = play.session()
    rows = [row.text.strip() for row in details(session, 0, session.clock(), IN_UNICODE)]
    first = next(index for index, text in enumerate(rows) if text.startswith("attempts"))
    assert rows[first + 1 : first + 4 : 2] == ["queued 0.5 s", "queued 4.0 s"]


def test_what_an_attempt_used_is_told(play: PlayedRun):
    play.start("fetch")
    play.end("fetch", 7, after=2.0, usage=Usage(0.01, 0, 0, 0))
    play.wake(10.0)
    play.start("fetch")
    play.end("fetch", after=0.01, usage=Usage(0.01, 0, 0, 0))
    session = play.session()
    rows = [row.text.strip() for row in details(session, 0, session.clock(), IN_UNICODE)]
    assert "cpu 0 %" in rows
    assert sum("cpu" in text for text in rows) == 1  # the second attempt was too short for a share
    play.start("call")
    play.end("call", after=20.0, usage=Usage(30.0, 3_100_000_000, 1_200_000_000, 310_000_000))
    session = play.session()
    rows = [row.text.strip() for row in details(session, play.graph.node("call"), session.clock(), IN_UNICODE)]
    assert "cpu 150 %, peak memory 3.1 GB, read 1.2 GB, wrote 310 MB" in rows


async def test_the_last_runs_are_read_when_details_are_opened(play: PlayedRun):
    path = play.graph.path
    assert path is not None
    RunDirectory.create(path, "").close()
    for number in range(2, 13):
        seconds = 10.0 if number < 9 else 15.0
        failed = NodeFigures(NodeStatus.FAILED, 1, 1, 1.0)
        done = NodeFigures(NodeStatus.COMPLETED, 1, 0, seconds, Usage(seconds / 2, 3_000_000_000, 0, 0))
        nodes = {"fetch": done, "call": failed if number % 2 else done}
        write_run(path, RunFigures.of(number, WallTime(100 * number), 1.0, "failed", nodes.items()))
    async with mounted(DetailsPane(play.session()), size=(100, 60)) as pane:
        pane.show(0)
        await until(lambda: any("from 4 runs" in row.text for row in pane.rows))
        shown = [row.text for row in pane.rows]
        assert f"{'usual':<11}15 s ± 0.0, cpu 50 %, peak memory 3.0 GB, from 4 runs" in shown
        assert f"{'last runs':<11}▅▅▅▅▅▅▅████   runs 2 to 12, slowest 15 s" in shown
        assert f"{'':<11}slower by 50 % since run 9" in shown
        pane.show(1)
        shown = [row.text for row in pane.rows]
        assert f"{'':<11}flaky: 5 of 10" in shown
        assert any(row.startswith(f"{'last runs':<11}▅✗▅✗") for row in shown)
        pane.show(2)
        assert not any(row.text.startswith("usual") for row in pane.rows)


class Meter:
    """A node that uses half a processor, and more memory each time."""

    def __init__(self) -> None:
        self.looks = 0

    def measuring(self, attempts: Sequence[tuple[int, int]]) -> Callable[[], Mapping[tuple[int, int], Usage]]:
        self.looks += 1
        return lambda: {key: Usage(self.looks / 2, self.looks * 250_000_000, 4096, 0) for key in attempts}


async def test_bars_show_what_a_running_node_uses(play: PlayedRun, monkeypatch: pytest.MonkeyPatch):
    play.start("fetch")
    session = play.session()
    figures = LiveFigures(session, Meter())
    session.live_figures = figures
    clock = [session.clock()]
    monkeypatch.setattr(session.run, "clock", lambda: clock[0])
    async with mounted(DetailsPane(session), size=(100, 60)) as pane:
        pane.show(0)
        for looks in range(1, 6):
            clock[0] += looks > 1
            pane.flush(session.clock())
            await until(lambda looks=looks: len(figures.samples(0)) >= looks)
        pane.remake()
        await until(lambda: not pane.flush(session.clock()))
        shown = {row.text[:10].strip(): row.text[11:] for row in pane.rows}
        assert re.fullmatch(r"████  0\.50 of \d+ processors?", shown["cpu"])
        assert re.fullmatch(r"▂▄▅▇█  1\.2 GB of \d+.*B", shown["memory"])
        assert shown["disk"] == "read 4.0 kB, wrote 0 B"


async def test_neighbours_lead_to_themselves(play: PlayedRun):
    async with mounted(DetailsPane(play.session()), size=(80, 40)) as pane:
        pane.show(1)
        pane.focus()
        await until(lambda: pane.has_focus)
        assert pane.activate()
        pane.move(1)
        assert pane.activate()
        await until(lambda: len(pane.app.jumps) == 2)
        assert pane.app.jumps == [0, 2]


@pytest.mark.parametrize("width", [80, 40, 12])
async def test_nothing_hostile_gets_through(play: PlayedRun, width: int):
    async with mounted(DetailsPane(play.session()), size=(width, 60)) as pane:
        pane.show(2)
        for strip in strips(pane):
            assert not re.search(f"[{FORBIDDEN}]", strip.text)
            assert strip.cell_length == pane.size.width
            assert not any(segment.style and segment.style.meta for segment in strip)
        assert "[@click=app.exit]" in pane.copy_text()
        assert not re.search(f"(?!\n)[{FORBIDDEN}]", pane.copy_text())


async def test_it_scrolls_and_keeps_its_place_when_something_changes(play: PlayedRun):
    session = play.session()
    async with mounted(DetailsPane(session), size=(40, 8)) as pane:
        pane.show(0)
        top = texts(pane)
        pane.page(1)
        assert texts(pane) != top
        scrolled = texts(pane)
        pane.run.state.watch()
        pane.flush(session.clock())
        assert texts(pane) == scrolled
        pane.bottom()
        assert "call" in texts(pane)[-1]
        pane.top()
        assert texts(pane) == top


async def test_nothing_is_refreshed_when_nothing_changed(play: PlayedRun, monkeypatch: pytest.MonkeyPatch):
    session = play.session()
    async with mounted(DetailsPane(session)) as pane:
        pane.show(0)
        refreshed: list[object] = []
        monkeypatch.setattr(pane, "refresh", lambda *regions, **_: refreshed.append(regions))
        for _ in range(5):
            pane.flush(session.clock())
        assert refreshed == []


def filled_in(play: PlayedRun, command: str) -> PlayedRun:
    tasks = [
        Task("up", ShellCommand("true")),
        Task("work", ShellCommand(command), needs=("up",), env={"STAGE": "{{ params.stage }}"}),
    ]
    graph = Graph(["up", "work"], [(0, 1)], tasks=tasks, params={"stage": "test it"}, path=play.graph.path)
    played = PlayedRun(graph, play.directory)
    played.run("up")
    played.start("work")
    played.end("work", 1)
    return played


def test_a_command_is_shown_as_it_ran_beside_its_template(play: PlayedRun):
    command = "cat <<END\n  a\nEND\nx {{ needs.up.status }} {{ params.stage }} {{ env.STAGE }}"
    played = filled_in(play, command)
    ran = "cat <<END\n  a\nEND\nx completed 'test it' 'test it'"
    session = played.session()
    assert session.as_run.command(1) == (ran, command)
    rows = [row.text.rstrip() for row in details(session, 1, session.clock(), IN_UNICODE)]
    assert {"command    cat <<END", "template   cat <<END"} <= set(rows)
    copied = copied_failure(session, 1, 1).text
    assert f"\ncommand\n{ran}\ntemplate\n{command}\n" in copied


def test_a_failure_from_before_a_reload_says_that_another_command_ran(play: PlayedRun):
    session = filled_in(play, "x").session()
    assert DEFINED_SINCE not in copied_failure(session, 1, 1).text
    session.state.redefined = {1: 1}
    assert f"\nsince     {DEFINED_SINCE}\ncommand   x\n" in copied_failure(session, 1, 1).text
    session.state.redefined = {1: 0}
    assert DEFINED_SINCE not in copied_failure(session, 1, 1).text


def test_a_command_with_a_value_that_is_not_known_is_shown_as_written(play: PlayedRun):
    session = filled_in(play, 'x {{ env.ELSEWHERE or "dev" }}').session()
    assert session.as_run.command(1) == ('x {{ env.ELSEWHERE or "dev" }}', "")


def test_no_secret_of_the_environment_is_in_a_command(play: PlayedRun):
    token = "tear'me'apart-0123"
    tasks = [Task("a", ShellCommand("x {{ env.TOKEN }} {{ env.URL }} {{ env.HOME }}"))]
    graph = Graph(["a"], [], tasks=tasks, settings=RunSettings(secrets=("TOKEN",)))
    environment = {"TOKEN": token, "URL": f"https://{token}@h", "HOME": "/home/me"}
    session = adopted_run(graph, (), 0.0, play.directory, environment=environment, secrets=Secrets([token]))
    assert session.as_run.command(0).text == "x '***' 'https://***@h' /home/me"


def placed(play: PlayedRun) -> PlayedRun:
    """A node whose every key is filled in: with what is known, with what isn't, and with a secret."""
    tasks = [
        Task(
            "work",
            ShellCommand("run {{ matrix.s }}"),
            cwd="data/{{ matrix.s }}/../{{ params.stage }}",
            env={
                "URL": "https://{{ env.HOST }}/{{ env.TOKEN }}",
                "STAGE": "{{ params.stage }}",
                "PLAIN": "as it is",
                "MADE_OF": "{{ env.URL }}",
                "LOST": "{{ env.NOWHERE }}",
                "OF_LOST": "{{ env.LOST }}",
                "TOKEN": "{{ env.RAW }}",
            },
        )
    ]
    graph = Graph(
        ["work[s=a b]"],
        [],
        tasks=tasks,
        cells=[(("s", "a b"),)],
        params={"stage": "test"},
        settings=RunSettings(secrets=("TOKEN",)),
        path=play.graph.path,
        directory=play.graph.directory,
    )
    played = PlayedRun(graph, play.directory)
    played.start("work[s=a b]")
    played.end("work[s=a b]", 1)
    return played


def test_every_key_is_shown_as_it_ran_and_what_is_not_known_leaves_the_others(play: PlayedRun):
    environment = {"RAW": "hunter2secret", "HOST": "hunter2secret.org"}
    session = placed(play).session(environment=environment, secrets=Secrets(["hunter2secret"]))
    rows = [row.text.rstrip() for row in details(session, 0, session.clock(), IN_UNICODE)]
    folder = play.graph.directory
    at = rows.index(f"cwd        {folder}/data/test")
    assert rows[at - 2 : at] == ["command    run 'a b'", "template   run {{ matrix.s }}"]
    assert rows[at + 1] == "template   data/{{ matrix.s }}/../{{ params.stage }}"
    at = rows.index("env        URL=https://***.org/***")
    assert rows[at : at + 11] == [
        "env        URL=https://***.org/***",
        "template   URL=https://{{ env.HOST }}/{{ env.TOKEN }}",
        "           STAGE=test",
        "template   STAGE={{ params.stage }}",
        "           PLAIN=as it is",
        "           MADE_OF=https://***.org/***",
        "template   MADE_OF={{ env.URL }}",
        "           LOST={{ env.NOWHERE }}",
        "           OF_LOST={{ env.LOST }}",
        "           TOKEN=***",
        "template   TOKEN={{ env.RAW }}",
    ]
    copied = copied_failure(session, 0, 1).text
    assert f"\ncwd       {folder}/data/test\ntemplate  data/{{{{ matrix.s }}}}/" in copied
    assert "hunter2secret" not in "\n".join(rows) + copied


SCRIPT = "cat <<-END\n" + "".join(f"\tline {number}\tof many ❤️ 👩\u200d🔬\n" for number in range(1_000)) + "\tEND\nlast"


async def test_a_command_is_copied_whole_and_exact(play: PlayedRun):
    graph = Graph(["work"], [], tasks=[Task("work", ShellCommand(SCRIPT))], path=play.graph.path)
    played = PlayedRun(graph, play.directory)
    played.start("work")
    played.end("work", 1)
    session = played.session()
    assert f"\ncommand\n{SCRIPT}\n" in copied_failure(session, 0, 1).text
    async with mounted(DetailsPane(session), size=(80, 40)) as pane:
        pane.show(0)
        assert f"\ncommand\n{SCRIPT}\n" in pane.copied().text
        assert pane.copied().remark == ""
        said = f"the first 4,000 of {len(SCRIPT):,} characters: copy it for the full text"
        assert any(said in row.text for row in pane.rows)
        assert said not in pane.copied().text


async def test_what_would_act_where_it_is_pasted_is_made_visible_and_said(play: PlayedRun):
    graph = Graph(["a"], [], tasks=[Task("a", ShellCommand("x \x1b[201~\r\x9b\u202e\udcff\ty"), cwd="/d\nrm")])
    session = PlayedRun(graph, play.directory).session()
    async with mounted(DetailsPane(session), size=(80, 40)) as pane:
        pane.show(0)
        copied = pane.copied()
        assert "\ncommand    x ^[[201~^M\\x9b\\u202e\\xff\ty\n" in copied.text
        assert "\ncwd        /d^Jrm\n" in copied.text
        assert copied.remark == "control characters are written as ^[ and so on"


async def test_what_is_shown_in_part_is_copied_whole(play: PlayedRun):
    doc, name, value = "about\tit\n" * 1_000 + "end", "n" * 2_000, "v" * 2_000
    task = Task(name, ShellCommand("true"), doc=doc, cwd="/d" * 800, group="g" * 1_500, env={"E": value + "\t"})
    graph = Graph([f"{name}[x={value}]"], [], tasks=[task], cells=[(("x", value),)], path=play.graph.path)
    session = PlayedRun(graph, play.directory).session()
    async with mounted(DetailsPane(session), size=(80, 40)) as pane:
        pane.show(0)
        copied = pane.copied().text
        assert copied.startswith(f"{name}[x={value}]\n{doc}\n\nstatus ")
        for line in (f"cwd        {'/d' * 800}", f"group      {'g' * 1_500}", f"matrix     x={value}"):
            assert f"\n{line}\n" in copied
        assert f"\nenv        E={value}\t\n" in copied


async def test_what_a_node_reads_and_writes_is_filled_in_with_the_neighbours_that_it_joins(play: PlayedRun):
    tasks = [
        Task("a", outputs=("{{ params.out }}/a.csv", "b.csv", "c.csv")),
        Task("b", cwd="sub", inputs=("../o/*.csv", "../b.csv", "../c.csv", "x.py"), outputs=("d/",)),
        Task("c", needs=("b",)),
    ]
    graph = Graph(["a", "b", "c"], [(0, 1), (1, 2)], tasks=tasks, directory=play.directory, params={"out": "o"})
    session = PlayedRun(graph, play.directory).session()
    shown = [row.text.strip() for row in details(session, 1, session.clock(), IN_UNICODE)]
    assert shown[shown.index("reads      ../o/*.csv") :] == [
        "reads      ../o/*.csv",
        "../b.csv",
        "../c.csv",
        "x.py",
        "writes     d/",
        "",
        "needs      1 node",
        "○ a  queued, by ../o/*.csv, ../b.csv and 1 more",
        "",
        "needed by  1 node",
        "· c  waiting",
    ]


def test_values_are_shown_safely_and_are_bounded(play: PlayedRun):
    play.start("fetch")
    play.end("fetch", outputs={"rows": "12", "text": f"{EVIL}\ntwo"} | {f"k{n}": "v" for n in range(30)})
    session = play.session()
    rows = [row.text for row in details(session, 0, session.clock(), IN_UNICODE)]
    at = rows.index("hands on   rows=12")
    assert rows[at + 2] == "           k0=v"
    assert rows[at + 20] == "           and 12 more"
    assert "text=bad [/foo]" in rows[at + 1]
    assert not re.search(f"[{FORBIDDEN}]", "".join(rows))
