from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

from execution.stage import IDLE

from dagtui.execution import ownership

if TYPE_CHECKING:
    import pytest


def test_children_are_found_without_the_kernels_lists(token: str, monkeypatch: pytest.MonkeyPatch):
    with subprocess.Popen([sys.executable, "-I", "-S", "-c", IDLE, token]) as process:
        listed = ownership.children(os.getpid())
        monkeypatch.setattr(ownership, "_LISTS_CHILDREN", False)
        assert process.pid in listed
        assert sorted(ownership.children(os.getpid())) == sorted(listed)
        assert ownership.OwnChildren().pids() == ownership.children(os.getpid())
        process.kill()
