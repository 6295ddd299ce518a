"""Attempts for which no worker is going to come, by what the registry tells of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from support.dask_harness import DaskHarness

from dagtui.engine.messages import EndKind, Withdrawn
from dagtui.execution.dask.cluster import AttemptNews, News
from dagtui.graph.executors import Jobqueue

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.anyio
WHY = "slurm does not take jobs: no"


@pytest.fixture
def harness(tmp_path: Path) -> DaskHarness:
    found = DaskHarness("", tmp_path, "true", jobqueue=Jobqueue("slurm", {"cores": 1, "memory": "1GB"}, 1, 1))
    found.open()
    found.start(0)
    return found


async def tell(harness: DaskHarness, state: str, *, worker: str = "", at: float = 0.0, hopeless: bool = False) -> None:
    told = AttemptNews("0.1", state, "", worker, worker, at, 0.0, b"", b"", "")
    await harness.executor._take(News("one", 1.0, 1, int(bool(worker)), (told,), True, WHY, hopeless))


async def test_one_is_refused_when_the_registry_has_withdrawn_it(harness: DaskHarness) -> None:
    await tell(harness, "waiting", hopeless=True)
    assert (harness.end_of(0), harness.executor._stops) == (None, {"0.1": None})
    await tell(harness, "withdrawn")
    end = harness.end_of(0)
    assert end is not None
    assert (end.kind, end.text) == (EndKind.COULD_NOT_START, WHY)


async def test_one_that_begins_before_goes_on(harness: DaskHarness) -> None:
    await tell(harness, "waiting", hopeless=True)
    await tell(harness, "running", worker="tcp://there", at=1.0)
    assert harness.has_begun(0)
    assert harness.end_of(0) is None


async def test_one_that_is_stopped_meanwhile_is_withdrawn(harness: DaskHarness) -> None:
    await tell(harness, "waiting", hopeless=True)
    harness.stop(0, 5.0)
    await tell(harness, "withdrawn")
    assert isinstance(harness.of(0)[-1], Withdrawn)
