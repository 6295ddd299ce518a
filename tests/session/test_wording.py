"""What a command did, in one line."""

from __future__ import annotations

from dagtui.engine.messages import Command, CommandKind
from dagtui.engine.preview import Preview
from dagtui.engine.state import RunState
from dagtui.graph.model import Graph
from dagtui.session.wording import done


class Long(tuple[int, ...]):
    """Nodes of which there may be a million."""

    __slots__ = ()

    def __contains__(self, node: object) -> bool:
        raise AssertionError("it is looked through again for every node")


def test_what_a_command_did_to_other_nodes_than_those_it_named_is_counted():
    state = RunState(Graph.from_edges("abcdef", []))
    command = Command(CommandKind.RERUN, Long((0, 1)))
    preview = Preview(command, again=Long((0, 1, 2)), stopped=Long((1, 3)), released=Long((4,)), dropped=Long((0,)))
    assert done(state, preview) == "rerun with downstream 2 nodes: 1 run again, 1 stopping, 1 released"


def test_a_command_that_did_nothing_to_others_is_done():
    state = RunState(Graph.from_edges("ab", []))
    command = Command(CommandKind.CANCEL, (0, 1))
    assert done(state, Preview(command, dropped=(0, 1))) == "cancel 2 nodes: done"
