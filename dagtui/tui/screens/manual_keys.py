"""Pages of the manual with the keys in force, in place of the default ones that they are written with."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from dagtui.tui.actions.keymap import shown

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from dagtui.tui.actions.keymap import Keymap

_ALL: Final = None
_KEYS_IN: Final[Mapping[str, Collection[str] | None]] = {
    **dict.fromkeys(("start", "control", "retry-and-cancel", "resume", "ssh", "secrets", "history"), _ALL),
    "graph-file": {"i", "r"},
    "coming-from": {"A", "R", "m", "r"},
}
"""The code in a page that means keys: all that looks like one, or only these. Keys of dialogs are written in bold."""
_CODE: Final = re.compile(r"`([^`\n]+)`")
_TWICE: Final = re.compile(r"(`[^`\n]+`)(?: \1)+")


def with_own_keys(topic: str, text: str, keymap: Keymap) -> str:
    """Return a page with the keys in force."""
    if not keymap.own or topic not in _KEYS_IN:
        return text
    meant = _KEYS_IN[topic]
    own = {usual: now for usual, now in _changed(keymap) if meant is _ALL or usual in meant}
    return "\n".join(_lines(text, own)) if own else text


def _changed(keymap: Keymap) -> Iterator[tuple[str, str]]:
    """Yield each default key of an action that has other ones, and the key that stands for it."""
    for action in keymap.actions:
        keys = keymap.keys(action.id)
        if keys != action.keys and keys:
            for at, usual in enumerate(action.keys):
                yield shown(usual), shown(keys[min(at, len(keys) - 1)])


def _lines(text: str, own: Mapping[str, str]) -> Iterator[str]:
    """Yield the lines, changed where they name keys: not in examples, and not in tables of other things."""
    example = other_table = False
    for line in text.split("\n"):
        if line.startswith("```"):
            example = not example
        if not line.startswith("|"):
            other_table = False
        elif line.startswith("| sign |"):
            other_table = True
        yield line if example or other_table else _with(own, line)


def _with(own: Mapping[str, str], line: str) -> str:
    changed = _CODE.sub(lambda code: f"`{own.get(code[1], code[1])}`", line)
    return line if changed == line else _TWICE.sub(r"\1", changed)
