"""Resume the last run of a graph: replay its journal, keep the results that are still valid, and continue."""

from __future__ import annotations

import os
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from dagtui.engine.followers import ENDS_ALONE
from dagtui.engine.protocol import JournalFullError
from dagtui.engine.resumption import followers_again, kept_marks
from dagtui.engine.rules.propagation import Propagation
from dagtui.engine.staleness import topmost_stale
from dagtui.engine.state import RunState
from dagtui.engine.status import ALIVE, Cause, NodeStatus, Verdict
from dagtui.engine.targets import Targets
from dagtui.execution.local import node_numbers, undelivered
from dagtui.graph.definition import NEW, changed_cells, changed_parts, gone, with_descendants
from dagtui.graph.errors import GraphError
from dagtui.graph.export import to_toml
from dagtui.graph.loading import load_recorded, without_garbage_collection
from dagtui.runs.beginning import DEFAULTS, boot_id, notes_on, reloader
from dagtui.runs.broken_journal import begin_journal, set_end_aside
from dagtui.runs.ingredients import Ingredients
from dagtui.runs.last_run import NothingToResumeError, resumable
from dagtui.runs.late_ends import late_ends
from dagtui.runs.previous_processes import end_survivors, wait_for_processes
from dagtui.runs.previous_run import TICK, recorded_graph, understand
from dagtui.runs.processors import initial_slots
from dagtui.runs.resume_command import command_to_resume, rerun_options
from dagtui.runs.staying import NAMED, named, stay_cancelled, stay_held
from dagtui.runs.targets import joining
from dagtui.store.errors import StoreError
from dagtui.store.files import replace_file
from dagtui.store.journal import JournalReader, JournalWriter
from dagtui.store.log_index import last_logged
from dagtui.text import count, label, plural
from dagtui.text.amounts import first_of, now
from dagtui.text.labels import name_label
from dagtui.text.look import IN_UNICODE

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from dagtui.engine.events import NodeEvent
    from dagtui.engine.messages import AttemptNumber
    from dagtui.graph.definition import CellChange
    from dagtui.graph.executors import ExecutorSettings
    from dagtui.graph.model import Graph, NodeIndex, TaskIndex
    from dagtui.runs.elsewhere import Elsewhere
    from dagtui.runs.launch import LaunchOptions
    from dagtui.runs.live import LiveRun
    from dagtui.runs.previous_run import Replay
    from dagtui.store.directory import RunDirectory
    from dagtui.text.secrets import Secrets


@dataclass(frozen=True, slots=True)
class LastRun:
    """What became of the last run of a graph, compared with the graph as it is now."""

    graph: Graph
    directory: RunDirectory
    past: Replay
    state: RunState
    """The state in which the run was left."""
    changed: dict[NodeIndex, tuple[str, ...]]
    """Nodes whose definition has changed, and the parts of it that differ."""
    again: dict[NodeIndex, NodeIndex]
    """Nodes to run again because a definition changed, mapped to the node with that definition: itself or an
    ancestor."""
    followers: frozenset[NodeIndex]
    """Nodes that are done but run again, because the nodes they followed run again."""
    gone: tuple[str, ...]
    """Tasks that the graph no longer has."""
    written: bytes | None
    """The graph to record. None if it is already recorded as it is."""
    cells: Mapping[TaskIndex, CellChange]
    """How the cells of tasks differ."""
    late: tuple[NodeEvent, ...] = ()
    """Results that the journal does not contain. The state already includes them."""
    elsewhere: Elsewhere | None = None
    """What goes on on other machines. None: the run was on none."""
    looked_at: int = 0
    """Number of completed nodes whose inputs and outputs were compared with what they were."""

    @property
    def well(self) -> bool:
        """Whether there is nothing left to do: the run completed, and nothing has changed since."""
        return self.past.ended and self.state.verdict() is Verdict.COMPLETED and not self.changed

    @property
    def running_elsewhere(self) -> int:
        """The number of nodes that other machines were executing, and may be still."""
        return sum(self.state.status[node] in ALIVE for node in self.state.executor_of)

    def words_elsewhere(self) -> str:
        """Say what goes on on other machines, and what of it is stopped. Safe to show. Empty: nothing."""
        if self.elsewhere is None:
            return ""
        return self.elsewhere.words(Counter(self.state.executor_of[node] for node in self._begun_anew()))

    def ending(self) -> Iterator[NodeIndex]:
        """Yield the nodes whose attempts on other machines end, because no process had the run."""
        if self.elsewhere is not None and (names := self.elsewhere.ending):
            yield from (node for node, executor in self.state.executor_of.items() if executor in names)

    def _begun_anew(self) -> Iterator[NodeIndex]:
        """Yield the nodes whose attempts on other machines are stopped (see `engine/resumption.py`)."""
        state, ending = self.state, set(self.ending())
        for node, executor in state.executor_of.items():
            is_cancelling = (state.status[node], state.cause[node]) == (NodeStatus.CANCELLING, Cause.CANCEL)
            if (is_cancelling and kept_marks(state, node)) or node in ending:
                continue
            if is_cancelling or node in self.again or self.graph.task(node).executor != executor:
                yield node

    @property
    def cancelled(self) -> list[NodeIndex]:
        """The nodes that stay cancelled, because they were cancelled one by one rather than with the whole run."""
        return sorted(node for node in self.state.marks if kept_marks(self.state, node))

    def nothing_left(self) -> NothingToResumeError:
        """Return the error for a run with nothing left to do."""
        which = f"run {self.directory.number} of {label(self.graph.name)}"
        since = "no remaining task" if self.gone or self.cells else "no task"
        text = (
            f"{which} completed, and {since} has changed in the file since ({self._files()}): "
            f"there is nothing to resume; --fresh runs everything again{self._stale()}"
        )
        return NothingToResumeError(text, completed=True)

    def _files(self) -> str:
        """Say whether files were looked at."""
        if not self.looked_at:
            return "input files are not checked"
        return f"nor inputs and outputs of {plural(self.looked_at, 'node')}; other files are not checked"

    def _stale(self) -> str:
        """Say how to rerun nodes that are stale, because an ancestor ran again after them. Empty if there are none."""
        if not (stale := topmost_stale(self.state)):
            return ""
        command = command_to_resume(self.graph, self.directory.number, None, IN_UNICODE)
        verb = "node is" if self.state.stale_count == 1 else "nodes are"
        options = rerun_options(self.graph, stale)
        return f"; {count(self.state.stale_count)} {verb} stale: {command} {options}"

    def broke_off(self) -> str:
        """Say how the run broke off. Empty if it was closed properly."""
        if self.past.ended or self.past.left:
            return ""
        if self.past.boot and boot_id() and self.past.boot != boot_id():
            return "the machine was restarted while it ran"
        return "it broke off: dagtui crashed or was killed"

    def changes(self) -> str:
        """Name the changed tasks and the parts that changed. Empty if nothing did. Safe to show."""
        said: dict[TaskIndex, list[str]] = {}
        for node, parts in self.changed.items():
            task = self.graph.task_of[node]
            if task not in said and not (parts == (NEW,) and task in self.cells):
                said[task] = [", ".join(map(label, parts[:NAMED]))]
        tasks = self.graph.tasks
        for task, change in self.cells.items():
            matrix = tasks[task].matrix
            said.setdefault(task, []).append(change.words("" if matrix is None else matrix.sheet))
        named = [f"{name_label(tasks[task].name)} ({'; '.join(parts)})" for task, parts in said.items()]
        named += [f"{name_label(name)} (gone)" for name in self.gone]
        return first_of(named[:NAMED], len(named), ", ")

    def reasons(self) -> Iterator[tuple[NodeIndex, str]]:
        """Yield completed nodes that run again, and why."""
        for node, origin in self.again.items():
            if node == origin:
                yield node, f"changed since it ran: {', '.join(self.changed[node])}"
            else:
                yield node, f"runs again: {self.graph.labels[origin]} changed"


def replay(graph: Graph, directory: RunDirectory, reader: JournalReader) -> LastRun:
    """Replay the journal of a run that no process has. Raises StoreError.

    The graph is the one that is shown and recorded, with secrets redacted, as the run's own graph is.
    """
    with without_garbage_collection():
        past = understand(reader, graph)
        state = RunState(graph)
        state.replay(past.events)
        written = to_toml(graph).encode("utf-8", "backslashreplace")
        recorded = recorded_graph(directory)
        # Reading a graph takes longer than writing one.
        before = graph if recorded == written else _graph_of(directory, recorded)
        labels = node_numbers.read_labels(os.fspath(directory.path)) or before.labels
        late = tuple(late_ends(directory, state, labels, past.clock))
        state.replay(late)
        if before is graph:
            elsewhere = _elsewhere(before, state, directory)
            followers = _followers(state, {})
            return LastRun(graph, directory, past, state, {}, {}, followers, (), None, {}, late, elsewhere)
        changed = {node: parts for node, parts in changed_parts(before, graph).items() if not state.is_outside(node)}
        again = with_descendants(graph, changed)
        followers = _followers(state, again)
        tasks, cells = gone(before, graph), changed_cells(before, graph)
        elsewhere = _elsewhere(before, state, directory)
    return LastRun(graph, directory, past, state, changed, again, followers, tasks, written, cells, late, elsewhere)


def _elsewhere(before: Graph, state: RunState, directory: RunDirectory) -> Elsewhere | None:
    """Return what goes on elsewhere of a run, whose journal is read again only if its graph has changed since."""
    if not before.any_remote:
        return None
    from dagtui.runs.elsewhere import recorded_state, what_goes_on  # most graphs name no other machine

    was = state if before is state.graph else recorded_state(before, directory)
    return what_goes_on(was, state.graph, directory)


def _with_changed_files(last: LastRun, executed: Graph, secrets: Secrets | None) -> LastRun:
    """Add the completed nodes whose inputs or outputs have changed since, and what is below them."""
    if not any(task.inputs for task in executed.tasks):
        return last
    from dagtui.runs.judging import changed_files  # only here: other graphs need no database

    state = last.state
    done = [
        node
        for node in state.nodes_with(NodeStatus.COMPLETED)
        if node not in last.again and executed.task(node).inputs and state.cause_of(node) is not Cause.MARKED
    ]
    files, looked_at = changed_files(executed, last.directory, done, secrets)
    if not files:
        return replace(last, looked_at=looked_at)
    again = {**with_descendants(last.graph, files), **last.again}
    return replace(
        last,
        changed={**last.changed, **files},
        again=again,
        followers=last.followers | _followers(state, again),
        looked_at=looked_at,
    )


def _followers(state: RunState, again: Collection[NodeIndex]) -> frozenset[NodeIndex]:
    return frozenset(followers_again(Propagation(state.graph, state), again)).difference(again)


def _graph_of(directory: RunDirectory, content: bytes) -> Graph:
    try:
        return load_recorded(directory.graph_path, content)
    except GraphError as error:
        # The user can't repair this file, and without it the recorded successes have no meaning.
        problem = error.problems[0]
        text = (
            f"can't resume run {directory.number}: its record of the graph, {problem.path}, is damaged "
            f"({problem.message}); start a new run with --fresh"
        )
        raise StoreError(text) from error


def resume_run(graph: Graph, options: LaunchOptions = DEFAULTS) -> LiveRun:
    """Resume the run that the options name, by default the last one, in its directory. Otherwise like `start_run`.

    Raises NothingToResumeError if there is no such run or nothing left to do in it, StoreError also if it is live, and
    GraphError if the graph that it ran can't be read any more.

    Before anything starts, the journal records what stays and what runs again. Only then is the resolved graph
    replaced, so a crash in between leaves a run that can be resumed as before.
    """
    ingredients = Ingredients(graph, options)
    found = options.resumption or resumable(ingredients.shown)
    directory = found.directory
    with ExitStack() as undoing:
        with ingredients.starting(directory.path):
            directory.acquire()
        undoing.callback(directory.close)
        wait_for_processes(directory.path)
        ended = end_survivors(directory.path)
        begun_anew = begin_journal(directory)
        reader = JournalReader(directory.journal_path)
        last = replay(ingredients.shown, directory, reader)
        last = _with_changed_files(last, ingredients.executed, ingredients.secrets)
        damaged = begun_anew or set_end_aside(reader)
        targets = joining(graph, last.state, options.targets, found.rerun) if last.state.outside else None
        if last.well and not found.rerun and targets is None and not _releases(ingredients, last.state):
            raise last.nothing_left()
        with without_garbage_collection():
            if last.elsewhere is not None and last.elsewhere.executors:
                last = _with_executors(last, last.elsewhere.executors, ingredients)
            live = _restore(ingredients, last, reader, damaged, found.rerun, targets)
        directory.become_latest()
        for text in (found.words(), ended, *directory.remarks, *notes_on(graph)):
            if text:
                live.note(text)
        live.run.continue_run(paused=options.paused)
        undoing.pop_all()
    return live


def _with_executors(last: LastRun, executors: Mapping[str, ExecutorSettings], ingredients: Ingredients) -> LastRun:
    """Add the executors to the graph that have attempts of the run, and that the graph does not name any more."""
    for graph in (ingredients.shown, ingredients.executed):
        graph.executors = {**executors, **graph.executors}
    return replace(last, written=to_toml(ingredients.shown).encode("utf-8", "backslashreplace"))


def _releases(ingredients: Ingredients, state: RunState) -> bool:
    """Return whether a condition that was false is no longer, because of other parameters or variables."""
    skipped = [node for node in state.nodes_with(NodeStatus.SKIPPED) if state.cause_of(node) is Cause.CONDITION]
    conditions = ingredients.conditions({}) if skipped else None
    return conditions is not None and not all(conditions.keep_back(state, node) for node in skipped)


def _restore(
    ingredients: Ingredients,
    last: LastRun,
    reader: JournalReader,
    damaged: str,
    rerun: tuple[NodeIndex, ...],
    targets: Targets | None,
) -> LiveRun:
    directory, past, graph = last.directory, last.past, ingredients.shown
    broke_off = last.broke_off()
    # Lines may be missing. Attempts submitted by a missing line have left logs.
    used = _logged(last) if damaged or broke_off else {}
    # Such a line may also have added their nodes to the run.
    if added := tuple(filter(last.state.is_outside, used)):
        nodes, names = targets or ((), ())
        targets = Targets(tuple(dict.fromkeys((*nodes, *added))), names)
    live = ingredients.live_run(directory, JournalWriter.reopen(reader), past.clock + TICK, reloader)
    live.replay(past)
    try:
        live.run.restore(
            past.events,
            last.late,
            dict.fromkeys(last.ending(), ENDS_ALONE) | dict(last.reasons()),
            used,
            jobs=initial_slots(graph, ingredients.options.jobs),
            boot=boot_id(),
            rerun=rerun,
            targets=targets,
            keep_going=() if live.routing is None else live.routing.elsewhere,
            away=max(0.0, now() - past.last_wall),
        )
    except JournalFullError as error:
        raise StoreError(str(error)) from error
    undelivered.reserve(os.fspath(directory.path))
    _number_anew(directory)
    if ingredients.secrets is not None:
        directory.forget_outputs()
    if last.elsewhere is not None:
        from dagtui.runs.elsewhere import hand_on

        hand_on(last.elsewhere, live)
    if last.written is not None:
        replace_file(directory.graph_path, last.written)
        directory.sync()
    cancelled = list(live.state.nodes_with(NodeStatus.CANCELLED))
    held = stay_held(graph, live.state.held)
    elsewhere = last.words_elsewhere()
    cancels = stay_cancelled(graph, cancelled)
    for text in (broke_off, damaged, elsewhere, _late(last), _summary(last, live.state), cancels, held):
        if text:
            live.note(text)
    return live


def _number_anew(directory: RunDirectory) -> None:
    """Let the numbers of nodes be those of the recorded graph again, if the run was reloaded. Raises StoreError."""
    try:
        node_numbers.forget(os.fspath(directory.path))
    except OSError as error:
        raise StoreError.of("remove", directory.path / node_numbers.NAME, error) from error


def _late(last: LastRun) -> str:
    if not last.late:
        return ""
    return f"recovered {plural(len(last.late), 'result')} that the session could not record"


def _summary(last: LastRun, state: RunState) -> str:
    kept = state.counts[NodeStatus.COMPLETED]
    followers = {node for node in last.followers if not state.status_of(node).settled}  # a condition may keep them done
    parts = [f"{plural(kept, 'completed node')} {'stays' if kept == 1 else 'stay'}"]
    if followers:
        parts.append(f"nodes that depend on how others ended run again: {named(last.graph, followers)}")
    if changes := last.changes():
        parts.append(f"changed: {changes}")
    return f"resumed: {'; '.join(parts)}"


def _logged(last: LastRun) -> dict[NodeIndex, AttemptNumber]:
    """Return each node's last logged attempt, where it is later than any attempt in the journal."""
    known = last.state.attempt
    logged = last_logged(last.directory.path / "logs", last.graph.labels)
    return {node: attempt for node, attempt in zip(last.graph.nodes, logged, strict=True) if attempt > known[node]}
