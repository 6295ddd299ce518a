"""Engines on this machine that tests of several files use."""

from __future__ import annotations

import fcntl
import os
from typing import TYPE_CHECKING

import pytest
from support.slurm_cluster import SharedCluster

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from support.dask_here import DaskHere
    from support.slurm_cluster import SlurmCluster
    from support.ssh_server import SshServer

GPUS = 24
"""Numbers of GPUs that the machine behind ssh claims to have. None is used."""


@pytest.fixture(scope="session")
def dask_cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DaskHere]:
    """A Dask cluster of one worker, whose threads stand for one, two, three or eight slots."""
    from support.dask_here import DaskHere

    with DaskHere(tmp_path_factory.mktemp("dask"), threads=24) as here:
        yield here


@pytest.fixture(scope="session")
def slurm_cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SlurmCluster]:
    """The Slurm of all tests of a session. The first test that needs it starts it."""
    base = tmp_path_factory.getbasetemp()
    shared = SharedCluster((base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "slurm")
    yield shared.cluster
    shared.leave()


@pytest.fixture
def cluster(
    slurm_cluster: SlurmCluster, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Iterator[SlurmCluster]:
    """A Slurm that this process's commands reach. Tests that break it have it alone."""
    monkeypatch.setenv("SLURM_CONF", str(slurm_cluster.configuration))
    with open(slurm_cluster.folder.parent / "tests", "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX if "trial_cluster" in request.fixturenames else fcntl.LOCK_SH)
        yield slurm_cluster


@pytest.fixture
def trial_cluster(cluster: SlurmCluster) -> Iterator[SlurmCluster]:
    """A cluster that a test may break."""
    yield cluster
    cluster.heal()


@pytest.fixture(scope="session")
def ssh_server(_folder_of_these_tests: Path) -> Iterator[SshServer]:
    """An SSH server whose sessions keep what dagtui leaves there in a folder of these tests, on 24 GPUs."""
    from support.ssh_server import SshServer

    with SshServer(_folder_of_these_tests / "ssh", {"CUDA_VISIBLE_DEVICES": ",".join(map(str, range(GPUS)))}) as made:
        yield made
