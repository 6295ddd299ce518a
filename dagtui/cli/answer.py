"""`dagtui answer`: answer a gate of a live run, or list the gates that wait for an answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

import click

from dagtui.cli.arguments import complete_tasks, graph_path_argument
from dagtui.cli.connect import ask, connect, json_option, meant, print_json, run_option
from dagtui.cli.control import REFUSED, carry_out
from dagtui.cli.output import standard_output
from dagtui.cli.stderr import say
from dagtui.engine.messages import CommandKind
from dagtui.text import block, duration, label

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path


@click.command("answer", short_help="Answer a gate.")
@graph_path_argument
@click.argument("node", metavar="[NODE]", required=False, shell_complete=complete_tasks)
@click.argument("choice", metavar="[CHOICE]", required=False)
@click.option("-n", "--dry-run", is_flag=True, help="Show what it would do, without doing it.")
@run_option
@json_option
def answer(
    graph_file: Path, node: str | None, choice: str | None, number: int | None, *, dry_run: bool, as_json: bool
) -> None:
    """Answer a gate, which is a task that asks a question. Without NODE, list the gates that wait for an answer.

    CHOICE is one of the gate's choices: "approve" or "reject" if it has none of its own. An answer is given once.

    Exits with 0 on success, 1 if there is nothing to answer, 2 if there is no live run or the call is invalid.
    """
    if node is None or choice is None:
        _list(graph_file, node, number, as_json=as_json)
    request = {"command": CommandKind.ANSWER.value, "nodes": [node], "answer": choice}
    carry_out("answer", graph_file, number, request, dry_run=dry_run, as_json=as_json)


def _list(graph_file: Path, node: str | None, number: int | None, *, as_json: bool) -> NoReturn:
    """Print the gates that wait for an answer, and exit. With a node, say which answers it has."""
    with connect(meant(graph_file, number), graph_file) as client:
        status = ask(client, {"want": "status"})
    asks = status.get("asks")
    gates = [gate for gate in asks if isinstance(gate, dict)] if isinstance(asks, list) else []
    if node is not None:
        choices = next((_choices(gate) for gate in gates if gate.get("node") == node), "CHOICE")
        raise click.UsageError(f"which answer to {label(node)}? One of: {choices}")
    with standard_output() as output:
        if as_json:
            print_json(output, {"asks": gates})
        else:
            output.lines(line for gate in gates for line in _lines(gate))
    if not gates and not as_json:
        say("no gate waits for an answer")
    raise SystemExit(0 if gates else REFUSED)


def _lines(gate: Mapping[str, object]) -> Iterator[str]:
    waited = gate.get("waited")
    since = f"; has waited for {duration(waited)}" if isinstance(waited, int | float) else ""
    first, *others = block(gate.get("question"), 1000).split("\n")
    yield f"{label(gate.get('node'))}: {first}"
    yield from (f"  {line}" for line in others)
    yield f"  to be answered with {_choices(gate)}{since}"


def _choices(gate: Mapping[str, object]) -> str:
    found = gate.get("choices")
    return ", ".join(label(choice) for choice in found) if isinstance(found, list) else ""
