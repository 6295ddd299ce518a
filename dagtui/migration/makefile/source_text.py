"""What only the text of makefiles tells: the order of targets, and the help beside them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

_MOST_BYTES = 4 * 1024**2
_RULE = re.compile(r"(?P<names>[^\t#=:\s][^=:#]*?)\s*&?::?(?![=:])")
_HELP_BEHIND = re.compile(r"[^#]*?[^#\s\\]\s*##+[ \t]*(?P<help>[^#\s].*)")
_HELP_OF_PHONY = re.compile(r"\.PHONY\s*:\s*(?P<name>[^\s#]+)\s+#+[ \t]*(?P<help>\S.*)")
_HELP_BEFORE = re.compile(r"##[ \t]*(?P<help>[^#\s].*)")


class SourceText(NamedTuple):
    """What the text says of targets."""

    order: dict[str, int]
    """Names in the order in which rules name them first."""
    help: dict[str, str]


def read_sources(folder: Path, makefiles: Iterable[str]) -> SourceText:
    """Read the texts of makefiles. One that can't be read tells nothing."""
    order, helps = dict[str, int](), dict[str, str]()
    for name in makefiles:
        try:
            with (folder / name).open("rb") as file:
                text = file.read(_MOST_BYTES).decode("utf-8", "replace")
        except OSError:
            continue
        for target, said in _targets(text.split("\n")):
            order.setdefault(target, len(order))
            if said:
                helps.setdefault(target, said)
    return SourceText(order, helps)


def _targets(lines: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Yield the targets of rules, each with the help that stands behind or before it."""
    before: list[str] = []
    for line in lines:
        if match := _HELP_BEFORE.fullmatch(line.rstrip()):
            before.append(match["help"])
            continue
        if match := _HELP_OF_PHONY.fullmatch(line.rstrip()):
            yield match["name"], match["help"]
        elif (match := _RULE.match(line)) and not line.startswith("."):
            behind = _HELP_BEHIND.fullmatch(line[match.end() - 1 :].rstrip())
            said = behind["help"] if behind else " ".join(before)
            for name in match["names"].split():
                yield name, said.strip()
        elif line.startswith(".PHONY"):
            continue  # help may stand before it
        before = []
