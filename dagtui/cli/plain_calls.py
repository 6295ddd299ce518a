"""Run the most common calls, `dagtui GRAPH.toml` and `dagtui run GRAPH.toml`, without importing a parser.

The import takes a tenth of the time to the first node's start. Calls with options, or with anything irregular, are left
to the parser.
"""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_COMPLETING = "_DAGTUI_COMPLETE"  # set by a shell that asks for completions


def carry_out(words: Sequence[str], environment: Mapping[str, str]) -> None:
    """Carry out a call and exit. Returns if the call is not one of these."""
    *command, graph_file = words or ("",)
    if command not in ([], ["run"]) or _COMPLETING in environment:
        return
    if graph_file.startswith("-") or not graph_file.endswith(".toml"):
        return
    if not os.path.isfile(graph_file) or os.path.islink(graph_file):
        return
    from pathlib import Path

    from dagtui.cli.graph_file import GraphFile

    try:
        if command:
            from dagtui.cli.headless import run_graph

            run_graph(GraphFile(Path(graph_file)))
        else:
            from dagtui.cli.screen import show_graph

            show_graph(GraphFile(Path(graph_file)))
    except KeyboardInterrupt:
        raise SystemExit(128 + signal.SIGINT) from None
