"""Answer dialog: the question of a gate, and its choices."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding

from dagtui.engine.status import Cause
from dagtui.runs.answers import choices_of, question_of
from dagtui.text import block, label
from dagtui.text.amounts import CellWidth
from dagtui.text.labels import name_label
from dagtui.text.look import IN_UNICODE
from dagtui.tui.lines.rows import Role, Row, Span, row
from dagtui.tui.screens.dialog import Dialog

if TYPE_CHECKING:
    from textual.binding import BindingType

    from dagtui.graph.model import NodeIndex
    from dagtui.runs.live import LiveRun
    from dagtui.text.look import Look

_NAME_CELLS = CellWidth(60)
_NUMBERED = 9
"""Choices that a digit chooses."""


class AnswerDialog(Dialog[str]):
    """Lets a person choose one answer. It closes without one if the gate no longer asks."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,ctrl+c", "decline", show=False),
        Binding("j,down,tab", "choose(1)", show=False),
        Binding("k,up,shift+tab", "choose(-1)", show=False),
        *(Binding(str(number), f"choose_number({number})", show=False) for number in range(1, _NUMBERED + 1)),
    ]

    def __init__(self, run: LiveRun, node: NodeIndex, look: Look = IN_UNICODE) -> None:
        super().__init__(look)
        self._run = run
        self._node = node
        self._question = question_of(run.state, node)
        self._choices = choices_of(run.state, node)
        self._chosen = 0

    def head(self) -> list[Row]:
        """Return the name of the gate and its question."""
        lines = block(self._question, 2000).splitlines()
        name = name_label(self._run.graph.labels[self._node], _NAME_CELLS)
        return [row(Span(f"{name} asks", Role.HEADING)), row(), *(row(line) for line in lines)]

    def body(self) -> list[Row]:
        """Return the choices, a row each."""
        glyphs = self.look.glyphs
        rows = []
        for position, text in enumerate(self._choices):
            number = str(position + 1) if position < _NUMBERED else ""
            chosen = position == self._chosen
            mark = glyphs.chosen if chosen else glyphs.choice
            role = Role.KEY if chosen else Role.MUTED
            marks = (Span(f"{mark} ", role, number), Span(f"{number:<2}", Role.MUTED, number))
            rows.append(row(*marks, Span(label(text), Role.KEY if chosen else Role.PLAIN, number), indent=4))
        return rows

    def keys(self) -> list[tuple[str, str]]:
        """Return the keys that answer."""
        return [("Enter", f"answer {label(self._choices[self._chosen], 40)}"), ("Tab", "choose"), ("Esc", "not now")]

    def action_choose(self, step: int) -> None:
        """Choose another answer."""
        self._choose((self._chosen + step) % len(self._choices))

    def action_choose_number(self, number: int) -> None:
        """Choose an answer by its number."""
        if number <= len(self._choices):
            self._choose(number - 1)

    def _choose(self, position: int) -> None:
        self._chosen = position
        self.show()
        self._body.reveal(position)

    def action_accept(self) -> None:
        """Answer what is chosen."""
        if not self.deaf:
            self.dismiss(self._choices[self._chosen])

    def flush(self) -> None:
        """Close if the gate no longer asks this, because it was answered elsewhere or cancelled."""
        asks = self._run.state.cause_of(self._node) is Cause.ASKS
        if not asks or question_of(self._run.state, self._node) != self._question:
            self.dismiss(None)
