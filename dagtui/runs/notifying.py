"""Tell a program of a run, as `notify` in `[run]` says: at the first failure, at a gate, and at the end.

The program is a process as those of nodes are, below a supervisor of its own. So it is stopped when it takes too long,
leaves nothing behind, and does not outlive the session. The run never waits for it.
"""

from __future__ import annotations

import contextlib
import os
from collections import deque
from typing import TYPE_CHECKING, Final

import anyio

from dagtui.engine.messages import AttemptNumber, Ended, Slots, Started
from dagtui.engine.why import ended_why
from dagtui.graph.model import ArgumentList, Graph, NodeIndex, Task
from dagtui.runs.facts import facts
from dagtui.runs.occasions import NOTIFIED, Occasions, Told
from dagtui.runs.view import Notice
from dagtui.store.files import make_folder, write_new_file
from dagtui.text import label
from dagtui.text.lines import plain_line

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Sequence
    from pathlib import Path

    from dagtui.engine.events import Event
    from dagtui.engine.messages import Result
    from dagtui.engine.protocol import Executor
    from dagtui.runs.occasions import Happened
    from dagtui.runs.view import RunView
    from dagtui.text.amounts import Seconds

LIMIT: Final[Seconds] = 30.0
"""The longest that one call of the program may take."""
LAST_LIMIT: Final[Seconds] = 10.0
"""The longest that the end of the session waits for it."""
_GRACE: Final[Seconds] = 2.0
_AT_ONCE = Slots(4)
_LOG_SECONDS: Final[Seconds] = 0.3
"""After the end of a call, its last output is on its way to the log."""
_NEVER: Final[Seconds] = float("inf")
_TAIL: Final = 4_096
_FOLDER: Final = "notify"
_NODE = NodeIndex(0)
_SCRIPT: Final = (
    "facts=$DAGTUI_RUN_DIR/$DAGTUI_ATTEMPT.json DAGTUI_RUN_DIR=${DAGTUI_RUN_DIR%/*}; "
    'unset DAGTUI_NODE DAGTUI_ATTEMPT DAGTUI_OUTPUT; exec "$@" <"$facts"'
)
"""Gives the program the facts as its standard input, which is empty for nodes, and the run's directory."""


class Notifier:
    """Tells a program of one run. Made only for a graph that names one."""

    def __init__(
        self,
        run: RunView,
        run_id: str,
        command: Sequence[str],
        executor: Callable[[Graph, Path], Executor],
        record: Callable[[str, str], None],
        note: Callable[[str], None],
    ) -> None:
        """Create what tells a command of a run.

        `executor` makes one for a graph, with a folder for what is printed. `record` records an event of the run, and
        `note` a note.
        """
        self._run, self._run_id = run, run_id
        self._record, self._note = record, note
        self._command = command
        self._make_executor = executor
        self._occasions = Occasions(run, Told())
        self._untold: deque[Happened] = deque()
        self._executor: Executor | None = None
        self._number = 0
        """The number of the last call, also of those before a resume."""
        self._due: dict[AttemptNumber, Seconds] = {}
        """When a call is stopped, on the event loop's clock. Those that have not begun are due never."""
        self._late: set[AttemptNumber] = set()
        self._failed: dict[AttemptNumber, tuple[Seconds, Ended]] = {}
        """Calls that failed, and when that is said."""
        self._hurries = False
        self._changed = anyio.Event()
        run.subscribe(self._look)

    def learn(self, events: Iterable[Event]) -> None:
        """Learn from the events of a resumed run what was told already."""
        self._occasions.told = self._occasions.told.after(events, self._run.graph)

    def _look(self, _events: Sequence[Event]) -> None:
        found = self._occasions.look()
        if found:
            self._untold += found
            self._changed.set()

    async def serve(self) -> None:
        """Tell what happens, until cancelled. Another call goes on."""
        self._look(())
        async with anyio.create_task_group() as group:
            is_served = False
            while True:
                self._changed = anyio.Event()
                self.tell()
                if self._executor is not None and not is_served:
                    is_served = True
                    group.start_soon(self._in_safety, self._executor.serve)
                await self._wait()

    async def _in_safety(self, work: Callable[[], Awaitable[None]]) -> None:
        """Let an executor work. If that fails, nothing more is known of its calls, and the run goes on."""
        try:
            await work()
        except Exception as error:  # noqa: BLE001 - no fault here may end the run
            self._due.clear()
            self._changed.set()  # the end of the run does not wait for them
            self._fail(f"failed: {label(error)}")

    async def _wait(self) -> None:
        """Wait for a change. Stop calls that take too long, and say which failed."""
        due = min((*self._due.values(), *(at for at, _ in self._failed.values())), default=_NEVER)
        with anyio.move_on_after(max(0.0, due - anyio.current_time())):
            await self._changed.wait()
        now = anyio.current_time()
        for number in [number for number, at in self._due.items() if at <= now]:
            self._late.add(number)
            self._due[number] = _NEVER
            if self._executor is not None:
                self._executor.stop(_NODE, number, _GRACE)
                self._executor.flush()
        for ended in [ended for at, ended in self._failed.values() if at <= now]:
            del self._failed[ended.attempt]
            self._fail(self._words(ended))

    def tell(self) -> None:
        """Start the program for what has happened, once each: it is recorded before."""
        while self._untold:
            happened = self._untold.popleft()
            self._record(NOTIFIED, self._occasions.words(happened))
            try:
                self._start(happened)
            except Exception as error:  # noqa: BLE001 - no fault here may end the run
                self._fail(f"failed: {label(error)}")

    async def finish(self) -> None:
        """Tell what is left, wait for a moment, and end all calls. The run has ended."""
        self.tell()
        executor = self._executor
        if executor is None:
            return
        async with anyio.create_task_group() as group:
            group.start_soon(self._in_safety, executor.serve)
            with anyio.move_on_after(LAST_LIMIT):
                while self._due and not self._hurries:
                    self._changed = anyio.Event()
                    await self._wait()
            self._late.update(self._due)
            await self._in_safety(executor.close)
            group.cancel_scope.cancel()
        for _, ended in self._failed.values():
            self._fail(self._words(ended))

    def hurry(self) -> None:
        """Do not wait for calls at the end any more."""
        self._hurries = True
        self._changed.set()

    # Calls of the program

    def _start(self, happened: Happened) -> None:
        folder = self._folder()
        executor = self._executor or self._open(folder)
        number = self._number = AttemptNumber(self._number + 1)
        write_new_file(folder / f"{number}.json", facts(self._run, happened, self._run_id))
        self._due[number] = _NEVER
        executor.start(_NODE, number, Slots(1))
        executor.flush()

    def _folder(self) -> Path:
        folder = self._run.path / _FOLDER
        make_folder(folder)
        return folder

    def _open(self, folder: Path) -> Executor:
        directory = self._run.graph.directory
        task = Task(_FOLDER, ArgumentList(("/bin/sh", "-c", _SCRIPT, "sh", *self._command)), grace=_GRACE)
        executor = self._make_executor(Graph([_FOLDER], [], tasks=[task], directory=directory), folder)
        self._number = max((int(path.stem) for path in folder.glob("*.json") if path.stem.isdecimal()), default=0)
        executor.open(self._take, _AT_ONCE)
        self._executor = executor
        return executor

    def _take(self, result: Result) -> None:
        if isinstance(result, Started):
            self._due[result.attempt] = anyio.current_time() + LIMIT
        elif isinstance(result, Ended):
            self._due.pop(result.attempt, None)
            if result.succeeded:
                self._run.failed_notify = None
            else:
                self._failed[result.attempt] = anyio.current_time() + _LOG_SECONDS, result
            if self._executor is not None:
                self._executor.acknowledge()
        self._changed.set()

    def _words(self, ended: Ended) -> str:
        """Say how a call failed, with the last line that the program printed."""
        if ended.attempt in self._late:
            return "took too long and was stopped"
        said = ""
        with contextlib.suppress(OSError), (self._folder() / f"{ended.attempt}.log").open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - _TAIL))
            said = next((text for line in reversed(file.readlines()) if (text := plain_line(line).strip())), "")
        return label(f"failed: {ended_why(ended)}" + (f": {said}" if said else ""), 300)

    def _fail(self, words: str) -> None:
        text = f"notify {words}"
        self._run.failed_notify = Notice("notify failed", text)
        self._note(text)
