"""The executors of a run, changed for another graph of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dagtui.graph.model import LOCAL
from dagtui.runs.ingredients import Machinery, identity_of, reads_files, values_of_run

if TYPE_CHECKING:
    from collections.abc import Callable

    from dagtui.engine.messages import Result
    from dagtui.engine.protocol import Executor
    from dagtui.engine.renumbering import Renumbering
    from dagtui.engine.traversal import Traversal
    from dagtui.execution.files.judging_executor import JudgingExecutor
    from dagtui.execution.local.node_numbers import NodeNumbers
    from dagtui.execution.routing_executor import RoutingExecutor
    from dagtui.execution.serving_executor import ServingExecutor
    from dagtui.runs.executors import RemoteParts
    from dagtui.runs.forecast import Forecast
    from dagtui.runs.ingredients import Ingredients
    from dagtui.runs.live import LiveRun


@dataclass(slots=True)
class NextGraph:
    """What the run goes on with."""

    ingredients: Ingredients
    traversal: Traversal
    forecast: Forecast
    renumbering: Renumbering
    numbers: NodeNumbers


class ExecutorChain:
    """The executors of a run, changed for another graph."""

    def __init__(self, run: LiveRun, machinery: Machinery, found: NextGraph) -> None:
        self._run = run
        self._found = found
        self._before = machinery
        ingredients, directory = found.ingredients, run.directory
        self.local = machinery.local
        self.routing: RoutingExecutor | None = machinery.routing
        self._parts: RemoteParts | None = None
        self.serving: ServingExecutor | None = machinery.serving
        self.judging: JudgingExecutor | None = machinery.judging
        self.top: Executor = self.local
        if self.routing is not None or ingredients.shown.any_remote:
            from dagtui.execution.routing_executor import RoutingExecutor  # most graphs need none

            self._parts = ingredients.remote_parts(directory, found.traversal.state, run.history)
            self.top = self.routing = self.routing or RoutingExecutor({LOCAL: self.local}, self._parts.name_of)
            self._parts.prepare(self.routing)
        self._below = self.top
        if self.serving is None and ingredients.shown.any_services:
            self.serving = ingredients.serving_executor(self.top, directory)
        if self.serving is not None:
            self.top = self.serving
        if self.judging is None and reads_files(ingredients.shown):
            self.judging = ingredients.judging_executor(self.top, directory, found.traversal)
        if self.judging is not None:
            self.top = self.judging

    def switch(self) -> Machinery:
        """Let the executors start attempts of the new graph."""
        found, before, directory = self._found, self._before, self._run.directory
        ingredients, state = found.ingredients, found.traversal.state
        graph, labels, number_of = ingredients.executed, ingredients.shown.labels, found.renumbering.number_of
        identity = identity_of(directory)
        self.local.reload(
            graph,
            found.numbers,
            ingredients.environment,
            lambda node, attempt: directory.log_file(labels[node], attempt),
            lambda node, attempt: directory.output_path(labels[node], attempt),
            state.status_name,
            state.outputs_of,
            lambda: values_of_run(state, identity),
        )
        deliver: Callable[[Result], None] = self._run.run.post
        if self.judging is not None:
            inner = self.serving or self._below
            if before.judging is not None:
                from dagtui.runs.judging import keys_of, why_forced

                keys = keys_of(graph, ingredients.environment, state)
                self.judging.reload(graph, keys, why_forced(found.traversal, ingredients.is_forced), number_of)
                state.reading = self.judging.reading
            self.judging.redirect(deliver)
            deliver = self.judging.stand_before(inner)
        if self.serving is not None:
            if before.serving is not None:
                self.serving.reload(
                    graph, number_of, lambda *attempt: directory.log_path(labels[attempt[0]], attempt[1])
                )
            self.serving.redirect(deliver)
            deliver = self.serving.stand_before(self._below)
        if self.routing is not None and self._parts is not None:
            self._parts.take_over(self.routing, deliver, number_of)
            if before.routing is None:
                held = found.traversal.capacity.held
                deliver = self.routing.stand_before(self.local, [(node, state.attempt[node]) for node in held])
        if before.routing is None:
            self.local.redirect(deliver)
        return Machinery(ingredients, before.sink, self.local, self.routing, self.serving, self.judging)
