"""Random walks over graphs on several executors, in which processes of the run die while attempts go on.

What executors know, and what really runs, is played here. The engine learns of it late, twice, or not before the next
process of the run asks.
"""

from __future__ import annotations

import json
import random
from collections import deque
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from engine.invariants import same_state
from engine.random_graphs import random_graph
from support.scene import conditions_of

from dagtui.engine.capacity import executor_slots
from dagtui.engine.event_records import fields, parse
from dagtui.engine.events import NodeEvent, NoteEvent
from dagtui.engine.followers import ENDS_ALONE
from dagtui.engine.messages import (
    Command,
    CommandKind,
    Ended,
    EndKind,
    Heard,
    Queued,
    SetSlots,
    Silent,
    Start,
    Started,
    Stop,
    Withdraw,
    Withdrawn,
)
from dagtui.engine.resumption import restore
from dagtui.engine.rules.transitions import UNLISTED
from dagtui.engine.state import RunState
from dagtui.engine.status import ALIVE, Cause, NodeStatus, Verdict
from dagtui.engine.traversal import Traversal
from dagtui.graph.definition import with_descendants
from dagtui.graph.executors import ExecutorKind, ExecutorSettings
from dagtui.graph.model import LOCAL, RetryPolicy

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dagtui.engine.events import Event
    from dagtui.engine.messages import Effect, Result
    from dagtui.engine.protocol import Handed
    from dagtui.graph.model import Graph

S = NodeStatus
ENDS = [(EndKind.EXIT, 0)] * 3 + [
    (EndKind.EXIT, 1),
    (EndKind.SIGNAL, 9),
    (EndKind.TIMEOUT, 0),
    (EndKind.OUTSIDE, 0),
    (EndKind.LOST, 0),
]
POLICIES = [RetryPolicy(), RetryPolicy(1, delay=0.0), RetryPolicy(1, delay=0.0, lost=1, outside=2, exit_codes=(7,))]
EXECUTORS = [LOCAL, "cluster", "cluster", "box"]
K = CommandKind
KINDS = [*[K.CANCEL, K.RETRY, K.HOLD, K.RELEASE, K.RERUN, K.RERUN_ONLY] * 2, K.CANCEL_SUBTREE, K.SKIP, K.MARK_DONE]
RUN_WIDE = [K.PAUSE, K.RESUME, K.RESUME, K.SET_JOBS, K.SET_JOBS, K.RETRY_FAILED, K.CANCEL_ALL]
LATEST = 100.0


@dataclass
class PlayedAttempt:
    """What an executor knows of an attempt that it has."""

    executor: str
    slots: int
    begun: float | None = None
    """When it began, on the clock on the wall."""
    told: bool = False
    """Whether it was told that it began."""
    stopped: bool = False
    unwanted: bool = False


class PlayedExecutors:
    """All executors. Attempts on this machine die with the process of the run."""

    def __init__(self, source: random.Random) -> None:
        self.source = source
        self.attempts: dict[tuple[int, int], PlayedAttempt] = {}
        self.ends: dict[tuple[int, int], tuple[PlayedAttempt, Ended | Withdrawn]] = {}
        """Ends that the run has not on record."""
        self.executed: set[tuple[int, int]] = set()
        self.refused: set[tuple[int, int]] = set()
        """Attempts of which something stays on the far side that keeps them from beginning."""
        self.wall = 0.0
        self.outgoing: deque[Result] = deque()

    def carry_out(self, effect: Effect, executor_of: dict[int, str]) -> None:
        if isinstance(effect, SetSlots):
            return
        key = effect.node, effect.attempt
        if isinstance(effect, Start):
            self.hand_over(key, PlayedAttempt(executor_of.get(effect.node, LOCAL), effect.slots))
        elif (attempt := self.attempts.get(key)) is not None:
            attempt.stopped |= isinstance(effect, Stop)
            attempt.unwanted |= isinstance(effect, Withdraw)

    def hand_over(self, key: tuple[int, int], attempt: PlayedAttempt) -> None:
        assert key not in self.refused, f"{key} is handed over again, after a stop for it was left there"
        assert key not in self.executed, f"{key} would run twice"
        assert not any(node == key[0] for node, _ in self.attempts), f"{key}: another attempt of its node is there"
        self.attempts[key] = attempt

    def begin(self, key: tuple[int, int]) -> None:
        attempt = self.attempts[key]
        attempt.begun = self.wall
        self.executed.add(key)
        if self.source.random() < 0.7:
            self.tell(key)

    def tell(self, key: tuple[int, int]) -> None:
        """Tell that an attempt has begun, maybe not for the first time."""
        attempt = self.attempts[key]
        assert attempt.begun is not None
        where = "" if attempt.executor == LOCAL else f"host of {attempt.executor}"
        attempt.told = True
        self.outgoing.append(Started(*key, where=where, ago=self.wall - attempt.begun if where else 0.0))

    def since(self, node: int, number: int) -> float:
        """Return how long ago an attempt has begun."""
        key = node, number
        attempt = self.attempts[key] if key in self.attempts else self.ends[key][0]
        return 0.0 if attempt.begun is None else self.wall - attempt.begun

    def end(self, key: tuple[int, int], kind: EndKind, value: int) -> None:
        attempt = self.attempts[key]
        if attempt.executor == LOCAL and kind in {EndKind.TIMEOUT, EndKind.OUTSIDE, EndKind.LOST}:
            kind, value = EndKind.EXIT, 1
        if attempt.begun is not None and not attempt.told:
            self.tell(key)
        del self.attempts[key]
        seconds = 0.0 if attempt.begun is None else max(0.25, self.wall - attempt.begun)
        self.report(key, attempt, Ended(*key, kind, value, seconds=seconds))

    def take_back(self, key: tuple[int, int]) -> None:
        attempt = self.attempts.pop(key)
        if attempt.executor != LOCAL:
            self.refused.add(key)
        self.report(key, attempt, Withdrawn(*key))

    def report(self, key: tuple[int, int], attempt: PlayedAttempt, result: Ended | Withdrawn) -> None:
        self.ends[key] = attempt, result
        self.outgoing.append(result)

    def grant(self, key: tuple[int, int]) -> None:
        """Let a wish come true."""
        attempt = self.attempts[key]
        if attempt.begun is None and (attempt.stopped or attempt.unwanted):
            self.take_back(key)
        elif attempt.stopped:
            self.end(key, *self.source.choice([(EndKind.SIGNAL, 15), (EndKind.EXIT, 0)]))

    def die(self) -> None:
        """The process of the run dies, with its pipes and with all that runs on this machine."""
        self.outgoing.clear()
        for key, attempt in list(self.attempts.items()):
            is_forgotten = attempt.begun is not None and self.source.random() < 0.1  # as if its machine had burned down
            if attempt.executor == LOCAL or is_forgotten:
                del self.attempts[key]
        for key in [key for key, (attempt, _) in self.ends.items() if attempt.executor == LOCAL]:
            del self.ends[key]

    def take_up(self, handed: Iterable[Handed], executor_of: dict[int, str]) -> None:
        for node, number, stopping in handed:
            key = node, number
            if key in self.ends:
                attempt, result = self.ends[key]
                if attempt.begun is not None:
                    self.outgoing.append(Started(*key, where="again", ago=self.wall - attempt.begun))
                self.outgoing.append(result)
                continue
            if key not in self.attempts:
                attempt = PlayedAttempt(executor_of[node], 1)
                if stopping is not None:
                    self.refused.add(key)
                    self.report(key, attempt, Withdrawn(*key))
                    continue
                if key in self.executed:
                    self.report(key, attempt, Ended(*key, EndKind.LOST))
                    continue
                self.hand_over(key, attempt)
            attempt = self.attempts[key]
            attempt.stopped |= stopping is not None
            if attempt.begun is not None:
                self.tell(key)
        known = {(node, number) for node, number, _ in handed}
        assert self.attempts.keys() <= known, "an attempt goes on that nobody knows of"


def random_executors(graph: Graph, source: random.Random) -> Graph:
    """Return the graph with most nodes on other machines."""
    tasks = [replace(task, executor=source.choice(EXECUTORS), retry=source.choice(POLICIES)) for task in graph.tasks]
    graph.tasks = tasks
    kinds = {"cluster": ExecutorKind.SLURM, "box": ExecutorKind.SSH}
    graph.executors = {
        name: ExecutorSettings(name, kind, source.choice([1, 2, 3, None])) for name, kind in kinds.items()
    }
    return graph


class RemoteWalk:
    """One run, whatever becomes of its processes."""

    def __init__(self, seed: int) -> None:
        self.source = random.Random(seed)
        self.ending = random.Random(seed)  # which executor ends what a dead process had there
        self.graph = random_executors(random_graph(self.source), self.source)
        self.played = PlayedExecutors(self.source)
        self.texts: list[str] = []
        self.incoming: deque[Effect] = deque()
        self.now = 0.0
        self.silent = False
        self.mirror = RunState(self.graph, 2)
        self.traversal = self.made(2)
        self.traversal.begin(self.now)
        self.conclude()

    def made(self, jobs: int) -> Traversal:
        traversal = Traversal(self.graph, jobs)
        traversal.conditions = conditions_of(self.graph)
        return traversal

    @property
    def state(self) -> RunState:
        return self.traversal.state

    def walk(self, steps: int) -> None:
        steps_of = [
            self.reads,
            self.reads,
            self.begins,
            self.begins,
            self.ends,
            self.queues,
            self.tells,
            self.grants,
            self.delivers,
            self.delivers,
            self.delivers,
            self.time_passes,
            self.commands,
            self.answers_again,
        ]
        for _ in range(steps):
            self.source.choice(steps_of)()
            if self.source.random() < 0.04:
                self.crashes()
            self.everything_holds()
        self.let_everything_end()

    # What happens

    def reads(self) -> None:
        for _ in range(min(len(self.incoming), self.source.choice([1, 2, 9]))):
            self.played.carry_out(self.incoming.popleft(), dict(self.state.executor_of))

    def pick(self, keys: list[tuple[int, int]]) -> tuple[int, int] | None:
        return self.source.choice(keys) if keys else None

    def begins(self) -> None:
        waiting = [key for key, each in self.played.attempts.items() if each.begun is None]
        if (key := self.pick(waiting)) is None:
            return
        attempt = self.played.attempts[key]
        if attempt.executor == LOCAL:
            taken = sum(each.slots for each in self.running_here())
            if taken and taken + attempt.slots > self.state.jobs:
                return
        self.played.begin(key)

    def running_here(self) -> list[PlayedAttempt]:
        return [each for each in self.played.attempts.values() if each.executor == LOCAL and each.begun is not None]

    def ends(self) -> None:
        if (key := self.pick(list(self.played.attempts))) is None:
            return
        kind, value = self.source.choice(ENDS)
        if self.played.attempts[key].begun is None:
            if self.played.attempts[key].executor == LOCAL or kind is EndKind.TIMEOUT:
                return
            kind, value = kind if kind in {EndKind.OUTSIDE, EndKind.LOST} else EndKind.COULD_NOT_START, 0
        self.played.end(key, kind, value)

    def queues(self) -> None:
        far = [key for key, each in self.played.attempts.items() if each.executor != LOCAL and each.begun is None]
        if (key := self.pick(far)) is not None:
            self.played.outgoing.append(Queued(*key, self.source.choice(["", "Priority", "Resources"])))

    def tells(self) -> None:
        far = [key for key, each in self.played.attempts.items() if each.executor != LOCAL and each.begun is not None]
        if (key := self.pick(far)) is not None:
            self.played.tell(key)

    def grants(self) -> None:
        wished = [key for key, each in self.played.attempts.items() if each.stopped or each.unwanted]
        if (key := self.pick(wished)) is not None:
            self.played.grant(key)

    def answers_again(self) -> None:
        self.silent = not self.silent
        self.played.outgoing.append(Silent("cluster", 1e9, "timed out") if self.silent else Heard("cluster"))

    def delivers(self) -> None:
        for _ in range(min(len(self.played.outgoing), self.source.choice([1, 2, 9]))):
            self.deliver(self.played.outgoing.popleft())

    def deliver(self, result: Result) -> None:
        before = None
        if isinstance(result, (Ended, Withdrawn)):
            self.played.ends.pop((result.node, result.attempt), None)
            before = self.state.status_of(result.node), self.state.cause_of(result.node)
        elif isinstance(result, Started) and result.where:
            result = result._replace(ago=self.played.since(result.node, result.attempt))
        self.traversal.handle(result, self.now)
        self.conclude()
        if isinstance(result, Ended) and result.kind is EndKind.OUTSIDE and before != (S.CANCELLING, Cause.CANCEL):
            assert self.state.status[result.node] != S.CANCELLED, "nobody cancelled it"

    def time_passes(self) -> None:
        self.pass_time(self.source.choice([0.5, 2.0, 30.0]))

    def pass_time(self, seconds: float) -> None:
        self.now += seconds
        self.played.wall += seconds
        self.traversal.wake(self.now)
        self.conclude()

    def commands(self) -> None:
        choose = self.source.choice
        command = Command(choose(KINDS), (self.source.randrange(len(self.graph)),))
        if self.source.random() < 0.3:
            kind = choose(RUN_WIDE)
            is_slots = kind is K.SET_JOBS
            command = Command(
                kind, jobs=choose([1, 2, 3]) * is_slots, executor=choose(["", "cluster", "box"]) if is_slots else ""
            )
        found = self.traversal.preview(command)
        given = self.traversal.handle(command._replace(expected=found.kills_and_reruns), self.now)
        assert given is not None
        assert (given.nothing, given.changed) == (found.nothing, False)
        self.conclude()

    def crashes(self) -> None:
        """The process dies, and another one resumes the run. Maybe it dies before all of that is on record."""
        self.played.die()
        self.incoming.clear()
        self.silent = False
        away = self.source.choice([0.0, 1000.0])
        self.played.wall += away
        again: dict[int, str] = {}
        if self.source.random() < 0.3:
            changed = {self.source.randrange(len(self.graph)): ("run",)}
            again = dict.fromkeys(with_descendants(self.graph, changed), "changed since it ran: run")
        ending = self.ending.choice(["", "", *self.graph.executors])
        while True:
            self.traversal = self.made(2)
            self.state.replay(self.recorded())
            self.traversal.now = self.now
            self.now += 0.001
            alone = [node for node, name in self.state.executor_of.items() if name == ending]
            again = dict.fromkeys(alone, ENDS_ALONE) | again
            restore(
                self.traversal,
                self.now,
                again,
                {},
                jobs=2,
                boot="",
                keep_going=frozenset(self.graph.executors),
                away=away,
            )
            events, _ = self.traversal.take()
            away = 0.0
            if self.source.random() < 0.7:
                break
            self.record(events[: self.source.randrange(len(events) + 1)])
        self.record(events)
        self.now += 0.001
        handed = self.traversal.handed()
        assert all(each.stopping is not None for each in handed if each.node in again), "it runs an older definition"
        self.played.take_up(handed, self.state.executor_of)
        withdrawn = {
            node for node in self.traversal.submitted if self.state.status[node] not in {S.READY, S.CANCELLING}
        }
        self.traversal.begin(self.now)
        assert withdrawn <= {effect.node for effect in self.traversal.effects if isinstance(effect, Withdraw)}
        self.conclude()

    # What must hold

    def recorded(self) -> list[Event]:
        events = [parse(json.loads(text), self.graph) for text in self.texts]
        return [event for event in events if event is not None]

    def record(self, events: Iterable[Event]) -> None:
        for event in events:
            assert not (isinstance(event, NoteEvent) and UNLISTED in event.text), event
            assert not isinstance(event, NodeEvent) or event.why, f"no reason: {event}"
            self.texts.append("{" + fields(event, self.graph) + "}")
            read = parse(json.loads(self.texts[-1]), self.graph)
            assert read is not None
            self.mirror.apply(read)
            self.mirror.dirty.clear()

    def conclude(self) -> None:
        events, effects = self.traversal.take()
        self.record(events)
        for effect in effects:
            if isinstance(effect, Start):
                assert self.state.status[effect.node] == S.READY
                assert not self.state.paused
                assert effect.node not in self.state.held
                self.check_slots(self.traversal.capacity.remote.get(effect.node))
        self.incoming.extend(effects)

    def check_slots(self, name: str | None) -> None:
        """Check that an executor has not got more than it has slots for, except for a single wide attempt."""
        slots = executor_slots(self.state)[name] if name else None
        if slots is not None and slots.of is not None:
            is_alone = list(self.traversal.capacity.remote.values()).count(str(name)) == 1
            assert slots.taken <= slots.of or is_alone, f"{name} got more than it has slots for"

    def in_flight(self) -> set[tuple[int, int]]:
        """Return the attempts that the engine must expect an end of."""
        starts = {(each.node, each.attempt) for each in self.incoming if isinstance(each, Start)}
        return starts | self.played.attempts.keys() | self.played.ends.keys()

    def everything_holds(self) -> None:
        state, capacity = self.state, self.traversal.capacity
        same_state(self.mirror, state)
        known = {(node, state.attempt[node]) for node in (*capacity.reserved, *capacity.held)}
        assert known == self.in_flight(), f"what the engine knows of differs from what is there: {self.in_flight()}"
        assert capacity.remote == state.executor_of
        assert state.executor_of.keys() == {node for node in capacity.remote if node in capacity.reserved} | (
            capacity.held.keys() & capacity.remote.keys()
        )
        for node in capacity.remote:
            assert state.status[node] != S.RUNNING or node in capacity.held
            assert state.status[node] not in {S.COMPLETED, S.CANCELLED, S.RETRYING}, "it is settled, and still there"
        self.slots_are_kept()
        for node, number in self.played.attempts:
            attempt = self.played.attempts[node, number]
            if attempt.told and attempt.executor != LOCAL and not self.played.outgoing and attempt.begun is not None:
                ago = self.played.wall - attempt.begun
                assert state.status[node] != S.RUNNING or abs(self.now - state.started[node] - ago) < 1.1, "its begin"

    def slots_are_kept(self) -> None:
        state, capacity = self.state, self.traversal.capacity
        there = [state.status[node] for node in state.executor_of]
        assert state.ready_there == there.count(S.READY)
        assert state.alive_there == sum(status in ALIVE for status in there)
        assert all(node in state.queued_since for node in state.executor_of if state.status[node] == S.READY)
        for name, slots in executor_slots(state).items():
            nodes = [node for node, executor in capacity.remote.items() if executor == name]
            is_wide = self.graph.executors[name].kind is ExecutorKind.SSH
            wide = [self.graph.task(node).slots if is_wide else 1 for node in nodes]
            assert slots.taken == sum(wide)
            assert slots.queued == sum(node in state.queued_since for node in nodes)
            size = capacity.sizes[capacity.executors[name]]
            assert capacity.pools[capacity.executors[name]] == size - sum(wide)
            if slots.of is not None and not state.paused:
                free = slots.of - sum(wide)
                ready = [node for node in self.waiting() if self.graph.task(node).executor == name]
                fits = [node for node in ready if min(self.graph.task(node).slots if is_wide else 1, slots.of) <= free]
                assert not fits or is_wide, f"n{fits} could be submitted to {name}"
                assert not ready or nodes, f"n{ready} could be submitted to {name}, which has nothing"

    def waiting(self) -> list[int]:
        state = self.state
        return [
            node
            for node in state.nodes_with(S.READY)
            if node not in self.traversal.submitted and node not in state.held
        ]

    def let_everything_end(self) -> None:
        if self.state.paused:
            self.traversal.handle(Command(K.RESUME), self.now)
            self.conclude()
        if self.state.held:
            self.traversal.handle(Command(K.RELEASE, tuple(sorted(self.state.held))), self.now)
            self.conclude()
        for _ in range(80 * len(self.graph)):
            while self.incoming or self.played.outgoing:
                while self.incoming:
                    self.reads()
                self.delivers()
            self.everything_holds()
            if self.traversal.settled:
                break
            for key in list(self.played.attempts):
                self.played.grant(key)
            for key in list(self.played.attempts):
                if self.played.attempts[key].begun is None:
                    self.played.begin(key)
                self.played.end(key, EndKind.EXIT, 0)
            if not self.played.outgoing:
                self.pass_time(30.0)
        assert self.traversal.settled, "the run hangs"
        assert not self.in_flight()
        assert not self.state.executor_of
        assert self.state.verdict() is not Verdict.RUNNING
        self.budgets_were_kept()

    def budgets_were_kept(self) -> None:
        """No attempt began that a budget of retries did not allow, as far as failures in a row tell."""
        in_row: dict[int, list[Cause]] = {}
        for event in self.recorded():
            if not isinstance(event, NodeEvent):
                continue
            if event.fresh or event.status is S.COMPLETED:
                in_row.pop(event.node, None)
            elif event.status is S.RETRYING:
                causes = in_row.setdefault(event.node, [])
                causes.append(event.cause)
                policy = self.graph.task(event.node).retry
                own = {Cause.LOST: policy.lost, Cause.OUTSIDE: policy.outside}
                for cause, most in own.items():
                    assert most is None or causes.count(cause) <= most
                counted = [cause for cause in causes if own.get(cause) is None]
                assert len(counted) <= policy.retries


def wander_remotely(walks: int, steps: int, seed: int = 0) -> None:
    """Take the given number of walks. An AssertionError names the seed of the failed walk."""
    for number in range(seed, seed + walks):
        try:
            RemoteWalk(number).walk(steps)
        except Exception as error:
            error.add_note(f"in walk {number} of {steps} steps")
            raise
