"""The guardian: one process that starts, watches and ends the attempts of one run on this machine.

It forks and executes one program an attempt, drains the pipes, redacts and writes the logs, and keeps time-outs, graces
and fences itself, so that they hold while nobody is connected. It tells in dictionaries that can be written as JSON:

    {"began": KEY, "at": wall time, "where": host}
    {"ended": KEY, "kind": KIND, ...}           see `GuardedAttempt.end_record`, with the log's size added
    {"refused": KEY}                            it was claimed before: nothing is executed twice

KIND is `exit` or `signal` (its program ended by itself), `timeout`, `stopped` (by request, or by a file in `stops/`),
`outside` (this process was asked to end by another process), `could not start` (with `errno` and `what`), `withdrawn`
(nothing ran), or `lost` (the guardian died; see leftovers.py). `how` and `value` say how the leader ended in any case.
"""

from __future__ import annotations

import os
import select
import time
from math import inf
from typing import TYPE_CHECKING, cast

from dagtui.execution.agent import leftovers
from dagtui.execution.agent.guarded_attempt import GuardedAttempt
from dagtui.execution.agent.poll_loop import PollLoop
from dagtui.execution.agent.spec import Spec
from dagtui.execution.agent.spool import Spool
from dagtui.execution.agent.start import Redactions, prepare
from dagtui.execution.agent.suspicion import Suspicion
from dagtui.execution.local import ownership
from dagtui.execution.local.processes import Processes
from dagtui.execution.local.spawn import SCARCE, Spawner, StartError
from dagtui.execution.local.usage import UsageReader

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from dagtui.engine.messages import Slots
    from dagtui.text.amounts import Seconds, WallTime
else:
    pass  # see ownership.py

_READ = 1 << 18  # bytes of one attempt in one turn, so that a chatty one does not starve others
_MOST_FILES = cast("Slots", 4096)  # attempts that the limit of open files is raised for, if the user may
_WRITE_TIMES = 1.0  # seconds between two writes of time records
_WORTH_KEEPING = 1.0  # seconds of an attempt from which a crash of the machine must not cost its end
_RETRY = 1.0  # seconds until a start is tried again for which something was short


class Guardian:
    """Starts attempts in a spool and tells how they end. It has one thread, whose owner calls `turn` in a loop."""

    def __init__(
        self, spool: str, tell: Callable[[dict[str, object]], None], environment: Mapping[str, str] | None = None
    ) -> None:
        """Create a guardian. `environment` replaces that of this process for all attempts. Raises SpoolError."""
        self.spool = Spool(spool)
        self._tell = tell
        ownership.become_subreaper()
        marks = ownership.Marks()
        self._processes = Processes(marks)
        self._spawner = Spawner(marks)
        self._spawner.raise_file_limit(_MOST_FILES)
        self.environment = {"PYTHONUNBUFFERED": "1", **(os.environ if environment is None else environment)}
        """Variables of all attempts."""
        self._spawner.set_environment(self.environment)
        self._redactions = Redactions()
        self._usage = UsageReader()
        self.host = os.environ.get("SLURMD_NODENAME") or os.uname().nodename
        leftovers.settle(self.spool)
        self._note = leftovers.note(self.spool, marks.tag)
        self._holder: dict[str, object] = {"guardian": self._note, "at": self.host}
        self._serial = 0
        self._by_key: dict[str, GuardedAttempt] = {}
        self._short: list[GuardedAttempt] = []  # claimed, and waiting for descriptors, processes or memory
        self._finished: list[GuardedAttempt] = []  # no process of them is left
        self._untimed: set[GuardedAttempt] = set()  # logs with pending time records
        self._times_due = self._retry_due = self._fence_due = inf
        self._suspicion = Suspicion()
        self._unrecorded: list[tuple[str, dict[str, object]]] = []
        self._on_ending: Callable[[], object] = self.end_from_outside
        self.on_output: Callable[[str], None] = _ignore
        """Called with the key of an attempt that has printed something."""
        self._loop = PollLoop(self._reap)

    # --- What the owner asks for.

    @property
    def live(self) -> set[str]:
        """Keys of the attempts that have not ended."""
        return set(self._by_key)

    @property
    def busy(self) -> bool:
        """Whether an attempt is live, or its end could not be recorded yet."""
        return bool(self._by_key or self._unrecorded)

    def watch(self, fd: int, callback: Callable[[int], None], events: int = select.POLLIN) -> None:
        """Call back with the events of a descriptor whenever it has some. A later call replaces an earlier one."""
        self._loop.watch(fd, callback, events)

    def unwatch(self, fd: int) -> None:
        """Stop watching a descriptor."""
        self._loop.unwatch(fd)

    def on_ending_signals(self, callback: Callable[[], object], reaper: int = -1) -> None:
        """Call back in a turn after this process got TERM, INT or HUP. They may have been blocked until now.

        It is called as well when the descriptor `reaper` has ended (reaper.py).
        """
        self._on_ending = callback
        self._loop.hear_endings(reaper)

    def close(self) -> None:
        """Take back the note of this guardian. Nothing may be live."""
        leftovers.forget(self.spool, self._note)

    def start(self, fields: Mapping[str, object], secrets: Mapping[str, str] | None = None) -> None:
        """Start an attempt, unless it was claimed before.

        Raises SpecError, and OSError if the spool can't be written.
        """
        spec = Spec(fields)
        if not self.spool.claim(spec.key, self._holder):
            self._tell({"refused": spec.key})
            return
        if spec.fence and spec.key in self._stops():  # after the claim, so that either side sees the other
            self._end(spec.key, {"kind": "withdrawn"})
            return
        if not set(spec.secret_names).issubset(secrets or ()):
            self._end(spec.key, {"kind": "could not start", "what": "secrets"})
            return
        self._serial += 1
        output = self.spool.file("values", spec.key)
        self._redactions.learn((secrets or {}).values())
        writer = self._redactions.log_writer(spec.log or self.spool.file("logs", spec.key))
        attempt = GuardedAttempt(self._serial, spec, output, writer)
        self._by_key[spec.key] = attempt
        try:
            prepare(attempt, self.spool.path, {**self.environment, **spec.env, **(secrets or {})})
        except StartError as error:
            self._fail(attempt, error)
            return
        attempt.env.update(secrets or {})
        self._begin(attempt)

    def stop(self, key: str, grace: Seconds | None = None, cause: str = "stopped", remark: str = "") -> bool:
        """Send TERM to an attempt now, and KILL after its grace. Return False if it is not live."""
        attempt = self._by_key.get(key)
        if attempt is None:
            return False
        if attempt in self._short:
            self._short.remove(attempt)
            del self._by_key[key]
            self._end(key, {"kind": "withdrawn"})
            return True
        if attempt.status is None and not attempt.cause:
            attempt.cause, attempt.remark = cause, remark
        self._processes.stop(attempt, attempt.grace if grace is None else grace, time.monotonic())
        return True

    def end_all(self, grace: Seconds | None = None, cause: str = "stopped", remark: str = "") -> None:
        """Stop all attempts."""
        for key in list(self._by_key):
            self.stop(key, grace, cause, remark)

    def end_from_outside(self) -> bool:
        """Stop all attempts, because another process asked this one to end.

        Those with a stop in the spool are stopped by it. Return whether there were any, and no others.
        """
        stopped = self._stops().intersection(self._by_key)
        others = self.live - stopped
        for key in stopped:
            self.stop(key, self.spool.stop_grace(key))
        for key in others:
            self.stop(key, None, "outside")
        return bool(stopped) and not others

    def turn(self, seconds: Seconds | None = None) -> None:
        """Wait until something happens, at most for some seconds, and handle it."""
        now = time.monotonic()
        due = min(self._due(), inf if seconds is None else now + seconds)
        if self._loop.is_asked or len(self._finished) > len(self._suspicion):
            due = now
        self._loop.wait(None if due == inf else due - now)
        if self._loop.take_asked():
            self._suspicion.judge("outside")
            self._on_ending()
        self._look_at_the_clock()
        if self._processes.unsettled:
            self._settle()
        for attempt in [attempt for attempt in self._finished if attempt not in self._suspicion]:
            self._finished.remove(attempt)
            self._finish(attempt)

    # --- Starts.

    def _begin(self, attempt: GuardedAttempt) -> None:
        spec = attempt.spec
        attempt.begun = time.monotonic()
        if not attempt.path:
            self._tell_begin(attempt)
            attempt.status = 0
            self._finished.append(attempt)
            return
        try:
            self._spawner.start(attempt)
        except StartError as error:
            if error.number in SCARCE and self._processes:
                self._short.append(attempt)
                self._retry_due = attempt.begun + _RETRY
            else:
                self._fail(attempt, error)
            return
        self._suspicion.begin()
        self._processes.add(attempt)
        if spec.timeout is not None:
            attempt.deadline = attempt.begun + spec.timeout
        if spec.fence:
            self._fence_due = min(self._fence_due, attempt.begun + spec.fence)
        self.watch(attempt.pipe, lambda _: self._read(attempt))
        self._tell_begin(attempt)

    def _tell_begin(self, attempt: GuardedAttempt) -> None:
        attempt.began_at = cast("WallTime", time.time())
        self._tell({"began": attempt.spec.key, "at": attempt.began_at, "where": self.host})

    def _fail(self, attempt: GuardedAttempt, error: StartError) -> None:
        del self._by_key[attempt.spec.key]
        record: dict[str, object] = {"kind": "could not start", "errno": error.number, "what": error.what}
        if error.path:
            record["path"] = error.path
        self._end(attempt.spec.key, record)

    # --- Output.

    def _read(self, attempt: GuardedAttempt) -> None:
        if not attempt.read(_READ):
            self._close_pipe(attempt)
        if not self._untimed:
            self._times_due = time.monotonic() + _WRITE_TIMES
        self._untimed.add(attempt)
        if 3 * len(self._by_key) > _MOST_FILES:
            attempt.writer.release()
        self.on_output(attempt.spec.key)

    def _close_pipe(self, attempt: GuardedAttempt) -> None:
        if attempt.pipe >= 0:
            self.unwatch(attempt.pipe)
            os.close(attempt.pipe)
            attempt.pipe = -1

    # --- Ends.

    def _reap(self) -> None:
        now = time.monotonic()
        ended: list[GuardedAttempt] = []
        while True:
            try:
                pid, status, counted = os.wait4(-1, os.WNOHANG)
            except ChildProcessError:
                break
            if not pid:
                break
            attempt = self._processes.reaped(pid)
            if isinstance(attempt, GuardedAttempt):
                attempt.status, attempt.exit_seconds = status, now - attempt.begun
                attempt.used = self._usage.of(counted)
                attempt.deadline = inf
                ended.append(attempt)
        if ended:
            self._settle()
        for attempt in ended:
            self._suspicion.look_at(attempt, may_be_asked=self._loop.may_be_asked)
            if not self._processes.hold(attempt):
                self._finished.append(attempt)
        if self._short:
            self._retry_due = now

    def _settle(self) -> None:
        self._processes.settle(time.monotonic(), 0)
        for attempt in self._processes.gone:
            if isinstance(attempt, GuardedAttempt):
                attempt.unkillable = bool(attempt.children)
                self._finished.append(attempt)
        self._processes.gone.clear()

    def _finish(self, attempt: GuardedAttempt) -> None:
        """Complete the log and record the end of an attempt of which no process is left, or none that can be killed."""
        attempt.drain()
        self._close_pipe(attempt)
        self._untimed.discard(attempt)
        writer = attempt.writer
        writer.left = attempt.left
        record = attempt.end_record()
        if isinstance(record["output"], str):
            record["output"] = self._redactions.mask(record["output"])
        record["size"] = writer.close()
        if writer.lost:
            record["lost"], record["lost_why"] = writer.lost, writer.reason
        if attempt.unkillable:
            record["unkillable"] = True
        del self._by_key[attempt.spec.key]
        self._end(attempt.spec.key, record)

    def _end(self, key: str, record: dict[str, object]) -> None:
        record.setdefault("size", 0)
        self._record(key, record)
        self._tell({"ended": key, **record})

    def _record(self, key: str, record: dict[str, object]) -> None:
        try:
            seconds = cast("float", record.get("seconds", 0.0))
            self.spool.put("ended", key, record, lasting=seconds >= _WORTH_KEEPING)
        except OSError:  # a full disk may have room again
            self._unrecorded.append((key, record))
            self._retry_due = time.monotonic() + _RETRY

    # --- The clock.

    def _due(self) -> float:
        """Return the time of the next thing to do."""
        first = min((attempt.deadline for attempt in self._by_key.values()), default=inf)
        return min(first, self._processes.due, self._times_due, self._retry_due, self._fence_due, self._suspicion.due)

    def _look_at_the_clock(self) -> None:
        now = time.monotonic()
        for attempt in [attempt for attempt in self._by_key.values() if attempt.deadline <= now]:
            attempt.deadline = inf
            self.stop(attempt.spec.key, None, "timeout")
        if self._fence_due <= now:
            self._look_at_stops(now)
        if self._times_due <= now:
            for attempt in self._untimed:
                attempt.writer.pause()
                attempt.writer.write_times()
                self.on_output(attempt.spec.key)
            self._untimed.clear()
            self._times_due = inf
        if self._retry_due <= now:
            self._retry_due = inf
            short, self._short = self._short, []
            for attempt in short:
                self._begin(attempt)
            unrecorded, self._unrecorded = self._unrecorded, []
            for key, record in unrecorded:
                self._record(key, record)
        if self._suspicion.due <= now:
            self._suspicion.judge("")

    def _look_at_stops(self, now: float) -> None:
        stops = self._stops()
        for key in stops.intersection(self._by_key):
            if not self._by_key[key].cause:
                self.stop(key, self.spool.stop_grace(key))
        fences = [attempt.spec.fence for attempt in self._by_key.values() if attempt.spec.fence]
        self._fence_due = now + min(fences) if fences else inf

    def _stops(self) -> set[str]:
        self.spool.change("stops")
        try:
            return set(self.spool.keys("stops"))
        except OSError:  # the disk is away: asked again later
            return set()


def _ignore(_key: str) -> None:
    """Nobody wants to know of output."""
