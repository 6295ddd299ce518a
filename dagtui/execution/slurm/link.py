"""What the loops of a Slurm executor share."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from dagtui.execution.remote.executor import RemoteExecutor
    from dagtui.execution.slurm.batch_store import BatchStore
    from dagtui.execution.slurm.commands import SlurmCommands
    from dagtui.execution.slurm.contact import Contact


class SlurmLink(NamedTuple):
    """An executor and its ways to a cluster."""

    executor: RemoteExecutor
    batches: BatchStore
    """The spool, and what was handed over."""
    commands: SlurmCommands
    contact: Contact
    """Who does not answer."""
