"""A batch: attempts that are handed to Slurm together, as one array job."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dagtui.text.amounts import WallTime, now

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

PREFIX = "dagtui-"
"""What the names of all jobs begin with."""
MOST_JOBS = 1000
"""Jobs in one array. Slurm's MaxArraySize is 1001 unless a site has changed it."""

UNSEEN = 73
"""The exit status of a job whose node does not see the spool."""
_SCRIPT = """\
#!/bin/sh
[ -d {spool}/output ] || exit {unseen}
exec >>{spool}/output/{name} 2>&1
python={python}
[ -x "$python" ] || python=python3
set -- {spans}
shift "${{SLURM_ARRAY_TASK_ID:-0}}"
exec "$python" -I -S {agent} job {spool} {name} "$1"
"""


class Batch:
    """Attempts of one array job. Several of them may share a job of the array, one after the other.

    Its name is the name of the job, by which Slurm is asked for it. If it was sent twice in doubt, there are two jobs
    of that name, and each attempt runs in the one whose agent claims it first.
    """

    __slots__ = (
        "copies",
        "in_doubt",
        "index_of",
        "is_known",
        "jobs",
        "keys",
        "made_at",
        "name",
        "options",
        "refusals",
        "retry_at",
        "sent_at",
        "shared",
        "spans",
        "unreleased",
    )

    def __init__(self, name: str, keys: Sequence[str], spans: Sequence[range], options: Sequence[str]) -> None:
        self.name = name
        self.keys = tuple(keys)
        self.spans = tuple(spans)
        """The attempts of each job of the array, as positions in `keys`."""
        self.options = tuple(options)
        self.jobs: list[str] = []
        """The ids of the arrays, as soon as they are known."""
        self.copies = 0
        """How often it was sent, without those times that Slurm refused it."""
        self.in_doubt = False
        """Whether it was sent without an answer, so that Slurm may have it."""
        self.is_known = False
        """Whether Slurm is known to have it, or to have had it."""
        self.refusals = 0
        """How often Slurm has refused it, and might take it later."""
        self.retry_at = 0.0
        """When it may be sent again after a refusal, on the monotonic clock."""
        self.sent_at = 0.0
        """When it was known to have arrived, on the monotonic clock."""
        self.made_at = now()
        """When it was made. An attempt that is in two batches belongs to the newer one."""
        self.shared: set[str] = set()
        """The attempts that another batch has, too, when this one is over. Their claims stay for it."""
        self.unreleased = set(self.keys)
        """The attempts whose ends may not be on record."""
        self.index_of = {self.keys[at]: index for index, span in enumerate(self.spans) for at in span}
        """The job of each attempt, by its index in the array."""

    @property
    def job_name(self) -> str:
        """The name of the job."""
        return PREFIX + self.name

    @property
    def is_array(self) -> bool:
        """Whether it has more than one job."""
        return len(self.spans) > 1

    def keys_of(self, index: int) -> tuple[str, ...]:
        """Return the attempts of a job."""
        if not 0 <= index < len(self.spans):
            return ()
        span = self.spans[index]
        return self.keys[span.start : span.stop]

    def job_of(self, key: str) -> str:
        """Return the id of the job of an attempt, such as "4711_3", or an empty string if it is not known."""
        if not self.jobs:
            return ""
        return f"{self.jobs[0]}_{self.index_of[key]}" if self.is_array else self.jobs[0]

    def record(self) -> dict[str, object]:
        """Return what a later process needs to know of it."""
        spans = [[span.start, span.stop] for span in self.spans]
        return {
            "name": self.name,
            "keys": self.keys,
            "spans": spans,
            "options": self.options,
            "jobs": self.jobs,
            "sent": self.is_known,
            "made": self.made_at,
        }

    @classmethod
    def from_record(cls, record: Mapping[str, object]) -> Batch | None:
        """Return a batch of an earlier process, or None if it can't be read."""
        name, keys, spans = record.get("name"), record.get("keys"), record.get("spans")
        if not isinstance(name, str) or not isinstance(keys, list) or not isinstance(spans, list):
            return None
        try:
            ranges = [range(int(first), int(last)) for first, last in spans]
            batch = cls(name, [str(key) for key in keys], ranges, _texts(record.get("options")))
        except (TypeError, ValueError, IndexError):
            return None
        batch.jobs = _texts(record.get("jobs"))
        made_at = record.get("made")
        batch.made_at = WallTime(made_at if isinstance(made_at, float) else 0.0)
        batch.is_known = record.get("sent") is True
        batch.in_doubt, batch.copies = not batch.is_known, 1
        return batch

    def script(self, python: str, agent: str, spool: str) -> str:
        """Return the script of the job. All paths are quoted for the shell."""
        spans = " ".join(f"{span.start}-{span.stop - 1}" for span in self.spans)
        return _SCRIPT.format(python=python, agent=agent, spool=spool, name=self.name, spans=spans, unseen=UNSEEN)


def _texts(value: object) -> list[str]:
    return [str(entry) for entry in value] if isinstance(value, list) else []
