"""`dagtui reload`: let a live run take up its graph file as it is now."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from dagtui.cli.arguments import graph_path_argument
from dagtui.cli.connect import ask, connect, json_option, meant, print_json, run_option
from dagtui.cli.control import NOT_AS_EXPECTED, names_of, status_of
from dagtui.cli.output import optional_output
from dagtui.cli.stderr import say
from dagtui.engine.status import NodeStatus
from dagtui.text import block, label

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

_BAD_FILE = 2
_SHOWN = 20
"""Most nodes that are listed with what of them has changed."""


@click.command("reload", short_help="Take up the graph file as it is now.")
@graph_path_argument
@click.option("-n", "--dry-run", is_flag=True, help="Show what it would change, without doing it.")
@click.option("--expect", "expected", metavar="TOKEN", help="Only if --dry-run would still show this.")
@run_option
@json_option
def reload(graph_file: Path, number: int | None, expected: str | None, *, dry_run: bool, as_json: bool) -> None:
    """Let a live run take up its graph file as it is now. Attempts in flight go on.

    Unchanged nodes keep their state. Changed ones that are done become stale, until they are rerun; those that failed
    or wait take the new definition. Added ones join. Removed ones that run end first. A file with errors changes
    nothing.

    Exits with 0 on success, 1 if there is nothing to do, 2 if the file has errors, there is no live run or the call is
    invalid.
    """
    with connect(meant(graph_file, number), graph_file) as client:
        answer = ask(client, {"want": "reload", "dry_run": dry_run, "expected": expected})
    with optional_output() as output:
        if as_json:
            print_json(output, answer)
        elif "problems" in answer:
            say(block(answer.get("report"), 100_000))
            say("dagtui reload: the run keeps the graph that it has")
        elif answer.get("nothing") is not None:
            say(label(answer.get("nothing"), 1000))
        elif answer.get("changed"):
            say(f"dagtui reload: {NOT_AS_EXPECTED}")
        elif dry_run:
            output.lines(_preview_lines(answer))
        else:
            output.line(f"reloaded: {label(answer.get('words'), 1000)}")
    raise SystemExit(_BAD_FILE if "problems" in answer else status_of(answer))


_GROUPS = {
    "stale": "becomes stale",
    "added": "joins",
    "removed": "is removed",
    "removed_running": "ends first",
    "returning": "comes back",
}


def _preview_lines(answer: Mapping[str, object]) -> Iterator[str]:
    """Yield what a reload would change: a line for each changed node, and one for each group."""
    yield f"{'dry run':<16} reload: {label(answer.get('words'), 1000)}"
    redefined = answer.get("redefined")
    nodes = redefined.get("nodes") if isinstance(redefined, dict) else None
    listed = [node for node in nodes if isinstance(node, dict)] if isinstance(nodes, list) else []
    for node in listed[:_SHOWN]:
        parts = node.get("parts")
        named = ", ".join(label(part, 60) for part in parts) if isinstance(parts, list) else ""
        yield f"{'changes':<16} {label(node.get('node'))} ({named}), {_happens(node.get('status'))}"
    total = redefined.get("count") if isinstance(redefined, dict) else 0
    if isinstance(total, int) and total > _SHOWN:
        yield f"{'':<16} and {total - _SHOWN:,} more"
    settings = answer.get("settings")
    for task, keys in settings.items() if isinstance(settings, dict) else ():
        named = ", ".join(label(key, 60) for key in keys) if isinstance(keys, list) else ""
        yield f"{'settings':<16} {label(task)}: {named}"
    of_run = answer.get("run_settings")
    if isinstance(of_run, list) and of_run:
        yield f"{'settings':<16} {', '.join(label(name, 80) for name in of_run)}"
    for key, words in _GROUPS.items():
        group = answer.get(key)
        if isinstance(group, dict) and group.get("count"):
            yield f"{words:<16} {names_of(group)}"
    yield f"{'exactly this':<16} --expect {label(answer.get('expected'))}"


def _happens(status: object) -> str:
    """Say what becomes of a changed node."""
    if status == NodeStatus.COMPLETED.name:
        return "is done: becomes stale"
    if status in {NodeStatus.RUNNING.name, NodeStatus.CANCELLING.name}:
        return "is running: its attempt goes on, and is stale once it is done"
    if status == NodeStatus.FAILED.name:
        return "failed: a retry runs the new definition"
    return "takes the new definition"
