"""What gates ask, in words, and who answers them."""

from __future__ import annotations

import os
import shlex
import time
from typing import TYPE_CHECKING

from dagtui.engine.messages import Answer
from dagtui.text import label, path_word, plural
from dagtui.text.amounts import WallTime
from dagtui.text.labels import name_label

if TYPE_CHECKING:
    from pathlib import Path

    from dagtui.engine.state import RunState
    from dagtui.graph.model import NodeIndex

_LONGEST = 4096


def answer_by(choice: str, uid: int | None = None) -> Answer:
    """Return an answer given now by a user of this machine, by default the one of this process."""
    return Answer(choice, _user_name(os.geteuid() if uid is None else uid), WallTime(round(time.time(), 3)))


def _user_name(uid: int) -> str:
    import pwd

    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:  # the account has no name
        return f"user {uid}"


def choices_of(state: RunState, node: NodeIndex) -> tuple[str, ...]:
    """Return what a gate can be answered."""
    gate = state.graph.gate(node)
    return () if gate is None else gate.answers


def question_of(state: RunState, node: NodeIndex) -> str:
    """Return what a gate asked last. Empty if it did not."""
    asked = state.asked.get(node)
    return "" if asked is None else asked.question


def asks_brief(state: RunState) -> str:
    """Say in a few words which gates wait for an answer. Empty if none does."""
    asking = list(state.asking())
    return gates_ask(state.graph.labels[asking[0]], len(asking)) if asking else ""


def gates_ask(first: str, number: int) -> str:
    """Say in a few words that gates wait for an answer: the name of the only one, or how many they are."""
    return f"{name_label(first)} asks" if number == 1 else f"{plural(number, 'gate')} ask"


def asks_words(state: RunState, node: NodeIndex, path: Path | None, number: int) -> str:
    """Return a question with its choices, and the shell command that answers it. Safe to show, on one line.

    `path` is that of the graph, and `number` that of the run.
    """
    choices, question = ", ".join(choices_of(state, node)), question_of(state, node).partition("\n")[0]
    words = ["dagtui", "answer", path_word(path), shlex.quote(state.graph.labels[node]), "CHOICE", "--run", str(number)]
    how = label(" ".join(words), _LONGEST)
    return f"asks: {label(question, 500)} [{label(choices, 500)}]; to answer: {how}"
