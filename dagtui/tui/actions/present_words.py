"""Words of keys that now do something else than usual."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dagtui.engine.messages import CommandKind
from dagtui.engine.status import NodeStatus
from dagtui.text import count
from dagtui.tui.actions.availability import hold_or_release

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dagtui.graph.model import NodeIndex
    from dagtui.runs.view import RunView
    from dagtui.tui.actions.availability import Situation


def present_words(run: RunView, here: Situation, node: NodeIndex | None, selected: int) -> Mapping[str, str]:
    """Return the words by action id. `node` is the one under the cursor, and `selected` the number of selected ones."""
    words = {"run.pause": "resume"} if run.state.paused else {}
    if run.state.held and hold_or_release(run, here.examples) is CommandKind.RELEASE:
        words["node.hold"] = "release"
    if node is not None and run.state.status_of(node) is NodeStatus.CANCELLING:
        words["node.cancel"] = "kill"
    if node is not None and run.has_terminal(node):
        words["node.input"] = "type"
    if here.log.selecting:
        words |= {"pane.back": "end selection", "screen.copy_line": "copy lines", "log.select": "end selection"}
    elif selected:
        words["pane.back"] = f"deselect {count(selected)}"
    if here.log.copies:
        words["screen.copy_line"] = f"copy {here.log.copies}"
    return words
