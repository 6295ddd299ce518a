"""What a command did, in one line."""

from __future__ import annotations

import pytest

from dagtui.engine.messages import Command, CommandKind, Preview
from dagtui.engine.state import RunState
from dagtui.graph.model import Graph
from dagtui.runs.wording import done, would_do


class Long(tuple[int, ...]):
    """Nodes of which there may be a million."""

    __slots__ = ()

    def __contains__(self, node: object) -> bool:
        raise AssertionError("it is looked through again for every node")


def test_what_a_command_did_is_counted_with_the_nodes_that_it_named():
    state = RunState(Graph.from_edges("abcdef", []))
    command = Command(CommandKind.RERUN, Long((0, 1)))
    preview = Preview(command, again=Long((0, 1, 2)), stopped=Long((1, 3)), released=Long((4,)), dropped=Long((5,)))
    assert (
        done(state, preview) == "rerun with downstream 2 nodes: 3 run again, 1 stopping, 1 may run now, 1 will not run"
    )
    said = "rerun with downstream 2 nodes: 3 will run again, stops 1, 1 may run, 1 will not run"
    assert would_do(state, preview) == said


@pytest.mark.parametrize(
    ("kind", "nodes", "preview", "did", "would"),
    [
        (
            CommandKind.RETRY,
            (0, 1),
            {"again": (0, 1)},
            "retry 2 nodes: 2 run again",
            "retry 2 nodes: 2 will run again",
        ),
        (
            CommandKind.RETRY,
            (0,),
            {"again": (0, 2)},
            "retry a: runs again, 1 more runs again",
            "retry a: runs again, 1 more will run again",
        ),
        (CommandKind.RETRY, (0,), {"released": (0,)}, "retry a: may run now", "retry a: may run"),
        (
            CommandKind.CANCEL,
            (0, 1),
            {"dropped": (0, 1)},
            "cancel 2 nodes: 2 will not run",
            "cancel 2 nodes: 2 will not run",
        ),
        (CommandKind.CANCEL, (0,), {"stopped": (0,)}, "cancel a: stopping", "cancel a: stops"),
        (
            CommandKind.SKIP,
            (0, 1),
            {"dropped": (0,), "released": (2,)},
            "skip 2 nodes: 2 skipped, 1 may run now",
            "skip 2 nodes: 2 skipped, 1 may run",
        ),
        (CommandKind.MARK_DONE, (0, 1), {}, "mark done 2 nodes: 2 marked done", "mark done 2 nodes: 2 marked done"),
        (CommandKind.MARK_DONE, (0,), {}, "mark done a: marked done", "mark done a: marked done"),
        (CommandKind.HOLD, (0,), {"held": (0,)}, *["hold a: held until it is released"] * 2),
        (CommandKind.HOLD, (0, 1), {"held": (0, 1)}, *["hold 2 nodes: 2 held"] * 2),
        (CommandKind.RELEASE, (0,), {"released": (0,)}, "release a: may run now", "release a: may run"),
        (
            CommandKind.RELEASE,
            (0, 1),
            {"released": (0, 1), "held": (2,)},
            "release 2 nodes: 2 released, 1 stays held",
            "release 2 nodes: 2 may run, 1 stays held",
        ),
        (
            CommandKind.RETRY,
            (0,),
            {"released": (0,), "held": (0, 1, 2)},
            "retry a: may run now, but stays held, 2 stay held",
            "retry a: may run, but stays held, 2 stay held",
        ),
        (
            CommandKind.RERUN,
            (0,),
            {"again": (0,), "stopped": (0,)},
            "rerun with downstream a: stops, then runs again",
            "rerun with downstream a: stops, then runs again",
        ),
    ],
)
def test_named_nodes_are_never_left_out(
    kind: CommandKind, nodes: tuple[int, ...], preview: dict[str, tuple[int, ...]], did: str, would: str
):
    state = RunState(Graph.from_edges("abc", []))
    found = Preview(Command(kind, nodes), **preview)
    assert (done(state, found), would_do(state, found)) == (did, would)
