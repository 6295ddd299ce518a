"""One real server for the tests of this folder."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from support.ssh_server import SshServer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="session")
def server(_folder_of_these_tests: Path) -> Iterator[SshServer]:
    """A server whose sessions keep what dagtui leaves there in a folder of these tests."""
    with SshServer(_folder_of_these_tests / "ssh") as made:
        yield made
