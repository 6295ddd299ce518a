"""Durations of nodes in earlier runs."""

from __future__ import annotations

import contextlib
import json
import os
from typing import TYPE_CHECKING, NamedTuple

from dagtui.store.errors import StoreError
from dagtui.store.files import read_file, replace_file
from dagtui.store.paths import graph_folder

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from dagtui.text.amounts import Seconds

GUESSED = 0.5
"""The deviation assumed after one success, as a share of its seconds. Each further one replaces a part of it."""
_WEIGHT = 0.3
"""The weight of the newest run in how far off whole runs are."""
_MOST_OFF = 3.0
_MOST_MORE = 2.0
"""A run counts as at most this many times as far off as those before it, so that a single slow one says little."""
_LEAST_OFF = 0.1
"""A run that is less off than this counts in full."""
_MOST = 200_000
"""The largest number of nodes to remember. Those that succeeded longest ago are dropped first."""
_LONGEST = 1e9
"""The longest duration of a success, in seconds (some thirty years)."""
_LARGEST = 64_000_000
"""The size in bytes up to which a file is accepted as a history."""


class Spread(NamedTuple):
    """What the estimate of a node rests on."""

    deviation: Seconds
    """How far from what is expected a success is on average."""
    runs: int
    """Number of successes. 0: the estimate comes from other nodes."""


class Together(NamedTuple):
    """How far off whole runs were from what was expected of them."""

    share: float
    """As a share of that: an exponentially weighted mean."""
    runs: int


UNKNOWN_TOGETHER = Together(0.1, 0)


class History:
    """Estimates by node label: what each node usually takes, as the end of the last run found it (`expect`)."""

    def __init__(
        self,
        path: Path,
        seconds: dict[str, Seconds],
        groups: dict[str, str],
        spreads: dict[str, Spread] | None = None,
        together: Together = UNKNOWN_TOGETHER,
    ) -> None:
        self._path = path
        self._seconds = seconds
        self._groups = groups
        self._spreads = spreads or {}
        """Nodes that only succeeded before there were spreads have none."""
        self._medians: dict[str | None, float] | None = None
        self.together = together
        self._expected = self._took = 0.0
        """Of the present run: what was expected of nodes that succeeded, and what they took."""
        self._learned: list[tuple[str, str, Seconds]] = []
        """What was recorded since it was loaded."""
        self._usual: dict[str, tuple[str, Seconds, Spread]] = {}
        """What is expected since then, by label."""
        self._loaded: tuple[int, ...] = ()
        """The state of the file when it was loaded."""

    @classmethod
    def load(cls, graph_path: Path) -> History:
        """Load the history that earlier runs left. A damaged file counts as empty."""
        path = graph_folder(graph_path) / "history.json"
        state = _state_of(path)  # first: a file that is replaced meanwhile is read again
        found = cls._read(path)
        found._loaded = state
        return found

    @classmethod
    def _read(cls, path: Path) -> History:
        seconds: dict[str, Seconds] = {}
        groups: dict[str, str] = {}
        try:
            content = json.loads(read_file(path, _LARGEST))
            for label, (value, group) in content["nodes"].items():
                if not 0 <= value <= _LONGEST:
                    return cls(path, {}, {})
                seconds[label], groups[label] = float(value), str(group)
        except (OSError, StoreError, ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError):
            return cls(path, {}, {})
        return cls(path, seconds, groups, _spreads(content), _together(content))

    def knows(self, label: str) -> bool:
        """Return whether the node itself ever succeeded. If not, its estimate comes from other nodes."""
        return label in self._seconds

    def estimate(self, label: str, group: str) -> float | None:
        """Return the expected seconds: the node's own, else its group's median, else the overall median, else None."""
        own = self._seconds.get(label)
        if own is not None or not self._seconds:
            return own
        if self._medians is None:
            self._medians = self._find_medians()
        return self._medians.get(group, self._medians[None])

    def spread(self, label: str, expected: Seconds) -> Spread:
        """Return how far a node's successes were from what was expected, given its estimate."""
        found = self._spreads.get(label)
        if found is not None:
            return found
        return Spread(GUESSED * expected, 1) if label in self._seconds else Spread(expected, 0)

    def _find_medians(self) -> dict[str | None, float]:
        from statistics import median  # most runs never need it, and importing it is slow

        by_group: dict[str, list[float]] = {}
        for label, value in self._seconds.items():
            by_group.setdefault(self._groups[label], []).append(value)
        medians: dict[str | None, float] = {group: median(values) for group, values in by_group.items()}
        medians[None] = median(self._seconds.values())
        return medians

    def record(self, label: str, group: str, seconds: Seconds) -> None:
        """Record the duration of a success. What was expected of the node stays until `expect` says otherwise."""
        self._learned.append((label, group, seconds))
        old = self._seconds.get(label)
        if old is None:
            self._set(label, group, seconds, Spread(GUESSED * seconds, 1))
        else:
            self._set(label, group, old, self.spread(label, old))
            self._expected += old
            self._took += seconds

    def expect(self, label: str, group: str, seconds: Seconds, spread: Spread) -> None:
        """Expect some seconds of a node, by all its successes."""
        self._usual[label] = group, seconds, spread
        self._set(label, group, seconds, spread)

    def _set(self, label: str, group: str, seconds: Seconds, spread: Spread) -> None:
        # Remove the entry first, so that the newest ones come last: `save` keeps those.
        self._seconds.pop(label, None)
        self._seconds[label] = seconds
        self._groups[label] = group
        self._spreads[label] = spread
        self._medians = None

    def end_run(self) -> None:
        """Learn how far off the run was as a whole."""
        if self._expected > 0:
            most = min(_MOST_OFF, max(_LEAST_OFF, _MOST_MORE * self.together.share))
            off = min(most, abs(self._took / self._expected - 1))
            runs = self.together.runs + 1
            weight = max(_WEIGHT, 1 / (runs + 1))
            self.together = Together(self.together.share + weight * (off - self.together.share), runs)
        self._expected = self._took = 0.0

    def save(self) -> None:
        """Replace the file atomically. If that fails, the estimates of earlier runs stay.

        What a run that ended meanwhile has saved is kept.
        """
        if _state_of(self._path) == self._loaded:
            self._save()
            return
        newer = self._read(self._path)
        for learned in self._learned:
            newer.record(*learned)
        for label, usual in self._usual.items():
            newer.expect(label, *usual)
        newer._save()

    def _save(self) -> None:
        self.end_run()
        newest = list(self._seconds.items())[-_MOST:]
        nodes = {label: [round(value, 3), self._groups[label]] for label, value in newest}
        found = ((label, self._spreads.get(label)) for label, _ in newest)
        spreads = {label: [round(spread.deviation, 3), spread.runs] for label, spread in found if spread is not None}
        together = [round(self.together.share, 4), self.together.runs]
        content = {"version": 1, "together": together, "nodes": nodes, "spreads": spreads}
        with contextlib.suppress(StoreError):
            replace_file(self._path, json.dumps(content).encode())


def _state_of(path: Path) -> tuple[int, ...]:
    """Return what tells whether a file was replaced. Empty: there is none."""
    try:
        found = os.lstat(path)
    except OSError:
        return ()
    return found.st_ino, found.st_size, found.st_mtime_ns


def _together(content: Mapping[str, tuple[float, int]]) -> Together:
    """Return how far off whole runs were. Older files don't say it, and damaged ones count as not saying it."""
    try:
        share, runs = content["together"]
        found = Together(float(share), int(runs))
    except (KeyError, ValueError, TypeError, OverflowError):
        return UNKNOWN_TOGETHER
    return found if 0 <= found.share <= _MOST_OFF and found.runs > 0 else UNKNOWN_TOGETHER


def _spreads(content: Mapping[str, Mapping[str, tuple[float, int]]]) -> dict[str, Spread]:
    """Return the spreads in a file. Older files have none, and damaged ones count as none."""
    try:
        found = {label: Spread(float(value), int(runs)) for label, (value, runs) in content.get("spreads", {}).items()}
    except (ValueError, TypeError, AttributeError, OverflowError):
        return {}
    return found if all(0 <= value <= _LONGEST and runs > 0 for value, runs in found.values()) else {}
