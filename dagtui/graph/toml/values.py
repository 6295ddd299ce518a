"""Read single values of a document. Each function returns what it read or raises ValueProblem.

The message is a predicate whose subject the caller knows: "must be a string, not an array".
"""

from __future__ import annotations

import math
import os
import re
from datetime import date, datetime, time
from typing import TYPE_CHECKING, TypeVar

from dagtui.graph.errors import ValueProblem, quoted, read_inside

if TYPE_CHECKING:
    from collections.abc import Callable

    from dagtui.graph.model import Value

_Read = TypeVar("_Read")
LONGEST_NAME = 200
"""Characters of a name of a task, parameter or axis."""
_WORDS = {
    bool: "a boolean",
    int: "an integer",
    float: "a float",
    str: "a string",
    list: "an array",
    dict: "a table",
    datetime: "a date-time",
    date: "a date",
    time: "a time",
}


def kind(value: object) -> str:
    """Name the type of a value in TOML's own words."""
    return _WORDS.get(type(value), "a value of another type")


def expected(what: str, value: object, hint: str = "") -> ValueProblem:
    """Return the error for a value of the wrong type."""
    return ValueProblem(f"must be {what}, not {kind(value)}", hint)


def text(value: object) -> str:
    """Read any string without NUL, which commands, paths and variables can't hold."""
    if not isinstance(value, str):
        hint = 'write it in quotation marks: "…"' if not isinstance(value, (list, dict)) else ""
        raise expected("a string", value, hint)
    if "\0" in value:
        raise ValueProblem("can't contain the character NUL", "take it out")
    return value


def filled_text(value: object) -> str:
    """Read a string that is not empty."""
    found = text(value)
    if not found or found.isspace():
        raise ValueProblem("must not be empty")
    return found


def path(value: object) -> str:
    """Read a path that can be shown on one line unchanged."""
    found = filled_text(value)
    if not found.isprintable():
        raise _unprintable(found)
    return found


def folder(value: object) -> str:
    """Read the path of a folder, which may begin with `~` or `~user`."""
    found = path(value)
    if found.startswith("~") and os.path.expanduser(found) == found:  # an unknown user stays as it is
        message = f"begins with {quoted(found.partition('/')[0])}, and no home directory is known for it"
        raise ValueProblem(message, "write the whole path")
    return found


def name(value: str) -> str:
    """Read a name: any printable text of limited length, with at least one visible character."""
    if value.isprintable() and value and not value.isspace() and len(value) <= LONGEST_NAME:
        return value  # the fast path of nearly all names: the rest finds out what is wrong
    return printable(filled_text(value))


def printable(value: object) -> str:
    """Read a string that can be shown on one line unchanged."""
    found = text(value)
    if not found.isprintable():
        raise _unprintable(found)
    if len(found) > LONGEST_NAME:
        raise ValueProblem(f"can have at most {LONGEST_NAME} characters, not {len(found):,}")
    return found


def _unprintable(text: str) -> ValueProblem:
    """Return the error for the first unprintable character, most of which are invisible in the file."""
    from unicodedata import name as unicode_name

    position, character = next((at, one) for at, one in enumerate(text, 1) if not one.isprintable())
    known = unicode_name(character, "")
    shown = f"U+{ord(character):04X}" + f" ({known})" * bool(known)
    return ValueProblem(f"contains characters that can't be printed: character {position} is {shown}", "take it out")


def boolean(value: object) -> bool:
    """Read a boolean."""
    if not isinstance(value, bool):
        raise expected("a boolean", value, "write true or false")
    return value


def whole(value: object, least: int, most: int) -> int:
    """Read an integer between two bounds, both included."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise expected("an integer", value)
    if not least <= value <= most:
        raise ValueProblem(f"must be between {least:,} and {most:,}")
    return value


def number(value: object, least: float, most: float) -> float:
    """Read a finite number between two bounds, both included."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise expected("a number", value)
    if not least <= value <= most:
        raise ValueProblem(f"must be between {least:g} and {most:g}")
    return float(value)


def duration(value: object) -> float:
    """Read a duration in seconds."""
    try:
        return parse_duration(value)
    except ValueError as error:
        raise ValueProblem(str(error), DURATION_HINT) from None


def some_duration(value: object) -> float:
    """Read a duration of more than zero seconds."""
    seconds = duration(value)
    if not seconds:
        raise ValueProblem("must be greater than zero", "leave the key out for no limit")
    return seconds


def scalar(value: object) -> Value:
    """Read a string, a number of at most 64 bits or a boolean."""
    if isinstance(value, int):
        return value if isinstance(value, bool) else fits(value)
    if isinstance(value, str):
        return text(value)
    if isinstance(value, float):
        return value
    hint = 'write it in quotation marks: "…"' if not isinstance(value, (list, dict)) else ""
    raise expected("a string, a number or a boolean", value, hint)


def fits(value: int) -> int:
    """Read an integer of at most 64 bits, which is all that TOML guarantees."""
    if not -(2**63) <= value < 2**63:
        raise ValueProblem("must fit in 64 bits", "write it in quotation marks")
    return value


def items(value: object, hint: str = "") -> list[object]:
    """Read an array."""
    if not isinstance(value, list):
        raise expected("an array", value, hint)
    return value


def table(value: object, hint: str = "") -> dict[str, object]:
    """Read a table."""
    if not isinstance(value, dict):
        raise expected("a table", value, hint)
    return value


def plain_data(value: object, inside: tuple[str | int, ...] = ()) -> object:
    """Read the arguments of a call: strings, numbers, booleans, arrays and tables of them."""
    if isinstance(value, dict):
        return {key: plain_data(entry, (*inside, key)) for key, entry in value.items()}
    if isinstance(value, list):
        return [plain_data(entry, (*inside, index)) for index, entry in enumerate(value)]
    found = read_inside(inside, scalar, value)
    if isinstance(found, float) and not math.isfinite(found):
        raise ValueProblem("must be a finite number", inside=inside)
    return found


def each(reader: Callable[[object], _Read], entries: list[object]) -> tuple[_Read, ...]:
    """Read the elements of an array with `reader`. Raises ValueProblem with the position of the first wrong one."""
    found: list[_Read] = []
    try:
        found.extend(map(reader, entries))
    except ValueProblem as wrong:
        raise ValueProblem(wrong.message, wrong.hint, inside=(len(found),)) from None
    return tuple(found)


LONGEST_DURATION = 10 * 365.25 * 86400
"""Ten years. A longer duration is a mistake."""

DURATION_HINT = 'write "90s", "1h30m", "250ms", or a number of seconds'

_NUMBER = r"(\d++(?:\.\d++)?)"
_DURATION = rf"(?:{_NUMBER}d)? ?(?:{_NUMBER}h)? ?(?:{_NUMBER}m(?!s))? ?(?:{_NUMBER}s)? ?(?:{_NUMBER}ms)?"
_SECONDS = (86400.0, 3600.0, 60.0, 1.0, 0.001)


def parse_duration(value: object) -> float:
    """Return the seconds of `"1h30m"` (days, hours, minutes, seconds, ms, each at most once), or of a number.

    Raises ValueError, whose text completes "the timeout …", for what is negative, not a number, or beyond ten years.
    """
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        raise ValueError("must be a string or a number of seconds")  # noqa: TRY004 - one kind of error for the caller
    seconds = _of_text(value) if isinstance(value, str) else value
    if isinstance(seconds, float) and not math.isfinite(seconds):
        raise ValueError("must be a finite number")
    if seconds < 0:
        raise ValueError("must not be negative")
    if seconds > LONGEST_DURATION:
        raise ValueError("must not be longer than ten years")
    return float(seconds)


def _of_text(text: str) -> float:
    stripped = text.strip()
    match = re.fullmatch(_DURATION, stripped, re.ASCII) if len(stripped) <= 100 else None
    if match is None or not any(match.groups()):
        raise ValueError("must not be negative" if stripped.startswith("-") else "is not a duration")
    return math.fsum(float(number) * unit for number, unit in zip(match.groups(), _SECONDS, strict=True) if number)
