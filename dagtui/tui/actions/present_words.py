"""Words of keys that now do something else than usual."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dagtui.engine.capacity import slots_of_executor
from dagtui.engine.messages import CommandKind
from dagtui.engine.status import NodeStatus
from dagtui.text import count, label, plural
from dagtui.tui.actions.availability import hold_or_release, jobs_command

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dagtui.graph.model import NodeIndex
    from dagtui.runs.view import RunView
    from dagtui.text.look import Look
    from dagtui.tui.actions.availability import Situation

_STEPS: Final = {"run.fewer_jobs": -1, "run.more_jobs": 1}
EXECUTOR_CHARACTERS: Final = 16
"""Characters of the name of an executor, among the words of keys."""


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


def jobs_words(run: RunView, here: Situation, look: Look) -> Mapping[str, str]:
    """Return by action id what the keys for slots change, such as "cluster: jobs 12 → 11".

    Nothing is to be said if all nodes run on this machine.
    """
    if not run.graph.any_remote or run.read_only is not None:
        return {}
    found: dict[str, str] = {}
    for id_, step in _STEPS.items():
        command = jobs_command(run, here.targets, step)
        if isinstance(command, str) or command.jobs < 1:
            continue
        name = label(command.executor, EXECUTOR_CHARACTERS) if command.executor else "this machine"
        slots = slots_of_executor(run.state, command.executor) if command.executor else run.state.jobs
        change = f"at most {plural(command.jobs, 'job')}"
        if slots is not None:
            change = f"jobs {count(slots)} {look.glyphs.arrow} {count(command.jobs)}"
        found[id_] = f"{name}: {change}"
    return found


def brief_jobs_words(run: RunView, here: Situation, look: Look) -> Mapping[str, str]:
    """Return the same for keys that stand beside each other: the second one says only to which number."""
    found = jobs_words(run, here, look)
    fewer, more = (found.get(id_, "") for id_ in _STEPS)
    return {**found, "run.more_jobs": more.rpartition(" ")[2]} if fewer and more else found
