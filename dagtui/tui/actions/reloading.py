"""Reload the graph file on the screen: what it would change is shown first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dagtui.graph.errors import GraphError, Problem, quoted
from dagtui.runs.reload_preview import ReloadError
from dagtui.text import label
from dagtui.tui.lines.rows import Role
from dagtui.tui.screens.reload import GraphErrorDialog, ReloadDialog

if TYPE_CHECKING:
    from dagtui.runs.live import LiveRun
    from dagtui.runs.reload_preview import ReloadPreview
    from dagtui.tui.screen_app import ScreenApp


async def reload(app: ScreenApp, run: LiveRun) -> None:
    """Read the graph file again, and go on with it if a person agrees to what it changes."""
    name = file_name(run)
    try:
        preview = await run.read_graph_again()
        if preview.changes_nothing:
            await run.reload(preview)
            app.say(f"{name} defines what this run already has", Role.MUTED)
        elif await app.push_screen_wait(_dialog(app, run, preview)):
            await run.reload(preview)
            app.say(f"reloaded: {preview.words()}")
    except GraphError as error:
        await tell(app, f"{name} can't be used", error)
    except ReloadError as error:
        await tell(app, f"{name} can't be reloaded now", GraphError([Problem(str(error))]))


async def tell(app: ScreenApp, title: str, error: GraphError, says: str = "The run goes on as it is.") -> None:
    """Show what is wrong, until a person has read it. The texts are safe to show."""
    await app.push_screen_wait(GraphErrorDialog(title, error, says, editable=False, look=app.look))


def _dialog(app: ScreenApp, run: LiveRun, preview: ReloadPreview) -> ReloadDialog:
    dropped = ", ".join(quoted(task) for task in run.edits.unwritten_tasks)
    remarks = [f"This drops the edit of {dropped}, which is not in the file."] if dropped else []
    return ReloadDialog(run, preview, f"Reload {file_name(run)}?", "reload", remarks, look=app.look)


def file_name(run: LiveRun) -> str:
    """Return the name of a run's graph file, safe to show."""
    return "the graph file" if run.graph.path is None else label(run.graph.path.name, 60)
