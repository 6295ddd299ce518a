"""Edit the definition of one task in the user's editor, on the terminal of the person who pressed the key."""

from __future__ import annotations

import os
import time
from functools import partial
from typing import TYPE_CHECKING

import anyio.to_thread
from textual.app import SuspendNotSupported

from dagtui.engine.messages import Command, CommandKind
from dagtui.graph.errors import GraphError, Problem, quoted
from dagtui.graph.toml.parse import decode, read_bytes_again
from dagtui.host.editor import NoEditorError, editor_command
from dagtui.runs.reload_preview import ReloadError
from dagtui.runs.task_edits import TaskEditError
from dagtui.store.errors import StoreError
from dagtui.text import label
from dagtui.tui.actions.reloading import file_name, tell
from dagtui.tui.lines.rows import Role
from dagtui.tui.screens.reload import GraphErrorDialog, ReloadDialog, WriteBackDialog

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from dagtui.graph.model import NodeIndex
    from dagtui.runs.live import LiveRun
    from dagtui.runs.reload_preview import ReloadPreview
    from dagtui.runs.task_edits import TaskEdit
    from dagtui.tui.screen_app import ScreenApp

_AT_ONCE = 0.5
"""Seconds in which no person edits anything."""


async def edit(app: ScreenApp, run: LiveRun, node: NodeIndex) -> None:
    """Edit the definition of a node's task."""
    try:
        command = _editor(app)
        found = await anyio.to_thread.run_sync(partial(run.edits.begin, run.graph, node))
        await _Editing(app, run, found, command).go_on()
    except (TaskEditError, StoreError) as error:
        app.say(str(error), Role.WARNING, lasting=True)
    except GraphError as error:  # the file itself
        await tell(app, f"{file_name(run)} can't be used", error, "Mend it first. The run goes on as it is.")


def _editor(app: ScreenApp) -> list[str]:
    """Return the command of the user's editor. Raises TaskEditError."""
    try:
        return editor_command(app.place.environment)
    except NoEditorError as error:
        raise TaskEditError(str(error)) from None


class _Editing:
    """One edit, from the first look at the editor until it is taken or dropped."""

    def __init__(self, app: ScreenApp, run: LiveRun, edit: TaskEdit, command: Sequence[str]) -> None:
        self._app = app
        self._run = run
        self._edit = edit
        self._command = command
        self._name = label(edit.task.name, 60)

    async def go_on(self) -> None:
        """Let a person edit until the text is right, unchanged or dropped. Raises StoreError and TaskEditError."""
        edit, edits = self._edit, self._run.edits
        path = edits.save_text(edit.text())
        while True:
            began = time.monotonic()
            status = await self._open(path)
            parts = edit.parts_in(self._read(path))
            if edit.is_same(parts) or not "".join(parts).strip():
                edits.discard_text(path)
                await self._end_unchanged(status, quick=time.monotonic() - began < _AT_ONCE)
                return
            try:
                preview = await self._run.read_graph_again(edits.contents_with(edit, parts))
            except GraphError as error:
                await self._ask_again(error, path)
                edits.save_text(edit.text(parts, error.report()), path)
            except ReloadError as error:
                await self._tell(error, path)
                return
            else:
                await self._take(preview, parts, path)
                return

    async def _ask_again(self, error: GraphError, path: Path) -> None:
        """Show what is wrong with an edit. Raises TaskEditError if the person drops it."""
        title, says = f"The edit of {self._name} can't be taken", "Nothing has changed. Your text is kept."
        dialog = GraphErrorDialog(title, error, says, editable=True, look=self._app.look)
        if not await self._app.push_screen_wait(dialog):
            raise TaskEditError(f"{self._name}: not taken; {self._kept(path)}")

    async def _open(self, path: Path) -> int:
        """Show a file in the editor, on this person's terminal. Return how the editor ended, as a shell names it.

        Raises TaskEditError if it can't be started.
        """
        app = self._app
        try:
            with app.terminal_lent():
                trouble, status = await app.place.run([*self._command, str(path)], {})
        except SuspendNotSupported:
            trouble, status = "this terminal can't run an editor", 0
        app.request_frame()
        if trouble:
            kept = "" if self._run.edits.discard_unchanged(path, self._edit) else f"; {self._kept(path)}"
            raise TaskEditError(f"the editor can't be started: {trouble}; set $VISUAL or $EDITOR{kept}")
        return status if status >= 0 else 128 - status

    def _read(self, path: Path) -> str:
        """Return the text that the editor left. Raises TaskEditError."""
        if not os.path.lexists(path):
            raise TaskEditError(f"{self._name}: not taken: the editor left no file {self._shown(path)}")
        try:
            return decode(read_bytes_again(path, ""), "")
        except GraphError as error:
            raise TaskEditError(f"{self._name}: your text {error.problems[0].message}; {self._kept(path)}") from None

    async def _end_unchanged(self, status: int, *, quick: bool) -> None:
        if status:
            self._app.say(f"{self._name}: nothing changed; the editor ended with exit {status}", Role.WARNING)
            return
        if self._edit.is_unwritten:
            await self._offer()
            return
        hint = "; an editor that returns at once needs an option such as --wait" if quick else ""
        self._app.say(f"{self._name}: nothing changed{hint}", Role.MUTED)

    async def _take(self, preview: ReloadPreview, parts: Sequence[str], path: Path) -> None:
        """Show what the edit changes, let the run take it up, and offer to write it to its file."""
        app, run, edit = self._app, self._run, self._edit
        if not preview.changes_nothing:
            changed = run.changed_file is not None and not run.edits.unwritten
            remarks = (
                [f"{edit.shown} has changed, too, since the run read it: that is part of this."] if changed else []
            )
            title, accepts = f"Take the edit of {self._name}?", "take it for the next attempt"
            if not await app.push_screen_wait(ReloadDialog(run, preview, title, accepts, remarks, look=app.look)):
                raise TaskEditError(f"{self._name}: not taken; {self._kept(path)}")
        try:
            await run.reload(preview)
        except ReloadError as error:
            await self._tell(error, path)
            return
        run.edits.take(edit, parts)
        run.edits.discard_text(path)
        app.say(f"{self._name}: {preview.words()}")
        await self._offer()

    async def _tell(self, error: ReloadError, path: Path) -> None:
        """Show why an edit can't be taken."""
        title, says = f"The edit of {self._name} can't be taken now", f"The run goes on as it is; {self._kept(path)}."
        await tell(self._app, title, GraphError([Problem(str(error))]), says)

    async def _offer(self) -> None:
        """Offer to write the edit to its file."""
        app, edits, edit = self._app, self._run.edits, self._edit
        others = [quoted(name) for name in edits.missing_in(edit.path) if name != edit.task.name]
        dialog = WriteBackDialog(self._name, edit.shown, label(edit.path, 300), others, look=app.look)
        if not await app.push_screen_wait(dialog):
            self._run.monitor.look()
            app.say(f"{self._name}: only this run has the edit, not {edit.shown}{self._hint()}", Role.WARNING)
            return
        await anyio.to_thread.run_sync(edits.write_back, edit.path, edit.shown)
        self._run.monitor.look()
        app.say(f"{self._name}: written to {edit.shown}{self._hint()}")

    def _hint(self) -> str:
        """Return which key runs what was edited."""
        run, app, name = self._run, self._app, self._edit.task.name
        nodes = [node for node in run.graph.nodes if run.graph.task(node).name == name]
        for kind, id_ in ((CommandKind.RETRY, "node.retry"), (CommandKind.RERUN, "node.rerun")):
            settled = (node for node in nodes if run.state.status_of(node).settled)
            key = app.keymap.shown(id_, app.look)
            if key and any(run.refusal(Command(kind, (node,))) is None for node in settled):
                return f"; {key} runs it"
        return ""

    def _kept(self, path: Path) -> str:
        return f"your text is in {self._shown(path)}"

    def _shown(self, path: Path) -> str:
        """Return the path of the text, from the folder of the graph if it is below that."""
        directory = self._run.graph.directory
        is_below = directory is not None and path.is_relative_to(directory)
        return label(path.relative_to(directory) if is_below and directory else path, 1000)
