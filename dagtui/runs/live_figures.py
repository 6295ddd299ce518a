"""What nodes on the screen use while they run: samples, once a second, for as long as they are shown."""

from __future__ import annotations

import os
from itertools import pairwise
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol

from dagtui.engine.status import ALIVE
from dagtui.store.files import count_lines
from dagtui.text.amounts import ClockTime

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from pathlib import Path

    from dagtui.engine.messages import AttemptNumber, Usage
    from dagtui.engine.state import RunState
    from dagtui.graph.model import NodeIndex
    from dagtui.text.amounts import Seconds

    Key = tuple[NodeIndex, AttemptNumber]

MOST_SAMPLES: Final = 120
"""The most samples of one attempt. Where there are more, each second one goes."""
MOST_ATTEMPTS: Final = 200
"""The most attempts whose samples are kept."""
_EVERY: Final = 0.9
"""The least seconds between two samples."""
_READ: Final = 1 << 18
"""The most bytes of new output whose lines are counted. Of more, the rest is taken to be alike."""


class UsageMeter(Protocol):
    """Measures what attempts in flight use."""

    def measuring(self, attempts: Sequence[Key]) -> Callable[[], Mapping[Key, Usage]] | None:
        """Return a function for a thread, which takes some milliseconds. None: this system tells nothing.

        It returns for those that are in flight: seconds of processors so far, the bytes of memory in use now, and what
        they have read and written so far.
        """


class RunInFlight(Protocol):
    """What is asked of the run."""

    state: RunState

    def clock(self) -> ClockTime:
        """Return the seconds since the run started."""

    def log_path(self, node: NodeIndex, attempt: AttemptNumber) -> Path:
        """Return the path of an attempt's log."""


class UsageSample(NamedTuple):
    """What an attempt used at one time."""

    at: ClockTime
    usage: Usage
    lines: int = 0
    """The lines that it has printed since it was first looked at."""


class Rates(NamedTuple):
    """What an attempt used between two samples."""

    cpu: float
    """Processors that were busy."""
    lines: float
    """Lines in a second."""


class UsageFindings(NamedTuple):
    """What a look has found."""

    at: ClockTime
    usage: Mapping[Key, Usage]
    lines: Mapping[Key, tuple[int, int]]
    """New lines, and the size of the log."""


class LiveFigures:
    """Samples of the attempts in flight that are on the screen, and of some that were."""

    def __init__(self, run: RunInFlight, meter: UsageMeter) -> None:
        self._run = run
        self._meter = meter
        self._samples: dict[Key, list[UsageSample]] = {}
        self._asked: dict[Key, ClockTime] = {}
        self._logs: dict[Key, int] = {}
        """Up to which byte the lines of logs were counted."""
        self.tells = True
        """Whether this system tells what running processes use."""

    def samples(self, node: NodeIndex) -> Sequence[UsageSample]:
        """Return the samples of a node's last attempt, oldest first."""
        return self._samples.get((node, self._run.state.attempt[node]), ())

    def question(self, nodes: Iterable[NodeIndex], *, output: bool) -> Callable[[], UsageFindings] | None:
        """Return what finds out, in a thread, about nodes in flight. None: nothing is to be found out now.

        `output`: count the lines that they print, too.
        """
        state, clock = self._run.state, self._run.clock()
        keys = [(node, state.attempt[node]) for node in nodes if state.status_of(node) in ALIVE]
        keys = [key for key in keys if clock - self._asked.get(key, ClockTime("-inf")) >= _EVERY]
        if not keys or not self.tells:
            return None
        measure = self._meter.measuring(keys)
        if measure is None:
            self.tells = False
            return None
        for key in keys:
            self._asked[key] = clock
        logs = {key: (self._run.log_path(*key), self._logs.get(key, -1)) for key in keys} if output else {}
        now = self._run.clock
        return lambda: UsageFindings(now(), measure(), {key: _new_lines(*log) for key, log in logs.items()})

    def take(self, answer: UsageFindings) -> None:
        """Take in what was found."""
        for key, usage in answer.usage.items():
            samples = self._samples.setdefault(key, [])
            lines, self._logs[key] = answer.lines.get(key, (0, self._logs.get(key, -1)))
            samples.append(UsageSample(answer.at, usage, (samples[-1].lines if samples else 0) + lines))
            if len(samples) > MOST_SAMPLES:
                samples[:] = thinned(samples)
        while len(self._samples) > MOST_ATTEMPTS:
            oldest = next(iter(self._samples))
            for kept in (self._samples, self._asked, self._logs):
                kept.pop(oldest, None)


def thinned(samples: Sequence[UsageSample]) -> list[UsageSample]:
    """Return every second sample, the last one included, with the most memory of both."""
    found = []
    for place in range(1 - len(samples) % 2, len(samples), 2):
        one, before = samples[place], samples[max(0, place - 1)]
        memory = max(one.usage.memory, before.usage.memory)
        found.append(one._replace(usage=one.usage._replace(memory=memory)))
    return found


def rates(samples: Sequence[UsageSample]) -> list[Rates]:
    """Return the rates from each sample to the next."""
    found = []
    for before, after in pairwise(samples):
        seconds: Seconds = max(0.001, after.at - before.at)
        cpu = max(0.0, after.usage.cpu - before.usage.cpu)  # what an orphan used is lost when it ends
        found.append(Rates(cpu / seconds, max(0, after.lines - before.lines) / seconds))
    return found


def _new_lines(path: Path, known: int) -> tuple[int, int]:
    """Return how many lines were printed since the log had some bytes, and how many it has. -1: not known."""
    try:
        size = os.lstat(path).st_size
    except OSError:  # nothing was printed yet
        return 0, max(0, known)
    if known < 0 or size <= known:
        return 0, size
    read = min(_READ, size - known)
    return round(count_lines(path, known, known + read) * (size - known) / read), size
