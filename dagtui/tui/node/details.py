"""Details: everything known about a node, as a table of names and values."""

from __future__ import annotations

import os
import shlex
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING

import anyio.to_thread

from dagtui.engine.queued import wants_words
from dagtui.engine.rules.commands import NOT_SELECTED
from dagtui.engine.status import ALIVE
from dagtui.engine.why import word_for
from dagtui.graph.gates import Gate
from dagtui.graph.model import LOCAL, ArgumentList, PythonCall, ShellCommand
from dagtui.runs.answers import question_of
from dagtui.text import block, duration, exact, exact_line, label, plural
from dagtui.text.amounts import LEAST_TIMED, NO_TIME, CellWidth, size, time_of_day
from dagtui.tui.graph.time.attempt_spans import NodeAttempts
from dagtui.tui.lines.copied import Copied, altered, copied_below
from dagtui.tui.lines.rows import Role, Row, Span, and_more, muted, node_row, node_sign, row, status_run
from dagtui.tui.log.empty_log import reason_now, spent
from dagtui.tui.log.log_footer import COMMAND_CAP
from dagtui.tui.node.definition_words import executor_words, retries_words
from dagtui.tui.node.live_rows import live_rows
from dagtui.tui.node.measuring import measure
from dagtui.tui.node.node_page import NodePage
from dagtui.tui.node.node_paths import NodePaths

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from dagtui.graph.model import NodeIndex, Task
    from dagtui.runs.attempts import AttemptResult
    from dagtui.runs.view import RunView
    from dagtui.text.amounts import ClockTime, Seconds
    from dagtui.text.look import Look

NAME_CELLS = CellWidth(11)
MOST_NODES = 50
"""Longer lists of parents and children are truncated, with a remark."""
MOST_ATTEMPTS = 20
MOST_VALUES, MOST_COPIED = 20, 2000
"""Number of values of a node that are shown, and characters of each that are copied. A value may have a million."""


class DetailsPane(NodePage):
    """The details of the shown node, with links to its parents and children."""

    def rows_about(self, node: NodeIndex, clock: ClockTime) -> Sequence[Row]:
        """Return the table."""
        return details(self.run, node, clock, self.look)

    def show(self, node: NodeIndex) -> None:
        """Show another node. The first time, the last runs are read, in a thread."""
        if node >= 0 and self.run.past is None:
            self.run.past = ()
            self.run_worker(self._read_past(), group="past runs", exit_on_error=False)
        super().show(node)

    def flush(self, clock: ClockTime) -> bool:
        """Measure the node, and rebuild the rows if needed. Return whether another frame is needed soon."""
        if self.node >= 0:
            measure(self, self.run, [self.node], self.remake, output=True)
        return super().flush(clock)

    async def _read_past(self) -> None:
        if self.run.graph_path is not None:
            from dagtui.store.run_figures import read_runs

            self.run.past = await anyio.to_thread.run_sync(read_runs, self.run.graph_path)
            self.remake()
            self.flush(self.run.clock())

    def copied(self) -> Copied:
        """Return the table for the clipboard."""
        remark = altered(self.run.as_run.command(self.node)) if self.node >= 0 else ""
        return Copied(self.copy_text(), remark)


def details(run: RunView, node: NodeIndex, clock: ClockTime, look: Look) -> list[Row]:
    """Return the rows about a node. All text from outside is sanitised."""
    state, task = run.state, run.graph.task(node)
    stale = Span(", stale", Role.WARNING) if state.stale[node] else Span("")
    shown = muted(NOT_SELECTED) if state.is_outside(node) else node_sign(state, node, look)
    word = "" if state.is_outside(node) else f" {word_for(state, node)}"
    rows = [
        _heading(run.graph.labels[node]),
        *_doc(task.doc),
        row(),
        _named("status", shown, Span(word, shown.role), stale),
        *_line("why", reason_now(state, node, clock, look)),
    ]
    rows += _attempts(run, node, clock, look)
    rows += [_named(name, *spans) for name, spans in chain(live_rows(run, node, look), _usual(run, node, look))]
    rows.append(row())
    rows += _execution(run, node, task)
    rows += [_named(name, value) for name, value in _definition(run, node, task) if value]
    rows += _places(run, node, task)
    rows += _variables(run, node)
    rows += _outputs(run, node)
    paths = NodePaths(run.graph, node) if task.inputs or task.outputs else None
    if paths is not None:
        rows += [*_paths("reads", paths.inputs), *_paths("writes", paths.outputs)]
    rows += _neighbours(run, "needs", run.graph.parents(node), look, paths.from_parent if paths else _unjoined)
    rows += _neighbours(run, "needed by", run.graph.children(node), look, paths.to_child if paths else _unjoined)
    return rows


def _usual(run: RunView, node: NodeIndex, look: Look) -> Iterable[tuple[str, Sequence[Span]]]:
    """Return what a node takes in most runs."""
    if not run.past:
        return ()
    from dagtui.tui.node.usual_rows import usual_rows  # only here: it would delay the first paint

    return usual_rows(run, node, look)


def _heading(name: str) -> Row:
    return row(Span(label(name, 1000), Role.HEADING), indent=2)._replace(whole=exact_line(name))


def _doc(doc: str) -> Iterator[Row]:
    whole = exact(doc).rstrip()
    for line in block(doc, 2000).splitlines():
        yield row(line)._replace(whole=whole)
        whole = ""


def _named(name: str, *values: Span | str, jump: int = -1) -> Row:
    return row(muted(f"{name:<{NAME_CELLS}}"), *values, jump=jump, indent=NAME_CELLS)


def _attempts(run: RunView, node: NodeIndex, clock: ClockTime, look: Look) -> list[Row]:
    """Return one row per attempt, latest first."""
    state = run.state
    rows = []
    results = run.attempts.of(node)
    waits = {span.attempt: span.start - span.ready for span in NodeAttempts(run).ended(node, 0)}
    if state.status_of(node) in ALIVE:
        status = status_run(state.status_of(node), look)
        since = time_of_day(run.wall(state.started[node]))
        words = f" {state.attempt[node]}  since {since}, {spent(run, node, clock).strip()}"
        rows.append(_named("attempts", status, words))
    for result in reversed(results[-MOST_ATTEMPTS:]):
        glyph = status_run(result.status, look)
        began = time_of_day(run.wall(max(NO_TIME, result.at - result.seconds)))
        words = f" {result.attempt}  from {began}, {duration(result.seconds)}  {label(result.why, 300)}"
        rows.append(_named("" if rows else "attempts", glyph, words))
        rows += _usage(result, waits.get(result.attempt, 0.0))
    left_out = len(results) - MOST_ATTEMPTS
    if left_out > 0:
        rows.append(_named("", muted(f"and {plural(left_out, 'earlier one')}")))
    return rows


def _usage(result: AttemptResult, queued: Seconds) -> Iterator[Row]:
    """Yield how long an attempt was queued, and what it used, as far as that can be told."""
    usage = result.usage
    words = [f"queued {duration(queued)}"] if queued >= LEAST_TIMED else []
    if usage is not None:
        if result.seconds >= LEAST_TIMED:
            words.append(f"cpu {usage.cpu / result.seconds * 100:.0f} %")
        if usage.memory:
            words.append(f"peak memory {size(usage.memory)}")
        amounts = (("read", usage.read), ("wrote", usage.written))
        words += [f"{word} {size(amount)}" for word, amount in amounts if amount]
    if words:
        yield _named("", muted(f"    {', '.join(words)}"))


def _script(name: str, text: str) -> Iterator[Row]:
    """Yield an external multi-line text, shown up to a cap and copied in full. An empty one yields nothing."""
    text = text.strip("\n")
    if not text:
        return
    whole = copied_below(name, exact(text), NAME_CELLS)
    for line in block(text, COMMAND_CAP).split("\n"):
        yield _named(name, line)._replace(whole=whole)
        name = whole = ""
    if len(text) > COMMAND_CAP:
        words = f"the first {COMMAND_CAP:,} of {len(text):,} characters: copy it for the full text"
        yield _named("", muted(words))._replace(whole="")


def _line(name: str, text: str) -> Iterator[Row]:
    """Yield an external single-line text, shown up to a cap and copied in full. An empty one yields nothing."""
    if text:
        yield _named(name, label(text, 1000))._replace(whole=f"{name:<{NAME_CELLS}}{exact_line(text)}")


def _execution(run: RunView, node: NodeIndex, task: Task) -> Iterator[Row]:
    """Yield what is executed and where, as it ran, and as it was written where that differs."""
    action = task.action
    command, cwd = run.as_run.command(node), run.as_run.cwd(node)
    if isinstance(action, Gate):
        yield from _script("asks", question_of(run.state, node) or command.text)
        yield from _line("choices", ", ".join(action.answers))
        yield from _place(run, node, task)
        return
    elif isinstance(action, PythonCall):
        yield from _script("call", command.text)
    else:
        yield from _script("command", command.text or "none: it only joins other nodes")
    yield from _script("template", command.template)
    if isinstance(action, ShellCommand):
        yield from _line("shell", " ".join(task.shell) if task.shell else "")
    elif isinstance(action, ArgumentList):
        yield _named("shell", "none")
    yield from _line("wrap", shlex.join(task.wrap))
    yield from _line("cwd", cwd.text)
    yield from _line("template", cwd.template)
    yield from _place(run, node, task)


def _place(run: RunView, node: NodeIndex, task: Task) -> Iterator[Row]:
    """Yield where a node is in the graph."""
    yield from _line("group", task.group)
    yield from _line("matrix", ", ".join(f"{axis}={value}" for axis, value in run.graph.cell(node)))


def _definition(run: RunView, node: NodeIndex, task: Task) -> Iterator[tuple[str, str]]:
    """Yield what the file says, and what follows from it."""
    yield "trigger", task.trigger.value
    yield "finally", "runs when all others have ended" if task.is_finally else ""
    asked = "" if node not in run.state.bypassed else ", not asked any more, because the node was retried"
    yield "if", f"{label(task.condition, 1000)}{asked}" if task.condition else ""
    failure = "allowed" if task.allow_failure else ""
    if isinstance(task.action, Gate):
        yield "failure", failure
        return
    yield "retries", retries_words(run, node, task.retry)
    yield "failure", failure
    yield "timeout", duration(task.timeout) if task.timeout else "none"
    yield "grace", f"{duration(task.grace)} from TERM to KILL"
    yield "terminal", "its own, of the size of the log pane" if task.tty else ""
    yield "colour", "forced, by FORCE_COLOR and CLICOLOR_FORCE" if task.colour else ""
    yield "slots", str(task.slots) if task.slots != 1 and task.executor == LOCAL else ""
    yield "executor", executor_words(run, task) if task.executor != LOCAL else ""
    yield "service", label(f"ready by {task.service.words}", 200) if task.service is not None else ""
    yield "pools", label(wants_words(run.graph, task), 200) if task.pools else ""
    if task.service is None:  # a service runs as long as others need it
        yield "expected", _expected(run, node)


def _expected(run: RunView, node: NodeIndex) -> str:
    estimate = run.estimate(node)
    if estimate is None:
        return "no history"
    return f"about {duration(estimate)}, from earlier runs{'' if run.knows(node) else ' of other nodes'}"


def _places(run: RunView, node: NodeIndex, task: Task) -> Iterator[Row]:
    """Yield where to read more."""
    attempt = run.state.attempt[node]
    yield from _line("log", str(run.log_path(node, attempt)) if attempt else "")
    path = run.graph_path
    if path and task.file:
        path = Path(os.path.normpath(path.parent / task.file))
    yield from _line("defined in", f"{path}:{task.line}" if path and task.line else "")


def _variables(run: RunView, node: NodeIndex) -> Iterator[Row]:
    env = run.as_run.env(node)
    for at, (name, value) in enumerate(islice(env.items(), MOST_NODES)):
        for title, text in (("" if at else "env", value.text), ("template", value.template)):
            if title != "template" or text:
                yield _assignment(title, name, text, exact(text))
    yield from _rest(len(env) - MOST_NODES)


def _outputs(run: RunView, node: NodeIndex) -> Iterator[Row]:
    """Yield the values that the node hands on."""
    outputs = run.state.outputs_of(node)
    for at, (name, text) in enumerate(islice(outputs.items(), MOST_VALUES)):
        title = "" if at else "hands on"
        copied = text if len(text) <= MOST_COPIED else f"{text[:MOST_COPIED]}… ({len(text):,} characters)"
        yield _assignment(title, name, text, exact(copied))
    yield from _rest(len(outputs) - MOST_VALUES)


def _assignment(title: str, name: str, value: str, copied: str) -> Row:
    """Return a name and its value, of which `copied` is copied."""
    whole = f"{title:<{NAME_CELLS}}{exact_line(name)}={copied}"
    return _named(title, Span(label(name), Role.KEY), f"={label(value, 500)}")._replace(whole=whole)


def _paths(name: str, paths: Sequence[str]) -> Iterator[Row]:
    """Yield what the node reads or writes, filled in."""
    for at, path in enumerate(paths[:MOST_NODES]):
        yield from _line("" if at else name, path)
    yield from _rest(len(paths) - MOST_NODES)


def _rest(left_out: int) -> Iterator[Row]:
    """Yield the row for what a list of values leaves out."""
    if left_out > 0:
        yield _named("", muted(f"and {left_out:,} more"))


def _unjoined(_node: NodeIndex) -> str:
    return ""


def _neighbours(
    run: RunView, name: str, nodes: Sequence[NodeIndex], look: Look, joined: Callable[[NodeIndex], str]
) -> list[Row]:
    """Return the rows for parents or children, with their number, and the files that join them."""
    if not len(nodes):
        return [row(), _named(name, muted("none"))]
    rows = [row(), _named(name, muted(plural(len(nodes), "node")))]
    state = run.state
    for node in nodes[:MOST_NODES]:
        words = word_for(state, node) + joined(node)
        rows.append(node_row(run.graph.labels[node], node_sign(state, node, look), words, jump=node))
    return rows + and_more(len(nodes) - MOST_NODES)
