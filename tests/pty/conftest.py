"""Fixtures on real pseudo-terminals."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from small_app import SmallApp

if TYPE_CHECKING:
    from collections.abc import Iterator

    from small_app import StartApp


@pytest.fixture
def on_terminal(tmp_path: Path) -> Iterator[StartApp]:
    """Start the small app on a terminal of its own; both end with the test."""
    apps: list[SmallApp] = []

    def start(*options: str, **settings: object) -> SmallApp:
        app = SmallApp(tmp_path / f"record-{len(apps)}.jsonl", *options, **settings)
        apps.append(app)
        return app

    yield start
    for app in apps:
        app.kill()
