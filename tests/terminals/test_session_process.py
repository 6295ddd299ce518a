"""What holds a run's process together: signals at any moment, stopped clients, versions, files that stay its own.

Attaching and detaching themselves are in `test_attach`.
"""

from __future__ import annotations

import contextlib
import os
import pty
import re
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from support.process_listing import catches, is_pending, state
from support.waiting import wait_for

from dagtui.control.client import connect

if TYPE_CHECKING:
    from collections.abc import Mapping

    from support.session_harness import SessionHarness
    from support.terminal import PtyTerminal

    from dagtui.control.client import ControlClient

LONG = """
[tasks.long]
run = "sh -c 'trap : TERM; while :; do sleep 0.1; done' {token}"
grace = 0.3
[tasks.quick]
run = "true"
"""
STUBBORN = LONG.replace("0.3", "600")
MAIN = """
from dagtui.__main__ import main
main()
"""


def opened(harness: SessionHarness, graph: str = LONG, program: str = "") -> PtyTerminal:
    """A terminal with the screen of a run whose long node runs."""
    harness.write(graph)
    terminal = harness.open(program=("-c", program + MAIN)) if program else harness.open()
    terminal.wait_for_text("quick")
    wait_for(harness.stubborn_pids, "process of the long node")
    return terminal


def connected(harness: SessionHarness) -> ControlClient:
    return connect((harness.run_directory / "lock").read_text().split("\n")[0])


def asked(harness: SessionHarness, request: Mapping[str, object]) -> Mapping[str, object]:
    with connected(harness) as client:
        client.send(request)
        return client.receive(20) or {}


# Signals, and clients that go, while a session begins


SIGNALLED_AS_THE_LOOP_BEGINS = """
import os, signal
import dagtui.host.daemon as host
live = host.Daemon.live
async def signalled(*words):
    os.kill(os.getpid(), signal.SIGTERM)
    return await live(*words)
host.Daemon.live = signalled
"""
SIGNALLED_BEFORE_THE_LOOP = """
import os, signal
import dagtui.host.launch as launch
told = launch.in_case_of_death
def signalled(*words):
    os.kill(os.getpid(), signal.SIGTERM)
    return told(*words)
launch.in_case_of_death = signalled
"""


@pytest.mark.parametrize("program", [SIGNALLED_BEFORE_THE_LOOP, SIGNALLED_AS_THE_LOOP_BEGINS], ids=["before", "as"])
def test_term_to_a_session_that_begins_cancels_it_and_its_client_is_told(harness: SessionHarness, program: str) -> None:
    harness.write(LONG)
    terminal = harness.open(program=("-c", program + MAIN))
    assert terminal.wait_for_end() == 128 + signal.SIGTERM
    assert "graph cancelled" in terminal.text
    assert terminal.settings() == terminal.settings_before
    assert b"1049h" not in terminal.raw
    assert harness.runs() == ["1"]
    wait_for(lambda: harness.told()[-1] == "ended", "end of the run")
    assert harness.pids() == []


CLIENT_KILLED = """
import os, signal
import dagtui.host.launch as launch
client, told = os.getpid(), launch.in_case_of_death
def when_it_has_gone(*words):
    os.kill(client, signal.SIGKILL)
    while os.path.exists(f"/proc/{client}") and ") Z " not in open(f"/proc/{client}/stat").read():
        pass
    return told(*words)
launch.in_case_of_death = when_it_has_gone
"""


def test_a_client_that_is_killed_while_its_session_begins_leaves_a_run_that_goes_on(harness: SessionHarness) -> None:
    harness.write(LONG)
    assert harness.open(program=("-c", CLIENT_KILLED + MAIN)).wait_for_end() == -signal.SIGKILL
    wait_for(lambda: list(harness.sockets.glob("*.sock")), "its control socket")
    terminal = harness.open("attach")
    terminal.wait_for_text("quick")
    assert harness.statuses()["long"] == "RUNNING"
    assert harness.runs() == ["1"]


# One client's failure is its own


FAREWELL_FAILS = """
import dagtui.host.daemon as host
def fails(*_words):
    raise ZeroDivisionError("broken \\x1b on purpose")
host.detached = fails
"""


def test_a_failure_in_what_one_client_is_told_does_not_end_the_run(harness: SessionHarness) -> None:
    first = opened(harness, program=FAREWELL_FAILS)
    first.send("d")
    assert first.wait_for_end() == 2
    assert first.is_restored
    assert "broken ^[ on purpose" in first.text
    second = harness.open("attach")
    second.wait_for_text("quick")
    second.send("d")
    assert second.wait_for_end() == 2
    assert second.is_restored
    assert harness.statuses()["long"] == "RUNNING"
    assert harness.pids()


# A run that is ending


def test_who_waits_for_the_end_of_a_run_can_be_told_to_end_and_starts_nothing(harness: SessionHarness) -> None:
    first = opened(harness, STUBBORN)
    session = harness.session()
    os.kill(session, signal.SIGTERM)
    first.wait_for(lambda: first.is_restored, "terminal given back")
    connections = harness.connections()
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        waiting = harness.open()
        # It is connected, and does what the signal does by default.
        wait_for(lambda: harness.connections() > connections, "connection")
        wait_for(lambda pid=waiting.process.pid, number=number: is_default(pid, number), "wait")
        waiting.resize(50, 20)
        waiting.signal(number)
        assert waiting.wait_for_end() == -number
        wait_for(lambda: harness.connections() == connections, "end of the connection")
    assert first.process.poll() is None
    assert harness.runs() == ["1"]


def is_default(pid: int, number: signal.Signals) -> bool:
    # A client that has begun to catch signals catches SIGCHLD to its end.
    return catches(pid, signal.SIGCHLD) and not catches(pid, number)


def test_who_waits_for_the_end_of_a_run_goes_on_waiting_when_the_window_changes(harness: SessionHarness) -> None:
    first = opened(harness, STUBBORN)
    session = harness.session()
    os.kill(session, signal.SIGTERM)
    first.wait_for(lambda: first.is_restored, "terminal given back")
    with connected(harness) as client:
        client.send({"want": "attach"})
        assert client.receive(20) == {"do": "wait"}
        for word in ("resized", "suspend", "interrupt"):
            client.send({"tell": word})
        with pytest.raises(TimeoutError):
            client.receive(0.2)
    assert harness.is_alive(session)


def test_a_run_that_is_ending_takes_cancels_and_nothing_else(harness: SessionHarness) -> None:
    terminal = opened(harness, STUBBORN)
    os.kill(harness.session(), signal.SIGTERM)
    wait_for(lambda: harness.statuses()["long"] == "CANCELLING", "cancel")
    for command in ("retry", "rerun with downstream", "skip"):
        answer = asked(harness, {"want": "give", "command": command, "nodes": ["long"]})
        assert "the run is ending" in str(answer.get("error"))
    assert asked(harness, {"want": "give", "command": "cancel all"}).get("nothing") is None
    assert terminal.wait_for_end() == 128 + signal.SIGTERM
    assert harness.pids() == []


def test_a_run_without_screen_that_is_ending_takes_cancels_and_nothing_else(harness: SessionHarness) -> None:
    harness.write(STUBBORN)
    terminal = harness.open("run", "graph.toml")
    wait_for(lambda: harness.stubborn_pids() and list(harness.sockets.glob("*.sock")), "the run and its control socket")
    terminal.signal(signal.SIGTERM)
    wait_for(lambda: harness.statuses()["long"] == "CANCELLING", "cancel")
    answer = asked(harness, {"want": "give", "command": "retry", "nodes": ["long"]})
    assert "the run is ending" in str(answer.get("error"))
    assert asked(harness, {"want": "give", "command": "cancel all"}).get("nothing") is None
    assert terminal.wait_for_end() == 128 + signal.SIGTERM


def test_a_second_term_kills_what_the_first_one_could_not_end(harness: SessionHarness) -> None:
    terminal = opened(harness, STUBBORN)
    os.kill(harness.session(), signal.SIGTERM)
    wait_for(lambda: harness.statuses()["long"] == "CANCELLING", "cancel")
    os.kill(harness.session(), signal.SIGTERM)
    assert terminal.wait_for_end() == 128 + signal.SIGTERM
    assert harness.pids() == []


def test_a_client_that_came_later_hears_how_the_run_has_ended_too(harness: SessionHarness) -> None:
    first = opened(harness)
    second = harness.open("attach")
    second.wait_for_text("quick")
    assert first.wait_for_end() == 0
    os.kill(harness.session(), signal.SIGTERM)
    assert second.wait_for_end() == 128 + signal.SIGTERM
    assert "graph cancelled" in second.text
    assert second.is_restored


IMPATIENT = """
import dagtui.host.daemon as host
host.UNWATCHED_SECONDS = 0.2
"""


def test_a_settled_run_that_is_watched_does_not_end(harness: SessionHarness) -> None:
    harness.write('[tasks.one]\nrun = "exit 7"\n')
    terminal = harness.open(program=("-c", IMPATIENT + MAIN))
    terminal.wait_for_text("exit 7")
    terminal.read(1.0)
    assert "error" not in asked(harness, {"want": "give", "command": "pause"}), "it is not being ended"


SHOWS_NOTHING = """
from dagtui.tui.terminal.remote_terminal import AttachedScreens
async def fails(*_words):
    raise RuntimeError("no screen on purpose")
AttachedScreens.show = fails
"""


def test_a_screen_that_can_not_be_made_leaves_the_run_alive(harness: SessionHarness) -> None:
    harness.write(LONG)
    terminal = harness.open(program=("-c", SHOWS_NOTHING + MAIN))
    assert terminal.wait_for_end() == 1
    assert "the screen failed; the run continues" in terminal.text
    wait_for(harness.pids, "process of the long node")
    assert harness.statuses()["long"] == "RUNNING"


IMPORTS_SLOWLY = """
import os, time
import dagtui.cli.screen as screen
screens = screen._screens
def slowly(*words):
    end = time.monotonic() + 20
    while not os.path.exists("second") and time.monotonic() < end:
        time.sleep(0.01)
    assert os.path.exists("second"), "the run stood still"
    return screens(*words)
screen._screens = slowly
"""


def test_the_run_goes_on_while_what_draws_the_screen_is_imported(harness: SessionHarness) -> None:
    harness.write('[tasks.first]\nrun = "sleep 0.5"\n[tasks.second]\nneeds = ["first"]\nrun = "touch second"\n')
    terminal = harness.open(program=("-c", IMPORTS_SLOWLY + MAIN))
    terminal.wait_for_text("✓ completed")
    assert (harness.folder / "second").exists()


# Sessions and clients that are stopped


def test_what_to_do_about_a_session_that_is_stopped_names_no_process_that_is_not_known(harness: SessionHarness) -> None:
    opened(harness)
    os.kill(harness.session(), signal.SIGSTOP)
    other = harness.open("attach", columns=200)
    assert other.wait_for_end() == 2
    assert "does not answer" in other.text
    assert "kill -TERM 0" not in other.text, "that would end the caller's own job"


def test_a_stopped_client_stops_neither_the_run_nor_the_next_client(harness: SessionHarness) -> None:
    body = 'run = "sleep 0.02"'
    needs = ["", *(f'needs = ["n{number}"]' for number in range(29))]
    harness.write("".join(f"[tasks.n{number}]\n{body}\n{line}\n" for number, line in enumerate(needs)))
    first = harness.open()
    first.wait_for_text("n1")
    first.signal(signal.SIGSTOP)
    wait_for(lambda: state(first.process.pid) == "T", "stopped client")
    wait_for(lambda: list(harness.statuses().values()) == ["COMPLETED"] * 30, "end of the run")
    second = harness.open("attach")
    second.wait_for_text("✓ 30")
    assert state(first.process.pid) == "T"
    second.send("d")
    assert second.wait_for_end() == 0
    first.signal(signal.SIGCONT)
    assert first.wait_for_end() == 0
    assert "attached elsewhere" in first.farewell
    assert first.is_restored


NARROW = """
import socket
import dagtui.control.client as there
made = there.ControlClient.__init__
def narrow(client, connection, peer):
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1)
    made(client, connection, peer)
there.ControlClient.__init__ = narrow
"""


def test_a_session_that_reads_nothing_does_not_make_its_client_deaf(harness: SessionHarness) -> None:
    opened(harness)
    terminal = harness.open("attach", program=("-c", NARROW + MAIN))
    terminal.wait_for_text("quick")
    os.kill(harness.session(), signal.SIGSTOP)
    wait_for(lambda: state(harness.session()) == "T", "stopped session")
    # More than there is room for between the two.
    for _ in range(200):
        terminal.signal(signal.SIGWINCH)
        wait_for(lambda: not is_pending(terminal.process.pid, signal.SIGWINCH), "the client hears it")
    terminal.signal(signal.SIGTERM)
    assert terminal.wait_for_end() == 0
    assert terminal.is_restored
    assert "does not answer" in terminal.text
    os.kill(harness.session(), signal.SIGCONT)
    wait_for(lambda: harness.told()[-1] == "detached", "note of the loss")


STOPS_INSIDE_A_LINE = """
import os, signal
from dagtui.control.server import ClientHandler
send = ClientHandler.send
async def half(connection, message):
    if message.get("do") == "print":
        connection._connection.send(b'{"do":"pri')
        os.kill(os.getpid(), signal.SIGSTOP)
    await send(connection, message)
ClientHandler.send = half
"""


def test_half_a_line_does_not_make_the_client_deaf(harness: SessionHarness) -> None:
    terminal = opened(harness, program=STOPS_INSIDE_A_LINE)
    terminal.send("d")
    terminal.wait_for(lambda: state(harness.session()) == "T", "session that stops")
    terminal.signal(signal.SIGTERM)
    assert terminal.wait_for_end() == 0
    assert "does not answer" in terminal.text
    assert terminal.is_restored


# Terminals


def test_a_lent_terminal_that_hangs_up_is_given_back_and_the_run_goes_on(harness: SessionHarness) -> None:
    opened(harness).send("d")
    wait_for(lambda: harness.told()[-1] == "detached", "detached")
    master, slave = pty.openpty()
    with connected(harness) as client, contextlib.ExitStack() as last:
        last.callback(os.close, slave)
        client.send({"want": "attach", "environment": {"TERM": "xterm"}}, (slave, slave))
        wait_for(lambda: harness.told()[-1] == "attached", "attached")
        assert os.read(master, 100)
        os.close(master)
        # The client is still there, and says nothing.
        said = []
        while (message := client.receive(20)) is not None:
            said.append(message.get("do"))
        assert said[-2:] == ["print", "leave"]
    assert harness.told() == ["started", "attached", "detached", "attached", "detached"]
    assert [event["why"] for event in harness.journal() if event.get("what") == "detached"][-1] == "lost"
    assert harness.statuses()["long"] == "RUNNING"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_the_journal_says_what_detached_it(harness: SessionHarness, number: signal.Signals) -> None:
    terminal = opened(harness)
    terminal.signal(number)
    assert terminal.wait_for_end() == 0
    wait_for(lambda: harness.told()[-1] == "detached", "note of the loss")
    (why,) = [event["why"] for event in harness.journal() if event.get("what") == "detached"]
    assert why == f"{number.name} to the client"


INTERACTIVE = """
import signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("PAGING", flush=True)
time.sleep(600)
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_client_that_is_told_to_end_takes_its_pager_with_it(harness: SessionHarness, number: signal.Signals) -> None:
    (harness.folder / "pager.py").write_text(INTERACTIVE)
    harness.write('[tasks.one]\nrun = "echo words; sleep 600; true {token}"\ngrace = 0.1\n')
    terminal = harness.open(env={"PAGER": f"{sys.executable} pager.py"})
    terminal.wait_for_text("words")
    terminal.send("\to")
    terminal.wait_for_text("PAGING")
    # Shells and some other interactive programs ignore TERM.
    terminal.signal(number)
    assert terminal.wait_for_end() == 0
    assert terminal.is_restored
    assert harness.statuses()["one"] == "RUNNING"


# What is passed on, and what is not


OF_THE_SESSION = re.compile(r"^socket:|/pts/|/(?:[a-z]*\.?lock|held|journal\.jsonl)$")
"""Where a descriptor leads that is the session's own, or was held by the shell that started it."""


def test_attempts_get_no_file_of_the_session_and_it_keeps_none_of_its_clients(harness: SessionHarness) -> None:
    harness.write(
        '[tasks.wait]\nrun = "while ! test -e go; do sleep 0.02; done"\n'
        "[tasks.tell]\nneeds = ['wait']\n"
        "run = 'for f in /proc/self/fd/*; do readlink $f || :; done >half; mv half told; sleep 600; true {token}'\n"
        "grace = 0.1\n"
        "[tasks.after]\nneeds = ['tell']\nrun = 'true'\n"
    )
    command = f"exec 7>held; exec {sys.executable} -m dagtui graph.toml"
    first = harness.start(["bash", "-c", command])
    first.wait_for_text("after")
    second = harness.open("attach")
    second.wait_for_text("after")
    (harness.folder / "go").touch()
    wait_for(harness.pids, "process that has told")
    wait_for((harness.folder / "told").exists, "what it told")
    told = (harness.folder / "told").read_text().split()
    assert len(told) == 3, told
    assert not [path for path in told if OF_THE_SESSION.search(path)]
    session = harness.session()
    own = {name: os.readlink(f"/proc/{session}/fd/{name}") for name in os.listdir(f"/proc/{session}/fd")}
    assert any("/pts/" in path for path in own.values()), "the terminal that is lent"
    assert not [path for path in own.values() if path.endswith("/held")]
    open_on_exec = [path for name, path in own.items() if int(name) > 2 and not is_closed_on_exec(session, name)]
    assert open_on_exec == []
    for name in ("0", "1"):
        assert own[name] == "/dev/null"
    for supervisor in children_of(session):
        held = [os.readlink(f"/proc/{supervisor}/fd/{name}") for name in os.listdir(f"/proc/{supervisor}/fd")]
        assert not [path for path in held if path[:7] != "socket:" and OF_THE_SESSION.search(path)]


def is_closed_on_exec(pid: int, descriptor: str) -> bool:
    flags = re.search(r"flags:\s*(\d+)", Path(f"/proc/{pid}/fdinfo/{descriptor}").read_text())
    return flags is not None and bool(int(flags[1], 8) & os.O_CLOEXEC)


def children_of(pid: int) -> list[int]:
    return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


# Versions


SPEAKS = {
    "session": "import dagtui.control.server as there\nthere.PROTOCOL = 99\n",
    "client": "import dagtui.control.client as there\nthere.PROTOCOL = 99\n",
}


@pytest.mark.parametrize("words", [(), ("attach",), ("attach", "graph.toml")], ids=["open", "attach", "attach graph"])
@pytest.mark.parametrize("newer", ["session", "client"])
def test_another_protocol_is_refused_at_both_ends_with_what_to_do(
    harness: SessionHarness, newer: str, words: tuple[str, ...]
) -> None:
    first = opened(harness, program=SPEAKS[newer] if newer == "session" else "")
    program = SPEAKS[newer] if newer == "client" else ""
    other = harness.open(*words, program=("-c", program + MAIN), columns=200)
    assert other.wait_for_end() == 2
    said = " ".join(other.text.replace("\n", "").split())
    assert "protocol 99" in said
    assert "protocol 1)" in said
    assert "use that version, or wait until the run has ended" in said
    assert f"kill -TERM {harness.session()} cancels it" in said
    assert b"\x1b[?1049h" not in other.raw
    assert harness.runs() == ["1"]
    first.send("d")
    assert first.wait_for_end() == 0, "the one that has the screen was not disturbed"


@pytest.mark.parametrize("newer", ["session", "client"])
def test_another_version_with_the_same_protocol_gets_the_screen(harness: SessionHarness, newer: str) -> None:
    version = 'import dagtui\ndagtui.__version__ = "99.0.0"\n'
    first = opened(harness, program=version if newer == "session" else "")
    second = harness.open("attach", program=("-c", (version if newer == "client" else "") + MAIN))
    second.wait_for_text("quick")
    assert first.wait_for_end() == 0
    second.send("d")
    assert second.wait_for_end() == 0
    with connected(harness) as client:
        assert (client.hello["dagtui"] == "99.0.0") == (newer == "session")
