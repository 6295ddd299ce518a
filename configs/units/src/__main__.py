"""Convert an amount: units 3 km mi."""

from __future__ import annotations

import sys

from convert import ConversionError, convert
from text import shown
from version import VERSION


def main(words: list[str]) -> str:
    """Return the answer to what the command line says."""
    if words == ["--version"]:
        return f"units {VERSION}"
    if len(words) != 3:
        sys.exit("usage: units AMOUNT UNIT UNIT")
    amount, source, target = words
    try:
        return f"{shown(convert(float(amount), source, target))} {target}"
    except (ConversionError, ValueError) as error:
        sys.exit(f"units: {error}")


if __name__ == "__main__":
    print(main(sys.argv[1:]))
