"""Preview dialog: shows what a command would do before it is given."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding

from dagtui.engine.messages import Command, CommandKind, Preview
from dagtui.engine.status import NodeStatus
from dagtui.runs.wording import asked, target
from dagtui.text import count, duration, plural
from dagtui.text.look import IN_UNICODE
from dagtui.tui.lines.rows import Role, Row, Span, and_more, muted, node_row, node_sign, row
from dagtui.tui.lines.theme import STATUS_CLASSES
from dagtui.tui.screens.dialog import DEAF_SECONDS, Dialog, choice

if TYPE_CHECKING:
    from collections.abc import Container, Iterator, Mapping, Sequence

    from textual.binding import BindingType

    from dagtui.graph.model import NodeIndex
    from dagtui.runs.live import LiveRun
    from dagtui.text.look import Look

NAMES_SHOWN = 500
"""The most names shown for each group. The count covers all."""
REHEARSED_EVERY = 20.0
"""The pause between two previews, in multiples of the time a preview takes. In a large graph, previews would fill every
frame."""
NOTHING_LEFT_OUT: Mapping[NodeIndex, str] = MappingProxyType({})
"""No selected node that doesn't accept the command."""
ALWAYS = float("-inf")
"""The time of what has been part of the question from the beginning."""
CHANGED = "The run has changed. This is what the command would do now."
ALSO = "Enter also stops nodes that start in the meantime."


class Grouped:
    """The nodes of a preview by what happens to them, as rows."""

    def __init__(self, run: LiveRun, look: Look) -> None:
        self._run = run
        self._look = look

    def summary(self, preview: Preview) -> Row:
        """Return one row of counts."""
        runs: list[Span] = []
        for _, words, nodes, role in _groups(preview, self._run.state.asked):
            if nodes:
                before, after = words.split("{}")
                separator = Span("" if not runs else self._look.glyphs.separator)
                runs += [separator, muted(before), Span(count(len(nodes)), role), muted(after)]
        return row(*runs) if runs else row(muted("nothing would change"))

    def rows(self, preview: Preview) -> list[Row]:
        """Return each group with its names."""
        found: list[Row] = []
        for title, _, nodes, role in _groups(preview, self._run.state.asked):
            if not nodes:
                continue
            if found:
                found.append(row())
            found.append(row(Span(f"{title} ", role), muted(plural(len(nodes), "node"))))
            found += self._names(nodes)
        return found

    def left_out(self, reasons: Mapping[NodeIndex, str]) -> Iterator[Row]:
        """Yield the nodes that were selected and don't accept the command, by reason."""
        by_reason: dict[str, list[NodeIndex]] = {}
        for node, reason in reasons.items():
            by_reason.setdefault(reason, []).append(node)
        yield row(Span("Left out ", Role.WARNING), muted(plural(len(reasons), "node")))
        for reason, nodes in by_reason.items():
            yield row(muted(f"  {reason}:"), indent=4)
            yield from self._names(nodes)

    def _names(self, nodes: Sequence[NodeIndex]) -> Iterator[Row]:
        state, labels = self._run.state, self._run.graph.labels
        for node in nodes[:NAMES_SHOWN]:
            yield node_row(labels[node], node_sign(state, node, self._look))
        yield from and_more(len(nodes) - NAMES_SHOWN)


def _groups(preview: Preview, asked: Container[NodeIndex]) -> list[tuple[str, str, Sequence[NodeIndex], str]]:
    """Return what happens to which nodes, as a title and as words around their number, drastic changes first.

    `asked` has the gates that asked before.
    """
    begun = preview.kills_and_reruns
    restarted = frozenset(preview.again) & frozenset(preview.stopped)
    stopped = [node for node in preview.stopped if node not in restarted]
    again = [node for node in preview.again if node not in restarted]
    released = [node for node in preview.released if node not in begun]
    kept = ("Stale afterwards", "{} stale afterwards") if preview.makes_stale else ("Unaffected", "{} unaffected")
    is_release = preview.command.kind is CommandKind.RELEASE
    free = ("Released", "releases {}") if is_release else ("May run", "{} may run")
    ask = [] if is_release else [node for node in released if node in asked]
    others = released if is_release else [node for node in released if node not in asked]
    held = ("Held", "holds {}") if preview.command.kind is CommandKind.HOLD else ("Still held", "{} still held")
    return [
        ("Stop", "stops {}", stopped, Role.BAD),
        ("Stop, then run again", "restarts {}", sorted(restarted), Role.BAD),
        ("Run again", "reruns {}", again, STATUS_CLASSES[NodeStatus.RUNNING]),
        ("Added to the run", "adds {}", preview.added, STATUS_CLASSES[NodeStatus.READY]),
        ("Ask again", "asks {} again", ask, STATUS_CLASSES[NodeStatus.READY]),
        (*free, others, STATUS_CLASSES[NodeStatus.READY]),
        ("Will not run", "{} will not run", preview.dropped, STATUS_CLASSES[NodeStatus.CANCELLED]),
        ("Will be blocked", "{} will be blocked", preview.blocked, STATUS_CLASSES[NodeStatus.FAILED_PARENT]),
        ("May start", "{} may start", preview.begins, STATUS_CLASSES[NodeStatus.READY]),
        (*held, preview.held, STATUS_CLASSES[NodeStatus.RETRYING]),
        (*kept, preview.kept, Role.MUTED),
    ]


class PreviewDialog(Dialog[Preview]):
    """What one command, or the chosen one of several, would do. Answers with what it did, or None if not given."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "accept", show=False),
        Binding("n", "decline", show=False),
        Binding("tab,d,o", "choose", show=False),
    ]

    def __init__(
        self,
        run: LiveRun,
        commands: Sequence[Command],
        first: Preview,
        left_out: Mapping[NodeIndex, str] = NOTHING_LEFT_OUT,
        *,
        look: Look = IN_UNICODE,
    ) -> None:
        """Start with the preview of the first command.

        `left_out` are nodes that were selected too and don't accept the command, with the reason.
        """
        super().__init__(look)
        self._left_out = left_out
        self._run = run
        self._commands = commands
        self._chosen = 0
        self._grouped = Grouped(run, look)
        self._changed = False
        self._watched = run.state
        self._watch = self._watched.watch()
        self._due = 0.0
        """When the preview may be computed again."""
        self._drastic_since = dict.fromkeys(first.kills_and_reruns, ALWAYS)
        """For each node shown as stopped or restarted, since when. ALWAYS: from the beginning."""
        self.preview = first
        """The preview that is shown."""

    def head(self) -> list[Row]:
        """Return the command, its choices, and a summary of its effects."""
        preview = self.preview
        rows = [row(Span(_title(self._run, preview.command), Role.HEADING), indent=2)]
        if len(self._commands) > 1:
            rows.append(row(*self._choices()))
        if self._changed:
            rows.append(row(Span(CHANGED, Role.WARNING)))
        if self._stops_more:
            rows.append(row(muted(ALSO)))
        if preview.nothing is not None:
            return [*rows, row(Span(preview.nothing, Role.WARNING), indent=2)]
        rows.append(self._grouped.summary(preview))
        if self._left_out:
            rows.append(row(Span(f"{plural(len(self._left_out), 'selected node')} left out", Role.WARNING)))
        seconds = self._run.seconds_for(preview)
        if seconds is not None and (preview.again or preview.released or preview.added):
            rows.append(row(muted("takes about "), Span(duration(seconds))))
        return rows

    def body(self) -> list[Row]:
        """Return the nodes."""
        if self.preview.nothing is not None:
            return []
        rows = self._grouped.rows(self.preview)
        if self._left_out:
            rows += [row(), *self._grouped.left_out(self._left_out)]
        return rows

    def keys(self) -> list[tuple[str, str]]:
        """Return Enter, Esc, and the key that chooses."""
        # Enter is named after the command: "continue" could refer to the run.
        keys = [] if self.preview.nothing is not None else [("Enter", _accepts(self.preview.command))]
        if len(self._commands) > 1:
            keys.append(("Tab", _choice(self._commands[1 - self._chosen])))
        return [*keys, ("Esc", "go back")]

    def _choices(self) -> Iterator[Span]:
        for index, command in enumerate(self._commands):
            yield from choice(_choice(command), "" if index == self._chosen else "tab", self.look)

    def action_choose(self) -> None:
        """Choose the other command."""
        if len(self._commands) > 1:
            self._chosen = 1 - self._chosen
            self._changed = False
            self.preview = self._run.preview(self._commands[self._chosen])
            self._drastic_since = dict.fromkeys(self.preview.kills_and_reruns, ALWAYS)
            self.show()

    def on_unmount(self) -> None:
        """Stop watching the run."""
        self._watched.unwatch(self._watch)

    def flush(self) -> None:
        """Show what the command would do now, if the run has progressed."""
        began = self.monotonic()
        if not (self._watch.nodes or self._watch.run) or began < self._due:
            return
        self._watch.clear()
        now = self._run.preview(self._commands[self._chosen])
        self._due = began + (self.monotonic() - began) * REHEARSED_EVERY
        if now == self.preview:
            return
        since = {node: self._drastic_since.get(node, began) for node in now.kills_and_reruns}
        self._drastic_since, self.preview = since, now
        self.show()

    def action_accept(self) -> None:
        """Give the previewed command. If it would do more than was shown, show that first."""
        if self.deaf or self.preview.nothing is not None:
            return
        if self._is_too_new and not self._changed:
            self._changed = True
            self.ask_again()
            return
        shown = self.preview.kills_and_reruns
        command = self._commands[self._chosen]
        result = self._run.give(command._replace(expected=shown))
        assented = shown | frozenset(self.preview.dropped) if self._stops_more else shown
        if result.changed and result.kills_and_reruns <= assented:
            # Part of it happened on its own. The rest was assented to.
            result = self._run.give(command._replace(expected=result.kills_and_reruns))
        if not result.changed:
            self.dismiss(result)
            return
        self._changed = True
        self.preview = result._replace(changed=False)
        self._drastic_since = dict.fromkeys(self.preview.kills_and_reruns, ALWAYS)
        self.ask_again()

    @property
    def _is_too_new(self) -> bool:
        """Whether a node has been shown as stopped or restarted for too short a time to have been read."""
        return self.monotonic() - max(self._drastic_since.values(), default=ALWAYS) < DEAF_SECONDS

    @property
    def _stops_more(self) -> bool:
        """Whether assent may also stop nodes shown as ones that will not run, which the dialog then says.

        If nodes start faster than a person reads, the same question would come for ever. This applies from the second
        time.
        """
        return self._changed and bool(self.preview.stopped and self.preview.dropped)


_CHOICES = {CommandKind.RERUN: "with downstream", CommandKind.RERUN_ONLY: "this node only"}


def _accepts(command: Command) -> str:
    return f"rerun {_choice(command)}" if command.kind in _CHOICES else command.kind.value


def _choice(command: Command) -> str:
    """Return what distinguishes a command from the others that may be chosen."""
    words = _CHOICES[command.kind]
    return words if len(command.nodes) == 1 else words.replace("this node", "these nodes")


def _title(run: LiveRun, command: Command) -> str:
    if command.kind in _CHOICES:
        return f"Rerun {target(run.graph, command)}?"
    words = asked(run.graph, command)
    return f"{words[0].upper()}{words[1:]}?"
