"""Rows of two attempts compared: side by side where there is room, else the lines of both below each other."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from typing import TYPE_CHECKING, Final, NamedTuple

from dagtui.text import count, fit, label, plural
from dagtui.text.amounts import CellWidth, duration, size
from dagtui.tui.lines.rows import SPACE, Role, Row, Span, muted, row, spaces, width_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dagtui.runs.attempt_comparison import AttemptComparison, LogText
    from dagtui.text.look import Look

SIDE_BY_SIDE: Final = 100
"""Columns from which lines stand side by side."""
_CONTEXT: Final = 3
"""Lines alike that are shown before and after a difference."""
_NUMBER: Final = 7
_LONGEST: Final = 2000
_LEAST_ALIKE: Final = 0.4
"""The share of a line that is alike, at least, where the rest is marked."""


class _Line(NamedTuple):
    """What a row shows: a line of each log, or of one of them, or how many alike lines are left out."""

    left: int = -1
    right: int = -1
    differs: bool = False
    skipped: int = 0


class ComparedRows:
    """Rows of a comparison for one layout. It is the source of a list of rows."""

    def __init__(self, compared: AttemptComparison, look: Look, *, beside: bool) -> None:
        self._compared = compared
        self._look = look
        self._beside = beside
        self._heads = list(self._other_rows())
        self._lines = list(self._log_lines())
        self._starts = [
            index
            for index, line in enumerate(self._lines)
            if line.differs and (not index or not self._lines[index - 1].differs)
        ]

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self._heads) + len(self._lines)

    def difference_from(self, index: int, step: int) -> int | None:
        """Return the row at which the next difference after a row begins, or the previous one for a step of -1."""
        at = index - len(self._heads)
        found = bisect_right(self._starts, at) if step > 0 else bisect_left(self._starts, at) - 1
        return len(self._heads) + self._starts[found] if 0 <= found < len(self._starts) else None

    def number_of(self, index: int) -> int:
        """Return which difference a row is in or after, from 1. 0: it is before the first."""
        return bisect_right(self._starts, index - len(self._heads))

    @property
    def count(self) -> int:
        """The number of differences of the logs."""
        return len(self._starts)

    def offsets_at(self, index: int) -> tuple[int | None, int | None]:
        """Return where the lines of a row begin in their logs. None: there is none."""
        at = index - len(self._heads)
        if at < 0:
            return None, None
        line, (older, newer) = self._lines[at], self._compared.texts
        return (
            older.offsets[line.left] if line.left >= 0 else None,
            newer.offsets[line.right] if line.right >= 0 else None,
        )

    def row(self, index: int, width: CellWidth) -> Row:
        """Return a row for a width."""
        if index < len(self._heads):
            return self._heads[index]._replace(jump=index)
        line = self._lines[index - len(self._heads)]
        if line.skipped:
            dashes = self._look.glyphs.dash * 2
            return row(spaces(_NUMBER + 1), muted(f"{dashes} {plural(line.skipped, 'line')} alike"), jump=index)
        spans = self._both(line, width) if self._beside else self._one(line, width)
        return Row(tuple(spans), jump=index)

    # What else differs

    def _other_rows(self) -> Iterator[Row]:
        compared = self._compared
        left, right = compared.left, compared.right
        for one in compared.others:
            values = [label(value, 80) for value in (one.left, one.right) if value]
            what, _, name = label(one.what, 60).partition(" ")
            yield self._other(what, values, name)
        if left.seconds is not None and right.seconds is not None:
            yield self._other("duration", [duration(left.seconds), duration(right.seconds)])
        if not compared.others:
            yield row(muted(" Nothing else differs of what is known."))
        if compared.unknown:
            yield row(Span(f" {label(compared.unknown)}", Role.WARNING))
        for name, text in zip(("older", "newer"), compared.texts, strict=True):
            if text.trouble:
                yield row(Span(f" The {name} log can't be read: {label(text.trouble)}", Role.BAD))
            if text.left_out:
                yield row(
                    Span(
                        f" The {name} log is large: {size(text.left_out)} in its middle are not compared.", Role.WARNING
                    )
                )
        if not compared.logs:
            yield row(muted(" The logs are alike, apart from times, ids, temporary paths and addresses."))
        yield row()

    def _other(self, what: str, values: list[str], name: str = "") -> Row:
        arrow = f" {self._look.glyphs.arrow} "
        return row(Span(f" {what:<12} ", Role.HEADING), muted(f"{name}  " if name else ""), Span(arrow.join(values)))

    # Lines

    def _log_lines(self) -> Iterator[_Line]:
        """Yield the lines of both logs with the differences, without most of what is alike."""
        compared = self._compared
        left = right = 0
        last = len(compared.logs)
        for number, difference in enumerate(compared.logs):
            yield from self._alike(left, right, difference.left.start - left, after=number > 0, before=True)
            yield from self._different(difference.left, difference.right)
            left, right = difference.left.stop, difference.right.stop
        yield from self._alike(left, right, len(compared.texts[0].lines) - left, after=last > 0, before=False)

    def _alike(self, left: int, right: int, lines: int, *, after: bool, before: bool) -> Iterator[_Line]:
        head, tail = (_CONTEXT if after else 0), (_CONTEXT if before else 0)
        if lines <= head + tail + 1:
            head, tail = lines, 0
        for at in range(head):
            yield _Line(left + at, right + at)
        if (skipped := lines - head - tail) > 0:
            yield _Line(skipped=skipped)
        for at in range(lines - tail, lines):
            yield _Line(left + at, right + at)

    def _different(self, left: range, right: range) -> Iterator[_Line]:
        if not self._beside:
            yield from (_Line(left=one, differs=True) for one in left)
            yield from (_Line(right=one, differs=True) for one in right)
            return
        for at in range(max(len(left), len(right))):
            yield _Line(left[at] if at < len(left) else -1, right[at] if at < len(right) else -1, differs=True)

    def _both(self, line: _Line, width: CellWidth) -> Iterator[Span]:
        """Yield a line of each log beside each other."""
        half = CellWidth((width - 3) // 2)
        texts = self._compared.texts
        sides = list(zip(texts, (line.left, line.right), strict=True))
        before, after = (label(text.lines[at], _LONGEST) if at >= 0 else "" for text, at in sides)
        paired = line.differs and line.left >= 0 and line.right >= 0
        parts = (_parts(before, after), _parts(after, before)) if paired else ((before, "", ""), (after, "", ""))
        for side, (text, at) in enumerate(sides):
            sign = "-+"[side]
            spans = list(self._numbered(text, at, sign if line.differs and at >= 0 else " ", parts[side], half))
            yield from spans
            if not side:
                yield spaces(half - width_of(spans))
                yield muted(f" {self._look.glyphs.bar.strip() or '|'} ")

    def _one(self, line: _Line, width: CellWidth) -> Iterator[Span]:
        """Yield a line of one log, or one that is alike in both."""
        is_newer = line.left < 0
        text, at = self._compared.texts[is_newer], line.right if is_newer else line.left
        sign = ("+" if is_newer else "-") if line.differs else " "
        yield from self._numbered(text, at, sign, (label(text.lines[at], _LONGEST), "", ""), width)

    def _numbered(
        self, text: LogText, at: int, sign: str, parts: tuple[str, str, str], width: CellWidth
    ) -> Iterator[Span]:
        """Yield number, sign and text of a line, cut at a width. The part in the middle is what differs."""
        if at < 0:
            return
        number = text.numbers[at]
        role = {"-": Role.BAD, "+": Role.KEY}.get(sign, Role.PLAIN)
        yield muted(f"{count(number) if number else '':>{_NUMBER}} ")
        yield Span(sign, role)
        yield SPACE
        room = width - _NUMBER - 3
        for part, is_marked in zip(parts, (False, True, False), strict=True):
            shown = fit(part, CellWidth(max(1, room)), self._look) if part and room > 0 else ""
            yield Span(shown, Role.FOUND if is_marked else Role.PLAIN)
            room -= Span(shown).width


def _parts(text: str, other: str) -> tuple[str, str, str]:
    """Return a text in three parts, of which the first and the last are in the other text, too."""
    most = min(len(text), len(other))
    start = next((at for at in range(most) if text[at] != other[at]), most)
    end = next((at for at in range(most - start) if text[-1 - at] != other[-1 - at]), most - start)
    if start + end < len(text) * _LEAST_ALIKE:
        return text, "", ""  # to mark all of it would tell nothing
    return text[:start], text[start : len(text) - end], text[len(text) - end :]
