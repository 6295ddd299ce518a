"""Textual driver that never waits for its terminal, and always restores it."""

from __future__ import annotations

import atexit
import base64
import contextlib
import os
import signal
import termios
from typing import TYPE_CHECKING, Final

from textual import events
from textual.driver import Driver
from textual.geometry import Size

from dagtui.tui.terminal import modes
from dagtui.tui.terminal.announcer import Announcer
from dagtui.tui.terminal.background import can_ask
from dagtui.tui.terminal.frame_filter import frame_filter
from dagtui.tui.terminal.latency_probe import QUESTION, LatencyProbe
from dagtui.tui.terminal.reader import TerminalReader
from dagtui.tui.terminal.signals import SignalHandlers
from dagtui.tui.terminal.terminal import Descriptor, Terminal
from dagtui.tui.terminal.throttle import PaintThrottle
from dagtui.tui.terminal.writer import TerminalWriter

if TYPE_CHECKING:
    import asyncio

    from textual.app import App
    from textual.message import Message

_LEAVE_SECONDS: Final = 0.3
"""The longest that a stopped terminal may delay leaving."""
_COPY_CHARACTERS: Final = 100_000
"""Terminals refuse or truncate longer clipboard texts."""
_ANSWER_SECONDS: Final = 0.4
"""The longest that leaving waits for an answer that would be printed behind a prompt. The run waits, too."""
_BELL: Final = "\x07"
_OPERATING_SYSTEM_COMMAND: Final = "\x1b]"


class TerminalDriver(Driver):
    """Reads and writes a terminal from the event loop, without threads.

    While the terminal does not accept output, the app renders nothing (see `TerminalApp`) and whole frames are refused.
    Once the output has drained, one repaint brings the terminal up to date. All state belongs to the instance: another
    driver may follow on another terminal in the same loop, which is the main thread's.
    """

    _terminal = Terminal()

    def __init__(
        self,
        app: App[object],
        *,
        debug: bool = False,
        mouse: bool = True,
        size: tuple[int, int] | None = None,
    ) -> None:
        # Textual takes the app's first size from here. Otherwise it asks descriptors 0 to 2, which may be other
        # terminals.
        super().__init__(app, debug=debug, mouse=mouse, size=size or self._terminal.size())
        self._active = False
        self._lost = False
        self.pacing = PaintThrottle(app)
        self._asks_background = self._terminal.asks_background
        """Whether to ask for the background's colour when the terminal is opened. Once is enough."""
        self._outgoing: list[str] = []
        self._flush_due: asyncio.Handle | None = None
        self._line: modes.LineSettings | None = None
        self._input: Descriptor | None = None
        self._output: Descriptor | None = None
        self._reader: TerminalReader | None = None
        self._writer: TerminalWriter | None = None
        self.announcer = Announcer(self._send, self._terminal.environment)
        self._echo: LatencyProbe | None = None
        """Set only where a link may hold output that the terminal has not received yet."""
        self._kernel_signals = SignalHandlers(
            self._loop,
            {
                signal.SIGWINCH: self.resized,
                signal.SIGTSTP: self.suspend_process,
                signal.SIGCONT: self.continued,
            },
        )

    # Calls from the app

    @property
    def can_suspend(self) -> bool:
        """True: a terminal can always be given back temporarily."""
        return True

    @property
    def stalled(self) -> bool:
        """Whether the terminal has not yet accepted all output. Nothing should be rendered meanwhile."""
        return (self._writer is not None and self._writer.behind) or (self._echo is not None and self._echo.overdue)

    def copy(self, text: str) -> bool:
        """Put `text` on the terminal's clipboard (OSC 52) and return whether it was sent.

        Whether the terminal obeys cannot be known: multiplexers drop the code by default.
        """
        encoded = base64.b64encode(text.encode("utf-8", "replace")).decode("ascii")
        return len(encoded) <= _COPY_CHARACTERS and self._send(f"\x1b]52;c;{encoded}\x07")

    def ask_background(self) -> None:
        """Ask the terminal for the colour of its background. It answers by a message to the app, or not at all."""
        if self._reader is not None and self._knows_background and self._send(modes.BACKGROUND_QUERY):
            self._reader.expect_answer()

    def repaint(self) -> None:
        """Set the modes and paint everything again after another program has written to the terminal."""
        self.announcer.forget()
        if self._send(modes.reentering(mouse=self._mouse)):
            self._app.refresh()

    def resized(self) -> None:
        """Tell the app the terminal's size. The owner of a remote terminal calls this when the size changes."""
        size = Size(*self._terminal.size())
        self.send_message(events.Resize(size, size))

    def continued(self) -> None:
        """Handle SIGCONT: set the modes and paint again, since the shell may have changed the terminal.

        The kernel also sends this signal with SIGHUP. In that case, the first write reports the loss.
        """
        if not self._active or self._line is None:
            return
        with contextlib.suppress(termios.error):
            self._line.read_keys()
        self.repaint()

    def suspend_process(self) -> None:
        """Give the terminal to the shell and stop this job, as Ctrl+Z does elsewhere. Return when it is continued.

        The whole process group stops, so that the shell sees its job stop even behind a wrapper script. If no shell
        could continue the group, the kernel ignores the signal and the screen returns at once. A remote terminal is
        suspended by its owner only.
        """
        if not self._active or not self._terminal.is_controlling():
            return
        self.suspend_application_mode()
        os.kill(0, signal.SIGTSTP)
        self.resume_application_mode()
        self.send_message(self.SignalResume())
        self._app.refresh()

    # Calls from Textual

    def start_application_mode(self) -> None:
        """Open the terminal and set its modes."""
        if self._active or self._lost:
            return
        try:
            self._open()
        except (OSError, termios.error) as error:
            self._lose(f"open: {error}")
            return
        self.announcer.forget()
        synchronized, background = self._knows_mode_queries(), self._asks_background and self._knows_background
        self._send(modes.entering(mouse=self._mouse, ask_synchronized=synchronized, ask_background=background))
        self._asks_background = False
        self.resized()

    def write(self, data: str) -> None:
        """Add `data` to the frame that the next `flush` sends, without the codes that no frame needs."""
        # Drop mouse pointer shapes, which some terminals print. Copied text goes through `copy` instead.
        if not self._active or data.startswith(_OPERATING_SYSTEM_COMMAND):
            return
        if data != _BELL:
            data = frame_filter(data)
        self._outgoing.append(data)
        # Textual flushes after each frame, but not after a bell.
        if self._flush_due is None:
            self._flush_due = self._loop.call_soon(self.flush)

    def flush(self) -> None:
        """Send what was written since the last flush, or nothing of it."""
        if self._flush_due is not None:
            self._flush_due.cancel()
            self._flush_due = None
        frame = "".join(self._outgoing)
        self._outgoing.clear()
        if not frame or self._writer is None:
            return
        if self.stalled:
            self.pacing.refuse()
            return
        self._writer.send(frame.encode())
        if self._echo is not None:
            self._echo.sent()

    def disable_input(self) -> None:
        """Stop reading."""
        if self._reader is not None:
            self._reader.close()

    def stop_application_mode(self) -> None:
        """Restore the terminal. Wait for it at most `_LEAVE_SECONDS`."""
        if not self._active:
            return
        self._active = False
        atexit.unregister(self._last_resort)
        self._kernel_signals.take_back()
        self.disable_input()
        self._outgoing.clear()
        if not self._lost:
            self._give_back()
        self._close()
        self.pacing.release()

    def send_message(self, message: Message) -> None:
        """Post a message to the app. Input is read in the app's own loop, so no thread has to be crossed."""
        self._app.post_message(message)

    # Open and restore the terminal

    def _open(self) -> None:
        self._line = modes.LineSettings(self._terminal.input)
        self._line.read_keys()  # before the first byte is written: a background process must not write
        self._active = True
        atexit.register(self._last_resort)
        self._input = Descriptor(self._terminal.input, os.O_RDONLY)
        self._output = Descriptor(self._terminal.output, os.O_WRONLY)
        self._reader = TerminalReader(
            self._input.number,
            self._loop,
            on_message=self.process_message,
            on_lost=self._lose,
            on_heard=self._heard,
        )
        self._reader.expect_answer()
        self._writer = TerminalWriter(
            self._output.number,
            self._loop,
            on_behind=self.pacing.hold,
            on_drained=self._unblock,
            on_lost=self._lose,
        )
        if self._terminal.environment.get("SSH_CONNECTION"):
            self._echo = LatencyProbe(self._loop, ask=self._ask, on_overdue=self.pacing.hold, on_answered=self._unblock)
        if self._terminal.is_controlling():
            self._kernel_signals.set()

    def _give_back(self) -> None:
        if self._writer is not None:
            self._writer.finish((self.announcer.ending + modes.leaving()).encode(), _LEAVE_SECONDS)
        if self._reader is not None:
            waits = self._echo is not None and self._echo.outstanding
            self._reader.discard(_ANSWER_SECONDS if waits else 0.0)
        if self._line is not None:
            self._line.restore()

    def _close(self) -> None:
        if self._writer is not None:
            self._writer.close()
        if self._echo is not None:
            self._echo.close()
        # Close in reverse order: both may have set the flag of one shared description.
        for descriptor in (self._output, self._input):
            if descriptor is not None:
                descriptor.close()
        self._reader = self._writer = self._input = self._output = self._echo = None

    def _last_resort(self) -> None:
        """Restore the terminal at interpreter exit if application mode was not stopped."""
        if self._lost or self._output is None or self._line is None:
            return
        with contextlib.suppress(OSError):
            os.write(self._output.number, (modes.CANCEL + self.announcer.ending + modes.leaving()).encode())
        self._line.restore()

    def _knows_mode_queries(self) -> bool:
        """Return False for Apple's terminal, which prints part of the query and lacks synchronized output anyway."""
        return self._terminal.environment.get("TERM_PROGRAM") != "Apple_Terminal"

    @property
    def _knows_background(self) -> bool:
        return can_ask(self._terminal.environment)

    def _send(self, data: str) -> bool:
        """Send codes outside any frame and return whether they were accepted."""
        return self._writer is not None and self._writer.send(data.encode())

    def _ask(self) -> None:
        if self._reader is not None and self._send(QUESTION):
            self._reader.expect_answer()

    def _heard(self, echoes: int) -> None:
        """Handle input from the terminal that holds `echoes` answers to the probe."""
        if self._echo is None:
            return
        if echoes:
            self._echo.answered()
        else:
            self._echo.heard()

    def _unblock(self) -> None:
        """Release painting once the terminal has drained or answered."""
        if not self.stalled:
            self.pacing.release()

    def _lose(self, reason: str) -> None:
        """Handle the loss of the terminal: stop using it, stop painting, and report the loss once."""
        if self._lost:
            return
        self._lost = True
        self.disable_input()
        if self._writer is not None:
            self._writer.close()
        if self._echo is not None:
            self._echo.close()
        self.pacing.hold()
        # Deferred: this may run in the middle of a frame.
        self._loop.call_soon(self._report_loss, reason)

    def _report_loss(self, reason: str) -> None:
        if self._terminal.on_lost is None:
            self._app.exit()
        else:
            self._terminal.on_lost(reason)


def driver_for(terminal: Terminal) -> type[TerminalDriver]:
    """Return a driver class bound to one terminal, for an App's `driver_class`."""

    class BoundDriver(TerminalDriver):
        _terminal = terminal

    return BoundDriver
