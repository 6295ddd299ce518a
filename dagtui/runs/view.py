"""A run that is looked at: its graph, its state, and what is known of its attempts and times."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from bisect import bisect_right
from functools import cached_property, partial
from typing import TYPE_CHECKING, NamedTuple

from dagtui.engine.status import ALIVE, NodeStatus
from dagtui.graph.resolution import ResolutionError
from dagtui.runs.attempts import AttemptResults
from dagtui.store.paths import log_name
from dagtui.text import count, label
from dagtui.text.amounts import NO_TIME, CellWidth, ClockTime, WallTime, first_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from pathlib import Path

    from dagtui.engine.events import Event, NoteEvent
    from dagtui.engine.messages import AttemptNumber, Command
    from dagtui.engine.state import RunState
    from dagtui.graph.expressions.as_run import AsRun
    from dagtui.graph.model import Graph, NodeIndex
    from dagtui.runs.eta_range import EtaRange
    from dagtui.runs.forecast import Forecast
    from dagtui.runs.live_figures import LiveFigures
    from dagtui.store.run_figures import RunFigures
    from dagtui.text.amounts import Seconds

    Listener = Callable[[Sequence[Event]], object]
    """Called with events after they were applied and recorded. Without events: something else has changed."""

READ_ONLY = "read-only: this screen only watches the run"
NO_FILE = "this graph was not read from a file: there is nothing to edit"
NAMED = 5
"""Number of nodes that a notice names."""


class Notice(NamedTuple):
    """A problem of a run, shown for as long as it applies. Both texts are safe to show."""

    brief: str
    """A few words, for the top of the screen."""
    text: str
    """A sentence, with advice."""
    helps_reload: bool = False
    """Whether a reload of the graph file helps."""


class WallTimes:
    """Wall times of readings of the run's own clock, which stops while no process has the run.

    The clock was set at the start and again at each resume.
    """

    def __init__(self, began_at: WallTime) -> None:
        """`began_at` is the wall time at which the clock read 0, in seconds since the epoch."""
        self._clocks = [ClockTime("-inf")]
        self._zeros = [began_at]

    def set_going(self, clock: ClockTime, wall: WallTime) -> None:
        """Set the wall time at which the clock read `clock`, from that reading on."""
        self._clocks.append(clock)
        self._zeros.append(wall - clock)

    def at(self, clock: ClockTime) -> WallTime:
        """Return the wall time of a clock reading."""
        return self._zeros[bisect_right(self._clocks, clock) - 1] + clock


class RunView(ABC):
    """What screens and reports read of a run. It has no journal, no executor, and accepts no command."""

    stands_still = False
    """Whether nothing happens by itself at all, not even that time passes."""

    def __init__(self, state: RunState, forecast: Forecast, path: Path, number: int) -> None:
        """Create a view of a state that others change.

        `path` is the directory of the run, and `number` its number among the graph's runs, from 1.
        """
        self.graph: Graph = state.graph
        self.name = state.graph.name
        self.graph_path = state.graph.path
        self.state = state
        self.forecast = forecast
        self.path = path
        self.number = number
        self.attempts = AttemptResults(len(self.graph))
        self.wall_times = WallTimes(WallTime(time.time()))
        self._listeners: list[Listener] = [self.attempts.learn]
        self._reload_listeners: list[Callable[[], object]] = []
        self.whole: Seconds | None = None
        """For how long the run was active until its end. None: that is not known yet."""
        self.settled_last: ClockTime | None = None
        """When the last node settled, or when the run broke off. None: that is not known yet."""
        self.jobs_given: int | None = None
        """The slots that the call asked for. None if it left them to the graph, or if that is not known."""
        self.past: Sequence[RunFigures] | None = None
        """What the nodes took in the last runs of the graph. None: not read yet."""
        self.untold: list[NoteEvent] = []
        """Notes that no screen has shown yet. The next screen shows them and clears the list."""
        self.lost_record: Notice | None = None
        """Set if part of the run's directory was removed while the run was live."""
        self.changed_file: Notice | None = None
        """Set if the graph file has changed since the run started."""
        self.failed_notify: Notice | None = None
        """Set if the program that the graph names could not be told of the run."""
        self.short_lived: Notice | None = None
        """Set if the run ends with its terminal or with the user's login, although nothing asked for that."""

    # Listening

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Call a listener after each change. Return a function that ends this."""
        self._listeners.append(listener)
        return partial(self._listeners.remove, listener)

    def subscribe_reload(self, listener: Callable[[], object]) -> Callable[[], None]:
        """Call a listener when `graph` and `state` are others, because the graph file was read again.

        What knows nodes by their numbers must find them again by their labels. Return a function that ends this.
        """
        self._reload_listeners.append(listener)
        return partial(self._reload_listeners.remove, listener)

    def tell(self, events: Sequence[Event] = ()) -> None:
        """Tell the listeners about events, or about a change that is not an event."""
        for listener in self._listeners:
            listener(events)

    def tell_reloaded(self) -> None:
        """Tell the listeners that graph and state are others."""
        for listener in tuple(self._reload_listeners):
            listener()

    # State

    @abstractmethod
    def clock(self) -> ClockTime:
        """Return the seconds since the run started."""

    def wall(self, clock: ClockTime) -> WallTime:
        """Convert a time on the run's clock to wall time."""
        return self.wall_times.at(clock)

    @property
    def goes_on(self) -> Mapping[str, int]:
        """How many attempts go on elsewhere if this process leaves the run, by executor. Only its own process knows."""
        return {}

    @property
    def settled(self) -> bool:
        """Whether nothing more happens by itself."""
        return not self.state.unsettled

    @property
    def elapsed(self) -> float:
        """Seconds for which the run has been active. The count stops while all nodes are settled."""
        return self.state.active(self.clock())

    @property
    def wall_seconds(self) -> float:
        """Seconds since the run started, including time spent waiting for the user or without a process."""
        return max(0.0, self.wall(self.clock()) - self.wall(NO_TIME))

    def alive(self) -> int:
        """Return the number of attempts in flight."""
        return sum(self.state.counts[status] for status in ALIVE)

    @property
    def read_only(self) -> str | None:
        """Why every command is refused. None if the run accepts commands."""
        return READ_ONLY

    def refusal(self, command: Command) -> str | None:  # noqa: ARG002 - a view refuses every command
        """Return why a command would change nothing now, or None. Only the top of a large subtree is looked at."""
        return self.read_only

    def edits_missing_in(self, path: Path, digest: bytes) -> tuple[str, ...]:  # noqa: ARG002 - a view has none
        """Return the tasks whose edits this run has and a file lacks, if the file has the content with that digest."""
        return ()

    @property
    def notices(self) -> list[Notice]:
        """The problems that apply now."""
        lasting = (self.lost_record, self.failed_notify, self.short_lived, self.changed_file)
        found = (self._off_record(), *self._silences(), self._asks(), *lasting)
        return [notice for notice in found if notice is not None]

    def _silences(self) -> Iterable[Notice]:
        """Return a notice for each executor on other machines that does not answer."""
        if not self.state.silent or self.settled:
            return ()
        from dagtui.runs.executor_words import silence_words  # most runs have no such executors

        return [Notice(*words) for words in silence_words(self.state, self.wall(self.clock()))]

    @property
    def waits(self) -> str:
        """Why nothing happens in an unsettled run, in a few words, such as "is paused". Empty without such a reason."""
        if self.state.held_up:
            return self.state.held_up
        if self.settled or self.alive():
            return ""
        if self.state.paused:
            return "is paused"
        if self.state.counts[NodeStatus.RETRYING]:
            return ""
        if (first := next(self.state.asking(), None)) is not None:
            return f"waits for an answer to {label(self.graph.labels[first], 60)}"
        return self._waits_for_release() if self.state.held else ""

    def _waits_for_release(self) -> str:
        from dagtui.runs.holds import waits_for_release  # most runs hold nothing

        return waits_for_release(self.state)

    def _asks(self) -> Notice | None:
        """Return a notice if gates wait for an answer."""
        if not self.graph.any_gates or self.settled:
            return None
        from dagtui.runs.answers import asks_brief, asks_words

        first = next(self.state.asking(), None)
        if first is None:
            return None
        name = label(self.graph.labels[first], 60)
        return Notice(asks_brief(self.state), f"{name} {asks_words(self.state, first, self.graph_path, self.number)}")

    def _off_record(self) -> Notice | None:
        """Return a notice if the journal can't be written: what the run waits for, and the nodes not recorded yet."""
        state, labels = self.state, self.graph.labels
        nodes = sorted(state.off_record)
        if not state.held_up:
            return None
        if not nodes:
            return Notice(state.held_up, state.held_up)
        names = first_of([label(labels[node], 60) for node in nodes[:NAMED]], len(nodes))
        brief = f"{state.held_up}: {count(len(nodes))} not on record yet"
        return Notice(brief, f"{state.held_up}; not on record yet: {names}")

    # Terminals

    def has_terminal(self, node: NodeIndex) -> bool:  # noqa: ARG002 - a view has none
        """Return whether a person can type into a node while it runs."""
        return False

    def resize_terminals(self, rows: int, columns: CellWidth) -> bool:  # noqa: ARG002 - a view has none
        """Give the terminals of nodes the size in which their output is shown. Return whether there are any."""
        return False

    # Attempts

    @property
    def live_figures(self) -> LiveFigures | None:
        """What nodes on the screen use while they run. None: this process does not know their processes."""
        return None

    def log_path(self, node: NodeIndex, attempt: AttemptNumber) -> Path:
        """Return the path of an attempt's log. The file does not exist before the first output."""
        return self.path / "logs" / log_name(self.graph.labels[node], attempt)

    def log_until(self, node: NodeIndex, attempt: AttemptNumber) -> WallTime | None:  # noqa: ARG002 - all is shown
        """Return the time until which what an attempt wrote is shown. None: all of it is."""
        return None

    @cached_property
    def as_run(self) -> AsRun:
        """What nodes execute: placeholders are filled in where their values are known, and secrets are redacted."""
        from dagtui.graph.expressions.as_run import AsRun, UnknownEnvironment

        return AsRun(self.graph, UnknownEnvironment(), self._ended_as, self._handed_on)

    def _ended_as(self, node: NodeIndex) -> str:
        """Return the value of `needs.X.status`."""
        if not self.state.status_of(node).settled:
            raise ResolutionError(f"{self.graph.labels[node]} has not ended")
        return self.state.status_name(node)

    def _handed_on(self, node: NodeIndex) -> Mapping[str, str]:
        """Return the values that a node has handed on."""
        self._ended_as(node)
        return self.state.outputs_of(node)

    def estimate(self, node: NodeIndex) -> float | None:
        """Return the expected seconds of a node, from earlier runs. None without history."""
        return self.forecast.estimate(node)

    def knows(self, node: NodeIndex) -> bool:
        """Return whether the estimate of a node comes from its own runs, and not from those of other nodes."""
        return self.forecast.knows(node)

    def remaining(self) -> tuple[float, int] | None:
        """Return the expected seconds until the run is settled, and the node that bounds it. None without history."""
        return self.forecast.remaining(self.state, self.clock())

    def eta_range(self) -> EtaRange | None:
        """Return the range in which `remaining` is in most cases, and what it rests on. None without history."""
        return self.forecast.eta_range(self.state, self.clock())

    def answers_left(self) -> int:
        """Return the number of answers that the run may still wait for. `remaining` leaves their time out."""
        return self.forecast.answers_left(self.state)
