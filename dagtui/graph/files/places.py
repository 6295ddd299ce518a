"""Where a task can't read or write: the state of runs, and the graph's whole directory."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dagtui.graph.errors import ValueProblem, quoted
from dagtui.graph.files.paths import PathKind
from dagtui.graph.files.patterns import around, matches

if TYPE_CHECKING:
    from dagtui.graph.files.paths import DeclaredPath, NodeFiles, PathSpelling

STATE = ".dagtui"
"""The directory beside a graph that keeps its runs."""


class ForbiddenPlaces:
    """The places of one graph."""

    def __init__(self, spelling: PathSpelling, state: str) -> None:
        """`state` is the directory of runs that the file names, or empty."""
        self.state = spelling.folder(state) if state and not state.startswith("~") else ""
        self._states = frozenset((STATE, self.state)) if self.state else frozenset((STATE,))
        self._here = spelling.absolute("")

    def check(self, files: NodeFiles) -> None:
        """Raise ValueProblem for the first path that is wrong."""
        for key, paths in (("inputs", files.inputs), ("outputs", files.outputs)):
            for position, path in enumerate(paths):
                try:
                    self._check(key, path)
                except ValueProblem as wrong:
                    raise ValueProblem(wrong.message, wrong.hint, inside=(key, position), needle=path.text) from None

    def _check(self, key: str, path: DeclaredPath) -> None:
        if path.kind is PathKind.GLOB:
            if any(matches(path.path).fullmatch(state) for state in self._states):
                raise ValueProblem(f"{quoted(path.text)} matches the directory that keeps the runs", _NAME_FILES[key])
            return
        if path.path[0] not in "./" and not self.state:
            return  # as most paths
        if path.path == "." or path.path == self._here or path.path in around(self._here):
            raise ValueProblem(f"{quoted(path.text)} is the graph's own directory, or one around it", _NAME_FILES[key])
        if not self._states.isdisjoint((path.path, *around(path.path))):
            verb = "writes to" if key == "outputs" else "reads"
            raise ValueProblem(f"{quoted(path.text)} {verb} the directory that keeps the runs", _NAME_FILES[key])


_NAME_FILES = {
    "inputs": 'name the files, patterns or folders that are read: "src/", "*.csv"',
    "outputs": 'name the files, patterns or folders that are written: "out/", "*.csv"',
}
