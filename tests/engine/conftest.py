"""Long runs of this folder happen when they are asked for: `pytest -m torture`."""

from __future__ import annotations

from pathlib import Path

import pytest


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("-m"):
        return
    here = Path(__file__).parent
    for item in items:
        if item.path.is_relative_to(here) and item.get_closest_marker("torture"):
            item.add_marker(pytest.mark.skip(reason="a long run: pytest -m torture"))
