"""The list from which a person picks a run, on a real terminal."""

from __future__ import annotations

import os
import re
import signal
import sys
from typing import TYPE_CHECKING

from support.terminal import PtyTerminal

if TYPE_CHECKING:
    from contextlib import ExitStack

PROGRAM = """
import sys
from dagtui.cli.picker import Picker
from dagtui.text.look import IN_ASCII, IN_UNICODE
print("before")
sys.stdout.flush()
lines = ["line %d of many, which are longer than forty columns" % number for number in range(int(sys.argv[1]))]
try:
    for _ in range(1 + sys.argv.count("again")):
        look = IN_ASCII if "ascii" in sys.argv else IN_UNICODE
        print("picked", Picker("Which?", "HEADING", lines, look).pick(), flush=True)
except KeyboardInterrupt:
    print("interrupted")
"""


def start(terminals: ExitStack, *words: str, columns: int = 80, rows: int = 24) -> PtyTerminal:
    environment = {"LANG": "C.UTF-8", "PYTHONIOENCODING": "utf-8"}
    command = [sys.executable, "-c", PROGRAM, *words]
    terminal = terminals.enter_context(PtyTerminal(command, columns=columns, rows=rows, env=environment))
    terminal.wait_for_text("quit")
    return terminal


def cursor(terminal: PtyTerminal) -> str:
    """The line under the cursor; there is one, and it is the only one that is shown reversed."""
    (line,) = [line.rstrip() for line in terminal.text.splitlines() if line.startswith(("▶ ", "> "))]
    return line


KEYS = {
    "\r": "0",
    "j\r": "1",
    "\x1b[B\x1bOB\n": "2",
    "\x1b[B\x1b[A\x1b[A\r": "0",
    "G\r": "3",
    "jjjjjjjjk\r": "2",
    "G\x1b[H\r": "0",
    "\x9bB\r": "1",
    "x\x1b[5n\x1b[<0;3;3M\x1b[24;80Rj\r": "1",
    "q": "None",
    "j\x1b": "None",
    "\x04": "None",
}


def picks(terminal: PtyTerminal) -> list[str]:
    return re.findall(r"^picked (\w+) ", terminal.text, re.MULTILINE)


def test_keys(terminals: ExitStack):
    terminal = start(terminals, "4", *["again"] * (len(KEYS) - 1))
    for number, (keys, picked) in enumerate(KEYS.items(), 1):
        terminal.wait_for(lambda: "quit" in terminal.text, "the list")
        terminal.send(keys.encode("latin-1"))
        terminal.wait_for(lambda number=number: len(picks(terminal)) == number, "what was picked")
        assert picks(terminal)[-1] == picked, repr(keys)
    assert terminal.wait_for_end() == 0
    expected = ["before", *(word for picked in KEYS.values() for word in ("picked", picked))]
    assert terminal.text.split() == expected, "the list takes itself away"
    assert terminal.settings() == terminal.settings_before


def test_the_cursor_is_seen_and_lines_are_cut(terminals: ExitStack):
    terminal = start(terminals, "4", columns=40)
    terminal.send("j")
    terminal.wait_for(lambda: cursor(terminal).startswith("▶ line 1"), "the cursor on the second line")
    assert cursor(terminal).endswith("…")
    assert [line.rstrip() for line in terminal.text.splitlines()[:3]] == ["before", "Which?", "  HEADING"]
    assert len([line for line in terminal.text.splitlines() if line.strip()]) == 8
    assert b"\x1b[7m\xe2\x96\xb6 line 1" in terminal.raw


def test_more_lines_than_there_is_room_for(terminals: ExitStack):
    terminal = start(terminals, "100", rows=12)
    assert "(1 of 100)" in terminal.text
    terminal.send("G")
    terminal.wait_for_text("(100 of 100)")
    assert cursor(terminal).startswith("▶ line 99 ")
    assert "Which?" in terminal.text
    terminal.send("k" * 50)
    terminal.wait_for_text("(50 of 100)")
    terminal.resize(60, 8)
    terminal.send("k")
    terminal.wait_for_text("(49 of 100)")
    assert cursor(terminal).startswith("▶ line 48 ")
    terminal.send("\r")
    assert terminal.wait_for_end() == 0
    assert re.search(r"picked 48\b", terminal.text)


def test_ascii(terminals: ExitStack):
    terminal = start(terminals, "2", "ascii", columns=46)
    assert cursor(terminal).endswith("~")
    terminal.signal(signal.SIGINT)
    terminal.wait_for_end()
    assert "interrupted" in terminal.text
    assert terminal.settings() == terminal.settings_before
    assert not [byte for byte in terminal.raw if byte > 0x7F]


def test_a_terminal_that_goes_away_ends_it(terminals: ExitStack):
    terminal = start(terminals, "2")
    pid = terminal.process.pid
    terminal.hang_up()
    assert terminal.process.wait(20) == -signal.SIGHUP
    assert not os.path.exists(f"/proc/{pid}")
