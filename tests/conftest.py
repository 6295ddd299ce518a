"""What all tests share: runs of tests have their sockets in a folder of their own, never among a person's runs."""

from __future__ import annotations

import shutil
import tempfile
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session", autouse=True)
def _sockets_of_our_own() -> Iterator[None]:
    # Below /tmp itself, because the path of a socket must be short.
    folder = tempfile.mkdtemp(prefix="dagtui-tests-", dir="/tmp")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DAGTUI_SOCKET_DIR", folder)
        yield
    shutil.rmtree(folder, ignore_errors=True)
