"""A real pseudo-terminal for tests: runs a command on it, types, looks at the screen, stops, resizes, hangs up."""

from __future__ import annotations

import codecs
import contextlib
import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time
import tty
from pathlib import Path
from typing import TYPE_CHECKING, Self

import pyte
from support.fork_server import UTF_8, start_on_a_terminal
from support.program import BEFORE_PYTHON, DAGTUI
from support.waiting import SECONDS, looks

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from support.fork_server import ForkedProgram

ROOT = Path(__file__).parents[2]

# What the driver sets and undoes, and what frames consist of: every byte sent to a terminal is one of these.
_MODES = re.compile(
    rb"\x1b\[\?(?:1049|25|1004|2004|7|1000|1003|1006|2026)[hl]|\x1b\[>25u|\x1b\[<u|\x1b\[\?2026\$p|\x1b\[5n|\x1b\[2[23];0t"
    rb"|\x1b\]11;\?\x07"  # the question for the background's colour
    rb"|\x1b\]2;[\x20-\x7e]* [0-9,]+/[0-9,]+\x07"  # the title that the program gives the terminal
)
_FRAME = re.compile(rb"\x1b\[[0-9;:]*m|\x1b\[[0-9]+;[0-9]+H|\r?\n|[\x20-\x7e]+")
_REPAINT = re.compile(rb"\x18|\x0f|\x1b\(B|\x1b\[r|\x1b\[\?6l|\x1b\[2J")
# pyte prints what it doesn't know.
_UNKNOWN_TO_PYTE = re.compile(r"\x1b\[(?:[<>=][0-9;]*[a-zA-Z]|\?[0-9;]*\$p)|\x18|\x0f")
_QUESTION, _ANSWER = b"\x1b[5n", b"\x1b[0n"
_UNFINISHED = re.compile(r"\x1b(?:\[[0-?]*[ -/]*|\()?\Z")


def _is_usual(environment: Mapping[str, str]) -> bool:
    """Return whether the interpreter finds what it reads at its start as it is in the process that is forked."""
    read = {(key, value) for key, value in environment.items() if key.startswith(BEFORE_PYTHON)}
    return read - os.environ.items() == {("LANG", UTF_8), ("PYTHONPATH", str(ROOT))} - os.environ.items()


class PtyTerminal:
    """A command on a terminal of its own, whose controlling terminal it is.

    Nothing is read except while a method waits, so a test that only looks at files has stopped its terminal.
    """

    def __init__(
        self,
        command: Sequence[str],
        *,
        columns: int = 80,
        rows: int = 24,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        synchronized: bool = False,
    ) -> None:
        self.raw = bytearray()
        """All bytes that were sent to the terminal."""
        self._screen = pyte.Screen(columns, rows)
        self._stream = pyte.Stream(self._screen)
        self._unfed = ""
        self._text: str | None = None
        """The screen as text, until something comes."""
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")  # a read may end within a character
        self._synchronized = synchronized
        self.answers = True
        """Whether it says that it is there when it is asked, as terminals do."""
        self.rate = 0
        """How many bytes it takes a second; 0: as many as there are."""
        self._taken_up_to = 0.0
        self._master, self._slave = pty.openpty()
        self._set_size(columns, rows)
        self.settings_before = self.settings()
        environment = {key: value for key, value in os.environ.items() if key not in {"NO_COLOR", "COLUMNS", "LINES"}}
        environment |= {"TERM": "xterm-256color", "COLORTERM": "truecolor", "PYTHONPATH": str(ROOT), **(env or {})}
        self.process = self._start([*command], environment, cwd)

    def _start(
        self, command: list[str], environment: dict[str, str], cwd: Path | None
    ) -> subprocess.Popen[bytes] | ForkedProgram:
        if command[:3] == DAGTUI and _is_usual(environment):
            return start_on_a_terminal(command[3:], os.fspath(cwd or os.getcwd()), environment, self._slave)
        return subprocess.Popen(
            command,
            stdin=self._slave,
            stdout=self._slave,
            stderr=self._slave,
            env=environment,
            cwd=cwd,
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGCONT)
            os.killpg(self.process.pid, signal.SIGKILL)
        self.hang_up()
        os.close(self._slave)
        self.process.wait(SECONDS)

    # What is on it

    @property
    def text(self) -> str:
        """The screen, one line a row."""
        if self._text is None:
            buffer, screen = self._screen.buffer, self._screen
            # Not pyte's own display, which fails at a mark behind a wide character.
            self._text = "\n".join(
                "".join(buffer[y][x].data for x in range(screen.columns)) for y in range(screen.lines)
            )
        return self._text

    @property
    def cells(self) -> list[tuple[str, str, str]]:
        """Each cell of the screen with its colours, row by row."""
        buffer, screen = self._screen.buffer, self._screen
        return [
            (cell.data, cell.fg, cell.bg)
            for row in range(screen.lines)
            for cell in (buffer[row][column] for column in range(screen.columns))
        ]

    def has_cursor_on(self, name: str) -> bool:
        """Whether the cursor of the tree is on a row with a name."""
        return any("▌" in line and name in line for line in self.text.split("\n"))

    def foreign_codes(self) -> list[bytes]:
        """What was sent that neither sets a known mode nor belongs to a frame; to be empty."""
        foreign, position = [], 0
        sent = bytes(self.raw).decode("utf-8", "replace")
        if self.process.poll() is None:  # the rest of a code may still be under way
            sent = _UNFINISHED.sub("", sent)
        data = sent.encode("ascii", "replace")
        while position < len(data):
            for pattern in (_MODES, _FRAME, _REPAINT):
                match = pattern.match(data, position)
                if match is not None:
                    position = match.end()
                    break
            else:
                foreign.append(data[position : position + 20])
                position += 1
        return foreign

    def settings(self) -> list[object]:
        """The line settings as the kernel has them."""
        return termios.tcgetattr(self._slave)

    def set_settings(self, settings: list[object]) -> None:
        """Change the line settings as another program would."""
        termios.tcsetattr(self._slave, termios.TCSANOW, settings)

    def is_input_pending(self) -> bool:
        """Whether something that was sent would be read by whoever reads the terminal next."""
        tty.setraw(self._slave, termios.TCSANOW)  # else only whole lines count
        poll = select.poll()
        poll.register(self._slave, select.POLLIN)
        return bool(poll.poll(0))

    def write_as_another(self, text: str) -> None:
        """Write to the terminal as another program would."""
        os.write(self._slave, text.encode())

    def fill(self) -> None:
        """Write as another program would, until the terminal takes nothing more before it is read."""
        slave = os.open(os.ttyname(self._slave), os.O_WRONLY | os.O_NONBLOCK | os.O_NOCTTY)
        with contextlib.suppress(BlockingIOError):
            while os.write(slave, b" " * 1024):
                pass
        os.close(slave)

    @property
    def is_restored(self) -> bool:
        """Whether the last that was said about each mode undoes it, and the line settings are as before."""
        sent = bytes(self.raw)
        undone = [(b"\x1b[?1049h", b"\x1b[?1049l"), (b"\x1b[?25l", b"\x1b[?25h"), (b"\x1b[>25u", b"\x1b[<u")]
        undone += [(b"\x1b[?%dh" % mode, b"\x1b[?%dl" % mode) for mode in (1000, 1003, 1006, 1004, 2004)]
        undone += [(b"\x1b[?7l", b"\x1b[?7h"), (b"\x1b[22;0t", b"\x1b[23;0t")]
        return self.settings() == self.settings_before and all(sent.rfind(on) < sent.rfind(off) for on, off in undone)

    @property
    def farewell(self) -> str:
        """What was printed once the screen was left.

        This terminal has no second screen, so that `text` may show it in two lines behind a frame that was cut.
        """
        printed = bytes(self.raw).rpartition(b"\x1b[?1049l")[2].decode(errors="replace")
        return re.sub(r"\x1b[\[(][0-9;?>]*[A-Za-z]|\r", "", printed)

    # What is done to it

    def send(self, keys: str | bytes) -> None:
        """Type; a string is sent as UTF-8."""
        os.write(self._master, keys.encode() if isinstance(keys, str) else keys)

    def resize(self, columns: int, rows: int) -> None:
        """Give the terminal another size; the kernel tells the command."""
        self._set_size(columns, rows)
        self._screen.resize(rows, columns)
        self._text = None

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the command."""
        self.process.send_signal(number)

    def hang_up(self) -> None:
        """Close the terminal, as a lost connection does."""
        if self._master >= 0:
            os.close(self._master)
            self._master = -1

    # Waiting

    def read(self, seconds: float = 0.0) -> bool:
        """Take what was sent within `seconds`; whether anything was."""
        poll = select.poll()
        poll.register(self._master, select.POLLIN)
        if not poll.poll(seconds * 1000):
            return False
        try:
            data = os.read(self._master, self._room())
        except OSError:  # no process has the terminal open
            return False
        self.raw += data
        if self._synchronized and b"\x1b[?2026$p" in data:
            self.send("\x1b[?2026;2$y")
        # A question that was cut lies across the border.
        if self.answers and (asked := self.raw[-len(data) - len(_QUESTION) + 1 :].count(_QUESTION)):
            self.send(_ANSWER * asked)
        self._feed(self._decoder.decode(data))
        return bool(data)

    def pass_time(self, seconds: float) -> None:
        """Read what comes for a while."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            self.read(left)

    def is_quiet(self, seconds: float) -> bool:
        """Whether nothing at all is sent in so many seconds."""
        return not self.read(seconds)

    def wait_for(self, condition: Callable[[], object], what: str, seconds: float = SECONDS) -> None:
        """Read until the condition holds.

        Raises:
            AssertionError: it didn't in time, or the command ended meanwhile; with the screen.
        """

        def holds() -> bool:
            if condition():
                return True
            if self.process.poll() is None or self.read():
                return False
            # All that was sent is on the screen now.
            assert condition(), f"not before the command ended: {what}\n{self._shown()}"
            return True

        for _ in looks(holds, what, seconds, self._shown):
            self.read(0.05)

    def _shown(self) -> str:
        state = "runs" if self.process.poll() is None else "has ended"
        return f"the command {state}\n{self.text}\n{bytes(self.raw[-2000:])!r}"

    def wait_for_text(self, text: str) -> None:
        """Read until `text` is on the screen."""
        self.wait_for(lambda: text in self.text, f"{text!r} on the screen")

    def wait_for_end(self, seconds: float = SECONDS) -> int:
        """Read until the command has ended and all it sent was read; its exit status."""
        if self._master >= 0:
            self.wait_for(lambda: self.process.poll() is not None, "end of the command", seconds)
            while self.read(0.05):
                pass
        return self.process.wait(seconds)

    def _room(self) -> int:
        """How many bytes may be taken now; waits until there may be some, where there is a rate."""
        if not self.rate:
            return 65536
        share = 1 / 50
        time.sleep(max(0.0, self._taken_up_to - time.monotonic()))  # this is what makes it slow
        self._taken_up_to = time.monotonic() + share
        return max(1, int(self.rate * share))

    def _feed(self, text: str) -> None:
        self._text = None
        text = self._unfed + text
        unfinished = _UNFINISHED.search(text)
        end = unfinished.start() if unfinished else len(text)
        self._unfed = text[end:]
        try:
            self._stream.feed(_UNKNOWN_TO_PYTE.sub("", text[:end]))
        except TypeError:  # of a sequence that was cut, and goes on as another one, with parameters that this lacks
            self._stream = pyte.Stream(self._screen)

    def _set_size(self, columns: int, rows: int) -> None:
        fcntl.ioctl(self._master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))


def python(script: Path, *arguments: object) -> list[str]:
    """The command that runs a script with this interpreter, warnings being errors."""
    return [sys.executable, "-W", "error", str(script), *map(str, arguments)]
