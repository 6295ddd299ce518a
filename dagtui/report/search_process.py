"""Search all logs of a run in another process, so that a screen stays quick.

The process gets a request as a line of JSON on its standard input, and writes messages as lines of JSON to its standard
output. It ends when no one reads them any more.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys
import time
from itertools import islice
from pathlib import Path
from subprocess import DEVNULL
from typing import TYPE_CHECKING, NamedTuple

import anyio

from dagtui.engine.messages import NO_ATTEMPT, AttemptNumber
from dagtui.store.errors import StoreError
from dagtui.store.regular_queries import matching_text

if TYPE_CHECKING:
    import re
    from collections.abc import AsyncGenerator, Iterator

    from anyio.abc import Process

    from dagtui.report.log_search import MatchingLog

MOST_OF_LOG = 1000
"""Lines of one log that are told. The others are counted."""
MOST_LINES = 50_000
"""Lines of all logs that are told."""
MOST_TEXT = 400
"""Characters of a line that are told, from a little before what was found."""
_BEFORE = 40
_TELL_SECONDS = 0.1
COMMAND = ("-P", "-m", __name__)
"""The arguments of Python for the process. The number of the process that reads follows."""
FAILED = "the process that searches has failed"


class RunHit(NamedTuple):
    """A line that a search over all logs has found."""

    line: int
    """Counted from 1."""
    offset: int
    """Where the line begins in its file."""
    text: str
    """The line as shown, or what was overwritten of it later, or a part around what was found. Not sanitised."""
    start: int
    end: int
    """Where in the text it is."""
    cut: int = 0
    """How many characters of the line stand before the text."""


class SearchNews(NamedTuple):
    """What a search has to say."""

    node: str = ""
    """The label of a node that has hits. Empty: none is told this time."""
    attempt: AttemptNumber = NO_ATTEMPT
    total: int = 0
    """How many hits the attempt's log has, beyond those told before."""
    hits: tuple[RunHit, ...] = ()
    searched: int = 0
    logs: int = 0
    """How many logs of how many were searched."""
    trouble: str = ""
    """Why the search has ended early."""


async def search_in_process(run: Path, pattern: str) -> AsyncGenerator[SearchNews]:
    """Yield what a search over all logs of a run has to say, until its end. The process ends with the iteration."""
    request = {"run": os.fspath(run), "pattern": pattern}
    command = [sys.executable, *COMMAND, str(os.getpid())]
    # What it would print of an error must not get on the screen.
    process = await anyio.open_process(command, stderr=DEVNULL, start_new_session=True)
    try:
        if process.stdin is None or process.stdout is None:
            return
        with contextlib.suppress(anyio.BrokenResourceError):  # it has failed, as its exit status says
            await process.stdin.send(json.dumps(request).encode() + b"\n")
        await process.stdin.aclose()
        rest = b""
        async for data in process.stdout:
            *lines, rest = (rest + data).split(b"\n")
            for line in lines:
                yield _news(line)
        if await process.wait():
            yield SearchNews(trouble=FAILED)
    finally:
        _kill(process)
        with anyio.CancelScope(shield=True):
            await process.aclose()


def _kill(process: Process) -> None:
    """Kill a process and those that search for it, which are in its group."""
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)


def _news(line: bytes) -> SearchNews:
    told = json.loads(line)
    told["hits"] = tuple(RunHit(*hit) for hit in told.get("hits", ()))
    return SearchNews(**told)


# In the process


class _Teller:
    """Writes messages, those about progress not too often."""

    def __init__(self, find: re.Pattern[str]) -> None:
        self._find = find
        self._told_at = 0.0
        self._left = MOST_LINES
        self._progress = (0, 0)

    def searched(self, logs: int, searched: int) -> None:
        """Tell how many logs were searched."""
        self._progress = logs, searched
        now = time.monotonic()
        if now - self._told_at >= _TELL_SECONDS or searched == logs:
            self._told_at = now
            self._write(SearchNews(logs=logs, searched=searched))

    def log(self, log: MatchingLog) -> None:
        """Tell the hits of a log."""
        hits = tuple(self._hits(log))
        self._left -= len(hits)
        more = sum(1 for _ in log.lines)
        logs, searched = self._progress
        self._write(SearchNews(log.node, log.attempt, len(hits) + more, hits, searched, logs))

    def trouble(self, words: str) -> None:
        """Tell why there is no more."""
        self._write(SearchNews(trouble=words))

    def _hits(self, log: MatchingLog) -> Iterator[RunHit]:
        for number, line, offset in islice(log.lines, min(MOST_OF_LOG, self._left)):
            text, (start, end) = matching_text(self._find, line)
            cut = max(0, start - _BEFORE) if len(text) > MOST_TEXT else 0
            part = text[cut : cut + MOST_TEXT]
            yield RunHit(number, offset, part, min(start - cut, len(part)), min(end - cut, len(part)), cut)

    @staticmethod
    def _write(news: SearchNews) -> None:
        told = {key: value for key, value in news._asdict().items() if value}
        sys.stdout.write(json.dumps(told, ensure_ascii=True) + "\n")
        sys.stdout.flush()


def main() -> None:
    """Search as the request says."""
    from dagtui.report.log_search import search_run
    from dagtui.store.directory import RunDirectory
    from dagtui.store.regular_queries import compiled, regular

    request = json.loads(sys.stdin.readline())
    pattern = request["pattern"]
    teller = _Teller(compiled(pattern))
    try:
        for log in search_run(RunDirectory(Path(request["run"])), regular(pattern), None, teller.searched):
            teller.log(log)
    except StoreError as error:
        teller.trouble(str(error))


if __name__ == "__main__":
    from dagtui.store.forked_search import end_with

    end_with(int(sys.argv[1]))
    with contextlib.suppress(BrokenPipeError, KeyboardInterrupt):
        main()
    with contextlib.suppress(BrokenPipeError):
        sys.stdout.flush()
    os._exit(0)
