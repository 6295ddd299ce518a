"""The terminal: a Textual driver that a stopped, slow, lost or hostile terminal cannot block."""

from __future__ import annotations

from dagtui.tui.terminal.driver import TerminalDriver, driver_for
from dagtui.tui.terminal.signals import watch_signals
from dagtui.tui.terminal.terminal import Terminal
from dagtui.tui.terminal.terminal_app import TerminalApp

__all__ = ["Terminal", "TerminalApp", "TerminalDriver", "driver_for", "watch_signals"]
