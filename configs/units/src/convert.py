"""Conversion by a base unit for each dimension."""

from __future__ import annotations

from table import UNITS


class ConversionError(Exception):
    """Two units that do not go together, or one that is not known."""


def convert(amount: float, source: str, target: str) -> float:
    """Return an amount of one unit as an amount of another."""
    for unit in (source, target):
        if unit not in UNITS:
            raise ConversionError(f"{unit}: not known; there are {', '.join(UNITS)}")
    (dimension, factor), (other, divisor) = UNITS[source], UNITS[target]
    if dimension != other:
        raise ConversionError(f"{source} is a {dimension}, {target} is a {other}")
    return amount * factor / divisor
