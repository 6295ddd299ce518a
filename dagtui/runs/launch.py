"""Decide how to launch a graph: attach to its live run, ask, resume an earlier run, or start a new one.

Everything here is pure: what is live and what became of earlier runs is found out elsewhere (`control.live`,
`runs.last_run`). Imported before the supervisor starts, so it imports little: `dataclasses` would take 9 ms.
"""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from dagtui.engine.events import Event
    from dagtui.engine.targets import Targets
    from dagtui.execution.local.link import SupervisorLink
    from dagtui.graph.model import Graph, NodeIndex
    from dagtui.runs.events_copy import EventsCopy
    from dagtui.store.directory import RunDirectory

LAST = 0
"""Stands for the last run where a run's number is expected."""


class Resumption(NamedTuple):
    """The run to resume."""

    directory: RunDirectory
    passed_over: tuple[int, ...] = ()
    """The numbers of later runs that were passed over, because no node of theirs is recorded as completed."""
    rerun: tuple[NodeIndex, ...] = ()
    """Nodes to run again with everything downstream of them, even in a completed run."""

    def words(self) -> str:
        """Say which runs were passed over. Empty if none was."""
        if not self.passed_over:
            return ""
        numbers = [str(number) for number in sorted(self.passed_over)]
        if len(numbers) == 1:
            return f"passed over run {numbers[0]}, in which nothing completed (--resume {numbers[0]} resumes it)"
        which = f"{', '.join(numbers[:-1])} and {numbers[-1]}"
        return f"passed over runs {which}, in which nothing completed (--resume N resumes one of them)"


class LaunchOptions(NamedTuple):
    """The options a run is launched with: those of the command line, and what the calling process provides."""

    jobs: int | None = None
    """Slots. None means the graph's setting, else the number of processors available to this process."""
    paused: bool = False
    parameters: tuple[str, ...] = ()
    """As given: `NAME=VALUE`."""
    executor: str | None = None
    """The executor that all tasks run on but those whose own is "local". None: as the run to resume, or as stated."""
    resume: int | None = None
    """The number of a run to resume, or LAST. None: the user did not ask for it."""
    rerun: tuple[str, ...] = ()
    """Names of nodes to run again in the resumed run."""
    fresh: bool = False
    """Start a new run, even if one could be resumed."""
    force: bool = False
    """Run the nodes that are named even if they are up to date, or all if none is named."""
    nested: bool = False
    """Allow a run inside a node of the same graph."""
    environment: Mapping[str, str] | None = None
    """The environment of the run's attempts. None means the environment of this process."""
    listeners: Sequence[Callable[[Sequence[Event]], None]] = ()
    mirror: EventsCopy | None = None
    """Receives a copy of the journal's lines."""
    supervisor: SupervisorLink | None = None
    """A supervisor that has already been started, which saves time."""
    names: tuple[str, ...] = ()
    """Names of the nodes to run, with all that they need. Empty: what the graph runs by default."""
    targets: Targets | None = None
    """The nodes that the names mean. None: there are no names."""
    resumption: Resumption | None = None
    """The run to resume. None means the last run with something left to do."""

    @property
    def conflict(self) -> str:
        """Which of the options can't be given together. Empty if none."""
        if self.rerun and self.resume is None:
            return "--rerun applies to an earlier run: add --resume"
        if self.resume is not None and self.fresh:
            return "--resume continues an earlier run, --fresh starts a new one: use one of them"
        return ""

    @property
    def wants_a_run_of_its_own(self) -> bool:
        """Whether a run that is already live is not what the user asks for."""
        return self.fresh or self.resume is not None

    def ignored_by_a_live_run(self) -> list[str]:
        """Name the given options that only a new run can obey."""
        given = {
            "-j": self.jobs,
            "-p": self.parameters,
            "--executor": self.executor,
            "--paused": self.paused,
            "--resume": self.resume is not None,
            "--fresh": self.fresh,
            "--force": self.force,
            "NODE": self.names,
        }
        return [name for name, value in given.items() if value]


class Attachable(Protocol):
    """A live run of the graph."""

    @property
    def title(self) -> str:
        """Its name for people."""

    @property
    def why_not_attachable(self) -> str:
        """Why no terminal can be attached to it. Empty if one can."""


class Ending(enum.Enum):
    """What became of a run, as far as a launch depends on it. The value follows the run's name."""

    LIVE = "is live"
    DAMAGED = "is damaged"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "was cancelled"
    LEFT = "was left"
    BROKE_OFF = "broke off"


class EarlierRun(NamedTuple):
    """The run that would be resumed."""

    number: int
    ending: Ending
    detail: str = ""
    """Of a live run, the process that has it. Of a damaged one, what is damaged."""
    before: int | None = None
    """If this run can't be resumed, the number of an earlier one that can."""


class LaunchAction(enum.Enum):
    """What to do with a call."""

    ATTACH = "attach"
    """Attach this terminal to the first of the live runs."""
    ASK = "ask"
    """Ask whether to resume the last run. Where no user can answer, start a new run."""
    RESUME = "resume"
    NEW = "new"
    REFUSE = "refuse"


class LaunchPlan(NamedTuple):
    """What to do with a call, and why."""

    action: LaunchAction
    reason: str
    """One line that is safe to show. For REFUSE, it is the message to the user."""


def plan(
    graph: Graph | None, options: LaunchOptions, live_runs: Sequence[Attachable], last_run: EarlierRun | None
) -> LaunchPlan:
    """Decide how to launch a graph.

    Args:
        graph: None before it has been read, which attaching does not need.
        options: What the user asked for.
        live_runs: The live runs of the graph that a terminal may be attached to, the preferred one first. Empty if
            this launch has a run of its own in any case.
        last_run: The run that the options name to resume, by default the last one with something left to do.
    """
    if options.conflict:
        return LaunchPlan(LaunchAction.REFUSE, options.conflict)
    if live_runs:
        return _join(live_runs[0], options)
    if options.resume is not None:
        return _resume(graph, options.resume, last_run)
    if options.fresh:
        return LaunchPlan(LaunchAction.NEW, "--fresh was given")
    if last_run is None:
        return LaunchPlan(LaunchAction.NEW, "there is no earlier run")
    reason = f"run {last_run.number} {last_run.ending.value}"
    is_left = last_run.ending not in {Ending.LIVE, Ending.DAMAGED, Ending.COMPLETED}
    return LaunchPlan(LaunchAction.ASK if is_left else LaunchAction.NEW, reason)


def _join(run: Attachable, options: LaunchOptions) -> LaunchPlan:
    if run.why_not_attachable:
        return LaunchPlan(LaunchAction.REFUSE, run.why_not_attachable)
    if ignored := options.ignored_by_a_live_run():
        reason = (
            f"{run.title} is live, and only a new run takes {', '.join(ignored)}; "
            "omit that to attach, or cancel the live run first"
        )
        if options.names:
            reason += "; dagtui retry adds nodes to it"
        return LaunchPlan(LaunchAction.REFUSE, reason)
    return LaunchPlan(LaunchAction.ATTACH, f"{run.title} is live")


def _resume(graph: Graph | None, number: int, run: EarlierRun | None) -> LaunchPlan:
    from dagtui.text import label

    name = "the graph" if graph is None else label(graph.name)
    path = "" if graph is None else f" {label(str(graph.path), 4096)}"
    if run is None and number != LAST:
        return LaunchPlan(LaunchAction.REFUSE, f"{name} has no run {number}; dagtui runs{path} lists its runs")
    if run is None:
        return LaunchPlan(LaunchAction.REFUSE, f"{name} has no run yet, so there is nothing to resume")
    before = "" if run.before is None else f"; --resume {run.before} resumes the one before"
    if run.ending is Ending.LIVE:
        reason = (
            f"run {run.number} of {name} is live ({run.detail} has it), so there is nothing to resume; "
            "dagtui attach brings its screen here, unless it belongs to the terminal that it was started on"
        )
        return LaunchPlan(LaunchAction.REFUSE, reason + before)
    if run.ending is Ending.DAMAGED:
        reason = f"can't resume run {run.number} of {name}: {run.detail}; start a new run with --fresh"
        return LaunchPlan(LaunchAction.REFUSE, reason + before)
    return LaunchPlan(LaunchAction.RESUME, f"run {run.number} {run.ending.value}")
