"""What the view Time says of what nodes use: now while they run, else of their last attempt."""

from __future__ import annotations

from types import SimpleNamespace

from support.scene import Scene, dag

from dagtui.engine.messages import Usage
from dagtui.engine.status import NodeStatus
from dagtui.runs.attempts import AttemptResult
from dagtui.runs.live_figures import UsageSample
from dagtui.tui.graph.time.used import HEAD, USED_CELLS, used_words


def words(results: list[AttemptResult], samples: list[UsageSample], *, running: bool) -> str:
    scene = Scene(dag("a"))
    if running:
        scene.start("a")
    view = SimpleNamespace(
        state=scene.state,
        attempts=SimpleNamespace(of=lambda _: results),
        live_figures=SimpleNamespace(samples=lambda _: samples),
    )
    return used_words(view, 0)


def test_each_state_has_its_figures_in_the_same_columns():
    result = AttemptResult(1, NodeStatus.COMPLETED, "", 4.0, 9.0, Usage(6.0, 2_900_000_000, 0, 0))
    samples = [UsageSample(at, Usage(at / 2, 81_000_000, 0, 0)) for at in (1.0, 2.0)]
    found = [
        words([result], [], running=False),
        words([result], samples, running=True),
        words([], samples[:1], running=True),
        words([], [], running=True),
        words([result._replace(usage=None)], [], running=False),
        words([result._replace(seconds=0.01)], [], running=False),
    ]
    assert [text.split() for text in found] == [
        ["150", "%", "2.9", "GB"],
        ["50", "%", "81", "MB"],
        ["81", "MB"],
        [],
        [],
        ["2.9", "GB"],
    ]
    assert {len(text) for text in [*found, HEAD]} == {USED_CELLS}
