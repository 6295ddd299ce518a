"""JSON in one line of ASCII, for messages and files."""

from __future__ import annotations

import json


def encoded(value: object) -> bytes:
    """Return a value as one line, without a line break at its end."""
    return json.dumps(value, separators=(",", ":")).encode("ascii")


def decoded(text: bytes) -> object:
    """Return the value that a text stands for. Raises ValueError."""
    return json.loads(text.decode("utf-8", "surrogatepass"))
