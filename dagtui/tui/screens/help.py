"""Help: all keys, and the meanings of the statuses and of the tree's lines."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dagtui.engine.status import NodeStatus
from dagtui.text.amounts import CellWidth
from dagtui.text.look import IN_UNICODE
from dagtui.tui.actions.action import Group
from dagtui.tui.lines.rows import Role, Row, Span, muted, row, spaces, status_run
from dagtui.tui.log.empty_log import ADDED_BY_KEY
from dagtui.tui.screens.dialog import Reader

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dagtui.text.look import Look
    from dagtui.tui.actions.keymap import Keymap

MEANINGS = {
    NodeStatus.WAITING: "its parents, or all others of the run, are not settled yet",
    NodeStatus.READY: "wants a slot, a pool, an answer, or the end of a pause",
    NodeStatus.RUNNING: "an attempt is executing",
    NodeStatus.RETRYING: "failed, waits for its next attempt",
    NodeStatus.CANCELLING: "told to stop, still there",
    NodeStatus.COMPLETED: "succeeded, up to date, answered, or marked as done",
    NodeStatus.FAILED: "its last attempt failed",
    NodeStatus.FAILED_PARENT: "can't run because of what failed above it",
    NodeStatus.CANCELLED: "by a command, or because another node failed",
    NodeStatus.SKIPPED: "by its condition (if), its trigger, or a person",
}
_KEY_CELLS, _STATUS_CELLS = CellWidth(14), CellWidth(16)


class HelpScreen(Reader):
    """Every key in its group, then the statuses and lines."""

    def __init__(self, keymap: Keymap, look: Look = IN_UNICODE) -> None:
        super().__init__(look)
        self._keymap = keymap

    def head(self) -> list[Row]:
        """Return the title."""
        return [row(Span("Keys and statuses", Role.HEADING))]

    def body(self) -> list[Row]:
        """Return the keys, then the statuses and lines."""
        rows: list[Row] = []
        for group in Group:
            rows += [*([row()] if rows else []), row(Span(group.value, Role.HEADING)), *self._keys_of(group)]
        rows += [row(), row(Span("Statuses", Role.HEADING))]
        for status in NodeStatus:
            name = status_run(status, self.look, word=True)
            rows.append(row("  ", name, _gap(name, _STATUS_CELLS), muted(MEANINGS[status]), indent=_STATUS_CELLS + 3))
        outside = muted("  dimmed")
        rows.append(row("  ", outside, _gap(outside, _STATUS_CELLS), muted(ADDED_BY_KEY), indent=_STATUS_CELLS + 3))
        rows += [row(), row(Span("Lines between nodes", Role.HEADING)), *self._lines()]
        return rows

    def _lines(self) -> Iterator[Row]:
        glyphs = self.look.glyphs
        line, shared = glyphs.lanes, glyphs.shared_lanes
        meanings = {
            glyphs.vertex + line.bar: "a task, and the line from it to the tasks that need it",
            line.left + glyphs.dash + glyphs.vertex: "needs the task that the line comes from",
            glyphs.vertex
            + glyphs.dash
            + shared.right: "leads to a line of several tasks, to one that needs all of them",
            glyphs.elbow + glyphs.dash + glyphs.stub: "needs the node above it",
            glyphs.elbow + glyphs.by_file + glyphs.by_file: "reads a file that the node above it writes",
            glyphs.reference: "stands elsewhere, and needs the node above it, too",
            glyphs.file_reference: "stands elsewhere, and reads a file of the node above it",
        }
        for sign, meaning in meanings.items():
            shown = muted(f"  {sign}")
            yield row("  ", shown, _gap(shown, _STATUS_CELLS), muted(meaning), indent=_STATUS_CELLS + 3)

    def keys(self) -> list[tuple[str, str]]:
        """Return the keys of the dialog."""
        return [("Enter", "manual"), ("Esc", "back")]

    def action_accept(self) -> None:
        """Open the manual. It is read only now, so that it does not slow the start."""
        from dagtui.tui.screens.manual import ManualDialog

        self.app.push_screen(ManualDialog(self.look))

    def _keys_of(self, group: Group) -> Iterator[Row]:
        for key in self._keymap.actions:
            shown = Span(self._keymap.all_shown(key.id, self.look), Role.KEY)
            if key.group is group and shown.text:
                yield row("  ", shown, _gap(shown, _KEY_CELLS), Span(key.help), indent=_KEY_CELLS + 3)


def _gap(run: Span, cells: CellWidth) -> Span:
    return spaces(max(1, cells + 1 - run.width))
