"""Why tab: the path to the root cause, what a node waits for, which commands cancelled it, and what would help."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from dagtui.engine.capacity import pools_taken, slots_taken
from dagtui.engine.events import command_word
from dagtui.engine.status import ALIVE, FAILING, MARKED, Cause, NodeStatus
from dagtui.engine.why import full_why, why, word_for
from dagtui.graph.model import NO_NODE
from dagtui.text import duration, label, plural
from dagtui.text.amounts import ends_left_behind, seconds_since, seconds_until, time_of_day, whole_duration
from dagtui.text.look import IN_UNICODE
from dagtui.tui.actions.hints import node_hints
from dagtui.tui.lines.rows import Role, Row, Span, and_more, muted, name_run, node_sign, row
from dagtui.tui.log.empty_log import added_by_key, gate_rows, node_rows, pending_parents, spent
from dagtui.tui.log.log_footer import tries
from dagtui.tui.node.cause_paths import (
    failed_ancestors,
    longest_wait,
    path_to_cause,
    redefined_ancestors,
    rerun_ancestors,
)
from dagtui.tui.node.failure_lines import FailureLines
from dagtui.tui.node.node_page import NodePage

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dagtui.graph.model import NodeIndex
    from dagtui.runs.view import RunView
    from dagtui.text.amounts import ClockTime
    from dagtui.text.look import Look
    from dagtui.tui.actions.keymap import Keymap

MOST_RUNNING = 10
"""Statuses of nodes that hold slots."""


class WhyPane(NodePage):
    """The explanation of the shown node, with links to the nodes that it names."""

    def __init__(self, run: RunView, look: Look = IN_UNICODE, *, keymap: Keymap) -> None:
        super().__init__(run, look)
        self._keymap = keymap
        self._ending = FailureLines(run)

    def on_unmount(self) -> None:
        """Close the log."""
        super().on_unmount()
        self._ending.close()

    def take_up(self, node: NodeIndex) -> None:
        """Go on with the graph that the run has now."""
        self._ending.close()
        super().take_up(node)

    def rows_about(self, node: NodeIndex, clock: ClockTime) -> Sequence[Row]:
        """Return the explanation, what a person can do, and the end of the explaining log."""
        explanation = Explanation(self.run, node, clock, self.look)
        rows = explanation.rows()
        rows += node_hints(self.run, node, self._keymap, self.look)
        if explanation.culprit >= 0:
            rows += self._ending.rows(explanation.culprit)
        else:
            self._ending.close()
        return rows

    def flush(self, clock: ClockTime) -> bool:
        """Continue the search for the first error and rebuild the rows if needed. Return whether a frame is needed."""
        if self._ending.step():
            self.remake()
        return super().flush(clock) or self._ending.seeks


class Explanation:
    """The rows that explain one node at one time. `culprit` is the node whose log explains the rest, or -1."""

    def __init__(self, run: RunView, node: NodeIndex, clock: ClockTime, look: Look) -> None:
        self._run = run
        self._state = run.state
        self._node = node
        self._clock = clock
        self._look = look
        self.culprit = NO_NODE

    def rows(self) -> list[Row]:
        """Return status and reason, then what is behind them."""
        status = self._state.status_of(self._node)
        if self._state.is_outside(self._node):
            return [row(Span(added_by_key(self._look), Role.HEADING), indent=2)]
        reason = label(full_why(self._state, self._node, self._clock), 500)
        reason = reason.replace("succeeded; it had", "it had", 1)  # that it is done says the same
        if self._state.cause_of(self._node) is Cause.ASKS:
            reason = "waits for your answer"
        rows = [
            row(*self._heading(status, reason), indent=2),
            *self._remarks(),
            *self._behind(status),
        ]
        if self._state.stale[self._node]:
            rows += self._stale()
        return rows

    def _stale(self) -> list[Row]:
        """Return what makes the node older than it should be, as far as its ancestors do."""
        redefined, again = redefined_ancestors(self._run, self._node), rerun_ancestors(self._run, self._node)
        rows = self._section("definition changed", redefined) if redefined else []
        return rows + (self._section("ran again after it", again) if again else [])

    def _remarks(self) -> list[Row]:
        """Return what was noted about the last attempt, without what the reason says too."""
        texts = self._run.attempts.remarks(self._node, self._state.attempt[self._node])
        said = ends_left_behind(self._state.left.get(self._node, 0))
        return [row(Span(label(text, 500), Role.WARNING), indent=2) for text in texts if text != said]

    def _behind(self, status: NodeStatus) -> list[Row]:
        if status is NodeStatus.FAILED_PARENT:
            return self._blocked()
        if status is NodeStatus.WAITING:
            return self._waiting()
        if self._node in self._state.asked:
            return [row(), *gate_rows(self._run, self._node, self._clock)]
        if status is NodeStatus.READY:
            return self._ready()
        if status in FAILING:
            return self._failed(status)
        if status in MARKED:
            return self._marks()
        if status is NodeStatus.SKIPPED and self._state.blocker[self._node] >= 0:
            return self._way("skipped because of", path_to_cause(self._run, self._node))
        if status is NodeStatus.RUNNING:
            return self._running()
        return []

    def _heading(self, status: NodeStatus, reason: str) -> tuple[Span, ...]:
        """Return the status and its reason. A reason that begins with the status, or a gate's, stands for both."""
        if reason.startswith(word_for(self._state, self._node)) or self._state.cause_of(self._node) is Cause.ASKS:
            return node_sign(self._state, self._node, self._look), Span(f" {reason}", Role.HEADING)
        sign = node_sign(self._state, self._node, self._look, word=True)
        if status is NodeStatus.FAILED:
            sign = sign._replace(text=f"{self._look.glyphs.statuses[status]} {word_for(self._state, self._node)}")
        return sign, Span(f"  {reason}", Role.HEADING)

    def _blocked(self) -> list[Row]:
        causes = failed_ancestors(self._run, self._node)
        path = path_to_cause(self._run, self._node)
        self.culprit = path[-1]
        rows = self._way("blocked by", path)
        others = [cause for cause in causes if cause != path[-1]]
        if others:
            rows += self._section("also blocked by", others)
        return rows

    def _way(self, title: str, path: Sequence[NodeIndex]) -> list[Row]:
        """Return the nodes from this one's parent to the root cause, each indented further."""
        rows = [row(), row(Span(title, Role.MUTED))]
        arrow = self._look.glyphs.branch
        for depth, node in enumerate(path[1:]):
            rows.append(
                row(
                    "  " * min(depth + 1, 8),
                    muted(arrow if depth else ""),
                    node_sign(self._state, node, self._look),
                    " ",
                    name_run(self._run.graph.labels[node]),
                    muted(f"  {self._about(node)}"),
                    jump=node,
                    indent=4,
                )
            )
        return rows

    def _about(self, node: NodeIndex) -> str:
        """Return why a node on the path is what it is. A failed node says how it failed."""
        status = self._state.status_of(node)
        if status is NodeStatus.FAILED:
            took = spent(self._run, node, self._clock)
            return label(why(self._state, node, self._clock), 300) + (f" after{took}" if took else "")
        return status.word

    def _waiting(self) -> list[Row]:
        if self._state.waits_for_all(self._node):
            return self._all_others()
        pending = pending_parents(self._state, self._node)
        rows = self._section("waits for", pending)
        path, seconds = longest_wait(self._run, self._node, self._clock)
        if len(path) > 1 or (path and len(pending) > 1):
            about = f", about {duration(seconds)}" if seconds is not None else ""
            rows += self._section(f"critical path{about}", path)
        return rows

    def _all_others(self) -> list[Row]:
        """Return what a finally node waits for: first what runs, last what waits itself."""
        state = self._state
        statuses = (*sorted(ALIVE), NodeStatus.RETRYING, NodeStatus.READY, NodeStatus.WAITING)
        others = (node for status in statuses for node in state.nodes_with(status) if not state.is_finally[node])
        named = list(islice(others, MOST_RUNNING))
        return self._section("waits for", named) + and_more(state.unsettled_before_finally - len(named))

    def _ready(self) -> list[Row]:
        state = self._state
        if state.paused or self._node in state.held:
            return []
        running = [node for status in sorted(ALIVE) for node in state.nodes_with(status)]
        executor = state.graph.task(self._node).executor
        if executor in state.graph.executors:
            return self._queued(executor, [node for node in running if state.executor_of.get(node) == executor])
        running = [node for node in running if node not in state.executor_of]
        if not running:
            return []
        taken = f"{slots_taken(state):,} of {plural(state.jobs, 'slot')} taken{self._pools()}"
        rows = self._section(f"{len(running):,} running, {taken}", running[:MOST_RUNNING])
        return rows + and_more(len(running) - MOST_RUNNING)

    def _queued(self, executor: str, running: Sequence[NodeIndex]) -> list[Row]:
        """Return how an executor on other machines is used, and what it runs."""
        from dagtui.runs.executor_words import executors_used

        use = next(use for use in executors_used(self._state) if use.name == executor)
        rows = self._section(f"{use.words}; {len(running):,} running", running[:MOST_RUNNING])
        return rows + and_more(len(running) - MOST_RUNNING)

    def _pools(self) -> str:
        """Return what is taken of the pools that the node wants."""
        wanted = dict(self._state.graph.task(self._node).pools)
        taken = pools_taken(self._state) if wanted else {}
        shown = [pool for pool in self._state.graph.pools if pool.name in wanted]
        return "".join(f", {label(pool.part(taken[pool.name]))} {label(pool.name, 40)}" for pool in shown)

    def _running(self) -> list[Row]:
        run, node = self._run, self._node
        task = run.graph.task(node)
        runs_for = seconds_since(self._state.started[node], self._clock)
        words = [f"running for {spent(run, node, self._clock).strip()}"]
        estimate = run.estimate(node)
        if estimate is not None and task.service is None:  # which runs as long as others need it
            words.append(f"{'' if run.knows(node) else 'others '}took about {duration(estimate)} before")
        if task.timeout:
            words.append(f"times out in {whole_duration(int(max(0.0, task.timeout - runs_for)))}")
        if tries(run, node) > self._state.attempt[node]:
            words.append(f"attempt {self._state.attempt[node]} of {tries(run, node)}")
        return [row(), row(", ".join(words))]

    def _failed(self, status: NodeStatus) -> list[Row]:
        self.culprit = self._node
        attempt, last = self._state.attempt[self._node], tries(self._run, self._node)
        rows = [row()]
        if status is NodeStatus.RETRYING:
            left = whole_duration(seconds_until(self._state.due.get(self._node, self._clock), self._clock))
            words = f"attempt {attempt} of {last} failed; the next one starts in {left}"
            rows.append(row(Span(words, Role.WARNING)))
        elif last > attempt:
            rows.append(row(f"attempt {attempt} of {last}: this kind of failure is not retried"))
        else:
            first = self._state.base[self._node] + 1
            rows.append(row(f"attempt {attempt} was the last one" if attempt > first else "it has no retries"))
        if self._state.allows_failure(self._node):
            rows.append(row("its failure is allowed: its children can run"))
        return rows

    def _marks(self) -> list[Row]:
        """Return the commands that cancelled the node, latest first."""
        rows: list[Row] = [row()]
        cause = self._state.cause_of(self._node)
        if cause is Cause.TIMEOUT:
            rows.append(row("it took longer than its timeout"))
        labels = self._run.graph.labels
        for number in reversed(self._state.marks.get(self._node, ())):
            command = self._state.commands.get(number)
            if command is None:
                continue
            words = label(command_word(command))
            at = time_of_day(self._run.wall(command.at))
            target = command.nodes[0] if command.nodes else NO_NODE
            name = (name_run(labels[target]),) if target >= 0 else ()
            by = label(command.by)
            rows.append(row(f"{at}  {words} ", *name, muted(f"  by {by}"), jump=target, indent=10))
        return rows

    def _section(self, title: str, nodes: Sequence[NodeIndex]) -> list[Row]:
        rows = node_rows(self._run, nodes, self._clock, self._look)
        return [row(), row(Span(title, Role.MUTED)), *rows]
