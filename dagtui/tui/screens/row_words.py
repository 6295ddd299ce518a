"""The cursor's row in words, for the help."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dagtui.engine.status import NodeStatus
from dagtui.engine.why import stale_words, why
from dagtui.text import count, label, plural
from dagtui.tui.graph.signs import role_of, sign_of, word_of
from dagtui.tui.graph.weights import TALLY_ORDER
from dagtui.tui.lines.rows import Role, Row, Span, muted, name_run, node_sign, row
from dagtui.tui.lines.theme import STATUS_CLASSES
from dagtui.tui.log.empty_log import added_by_key
from dagtui.tui.screens.help_entries import MEANINGS

if TYPE_CHECKING:
    from dagtui.graph.model import NodeIndex
    from dagtui.runs.view import RunView
    from dagtui.text.look import Look
    from dagtui.tui.graph.row_groups import RowGroup


def row_in_words(run: RunView, node: NodeIndex | None, many: RowGroup | None, look: Look) -> list[Row]:
    """Return what the cursor's row shows, of a node or of many."""
    if node is not None:
        return _of_node(run, node, look)
    return _of_many(many, look) if many is not None else []


def _of_node(run: RunView, node: NodeIndex, look: Look) -> list[Row]:
    state, glyphs = run.state, look.glyphs
    rows = [row(Span("This row: ", Role.HEADING), name_run(run.graph.labels[node], Role.HEADING), indent=2)]
    if state.is_outside(node):
        return [*rows, row("  ", muted(added_by_key(look)))]
    status = state.status_of(node)
    reason = label(why(state, node, run.clock()))
    words = f": {reason}" if reason else f": {MEANINGS[status]}"
    rows.append(row("  ", node_sign(state, node, look, word=True), Span(words), indent=4))
    if state.stale[node]:
        words = f" stale: {stale_words(state, node)} later"
        rows.append(row("  ", Span(glyphs.stale, STATUS_CLASSES[NodeStatus.RETRYING]), Span(words)))
    if (attempt := state.attempt[node]) > 1:
        rows.append(row("  ", muted(f"{glyphs.times}{attempt}"), Span(f" its attempt {attempt}")))
    return rows


def _of_many(many: RowGroup, look: Look) -> list[Row]:
    total = sum(many.counts) + many.outside
    title = Span(f"This row: {label(many.head.title)}", Role.HEADING)
    rows = [row(title, muted(f"  stands for {plural(total, 'node')}"), indent=2)]
    spans: list[Span] = []
    for status in TALLY_ORDER:
        if number := many.counts[status]:
            glyph = sign_of(status, look.glyphs.statuses, look)
            spans += [Span("  "), Span(f"{glyph}{count(number)} {word_of(status)}", role_of(status))]
    if many.stale:
        words = f"{look.glyphs.stale}{count(many.stale)} stale"
        spans += [Span("  "), Span(words, STATUS_CLASSES[NodeStatus.RETRYING])]
    return [*rows, row(*spans, indent=2)] if spans else rows
