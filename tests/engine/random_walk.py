"""The state machine without Hypothesis: long and fast walks from a seed, to find deeply hidden bugs."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from engine.machine import ENDS, KINDS, STEERING, TraversalMachine
from engine.random_graphs import random_gates, random_graph, random_pools, with_finally_nodes

if TYPE_CHECKING:
    from collections.abc import Callable


class RandomWalk:
    """Chooses the steps of a machine by a random number generator."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.source = random.Random(seed)
        self.machine = TraversalMachine()

    def walk(self, steps: int) -> None:
        """Take the given number of steps, check everything after each, and let the run end."""
        choose, machine = self.source.choice, self.machine
        conditions = random.Random(self.seed) if self.seed % 10 in WITH_CONDITIONS else None
        ends = [choose(ENDS) for _ in range(choose([0, 0, 2, 5]))]
        graph = random_graph(self.source)
        if self.seed % 16 in WITH_GATES:
            graph = random_gates(graph, random.Random(self.seed))
        elif self.seed % 13 in WITH_POOLS:
            graph = random_pools(graph, random.Random(self.seed))
        if self.seed % 10 in WITH_FINALLY_NODES:
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
        return [self.seed % 7] if self.seed % 10 in WITH_A_TARGET else None

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
        return [
            *(judged * 2 if self.seed % 20 in WITH_FILES else []),
            *(of_gates if self.seed % 16 in WITH_GATES else ()),
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


WITH_POOLS = {3, 6, 7, 10}
"""Seeds, modulo 13, of walks whose nodes want pools."""
WITH_GATES = {3, 6, 10}
"""Remainders by 16 of the walks through graphs with gates."""
WITH_FINALLY_NODES = {5, 9}
"""Last digits of the walks with finally nodes."""
WITH_CONDITIONS = {1, 4, 8}
"""Last digits of the walks in which tasks have conditions."""
WITH_A_TARGET = {3, 4, 6}
"""Last digits of the walks that are for one node and its ancestors at first."""
WITH_FILES = {11, 13, 14}
"""Remainders of the walks in which nodes may be up to date."""
RERUNS = [kind for kind in dict.fromkeys(KINDS) if kind.value.startswith("rerun")]


def wander(walks: int, steps: int, seed: int = 0) -> None:
    """Take the given number of walks. An AssertionError names the seed of the failed walk."""
    for number in range(seed, seed + walks):
        try:
            RandomWalk(number).walk(steps)
        except Exception as error:
            error.add_note(f"in walk {number} of {steps} steps")
            raise
