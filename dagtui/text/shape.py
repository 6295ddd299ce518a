"""The shape of a message: what is left when numbers, paths and identifiers are blanked."""

from __future__ import annotations

import re

_LIMIT = 500
"""At most so many characters of a message make its shape."""

# Each alternative is bounded by the characters it excludes: no input is looked at many times.
_VARYING = re.compile(
    r"(?P<path>(?<![\w/])(?:~|\.{0,2})/[^\s:'\",;()\[\]]*)"
    r"|(?P<id>\b(?=[0-9a-fA-F-]{6,}\b)(?=[a-fA-F-]*[0-9])[0-9a-fA-F-]+\b|\b0x[0-9a-fA-F]+\b)"
    r"|(?P<number>[0-9]+(?:[.,:][0-9]+)*)"
)


def shape(message: str) -> str:
    """The message with paths, identifiers and numbers blanked, so that alike messages compare equal."""
    return _VARYING.sub("#", message[:_LIMIT]).strip()
