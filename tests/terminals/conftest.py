"""Fixtures on real pseudo-terminals."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from terminals.small_app import SmallApp

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from terminals.small_app import StartApp


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
