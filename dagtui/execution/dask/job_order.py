"""What the process of a cluster's jobs is told to do: a file of the run's directory."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from dagtui.graph.executors import Jobqueue

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dagtui.graph.executors import ExecutorSettings
    from dagtui.text.amounts import Seconds

ORDER, LOCK, SCHEDULER, LOG, JOB_LOGS = "jobqueue.json", "jobqueue.lock", "scheduler.json", "jobqueue.log", "jobs"
"""Files of the executor's folder in the run's directory. The lock is held as long as the process lives."""


PROGRAM: Final = "import sys, importlib; sys.path.append(input()); importlib.import_module(input()).main()"
"""What the Python of a process executes. It does not hold the program's name, by which a person may kill what hangs."""


def lines_for(module: str, folder: Path) -> str:
    """Return what `PROGRAM` gets on its standard input: where dagtui is, a module of this folder, and its folder."""
    return f"{Path(__file__).parents[3]}\n{__package__}.{module}\n{folder}\n"


class JobOrder(NamedTuple):
    """Which jobs the process submits, and for whom."""

    executor: str
    """The name of the executor."""
    registry: str
    """The name of the run's registry on the scheduler. When it has gone, the run is over."""
    run_id: str
    jobqueue: Jobqueue
    orphans: Seconds | None
    """How long it stays when nobody connects and nothing runs. None: it ends with the connection."""
    tls: Mapping[str, str]

    @classmethod
    def of(cls, settings: ExecutorSettings, registry: str, run_id: str) -> JobOrder:
        """Return the order of an executor. Its table has the key `jobqueue`."""
        if settings.jobqueue is None:
            raise ValueError("this executor has no jobqueue")
        return cls(settings.name, registry, run_id, settings.jobqueue, settings.orphans, settings.tls)

    def written(self) -> str:
        """Return the order as text."""
        return json.dumps(self._replace(jobqueue=self.jobqueue._asdict())._asdict(), indent=1)  # type: ignore[arg-type]

    @classmethod
    def read(cls, text: str) -> JobOrder:
        """Return the order that a text has."""
        fields = json.loads(text)
        return cls(**{**fields, "jobqueue": Jobqueue(**fields["jobqueue"])})
