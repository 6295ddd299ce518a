"""Hold and release: what the two commands do, and what stays held after others (rule 14 in `rules`)."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

from dagtui.engine.events import MOST_NAMED, CommandEvent
from dagtui.engine.messages import CommandKind, Preview
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
    nodes = sorted({*command.nodes}.difference(node for node, _ in left_out))
    for first in range(0, len(nodes), MOST_NAMED):
        named = tuple(nodes[first : first + MOST_NAMED])
        run.emit(CommandEvent(run.now, state.command_number + 1, kind, named, by=command.by))
    if kind is CommandKind.HOLD:
        return Preview(command, held=tuple(nodes), left_out=left_out)
    below = subtrees(run.graph, nodes).difference(nodes)
    held = tuple(sorted(node for node in state.held if node in below))
    return Preview(command, released=tuple(nodes), held=held, left_out=left_out)


def with_held(run: Propagation, found: Preview, below: Iterable[NodeIndex]) -> Preview:
    """Add the nodes that stay held of those that a command lets run, and of its targets and what is below them."""
    held = run.state.held.intersection(chain(below, found.again, found.released, found.added))
    return found._replace(held=tuple(sorted(held)))
