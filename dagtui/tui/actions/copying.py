"""Actions that copy: to the terminal's clipboard, and to a file for terminals that have none."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dagtui.text import exact_line, fit, label, plural
from dagtui.text.amounts import CellWidth
from dagtui.tui.actions.action import Pane
from dagtui.tui.actions.availability import NO_FAILURE
from dagtui.tui.lines.copied import Copied
from dagtui.tui.lines.rows import Role
from dagtui.tui.log.log_footer import copied_failure, from_graph

if TYPE_CHECKING:
    import os
    from collections.abc import Sequence

    from dagtui.graph.model import NodeIndex
    from dagtui.tui.screen_app import ScreenApp

COPY_NAME = "copied.txt"
"""File in the run directory with the last copied text, for terminals without clipboard support."""
MOST_BLOCKS = 100
_SHORTEST_EXCERPT = CellWidth(8)
_EXCERPT = 200


class CopyActions:
    """Copy the line under the cursor, what a pane shows, or how an attempt failed."""

    def __init__(self, app: ScreenApp) -> None:
        self._app = app
        self._main = app.main
        self._run = app.view

    def line(self) -> None:
        """Copy the cursor's line or the selected lines. In the tree, the names of the nodes that commands act on."""
        if self._main.on_side:
            self.copy(self._main.side.copied_line(), "line")
        else:
            labels = self._run.graph.labels
            self.copy(Copied("\n".join(exact_line(labels[node]) for node in self._targets)), "name")

    def shown(self) -> None:
        """Copy what the focused pane shows: the lines of a log whole, a page with what is out of sight."""
        main, tree = self._main, self._main.tree_pane
        if main.on_side:
            self.copy(main.side.copied(), "line")
        else:
            cursor = self._app.look.glyphs.cursor
            rows = (tree.render_line(y).text.replace(cursor, " ", 1).rstrip() for y in range(tree.size.height))
            self.copy(Copied("\n".join(rows).rstrip()), "row")

    def failure(self) -> None:
        """Copy the block of the failed attempt that is shown, or of the latest one of each node."""
        shown = self._main.side.log_pane.copied_failure() if self._main.pane is Pane.LOG else Copied("")
        copied = shown if shown.text else self._blocks(self._targets)
        if copied.text:
            self.copy(copied, "")
        else:
            self._app.say(NO_FAILURE)

    @property
    def _targets(self) -> Sequence[NodeIndex]:
        """The nodes that commands act on."""
        return self._main.tree_pane.navigator.targets

    def _blocks(self, nodes: Sequence[NodeIndex]) -> Copied:
        """Return the blocks of the latest failures of some nodes."""
        found = [(node, failed.attempt) for node in nodes if (failed := self._run.attempts.last_failure(node))]
        blocks = [copied_failure(self._run, *one) for one in found[:MOST_BLOCKS]]
        remark = next((block.remark for block in blocks if block.remark), "")
        if len(found) > MOST_BLOCKS:
            remark = f"only the first {MOST_BLOCKS} of {len(found):,} failures"
        return Copied("\n\n".join(block.text for block in blocks), remark)

    def copy(self, copied: Copied, unit: str) -> None:
        """Copy a text, and say how many of `unit` it is, and where. Without a unit, it is a failure block."""
        copied = copied.bounded()
        if not copied.text:
            self._app.say(copied.remark or "there is nothing to copy here")
            return
        what = plural(copied.text.count("\n") + 1, unit) if unit else "the failure block"
        path = self._run.path / COPY_NAME
        trouble = _written(copied.text, path)
        is_sent = self._app.put_on_clipboard(copied.text)
        file = from_graph(self._run, exact_line(path))
        if not trouble and is_sent and not copied.remark:
            self._app.say(self._told(f"copied {what}", copied.text, file))
            return
        words = _where(what, file, trouble, is_sent=is_sent)
        self._app.say(f"{copied.remark}: {words}" if copied.remark else words, Role.WARNING)

    def _told(self, before: str, text: str, file: str) -> str:
        """Return what was copied and where it is, with as much of the text's first line as the screen has room for."""
        cut, width = self._app.look.glyphs.cut, CellWidth(self._app.size.width - 4 - len(before))
        after = f", to {file} and by OSC 52"
        if len(after) > width:
            after = f", to {file}"
        if len(after) > width:
            after = f", to {cut}{file[len(after) + 1 - width :]}"
        first = label(" ".join(text.lstrip()[:_EXCERPT].partition("\n")[0].split()))
        room = CellWidth(width - len(after))
        excerpt = f": {fit(first, room, self._app.look)}" if first and room >= _SHORTEST_EXCERPT else ""
        return f"{before}{excerpt}{after}"


def _written(text: str, path: os.PathLike[str]) -> str:
    """Write a text to the file for copies, and return why that failed, or ""."""
    try:
        with open(path, "w", encoding="utf-8", errors="backslashreplace") as file:
            file.write(text + "\n")
    except OSError as error:
        return error.strerror or str(error)
    return ""


def _where(what: str, file: str, trouble: str, *, is_sent: bool) -> str:
    """Return where a text is, as far as can be known: multiplexers drop what is sent to the clipboard."""
    if trouble:
        where = f"copied {what} by OSC 52 only" if is_sent else "not copied, too long for a terminal's clipboard"
        return f"{where}: {file}: {trouble}"
    if not is_sent:
        return f"too long for a terminal's clipboard: copied {what} to {file} only"
    return f"copied {what}, to {file} and by OSC 52"
