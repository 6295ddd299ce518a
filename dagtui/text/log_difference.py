"""Differences between two logs, line by line, in which times, ids, temporary paths and addresses count as alike.

Lines that occur once in both logs are the anchors (patience). Between them, the usual quadratic comparison does the
rest where it is small. Longer stretches without anchors count as replaced. So the time grows with the lines.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter
from difflib import SequenceMatcher
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_VARYING: Final = re.compile(
    r"""
      \b\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?)?(?:\ ?(?:Z|UTC|[+-]\d\d:?\d\d)\b)?   # dates
    | \b(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)\ [A-Z][a-z]{2}\ +\d+\ [\d:]+(?:\ [A-Z]{3,4})?(?:\ \d{4})?   # date(1)
    | \b\d?\d:\d\d(?::\d\d(?:[.,]\d+)?)?\b                                                     # times of day, durations
    | \b\d+(?:[.,]\d+)?\ ?(?:ns|us|µs|ms|s|sec|secs|seconds|min|minutes|h|hours)\b             # durations
    | \b1[5-9]\d{8}(?:[.,]\d+|\d{3}|\d{6}|\d{9})?\b                                            # Unix times
    | \b[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}\b                                 # UUIDs
    | \b0x[0-9a-fA-F]+\b                                                                       # addresses
    | \b(?=[0-9a-f]*\d)(?=[0-9a-f]*[a-f])[0-9a-f]{7,64}\b                                      # hashes
    | (?:/private)?/(?:tmp|var/tmp|var/folders|dev/shm|run/user/\d+)/[^\s:"',;)\]]+            # temporary paths
    | /runs/\d+(?=/)                                                                           # folders of runs
    | \b(?:\d{1,3}\.){3}\d{1,3}(?::\d+)?\b                                                     # network addresses
    | \b(?:localhost|port)[:\ =]\d+\b
    | \b(?:pid|PID|process|thread|tid)[:\ =]+\d+\b
    | (?<=[\w/-])\[\d+\](?=:)                                                                  # name[pid]:
    """,
    re.VERBOSE,
)
_STANDS_FOR_IT: Final = "\0"
_MOST_PAIRS: Final = 250_000
"""The most pairs of lines that are compared one by one."""


class Difference(NamedTuple):
    """Lines of one log in place of lines of the other: ranges of both, of which one may be empty."""

    left: range
    right: range


def normalised(line: str) -> str:
    """Return a line without what differs between any two attempts."""
    return _VARYING.sub(_STANDS_FOR_IT, line)


def differences(left: Sequence[str], right: Sequence[str]) -> list[Difference]:
    """Return where two lists of lines differ, in their order. Pass normalised lines."""
    found: list[Difference] = []
    stack = [(0, len(left), 0, len(right))]
    while stack:
        a, a_end, b, b_end = stack.pop()
        while a < a_end and b < b_end and left[a] == right[b]:
            a, b = a + 1, b + 1
        while a < a_end and b < b_end and left[a_end - 1] == right[b_end - 1]:
            a_end, b_end = a_end - 1, b_end - 1
        if a == a_end and b == b_end:
            continue
        anchors = _anchors(left, right, a, a_end, b, b_end) if a < a_end and b < b_end else []
        if not anchors:
            found += _small(left, right, a, a_end, b, b_end)
            continue
        parts = []
        for one, other in anchors:
            parts.append((a, one, b, other))
            a, b = one + 1, other + 1
        stack += reversed([*parts, (a, a_end, b, b_end)])
    return list(_joined(found))


def _anchors(
    left: Sequence[str], right: Sequence[str], a: int, a_end: int, b: int, b_end: int
) -> list[tuple[int, int]]:
    """Return pairs of lines that occur once in both parts, as many as are in the same order."""
    once = {line for line, count in Counter(left[a:a_end]).items() if count == 1}
    once &= {line for line, count in Counter(right[b:b_end]).items() if count == 1}
    if not once:
        return []
    at = {right[number]: number for number in range(b, b_end) if right[number] in once}
    pairs = [(number, at[left[number]]) for number in range(a, a_end) if left[number] in once]
    ends: list[int] = []
    """The last right line of the best chain of each length."""
    last: list[int] = []
    before: list[int] = []
    for number, (_, other) in enumerate(pairs):
        length = bisect_left(ends, other)
        ends[length : length + 1] = [other]
        last[length : length + 1] = [number]
        before.append(last[length - 1] if length else -1)
    chain: list[tuple[int, int]] = []
    number = last[-1]
    while number >= 0:
        chain.append(pairs[number])
        number = before[number]
    return chain[::-1]


def _small(left: Sequence[str], right: Sequence[str], a: int, a_end: int, b: int, b_end: int) -> Iterator[Difference]:
    if (a_end - a) * (b_end - b) > _MOST_PAIRS:
        yield Difference(range(a, a_end), range(b, b_end))
        return
    matcher = SequenceMatcher(None, left[a:a_end], right[b:b_end], autojunk=False)
    for tag, start, end, other, other_end in matcher.get_opcodes():
        if tag != "equal":
            yield Difference(range(a + start, a + end), range(b + other, b + other_end))


def _joined(found: list[Difference]) -> Iterator[Difference]:
    """Yield differences, those that touch as one."""
    current: Difference | None = None
    for one in found:
        if current is not None and current.left.stop == one.left.start and current.right.stop == one.right.start:
            current = Difference(range(current.left.start, one.left.stop), range(current.right.start, one.right.stop))
            continue
        if current is not None:
            yield current
        current = one
    if current is not None:
        yield current
