"""Group many forms by a piece that all of them contain, so that one search rules them all out.

A secret has many forms if it has characters that JSON, HTML, URLs and others escape. Most of these forms contain the
same word or the same escape, and data that lacks it contains none of them. Nothing is imported here: see redaction.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_LOOKED_AT = 256
"""Bytes of a form that are searched for pieces."""
_LEAST, _GOOD = 3, 5
"""Bytes of a piece that is worth searching for, and of a word that is rare enough."""
_PERCENT, _AND, _BACKSLASH = b"%&\\"
_REFERENCE = 8  # bytes of the longest `&quot;` and the like
_WORDS = bytes(byte if bytes((byte,)).isalnum() else 32 for byte in range(256))


def grouped(forms: Iterable[bytes]) -> dict[bytes, list[bytes]]:
    """Return the forms by a piece that each contains. A form that shares no piece is its own key, alone."""
    holders: dict[bytes, list[bytes]] = {}
    alone: dict[bytes, None] = {}
    for form in forms:
        alone[form] = None
        for piece in _pieces(form[:_LOOKED_AT]):
            holders.setdefault(piece, []).append(form)
    groups: dict[bytes, list[bytes]] = {}
    shared = [piece for piece, found in holders.items() if len(found) > 1]
    shared.sort(key=lambda piece: (len(piece) >= _GOOD and piece.isalnum(), len(holders[piece]), len(piece), piece))
    for piece in reversed(shared):
        members = [form for form in holders[piece] if form in alone]
        if len(members) > 1:
            groups[piece] = members
            for form in members:
                del alone[form]
    for form in alone:
        groups[form] = [form]
    return groups


def _pieces(form: bytes) -> set[bytes]:
    """Return the words and escapes of a form, except for the shortest."""
    if not any(sign in form for sign in b"%&\\"):
        return {word for word in form.translate(_WORDS).split() if len(word) >= _LEAST}
    found: set[bytes] = set()
    at, size = 0, len(form)
    while at < size:
        end = _end_of_piece(form, at)
        if len(form[at:end]) >= _LEAST:
            found.add(form[at:end])
        at = end
    return found


def _end_of_piece(form: bytes, at: int) -> int:
    """Return where the word, escape or character at a position ends."""
    first = form[at]
    end = at + 1
    if first == _PERCENT:
        while form.startswith(b"25", end):
            end += 2
        return end + 2
    if first == _AND:
        closed = form.find(b";", at, at + _REFERENCE)
        return closed + 1 if closed > 0 else end
    if first == _BACKSLASH:
        while form.startswith(b"\\", end):
            end += 1
        return end + {b"u": 5, b"x": 3}.get(form[end : end + 1], 1)
    while end < len(form) and form[at:end].isalnum() and form[end : end + 1].isalnum():
        end += 1
    return end
