"""The graph as the rest of the program sees it: tasks, nodes as integers, edges as flat arrays."""

from __future__ import annotations

import copy
import enum
from array import array
from dataclasses import dataclass, field
from itertools import chain
from operator import sub
from typing import TYPE_CHECKING, NewType, cast

from dagtui.graph.errors import CycleError
from dagtui.graph.flat_edges import flattened, parents_first
from dagtui.graph.gates import Gate
from dagtui.graph.made_often import dataclass_made_often
from dagtui.graph.run_settings import RunSettings

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from dagtui.graph.executors import ExecutorSettings, Resources
    from dagtui.graph.files.file_edges import FileEdges
    from dagtui.graph.indexed import Indexed
    from dagtui.graph.pools import Pool, Wants
    from dagtui.graph.services import Service
    from dagtui.text.amounts import Seconds

Value = str | int | float | bool
"""What a matrix axis, a placeholder or an element of a list can hold."""

ParameterValue = Value | tuple[Value, ...]
"""What a parameter can hold: a value, or a list of them."""

Cell = tuple[tuple[str, Value], ...]
"""One cell of a matrix: (axis, value) pairs in the order of the axes."""

NodeIndex = NewType("NodeIndex", int)
TaskIndex = NewType("TaskIndex", int)
NO_NODE = NodeIndex(-1)
"""The numbers of nodes and of tasks in their graph, from 0, and the number that stands for no node."""


LOCAL = "local"
"""The name of the executor that runs nodes on this machine. It needs no table."""
DEFAULT_SHELL = ("sh", "-e", "-c")
"""The shell that runs a command line if the file does not name another one."""


class Trigger(enum.Enum):
    """When a node may run, given how its parents settled."""

    ALL_SUCCESS = "all_success"
    NONE_FAILED = "none_failed"
    NONE_FAILED_MIN_ONE_SUCCESS = "none_failed_min_one_success"
    ANY_SUCCESS = "any_success"
    ANY_FAILED = "any_failed"
    ALL_DONE = "all_done"


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How often and when a failed attempt is followed by another. Times are in seconds."""

    retries: int = 0
    delay: Seconds = 1.0
    backoff: float = 1.0
    max_delay: float = 3600.0
    jitter: float = 0.0
    """The share of the delay, from 0 to 1, by which it may be longer or shorter."""
    exit_codes: tuple[int | str, ...] = ()
    """The ends that are retried, or every failure if empty. Signal n is 128 + n. Words: timeout, lost, outside."""
    lost: int | None = None
    """How often an attempt is repeated whose executor lost it. None: as any other failure, within `retries`."""
    outside: int | None = None
    """How often an attempt is repeated that something else than the run ended. None: within `retries`."""
    grow: Mapping[str, float] = field(default_factory=dict)
    """Factors by which amounts of `resources` grow with each attempt."""


@dataclass(frozen=True, slots=True)
class ShellCommand:
    """A command line for the task's shell, with its placeholders."""

    text: str


@dataclass(frozen=True, slots=True)
class ArgumentList:
    """A program and its arguments, started without a shell."""

    arguments: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PythonCall:
    """A Python function, called in an interpreter of its own."""

    target: str
    """`module:function`."""
    arguments: Mapping[str, object] = field(default_factory=dict)


Action = ShellCommand | ArgumentList | PythonCall | Gate | None
"""What a node does. None for nodes that only join edges, and for graphs made in Python."""


@dataclass(frozen=True, slots=True)
class Matrix:
    """The `matrix` of a task: a node for each combination of one value per axis, except for the excluded ones."""

    axes: tuple[tuple[str, tuple[Value, ...]], ...]
    exclude: tuple[Cell, ...] = ()
    """Combinations, or parts of them, that are left out."""
    rows: tuple[Cell, ...] = ()
    """The rows of a sheet, each of which is combined with the values of the axes."""
    include: tuple[Cell, ...] = ()
    """Values that are added to the combinations that they fit, and further cells."""
    sheet: str = field(default="", compare=False)
    """The file that the rows were read from, as the graph names it."""

    @property
    def is_listed(self) -> bool:
        """Whether the cells are more than the combinations of axes."""
        return bool(self.rows or self.include)


@dataclass_made_often(frozen=True, slots=True)
class Task:
    """One `[tasks.NAME]` table, with the defaults merged in."""

    name: str
    action: Action = None
    group: str = ""
    """The folder in the tree. Slashes nest."""
    doc: str = ""
    cwd: str = "."
    """The working directory, relative to the graph file."""
    env: Mapping[str, str] = field(default_factory=dict)
    """The variables of the graph, the defaults and the task, merged, with placeholders."""
    shell: tuple[str, ...] | None = None
    """The argv of the shell, or None for the default, `sh -e -c`."""
    retry: RetryPolicy = RetryPolicy()
    timeout: Seconds | None = None
    """Seconds that one attempt may take."""
    grace: Seconds = 5.0
    """Seconds from TERM to KILL."""
    slots: int = 1
    pools: Wants = ()
    service: Service | None = None
    trigger: Trigger = Trigger.ALL_SUCCESS
    is_finally: bool = False
    """Whether its nodes begin when all other nodes of the run are settled."""
    condition: str = ""
    """The expression of `if`, which must be true for a node to run. Empty: there is none."""
    allow_failure: bool = False
    line: int = 0
    """The line of the table's header in the file, from 1. 0 if unknown."""
    needs: tuple[str, ...] = ()
    """The tasks, cells, patterns and groups that come before, as written in the file."""
    inputs: tuple[str, ...] = ()
    """The files, patterns, folders and values in files that it reads, as written, relative to `cwd`."""
    outputs: tuple[str, ...] = ()
    """The files, patterns and folders that it writes, as written, relative to `cwd`."""
    matrix: Matrix | None = None
    default: bool = True
    """Whether it runs if no node is named."""
    tty: bool = False
    """Whether an attempt runs on a terminal of its own."""
    colour: bool = False
    """Whether attempts get the variables that make programs print colours without a terminal."""
    file: str = field(default="", compare=False)
    """The included file that it was read from, relative to the graph file. Empty: the graph file itself."""
    wrap: tuple[str, ...] = ()
    """The program and arguments that stand before the shell, the program or the interpreter, with placeholders."""
    executor: str = LOCAL
    """The name of the executor that its nodes run on."""
    stays_here: bool = field(default=False, compare=False)
    """Whether its own table says `executor = "local"`, which counts before an executor that a call names for all."""
    resources: Resources = field(default_factory=dict)
    """What an attempt asks its executor for: the executor's own resources, the defaults' and the task's, merged."""


def numbered_tasks(tasks: Iterable[Task]) -> Iterable[tuple[TaskIndex, Task]]:
    """Return each task with its number."""
    return cast("Iterable[tuple[TaskIndex, Task]]", enumerate(tasks))


class Graph:
    """A directed acyclic graph of nodes, which are the integers from 0 to `len(graph) - 1`.

    Parents and children of all nodes are stored in two flat integer arrays each (offsets and ends of edges): a million
    nodes cost tens of megabytes, and no algorithm over them recurses.

    Example:
        >>> graph = Graph.from_edges(["fetch", "train"], [("fetch", "train")])
        >>> [graph.labels[node] for node in graph.children(graph.node("fetch"))]
        ['train']
    """

    __slots__ = (
        "_child_ends",
        "_child_starts",
        "_index",
        "_parent_ends",
        "_parent_starts",
        "any_finally",
        "any_gates",
        "any_services",
        "any_wide",
        "cells",
        "digest",
        "directory",
        "executor_given",
        "executors",
        "file_edges",
        "given",
        "labels",
        "name",
        "order",
        "params",
        "path",
        "pools",
        "remarks",
        "settings",
        "sources",
        "task_of",
        "tasks",
        "variables",
    )

    def __init__(  # the fields of a graph, given by name
        self,
        labels: Sequence[str],
        edges: Iterable[tuple[NodeIndex, NodeIndex]],
        *,
        name: str = "graph",
        path: Path | None = None,
        directory: Path | None = None,
        tasks: Sequence[Task] | None = None,
        task_of: Iterable[TaskIndex] | None = None,
        cells: Sequence[Cell] | None = None,
        params: Mapping[str, ParameterValue] | None = None,
        given: Mapping[str, str] | None = None,
        settings: RunSettings | None = None,
    ) -> None:
        """Build the graph from nodes and edges. `load` and `from_edges` are the usual ways to get one.

        Args:
            labels: The label of each node, all different.
            edges: Distinct (parent, child) pairs of nodes.
            name: The name of the graph.
            path: The graph file.
            directory: The directory that relative paths start from.
            tasks: The tasks that the nodes were expanded from, by default one for each node.
            task_of: The task of each node, by default its own number.
            cells: The cell of each node in its task's matrix.
            params: The values of the parameters.
            given: The parameters that were given when the graph was read, as they were written.
            settings: The `[run]` table.

        Raises CycleError if the edges form a cycle, and ValueError if two nodes have the same label.
        """
        self.labels: list[str] = list(labels)
        self.name, self.path, self.directory = name, path, directory
        self.tasks: Indexed[TaskIndex, Task] = [Task(label) for label in self.labels] if tasks is None else list(tasks)
        self.any_wide = any(task.slots != 1 for task in self.tasks)
        """Whether any node needs more than one slot."""
        self.any_finally = any(task.is_finally for task in self.tasks)
        """Whether any node is a finally node."""
        self.any_services = any(task.service is not None for task in self.tasks)
        self.any_gates = any(isinstance(task.action, Gate) for task in self.tasks)
        self.task_of = cast("Indexed[NodeIndex, TaskIndex]", array("i", task_of or range(len(self.labels))))
        self.cells: Sequence[Cell] | None = cells
        self.params: Mapping[str, ParameterValue] = {} if params is None else params
        self.given: Mapping[str, str] = {} if given is None else given
        self.settings = RunSettings() if settings is None else settings
        self._have_no_files()
        self._index = _numbered(self.labels)
        self._link(edges)

    def _have_no_files(self) -> None:
        """Set what only reading the graph from files changes."""
        self.pools: tuple[Pool, ...] = ()
        self.executors: Mapping[str, ExecutorSettings] = {}
        """The executors that tasks run on besides the local one, by name."""
        self.executor_given = ""
        """The executor that the call named for all tasks. Empty: it named none."""
        self.variables: Mapping[str, str] = {}
        """The variables of the files that `run.env_file` names. Those that a run is started with count before them."""
        self.sources: Mapping[Path, bytes] = {}
        """The digests of the other files that were read: included ones, those of variables, and sheets."""
        self.remarks: tuple[str, ...] = ()
        """What of the included files does not count, for people."""
        self.digest = b""
        """The digest of the file that the graph was read from, or empty if it was not read from a file."""
        self.file_edges: FileEdges | None = None
        """The edges that only files make. None if there are none."""

    @classmethod
    def from_edges(cls, labels: Iterable[str], edges: Iterable[tuple[str, str]], *, name: str = "graph") -> Graph:
        """Build a graph from labels.

        Args:
            labels: The label of each node, all different.
            edges: Distinct (parent, child) pairs of labels.
            name: The name of the graph.

        Returns:
            The graph. Its nodes are numbered in the order of the labels.

        Raises CycleError if the edges form a cycle, KeyError if an edge has another label, and ValueError if two labels
        or two edges are the same.

        Example:
            >>> graph = Graph.from_edges(["fetch", "train"], [("fetch", "train")])
            >>> len(graph), graph.edge_count
            (2, 1)
        """
        names = list(labels)
        index = _numbered(names)
        pairs = [(index[parent], index[child]) for parent, child in edges]
        if len(set(pairs)) < len(pairs):
            raise ValueError("two edges are the same")
        return cls(names, pairs, name=name)

    def described(
        self,
        name: str,
        labels: list[str],
        tasks: list[Task],
        cells: Sequence[Cell] | None,
        params: Mapping[str, ParameterValue],
        given: Mapping[str, str],
    ) -> Graph:
        """Return the same nodes and edges with other texts. The labels must be different from each other."""
        other = copy.copy(self)
        other.name, other.labels, other.tasks, other.cells = name, labels, tasks, cells
        other.params, other.given = params, given
        other._index = _numbered(labels)
        return other

    def __len__(self) -> int:
        return len(self.labels)

    def __repr__(self) -> str:
        return f"<Graph {self.name!r}: {len(self)} nodes, {self.edge_count} edges>"

    @property
    def any_remote(self) -> bool:
        """Whether any task runs on another executor than the local one."""
        return bool(self.executors)

    @property
    def runs_everything(self) -> bool:
        """Whether all nodes run if none is named."""
        return not self.settings.default and all(task.default for task in self.tasks)

    @property
    def edge_count(self) -> int:
        """The number of edges."""
        return len(self._child_ends)

    @property
    def nodes(self) -> Sequence[NodeIndex]:
        """All nodes, in the order of the file."""
        return cast("Sequence[NodeIndex]", range(len(self.labels)))

    def node(self, label: str) -> NodeIndex:
        """Return the number of the node with that label. Raises KeyError."""
        return self._index[label]

    def find(self, label: str) -> NodeIndex | None:
        """Return the number of the node with that label, or None."""
        return self._index.get(label)

    def gate(self, node: NodeIndex) -> Gate | None:
        """Return what a node asks, or None if it is not a gate."""
        action = self.tasks[self.task_of[node]].action if self.any_gates else None
        return action if isinstance(action, Gate) else None

    def task(self, node: NodeIndex) -> Task:
        """Return the task that a node was expanded from."""
        return self.tasks[self.task_of[node]]

    def cell(self, node: NodeIndex) -> Cell:
        """Return the node's cell of its task's matrix, empty without a matrix."""
        return self.cells[node] if self.cells is not None else ()

    def parents(self, node: NodeIndex) -> Sequence[NodeIndex]:
        """Return the parents of a node, in the order of the file."""
        return self._parent_ends[self._parent_starts[node] : self._parent_starts[node + 1]]

    def children(self, node: NodeIndex) -> Sequence[NodeIndex]:
        """Return the children of a node, in the order of the file."""
        return self._child_ends[self._child_starts[node] : self._child_starts[node + 1]]

    def parent_count(self, node: NodeIndex) -> int:
        """Return the number of parents of a node."""
        return self._parent_starts[node + 1] - self._parent_starts[node]

    @property
    def parent_counts(self) -> list[int]:
        """The number of parents of each node."""
        return list(map(sub, self._parent_starts[1:], self._parent_starts))

    @property
    def flat_parents(self) -> tuple[Sequence[int], Sequence[NodeIndex]]:
        """Where the parents of each node begin, and the parents of all nodes. They are read only."""
        return self._parent_starts, self._parent_ends

    @property
    def flat_children(self) -> tuple[Sequence[int], Sequence[NodeIndex]]:
        """Where the children of each node begin, and the children of all nodes. They are read only."""
        return self._child_starts, self._child_ends

    def _link(self, edges: Iterable[tuple[NodeIndex, NodeIndex]]) -> None:
        count = len(self.labels)
        both = array("i", chain.from_iterable(edges))
        parents, children = both[::2], both[1::2]
        self._child_starts, child_ends = flattened(count, parents, children)
        self._parent_starts, parent_ends = flattened(count, children, parents)
        order = parents_first(self._parent_starts, self._child_starts, child_ends)
        self._child_ends = cast("Sequence[NodeIndex]", child_ends)
        self._parent_ends = cast("Sequence[NodeIndex]", parent_ends)
        self.order = cast("Sequence[NodeIndex]", order)
        """Every node, parents before children, otherwise in the order of the file."""
        if len(self.order) != count:
            from dagtui.graph.cycles import shortest_cycle

            sorted_out = frozenset(self.order)
            left = [node for node in self.nodes if node not in sorted_out]
            cycle = shortest_cycle(self.children, self.parents, left)
            raise CycleError(cycle, self.labels)


def _numbered(labels: Sequence[str]) -> dict[str, NodeIndex]:
    nodes = cast("dict[str, NodeIndex]", {label: node for node, label in enumerate(labels)})
    if len(nodes) != len(labels):
        raise ValueError("two nodes have the same label")
    return nodes
