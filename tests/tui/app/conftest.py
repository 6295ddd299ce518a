"""Fixtures of the tests of the whole screen."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tui.app.runs import run_under_way

if TYPE_CHECKING:
    from dagtui.session.session import Session


@pytest.fixture
def anyio_backend():
    return "asyncio"


@pytest.fixture
def session() -> Session:
    return run_under_way()
