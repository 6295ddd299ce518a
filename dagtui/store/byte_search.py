"""Look for a text in bytes, as fast as the C library does."""

from __future__ import annotations

import ctypes
from functools import cache
from itertools import product
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_END = b"\0"
"""Where a text ends for the C library."""
_LETTERS = b"etaoinsrhldcumfpgwybvkxjqz"
"""From the most frequent to the rarest."""


def occurs(word: bytes, data: bytes) -> bool:
    """Return whether a word is in data. `strstr` of glibc takes a tenth of the time of Python's `in`, or less."""
    find = _strstr()
    if find is None or _END in data or _END in word:
        return word in data
    return find(data, word) is not None


def occurs_folded(word: bytes, data: bytes) -> bool:
    """Return whether a word in lower case is in data in either case.

    To fold data takes ten times as long as to look for a text, so its rarest letters are looked for first.
    """
    find = _strstr()
    if find is None or _END in data or _END in word:
        return word in data.lower()
    return any(find(data, letters) for letters in _rarest(word)) and find(data.lower(), word) is not None


@cache
def _rarest(word: bytes) -> tuple[bytes, ...]:
    """Return the two neighbours in a word that are rarest in texts, in all their spellings. Lower case is likeliest."""
    pairs = [word[at : at + 2] for at in range(max(1, len(word) - 1))]
    rarest = max(pairs, key=lambda pair: sum(map(_LETTERS.find, pair)))
    return tuple(dict.fromkeys(map(bytes, product(*zip(rarest.lower(), rarest.upper(), strict=True)))))


@cache
def _strstr() -> Callable[[bytes, bytes], int | None] | None:
    """Return the function of the C library, if it has it. Other threads run meanwhile."""
    try:
        found = ctypes.CDLL(None).strstr
    except (OSError, AttributeError):
        return None
    found.restype = ctypes.c_void_p
    found.argtypes = [ctypes.c_char_p, ctypes.c_char_p]
    return found
