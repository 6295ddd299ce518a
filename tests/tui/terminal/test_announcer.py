from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from dagtui.tui.terminal.announcer import Announcer, ProgressState

if TYPE_CHECKING:
    from collections.abc import Mapping


def announced(environment: Mapping[str, str]) -> tuple[Announcer, list[str]]:
    sent: list[str] = []
    return Announcer(lambda codes: sent.append(codes) or True, environment), sent


def test_a_title_is_told_once():
    announcer, sent = announced({"TERM": "xterm-256color"})
    for _ in range(3):
        announcer.tell("rnaseq 1/2", ProgressState.RUNNING, 50, at_once=True)
    assert sent == ["\x1b]2;rnaseq 1/2\x07"]
    assert announcer.ending == ""


def test_changes_wait_a_second_unless_the_run_is_over():
    announcer, sent = announced({"TERM": "xterm"})
    for ended in range(50):
        announcer.tell(f"rnaseq {ended}/50", ProgressState.RUNNING, ended, at_once=False)
    assert sent == ["\x1b]2;rnaseq 0/50\x07"]
    announcer.tell("✓ rnaseq 50/50", ProgressState.NONE, 0, at_once=True)
    assert sent[1:] == ["\x1b]2;✓ rnaseq 50/50\x07"]


def test_a_title_is_told_again_after_another_program():
    announcer, sent = announced({"TERM": "xterm"})
    announcer.tell("a 1/2", ProgressState.RUNNING, 50, at_once=True)
    announcer.forget()
    announcer.tell("a 1/2", ProgressState.RUNNING, 50, at_once=False)
    assert len(sent) == 2


@pytest.mark.parametrize("known", [{"WT_SESSION": "1"}, {"ConEmuANSI": "ON"}, {"TERM_PROGRAM": "ghostty"}])
def test_progress_is_told_where_it_is_known_and_taken_back(known: Mapping[str, str]):
    announcer, sent = announced({"TERM": "xterm", **known})
    announcer.tell("a 1/2", ProgressState.FAILED, 50, at_once=True)
    assert sent == ["\x1b]2;a 1/2\x07\x1b]9;4;2;50\x07"]
    assert announcer.ending == "\x1b]9;4;0;0\x07"


@pytest.mark.parametrize("term", ["linux", "dumb"])
def test_a_terminal_that_would_print_the_codes_gets_none(term: str):
    announcer, sent = announced({"TERM": term})
    announcer.tell("a 1/2", ProgressState.RUNNING, 50, at_once=True)
    assert sent == []


def test_what_a_full_terminal_refuses_is_told_later():
    accepts = [False, True]
    sent: list[str] = []

    def send(codes: str) -> bool:
        sent.append(codes)
        return accepts.pop(0)

    announcer = Announcer(send, {"TERM": "xterm"})
    for _ in range(3):
        announcer.tell("a 1/2", ProgressState.RUNNING, 50, at_once=False)
    assert len(sent) == 2
