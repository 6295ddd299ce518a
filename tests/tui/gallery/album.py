"""Pictures as text: the characters of the screen, and its styles as a second layer. One file holds those of a graph.

A style is some letters, which the end of the file explains. `a3b7` is three cells in style a, then seven in style b. A
line that is repeated is written once, before `*` and how often it stands there.
"""

from __future__ import annotations

import re
from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from rich.style import Style
    from textual.app import App

_LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
_TEXT, _STYLE, _REPEATED, _TITLE, _LEGEND = "|", ":", "*", "=== ", "--- styles"


class Line(NamedTuple):
    """A row of the screen: its text, and runs of cells with a style."""

    text: str
    runs: tuple[tuple[str, int], ...]


Picture = tuple[Line, ...]


def taken(app: App[object]) -> Picture:
    """What is on the screen now."""
    return tuple(map(_line, app.screen._compositor.render_strips()))


def _line(strip: Sequence[object]) -> Line:
    segments = [segment for segment in strip if segment.text]
    text = "".join(segment.text for segment in segments).rstrip()
    runs = groupby(segments, key=lambda segment: described(segment.style))
    return Line(text, tuple((style, sum(one.cell_length for one in found)) for style, found in runs))


def described(style: Style | None) -> str:
    """A style in words: attributes, then its colours."""
    if style is None:
        return "plain"
    attributes = ("bold", "dim", "italic", "underline", "reverse", "strike")
    words = [name for name in attributes if getattr(style, name)]
    if style.color is not None and not style.color.is_default:
        words.append(style.color.name)
    if style.bgcolor is not None and not style.bgcolor.is_default:
        words.append(f"on {style.bgcolor.name}")
    return " ".join(words) or "plain"


class Album:
    """The pictures of a graph, by title."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.pages: dict[str, list[str]] = {}
        self._letters: dict[str, str] = {}
        if path.exists():
            self._read(path.read_text(encoding="utf-8").splitlines())

    def page(self, picture: Picture) -> list[str]:
        """The lines that a picture is stored as."""
        texts = [f"{_TEXT}{line.text}" for line in picture]
        styles = [_STYLE + "".join(f"{self._letter(style)}{cells}" for style, cells in line.runs) for line in picture]
        return [*_folded(texts), *_folded(styles)]

    def write(self, pages: Mapping[str, list[str]], prefix: str) -> None:
        """Replace the pages whose titles begin with a prefix."""
        kept = {title: page for title, page in self.pages.items() if not title.startswith(prefix)}
        self.pages = kept | dict(pages)
        used = set(re.findall(r"[a-zA-Z]+", "".join(line for line in self._lines() if line.startswith(_STYLE))))
        legend = [f"{letter} {style}" for style, letter in self._letters.items() if letter in used]
        self._path.write_text("\n".join([*self._lines(), _LEGEND, *legend, ""]), encoding="utf-8")

    def _lines(self) -> Iterator[str]:
        for title, page in self.pages.items():
            yield _TITLE + title
            yield from page

    def _letter(self, style: str) -> str:
        if style not in self._letters:
            taken_letters = set(self._letters.values())
            names = (*_LETTERS, *(one + other for one in _LETTERS for other in _LETTERS))
            self._letters[style] = next(name for name in names if name not in taken_letters)
        return self._letters[style]

    def _read(self, lines: Iterable[str]) -> None:
        page: list[str] = []
        in_legend = False
        for line in lines:
            if line == _LEGEND:
                in_legend = True
            elif in_legend:
                letter, _, style = line.partition(" ")
                self._letters[style] = letter
            elif line.startswith(_TITLE):
                page = self.pages[line.removeprefix(_TITLE)] = []
            else:
                page.append(line)


def _folded(lines: Iterable[str]) -> Iterator[str]:
    for line, same in groupby(lines):
        count = sum(1 for _ in same)
        yield line
        if count > 1:
            yield f"{_REPEATED}{count}"


def difference(title: str, stored: Sequence[str] | None, found: Sequence[str]) -> str:
    """What differs between two pages, in the first rows that do. Empty: nothing."""
    if stored is None:
        return f"{title}: there is no such picture yet\n" + "\n".join(found)
    rows = [(before, after) for before, after in _beside(stored, found) if before != after]
    shown = [f"  - {before}\n  + {after}" for before, after in rows[:6]]
    return f"{title}: {len(rows)} lines differ\n" + "\n".join(shown) if rows else ""


def _beside(stored: Sequence[str], found: Sequence[str]) -> Iterator[tuple[str, str]]:
    for at in range(max(len(stored), len(found))):
        yield (stored[at] if at < len(stored) else "", found[at] if at < len(found) else "")
