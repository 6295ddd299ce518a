"""An SSH executor over a real server on this machine, and what it has delivered."""

from __future__ import annotations

import os
import secrets
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import anyio
from support.process_listing import children, name_of
from support.waiting import SECONDS, until

from dagtui.engine.messages import Ended, Started
from dagtui.engine.protocol import Handed
from dagtui.execution.requests import Requests
from dagtui.execution.ssh.executor import SshExecutor
from dagtui.graph.executors import ExecutorKind, ExecutorSettings
from dagtui.graph.model import Graph, ShellCommand, Task
from dagtui.graph.resolution import Resolver
from dagtui.store.paths import log_name

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence

    from support.ssh_server import SshServer

    from dagtui.engine.messages import Result
    from dagtui.text.secrets import Secrets


class SshBench:
    """An executor, whose nodes are shell scripts."""

    def __init__(
        self,
        folder: Path,
        server: SshServer,
        *scripts: str | Task,
        hosts: Sequence[str] = ("far",),
        options: Sequence[str] | None = None,
        run_id: str = "",
        secrets_: Secrets | None = None,
        environment: Mapping[str, str] | None = None,
        port: int = 0,
        **settings: object,
    ) -> None:
        tasks = [
            script if isinstance(script, Task) else Task(f"node{number}", ShellCommand(script), grace=0.5)
            for number, script in enumerate(scripts)
        ]
        self.folder, self.server = folder, server
        self.run_id = run_id or f"run-{secrets.token_hex(4)}"
        self.graph = Graph([task.name for task in tasks], [], tasks=tasks, directory=folder)
        options = ("-F", server.client_config(*hosts, port=port)) if options is None else options
        self.settings = ExecutorSettings(
            "box", ExecutorKind.SSH, hosts=tuple(hosts), options=tuple(options), **{"orphans": 5.0, **settings}
        )
        requests = Requests(
            self.graph,
            self.settings,
            Resolver(self.graph, environment or {}),
            environment or {},
            self.run_id,
            self.key,
            self.graph.labels,
            str,
            secrets=secrets_,
        )
        self.fields = settings
        self.executor = SshExecutor(requests, folder / "notes", self.log_file)
        self.results: list[Result] = []
        self.executor.open(self.results.append, 1)

    def key(self, node: int, attempt: int) -> str:
        return log_name(self.graph.labels[node], attempt).rpartition("/")[2].removesuffix(".log")

    def log_file(self, node: int, attempt: int) -> str:
        return str(self.folder / "logs" / log_name(self.graph.labels[node], attempt))

    def log(self, node: int = 0, attempt: int = 1) -> bytes:
        path = Path(self.log_file(node, attempt))
        return path.read_bytes() if path.exists() else b""

    def start(self, *nodes: int, attempt: int = 1) -> None:
        for node in nodes or range(len(self.graph)):
            self.executor.start(node, attempt, 1)
        self.executor.flush()

    def stop(self, *nodes: int, grace: float = 0.5) -> None:
        for node in nodes:
            self.executor.stop(node, 1, grace)
        self.executor.flush()

    def taken_up(self, folder: Path | None = None, **fields: object) -> SshBench:
        """Return another process's executor of the same run, which takes up all nodes that have not ended here."""
        scripts = self.graph.tasks
        made = SshBench(folder or self.folder, self.server, *scripts, run_id=self.run_id, **{**self.fields, **fields})
        made.take_up(*[node for node in range(len(scripts)) if node not in self.ends()])
        return made

    def take_up(self, *nodes: int) -> None:
        self.executor.take_up([Handed(node, 1) for node in nodes or range(len(self.graph))])

    @property
    def spool(self) -> Path:
        """The run's folder on the far side."""
        [found] = self.server.cache.glob(f"dagtui/runs/{self.run_id}-*")
        return found

    def of(self, kind: type[Result]) -> list[Result]:
        return [result for result in self.results if isinstance(result, kind)]

    def ends(self) -> dict[int, Ended]:
        return {result.node: result for result in self.of(Ended)}

    async def got(self, kind: type[Result], number: int = 1) -> Result:
        await until(lambda: len(self.of(kind)) >= number, f"{number} of {kind.__name__}", seen=lambda: self.results)
        return self.of(kind)[number - 1]

    async def began(self, *nodes: int) -> None:
        await until(lambda: {result.node for result in self.of(Started)} >= set(nodes), seen=lambda: self.results)

    async def ended(self, *nodes: int, seconds: float = SECONDS) -> list[Ended]:
        """Wait until nodes have ended, by default all, and acknowledge what was delivered."""
        wanted = set(nodes or range(len(self.graph)))
        await until(lambda: set(self.ends()) >= wanted, seconds=seconds, seen=lambda: self.results)
        self.executor.acknowledge()
        return [self.ends()[node] for node in sorted(wanted)]

    @property
    def hubs(self) -> list[int]:
        """The processes of hubs of this run and of what joins connections to them."""
        return [pid for name in os.listdir("/proc") if name.isdigit() for pid in [int(name)] if self._is_hub(name)]

    @property
    def links(self) -> list[int]:
        """The processes of ssh of this executor."""
        return [pid for pid in children(os.getpid()) if name_of(pid) == "ssh"]

    @property
    def connected(self) -> bool:
        """Whether each machine answers."""
        return all(host.answers for host in self.executor._hosts)

    def _is_hub(self, pid: str) -> bool:
        try:
            words = Path("/proc", pid, "cmdline").read_bytes().split(b"\0")
        except OSError:
            return False
        return b"hub" in words and any(self.run_id.encode() in word for word in words)


@asynccontextmanager
async def serving_bench(bench: SshBench) -> AsyncIterator[SshBench]:
    """Serve an executor within the block, and leave it then."""
    async with anyio.create_task_group() as group:
        group.start_soon(bench.executor.serve)
        yield bench
        await bench.executor.detach()
