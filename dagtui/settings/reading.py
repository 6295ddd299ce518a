"""Read the text of the file: its settings, and what is wrong with it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dagtui.graph.check.diagnostics import Diagnostics
from dagtui.graph.errors import GraphError, Problem, ValueProblem, quoted
from dagtui.graph.toml import parse
from dagtui.settings.definitions import BY_NAME, KEYS, TABLES, read_keys
from dagtui.settings.file import SettingsFile, shown_path
from dagtui.settings.values import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from dagtui.graph.toml.positions import KeyPath


_MOST_BYTES: Final = 256 * 1024


def content_of(path: Path) -> bytes:
    """Return the content of a file. Raises GraphError if it can't be read or is too large."""
    shown = shown_path(path)
    content = parse.read_bytes_again(path, shown)
    if len(content) > _MOST_BYTES:
        raise GraphError([Problem(f"is larger than {_MOST_BYTES // 1024} KB", shown)])
    return content


def settings_of(text: str, path: Path) -> SettingsFile:
    """Read the text of a file. Raises GraphError if it is not TOML."""
    shown = shown_path(path)
    reading = _Reading(parse.parse(text, shown).tables)
    found = reading.settings()
    problems = reading.wrong.error(text, shown).problems if reading.wrong else ()
    return SettingsFile(path, found, problems, text, reading.stated, reading.refused)


class _Reading:
    def __init__(self, tables: Mapping[str, object]) -> None:
        self._tables = tables
        self.wrong = Diagnostics()
        self.stated: dict[str, KeyPath] = {}
        self.refused: dict[str, KeyPath] = {}

    def settings(self) -> Settings:
        found: dict[str, object] = {}
        for at, value in _values(self._tables):
            setting = BY_NAME.get(".".join(at))
            if setting is None:
                self._refuse(at)
                continue
            try:
                found[setting.field] = setting.read(value)
            except ValueProblem as wrong:
                self._note(at, wrong, f"write {at[-1]} = {setting.example}")
            else:
                self.stated[setting.name] = at
        return Settings(**found, keys=self._keys())  # type: ignore[arg-type]  # each has been read by its own reader

    def _refuse(self, at: tuple[str, ...]) -> None:
        name = ".".join(at)
        if name in TABLES:
            self.wrong.value(at, f"{quoted(name)} must be a table", f"write [{name}]")
            return
        known = [*BY_NAME, KEYS]
        self.wrong.key(at, f"there is no setting {quoted(name)}", self.wrong.suggestion(name, known))

    def _keys(self) -> dict[str, str]:
        table = self._tables.get(KEYS, {})
        if not isinstance(table, dict):
            self.wrong.value((KEYS,), f"{quoted(KEYS)} must be a table", f'write [{KEYS}], and "node.retry" = "r"')
            return {}
        found: dict[str, str] = {}
        for at, value in leaves(table, (KEYS,)):
            id_ = ".".join(at[1:])
            try:
                found[id_] = read_keys(value)
            except ValueProblem as wrong:
                self._note(at, wrong, f'write {quoted(id_)} = "r"')
            else:
                self.stated[f"{KEYS}.{id_}"] = at
        return found

    def _note(self, at: tuple[str, ...], wrong: ValueProblem, example: str) -> None:
        self.refused[".".join(at)] = at
        place = (*at, *wrong.inside)
        self.wrong.value(place, f"{quoted('.'.join(at))} {wrong.message}", wrong.hint or example)


def _values(tables: Mapping[str, object]) -> Iterator[tuple[tuple[str, ...], object]]:
    """Yield the values of a document, those of known tables one by one. Keys are read elsewhere."""
    for key, value in tables.items():
        if key in TABLES and isinstance(value, dict):
            yield from (((key, inner), one) for inner, one in value.items())
        elif key != KEYS:
            yield (key,), value


def leaves(table: Mapping[str, object], at: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], object]]:
    """Yield what stands in a table and in those inside it: `node.retry = "r"` is one, unless it is quoted."""
    opened = [(at, iter(table.items()))]
    while opened:
        path, inside = opened[-1]
        for key, value in inside:
            if isinstance(value, dict):
                opened.append(((*path, key), iter(value.items())))
                break
            yield (*path, key), value
        else:
            opened.pop()
