"""Dataclasses of which a graph makes many objects: only the type checker keeps those from being changed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable
    from dataclasses import dataclass as dataclass_made_often

    __all__ = ["dataclass_made_often"]
else:
    _Class = TypeVar("_Class")

    def dataclass_made_often(*, frozen: bool, slots: bool) -> Callable[[type[_Class]], type[_Class]]:
        """Return what `dataclass` returns for a frozen class, but let objects set their fields directly.

        A class that is frozen at run time calls a function for each field of each new object, which takes an eighth of
        the time in which a graph of many tasks is loaded.
        """
        return dataclass(unsafe_hash=frozen, slots=slots)
