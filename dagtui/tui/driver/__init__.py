"""The terminal: a driver for Textual that a stopped, slow, lost or hostile terminal can't hold up."""

from __future__ import annotations

from dagtui.tui.driver.app import TerminalApp
from dagtui.tui.driver.driver import TerminalDriver, driver_for
from dagtui.tui.driver.signals import watch_signals
from dagtui.tui.driver.terminal import Terminal

__all__ = ["Terminal", "TerminalApp", "TerminalDriver", "driver_for", "watch_signals"]
