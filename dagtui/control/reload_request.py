"""The request to read the graph file of a live run again: what it would change, and what it did."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from dagtui.control.requests import NAMES
from dagtui.control.sockets import ControlError, fitting
from dagtui.graph.errors import GraphError
from dagtui.runs.reload_preview import ReloadError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dagtui.control.server import ClientHandler
    from dagtui.runs.live import LiveRun
    from dagtui.runs.reload_preview import ReloadPreview

NOTHING = "the file says what the run has: nothing to reload"
_PROBLEMS = 50
"""Most problems of a file that are listed."""


async def reload_on_request(run: LiveRun, client: ClientHandler, request: Mapping[str, object]) -> None:
    """Read the file, take it up unless the request only asks what that would change, and answer. Raises ControlError.

    A file with problems changes nothing. Then the answer has them.
    """
    try:
        preview = await run.read_graph_again()
        fields = reload_fields(preview)
        expected = request.get("expected")
        changed = isinstance(expected, str) and expected != fields["expected"]
        if not (changed or preview.changes_nothing or request.get("dry_run")):
            await run.reload(preview)
    except GraphError as error:
        await client.send(problem_fields(error))
        return
    except ReloadError as error:
        raise ControlError(str(error)) from error
    await client.send({**fields, "changed": changed})


def reload_fields(preview: ReloadPreview) -> dict[str, object]:
    """Format a preview as JSON: a description, and the number and first labels of each group of nodes."""
    changed = [
        {"node": name, "parts": list(node.parts), "status": node.status.name} for name, node in preview.changed.items()
    ]
    return {
        "command": "reload",
        "words": preview.words(),
        "nothing": NOTHING if preview.changes_nothing else None,
        "changed": False,
        "expected": token(preview),
        "kept": preview.kept,
        "redefined": {"count": len(changed), "nodes": fitting(changed, NAMES)},
        "stale": _named(preview.stale),
        "settings": dict(fitting(list(preview.settings.items()), NAMES)),
        "run_settings": list(preview.run_settings),
        "added": _named(preview.added),
        "removed": _named(preview.removed),
        "removed_running": _named(preview.removed_running),
        "returning": _named(preview.returning),
    }


def problem_fields(error: GraphError) -> dict[str, object]:
    """Format what is wrong with a file as JSON."""
    problems = [
        {
            "file": problem.path,
            "line": problem.line or None,
            "column": problem.column or None,
            "message": problem.message,
            "hint": problem.hint or None,
        }
        for problem in error.problems
    ]
    return {
        "command": "reload",
        "problems": fitting(problems, _PROBLEMS),
        "report": "\n".join(fitting(error.report().split("\n"), 10 * _PROBLEMS)),
    }


def token(preview: ReloadPreview) -> str:
    """Return a token for exactly this change: of the graph that the run has, by what was read."""
    digest = hashlib.blake2b(preview.base.digest, digest_size=8)
    digest.update(preview.digest)
    for names in (
        tuple(preview.changed),
        preview.run_settings,
        preview.stale,
        preview.added,
        preview.removed,
        preview.removed_running,
        preview.returning,
    ):
        digest.update(f" {len(names)} ".encode())
        digest.update("\0".join(names).encode("utf-8", "surrogatepass"))
    return digest.hexdigest()


def _named(names: Sequence[str]) -> dict[str, object]:
    return {"count": len(names), "nodes": fitting(names, NAMES)}
