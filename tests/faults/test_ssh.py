"""Over a real sshd: links that are cut, stalled or closed at bad moments; the run behind them must not notice."""

from __future__ import annotations

import contextlib
import json
import os
import random
import shlex
import signal
import subprocess
import sys
import time
from itertools import pairwise, permutations
from pathlib import Path
from typing import TYPE_CHECKING, Self

import pytest
from support.long_forms import mostly_long
from support.process_listing import fresh_token, processes_with
from support.ssh_server import SshServer, terminals_for_a_server
from support.terminal import ROOT, PtyTerminal
from support.waiting import wait_for
from support.wire import Wire

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

GAP = 0.5
"""Seconds between two events of the journal, at most, while links come and go, on a machine that does nothing else."""
EVERY_NODE = """
version = 1
run.jobs = 4
[tasks.n]
run = 'echo $DAGTUI_NODE >> "$DAGTUI_RUN_DIR/executed"; test -e enough || sleep {seconds} # {token}'
matrix = {{ i = [{cells}] }}
"""
"""Goes on for as long as the links are cut, and then comes to its end, however slow the machine is."""
LONG = """
version = 1
[tasks.long]
run = "echo it goes on; sleep 600 # {token}"
[tasks.other]
run = "sleep 600 # {token}"
[tasks.after]
needs = ["long", "other"]
run = "true"
"""


class Place:
    """A folder with a graph, and terminals that reach it through the server."""

    def __init__(self, folder: Path, sockets: Path, server: SshServer, wire: Wire) -> None:
        self.folder = folder
        self.token = fresh_token()
        self.graph = folder / "graph.toml"
        self.sockets = sockets
        self._server = server
        self.wire = wire
        self._terminals: list[PtyTerminal] = []

    def write(self, text: str) -> None:
        self.graph.write_text(text)

    def open(self, *words: str, columns: int = 80, rows: int = 24, term: str = "xterm-256color") -> PtyTerminal:
        """Run dagtui over a new connection; without words it opens the graph."""
        given = {"PYTHONPATH": str(ROOT), "DAGTUI_SOCKET_DIR": str(self.sockets), "LANG": "C.UTF-8"}
        variables = " ".join(f"{name}={shlex.quote(value)}" for name, value in given.items())
        line = f"cd {shlex.quote(str(self.folder))} && {variables} exec "
        line += shlex.join([sys.executable, "-m", "dagtui", *(words or (str(self.graph),))])
        command = self._server.command(self.wire.port, line)
        terminal = PtyTerminal(command, columns=columns, rows=rows, env={"TERM": term})
        self._terminals.append(terminal)
        return terminal

    def run_directory(self) -> Path:
        return self.folder / ".dagtui" / "graph" / "runs" / "1"

    def journal(self) -> list[dict[str, object]]:
        path = self.run_directory() / "journal.jsonl"
        lines = path.read_text().splitlines() if path.exists() else []
        return [json.loads(line) for line in lines if line.endswith("}")]

    def is_running(self, node: str) -> bool:
        return bool(self.attempts(node))

    def attempts(self, node: str) -> list[int]:
        """The attempts of a node that have begun."""
        records = (record for record in self.journal() if record.get("node") == node)
        return [int(str(record["attempt"])) for record in records if record.get("status") == "RUNNING"]

    def has_ended(self) -> bool:
        return any(record["event"] == "run" and record["what"] == "ended" for record in self.journal())

    def session(self) -> int:
        """The process that has the run."""
        return int((self.run_directory() / "lock").read_text().split()[-1])

    def close(self) -> None:
        for terminal in self._terminals:
            terminal.__exit__()
        for pid in {*processes_with(str(self.folder)), *processes_with(self.token)}:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SshServer]:
    if not terminals_for_a_server():
        pytest.skip("terminals do not belong to the group tty here, which only root can change")
    with SshServer(tmp_path_factory.mktemp("ssh") / "server") as server:
        yield server


@pytest.fixture
def place(tmp_path: Path, short_path: Path, server: SshServer) -> Iterator[Place]:
    with Wire(server.port) as wire:
        place = Place(tmp_path, short_path, server, wire)
        yield place
        place.close()


class Beside:
    """The same run without a screen and without links: what the machine does to it, it does to the other one."""

    def __init__(self, place: Place) -> None:
        self._folder = place.folder / "beside"
        self._folder.mkdir()
        graph = self._folder / "graph.toml"
        graph.write_text(place.graph.read_text())
        self._process = subprocess.Popen(
            [sys.executable, "-m", "dagtui", "run", str(graph)], cwd=self._folder, stdout=subprocess.DEVNULL
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait(60)

    def longest_gap(self, begin: float, end: float) -> float:
        """The longest time in which nothing happened in it, between two times."""
        journal = (self._folder / ".dagtui/graph/runs/1/journal.jsonl").read_text()
        return longest_gap([json.loads(line) for line in journal.splitlines() if line.endswith("}")], begin, end)


def longest_gap(journal: list[dict[str, object]], begin: float, end: float) -> float:
    """The longest time between two events of nodes, from one time to another."""
    times = [float(str(record["time"])) for record in journal if record["event"] == "node"]
    within = [begin, *(at for at in times if begin < at < end), end]
    return max(later - earlier for earlier, later in pairwise(within))


def cut_and_come_back(place: Place, *, nodes: int, seconds: float, cuts: int, longest: float, seed: int) -> None:
    """Cut the link `cuts` times, each at most `longest` seconds after the screen is there."""
    chance = random.Random(seed)
    cells = ", ".join(map(str, range(nodes)))
    place.write(EVERY_NODE.format(seconds=seconds, cells=cells, token=place.token))
    sizes = [(80, 24, "xterm-256color"), (120, 40, "screen-256color"), (60, 20, "linux"), (200, 50, "tmux-256color")]
    with Beside(place) as beside:
        begin = 0.0
        for cut in range(cuts):
            columns, rows, term = sizes[cut % len(sizes)]
            terminal = place.open(columns=columns, rows=rows, term=term)
            terminal.wait_for_text("graph #1")
            begin = begin or time.time()
            until = time.monotonic() + chance.uniform(0, longest)
            terminal.wait_for(lambda until=until: time.monotonic() > until, "time to pass")
            chance.choice((place.wire.cut, place.wire.cut, terminal.hang_up))()
            # A terminal that nobody reads would hold ssh up in the middle of a frame.
            terminal.wait_for_end()
        end = time.time()
        (place.folder / "enough").touch()
        assert longest_gap(place.journal(), begin, end) <= GAP + 3 * beside.longest_gap(begin, end)
    losses = [float(str(record["time"])) for record in place.journal() if record.get("what") == "detached"]
    terminal = place.open()
    terminal.wait_for(lambda: "graph #1  ✓ completed" in terminal.text, "end of the run", 120)
    terminal.send("q")
    terminal.wait_for_end()
    executed = (place.run_directory() / "executed").read_text().split()
    assert sorted(executed) == sorted(f"n[i={i}]" for i in range(nodes))
    assert len(losses) >= cuts // 3, "too few of the links reached the run"
    wait_for(lambda: not processes_with(place.token), "the end of every process")


def test_a_link_cut_eight_times(place: Place) -> None:
    cut_and_come_back(place, nodes=240, seconds=0.2, cuts=8, longest=0.2, seed=1)


@pytest.mark.torture
@pytest.mark.parametrize("seed", range(3))
def test_a_link_cut_at_random_moments(place: Place, seed: int) -> None:
    cut_and_come_back(place, nodes=2500, seconds=0.2, cuts=40, longest=1.0, seed=seed)


def stalled_link(place: Place, seconds: float) -> None:
    """The client stands still, reading nothing: the run goes on, and afterwards the screen is right again."""
    nodes = 1000 + round(50 * seconds)  # the run takes longer than the stall
    place.write(EVERY_NODE.format(seconds=0.1, cells=", ".join(map(str, range(nodes))), token=place.token))
    terminal = place.open()
    terminal.wait_for_text("graph #1")
    # It has been asked whether it is there, and has answered.
    terminal.wait_for(lambda: len(place.journal()) > 50 and b"\x1b[5n" in terminal.raw, "some nodes")
    terminal.signal(signal.SIGSTOP)
    before, began = len(place.journal()), time.monotonic()
    received = []

    def is_over() -> bool:
        received.append((time.monotonic() - began, place.wire.received))
        return received[-1][0] > seconds

    wait_for(is_over, "time to pass", seconds + 30)
    # Ten seconds after its last answer nothing more is sent to it but now and then a question.
    late = [count for at, count in received if at > 15]
    assert not late or late[-1] - late[0] < 2000, "frames pile up in the link"
    during = len(place.journal()) - before
    terminal.signal(signal.SIGCONT)
    counted = len(place.journal())
    assert during >= seconds * 10, "the run stood still with its terminal"
    terminal.wait_for(lambda: len(place.journal()) > counted + 50, "more nodes")
    terminal.resize(100, 30)
    terminal.wait_for_text("graph #1")
    terminal.send("q")
    terminal.wait_for_text("Leave")
    terminal.send("c")


def test_a_stopped_client_does_not_stop_the_run(place: Place) -> None:
    stalled_link(place, 3)


@pytest.mark.torture
def test_a_client_stopped_for_a_minute(place: Place) -> None:
    stalled_link(place, 60)


@pytest.mark.parametrize(
    "keys",
    mostly_long(["q", "?", ":", "X", "R", "/lo", "2", "3", "\r"], ["q", ":", "/lo", "\r"]),
    ids=["leave", "help", "palette", "cancel", "rerun", "find", "details", "why", "log"],
)
def test_a_link_cut_inside_each_dialog(place: Place, keys: str) -> None:
    place.write(LONG.format(token=place.token))
    terminal = place.open()
    terminal.wait_for(lambda: place.is_running("long"), "the run")
    terminal.wait_for_text("graph #1")
    before = terminal.text
    terminal.send(keys)
    terminal.wait_for(lambda: terminal.text != before, "the dialog")
    place.wire.cut()
    terminal.wait_for_end()
    again = place.open(columns=100, rows=30)
    again.wait_for_text("graph #1")
    assert len(processes_with(place.token)) >= 2, "the run has ended with its link"
    assert not place.has_ended()


KILLS: dict[str, Callable[[Place, PtyTerminal], None]] = {
    "client": lambda _place, terminal: terminal.process.kill(),
    "session": lambda place, _terminal: os.kill(place.session(), signal.SIGKILL),
    "supervisor": lambda place, _terminal: [
        os.kill(pid, signal.SIGKILL) for pid in _supervisors(place.session())
    ].clear(),
}


def _supervisors(session: int) -> list[int]:
    """The processes below the session that are called dag-supervisor."""
    found, queue = [], [session]
    for pid in queue:
        try:
            queue += map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split())
            if Path(f"/proc/{pid}/comm").read_text().strip() == "dag-supervisor":
                found.append(pid)
        except OSError:
            continue
    return found


@pytest.mark.parametrize("order", mostly_long(permutations(KILLS), list(permutations(KILLS))[::2]), ids="-".join)
def test_everybody_killed_in_every_order(place: Place, order: tuple[str, ...]) -> None:
    place.write(LONG.format(token=place.token))
    terminal = place.open()
    terminal.wait_for(lambda: place.is_running("long") and place.is_running("other"), "the run")
    for victim in order:
        try:
            KILLS[victim](place, terminal)
        except ProcessLookupError:  # it went with the one before
            continue
    wait_for(lambda: not processes_with(place.token), "the end of every process")
    again = place.open()
    again.wait_for_text("was interrupted")
    again.send("r")
    again.wait_for(lambda: place.attempts("long") == [1, 2] and place.attempts("other") == [1, 2], "the resumed run")
    assert not any(record.get("status") == "COMPLETED" for record in place.journal())


def test_a_storm_of_sizes(place: Place) -> None:
    place.write(LONG.format(token=place.token))
    terminal = place.open()
    terminal.wait_for_text("graph #1")
    chance = random.Random(7)
    for _ in range(200):
        terminal.resize(chance.randint(1, 220), chance.randint(1, 60))
        terminal.read(0.005)
    terminal.resize(100, 30)
    terminal.wait_for(lambda: "graph #1" in terminal.text and "q quit" in terminal.text, "the whole screen")
    assert not place.has_ended()


def test_two_clients_race_to_start_one_graph(place: Place) -> None:
    place.write(LONG.format(token=place.token))
    both = [place.open(), place.open()]
    deadline = time.monotonic() + 30
    while not any("graph #1" in terminal.text for terminal in both) and time.monotonic() < deadline:
        for terminal in both:
            terminal.read(0.05)
    runs = place.folder / ".dagtui" / "graph" / "runs"
    wait_for(lambda: place.is_running("long"), "the run")
    for terminal in both:
        terminal.read(0.5)
    assert [path.name for path in runs.iterdir() if path.name.isdigit()] == ["1"]
    assert len(processes_with(place.token)) <= 4
