"""A small app on the driver, for the tests beside it: writes what happens to it to a file, one JSON object a line.

Call: driver_app.py RECORD [OPTION…]; the options are below, where they act.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING, ClassVar

from textual.containers import Vertical
from textual.widgets import Input, Static

from dagtui.tui.terminal import driver, latency_probe
from dagtui.tui.terminal.driver import TerminalDriver, driver_for
from dagtui.tui.terminal.frame_filter import frame_filter
from dagtui.tui.terminal.signals import watch_signals
from dagtui.tui.terminal.terminal import Terminal
from dagtui.tui.terminal.terminal_app import TerminalApp
from dagtui.tui.terminal.throttle import PaintThrottle
from dagtui.tui.terminal.writer import TerminalWriter

if TYPE_CHECKING:
    from textual import events

RECORD, OPTIONS = sys.argv[1], sys.argv[2:]
_file = os.open(RECORD, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)


def record(kind: str, **fields: object) -> None:
    os.write(_file, (json.dumps({"kind": kind, **fields}) + "\n").encode())


class Counts:
    """What the driver has done, counted at the seams between its parts."""

    frames = refused = removed = 0
    writers: ClassVar[list[TerminalWriter]] = []

    @classmethod
    def written(cls) -> int:
        return sum(writer.bytes_written for writer in cls.writers)


class CountedWriter(TerminalWriter):
    def __init__(self, *arguments: object, **options: object) -> None:
        super().__init__(*arguments, **options)
        Counts.writers.append(self)


class CountedThrottle(PaintThrottle):
    def refuse(self) -> None:
        Counts.refused += 1
        super().refuse()


def counted_filter(frame: str) -> str:
    shown = frame_filter(frame)
    Counts.removed += shown != frame
    return shown


def counted_flush(own: TerminalDriver) -> None:
    Counts.frames += any(own._outgoing) and own._writer is not None and not own.stalled
    flush(own)


flush = TerminalDriver.flush
TerminalDriver.flush = counted_flush
driver.TerminalWriter, driver.PaintThrottle, driver.frame_filter = CountedWriter, CountedThrottle, counted_filter


class Body(Static, can_focus=True):
    pass


class DriverApp(TerminalApp[str]):
    CSS = "Body { height: 1fr; } #clock { height: 1; }"
    latest: DriverApp

    def __init__(self, incoming: int, outgoing: int) -> None:
        bound = driver_for(Terminal(incoming, outgoing, self.on_lost))
        super().__init__(driver_class=TerminalDriver if "default" in OPTIONS else bound)
        DriverApp.latest = self
        self.ticks = 0

    def compose(self):
        with Vertical(id="all"):
            yield Static("", id="clock", markup=False)
            yield Body("ready", id="body", markup=False)
            if "input" in OPTIONS:
                yield Input(id="input")

    def on_mount(self) -> None:
        self.set_interval(0.05, self.beat)
        if "busy" in OPTIONS:
            self.ticking = self.set_interval(1 / 30, self.tick)
        self.app_resume_signal.subscribe(self, lambda _: record("resumed"))
        record("mounted", pid=os.getpid(), blocking=os.get_blocking(0))

    def beat(self) -> None:
        own = self.terminal_driver
        record(
            "beat",
            at=time.monotonic(),
            stalled=own.stalled,
            overdue=own._echo is not None and own._echo.overdue,
            frames=Counts.frames,
            refused=Counts.refused,
            written=Counts.written(),
            cpu=time.process_time(),
        )

    def tick(self) -> None:
        self.ticks += 1
        self.query_one("#clock", Static).update(f"tick {self.ticks}", layout=False)
        rows = [
            f"\x1b[31m{self.ticks} " * 4 + chr(65 + (self.ticks + row) % 26) * 60 for row in range(self.size.height)
        ]
        self.query_one("#body", Static).update("\n".join(rows).replace("\x1b[31m", ""), layout=False)

    def on_lost(self, reason: str) -> None:
        record("lost", reason=reason)
        if "survive" not in OPTIONS:
            self.exit("lost")

    def on_resize(self, event: events.Resize) -> None:
        record("size", width=event.size.width, height=event.size.height)
        self.query_one("#body", Static).update(f"size {event.size.width}x{event.size.height}", layout=False)

    def on_key(self, event: events.Key) -> None:
        record("key", key=event.key, character=event.character)
        actions = {
            "q": lambda: self.exit("left"),
            "L": self.action_repaint,
            "Z": self.action_suspend_process,
            "C": lambda: self.copy_to_clipboard("copied text"),
            "X": self.crash,
            "H": self.hostile,
            "T": self.stop_ticking,
            "S": self.suspend_for_a_child,
            "B": self.bell,
            "W": lambda: self.say("words"),
            "Y": self.paint_around_the_pause,
            "D": self.write_around_the_pause,
        }
        if "keys" not in OPTIONS and event.character in actions:
            actions[event.character]()

    def say(self, text: str) -> None:
        self.query_one("#body", Static).update(text, layout=False)

    def paint_around_the_pause(self) -> None:
        # As a changed layout does.
        self.say("words")
        self.screen._compositor.update_widgets({self.query_one("#body")})
        self.screen._compositor_refresh()

    def write_around_the_pause(self) -> None:
        for _ in range(100):
            self.terminal_driver.write("\x1b[5;5Hnever to be seen")
            self.terminal_driver.flush()

    def crash(self) -> None:
        raise RuntimeError("the app crashed")

    def hostile(self) -> None:
        # Past every sanitiser, as a defect upstream would let it.
        self.query_one("#body", Static).update(
            "\x1b]52;c;aG9zdGlsZQ==\x07 \x1bP$q q\x1b\\ \x1b[6n \x1b]0;title\x07 \x9b5n \u202eevil \x0e \x1b[?1049l end"
        )

    def stop_ticking(self) -> None:
        self.ticking.stop()

    def suspend_for_a_child(self) -> None:
        with self.suspend():
            os.write(1, b"[outside]")

    def on_click(self, event: events.Click) -> None:
        record("click", x=event.screen_x, y=event.screen_y)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        record("scroll", x=event.screen_x, y=event.screen_y)

    def on_paste(self, event: events.Paste) -> None:
        record("paste", text=event.text)

    def on_app_focus(self) -> None:
        record("focus")

    def on_app_blur(self) -> None:
        record("blur")


async def run_app(terminal: tuple[int, int] = (0, 1)) -> None:
    app = DriverApp(*terminal)

    def signalled(number: signal.Signals) -> None:
        record("signal", name=number.name)
        if "survive" not in OPTIONS:
            app.exit(number.name)

    with watch_signals(signalled):
        result = await app.run_async()
    record(
        "end",
        result=result,
        refused=Counts.refused,
        removed=Counts.removed,
        written=Counts.written(),
        synchronized=app._sync_available,
        blocking=os.get_blocking(terminal[0]),
    )


async def main() -> None:
    if "lent" in OPTIONS:

        def resized() -> None:
            DriverApp.latest.terminal_driver.resized()

        asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, resized)
        await run_app((3, 3))
    else:
        await run_app()
    if "twice" in OPTIONS:
        await run_app()


def lend() -> int:
    """Run the app in a session without terminal, as a child that is lent ours."""
    number = os.dup2(0, 3)
    with subprocess.Popen(
        [sys.executable, __file__, RECORD, "lent"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        pass_fds=(number,),
        start_new_session=True,
    ) as child:
        signal.signal(signal.SIGWINCH, lambda *_: child.send_signal(signal.SIGUSR1))
        return child.wait()


def abandon() -> None:
    """End the interpreter in the middle of everything, with a loop that nobody tidies up."""
    loop = asyncio.new_event_loop()
    loop.call_later(1.5, sys.exit, 7)
    loop.run_until_complete(main())


if __name__ == "__main__":
    if "lend" in OPTIONS:
        sys.exit(lend())
    if "impatient" in OPTIONS:
        latency_probe.ASK_SECONDS = latency_probe.PATIENCE = 0.3
        latency_probe.AGAIN_SECONDS = 0.5
    if "waits" in OPTIONS:
        driver._ANSWER_SECONDS = 20.0
    if "drop" in OPTIONS:
        os.setuid(65534)
    if "abandon" in OPTIONS:
        abandon()
    asyncio.run(main())
