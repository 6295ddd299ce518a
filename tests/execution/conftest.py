"""Engines on this machine that tests of several files use."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.dask_here import DaskHere


@pytest.fixture(scope="session")
def dask_cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DaskHere]:
    """A Dask cluster of one worker, whose threads stand for one, two, three or eight slots."""
    from support.dask_here import DaskHere

    with DaskHere(tmp_path_factory.mktemp("dask"), threads=24) as here:
        yield here
