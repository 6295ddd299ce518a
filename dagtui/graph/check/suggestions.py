"""Suggest the known word that is spelled most like an unknown one, or nothing."""

from __future__ import annotations

import unicodedata
from itertools import islice
from typing import TYPE_CHECKING

from dagtui.graph.errors import quoted
from dagtui.text.amounts import first_of

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

COMPARED = 2000
"""The largest number of names that a word is compared with."""
_LONGEST = 100
"""Characters of a word that is compared."""


def meant(word: str, known: Collection[str]) -> str | None:
    """Return the known word that was meant: one slip away, or two in words of six letters and more."""
    if not word or len(word) > _LONGEST:
        return None
    folded = word.casefold()
    slips = 1 if len(word) < 6 else 2
    least = len(word) < 3  # x is not a slip of y, but xx may be
    near = [
        name for name in known if least <= abs(len(name) - len(word)) <= slips or (least and name.casefold() == folded)
    ]
    if len(near) > COMPARED:
        near = [name for name in near if name[:2] == word[:2] or name[-3:] == word[-3:]][:COMPARED]
    best: str | None = None
    for name in near:
        slips_of_name = slips_between(folded, name.casefold(), slips)
        if slips_of_name is not None:
            best, slips = name, slips_of_name - 1
        if slips < 0:
            break
    return best


def did_you_mean(word: str, known: Collection[str]) -> str:
    """Return a hint with the nearest known word, or an empty string if none is near."""
    same = in_other_form(word, known)
    if same:
        return same
    found = meant(word, known)
    return f"did you mean {quoted(found)}?" if found is not None else ""


def called_elsewhere(word: str, names: Mapping[str, str]) -> str:
    """Return a hint with the known word for what other tools call `word`, or an empty string.

    `names` has by known word what it is called elsewhere, in small letters, divided by spaces.
    """
    same = next((name for name, words in names.items() if word.lower() in words.split()), "")
    return f"did you mean {quoted(same)}?" if same else ""


def in_other_form(word: str, known: Collection[str]) -> str:
    """Return a hint if a known word is the same in another Unicode form, or an empty string."""
    other = _other_form(word, known)
    if other is None:
        return ""
    return (
        f"{quoted(other)} is the same word in another Unicode form: here it is {_form(word)}, there {_form(other)}; "
        "write both in the same form"
    )


def _other_form(word: str, known: Collection[str]) -> str | None:
    if word.isascii() or len(word) > _LONGEST:
        return None
    composed = unicodedata.normalize("NFC", word)
    return next(
        (
            name
            for name in known
            if not name.isascii() and name != word and unicodedata.normalize("NFC", name) == composed
        ),
        None,
    )


def _form(word: str) -> str:
    """Return how a word writes letters with marks."""
    if unicodedata.is_normalized("NFC", word):
        return "composed (NFC)"
    return (
        "decomposed (NFD)" if unicodedata.is_normalized("NFD", word) else "neither composed (NFC) nor decomposed (NFD)"
    )


def slips_between(one: str, other: str, most: int) -> int | None:
    """Count letters that are missing, excess, wrong or swapped with a neighbour. Return None for more than `most`."""
    before: list[int] = []
    last = list(range(len(other) + 1))
    for row, letter in enumerate(one, 1):
        current = [row]
        for column, facing in enumerate(other, 1):
            cost = min(last[column] + 1, current[-1] + 1, last[column - 1] + (letter != facing))
            if row > 1 and column > 1 and letter == other[column - 2] and one[row - 2] == facing:
                cost = min(cost, before[column - 2] + 1)
            current.append(cost)
        if min(current) > most and min(last) > most:
            return None
        before, last = last, current
    return last[-1] if last[-1] <= most else None


def listed(names: Collection[str], most: int = 10) -> str:
    """List the first of several names, for messages."""
    return first_of([quoted(name, 40) for name in islice(names, most)], len(names))
