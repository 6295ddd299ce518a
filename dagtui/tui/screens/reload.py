"""Dialogs about another version of the graph file: what it would change, what is wrong with it, where it is kept."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding

from dagtui.engine.status import ALIVE, NodeStatus
from dagtui.text import count, label, plural
from dagtui.text.look import IN_UNICODE
from dagtui.tui.lines.rows import Role, Row, Span, and_more, muted, name_run, node_row, row, status_run
from dagtui.tui.lines.theme import STATUS_CLASSES
from dagtui.tui.screens.dialog import Dialog
from dagtui.tui.screens.preview import REHEARSED_EVERY

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from textual.binding import BindingType

    from dagtui.graph.errors import GraphError
    from dagtui.runs.live import LiveRun
    from dagtui.runs.reload_preview import ReloadPreview
    from dagtui.text.look import Look

NAMES_SHOWN = 500
"""The most names shown for each group. The count covers all."""
_STALE = STATUS_CLASSES[NodeStatus.RETRYING]


class ReloadDialog(Dialog[bool]):
    """What a reload would change. Answers whether to do it, or None if the question no longer makes sense."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "accept", show=False),
        Binding("n", "decline", show=False),
    ]

    def __init__(
        self,
        run: LiveRun,
        preview: ReloadPreview,
        title: str,
        accepts: str,
        remarks: Sequence[str] = (),
        *,
        look: Look = IN_UNICODE,
    ) -> None:
        """`title` and `remarks` are safe to show. `accepts` says what Enter does."""
        super().__init__(look)
        self._run = run
        self._preview = preview
        self._title = title
        self._accepts = accepts
        self._remarks = remarks
        self._watched = run.state
        self._watch = self._watched.watch()
        self._due = 0.0
        """When the preview may be computed again."""

    def head(self) -> list[Row]:
        """Return the question and the counts."""
        rows = [row(Span(self._title, Role.HEADING), indent=2), self._summary()]
        return rows + [row(Span(remark, Role.WARNING), indent=2) for remark in self._remarks]

    def _summary(self) -> Row:
        found = self._preview
        counts = [
            ("changes {}", len(found.changed), STATUS_CLASSES[NodeStatus.RUNNING]),
            ("adds {}", len(found.added), STATUS_CLASSES[NodeStatus.READY]),
            ("brings back {}", len(found.returning), STATUS_CLASSES[NodeStatus.READY]),
            ("removes {}", len(found.removed) + len(found.removed_running), Role.BAD),
            ("{} stale below", len(self._below()), _STALE),
            ("keeps {}", self._kept(), Role.MUTED),
        ]
        runs: list[Span] = []
        for words, number, role in counts:
            if number:
                before, after = words.split("{}")
                separator = Span("" if not runs else self.look.glyphs.separator)
                runs += [separator, muted(before), Span(count(number), role), muted(after)]
        return row(*runs)

    def body(self) -> list[Row]:
        """Return each section with its nodes."""
        rows: list[Row] = []
        for section in self._sections():
            rows += [row(), *section] if rows else section
        return rows

    def _sections(self) -> Iterator[list[Row]]:
        found = self._preview
        if found.changed:
            yield [self._title_of("Changed", len(found.changed), STATUS_CLASSES[NodeStatus.RUNNING]), *self._changed()]
        if found.settings:
            tasks = list(found.settings.items())
            title = row(Span("Other keys ", _STALE), muted(f"{plural(len(tasks), 'task')}: they count from now on"))
            lines = [self._named(name, ", ".join(keys)) for name, keys in tasks[:NAMES_SHOWN]]
            yield [title, *lines, *and_more(len(tasks) - NAMES_SHOWN)]
        if found.run_settings:
            yield [row(Span("Of the run ", _STALE), muted(f"{', '.join(found.run_settings)}: counts from now on"))]
        if found.removed_running:
            number = len(found.removed_running)
            title = self._title_of("Removed, but running", number, Role.BAD, ": goes on until it ends")
            yield [title, *self._names(found.removed_running)]
        if found.removed:
            yield [self._title_of("Removed", len(found.removed), Role.BAD), *self._names(found.removed)]
        if found.returning:
            title = self._title_of("Back in the file", len(found.returning), STATUS_CLASSES[NodeStatus.READY])
            yield [title, *self._names(found.returning)]
        if found.added:
            yield [
                self._title_of("Added", len(found.added), STATUS_CLASSES[NodeStatus.READY]),
                *self._names(found.added),
            ]
        if below := self._below():
            title = self._title_of("Stale below", len(below), _STALE, ": done, below a changed node")
            yield [title, *self._names(below)]
        if kept := self._kept():
            yield [self._title_of("Kept", kept, Role.MUTED, ": as they are")]

    def _below(self) -> list[str]:
        """Return the nodes that become stale though their own definition is the same."""
        return [name for name in self._preview.stale if name not in self._preview.changed]

    def _kept(self) -> int:
        """Return how many nodes stay as they are: each node of the new graph counts once."""
        return self._preview.kept - len(self._below()) - len(self._preview.returning)

    def _title_of(self, title: str, number: int, role: str, words: str = "") -> Row:
        return row(Span(f"{title} ", role), muted(plural(number, "node") + words))

    def _changed(self) -> Iterator[Row]:
        """Yield the changed nodes with the parts that differ, and what becomes of each."""
        stale = frozenset(self._preview.stale)
        for name, node in list(self._preview.changed.items())[:NAMES_SHOWN]:
            becomes = self._becomes(node.status, is_stale=name in stale)
            words = label(f"{', '.join(node.parts)}: {becomes}", 300)
            yield node_row(name, status_run(node.status, self.look), words)
        yield from and_more(len(self._preview.changed) - NAMES_SHOWN)

    def _names(self, names: Sequence[str]) -> Iterator[Row]:
        for name in names[:NAMES_SHOWN]:
            status = self._status(name)
            yield self._named(name) if status is None else node_row(name, status_run(status, self.look))
        yield from and_more(len(names) - NAMES_SHOWN)

    def _named(self, name: str, words: str = "") -> Row:
        said = (muted(f"  {label(words, 300)}"),) if words else ()
        return row("    ", name_run(name), *said, indent=4)

    def _status(self, name: str) -> NodeStatus | None:
        """Return the present status of a node. None: the run does not have it yet."""
        node = self._run.graph.find(name)
        return None if node is None else self._run.state.status_of(node)

    def _becomes(self, status: NodeStatus, *, is_stale: bool) -> str:
        """Return what a reload makes of a changed node."""
        if status is NodeStatus.COMPLETED:
            return f"becomes stale; {self.look.key('node.rerun', 'R')} runs it again" if is_stale else "stays done"
        if status in ALIVE:
            return "goes on as it began"
        return "takes the new definition when it runs" if status.settled else "takes the new definition"

    def keys(self) -> list[tuple[str, str]]:
        """Return Enter and Esc."""
        return [("Enter", self._accepts), ("Esc", "go back")]

    def flush(self) -> None:
        """Show what a reload would change now, if the run has progressed."""
        began = self.monotonic()
        if not self._watch.nodes or began < self._due:
            return
        from dagtui.runs.rereading import as_now

        self._watch.clear()
        self._preview = as_now(self._run, self._preview)
        self._due = began + (self.monotonic() - began) * REHEARSED_EVERY
        self.show()

    def on_unmount(self) -> None:
        """Stop watching the run."""
        self._watched.unwatch(self._watch)

    def action_accept(self) -> None:
        """Do it."""
        if not self.deaf:
            self.dismiss(True)

    def action_decline(self) -> None:
        """Leave the run as it is."""
        self.dismiss(False)


class GraphErrorDialog(Dialog[bool]):
    """What is wrong with a graph file. Answers whether to edit again, if it was edited here."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("e", "edit", show=False)]

    def __init__(
        self, title: str, error: GraphError, consequence: str, *, editable: bool, look: Look = IN_UNICODE
    ) -> None:
        """`title` and `consequence` are safe to show."""
        super().__init__(look)
        self._title = title
        self._error = error
        self._consequence = consequence
        self._is_editable = editable

    outlives_reload = True  # the file is as wrong as before

    def head(self) -> list[Row]:
        """Return the title and what this means for the run."""
        return [row(Span(self._title, Role.BAD), indent=2), row(muted(self._consequence))]

    def body(self) -> list[Row]:
        """Return every problem with its place, its line, and how to mend it."""
        rows: list[Row] = []
        for problem in self._error.problems:
            place, message, *rest = _lines(str(problem), problem.message)
            rows += [row()] if rows else []
            rows.append(row(muted(place), Span(message, Role.HEADING), indent=2))
            rows += [row(muted(line)) for line in rest[: 2 if problem.excerpt else 0]]
            rows += [row(line) for line in rest[2 if problem.excerpt else 0 :]]
        if self._error.more:
            rows.append(row(muted(f"and {plural(self._error.more, 'more problem')}")))
        return rows

    def keys(self) -> list[tuple[str, str]]:
        """Return the keys that answer."""
        return [("e", "edit again"), ("Esc", "drop the edit")] if self._is_editable else [("Esc", "go back")]

    def action_edit(self) -> None:
        """Edit again."""
        if self._is_editable:
            self.dismiss(True)

    def action_accept(self) -> None:
        """Do nothing: Enter would be meant for a question."""

    def action_decline(self) -> None:
        """Close the dialog."""
        self.dismiss(False)


def _lines(problem: str, message: str) -> list[str]:
    """Return the place of a problem, its message, and the lines below."""
    first, *rest = problem.splitlines()
    return [first.removesuffix(message), message, *rest]


class WriteBackDialog(Dialog[bool]):
    """Asks whether an edit that the run has taken up is written to its file."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("w", "write", show=False)]

    def __init__(self, name: str, shown: str, path: str, others: Sequence[str], *, look: Look = IN_UNICODE) -> None:
        """`others` are tasks whose edits are not in the file either. All texts are safe to show."""
        super().__init__(look)
        self._name = name
        self._shown = shown
        self._path = path
        self._others = others

    outlives_reload = True  # the file still lacks the edit

    def head(self) -> list[Row]:
        """Return the question."""
        rows = [
            row(Span(f"Write the edit of {self._name} to {self._shown}, too?", Role.HEADING), indent=2),
            row(
                muted(f"This run has it. Everything else in {self._path} stays as it is, comments included."), indent=2
            ),
        ]
        if self._others:
            rows.append(row(muted(f"It also writes the edits of {', '.join(self._others)}."), indent=2))
        return rows

    def keys(self) -> list[tuple[str, str]]:
        """Return the keys that answer."""
        return [("w", f"write to {self._shown}"), ("Esc", "only this run")]

    def action_write(self) -> None:
        """Write it."""
        self.dismiss(True)

    def action_accept(self) -> None:
        """Do nothing: Enter would be meant for the question before."""

    def action_decline(self) -> None:
        """Leave the file as it is."""
        self.dismiss(False)
