"""Reading gates: the keys `ask` and `choices`, and the keys that have no meaning beside them."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from dagtui.graph.errors import ValueProblem, quoted
from dagtui.graph.gates import APPROVE, REJECT, Gate
from dagtui.graph.toml import values

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from dagtui.graph.check.diagnostics import Diagnostics
    from dagtui.graph.toml.positions import KeyPath

_Value = TypeVar("_Value")
LONGEST_QUESTION = 2000
MOST_CHOICES = 100
KEPT = frozenset(
    {
        *("ask", "choices", "group", "doc", "needs", "matrix", "env"),
        *("trigger", "allow_failure", "default", "if", "finally"),
    }
)
"""The keys that a gate may have. Those about attempts have no meaning: it executes nothing."""
_DEEDS = ("run", "call")


def read_ask(value: object) -> str:
    """Read the question of a gate. Raises ValueProblem."""
    found = values.filled_text(value)
    if len(found) > LONGEST_QUESTION:
        raise ValueProblem(f"can have at most {LONGEST_QUESTION:,} characters, not {len(found):,}")
    return found


def read_answers(value: object) -> tuple[str, ...]:
    """Read what a gate can be answered. Raises ValueProblem."""
    entries = values.items(value, 'write ["publish", "drop"]')
    if len(entries) > MOST_CHOICES:
        raise ValueProblem(f"can have at most {MOST_CHOICES} elements, not {len(entries):,}")
    found = values.each(_answer, entries)
    for index, entry in enumerate(found):
        if entry in found[:index]:
            raise ValueProblem(f"repeats {quoted(entry)}", "remove it", inside=(index,))
    if len(found) < 2:
        problem = "must not be empty" if not found else "has only one choice"
        hint = f'write at least two, or leave it out: then the answers are "{APPROVE}" and "{REJECT}"'
        raise ValueProblem(problem, hint)
    return found


def _answer(value: object) -> str:
    found = values.printable(values.filled_text(value))
    if "{{" in found:
        raise ValueProblem("can't contain placeholders", 'put them into "ask"')
    if found != found.strip():
        raise ValueProblem("begins or ends with a space", f"write {quoted(found.strip())}")
    return found


def check_gate(diagnostics: Diagnostics, at: KeyPath, table: Collection[str]) -> None:
    """Record the keys of a task's own table that don't go together with `ask` or `choices`."""
    if "ask" not in table:
        hint = 'add "ask", the question, or remove it'
        diagnostics.key((*at, "choices"), '"choices" without "ask"', hint)
        return
    for key in table:
        if key in _DEEDS:
            hint = "a task does one thing: remove one of them"
            diagnostics.key((*at, key), f'{quoted(key)} and "ask" are both given', hint)
        elif key not in KEPT:
            diagnostics.key((*at, key), f'{quoted(key)} beside "ask"', "a gate executes nothing: remove it")


def of_gate(fields: Mapping[str, _Value]) -> dict[str, _Value]:
    """Return the fields that a gate has. Defaults of other keys are for tasks that execute something."""
    return {key: value for key, value in fields.items() if key in KEPT}


def gate_of(fields: Mapping[str, object]) -> Gate | None:
    """Return the gate that the fields of a task describe, as far as they could be read."""
    question, choices = fields.get("ask"), fields.get("choices", ())
    return Gate(question, choices) if isinstance(question, str) and isinstance(choices, tuple) else None
