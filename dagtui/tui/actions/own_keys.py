"""A person's own keys, sorted out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


class RefusedKeys(NamedTuple):
    """Keys of an action that can't be used. The action keeps its default ones."""

    id: str
    why: str
    """A predicate whose subject is the setting."""
    hint: str


class OwnKeys(NamedTuple):
    """Keys by the ids of actions, and those that were refused."""

    keys: Mapping[str, str]
    refused: Sequence[RefusedKeys]


NO_KEYS: Final = OwnKeys({}, ())
