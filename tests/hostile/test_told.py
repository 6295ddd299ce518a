"""What leaves a run beside the screen: title, notification, and the facts for a program. No payload gets through."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest
from hostile.graphs import quoted, writable
from support.adopted_run import adopted_run
from support.corpus import CORPUS, HANDFUL, UNDECODABLE
from support.program import call

from dagtui.engine.events import NodeEvent, RunEvent
from dagtui.engine.status import Cause, NodeStatus
from dagtui.graph.gates import Gate
from dagtui.graph.model import Graph, Task
from dagtui.runs.facts import facts
from dagtui.runs.occasions import Occasions, Told
from dagtui.settings.values import Settings
from dagtui.text import label
from dagtui.text.look import ASCII, IN_UNICODE, Look
from dagtui.tui.screens.announcing import Announcing
from dagtui.tui.terminal.announcer import Announcer

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from dagtui.runs.live import LiveRun

ENVIRONMENTS = (
    {"TERM": "xterm-256color"},
    {"TERM": "xterm-kitty"},
    {"TERM": "tmux-256color", "TMUX": "x"},
    {"TERM": "screen", "STY": "x"},
    {"TERM": "xterm", "TERM_PROGRAM": "ghostty"},
)
TEXT = r"[^\x00-\x1f\x7f-\x9f]*"
CODES = re.compile(
    rf"\x1b\]2;(?P<title>{TEXT}) [0-9]+/[0-9]+\x07"
    r"|\x1b\]9;4;[0-4];[0-9]+\x07"
    rf"|\x07?(?P<wrap>\x1bPtmux;\x1b|\x1bP)?\x1b\](?:9;dagtui: |777;notify;dagtui;)(?P<text>{TEXT})\x07(?(wrap)\x1b\\)"
)
PAYLOADS = [*CORPUS, *UNDECODABLE]


def payload(name: str) -> str:
    return CORPUS[name] if name in CORPUS else UNDECODABLE[name].decode("utf-8", "surrogateescape")


def failed_run(text: str) -> LiveRun:
    """A run of which every text is an attack: names, reasons, a question and its answers."""
    tasks = [Task(f"a{text}"), Task(f"gate{text}", Gate(text, (f"yes{text}", f"no{text}")))]
    events = [
        RunEvent(0.0, "started", jobs=4),
        NodeEvent(1.0, 0, 1, NodeStatus.FAILED, Cause.COULD_NOT_START, text),
        NodeEvent(1.0, 1, 0, NodeStatus.READY, Cause.ASKS, text),
    ]
    return adopted_run(Graph([task.name for task in tasks], [], name=f"n{text}", tasks=tasks), events, 10.0)


def sent_of(text: str, look: Look, environment: Mapping[str, str]) -> list[str]:
    """What a terminal is sent about a run of which every text is an attack."""
    sent: list[str] = []
    run = failed_run(text)
    announcing = Announcing(run, look, Settings(bell=True, notify=True))
    announcing._occasions = Occasions(run, Told())
    announcing.tell(Announcer(lambda codes: sent.append(codes) or True, environment), has_focus=False)
    return sent


def texts_in(codes: str) -> Iterator[str]:
    """The texts in control codes, of which there may be no others than those for titles and notifications."""
    position = 0
    while position < len(codes):
        match = CODES.match(codes, position)
        assert match, repr(codes[position:])
        position = match.end()
        yield from filter(None, (match["title"], match["text"]))


@pytest.mark.parametrize("look", [IN_UNICODE, Look(ASCII)], ids=["unicode", "ascii"])
@pytest.mark.parametrize("environment", ENVIRONMENTS, ids=lambda environment: environment["TERM"])
def test_titles_and_notifications_are_made_of_harmless_characters(environment: Mapping[str, str], look: Look):
    for name in PAYLOADS:
        sent = sent_of(payload(name), look, environment)
        assert len(sent) == 3, f"{name}: a title, a failure and a question"
        for text in texts_in("".join(sent)):
            assert text.isprintable(), name
            assert label(text, 500) == text, name
            assert len(text) <= 200
            assert look is IN_UNICODE or text.isascii(), name


def texts(value: object) -> list[str]:
    if isinstance(value, dict):
        return [text for each in (*value.keys(), *value.values()) for text in texts(each)]
    if isinstance(value, list):
        return [text for each in value for text in texts(each)]
    return [value] if isinstance(value, str) else []


def test_the_facts_are_one_line_of_ascii_and_their_texts_are_harmless():
    for name in PAYLOADS:
        run = failed_run(payload(name))
        for happened in Occasions(run, Told()).look():
            line = facts(run, happened, "id")
            assert re.fullmatch(rb"[ -~]+\n", line), name
            for text in texts(json.loads(line)):
                assert text.isprintable(), name
                assert label(text, 10_000) == text, name


def test_a_program_that_is_told_gets_nothing_else(tmp_path: Path):
    """The real one, with the real program: names, reasons, and what tasks print into questions."""
    attack = quoted(writable("".join(CORPUS[name] for name in HANDFUL)))
    (tmp_path / "graph.toml").write_text(
        'version = 1\n[run]\nnotify = ["sh", "-c", "cat >> told"]\n'
        f'[tasks.a]\nrun = [{attack}]\n[tasks.b]\nrun = ["printf", "%s", {attack}]\n',
        encoding="utf-8",
    )
    assert call("run", "graph.toml", cwd=tmp_path).returncode == 1
    told = (tmp_path / "told").read_bytes()
    assert re.fullmatch(rb"(?:[ -~]+\n){2}", told)
    assert {json.loads(line)["event"] for line in told.splitlines()} == {"failure", "end"}
