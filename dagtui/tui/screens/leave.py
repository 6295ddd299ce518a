"""Leave dialog, shown while the run is not settled. Its default is to detach, or else to stay."""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding

from dagtui.engine.messages import Command, CommandKind
from dagtui.engine.status import NodeStatus
from dagtui.host.attachment import ExitReason
from dagtui.text import count, plural
from dagtui.text.look import IN_UNICODE
from dagtui.tui.lines.rows import Role, Row, Span, muted, node_row, node_sign, row
from dagtui.tui.screens.dialog import Dialog, choice
from dagtui.tui.screens.preview import NAMES_SHOWN, REHEARSED_EVERY, Grouped

if TYPE_CHECKING:
    from textual.binding import BindingType

    from dagtui.engine.messages import Preview
    from dagtui.graph.model import NodeIndex
    from dagtui.runs.live import LiveRun
    from dagtui.text.look import Look

CANCEL_ALL = Command(CommandKind.CANCEL_ALL)


class _Answer(enum.Enum):
    DETACH = "detach"
    STAY = "stay"
    CANCEL = "cancel all and leave"


class LeaveDialog(Dialog[ExitReason]):
    """Detach, stay, or cancel all and leave.

    The last waits for the stopping nodes and for the finally nodes that run then, and ends them all on a second `q`.

    Unlike other previewed commands, cancelling all applies to every node there is: nodes that started or ended
    meanwhile do not repeat the question.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,n", "decline", show=False),
        Binding("y,c", "cancel_all", show=False),
        Binding("d", "detach", show=False),
        Binding("tab,right,l", "choose(1)", show=False),
        Binding("shift+tab,left,h", "choose(-1)", show=False),
        Binding("q,ctrl+c", "again", show=False),
    ]

    def __init__(self, run: LiveRun, *, detachable: bool = False, look: Look = IN_UNICODE) -> None:
        super().__init__(look)
        self._answers = [answer for answer in _Answer if detachable or answer is not _Answer.DETACH]
        self._chosen = self._answers[0]
        self._run = run
        self._preview: Preview | None = None
        self._due = 0.0
        """When the preview may be computed again."""
        if not detachable:  # if the default is to detach, nothing is at stake until cancelling is chosen
            self._rehearse()
        self._grouped = Grouped(run, look)
        self._stopping = False
        self._killed = False
        self._numbers = self._counted()
        """The numbers at the last look at the run."""
        self._outdated = False
        """Whether the run has progressed beyond what is shown."""

    def _counted(self) -> tuple[int, ...]:
        if self._stopping:
            return (len(self._still_alive()), self._run.state.unsettled, self._run.settled)
        return (self._run.alive(), self._run.state.unsettled, self._run.settled)

    def _rehearse(self) -> None:
        """Compute what cancelling all would do now. Completed nodes are not at stake."""
        began = self.monotonic()
        self._preview = self._run.preview(CANCEL_ALL)._replace(kept=())
        now = self.monotonic()
        self._due = now + (now - began) * REHEARSED_EVERY

    outlives_reload = True

    def take_up(self) -> None:
        """Show the present nodes."""
        if self._preview is not None:
            self._rehearse()
        self.show()

    # Content

    def head(self) -> list[Row]:
        """Return the question, or the progress of stopping."""
        if self._stopping:
            return [row(Span(self._progress(), Role.HEADING))]
        if self._run.settled:
            return [row(Span("The run has finished. Leave?", Role.HEADING))]
        running = count(self._run.alive())
        left = count(self._run.state.unsettled - self._run.alive())
        detachable = _Answer.DETACH in self._answers
        outlook = "A detached run continues in the background." if detachable else "Leaving ends the run."
        rows = [
            row(Span("Leave?", Role.HEADING)),
            row(muted(f"{running} running, {left} to go. {outlook}")),
            row(),
            row(*(run for answer in self._answers for run in self._choice(answer))),
        ]
        if self._chosen is _Answer.CANCEL and self._preview is not None:
            rows.append(self._grouped.summary(self._preview))
        return rows

    def _progress(self) -> str:
        """Return what leaving still waits for."""
        if self._only_finally_nodes():
            return f"{plural(self._run.state.unsettled, 'finally node')} still to run"
        return f"{plural(len(self._still_alive()), 'node')} still {'being killed' if self._killed else 'stopping'}"

    def _only_finally_nodes(self) -> bool:
        """Return whether everything else has stopped. Nothing but finally nodes runs after a cancel of everything."""
        state = self._run.state
        return not self._killed and all(state.status_of(node) is NodeStatus.RUNNING for node in self._still_alive())

    def body(self) -> list[Row]:
        """Return what would be stopped, or what is stopping."""
        if self._stopping:
            state, labels = self._run.state, self._run.graph.labels
            names = self._still_alive()[:NAMES_SHOWN]
            return [node_row(labels[node], node_sign(state, node, self.look)) for node in names]
        if self._preview is None or self._run.settled:
            return []
        return self._grouped.rows(self._preview)

    def keys(self) -> list[tuple[str, str]]:
        """Return the keys that answer."""
        if self._stopping:
            again = "cancel them, too" if self._only_finally_nodes() else "kill them now"
            return [("q", again), ("Esc", "stay")] if not self._killed else [("Esc", "stay")]
        if self._run.settled:
            return [("Enter", "leave"), ("Esc", "stay")]
        if self._chosen is _Answer.STAY:
            return [("Enter Esc", "stay"), ("Tab", "choose"), ("c", _Answer.CANCEL.value)]
        return [("Enter", self._chosen.value), ("Tab", "choose"), ("Esc", "stay")]

    def _choice(self, answer: _Answer) -> tuple[Span, ...]:
        following = self._answers[(self._answers.index(self._chosen) + 1) % len(self._answers)]
        pressed = "" if answer is self._chosen else "tab" if answer is following else "shift+tab"
        return choice(answer.value, pressed, self.look)

    def _still_alive(self) -> list[NodeIndex]:
        """Return the nodes that leaving waits for. Nodes that cannot be killed do not delay it."""
        state = self._run.state
        unkillable = self._run.unkillable
        found = [*state.nodes_with(NodeStatus.RUNNING), *state.nodes_with(NodeStatus.CANCELLING)]
        return [node for node in found if node not in unkillable]

    def _is_stopped(self) -> bool:
        """Return whether leaving has nothing left to wait for.

        When nothing is alive, finally nodes may be about to start. They can't as long as the run is held up, or a node
        can't be killed.
        """
        run = self._run
        return not self._still_alive() and bool(run.settled or run.state.held_up or run.unkillable)

    # Behaviour

    def action_choose(self, step: int) -> None:
        """Choose another answer."""
        if not self._stopping:
            at = self._answers.index(self._chosen) + step
            self._chosen = self._answers[at % len(self._answers)]
            at_stake = self._chosen is _Answer.CANCEL or _Answer.DETACH not in self._answers
            self._preview = None
            if at_stake:
                self._rehearse()  # the run has progressed since the question was asked
            self.show()

    def action_accept(self) -> None:
        """Do what is chosen."""
        if self.deaf or self._stopping:
            return
        if self._run.settled:
            self.dismiss(ExitReason.LEFT_SETTLED)
        elif self._chosen is _Answer.CANCEL:
            self._cancel()
        else:
            self.dismiss(ExitReason.DETACHED if self._chosen is _Answer.DETACH else None)

    def action_detach(self) -> None:
        """Detach, if the run has a process of its own."""
        if _Answer.DETACH in self._answers:
            self.dismiss(ExitReason.DETACHED)

    def action_cancel_all(self) -> None:
        """Cancel everything, and leave when it has stopped."""
        if not self.deaf and not self._stopping:
            self._cancel()

    def action_again(self) -> None:
        """Stay, or kill the nodes if they are already stopping. Finally nodes that run are cancelled first."""
        if not self._stopping:
            self.dismiss(None)
        elif not self._killed:
            self._killed = not self._only_finally_nodes()
            self._cancel()

    def _cancel(self) -> None:
        self._run.give(CANCEL_ALL)
        self._stopping = True
        self._preview = None
        self.show()
        self.flush()

    def flush(self) -> None:
        """Show the run's present numbers. Once it is being stopped, leave when nothing is left to wait for."""
        before, self._numbers = self._numbers, self._counted()
        self._outdated |= before != self._numbers
        if self._stopping and self._is_stopped():
            self.dismiss(ExitReason.CANCEL_ALL)
        elif not self._outdated:
            return
        elif self._run.settled and not self._stopping:
            self._outdated = False
            self.ask_again()
        else:
            waits = self._preview is not None and self.monotonic() < self._due
            if self._preview is not None and not waits:
                self._rehearse()
            self._outdated = waits
            self.show()
