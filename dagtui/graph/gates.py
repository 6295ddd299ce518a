"""Gates: questions that a person answers."""

from __future__ import annotations

from dataclasses import dataclass

APPROVE, REJECT, ANSWER = "approve", "reject", "answer"
"""The usual choices of a gate, and its only output."""


@dataclass(frozen=True, slots=True)
class Gate:
    """A question that a person answers. Nothing is executed."""

    question: str
    choices: tuple[str, ...] = ()
    """What can be answered, any of which completes the node. Empty: approve, or reject, which makes it fail."""

    @property
    def answers(self) -> tuple[str, ...]:
        """What can be answered."""
        return self.choices or (APPROVE, REJECT)
