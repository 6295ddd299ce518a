"""Hold and release: what the two commands do, and what stays held after others (rule 14 in `rules`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dagtui.engine.events import MOST_NAMED, CommandEvent
from dagtui.engine.messages import RUN_AGAIN, CommandKind, Preview
from dagtui.engine.rules.commands import nothing_for
from dagtui.engine.walks import subtrees

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dagtui.engine.messages import Command
    from dagtui.engine.rules.propagation import Propagation
    from dagtui.graph.model import NodeIndex


def hold_or_release(run: Propagation, command: Command, left_out: tuple[tuple[NodeIndex, str], ...]) -> Preview:
    """Set or lift the flag of the targets that the command concerns.

    The journal must name each of them. So that its lines stay short, many nodes take several events.
    """
    state, kind = run.state, command.kind
    nodes = sorted(node for node in {*command.nodes} if nothing_for(kind, state, node) is None)
    for first in range(0, len(nodes), MOST_NAMED):
        named = tuple(nodes[first : first + MOST_NAMED])
        run.emit(CommandEvent(run.now, state.command_number + 1, kind, named, by=command.by))
    if kind is CommandKind.HOLD:
        return Preview(command, held=tuple(nodes), left_out=left_out)
    below = subtrees(run.graph, nodes).difference(nodes)
    held = tuple(sorted(node for node in state.held if node in below))
    return Preview(command, released=tuple(nodes), held=held, left_out=left_out)


def stay_held(run: Propagation, kind: CommandKind, *groups: Iterable[NodeIndex]) -> tuple[NodeIndex, ...]:
    """Return the nodes of some groups that are held after a command that lets nodes run again."""
    state = run.state
    if not state.held or kind not in RUN_AGAIN:
        return ()
    return tuple(sorted(state.held.intersection(node for group in groups for node in group)))
