"""Parameters of tests of which the ordinary runs try only some."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable


def mostly_long(values: Iterable[object], always: Collection[object]) -> list[object]:
    """Return all values as parameters: those in `always` for each run, and the others for the long ones."""
    return [pytest.param(value, marks=() if value in always else pytest.mark.torture) for value in values]
