"""Bell and notification: when a person is told, and when not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from support.adopted_run import adopted_run

from dagtui.engine.events import NodeEvent, RunEvent
from dagtui.engine.status import Cause, NodeStatus
from dagtui.graph.model import Graph
from dagtui.settings.values import Settings
from dagtui.text.look import ASCII, IN_UNICODE, Look
from dagtui.tui.screens import announcing
from dagtui.tui.screens.announcing import Announcing
from dagtui.tui.terminal.announcer import Announcer

if TYPE_CHECKING:
    import pytest

BELL = Settings(bell=True)
BOTH = Settings(bell=True, notify=True)


class Terminal:
    """One run on a terminal that keeps what it is sent."""

    def __init__(self, settings: Settings, look: Look = IN_UNICODE, name: str = "g") -> None:
        started = RunEvent(0.0, "started", jobs=4)
        self.run = adopted_run(Graph(["a", "b"], [], name=name), [started], 10.0)
        self.sent: list[str] = []
        self.accepts = True
        self._announcer = Announcer(self._send, {"TERM": "xterm"})
        self.announcing = Announcing(self.run, look, settings)

    def _send(self, codes: str) -> bool:
        if self.accepts and not codes.startswith("\x1b]2;"):
            self.sent.append(codes)
        return self.accepts

    def end(self, node: int, status: NodeStatus) -> None:
        failed = status is NodeStatus.FAILED
        running = NodeEvent(1.0, node, 1, NodeStatus.RUNNING)
        cause = Cause.EXIT if failed else Cause.RAN
        for event in (running._replace(status=NodeStatus.READY), running):
            self.run.state.apply(event)
        self.run.state.apply(NodeEvent(2.0, node, 1, status, cause, "exit 3" if failed else "", seconds=1.0))

    def frame(self, *, has_focus: bool) -> list[str]:
        """Tell what has changed; what is sent for it."""
        self.sent.clear()
        self.announcing.tell(self._announcer, has_focus=has_focus)
        return list(self.sent)


def test_the_first_failure_and_the_end_are_told_once_each():
    terminal = Terminal(BOTH)
    assert terminal.frame(has_focus=False) == []
    terminal.end(0, NodeStatus.FAILED)
    assert terminal.frame(has_focus=False) == ["\x07\x1b]9;dagtui: ✗ g: a failed: exit 3\x07"]
    assert terminal.frame(has_focus=False) == []
    terminal.end(1, NodeStatus.COMPLETED)
    assert terminal.frame(has_focus=False) == ["\x07\x1b]9;dagtui: ✗ g: failed: 1 done, 1 failed\x07"]
    assert terminal.frame(has_focus=False) == []


def test_nothing_is_told_while_the_terminal_has_the_focus():
    terminal = Terminal(BOTH)
    terminal.end(0, NodeStatus.FAILED)
    assert terminal.frame(has_focus=True) == []
    assert terminal.frame(has_focus=False) == [], "it was on the screen when it happened"


def test_nothing_is_told_without_a_choice():
    terminal = Terminal(Settings())
    terminal.end(0, NodeStatus.FAILED)
    assert terminal.frame(has_focus=False) == []


def test_a_terminal_without_focus_reports_counts_as_left_alone_after_a_minute(monkeypatch: pytest.MonkeyPatch):
    terminal = Terminal(BELL)
    monkeypatch.setattr(announcing, "IDLE", 0.0)
    terminal.end(0, NodeStatus.FAILED)
    assert terminal.frame(has_focus=True) == ["\x07"]


def test_a_terminal_with_focus_reports_is_believed(monkeypatch: pytest.MonkeyPatch):
    terminal = Terminal(BELL)
    monkeypatch.setattr(announcing, "IDLE", 0.0)
    terminal.frame(has_focus=False)
    terminal.end(0, NodeStatus.FAILED)
    assert terminal.frame(has_focus=True) == []


def test_what_a_full_terminal_refuses_is_told_later():
    terminal = Terminal(BELL)
    terminal.end(0, NodeStatus.FAILED)
    terminal.accepts = False
    assert terminal.frame(has_focus=False) == []
    terminal.accepts = True
    assert terminal.frame(has_focus=False) == ["\x07"]


def test_what_was_there_before_the_screen_is_not_told():
    terminal = Terminal(BELL)
    terminal.end(0, NodeStatus.FAILED)
    terminal.announcing = Announcing(terminal.run, IN_UNICODE, BELL)
    assert terminal.frame(has_focus=False) == []


def test_a_terminal_that_shows_ascii_only_gets_no_other_byte():
    terminal = Terminal(BOTH, Look(ASCII), "größe\u0153")
    terminal.end(0, NodeStatus.FAILED)
    assert terminal.frame(has_focus=False) == ["\x07\x1b]9;dagtui: x gr??e?: a failed: exit 3\x07"]
