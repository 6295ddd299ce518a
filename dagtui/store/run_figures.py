"""What each node took in the last runs of a graph: one small file for each run, in columns.

A run writes only its own file, and replaces it in one step. So runs that end at the same time, a crash, a full disk or
a file system without locks never cost what other runs left.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
from array import array
from functools import cached_property
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple, Self
from zlib import crc32

from dagtui.engine.messages import Usage
from dagtui.engine.status import NodeStatus
from dagtui.store.errors import StoreError
from dagtui.store.files import check_folder, make_folder, open_file, replace_file
from dagtui.store.paths import folder_with_runs, make_graph_folder
from dagtui.text.amounts import WallTime

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from dagtui.text.amounts import Seconds

FOLDER: Final = "history"
KEPT_RUNS: Final = 50
"""The number of runs whose figures are kept."""
MOST_NODES: Final = 200_000
"""The most nodes whose figures a run leaves."""
_MOST_BYTES: Final = 64_000_000
"""The size of all files together beyond which the oldest are removed."""
_ENDING: Final = ".figures"
_MAGIC: Final = b"dagtui figures 1\n"
_LARGEST: Final = 64_000_000
"""The size in bytes up to which a file is read."""
_HEAD: Final = 4_096
"""The bytes in which the head of a file ends."""
_UNKNOWN: Final = -1.0
_COLUMNS: Final[Mapping[str, str]] = {
    "outcome": "B",
    "attempts": "H",
    "failures": "H",
    "seconds": "f",
    "cpu": "f",
    "memory": "f",
    "read": "f",
    "written": "f",
}
"""The columns, with the codes of their types in `array`."""
_MOST_COUNTED: Final = 65_535


class NodeFigures(NamedTuple):
    """What a node took in one run."""

    outcome: NodeStatus
    """Its status at the end of the run."""
    attempts: int = 0
    """How many attempts of it ended in this run. 0: nothing was executed."""
    failures: int = 0
    """How many of them failed."""
    seconds: Seconds = 0.0
    """How long the last of them took."""
    usage: Usage | None = None
    """What the last of them used. None: not known."""


class RunFigures:
    """The figures of one run. Columns are read as a whole, single nodes by their label."""

    def __init__(
        self,
        number: int,
        began: WallTime,
        active: Seconds,
        verdict: str,
        names: NodeNames,
        series: Mapping[str, array[int] | array[float]],
    ) -> None:
        """`active` are the seconds that the run was active, and `verdict` the word of the journal."""
        self.number, self.began, self.active, self.verdict = number, began, active, verdict
        self.names = names
        self.outcomes, self.attempts, self.failures = series["outcome"], series["attempts"], series["failures"]
        self.seconds, self.cpu, self.memory = series["seconds"], series["cpu"], series["memory"]
        self.series = series

    @classmethod
    def of(
        cls, number: int, began: WallTime, active: Seconds, verdict: str, nodes: Iterable[tuple[str, NodeFigures]]
    ) -> Self:
        """Return the figures of nodes, given by their labels."""
        made = list(nodes)
        return cls.of_rows(number, began, active, verdict, [name for name, _ in made], [row_of(one) for _, one in made])

    @classmethod
    def of_rows(
        cls,
        number: int,
        began: WallTime,
        active: Seconds,
        verdict: str,
        labels: Sequence[str],
        rows: Sequence[tuple[float, ...]],
    ) -> Self:
        """Return the same, given as rows of numbers."""
        packed = zip(*rows, strict=True) if rows else ((),) * len(_COLUMNS)
        series = {name: _column(code, values) for (name, code), values in zip(_COLUMNS.items(), packed, strict=True)}
        return cls(number, began, active, verdict, NodeNames.of(labels), series)

    def at(self, place: int) -> NodeFigures:
        """Return the figures of the node at a place among `names`."""
        series = self.series
        usage = None
        if series["cpu"][place] >= 0:
            amounts = (round(series[name][place]) for name in ("memory", "read", "written"))
            usage = Usage(series["cpu"][place], *amounts)
        status, attempts, failures = (int(column[place]) for column in (self.outcomes, self.attempts, self.failures))
        return NodeFigures(NodeStatus(status), attempts, failures, self.seconds[place], usage)

    def node(self, name: str) -> NodeFigures | None:
        """Return the figures of a node. None: it was no part of this run."""
        place = self.names.places.get(name)
        return None if place is None else self.at(place)


def row_of(figures: NodeFigures) -> tuple[float, ...]:
    """Return figures as a row of numbers, in the order of the columns."""
    counts = (min(amount, _MOST_COUNTED) for amount in (figures.attempts, figures.failures))
    return (int(figures.outcome), *counts, figures.seconds, *(figures.usage or (_UNKNOWN,) * 4))


class NodeNames:
    """The labels of the nodes of a run, in the order of the columns. Runs of the same nodes share them."""

    def __init__(self, written: bytes) -> None:
        self.written = written

    @classmethod
    def of(cls, labels: Sequence[str]) -> Self:
        """Return the names of labels."""
        text = "\n".join(labels)
        if "\\" in text or text.count("\n") >= max(1, len(labels)):
            text = "\n".join(map(_escaped, labels))
        return cls(text.encode("utf-8", "surrogatepass"))

    @cached_property
    def labels(self) -> list[str]:
        """The labels. Raises ValueError for what is damaged."""
        if not self.written:
            return []
        found = self.written.decode("utf-8", "surrogatepass").split("\n")
        return [_unescaped(name) for name in found] if b"\\" in self.written else found

    @cached_property
    def places(self) -> Mapping[str, int]:
        """The place of each label."""
        return {name: place for place, name in enumerate(self.labels)}


def read_runs(graph_path: Path, most: int = KEPT_RUNS) -> Sequence[RunFigures]:
    """Return the figures of the last runs, oldest first. What is damaged counts as not there."""
    known: dict[tuple[int, int], NodeNames] = {}
    found: list[RunFigures] = []
    folder = folder_with_runs(graph_path) / FOLDER
    try:
        check_folder(folder)
    except StoreError:
        return found
    for path in _files(folder)[-most:]:
        with contextlib.suppress(OSError, StoreError, ValueError, KeyError, TypeError, OverflowError, RecursionError):
            found.append(_read(Path(path), known))
    return found


def check_figures(graph_path: Path) -> None:
    """Raise StoreError if the folder of the figures is there and can't be used."""
    folder = folder_with_runs(graph_path) / FOLDER
    if os.path.lexists(folder):
        check_folder(folder)


def write_run(graph_path: Path, figures: RunFigures) -> None:
    """Leave the figures of a run, and remove those of the oldest ones. Raises StoreError."""
    folder = make_graph_folder(graph_path) / FOLDER
    make_folder(folder)
    replace_file(folder / f"{_stem(figures)}{_ENDING}", _written(figures))
    for path in _surplus(_files(folder)):
        with contextlib.suppress(OSError):  # another run has removed it
            os.unlink(path)


def has_figures(graph_path: Path, number: int) -> bool:
    """Return whether a run has left figures."""
    ending = f"-{number}{_ENDING}"
    return any(path.endswith(ending) for path in _files(folder_with_runs(graph_path) / FOLDER))


def is_full(graph_path: Path) -> bool:
    """Return whether the figures of one more run would cost those of the oldest one."""
    sizes = [_size(path) for path in _files(folder_with_runs(graph_path) / FOLDER)]
    return len(sizes) >= KEPT_RUNS or sum(sizes) + max(sizes, default=0) > _MOST_BYTES


def _size(path: str) -> int:
    try:
        return os.lstat(path).st_size
    except OSError:  # another run has removed it
        return 0


def _stem(figures: RunFigures) -> str:
    """Return the name of a run's file. Numbers may be used again once all runs were removed."""
    return f"{max(0, int(figures.began)):012d}-{figures.number}"


def _files(folder: Path) -> list[str]:
    """Return the paths of the files, oldest first."""
    try:
        return sorted([os.path.join(folder, name) for name in os.listdir(folder) if name.endswith(_ENDING)])
    except OSError:
        return []


def _surplus(files: Sequence[str]) -> Iterator[str]:
    """Yield the files beyond the number and the size that are kept. The newest one always stays."""
    kept = size = 0
    for path in reversed(files):
        size += _size(path)
        if kept and (kept >= KEPT_RUNS or size > _MOST_BYTES):
            yield path
        else:
            kept += 1


def _written(figures: RunFigures) -> bytes:
    names = figures.names.written
    series = b"".join(column.tobytes() for column in figures.series.values())
    head = {
        "run": figures.number,
        "began": round(float(figures.began), 3),
        "active": round(figures.active, 3),
        "verdict": figures.verdict,
        "order": sys.byteorder,
        "names": len(names),
        "nodes": len(figures.outcomes),
        "columns": list(_COLUMNS),
        "names_check": crc32(names),
        "check": crc32(series),
    }
    return b"".join([_MAGIC, json.dumps(head).encode(), b"\n", names, series])


def _read(path: Path, known: dict[tuple[int, int], NodeNames]) -> RunFigures:
    """Return the figures in a file. Raises ValueError, KeyError or TypeError for what is damaged, else as `open_file`.

    Names are read once for all runs that have the same ones, because most have.
    """
    descriptor = open_file(path, os.O_RDONLY)
    try:
        size, start = os.fstat(descriptor).st_size, os.pread(descriptor, _HEAD, 0)
        end = start.find(b"\n", len(_MAGIC)) + 1
        _check(start.startswith(_MAGIC) and end > 0 and size <= _LARGEST)
        head = json.loads(start[len(_MAGIC) : end])
        length, nodes = int(head["names"]), int(head["nodes"])
        _check(0 <= length <= size)
        key = length, int(head["names_check"])
        if key not in known:
            written = _whole(descriptor, end, length)
            _check(crc32(written) == head["names_check"])
            known[key] = NodeNames(written)
        packed = _whole(descriptor, end + length, max(0, size - end - length))
    finally:
        os.close(descriptor)
    names = known[key]
    _check(crc32(packed) == head["check"] and len(names.labels) == nodes)
    series = _unpacked(packed, nodes, head["columns"], swapped=head["order"] != sys.byteorder)
    began, active, verdict = WallTime(float(head["began"])), float(head["active"]), str(head["verdict"])
    _check(isfinite(began) and isfinite(active))
    return RunFigures(int(head["run"]), began, active, verdict, names, series)


def _whole(descriptor: int, offset: int, size: int) -> bytes:
    """Return bytes of a file up to its end. A single read may return less."""
    data = os.pread(descriptor, size, offset)
    while len(data) < size and (more := os.pread(descriptor, size - len(data), offset + len(data))):
        data += more
    return data


def _unpacked(
    packed: bytes, nodes: int, columns: Sequence[str], *, swapped: bool
) -> dict[str, array[int] | array[float]]:
    """Return columns. `swapped`: they were written on a machine with the other order of bytes."""
    series: dict[str, array[int] | array[float]] = {}
    view, at = memoryview(packed), 0
    for name in columns:
        column = series[name] = array(_COLUMNS[name])
        until = at + nodes * column.itemsize
        column.frombytes(view[at:until])
        if swapped:
            column.byteswap()
        _check(len(column) == nodes)
        at = until
    _check(_STATUSES.issuperset(set(series["outcome"])))
    return series


def _check(holds: bool) -> None:
    if not holds:
        raise ValueError("damaged, or written by a later dagtui")


_STATUSES: Final = frozenset(map(int, NodeStatus))


def _column(code: str, values: Iterable[float]) -> array[int] | array[float]:
    return array(code, values) if code == "f" else array(code, map(int, values))


def _escaped(name: str) -> str:
    return name.replace("\\", "\\\\").replace("\n", "\\n") if "\n" in name or "\\" in name else name


def _unescaped(name: str) -> str:
    if "\\" not in name:
        return name
    return "\\".join(part.replace("\\n", "\n") for part in name.split("\\\\"))
