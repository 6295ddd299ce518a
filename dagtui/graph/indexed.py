"""The type of a sequence whose numbers are all of one kind. It is only for type checkers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterator

Index_contra = TypeVar("Index_contra", contravariant=True)
Item_co = TypeVar("Item_co", covariant=True)


class Indexed(Protocol[Index_contra, Item_co]):
    """A sequence that is read by one kind of number, such as tasks by their TaskIndex."""

    def __getitem__(self, index: Index_contra, /) -> Item_co:
        """Return the item with that number."""

    def __len__(self) -> int:
        """Return the number of items."""

    def __iter__(self) -> Iterator[Item_co]:
        """Iterate over the items in the order of their numbers."""
