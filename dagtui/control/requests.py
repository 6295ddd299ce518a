"""Parse and format commands and previews for the control socket: words and labels replace enums and numbers."""

from __future__ import annotations

import hashlib
from array import array
from typing import TYPE_CHECKING

from dagtui import __version__
from dagtui.control.sockets import ControlError, fitting
from dagtui.engine.messages import Command, CommandKind
from dagtui.graph.matrix.selection import ChoiceError, chosen_nodes
from dagtui.runs.answers import answer_by
from dagtui.runs.wording import asked
from dagtui.text import count, label
from dagtui.text.amounts import MOST_SLOTS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dagtui.control.sockets import Peer
    from dagtui.engine.messages import Preview
    from dagtui.graph.model import Graph, NodeIndex
    from dagtui.runs.live import LiveRun

NAMES = 500
"""Most labels listed for each group of nodes. The count is exact."""
_WHOLE_RUN = frozenset(
    {CommandKind.RETRY_FAILED, CommandKind.CANCEL_ALL, CommandKind.PAUSE, CommandKind.RESUME, CommandKind.SET_JOBS}
)
"""Commands without nodes. All others require some."""
_KINDS = {kind.value: kind for kind in CommandKind}


def command_of(request: Mapping[str, object], graph: Graph, peer: Peer) -> Command:
    """Parse the command of a request of a process. Raises ControlError."""
    word = request.get("command", "")
    kind = _KINDS.get(word) if isinstance(word, str) else None
    if kind is None:
        raise ControlError(f"this run's dagtui ({__version__}) does not know the command {label(word, 60)!r}")
    nodes = nodes_of(request, graph)
    if bool(nodes) == (kind in _WHOLE_RUN):
        raise ControlError("it concerns the whole run, not nodes" if nodes else "it needs at least one node")
    jobs = request.get("jobs", 0)
    if not isinstance(jobs, int) or not 0 <= jobs <= MOST_SLOTS:
        raise ControlError(f"jobs must be a number from 1 to {count(MOST_SLOTS)}")
    answer = None
    if kind is CommandKind.ANSWER:
        choice = request.get("answer")
        if not isinstance(choice, str):
            raise ControlError("answer must be a choice of the gate")
        answer = answer_by(choice, peer.uid)
    return Command(kind, nodes, jobs, by=f"process {peer.pid}", answer=answer)


def nodes_of(request: Mapping[str, object], graph: Graph) -> tuple[NodeIndex, ...]:
    """Return the nodes that a request names by labels and selectors. Raises ControlError."""
    names = request.get("nodes", [])
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise ControlError("nodes must be a list of names")
    try:
        return chosen_nodes(graph, names)
    except ChoiceError as error:
        raise ControlError(str(error)) from None


def preview_now(run: LiveRun, request: Mapping[str, object], command: Command) -> Preview:
    """Preview a command. The result is `changed` if it differs from what the request expected."""
    preview = run.preview(command)
    expected = request.get("expected")
    if isinstance(expected, str) and preview.nothing is None and expected != token(preview):
        return preview._replace(changed=True)
    return preview


def token(preview: Preview) -> str:
    """Return a token for exactly what a command would do: its kind, its targets, and what happens to which nodes."""
    command = preview.command
    answer = f" {command.answer.choice}" if command.answer else ""
    digest = hashlib.blake2b(f"{command.kind.value} {command.jobs}{answer}".encode(), digest_size=8)
    stale = preview.kept if preview.makes_stale else ()
    groups = (preview.stopped, preview.again, preview.released, preview.dropped, preview.begins, preview.blocked, stale)
    for nodes in (command.nodes, *groups, preview.added, preview.held):
        digest.update(f" {len(nodes)} ".encode())  # the same node in another group is another preview
        digest.update(array("i", sorted(nodes)).tobytes())
    return digest.hexdigest()


def preview_fields(run: LiveRun, preview: Preview, words: str) -> dict[str, object]:
    """Format a preview as JSON: a description, the count and first labels of each group, and the estimated seconds."""
    labels = run.graph.labels
    return {
        "command": preview.command.kind.value,
        "asked": asked(run.graph, preview.command),
        "targets": named(labels, preview.command.nodes),
        "words": words,
        "notice": "" if run.changed_file is None or not preview.again else run.changed_file.text,
        "nothing": preview.nothing,
        "changed": preview.changed,
        "expected": token(preview),
        "seconds": run.seconds_for(preview),
        "added": named(labels, preview.added),
        "again": named(labels, preview.again),
        "stopped": named(labels, preview.stopped),
        "released": named(labels, preview.released),
        "dropped": named(labels, preview.dropped),
        "begins": named(labels, preview.begins),
        "blocked": named(labels, preview.blocked),
        "left_out": {
            **named(labels, [node for node, _ in preview.left_out]),
            "why": list(dict.fromkeys(reason for _, reason in preview.left_out)),
        },
        "held": named(labels, preview.held),
        "kept": named(labels, preview.kept),
        "makes_stale": preview.makes_stale,
    }


def named(labels: Sequence[str], nodes: Sequence[NodeIndex]) -> dict[str, object]:
    """Format some nodes as JSON: their number, and the labels of the first ones."""
    return {"count": len(nodes), "nodes": fitting((labels[node] for node in nodes), NAMES)}
