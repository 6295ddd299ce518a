"""Actions that look at other runs of the graph: in a program of its own, which has the terminal meanwhile."""

from __future__ import annotations

import sys
from functools import partial

from dagtui.runs.listed_runs import CALLING_RUN
from dagtui.tui.actions.action import Pane
from dagtui.tui.actions.programs import ProgramActions
from dagtui.tui.lines.rows import Role

NO_RUNS = "this graph was not read from a file: it has no other runs"
NO_CHOICE = "the tab Runs has no cursor: open it, and choose a run"


class PastRunActions(ProgramActions):
    """Shows the runs of the graph, and single ones of them. The run that is shown continues meanwhile."""

    def show(self) -> None:
        """Show the list of runs."""
        self._open("runs")

    def open_chosen(self) -> None:
        """Show the run under the cursor of the tab Runs at its node, read-only."""
        main = self._app.main
        chosen = main.side.runs.chosen if main.on_side and main.pane is Pane.RUNS else None
        if chosen is None:
            self._app.say(NO_CHOICE)
            return
        self._open("attach", "--read-only", "--run", str(chosen[0]), "--node", chosen[1])

    def _open(self, command: str, *options: str) -> None:
        path = self._view.graph_path
        if path is None:
            self._app.say(NO_RUNS, Role.MUTED)
            return
        look = ["--ascii"] if self._app.look.ascii else []
        # Without -P, a file in the working directory could stand in for a module.
        words = [sys.executable, "-P", "-m", "dagtui", command, *options, *look, "--", str(path)]
        self._start(partial(self._lend, partial(self._app.place.run, words, {CALLING_RUN: str(self._view.number)})))
