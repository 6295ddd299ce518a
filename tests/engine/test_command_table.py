"""The table of commands: each cell is what the command does to a target, or why it does nothing."""

from __future__ import annotations

import pytest
from engine.test_control import in_status
from support.scene import Scene, dag

from dagtui.engine.messages import CommandKind
from dagtui.engine.rules.commands import BY_CAUSE, COMMANDS, Step
from dagtui.engine.rules.transitions import CAUSES
from dagtui.engine.status import PROPAGATED, Cause, NodeStatus
from dagtui.graph.gates import Gate

DECIDED = {
    CommandKind.SKIP: (NodeStatus.SKIPPED, Cause.PERSON),
    CommandKind.MARK_DONE: (NodeStatus.COMPLETED, Cause.MARKED),
    CommandKind.ANSWER: (NodeStatus.COMPLETED, Cause.ANSWERED),
}


def ready_but_not_submitted() -> Scene:
    scene = Scene(dag("p>x>c"))
    scene.start("p")
    scene.command(CommandKind.PAUSE)
    scene.end("p")
    assert scene["x"] is NodeStatus.READY
    return scene


def by_cause(cause: Cause) -> Scene:
    """Return a scene in which `x` has a cause that changes what a command does."""
    if cause is Cause.MARKED:
        scene = in_status(NodeStatus.WAITING)
        scene.command(CommandKind.MARK_DONE, "x")
    elif cause is Cause.RESTART:
        scene = in_status(NodeStatus.RUNNING)
        scene.command(CommandKind.RERUN_ONLY, "x")
    elif cause is Cause.PERSON:
        scene = in_status(NodeStatus.SKIPPED)
    elif cause in {Cause.ASKS, Cause.ANSWERED, Cause.REJECTED}:
        scene = Scene(dag("p>x>c", x={"action": Gate("Go on?")}))
        scene.run("p")
        if cause is not Cause.ASKS:
            scene.answer("x", "approve" if cause is Cause.ANSWERED else "reject")
    elif cause is Cause.PROPAGATED:
        scene = Scene(dag("q>p>x", p={"trigger": "any_failed"}))
        scene.run("q")
    else:
        scene = Scene(dag("p>x", x={"trigger": "any_failed"}))
        scene.run("p")
    assert scene.cause("x") is cause
    return scene


def check_step(scene: Scene, kind: CommandKind, step: Step | str) -> None:
    """Give the command, and check that it does what its cell says."""
    before = scene["x"], scene.cause("x")
    preview = scene.answer("x", "approve") if kind is CommandKind.ANSWER else scene.command(kind, "x")
    if isinstance(step, str):
        assert preview.nothing is not None
        assert preview.nothing.startswith(step)
        return
    assert preview.nothing is None
    status, cause = scene["x"], scene.cause("x")
    if step is Step.RESET:
        assert status in PROPAGATED
        assert scene.state.base[scene.graph.node("x")] == scene.attempt("x") - (
            status is NodeStatus.READY and cause is not Cause.ASKS
        )
        assert not scene.marks("x")
    elif step is Step.RESET_CAUSES:
        assert status is NodeStatus.WAITING
        assert scene["p"] is NodeStatus.READY
    elif step is Step.RESTART:
        assert (status, cause) == (NodeStatus.CANCELLING, Cause.RESTART)
    elif step is Step.MARK:
        assert (status, cause, len(scene.marks("x"))) == (NodeStatus.CANCELLED, Cause.CANCEL, 1)
    elif step is Step.STOP:
        assert (status, cause) == (NodeStatus.CANCELLING, Cause.CANCEL)
        assert scene.stops().keys() == {"x"}
    elif step is Step.HOLD:
        assert (status, cause) == before
        assert scene.graph.node("x") in scene.state.held
    else:
        assert (status, cause) == DECIDED[kind]


@pytest.mark.parametrize("status", NodeStatus)
@pytest.mark.parametrize("kind", COMMANDS)
def test_a_command_does_what_its_cell_says(kind: CommandKind, status: NodeStatus):
    scene = ready_but_not_submitted() if status is NodeStatus.READY else in_status(status)
    step = BY_CAUSE.get(kind, {}).get(scene.cause("x"), COMMANDS[kind][status])
    check_step(scene, kind, step)


@pytest.mark.parametrize(
    ("kind", "cause"),
    [(kind, cause) for kind, row in BY_CAUSE.items() for cause in row if cause is not Cause.CONDITION],
)
def test_a_command_does_what_its_cell_for_a_cause_says(kind: CommandKind, cause: Cause):
    check_step(by_cause(cause), kind, BY_CAUSE[kind][cause])


def test_a_row_tells_of_every_status():
    assert all(row.keys() == set(NodeStatus) for row in COMMANDS.values())
    given = {cause for causes in CAUSES.values() for cause in causes}
    assert all(row.keys() <= given for row in BY_CAUSE.values())


def test_a_submitted_node_is_not_decided():
    for kind in (CommandKind.SKIP, CommandKind.MARK_DONE):
        assert in_status(NodeStatus.READY).command(kind, "x").nothing == "it is about to start; cancel it first"
