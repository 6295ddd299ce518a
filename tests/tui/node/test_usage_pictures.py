"""Pictures of Details and Time where the last runs are known, and what a node uses now."""

from __future__ import annotations

import time
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest
from tui.recordings import FOLDER, MOMENTS, recorded
from tui.svg import SvgExtension

from dagtui.engine.messages import Usage
from dagtui.engine.status import NodeStatus
from dagtui.runs.live_figures import UsageSample
from dagtui.store.run_figures import NodeFigures, RunFigures
from dagtui.text.amounts import WallTime
from dagtui.tui.app import DagtuiApp
from dagtui.tui.node import live_rows

if TYPE_CHECKING:
    from syrupy.assertion import SnapshotAssertion

pytestmark = pytest.mark.anyio

NODE = "train[seed=1,size=small]"


@pytest.fixture(autouse=True)
def _same_everywhere(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("TZ", "UTC")
    monkeypatch.chdir(FOLDER)
    monkeypatch.setattr(live_rows, "processors", lambda: 4)
    monkeypatch.setattr(live_rows, "_machine_memory", lambda: 8_000_000_000)
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def past() -> list[RunFigures]:
    """Twelve runs, of which two failed, and the last ones took longer."""
    found = []
    for number in range(1, 13):
        took = (7.4 if number < 9 else 10.4) + number % 3 / 5
        done = NodeFigures(NodeStatus.COMPLETED, 1, 0, took, Usage(took * 0.95, 2_900_000_000, 0, 0))
        failed = NodeFigures(NodeStatus.FAILED, 1, 1, 1.0)
        nodes = {NODE: failed if number in {4, 7, 11} else done}
        found.append(RunFigures.of(number, WallTime(1e9 + number), 60.0, "completed", nodes.items()))
    return found


def samples(_node: int) -> list[UsageSample]:
    memory = (200, 900, 1_400, 1_900, 2_300, 2_700, 3_100)
    return [
        UsageSample(float(at), Usage(0.9 * at, one * 1_000_000, 1_200_000_000, 310_000_000), at * 8 + at % 2)
        for at, one in enumerate(memory)
    ]


@pytest.mark.parametrize("keys", ["2", "V"])
@pytest.mark.parametrize("size", [(80, 24), (200, 50)], ids=lambda size: f"{size[0]}x{size[1]}")
async def test_pictures(snapshot: SnapshotAssertion, size: tuple[int, int], keys: str) -> None:
    session = recorded(MOMENTS["waiting"])
    session.past = past()
    session.number = 13
    session.live_figures = SimpleNamespace(tells=True, samples=samples, question=lambda *_, **__: None)
    app = DagtuiApp(session)
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        app.jump(session.graph.node(NODE))
        await pilot.pause()
        await pilot.press(*keys, *("z" if keys == "V" else ""))
        await pilot.pause()
        await pilot.wait_for_scheduled_animations()
        picture = app.export_screenshot()
        await pilot.press("escape")
    assert picture == snapshot.use_extension(SvgExtension)
