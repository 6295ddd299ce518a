"""A run that is played by hand, with real log files if it has a directory."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from support.adopted_run import BEGAN, NOWHERE, AdoptedRun, adopted_run
from support.gates import questions

from dagtui.engine.events import RunEvent
from dagtui.engine.messages import NO_OUTPUTS, Command, CommandKind, Ended, EndKind, Remark, Started, Usage
from dagtui.engine.traversal import Traversal

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from dagtui.graph.model import Graph


class PlayedRun:
    """Plays a run for its events. What nodes print goes to the files in which the screen looks for it."""

    def __init__(
        self, graph: Graph, directory: Path | None = None, jobs: int = 4, targets: tuple[str, ...] | None = None
    ) -> None:
        self.graph = graph
        self.directory = directory
        self.jobs = jobs
        self.now = 0.0
        self.traversal = Traversal(graph, jobs)
        self.traversal.question = questions(graph)
        if targets is not None:
            nodes = tuple(map(graph.node, targets))
            self.traversal.emit(RunEvent(self.now, "started", jobs=jobs, targets=nodes, named=targets))
        self.traversal.begin(self.now)
        self._paths = adopted_run(graph, (), 0.0, directory or NOWHERE)

    def start(self, *labels: str, after: float = 0.0) -> None:
        self.now += after
        for label in labels:
            self.traversal.handle(Started(*self._attempt(label)), self.now)

    def end(
        self,
        label: str,
        value: int = 0,
        *,
        kind: EndKind = EndKind.EXIT,
        text: str = "",
        after: float = 3.0,
        left: int = 0,
        outputs: Mapping[str, str] = NO_OUTPUTS,
        remark: str = "",
        usage: Usage | None = None,
    ) -> None:
        self.now += after
        node, attempt = self._attempt(label)
        if remark:
            self.traversal.handle(Remark(node, attempt, remark), self.now)
        end = Ended(node, attempt, kind, value, text, after, left=left, outputs=outputs, usage=usage)
        self.traversal.handle(end, self.now)

    def run(self, *labels: str, value: int = 0) -> None:
        for label in labels:
            self.start(label)
            self.end(label, value)

    def give(self, kind: CommandKind, *labels: str) -> None:
        self.traversal.handle(Command(kind, tuple(map(self.graph.node, labels))), self.now)

    def wake(self, after: float) -> None:
        """Time passes, and what is due happens."""
        self.now += after
        self.traversal.wake(self.now)

    def prints(self, label: str, data: bytes, attempt: int | None = None) -> Path:
        """More output of a node; returns the file."""
        node, latest = self._attempt(label)
        path = self._paths.log_path(node, attempt or latest)
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("ab") as file:
            file.write(data)
        return path

    def prints_at(self, label: str, *lines: tuple[float, str]) -> Path:
        """A node prints lines, each at a time on the run's clock; returns the file."""
        path = self.prints(label, b"")
        times = []
        for at, text in lines:
            times.append((path.stat().st_size, BEGAN + at))
            self.prints(label, f"{text}\n".encode())
        write_times(path, times)
        return path

    def session(self, clock: float | None = None, **options: object) -> AdoptedRun:
        events = self.traversal.take()[0]
        now = self.now if clock is None else clock
        return adopted_run(self.graph, events, now, self.directory or NOWHERE, jobs=self.jobs, **options)

    def _attempt(self, label: str) -> tuple[int, int]:
        node = self.graph.node(label)
        return node, self.traversal.state.attempt[node]


def write_times(log: Path, times: list[tuple[int, float]]) -> None:
    """The file beside a log that says which byte was written when."""
    records = b"".join(struct.pack("<Qd", offset, at) for offset, at in times)
    log.with_name(log.name + ".times").write_bytes(records)


def lines(first: int, last: int) -> bytes:
    """Numbered lines of output."""
    return b"".join(b"line %d\n" % number for number in range(first, last + 1))
