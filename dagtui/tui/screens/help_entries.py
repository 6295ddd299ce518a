"""Entries of the help: keys and signs with their words, in sections, beside each other in columns."""

from __future__ import annotations

import re
from itertools import zip_longest
from typing import TYPE_CHECKING, Final, NamedTuple

from dagtui.engine.status import NodeStatus
from dagtui.text.signs import RECORDING, SIGNS
from dagtui.tui.actions.action import Group, Pane
from dagtui.tui.lines.page import wrapped
from dagtui.tui.lines.rows import SPACE, Role, Row, Span, row, spaces, status_run, width_of
from dagtui.tui.lines.theme import STATUS_CLASSES
from dagtui.tui.log.empty_log import added_by_key

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from dagtui.text.amounts import CellWidth
    from dagtui.text.look import Look
    from dagtui.tui.actions.action import AnyAction
    from dagtui.tui.actions.keymap import Keymap

MEANINGS = {
    NodeStatus.WAITING: "some of its parents have not finished; a finally task waits for all others",
    NodeStatus.READY: "wants a slot, a pool, an answer, or the end of a pause or of a hold",
    NodeStatus.RUNNING: "an attempt is executing",
    NodeStatus.RETRYING: "failed, waits for its next attempt",
    NodeStatus.CANCELLING: "told to stop, still there",
    NodeStatus.COMPLETED: "succeeded, up to date, answered, or marked as done",
    NodeStatus.FAILED: "its last attempt failed",
    NodeStatus.FAILED_PARENT: "can't run because of what failed above it",
    NodeStatus.CANCELLED: "by a command, or because another node failed",
    NodeStatus.SKIPPED: "by its condition (if), its trigger, or a person",
}
_PANES = {
    Pane.TREE: "In the tree",
    Pane.LOG: "In the log",
    Pane.DETAILS: "In the details",
    Pane.WHY: "In Why",
    Pane.RUNS: "In Runs",
    Pane.BRANCH: "In the summary",
    Pane.PAGE: "On this page",
    Pane.BAR: "On the bar",
}
NOTHING_PRESENT: Final[Mapping[str, str]] = {}
_SIGN_CELLS: Final = 6
"""The most cells before the words. A longer sign pushes its words to the right."""


class HelpEntry(NamedTuple):
    """A key or a sign, and its words."""

    sign: Span
    words: tuple[Span, ...]
    names: str = ""
    """What the footer and the palette call it. A filter finds it by these too."""

    @property
    def text(self) -> str:
        """What a filter looks at, in lower case."""
        return " ".join((self.sign.text, *(span.text for span in self.words), self.names)).lower()


class Section(NamedTuple):
    """Entries below a heading."""

    title: str
    entries: Sequence[HelpEntry]


def pane_keys(keymap: Keymap, pane: Pane, without: Collection[str], look: Look) -> Section:
    """Return the keys of a pane, most useful first. Actions in `without` would do nothing now, and come last."""
    shown = keymap.footer(pane)
    shown += [one for one in keymap.actions if one.panes is not Pane.ANY and one.panes & pane and one not in shown]
    useful = list(_keys(keymap, [one for one in shown if one.id not in without], look))
    useless = _keys(keymap, [one for one in shown if one.id in without], look)
    return Section(_PANES[pane], [*useful, *map(_subdued, useless)])


def other_keys(
    keymap: Keymap, pane: Pane, look: Look, present: Mapping[str, str] = NOTHING_PRESENT
) -> Iterator[Section]:
    """Yield the other keys, by group. `present` has, by action id, what keys act on now."""
    for group in Group:
        shown = [one for one in keymap.actions if one.group is group]
        yield Section(group.value, list(_keys(keymap, [one for one in shown if not _is_of(one, pane)], look, present)))


def signs(look: Look, *, has_moments: bool = False) -> Iterator[Section]:
    """Yield the statuses, then all other signs. `has_moments`: those of a recording, too."""
    statuses = [
        HelpEntry(status_run(status, look), (Span(status.word, STATUS_CLASSES[status]), Span(f": {MEANINGS[status]}")))
        for status in NodeStatus
    ]
    outside = HelpEntry(Span("name", Role.MUTED), (Span("dimmed", Role.MUTED), Span(f": {added_by_key(look)}")))
    yield Section("Statuses", [*statuses, outside])
    for title, found in SIGNS.items():
        if found is RECORDING and not has_moments:
            continue
        yield Section(title, [HelpEntry(Span(sign.text(look)), (Span(sign.words),)) for sign in found])


def matching(sections: Iterable[Section], query: str) -> Iterator[Section]:
    """Yield the sections with the entries that have every word of a query, and those words marked."""
    wanted = query.lower().split()
    for title, entries in sections:
        found = [_marked(entry, wanted) for entry in entries if all(word in entry.text for word in wanted)]
        if found:
            yield Section(title, found)


def column(sections: Iterable[Section], width: CellWidth) -> list[Row]:
    """Return the rows of sections, one below the other, each of at most `width` cells."""
    shown = [section for section in sections if section.entries]
    cells = max((entry.sign.width for section in shown for entry in section.entries), default=0)
    cells = min(cells, _SIGN_CELLS)
    rows: list[Row] = []
    for title, entries in shown:
        rows += [*([row()] if rows else []), row(Span(title, Role.HEADING))]
        for sign, words, _ in entries:
            rows.append(row(spaces(cells - sign.width), sign, SPACE, *words, indent=cells + 1))
    return [row(*_trimmed(spans)) for one in rows for spans in wrapped(one, width)]


def _trimmed(spans: Sequence[Span]) -> Sequence[Span]:
    """Return spans without the space at which they were broken."""
    return [*spans[:-1], spans[-1]._replace(text=spans[-1].text.rstrip())] if spans else spans


def beside(columns: Sequence[Sequence[Row]], width: CellWidth, gap: int) -> list[Row]:
    """Return columns of `width` cells beside each other."""
    rows: list[Row] = []
    for line in zip_longest(*columns, fillvalue=row()):
        spans: list[Span] = []
        for at, one in enumerate(line):
            spans += [spaces(at * (width + gap) - width_of(spans)), *one.runs]
        rows.append(row(*spans))
    return rows


def _is_of(action: AnyAction, pane: Pane) -> bool:
    """Return whether the keys of a pane have an action."""
    return bool(action.panes & pane) and (action.rank > 0 or action.panes is not Pane.ANY)


def _keys(
    keymap: Keymap, actions: Iterable[AnyAction], look: Look, present: Mapping[str, str] = NOTHING_PRESENT
) -> Iterator[HelpEntry]:
    for action in actions:
        if keys := keymap.all_shown(action.id, look):
            now = f" ({present[action.id]})" if action.id in present else ""
            yield HelpEntry(Span(keys, Role.KEY), (Span(action.help + now),), f"{action.words} {action.name}")


def _subdued(entry: HelpEntry) -> HelpEntry:
    return entry._replace(
        sign=entry.sign._replace(role=Role.MUTED), words=tuple(span._replace(role=Role.MUTED) for span in entry.words)
    )


def _marked(entry: HelpEntry, wanted: Sequence[str]) -> HelpEntry:
    if not wanted:
        return entry
    pattern = re.compile("|".join(map(re.escape, sorted(wanted, key=len, reverse=True))), re.IGNORECASE)
    sign = entry.sign._replace(role=Role.HIT) if pattern.search(entry.sign.text) else entry.sign
    return entry._replace(sign=sign, words=tuple(part for span in entry.words for part in _parts(span, pattern)))


def _parts(span: Span, pattern: re.Pattern[str]) -> Iterator[Span]:
    """Yield a span in parts, of which those that match are marked."""
    end = 0
    for found in pattern.finditer(span.text):
        if found.start() > end:
            yield span._replace(text=span.text[end : found.start()])
        yield span._replace(text=found.group(), role=Role.HIT)
        end = found.end()
    if end < len(span.text):
        yield span._replace(text=span.text[end:])
