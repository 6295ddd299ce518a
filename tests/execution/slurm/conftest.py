"""The cluster of these tests, which is started by the first one that needs it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from support.slurm_cluster import SharedCluster

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.slurm_cluster import SlurmCluster


@pytest.fixture(scope="session")
def _shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SlurmCluster]:
    base = tmp_path_factory.getbasetemp()
    shared = SharedCluster((base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "slurm")
    yield shared.cluster
    shared.leave()


@pytest.fixture
def cluster(_shared: SlurmCluster, monkeypatch: pytest.MonkeyPatch) -> SlurmCluster:
    """A Slurm that this process's commands reach."""
    monkeypatch.setenv("SLURM_CONF", str(_shared.configuration))
    return _shared
