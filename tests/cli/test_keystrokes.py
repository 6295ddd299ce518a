"""Single keys before there is a screen, from a real terminal in any pieces."""

from __future__ import annotations

import os
import pty
import threading
import time
import tty
from typing import TYPE_CHECKING

import pytest

from dagtui.cli.keystrokes import END, ESCAPE, Keystrokes

if TYPE_CHECKING:
    from collections.abc import Iterator

SEQUENCES = {
    b"\x1b[B": "\x1b[B",
    b"\x1bOB": "\x1bOB",
    b"\x1b[1;5C": "\x1b[1;5C",
    b"\x1b[[A": "\x1b[[A",
    b"\x1b[<0;5;3M": "\x1b[<0;5;3M",
    b"\xc2\x9bA": "\x1b[A",
    b"\x9bA": "\x1b[A",
    b"\x8fP": "\x1bOP",
    b"\x1b]11;rgb:1e1e/1e1e/1e1e\x1b\\": "\x1b]11;rgb:1e1e/1e1e/1e1e\x1b\\",
    b"\x9d52;c;cXVpdA==\x9c": "\x1b]52;c;cXVpdA==\udc9c",
    b"\x1bP>|XTerm(390)\x1b\\": "\x1bP>|XTerm(390)\x1b\\",
}


@pytest.fixture
def terminal() -> Iterator[tuple[int, int]]:
    master, slave = pty.openpty()
    tty.setraw(slave)
    yield master, slave
    os.close(slave)
    os.close(master)


@pytest.mark.parametrize(("sent", "key"), SEQUENCES.items(), ids=ascii)
def test_a_sequence_is_one_key_in_whatever_pieces(terminal: tuple[int, int], sent: bytes, key: str) -> None:
    master, slave = terminal
    keystrokes = Keystrokes(slave)
    os.write(master, sent + b"q")
    assert [keystrokes.read(), keystrokes.read()] == [key, "q"]

    def type_slowly() -> None:
        for byte in sent + b"q":
            os.write(master, bytes([byte]))
            time.sleep(0.002)  # pieces on their own, well within the patience for the rest

    writer = threading.Thread(target=type_slowly)
    writer.start()
    assert [keystrokes.read(), keystrokes.read()] == [key, "q"]
    writer.join()


def test_escape_is_a_key_alone_and_before_another_one(terminal: tuple[int, int]) -> None:
    master, slave = terminal
    keystrokes = Keystrokes(slave)
    os.write(master, b"\x1bnr")
    assert [keystrokes.read() for _ in range(3)] == [ESCAPE, "n", "r"]
    os.write(master, b"\x1b")
    assert keystrokes.read() == ESCAPE


def test_characters_of_several_bytes_and_broken_ones_are_no_part_of_others(terminal: tuple[int, int]) -> None:
    master, slave = terminal
    keystrokes = Keystrokes(slave)
    os.write(master, "盛é".encode() + b"\xe7q")
    assert [keystrokes.read() for _ in range(4)] == ["盛", "é", "\udce7", "q"]


def test_a_terminal_that_has_gone_says_so() -> None:
    master, slave = pty.openpty()
    os.close(master)
    assert Keystrokes(slave).read() == END
    os.close(slave)
