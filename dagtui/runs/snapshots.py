"""Snapshots of what events change, kept every few thousand events in bounded memory. A run is replayed from them."""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Sized
from copy import copy
from itertools import zip_longest
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

SPACING: Final = 4_096
"""Events between two snapshots, at first."""
MOST_BYTES: Final = 128 * 1_048_576
"""What snapshots may take. Beyond it, every second one is dropped, and the others are further apart from then on."""
_PIECE: Final = 4_096
"""Bytes of an array that neighbouring snapshots share if they are equal."""
_ENTRY: Final = 100
"""Bytes that an entry of a dictionary or a set takes, about."""


class Pieces(NamedTuple):
    """The content of an array."""

    typecode: str
    """Of an array. Empty for a bytearray."""
    pieces: tuple[bytes, ...]


class Snapshot(NamedTuple):
    """What a number of events has left."""

    moment: int
    """The number of events."""
    contents: Mapping[str, object]
    """By name. Of arrays, there are `Pieces`."""
    size: int
    """The bytes that it does not share with the one before."""

    def restored(self, name: str) -> object:
        """Return a copy of what has a name."""
        return _unpacked(self.contents[name])


class Snapshots:
    """Takes snapshots of named arrays, collections and values, and drops some when they take too much."""

    def __init__(self, most_bytes: int = MOST_BYTES, spacing: int = SPACING) -> None:
        self._most_bytes = most_bytes
        self._spacing = spacing
        self._found: list[Snapshot] = []

    @property
    def size(self) -> int:
        """The bytes that all of them take, about."""
        return sum(snapshot.size for snapshot in self._found)

    def is_due(self, moment: int) -> bool:
        """Return whether a snapshot should be taken after `moment` events."""
        return not self._found or moment - self._found[-1].moment >= self._spacing

    def take(self, moment: int, values: Mapping[str, object]) -> None:
        """Take a snapshot after `moment` events."""
        before = self._found[-1].contents if self._found else {}
        contents = {name: _packed(value, before.get(name)) for name, value in values.items()}
        self._found.append(Snapshot(moment, contents, _added(contents, before)))
        if self.size > self._most_bytes and len(self._found) > 2:
            self._thin()

    def before(self, moment: int) -> Snapshot:
        """Return the last snapshot after at most `moment` events."""
        return self._found[bisect_right(self._found, moment, key=lambda snapshot: snapshot.moment) - 1]

    def _thin(self) -> None:
        """Drop every second snapshot, but not the first."""
        before: Mapping[str, object] = {}
        kept, self._found = self._found[::2], []
        for snapshot in kept:
            self._found.append(snapshot._replace(size=_added(snapshot.contents, before)))
            before = snapshot.contents
        self._spacing *= 2


def _packed(value: object, before: object) -> object:
    """Return a copy that shares with the one before what is equal."""
    if not isinstance(value, bytearray | array):
        return before if value == before and type(value) is type(before) else _copied(value)
    content = value.tobytes() if isinstance(value, array) else bytes(value)
    old = before.pieces if isinstance(before, Pieces) else ()
    pieces = (content[start : start + _PIECE] for start in range(0, len(content), _PIECE))
    shared = (one if one == other else other for one, other in zip_longest(old, pieces) if other is not None)
    return Pieces(value.typecode if isinstance(value, array) else "", tuple(shared))


def _copied(value: object) -> object:
    """Return a copy of a collection of values, or of lists or dictionaries of values."""
    if isinstance(value, dict) and isinstance(next(iter(value.values()), None), list | dict):
        return {key: copy(inner) for key, inner in value.items()}
    return copy(value)


def _unpacked(packed: object) -> object:
    if not isinstance(packed, Pieces):
        return _copied(packed)
    content = b"".join(packed.pieces)
    return array(packed.typecode, content) if packed.typecode else bytearray(content)


def _added(contents: Mapping[str, object], before: Mapping[str, object]) -> int:
    """Return the bytes of what is not shared."""
    size = 0
    for name, packed in contents.items():
        old = before.get(name)
        if packed is old:
            continue
        if isinstance(packed, Pieces):
            known = old.pieces if isinstance(old, Pieces) else ()
            size += sum(
                len(one) for one, other in zip_longest(packed.pieces, known) if one is not None and one is not other
            )
        elif isinstance(packed, Sized):
            size += _ENTRY * len(packed)
    return size
