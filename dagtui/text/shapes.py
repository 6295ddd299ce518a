"""Shapes of messages: what is left when all that varies from node to node is blanked."""

from __future__ import annotations

import re
from typing import Final

_LIMIT: Final = 500
"""Characters of a message that make its shape."""

# Each alternative is bounded by the characters that it excludes, so that no input is scanned many times.
_VARYING: Final = re.compile(
    r"(?P<quoted>(?<!\w)'[^'\n]*'(?!\w)|\"[^\"\n]*\"|`[^`\n]*`|\u201c[^\u201d\n]*\u201d|\u2018[^\u2019\n]*\u2019)"
    r"|(?P<url>\b[a-z][a-z0-9+.-]{1,15}://[^\s'\",;()\[\]]*)"
    r"|(?P<path>(?<![\w/])(?:~|\.{0,2})/[^\s:'\",;()\[\]]*"
    r"|(?<![\w/.@+-])(?:[\w.@+-]+/(?:[\w.@+-]+/)+[\w.@+-]*|[\w.@+-]+/[\w@+-]*\.\w[\w.]*)|(?<!\w)[A-Za-z]:\\[^\s:'\",;()]*)"
    r"|(?P<id>\b(?=[0-9a-fA-F-]{6,}\b)(?=[a-fA-F-]*[0-9])[0-9a-fA-F-]+\b|\b0x[0-9a-fA-F]+\b"
    r"|\b(?=[A-Za-z]*[0-9]+[A-Za-z]+[0-9])[0-9A-Za-z]{8,}\b)"
    r"|(?P<number>[0-9]+(?:[.,:][0-9]+)*)"
)


def shape(message: str) -> str:
    """Blank quoted names, paths, identifiers and numbers in a message, so that messages of one kind compare equal."""
    return _VARYING.sub("#", message[:_LIMIT]).strip()
