"""An executor that judges nodes by their files, before the executor of a harness."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from dagtui.execution.files.fingerprints import Fingerprints
from dagtui.execution.files.judge import Judge
from dagtui.execution.files.judging_executor import JudgingExecutor
from dagtui.execution.files.looked_at import FileReader
from dagtui.execution.files.node_key import NodeKeys

if TYPE_CHECKING:
    from support.executor_harness import ExecutorHarness


def judged(harness: ExecutorHarness, run: int = 1, forced: str = "") -> JudgingExecutor:
    """Return an executor that stands before that of a harness, as in a run of that number."""
    graph, folder = harness.graph, str(harness.folder)
    memory = Fingerprints(harness.folder / "fingerprints", run)
    reader = FileReader(folder, memory, 2)
    keys = NodeKeys(graph, os.environ, str)
    judge = Judge(memory, reader, run)
    return JudgingExecutor(harness.executor, graph, keys, judge, memory, reader, lambda _: forced, 2)
