"""The shape of a message: what is left when numbers, paths and identifiers are blanked."""

from __future__ import annotations

import re

_LIMIT = 500
"""Characters of a message that make its shape."""

# Each alternative is bounded by the characters it excludes, so that no input is scanned many times.
_VARYING = re.compile(
    r"(?P<path>(?<![\w/])(?:~|\.{0,2})/[^\s:'\",;()\[\]]*)"
    r"|(?P<id>\b(?=[0-9a-fA-F-]{6,}\b)(?=[a-fA-F-]*[0-9])[0-9a-fA-F-]+\b|\b0x[0-9a-fA-F]+\b)"
    r"|(?P<number>[0-9]+(?:[.,:][0-9]+)*)"
)


def shape(message: str) -> str:
    """Blank paths, identifiers and numbers in a message, so that similar messages compare equal."""
    return _VARYING.sub("#", message[:_LIMIT]).strip()
