"""Shared fixtures of the tests of execution."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from execution.process_listing import end_all
from processes import fresh_token

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def token() -> Iterator[str]:
    """A word that only processes of this test have in their arguments. They are killed after the test."""
    word = fresh_token()
    yield word
    end_all(word)
