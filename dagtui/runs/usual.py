"""What a node takes in most runs, by what the last ones took: how long, how steadily, and since when otherwise."""

from __future__ import annotations

from itertools import pairwise
from math import sqrt
from typing import TYPE_CHECKING, Final, NamedTuple

from dagtui.engine.status import NodeStatus
from dagtui.text import count

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dagtui.store.run_figures import RunFigures
    from dagtui.text.amounts import ByteCount, Seconds

LEAST_BEFORE: Final = 5
"""The least number of successes before a change."""
LEAST_SINCE: Final = 3
"""The least number of successes since a change."""
LEAST_SHARE: Final = 0.2
"""The least share of what it took before by which a node is slower or faster."""
LEAST_SECONDS: Final = 0.1
"""The least seconds by which it is."""
_SPREADS: Final = 2.0
"""How many times the spread it is, of the times before and of those since."""
_MOST_BY_CHANCE: Final = 2.2
"""The rank statistic, in its standard deviations, up to which the order of the times says nothing."""
_NEAR: Final = 3
"""How many runs beside the one that ranks find are looked at for the one that parts the times best."""
LOOKED_BACK: Final = 10
"""The last runs of a node that say whether it is flaky."""
LEAST_SWITCHES: Final = 2
"""How often a flaky node goes over from failing to succeeding or back."""
_WITHIN: Final = 4
_OF: Final = 5
"""The spread is the distance from the usual seconds that this share of the successes keep to: 4 of 5."""


class Took(NamedTuple):
    """What a node took in one run in which it was executed."""

    run: int
    outcome: NodeStatus
    failures: int
    seconds: Seconds
    cpu: Seconds
    """-1: not known."""
    memory: ByteCount

    @property
    def succeeded(self) -> bool:
        """Whether the node completed."""
        return self.outcome is NodeStatus.COMPLETED


class ChangedPace(NamedTuple):
    """A node takes longer, or less long, since a run."""

    since: int
    """The number of the first run of those."""
    share: float
    """How much longer than before, as a share of that. Negative: less long."""

    @property
    def words(self) -> str:
        """The change, such as "slower by 40 % since run 12"."""
        if self.share < 0:
            return f"faster by {-self.share:.0%} since run {self.since}".replace("%", " %")
        return f"slower by {self.share:.0%} since run {self.since}".replace("%", " %")


class Flaky(NamedTuple):
    """A node that fails in some runs, and succeeds in others in between."""

    failed: int
    runs: int

    @property
    def words(self) -> str:
        """Such as "flaky: 3 of 10"."""
        return f"flaky: {count(self.failed)} of {count(self.runs)}"


class Usual(NamedTuple):
    """What a node usually takes."""

    took: Sequence[Took]
    """What it took in each run in which it was executed, oldest first."""
    succeeded: int
    """In how many of them it completed."""
    rests_on: int
    """How many successes since the last change `seconds`, `spread`, `cpu` and `memory` come from."""
    seconds: Seconds | None
    """How long its successes take: the median, since the last change. None: it never succeeded."""
    spread: Seconds
    """How far from that four of five successes are at most."""
    slowest: Seconds
    """The longest success."""
    cpu: Seconds | None
    memory: ByteCount
    """The peak. 0: less than can be told."""
    change: ChangedPace | None
    flaky: Flaky | None

    @property
    def rate(self) -> float:
        """The share of the runs in which it completed."""
        return self.succeeded / len(self.took) if self.took else 0.0


class UsualTime(NamedTuple):
    """How long a node's successes take. Screens, statistics and estimates all say this."""

    seconds: Seconds
    """The median since the last change, so that a single slow run does not count."""
    spread: Seconds
    """How far from that four of five successes are at most."""
    rests_on: int
    """The number of successes since the change."""
    before: Seconds | None
    """The median before the change. None: there was none."""


def pace_of(successes: Sequence[Seconds]) -> UsualTime:
    """Return how long successes take, at least one, given oldest first."""
    at = _changed_at(successes)
    recent = successes[at:]
    middle = median(recent)
    return UsualTime(middle, spread_around(middle, recent), len(recent), median(successes[:at]) if at else None)


_NEVER: Final = UsualTime(0.0, 0.0, 0, None)
"""Of a node that never succeeded."""


def took_in(runs: Sequence[RunFigures], name: str, but: int = 0) -> Sequence[Took]:
    """Return what a node took in each run in which it was executed, but for the run with the number `but`."""
    found: list[Took] = []
    for run in runs:
        place = run.names.places.get(name)
        if place is None or not run.attempts[place] or run.number == but:
            continue
        status, failures, memory = NodeStatus(int(run.outcomes[place])), int(run.failures[place]), run.memory[place]
        found.append(Took(run.number, status, failures, run.seconds[place], run.cpu[place], max(0, round(memory))))
    return found


def usual_of(took: Sequence[Took]) -> Usual:
    """Return what a node usually takes, by what it took."""
    succeeded = [one for one in took if one.succeeded]
    pace = pace_of([one.seconds for one in succeeded]) if succeeded else _NEVER
    recent = succeeded[len(succeeded) - pace.rests_on :]
    told = recent or took
    cpu = [one.cpu for one in told if one.cpu >= 0]
    memory = [one.memory for one in told if one.memory]
    return Usual(
        took,
        len(succeeded),
        pace.rests_on,
        pace.seconds if succeeded else None,
        pace.spread,
        max((one.seconds for one in succeeded), default=0.0),
        median(cpu) if cpu else None,
        round(median(memory)) if memory else 0,
        _change(pace, recent),
        flaky_in(took),
    )


def spread_around(middle: Seconds, seconds: Sequence[Seconds]) -> Seconds:
    """Return how far from the middle four of five times are at most. Of fewer than five, all are."""
    if not seconds:
        return 0.0
    within = -(-_WITHIN * len(seconds) // _OF)  # rounded up
    return sorted(abs(one - middle) for one in seconds)[within - 1]


def flaky_in(took: Sequence[Took]) -> Flaky | None:
    """Return how often a node failed of late, if it also succeeded in between.

    A node that has failed since some run, or that has been mended, goes over only once, and is not flaky.
    """
    last = took[-LOOKED_BACK:]
    failed = sum(one.failures > 0 or not one.succeeded for one in last)
    ways: list[bool] = []
    for one in last:  # a retry that succeeds goes over within a run
        ways += [False] * (one.failures > 0) + [one.succeeded]
    switches = sum(one is not next_one for one, next_one in pairwise(ways))
    return Flaky(failed, len(last)) if failed >= 2 and switches >= LEAST_SWITCHES else None


def _change(pace: UsualTime, since: Sequence[Took]) -> ChangedPace | None:
    """Return since when a node is slower or faster than before, if it is."""
    return ChangedPace(since[0].run, pace.seconds / pace.before - 1) if pace.before else None


def _changed_at(seconds: Sequence[Seconds]) -> int:
    """Return the place from which on successes take longer or less long than before. 0: they don't.

    Ranks find the run at which earlier and later times differ most (Pettitt 1979). There is a change if the median
    since then differs by a fifth, by a tenth of a second, and by twice the spread, before and since.
    """
    total = len(seconds)
    if total < LEAST_BEFORE + LEAST_SINCE:
        return 0
    least, most = min(seconds), max(seconds)
    if most - least < max(LEAST_SHARE * least, LEAST_SECONDS):  # medians differ no more than that
        return 0
    at, rank = _parting(seconds)
    if rank < _MOST_BY_CHANCE:
        return 0
    near = range(max(LEAST_BEFORE, at - _NEAR), min(total - LEAST_SINCE, at + _NEAR) + 1)
    at = min(near, key=lambda place: _unexplained(seconds[:place]) + _unexplained(seconds[place:]))
    before, since = seconds[:at], seconds[at:]
    middle, now = median(before), median(since)
    spread = max(spread_around(middle, before), spread_around(now, since))
    if abs(now - middle) < max(LEAST_SHARE * middle, LEAST_SECONDS, _SPREADS * spread) or not middle:
        return 0
    return at


def _parting(seconds: Sequence[Seconds]) -> tuple[int, float]:
    """Return where earlier and later times differ most by rank, and by how many standard deviations of chance."""
    total = len(seconds)
    order = sorted(seconds)
    ranks: dict[Seconds, float] = {}
    for place, value in enumerate(order):  # alike ones share the middle of their ranks
        ranks.setdefault(value, place + (order.count(value) - 1) / 2 if _repeats(order, place) else float(place))
    best, most, so_far = LEAST_BEFORE, 0.0, 0.0
    for place in range(total - LEAST_SINCE):
        so_far += total - 1 - 2 * ranks[seconds[place]]
        size = place + 1
        if size >= LEAST_BEFORE:
            found = abs(so_far) / sqrt(size * (total - size) * (total + 1) / 3)
            if found > most:
                best, most = size, found
    return best, most


def median(values: Sequence[float]) -> float:
    """Return the middle of some values, at least one. The module `statistics` takes long to import."""
    ordered, half = sorted(values), len(values) // 2
    return ordered[half] if len(values) % 2 else (ordered[half - 1] + ordered[half]) / 2


def _unexplained(seconds: Sequence[Seconds]) -> Seconds:
    """Return how far times are from their median, all together."""
    middle = median(seconds)
    return sum(abs(one - middle) for one in seconds)


def _repeats(order: Sequence[Seconds], place: int) -> bool:
    return place + 1 < len(order) and order[place + 1] == order[place]
