"""One real server for the tests of this folder."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from support.ssh_server import SshServer


@pytest.fixture
def server(ssh_server: SshServer) -> SshServer:
    """A server that runs."""
    return ssh_server
