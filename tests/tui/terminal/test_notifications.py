"""Which code shows a notification on which terminal, and what a multiplexer hands on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from dagtui.tui.terminal.announcer import Announcer
from dagtui.tui.terminal.notifications import notification

if TYPE_CHECKING:
    from collections.abc import Mapping

OSC_9 = "\x1b]9;dagtui: ✗ a; b\x07"
OSC_777 = "\x1b]777;notify;dagtui;✗ a; b\x07"


@pytest.mark.parametrize(
    ("environment", "codes"),
    [
        ({"TERM": "xterm-256color"}, OSC_9),
        ({"TERM": "xterm-256color", "TERM_PROGRAM": "iTerm.app"}, OSC_9),
        ({"TERM": "xterm-256color", "TERM_PROGRAM": "WezTerm"}, OSC_777),
        ({"TERM": "xterm-256color", "VTE_VERSION": "7600"}, OSC_777),
        ({"TERM": "xterm-kitty"}, OSC_777),
        ({"TERM": "foot"}, OSC_777),
        ({"TERM": "rxvt-unicode-256color"}, OSC_777),
        ({"TERM": "tmux-256color", "TMUX": "/tmp/x,1,0"}, "\x1bPtmux;\x1b" + OSC_9 + "\x1b\\"),
        ({"TERM": "screen-256color", "TMUX": "/tmp/x,1,0"}, "\x1bPtmux;\x1b" + OSC_9 + "\x1b\\"),
        ({"TERM": "screen", "STY": "1.pts-0.host"}, "\x1bP" + OSC_9 + "\x1b\\"),
        ({"TERM": "screen-256color"}, ""),
        ({"TERM": "linux"}, ""),
        ({"TERM": "dumb"}, ""),
        ({}, ""),
        ({"TERM": "xterm", "ConEmuANSI": "ON"}, ""),
    ],
)
def test_each_terminal_gets_the_one_code_that_it_knows(environment: Mapping[str, str], codes: str):
    assert notification("✗ a; b", environment) == codes


def test_a_bell_is_one_byte_and_each_is_a_choice_of_its_own():
    sent: list[str] = []
    announcer = Announcer(lambda codes: sent.append(codes) or True, {"TERM": "xterm"})
    announcer.alert("x", bell=True, notifies=False)
    announcer.alert("x", bell=False, notifies=True)
    announcer.alert("x", bell=True, notifies=True)
    announcer.alert("x", bell=False, notifies=False)
    assert sent == ["\x07", "\x1b]9;dagtui: x\x07", "\x07\x1b]9;dagtui: x\x07"]
