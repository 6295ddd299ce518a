"""One rule for colours, and one for the width of a terminal."""

from __future__ import annotations

import os
import pty
import re
import termios
from pathlib import Path

import pytest

from dagtui.text.terminals import USUAL_COLUMNS, columns_of, wants_colours

PACKAGE = Path(__file__).parents[1] / "dagtui"


@pytest.mark.parametrize(
    ("environment", "on_a_terminal", "elsewhere"),
    [
        ({}, True, False),
        ({"TERM": "xterm-256color", "NO_COLOR": "", "FORCE_COLOR": ""}, True, False),
        ({"TERM": "dumb"}, False, False),
        ({"FORCE_COLOR": "1"}, True, True),
        ({"FORCE_COLOR": "1", "TERM": "dumb"}, True, True),
        ({"NO_COLOR": "1"}, False, False),
        ({"NO_COLOR": "1", "FORCE_COLOR": "1"}, False, False),
    ],
)
def test_colours(environment: dict[str, str], on_a_terminal: bool, elsewhere: bool):
    assert wants_colours(environment, is_terminal=True) is on_a_terminal
    assert wants_colours(environment, is_terminal=False) is elsewhere


def test_the_width_is_that_of_the_terminal_or_the_usual_one_or_none():
    terminal, end = pty.openpty()
    reading, writing = os.pipe()
    try:
        for columns in (1, 200):
            termios.tcsetwinsize(end, (24, columns))
            assert columns_of(end) == columns
        termios.tcsetwinsize(end, (0, 0))
        assert columns_of(end) == USUAL_COLUMNS
        assert columns_of(writing) is None
    finally:
        for descriptor in (terminal, end, reading, writing):
            os.close(descriptor)
    assert columns_of(end) is None


@pytest.mark.parametrize(
    ("rule", "places"),
    [
        (r'get\("(NO|FORCE)_COLOR"\)', {"text/terminals.py"}),
        # The picker, the list in it and the driver of the screen need the rows, or notice that the terminal is gone.
        (r"get_terminal_size", {"text/terminals.py", "cli/picker.py", "cli/attach.py", "tui/terminal/terminal.py"}),
    ],
)
def test_no_other_place_has_a_rule_of_its_own(rule: str, places: set[str]):
    found = {
        str(path.relative_to(PACKAGE)) for path in PACKAGE.rglob("*.py") if re.search(rule, path.read_text("utf-8"))
    }
    # What tasks get is decided for their environment, not for a terminal.
    assert found - {"execution/local/command.py"} == places
