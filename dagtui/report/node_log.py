"""Find and print the log of one node, and follow it as it grows."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dagtui.engine.messages import FIRST_ATTEMPT, NO_ATTEMPT, AttemptNumber
from dagtui.engine.rules.commands import ADDED_BY_RETRY
from dagtui.engine.status import SETTLED_NAMES, NodeStatus
from dagtui.graph.errors import GraphError
from dagtui.graph.matrix.selection import ChoiceError, chosen_nodes
from dagtui.runs.wording import with_reason
from dagtui.store.errors import StoreError
from dagtui.store.journal import JournalFollower
from dagtui.store.journal_scan import last_record, scan_journal
from dagtui.store.log_index import attempts_on_disk
from dagtui.store.log_stream import LogStream
from dagtui.text import count, label

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from dagtui.store.directory import RunDirectory

LOOK_EVERY = 0.1
"""Seconds between two checks of a followed log."""
QUIET = 0.3
"""Seconds without output after which the log of an ended attempt counts as complete."""
LISTED = 10
"""Most alternatives named if several nodes match."""


@dataclass(frozen=True, slots=True)
class NodeLog:
    """The log of one attempt."""

    run: RunDirectory
    node: str
    """The node's label."""
    attempt: AttemptNumber
    """0 if none has started."""
    status: str
    """The name of the node's last status. Empty if nothing happened to it."""

    @property
    def path(self) -> Path:
        """The path of the log, whether it exists or not."""
        return self.run.log_path(self.node, self.attempt or FIRST_ATTEMPT)


def find_log(run: RunDirectory, words: str, attempt: AttemptNumber | None) -> NodeLog:
    """Find the log of a node's given or last attempt. Raises StoreError and ChoiceError.

    The graph is the one of the run, however its file has changed since. It is read only if the words are not a label in
    the journal.
    """
    trouble: StoreError | None = None
    try:
        nodes = scan_journal(run.journal_path).nodes
    except StoreError as error:
        nodes, trouble = {}, error
    node = words if words in nodes else _label(run, words)
    record = nodes.get(node)
    last = record.attempt if record is not None else NO_ATTEMPT
    if trouble is not None or last == 0:
        last = max([last, *attempts_on_disk(run.log_path(node, FIRST_ATTEMPT))])
    if attempt is not None and attempt > last:
        had = "no attempt has started" if last == 0 else f"the last attempt is {last}"
        raise StoreError(f"{label(node)} has no attempt {attempt} in run {run.number}: {had}")
    return NodeLog(run, node, attempt or last, record.status if record is not None else "")


def nodes_of(run: RunDirectory, words: str) -> list[str]:
    """Return the labels of the nodes of a run that a name, a pattern or a selector means.

    Raises StoreError and ChoiceError.
    """
    from dagtui.graph.loading import load_recorded

    if not run.has_graph():
        if attempts_on_disk(run.log_path(words, FIRST_ATTEMPT)):
            return [words]
        raise StoreError(f"can't list the nodes of run {run.number}: its graph {label(run.graph_path, 1000)} is gone")
    try:
        graph = load_recorded(run.graph_path)
    except GraphError as error:
        raise StoreError(str(error)) from error
    return [graph.labels[node] for node in chosen_nodes(graph, [words])]


def _label(run: RunDirectory, words: str) -> str:
    found = nodes_of(run, words)
    if len(found) == 1:
        return found[0]
    lines = [f"{label(words)} means {count(len(found))} nodes; name one of them:"]
    lines += [f"  {label(node)}" for node in found[:LISTED]]
    if len(found) > LISTED:
        lines.append(f"  and {count(len(found) - LISTED)} more")
    raise ChoiceError("\n".join(lines))


def _is_outside(log: NodeLog) -> bool:
    """Return whether a node is not part of its run. False if its record can't be read."""
    from dagtui.runs.following import read_run

    try:
        run = read_run(log.run, log.run.graph_path)
    except StoreError:
        return False
    node = run.graph.find(log.node)
    return node is not None and run.state.is_outside(node)


def why_silent(log: NodeLog) -> str:
    """Say in one line why there is nothing to print."""
    name = label(log.node)
    try:
        record = last_record(log.run.journal_path, log.node) or {}
    except StoreError as error:
        return f"{name} left no log in run {log.run.number}, and its status is unknown: {error}"
    if not record and _is_outside(log):
        return f"{name} is {ADDED_BY_RETRY}"
    reason = label(record.get("why", ""))
    status = str(record.get("status", ""))
    if record.get("cause") in {"asks", "answered", "rejected"}:
        verb = "asks" if status == "READY" else "is a gate"
        return f"{name} {verb}: {reason}"
    said = with_reason(NodeStatus[status].word, reason) if status in NodeStatus.__members__ else "waits for its parents"
    if not log.attempt or status in {"FAILED_PARENT", "SKIPPED"}:
        return f"{name} has not started in run {log.run.number} ({said})"
    if record.get("attempt") != log.attempt:
        return f"{name}: attempt {log.attempt} printed nothing"
    if status in {"RUNNING", "CANCELLING"} and not log.run.is_live():
        return f"{name} printed nothing before run {log.run.number} was lost in attempt {log.attempt}"
    if status in {"RUNNING", "CANCELLING"}:
        return f"{name} has printed nothing yet, attempt {log.attempt} is running"
    if status == "READY":
        return f"{name} is about to start: {reason}" if reason else f"{name} is about to start"
    return f"{name} printed nothing, {said}"


def print_log(log: NodeLog, write: Callable[[bytes], None], last_lines: int | None) -> bool:
    """Print the log so far. Return whether there was anything. Raises StoreError."""
    stream = LogStream(log.path, last_lines)
    try:
        found = False
        while data := stream.read():
            found = True
            write(data)
        return found or (stream.exists and last_lines == 0)
    finally:
        stream.close()


class LogFollower:
    """Prints a node's log as it grows, attempt by attempt, until the node is settled or the run is over."""

    def __init__(self, log: NodeLog, last_lines: int | None, *, only: bool) -> None:
        """With `only`, print this one attempt."""
        self._log = log
        self._only = only
        self.attempt = log.attempt
        self._stream = LogStream(log.path, last_lines)
        self._journal = JournalFollower(log.run.journal_path)
        self._attempts = NO_ATTEMPT
        """The last attempt in the journal."""
        self._status = ""
        self._run_over = False

    def follow(self, write: Callable[[bytes], None], flush: Callable[[], None]) -> bool:
        """Print until the end. Return whether anything was printed. Raises StoreError."""
        found = False
        quiet_since: float | None = None
        while True:
            over = self._over()  # checked before reading, so that everything printed before is there
            if data := self._stream.read():
                found, quiet_since = True, None
                write(data)
                continue
            flush()
            now = time.monotonic()
            quiet_since = now if quiet_since is None else quiet_since
            if over and now - quiet_since >= QUIET:
                if not self._next_attempt():
                    break
                quiet_since = None
            time.sleep(LOOK_EVERY)  # a growing file sends no notification
        self._stream.close()
        self._journal.close()
        return found

    def _over(self) -> bool:
        """Return whether the attempt will not print any more."""
        while True:
            records = self._journal.poll()
            if records is None:
                self._attempts, self._status, self._run_over = NO_ATTEMPT, "", False
                continue
            for record in records:
                self._learn(record)
            if not records:
                break
        if not self._run_over and not self._log.run.is_live():
            self._run_over = True
        if self.attempt == 0 and self._attempts and not self._run_over:
            self._begin(self._attempts)
        if self._run_over or self._attempts > self.attempt:
            return True
        return self._status in SETTLED_NAMES or (self._status == "RETRYING" and self.attempt > 0)

    def _learn(self, record: dict[str, object]) -> None:
        if record.get("event") == "run":
            self._run_over = record.get("what") == "ended"
        elif record.get("event") == "node" and record.get("node") == self._log.node:
            attempt = record.get("attempt")
            self._attempts = AttemptNumber(attempt) if isinstance(attempt, int) else self._attempts
            self._status = str(record.get("status"))

    def _next_attempt(self) -> bool:
        """Move to the node's next attempt. Return False if there is none and none will follow by itself."""
        if self._only:
            return False
        if self._attempts > self.attempt:
            self._begin(self._attempts)
            return True
        return self._status == "RETRYING" and not self._run_over

    def _begin(self, attempt: AttemptNumber) -> None:
        self._stream.close()
        self.attempt = attempt
        self._stream = LogStream(self._log.run.log_path(self._log.node, attempt))
