"""Fixtures of the tests of the tree."""

from __future__ import annotations

import os

import pytest

for variable in ("NO_COLOR", "TEXTUAL_THEME"):  # read when textual is imported
    os.environ.pop(variable, None)


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"
