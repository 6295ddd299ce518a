"""The lines of all logs of a run that match a pattern, node by node."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from itertools import chain, groupby
from typing import TYPE_CHECKING, NamedTuple

from dagtui.engine.messages import FIRST_ATTEMPT, AttemptNumber
from dagtui.runs.processors import processors
from dagtui.store.errors import StoreError
from dagtui.store.forked_search import UnreadableLogError, search_logs
from dagtui.store.journal_scan import scan_journal
from dagtui.store.log_index import attempts_on_disk

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from dagtui.store.directory import RunDirectory
    from dagtui.store.log_queries import Query
    from dagtui.store.run_search import MatchingLine

Searched = Callable[[int, int], object]
"""Gets the number of all logs, and how many of them were searched."""


class MatchingLog(NamedTuple):
    """A log that has matching lines."""

    node: str
    """The node's label."""
    attempt: AttemptNumber
    lines: Iterator[MatchingLine]
    """At least one."""


def search_run(
    run: RunDirectory, query: Query, nodes: Collection[str] | None, searched: Searched = lambda *_: None
) -> Iterator[MatchingLog]:
    """Yield the logs of a run with matching lines, in the order in which nodes began. None: of all nodes.

    `searched` gets the number of logs that were searched, and that of all, as the search goes on.
    Raises StoreError if the run's record or a log can't be read.
    """
    logs = [
        (node, AttemptNumber(number))
        for node, last in _attempts(run, nodes)
        for number in range(FIRST_ATTEMPT, last + 1)
    ]
    found = search_logs(
        len(logs), lambda log: run.log_path(*logs[log]), query, processors(), partial(searched, len(logs))
    )
    try:
        for log, lines in groupby(found, key=lambda one: one.log):
            node, attempt = logs[log]
            yield MatchingLog(node, attempt, chain.from_iterable(one.lines for one in lines))
    except UnreadableLogError as unreadable:
        path = run.log_path(*logs[unreadable.log])
        raise StoreError.of("read the log", path, unreadable.error) from unreadable.error


def _attempts(run: RunDirectory, nodes: Collection[str] | None) -> Iterator[tuple[str, AttemptNumber]]:
    """Yield the nodes that have begun, with the numbers of their last attempts, also of an unreadable record."""
    try:
        records = scan_journal(run.journal_path).nodes
    except StoreError:
        if nodes is None:
            raise
        for node in nodes:
            yield node, max(attempts_on_disk(run.log_path(node, FIRST_ATTEMPT)), default=AttemptNumber(0))
        return
    chosen = None if nodes is None else frozenset(nodes)
    for node, record in records.items():
        if chosen is None or node in chosen:
            yield node, record.attempt
