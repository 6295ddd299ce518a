"""What is left on the normal screen when a run is left: verdict, counts, each root failure, how to go on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dagtui.engine.status import NodeStatus, Verdict
from dagtui.engine.why import why
from dagtui.session.lines.way_back import way_back
from dagtui.text import count, duration, label
from dagtui.text.lines import for_terminal

if TYPE_CHECKING:
    from pathlib import Path

    from dagtui.session.session import Session

FAILURES_SHOWN = 10
LINES_SHOWN = 20
TAIL_BYTES = 64 * 1024

_COLOURS = {Verdict.COMPLETED: "32", Verdict.FAILED: "1;31", Verdict.CANCELLED: "33", Verdict.RUNNING: "33"}
_MARKS = {
    Verdict.COMPLETED: NodeStatus.COMPLETED,
    Verdict.FAILED: NodeStatus.FAILED,
    Verdict.CANCELLED: NodeStatus.CANCELLED,
    Verdict.RUNNING: NodeStatus.CANCELLING,
}


def card(session: Session, *, width: int, colours: bool, ascii_only: bool) -> str:
    """The card as lines of text with SGR codes at most."""
    lines = [*_headline(session, colours=colours, ascii_only=ascii_only)]
    failures = list(session.state.failures())
    for node in failures[:FAILURES_SHOWN]:
        lines += ["", *_failure(session, node, width, colours=colours, ascii_only=ascii_only)]
    if len(failures) > FAILURES_SHOWN:
        lines += ["", f"and {count(len(failures) - FAILURES_SHOWN)} more failures"]
    if session.graph_path is not None and session.state.verdict() is not Verdict.COMPLETED:
        lines += ["", f"to go on with it: {way_back(session, ascii_only=ascii_only)}"]
    return "\n".join(lines)


def _paint(text: str, code: str, *, colours: bool) -> str:
    return f"\x1b[{code}m{text}\x1b[m" if colours else text


def _headline(session: Session, *, colours: bool, ascii_only: bool) -> list[str]:
    state = session.state
    verdict = state.verdict()
    mark = _MARKS[verdict].ascii if ascii_only else _MARKS[verdict].glyph
    word = "left while running" if verdict is Verdict.RUNNING else verdict.value
    head = _paint(f"{mark} {label(session.name)} {word}", _COLOURS[verdict], colours=colours)
    counts = [f"{count(state.counts[status])} {status.word}" for status in NodeStatus if state.counts[status]]
    lines = [f"{head}  run {session.number}, {duration(session.elapsed)}", f"  {', '.join(counts)}"]
    if session.path is not None:
        lines.append(f"  {label(session.path, 4096)}")
    return lines


def _failure(session: Session, node: int, width: int, *, colours: bool, ascii_only: bool) -> list[str]:
    mark = NodeStatus.FAILED.ascii if ascii_only else NodeStatus.FAILED.glyph
    name = _paint(f"{mark} {label(session.graph.labels[node])}", "1;31", colours=colours)
    lines = [f"{name}  {label(why(session.state, node, session.clock()))}"]
    path = session.log_path(node, session.state.attempt[node])
    bar = "|" if ascii_only else "│"
    for line in _tail(path):
        shown = for_terminal(line) if colours else label(_without_colours(line), width)
        lines.append(f"  {bar} {shown}")
    if path.exists():
        lines.append(f"  log: {label(path, 4096)}")
    return lines


def _without_colours(line: bytes) -> str:
    from dagtui.text.lines import plain_line

    return plain_line(line)


def _tail(path: Path) -> list[bytes]:
    """The last lines of a log, without reading more than its end."""
    try:
        with path.open("rb") as file:
            size = file.seek(0, 2)
            file.seek(max(0, size - TAIL_BYTES))
            text = file.read(TAIL_BYTES)
    except OSError:
        return []
    return text.rstrip(b"\n").split(b"\n")[-LINES_SHOWN:] if text.strip() else []
