"""What changed since a node's last success, in words: at most a few names, and the number of others."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from dagtui.execution.files.digests import UNREADABLE
from dagtui.graph.files.paths import PathKind
from dagtui.text import count, label

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from dagtui.execution.files.looked_at import LookedAt
    from dagtui.graph.files.paths import DeclaredPath

NAMED = 3
"""Number of names that a reason has at most."""
_NAME_CHARACTERS = 80


class Reason(NamedTuple):
    """One thing that changed: its name, and what became of it. Without a name, the text says all."""

    name: str
    what: str
    kind: str = ""
    """A word before the name, such as "output"."""


def in_words(reasons: Sequence[Reason]) -> str:
    """Return reasons as one line: "a.csv, b.csv changed; output c.csv is missing; +4 more". Safe to show."""
    parts: list[str] = []
    names: list[str] = []
    shown = reasons[:NAMED]
    for reason, following in zip(shown, [*shown[1:], None], strict=True):
        if not reason.name:
            parts.append(label(reason.what, 300))
            continue
        names.append(label(reason.name, _NAME_CHARACTERS))
        if following is not None and following.name and following[1:] == reason[1:]:
            continue
        what = _PLURAL.get(reason.what, reason.what) if len(names) > 1 else reason.what
        before = f"{reason.kind}{'s' if len(names) > 1 else ''} " if reason.kind else ""
        parts.append(f"{before}{', '.join(names)} {label(what, 300)}")
        names = []
    if len(reasons) > NAMED:
        parts.append(f"+{count(len(reasons) - NAMED)} more")
    return "; ".join(parts)


_PLURAL = {"is missing": "are missing", "is new": "are new", "is gone": "are gone", "matches no file": "match no file"}


def changes_of_parts(before: Mapping[str, str], now: Mapping[str, str]) -> Iterator[Reason]:
    """Yield the parts of a definition that changed."""
    for name in dict.fromkeys((*now, *before)):
        if before.get(name) != now.get(name):
            yield Reason(name, "changed")


def changes_of_paths(
    kind: str,
    before: Mapping[str, tuple[str, Mapping[str, str]]],
    paths: Sequence[DeclaredPath],
    seen: Sequence[LookedAt],
) -> Iterator[Reason]:
    """Yield the declared inputs or outputs that changed. Files of a folder or pattern are named one by one."""
    own = kind if kind == "output" else ""
    for path, entry in zip(paths, seen, strict=True):
        old, old_names = before.get(path.text, (None, {}))
        if entry.missing and (entry.digest == UNREADABLE or kind == "output"):
            is_pattern = path.kind is PathKind.GLOB
            yield Reason(path.text, "matches no file" if is_pattern else entry.problem or "is missing", own)
        elif entry.digest == UNREADABLE:
            yield Reason("", f"{own} {path.text}: {entry.problem}".strip())
        elif old is None:
            yield Reason(path.text, "was added to the inputs" if kind == "input" else "was added to the outputs")
        elif old != entry.digest:
            yield from _named(path, own, old_names, entry.names)
    declared = {path.text for path in paths}
    for text in before:
        if text not in declared:
            yield Reason(text, f"was taken from the {kind}s")


def _named(path: DeclaredPath, kind: str, before: Mapping[str, str], now: Mapping[str, str]) -> Iterator[Reason]:
    """Yield which files of a path changed, if that is known."""
    written, own = _beginnings(path)
    found = [
        Reason(
            _as_written(name, written, own),
            "is new" if name not in before else "is gone" if name not in now else "changed",
            kind,
        )
        for name in sorted(before.keys() | now.keys())
        if before.get(name) != now.get(name)
    ]
    yield from found if found and before and now else [Reason(path.text, "changed", kind)]


def _beginnings(path: DeclaredPath) -> tuple[str, str]:
    """Return where the path as written and the path from the graph's directory begin to differ."""
    written, own = path.text.removesuffix("/").split("/"), path.path.split("/")
    while written and own and written[-1] == own[-1]:
        written.pop()
        own.pop()
    return "".join(f"{part}/" for part in written), "".join(f"{part}/" for part in own)


def _as_written(name: str, written: str, own: str) -> str:
    """Return the name of a file below a path so that it begins as the path is written: from the task's directory."""
    return written + name.removeprefix(own) if name.startswith(own) else name
