"""Fixtures of the tests of the whole screen."""

from __future__ import annotations

import os

import pytest

for variable in ("NO_COLOR", "TEXTUAL_THEME", "SSH_CONNECTION"):  # read when textual is imported
    os.environ.pop(variable, None)


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"
