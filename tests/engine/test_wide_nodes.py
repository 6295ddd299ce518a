"""Work is conserved, and nodes that need many slots don't starve (rule 5)."""

from __future__ import annotations

import heapq
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.scene import Scene, dag

from dagtui.engine.messages import CommandKind, Ended, EndKind, SetSlots, Start, Started, Withdraw, Withdrawn
from dagtui.engine.status import NodeStatus
from dagtui.engine.traversal import UNKILLABLE_AFTER, Traversal
from dagtui.engine.walks import critical_path_lengths
from dagtui.engine.why import why
from dagtui.graph.model import Graph, Task
from dagtui.graph.pools import Pool

if TYPE_CHECKING:
    from collections.abc import Sequence

WIDE = {"slots": 2}


@dataclass
class VirtualRun:
    """A run on virtual time, with slots and a queue, whose attempts take as long as the test says."""

    graph: Graph
    seconds: Sequence[float]
    jobs: int
    lookahead: int
    now: float = 0.0
    line: list[Start] = field(default_factory=list)
    running: list[tuple[float, int, int]] = field(default_factory=list)
    began: dict[int, float] = field(default_factory=dict)
    held_up: dict[int, float] = field(default_factory=dict)
    """Time since when a wide node has been the first in order, while nothing more urgent began."""
    longest_typical: float = 1.0

    def go(self) -> None:
        """Run everything, and check each step."""
        self.traversal = Traversal(self.graph, self.jobs, self.seconds, self.lookahead)
        ways = critical_path_lengths(self.graph, self.seconds)
        order = sorted(range(len(self.graph)), key=lambda node: (-ways[node], node))
        self.ranks = {node: rank for rank, node in enumerate(order)}
        self.traversal.begin(0.0)
        self.conclude()
        while self.running:
            self.now = self.running[0][0]
            ended: list[Ended | Started] = []
            while self.running and self.running[0][0] <= self.now:
                _, node, attempt = heapq.heappop(self.running)
                ended.append(Ended(node, attempt, EndKind.EXIT, 0, "", self.seconds[node]))
            # The executor begins the next submitted attempt as soon as a slot is free, before the run knows.
            self.traversal.handle_results(ended + self.begin_what_fits(), self.now)
            self.conclude()
        assert self.traversal.settled

    def conclude(self) -> None:
        """Carry out effects until there are none at this moment."""
        while True:
            _, effects = self.traversal.take()
            results: list[Started | Withdrawn] = []
            for effect in effects:
                if isinstance(effect, Start):
                    self.line.append(effect)
                elif isinstance(effect, Withdraw):
                    results += [Withdrawn(*start[:2]) for start in self.line if start[:2] == effect]
                    self.line = [start for start in self.line if start[:2] != effect]
                else:
                    assert isinstance(effect, SetSlots)
            results += self.begin_what_fits()
            if not results:
                break
            self.traversal.handle_results(results, self.now)
        self.longest_typical = max(self.longest_typical, self.traversal._typical)
        self.check_that_work_is_conserved()
        self.check_the_bound()

    @property
    def free(self) -> int:
        return self.jobs - sum(self.graph.task(node).slots for _, node, _ in self.running)

    def begin_what_fits(self) -> list[Started]:
        begun = []
        for start in list(self.line):
            if start.slots <= self.free or not self.running:
                self.line.remove(start)
                heapq.heappush(self.running, (self.now + self.seconds[start.node], start.node, start.attempt))
                self.began[start.node] = self.now
                begun.append(Started(start.node, start.attempt))
        return begun

    def waiting(self) -> list[int]:
        """Return the ready nodes, most urgent first."""
        ready = self.traversal.state.nodes_with(NodeStatus.READY)
        return sorted((node for node in ready if node not in self.traversal.submitted), key=self.ranks.__getitem__)

    def left(self, pool: str) -> int:
        """Return what is left of a pool by all attempts that were submitted and have not ended."""
        size = next(one.size for one in self.graph.pools if one.name == pool)
        open_ones = [node for _, node, _ in self.running] + [start.node for start in self.line]
        return size - sum(dict(self.graph.task(node).pools).get(pool, 0) for node in open_ones)

    def lacks(self, node: int) -> bool:
        task = self.graph.task(node)
        return task.slots > self.free or any(amount > self.left(pool) for pool, amount in task.pools)

    def check_that_work_is_conserved(self) -> None:
        assert all(self.left(pool.name) >= 0 for pool in self.graph.pools), "a pool is exceeded"
        kept_for = self.traversal.state.kept_for
        assert kept_for < 0 or self.running, "something is kept, but nothing can become free"
        for node in self.waiting() if not self.line else ():
            held_back = kept_for >= 0 and self.ranks[node] > self.ranks[kept_for]
            assert held_back or self.lacks(node), f"n{node} could start"

    def check_the_bound(self) -> None:
        """Check that a node that is first in order waits no longer than a typical attempt and a few others.

        What it wants is kept from the end of a typical attempt on. Then its pools become free, then its slots.
        Submitted attempts may begin at either moment.
        """
        waiting = self.waiting()
        first = waiting[0] if waiting else None
        urgent = [at for node, at in self.began.items() if first is not None and self.ranks[node] < self.ranks[first]]
        self.held_up = {} if first is None else {first: max([self.held_up.get(first, self.now), *urgent])}
        for since in self.held_up.values():
            bound = self.longest_typical + (4 if self.graph.pools else 2) * max(self.seconds)
            assert self.now - since <= bound, f"n{first} waits for {self.now - since} s"


durations = st.sampled_from([0.01, 0.1, 1.0, 1.0, 2.0, 7.0])


GPU, MEM = Pool("gpu", 2), Pool("mem", 32, 1000)
WANTS = [(), (), (("gpu", 1),), (("gpu", 2),), (("mem", 8),), (("mem", 30),), (("gpu", 1), ("mem", 20))]


@st.composite
def loads(draw: st.DrawFn, pools: bool = False) -> VirtualRun:
    """Return layers of many narrow and some wide nodes, which may want pools."""
    count = draw(st.integers(2, 40))
    slots = [draw(st.sampled_from([1, 1, 1, 1, 2, 3, 6])) for _ in range(count)]
    parents = [(draw(st.integers(0, child - 1)), child) for child in range(1, count) if draw(st.booleans())]
    wants = [draw(st.sampled_from(WANTS)) if pools else () for _ in range(count)]
    tasks = [Task(f"n{i}", slots=slots[i], pools=wants[i]) for i in range(count)]
    graph = Graph([task.name for task in tasks], sorted(parents), tasks=tasks)
    graph.pools = (GPU, MEM) if pools else ()
    seconds = draw(st.lists(durations, min_size=count, max_size=count))
    return VirtualRun(graph, seconds, draw(st.integers(1, 5)), draw(st.sampled_from([0, 64])))


@settings(derandomize=True, database=None, deadline=None, max_examples=120)
@given(loads())
def test_work_is_conserved_and_no_wide_node_waits_beyond_the_bound(run: VirtualRun) -> None:
    run.go()


@settings(derandomize=True, database=None, deadline=None, max_examples=120)
@given(loads(pools=True))
def test_pools_are_never_exceeded_and_no_node_waits_for_them_beyond_the_bound(run: VirtualRun) -> None:
    run.go()


def narrow_and_wide(count: int) -> Graph:
    """Return a node of two slots on a long path that becomes ready while narrow ones take turns on two slots."""
    chain = ">".join(["s", "big", *(f"c{i}" for i in range(30))])
    return dag(f"{chain} {' '.join(f'n{i}' for i in range(count))}", big=WIDE)


def test_a_wide_node_does_not_wait_for_all_narrow_ones() -> None:
    graph = narrow_and_wide(40)
    seconds = [0.2 if label[0] != "n" else 0.1 + int(label[1:]) / 100 for label in graph.labels]
    run = VirtualRun(graph, seconds, 2, 64)
    run.go()
    big, last = graph.node("big"), max(run.began.values())
    assert run.began[big] < 1.5 < last


@pytest.mark.parametrize(("slots", "jobs"), [(1, 66), (3, 4)])
@pytest.mark.parametrize("lookahead", [0, 64])
def test_a_node_that_wants_a_whole_pool_does_not_wait_for_all_that_want_a_part(
    slots: int, jobs: int, lookahead: int
) -> None:
    """Beside nodes that want no pool, which go on while it waits for its pool."""
    graph = narrow_and_wide(40)
    others = [f"o{number}" for number in range(60)]
    wants = {"b": (("gpu", 2),), "n": (("gpu", 1),)}
    tasks = [Task(label, slots=slots if label == "big" else 1, pools=wants.get(label[0], ())) for label in graph.labels]
    edges = [(parent, child) for parent in graph.nodes for child in graph.children(parent)]
    graph = with_pools(Graph([*graph.labels, *others], edges, tasks=[*tasks, *map(Task, others)]))
    seconds = [0.3 if label == "n0" else 0.2 for label in graph.labels]  # the two GPUs never become free at once
    run = VirtualRun(graph, seconds, jobs, lookahead)
    run.go()
    big = run.began[graph.node("big")]
    # Ready from 0.2 s on: a typical attempt of 1 s at most, then the longest one for the pool, and one for slots.
    assert big < 0.2 + 1.0 + 2 * max(seconds) < max(run.began.values())
    assert big < sorted(run.began[graph.node(f"n{number}")] for number in range(40))[20]


def kept_back() -> Scene:
    """Return a scene of three slots, in which `wide` was passed over for a second, so that free slots are kept."""
    scene = Scene(dag("s>wide>x>y>z a b c d e f g", wide={"slots": 3}), jobs=3)
    scene.start("s", "a", "b")
    scene.tick(1)
    scene.end("s")
    scene.start("c")
    scene.tick(1)
    scene.end("a")
    return scene


def test_what_becomes_free_is_kept_for_it() -> None:
    scene = kept_back()
    assert scene.starts() == []
    assert scene.graph.labels[scene.state.kept_for] == "wide"
    scene.end("b")
    assert scene.starts() == []
    scene.end("c")
    assert scene.starts() == ["wide"]
    assert scene.state.kept_for == -1


def test_it_is_said_what_it_wants_and_why_others_wait() -> None:
    scene = kept_back()
    assert why(scene.state, scene.graph.node("wide"), scene.now) == "wants 3 slots, 1 free"
    assert why(scene.state, scene.graph.node("d"), scene.now) == "waits for a slot: 1 free is reserved for wide"


@pytest.mark.parametrize("kind", [CommandKind.CANCEL, CommandKind.SKIP])
def test_nothing_is_kept_for_a_node_that_will_not_run(kind: CommandKind) -> None:
    scene = kept_back()
    scene.command(kind, "wide")
    assert len(scene.starts()) == 1
    assert scene.state.kept_for == -1


def test_nothing_is_kept_for_a_node_that_will_never_fit() -> None:
    scene = Scene(dag("s>wide>x>y>z a b c d", wide=WIDE, a={"grace": 0.0}), jobs=2)
    scene.start("s", "a")
    scene.command(CommandKind.CANCEL, "a")
    scene.tick(UNKILLABLE_AFTER)
    scene.end("s")
    for label in "bcd":
        assert scene.starts() == [label]
        scene.tick(1)
        scene.run(label)
    assert scene["wide"] is NodeStatus.READY
    assert scene.traversal.stuck


def test_it_starts_at_once_when_there_are_more_slots() -> None:
    scene = kept_back()
    scene.command(CommandKind.SET_JOBS, jobs=5)
    assert scene.starts() == ["wide"]


def test_a_pause_keeps_nothing() -> None:
    scene = kept_back()
    scene.command(CommandKind.PAUSE)
    assert scene.state.kept_for == -1
    scene.command(CommandKind.RESUME)
    assert (scene.starts(), scene.graph.labels[scene.state.kept_for]) == ([], "wide")


def test_what_is_more_urgent_still_goes_first() -> None:
    scene = Scene(dag("s>wide>x>y u>v>w>a>b>c>d>e m n o", wide=WIDE), jobs=2)
    assert scene.submitted() == {"u", "s"}
    scene.start("u", "s")
    scene.tick(1)
    scene.end("s")
    scene.start("m")
    scene.tick(1)
    scene.end("u")
    assert scene.starts() == ["v"], "its path is longer"


def test_what_wants_more_than_there_is_does_not_starve_either() -> None:
    scene = Scene(dag("s>wide>x>y>z a b c d e", wide={"slots": 9}), jobs=2)
    scene.start("s", "a")
    scene.end("s")
    scene.start("b")
    scene.tick(1)
    scene.end("a")
    assert scene.starts() == []
    scene.end("b")
    assert scene.starts() == ["wide"]


def test_attempts_submitted_ahead_are_withdrawn() -> None:
    names = [f"n{i}" for i in range(40)]
    scene = Scene(dag(f"s>wide>x>y>z {' '.join(names)}", wide=WIDE), jobs=2)
    for _ in range(40):
        scene.traversal._learn(0.001)
    scene.start("s", "n0")
    scene.end("n0", seconds=0.001)
    assert len(scene.submitted()) > 5
    scene.start("n1")
    scene.end("s", seconds=0.001)
    scene.tick(1)
    assert set(scene.withdraws()) == scene.submitted()
    scene.withdrawn(*scene.submitted())
    assert scene.starts() == []
    scene.end("n1", seconds=0.001)
    assert scene.starts()[0] == "wide"


def test_nothing_is_asked_back_for_a_narrow_node() -> None:
    scene = Scene(dag(" ".join(f"n{i}" for i in range(200))), jobs=2)
    for _ in range(40):
        scene.traversal._learn(0.001)
    for number in range(9):
        scene.start(f"n{number}")
        scene.tick(1)
        scene.end(f"n{number}", seconds=0.001)
        assert (scene.withdraws(), scene.state.kept_for) == ([], -1)


def with_pools(graph: Graph) -> Graph:
    graph.pools = (GPU, MEM)
    return graph


def sharing_gpus() -> Scene:
    """Return a scene in which `both` was passed over for a second by nodes that take one of two GPUs."""
    one, two = {"pools": (("gpu", 1),)}, {"pools": (("gpu", 2),)}
    graph = dag("s>both>x>y>z a b c d e f", both=two, a=one, b=one, c=one)
    scene = Scene(with_pools(graph), jobs=4)
    scene.start("s", "a", "b", "d")
    scene.tick(1)
    scene.end("s")
    scene.end("a")
    assert scene.starts() == ["c"]
    scene.start("c")
    scene.tick(1)
    return scene


def test_what_becomes_free_of_a_pool_is_kept_but_slots_are_not() -> None:
    scene = sharing_gpus()
    assert why(scene.state, scene.graph.node("both"), scene.now) == "wants 2 gpu, 0 of 2 free"
    scene.end("b")
    assert scene.graph.labels[scene.state.kept_for] == "both"
    assert why(scene.state, scene.graph.node("both"), scene.now) == "wants 2 gpu, 1 of 2 free"
    assert "f" in scene.begun + scene.starts() or "f" in scene.submitted(), "it takes no GPU"
    scene.end("c")
    assert scene.starts() == ["both"]


def test_what_is_reserved_of_a_pool_is_said() -> None:
    scene = Scene(with_pools(dag("s>both>x>y>z a b c d", **pools_of(both=2, a=1, b=1, c=1, d=1))), jobs=9)
    scene.start("s", "a", "b")
    scene.end("s")
    scene.end("a")
    scene.start("c")
    scene.tick(1)
    scene.end("b")
    assert why(scene.state, scene.graph.node("d"), scene.now) == "wants 1 gpu: what is free is reserved for both"


def pools_of(**amounts: int) -> dict[str, dict[str, object]]:
    return {name: {"pools": (("gpu", amount),)} for name, amount in amounts.items()}


def test_ready_nodes_that_want_a_full_pool_are_not_looked_at_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    count = 2000
    graph = dag(" ".join(["a", *(f"n{i}" for i in range(count)), *(f"c{i}" for i in range(50))]))
    tasks = [Task(task.name, pools=(("gpu", 2),) if task.name[0] != "c" else ()) for task in graph.tasks]
    scene = Scene(with_pools(Graph(graph.labels, [], tasks=tasks)), jobs=3)
    looked_at = 0
    startable = Traversal._startable

    def counted(self: Traversal, node: int) -> bool:
        nonlocal looked_at
        looked_at += 1
        return startable(self, node)

    monkeypatch.setattr(Traversal, "_startable", counted)
    for number in range(40):
        scene.run(f"c{number}")
    assert looked_at < 40 * 20
