"""Executors under the conformance suite: each runs the same nodes, and the suite sees them from outside only.

Another executor joins the suite by a class here: how its nodes do what they do, and how the suite reaches them.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from support.agent_executor import AgentHarness
from support.dask_harness import DaskHarness
from support.executor_harness import DEAF, IDLE, IMPATIENT, ExecutorHarness, python
from support.judged import judged
from support.played_executor import TimedExecutor
from support.process_listing import alive, children, descendants, end, parent_of, state
from support.slurm_cluster import PROCESSORS
from support.slurm_harness import SlurmHarness
from support.ssh_bench import SshBench
from support.waiting import until

from dagtui.engine.messages import Ended, EndKind, Heard, Queued, Silent, Start
from dagtui.graph.model import ArgumentList, Task

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest
    from support.dask_here import DaskHere
    from support.slurm_cluster import SlurmCluster
    from support.ssh_server import SshServer

    from dagtui.engine.messages import Effect, Result


class Does:
    """The nodes of the suite's graph, by what their attempts do."""

    SUCCEED = 0
    FAIL = 1
    """Exit with status 3."""
    DIE = 2
    """End by SIGUSR1."""
    PRINT = 3
    """Print, and hand the number of the attempt on as a value."""
    MISS = 4
    """Have a program that does not exist."""
    GO_ASTRAY = 5
    """Have a working directory that does not exist."""
    LEAVE = 6
    """Exit with status 0, and leave a process behind."""
    IGNORE = 7
    """Ignore TERM, and run until killed."""
    FREEZE = 8
    """Stop themselves, as by Ctrl+Z."""
    WAIT = 9
    """Run until the suite ends them (this one and the next two)."""
    WAIT_TOO = 10
    WAIT_AS_WELL = 11


NAMES = {number: name for name, number in vars(Does).items() if isinstance(number, int)}
WAITS = (Does.WAIT, Does.WAIT_TOO, Does.WAIT_AS_WELL)


def task_of(does: int, name: str, word: str) -> Task:
    """Return the task of a node that runs in real processes, which have a word among their arguments."""
    shell = {
        Does.SUCCEED: "exit 0",
        Does.FAIL: "exit 3",
        Does.DIE: "kill -USR1 $$",
        Does.PRINT: 'echo out; echo err >&2; echo "attempt=$DAGTUI_ATTEMPT" >> "$DAGTUI_OUTPUT"',
        Does.GO_ASTRAY: "exit 0",
        Does.LEAVE: f"{sys.executable} -I -S -c '{IDLE}' $0 & exit 0",
        Does.FREEZE: "kill -STOP $$; exit 0",
    }
    action = ArgumentList(("sh", "-c", shell.get(does, f"read status < {name}; exit $status"), word))
    if does == Does.IGNORE:
        action = python(DEAF, word)
    elif does == Does.MISS:
        action = ArgumentList(("no-program-has-this-name", word))
    return Task(name, action, cwd="absent" if does == Does.GO_ASTRAY else ".", grace=0.5)


class LocalTrial(ExecutorHarness):
    """Real processes."""

    has_logs = True
    has_slots = True
    needs = ""

    def __init__(self, folder: Path, slots: int, token: str, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("dagtui.execution.local.link._LAUNCH", IMPATIENT)
        self.folder = folder
        self.words = {does: f"{token}-{name}" for does, name in NAMES.items()}
        super().__init__(folder, *[self._task_of(does, name) for does, name in NAMES.items()], slots=slots)
        for does in WAITS:
            os.mkfifo(folder / NAMES[does])

    def _task_of(self, does: int, name: str) -> Task:
        return task_of(does, name, self.words[does])

    async def ready(self, does: int) -> None:
        """Wait until an attempt has come as far as it comes by itself."""
        await self.begun(does)
        if does == Does.IGNORE:
            await self.printed(b"deaf", does)
        elif does == Does.FREEZE:
            await until(lambda: [state(pid) for pid in alive(self.words[does])] == ["T"])

    def lives(self, does: int) -> bool:
        """Return whether any process of an attempt of the node is alive."""
        return bool(alive(self.words[does]))

    def finish(self, does: int, status: int) -> None:
        """Let a waiting attempt end."""
        with open(self.folder / NAMES[does], "w") as fifo:
            fifo.write(f"{status}\n")

    def lose(self, _does: int) -> None:
        """Kill what watches the attempts."""
        end(self.executor.processes[1])

    @property
    def executed(self) -> list[Result]:
        """The results of the executor that holds the slots, in the order in which they happened."""
        return self.results


class ScriptedExecutor(TimedExecutor):
    """The model, whose attempts do by themselves what the suite's nodes do."""

    def __init__(self) -> None:
        super().__init__(lambda node, _: (0.01, 3 if node == Does.FAIL else 0) if node < Does.IGNORE else (1e6, 0))
        self.deaf = {Does.IGNORE, Does.FREEZE}

    def _carry_out(self, effect: Effect) -> None:
        if isinstance(effect, Start) and effect.node in {Does.MISS, Does.GO_ASTRAY}:
            self._report(Ended(effect.node, effect.attempt, EndKind.COULD_NOT_START, text="it does not exist"))
        else:
            super()._carry_out(effect)

    def end(self, node: int, kind: EndKind, value: int = 0, seconds: float = 0.0, *, left: int = 0) -> None:
        if node == Does.DIE and kind is EndKind.EXIT:
            kind, value = EndKind.SIGNAL, signal.SIGUSR1.value
        self.handed_on = lambda attempt: {"attempt": str(attempt)} if node == Does.PRINT else {}
        super().end(node, kind, value, seconds, left=left or int(node == Does.LEAVE))


class PlayedTrial(ExecutorHarness):
    """The model of the engine's tests, on the clock of the event loop."""

    has_logs = False
    has_slots = True
    needs = ""

    def __init__(self, folder: Path, slots: int, _token: str, _monkeypatch: pytest.MonkeyPatch) -> None:
        super().__init__(folder, *[Task(name) for name in NAMES.values()], slots=slots)
        self.executor = ScriptedExecutor()

    async def ready(self, does: int) -> None:
        await self.begun(does)

    def lives(self, does: int) -> bool:
        return does in self.executor.alive

    def finish(self, does: int, status: int) -> None:
        self.executor.end(does, EndKind.EXIT, status, 0.01)

    def lose(self, does: int) -> None:
        self.executor.end(does, EndKind.LOST)

    @property
    def executed(self) -> list[Result]:
        return self.results


class JudgedTrial(LocalTrial):
    """Real processes of nodes that have an input, and are judged before they start."""

    def __init__(self, folder: Path, slots: int, token: str, monkeypatch: pytest.MonkeyPatch) -> None:
        super().__init__(folder, slots, token, monkeypatch)
        (folder / "in").write_text("x")
        self.local, self.executor = self.executor, judged(self)

    @property
    def executed(self) -> list[Result]:
        return self.local.delivered

    def _task_of(self, does: int, name: str) -> Task:
        return replace(super()._task_of(does, name), inputs=(str(self.folder / "in"),))

    def lose(self, _does: int) -> None:
        end(self.local.processes[1])


class DaskTrial(DaskHarness):
    """Real processes on a real cluster. Each attempt takes its share of the threads, which stand for the slots."""

    has_logs = True
    has_slots = False
    needs = "dask_cluster"

    def __init__(
        self, folder: Path, slots: int, token: str, _monkeypatch: pytest.MonkeyPatch, cluster: DaskHere
    ) -> None:
        self.words = {does: f"{token}-{name}" for does, name in NAMES.items()}
        self.share = cluster.threads // slots
        tasks = [self._task_of(does, name) for does, name in NAMES.items()]
        super().__init__(cluster.address, folder, *tasks)
        for does in WAITS:
            os.mkfifo(folder / NAMES[does])

    def _task_of(self, does: int, name: str) -> Task:
        return replace(task_of(does, name, self.words[does]), resources={"cpus": self.share})

    def of(self, node: int, attempt: int = 1) -> list[Result]:
        return [result for result in super().of(node, attempt) if not isinstance(result, Queued)]

    ready, lives, finish = LocalTrial.ready, LocalTrial.lives, LocalTrial.finish

    def lose(self, _does: int) -> None:
        """Kill the guardian."""
        for pid in alive("worker"):
            if str(self.run).encode() in Path("/proc", str(pid), "cmdline").read_bytes():
                end(pid)

    @property
    def executed(self) -> list[Result]:
        return self.results


class AgentTrial(AgentHarness):
    """Real processes below the agent that is shipped to other machines."""

    has_logs = True
    has_slots = False
    needs = ""

    def __init__(self, folder: Path, slots: int, token: str, _monkeypatch: pytest.MonkeyPatch) -> None:
        self.words = {does: f"{token}-{name}" for does, name in NAMES.items()}
        super().__init__(folder, *[task_of(does, name, self.words[does]) for does, name in NAMES.items()], slots=slots)
        for does in WAITS:
            os.mkfifo(folder / NAMES[does])

    executed = DaskTrial.executed
    ready, lives, finish = LocalTrial.ready, LocalTrial.lives, LocalTrial.finish

    def lose(self, _does: int) -> None:
        """Kill the guardian."""
        end(children(self.executor.process.pid)[0])


class BenchTrial(ExecutorHarness):
    """Real processes on a bench for another engine. Each attempt takes a share of something, for the slots."""

    has_logs = True
    has_slots = False

    def __init__(
        self,
        folder: Path,
        slots: int,
        token: str,
        share: dict[str, int],
        bench_for: Callable[[list[Task]], SshBench | SlurmHarness],
    ) -> None:
        self.folder, self.slots = folder, slots
        self.words = {does: f"{token}-{name}" for does, name in NAMES.items()}
        tasks = [replace(task_of(does, name, self.words[does]), resources=share) for does, name in NAMES.items()]
        self.bench = bench_for(tasks)
        self.graph, self.executor, self.results = self.bench.graph, self.bench.executor, []
        for does in WAITS:
            os.mkfifo(folder / NAMES[does])

    def open(self) -> None:
        self.executor.open(self._take, self.slots)

    def _take(self, result: Result) -> None:
        if not isinstance(result, (Queued, Silent, Heard)):
            self.results.append(result)

    def log_path(self, node: int, attempt: int) -> Path:
        return Path(self.bench.log_file(node, attempt))

    ready, lives, finish = LocalTrial.ready, LocalTrial.lives, LocalTrial.finish

    @property
    def executed(self) -> list[Result]:
        return self.results


class SshTrial(BenchTrial):
    """Real processes behind a real sshd. The GPUs stand for the slots."""

    needs = "ssh_server"

    def __init__(
        self, folder: Path, slots: int, token: str, _monkeypatch: pytest.MonkeyPatch, server: SshServer
    ) -> None:
        super().__init__(folder, slots, token, {"gpus": 24 // slots}, lambda tasks: SshBench(folder, server, *tasks))

    def lose(self, does: int) -> None:
        """Kill the hub."""
        for pid in self.bench.hubs:
            if any(leader in descendants(pid) for leader in alive(self.words[does])) and not self._is_reaper(pid):
                end(pid)

    def _is_reaper(self, pid: int) -> bool:
        return bool(set(children(pid)) & set(self.bench.hubs))


class SlurmTrial(BenchTrial):
    """Real processes as jobs of a real Slurm. The processors of one node stand for the slots."""

    needs = "cluster"

    def __init__(
        self, folder: Path, slots: int, token: str, _monkeypatch: pytest.MonkeyPatch, _cluster: SlurmCluster
    ) -> None:
        def bench_for(tasks: list[Task]) -> SlurmHarness:
            return SlurmHarness(folder, *tasks, run_id=token, options=("--nodelist=n0",))

        super().__init__(folder, slots, token, {"cpus": PROCESSORS // slots}, bench_for)

    def lose(self, does: int) -> None:
        """Kill what watches the attempt."""
        guardians = {parent_of(pid) for pid in alive(self.words[does])}
        for pid in guardians:
            end(pid)


Trial = LocalTrial | PlayedTrial | DaskTrial | AgentTrial | SshTrial | SlurmTrial
TRIALS = {
    "local": LocalTrial,
    "played": PlayedTrial,
    "judged": JudgedTrial,
    "dask": DaskTrial,
    "agent": AgentTrial,
    "ssh": SshTrial,
    "slurm": SlurmTrial,
}
WITH_SLOTS = [name for name, trial in TRIALS.items() if trial.has_slots]
"""The trials whose executors count slots themselves."""


async def pause() -> None:
    """Let the executor do what it has to do by now, if it is to do something that must not be done."""
    await asyncio.sleep(0.1)
