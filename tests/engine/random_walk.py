"""The state machine without Hypothesis: long and fast walks from a seed, to find deeply hidden bugs."""

from __future__ import annotations

import enum
import random
from typing import TYPE_CHECKING

from engine.machine import ENDS, HOLDING, KINDS, STEERING, TraversalMachine
from engine.random_graphs import random_gates, random_graph, random_pools, with_finally_nodes

if TYPE_CHECKING:
    from collections.abc import Callable


class Has(enum.Enum):
    """What the graph of a walk may have, or what may happen in it."""

    POOLS = enum.auto()
    GATES = enum.auto()
    FINALLY_NODES = enum.auto()
    CONDITIONS = enum.auto()
    A_TARGET = enum.auto()
    FILES = enum.auto()
    RELOADS = enum.auto()
    HOLDS = enum.auto()


class RandomWalk:
    """Chooses the steps of a machine by a random number generator."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.source = random.Random(seed)
        self.machine = TraversalMachine()
        self.has = self._features()

    def _features(self) -> set[Has]:
        """Return what the walk has: few things, so that each is walked through in depth."""
        found = {has for has, (divisor, remainders) in SEEDS.items() if self.seed % divisor in remainders}
        return found - {Has.POOLS} if Has.GATES in found else found

    def walk(self, steps: int) -> None:
        """Take the given number of steps, check everything after each, and let the run end."""
        choose, machine = self.source.choice, self.machine
        conditions = random.Random(self.seed) if Has.CONDITIONS in self.has else None
        ends = [choose(ENDS) for _ in range(choose([0, 0, 2, 5]))]
        graph = random_graph(self.source)
        if Has.GATES in self.has:
            graph = random_gates(graph, random.Random(self.seed))
        if Has.POOLS in self.has:
            graph = random_pools(graph, random.Random(self.seed))
        if Has.FINALLY_NODES in self.has:
            graph = with_finally_nodes(graph, random.Random(self.seed))
        machine.begin(graph, choose([1, 2, 3]), choose([False, True]), ends, self._targets(), conditions)
        happenings = self._happenings()
        for _ in range(steps):
            choose(happenings)()
            machine.everything_holds()
        machine.let_everything_end()
        machine.crash_anywhere()

    def _targets(self) -> list[int] | None:
        """Return the node that the run is for, or None for all, as in most walks."""
        return [self.seed % 7] if Has.A_TARGET in self.has else None

    def _happenings(self) -> list[Callable[[], None]]:
        machine, choose, pick = self.machine, self.source.choice, lambda: self.source.randrange(10)

        def if_any(there: Callable[[], object], happening: Callable[[], None]) -> Callable[[], None]:
            return lambda: happening() if there() else None

        outgoing, alive = (lambda: machine.executor.outgoing), (lambda: machine.executor.alive)
        of_gates = [
            if_any(machine.asking, lambda: machine.a_person_answers(pick(), pick())),
            lambda: machine.a_person_answers_any_node(pick(), pick()),
            if_any(machine.gates, lambda: machine.a_person_commands_a_gate(choose(KINDS), pick())),
        ]
        judged = [if_any(machine.requested, lambda: machine.a_node_is_up_to_date(pick()))]
        of_holds = [
            lambda: machine.a_person_holds(choose(HOLDING), pick(), choose([None, 1, 4])),
            if_any(machine.moving_nodes, lambda: machine.a_person_holds_moving_nodes(pick())),
            if_any(lambda: machine.held, lambda: machine.a_person_releases_what_is_held(pick())),
            if_any(lambda: machine.held, lambda: machine.a_person_commands_what_is_held(choose(KINDS), pick())),
        ]
        return [
            *(of_holds if Has.HOLDS in self.has else []),
            *(judged * 2 if Has.FILES in self.has else []),
            *(of_gates if Has.GATES in self.has else ()),
            *(
                [lambda: machine.a_person_reloads(random.Random(self.source.random()))]
                if Has.RELOADS in self.has
                else ()
            ),
            lambda: machine.the_executor_reads(choose([1, 2, 4]), choose([False] * 5 + [True])),
            if_any(alive, lambda: machine.a_process_ends(pick(), choose(ENDS))),
            if_any(outgoing, lambda: machine.results_arrive(choose([1, 2, 3]))),
            if_any(outgoing, machine.results_arrive_together),
            machine.everything_flows,
            lambda: machine.an_attempt_is_made(choose(ENDS)),
            lambda: machine.an_attempt_is_made(choose(ENDS)),
            lambda: machine.an_attempt_is_made_and_heard_of_later(choose(ENDS), choose([0.0, 5.0])),
            if_any(
                lambda: machine.delivered, lambda: machine.a_late_or_duplicate_result_arrives(pick(), choose([0, 1]))
            ),
            lambda: machine.time_passes(choose([0.5, 2.0, 5.0]), choose([True, True, False])),
            lambda: machine.a_person_commands(choose(KINDS), pick(), choose([None, None, 1, 4]), choose([False, True])),
            lambda: machine.a_person_steers(choose(STEERING), choose([1, 2, 3, 4])),
            if_any(machine.moving_nodes, lambda: machine.a_person_commands_moving_nodes(choose(KINDS), pick())),
            if_any(
                machine.about_to_begin,
                lambda: machine.a_person_reruns_above_what_is_about_to_begin(choose(RERUNS), pick(), pick()),
            ),
        ]


class MixedWalk(RandomWalk):
    """A walk that has each thing by chance, so that all of them meet."""

    def _features(self) -> set[Has]:
        chance = random.Random(f"features of {self.seed}")
        return {has for has in Has if chance.random() < 0.5}


SEEDS = {
    Has.POOLS: (13, {3, 6, 7, 10}),
    Has.GATES: (16, {3, 6, 10}),
    Has.FINALLY_NODES: (10, {5, 9}),
    Has.CONDITIONS: (10, {1, 4, 8}),
    Has.A_TARGET: (10, {3, 4, 6}),
    Has.FILES: (20, {11, 13, 14}),
    Has.RELOADS: (8, {0, 3}),
    Has.HOLDS: (9, {2, 8}),
}
"""Which walks have what: a divisor, and the remainders of their seeds. A walk for a target is for one node at first."""
RERUNS = [kind for kind in dict.fromkeys(KINDS) if kind.value.startswith("rerun")]


def wander(walks: int, steps: int, seed: int = 0, kind: type[RandomWalk] = RandomWalk) -> None:
    """Take the given number of walks. An AssertionError names the seed of the failed walk."""
    for number in range(seed, seed + walks):
        try:
            kind(number).walk(steps)
        except Exception as error:
            error.add_note(f"in walk {number} of {steps} steps")
            raise
