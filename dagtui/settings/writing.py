"""Change one setting in the text of its file. Comments, order and spaces of everything else stay as they are."""

from __future__ import annotations

import contextlib
import os
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Final

import tomli_w

from dagtui.graph.errors import GraphError, ValueProblem, quoted
from dagtui.graph.toml.parse import decode
from dagtui.graph.toml.positions import Located, SourceSpan, locate, statements
from dagtui.settings.definitions import BY_NAME, KEYS, TABLES, read_keys
from dagtui.settings.file import shown_path
from dagtui.settings.reading import content_of, leaves, settings_of
from dagtui.store.errors import StoreError
from dagtui.store.files import rewrite_file, write_new_file

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dagtui.graph.toml.positions import KeyPath

_DEEPEST: Final = 64
"""Parts of a dotted key, at most."""
Settable = str | int | bool


class SettingError(Exception):
    """A setting can't be changed. The message says why, and how to mend it."""


def parse_value(name: str, written: str) -> Settable:
    """Return the value of a setting as a person writes it in a call: as in the file, or a text without its quotes.

    Raises SettingError.
    """
    setting = BY_NAME.get(name)
    given: object = written
    with contextlib.suppress(ValueError, KeyError, RecursionError):
        given = tomllib.loads(f"value = {written}")["value"]
    is_text = setting is None or isinstance(setting.default, str)
    if is_text and not isinstance(given, str | list):
        given = written
    try:
        found = read_keys(given) if setting is None else setting.read(given)
    except ValueProblem as wrong:
        hint = wrong.hint or f"write {'r' if setting is None else setting.example}"
        raise SettingError(f"{quoted(name)} {wrong.message}; {hint}") from None
    if not isinstance(found, Settable):
        raise TypeError(found)
    return found


def change_setting(path: Path, name: str, value: Settable | None) -> None:
    """Set a setting in the file, which is made if necessary, or unset it with None. Raises SettingError."""
    real = Path(os.path.realpath(path))  # people keep it among others, and link to it
    shown = shown_path(path)
    try:
        is_there = _is_there(real)
        content = content_of(path) if is_there else b""
        text = decode(content, shown)
        changed = with_setting(text, name, value, path)
        if changed == text:
            return
        if b"\r\n" in content:
            changed = changed.replace("\n", "\r\n")
        if is_there:
            rewrite_file(real, changed.encode())
        else:
            real.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            write_new_file(real, changed.encode())
    except GraphError as error:
        raise SettingError(f"the file can't be changed before it is mended:\n{error}") from error
    except StoreError as error:
        raise SettingError(str(error)) from error
    except OSError as error:
        raise SettingError(f"can't write {shown}: {error.strerror}") from error


def _is_there(path: Path) -> bool:
    """Return whether there is a file. Raises OSError if that can't be told."""
    try:
        path.stat()
    except FileNotFoundError:
        return False
    return True


def with_setting(text: str, name: str, value: Settable | None, path: Path) -> str:
    """Return the text of a file with a setting set, or without it. Raises GraphError if the text is not TOML."""
    settings_of(text, path)  # raises
    before = tomllib.loads(text)
    at = _stated_at(before, name)
    if value is None:
        changed = text if at is None else _without(text, at)
    elif at is not None:
        span = locate(text, [at])[at].value
        changed = text[: span.start] + _literal(value) + text[span.end :]
    else:
        changed = _with_new(text, before, _path_of(name), value)
    _check(before, changed, name, value)
    return changed


def _path_of(name: str) -> tuple[str, ...]:
    table, dot, rest = name.partition(".")
    return (table, rest) if dot and table in {KEYS, *TABLES} else (name,)


def _stated_at(tables: Mapping[str, object], name: str) -> tuple[str, ...] | None:
    """Return where the document states a setting, right or wrong."""
    wanted = _path_of(name)
    if len(wanted) == 1:
        return wanted if name in tables else None
    table = tables.get(wanted[0])
    if not isinstance(table, dict):
        return None
    found = leaves(table, wanted[:1])
    return next((at for at, _ in found if ".".join(at) == name), None)


def _literal(value: object) -> str:
    return tomli_w.dumps({"x": value}).removeprefix("x = ").rstrip("\n")


def _with_new(text: str, tables: Mapping[str, object], at: KeyPath, value: Settable) -> str:
    """Return the text with a setting that it does not state yet."""
    line = f"{_literal_key(str(at[-1]))} = {_literal(value)}\n"
    if len(at) == 1:
        return _before_headers(text, line)
    table = str(at[0])
    if table not in tables:
        gap = "" if not text or text.endswith("\n\n") else "\n"
        return f"{_ended(text)}{gap}[{table}]\n{line}"
    inside = [one for one in statements(text, _DEEPEST) if one.path[:1] == (table,)]
    headers = [one for one in inside if one.is_header and one.path == (table,)]
    if headers:
        return _after(text, headers[0].span, line)
    place = locate(text, [(table,)])[(table,)]
    if text[place.value.start] == "{":
        return _in_braces(text, place, line.rstrip("\n"))
    if any(one.is_header for one in inside):  # only [keys.node] and the like: a table of its own may follow
        return f"{_ended(text)}\n[{table}]\n{line}"
    return _after(text, inside[0].span, f"{table}.{line}")


def _literal_key(name: str) -> str:
    return tomli_w.dumps({name: 0}).partition(" = ")[0]


def _ended(text: str) -> str:
    return text if not text or text.endswith("\n") else text + "\n"


def _after(text: str, span: SourceSpan, line: str) -> str:
    """Return the text with a line below the one in which a statement ends."""
    end = text.find("\n", span.end)
    return f"{text}\n{line}" if end < 0 else text[: end + 1] + line + text[end + 1 :]


def _before_headers(text: str, line: str) -> str:
    """Return the text with a line below the last statement before its tables, or else above everything but comments."""
    last = None
    for one in statements(text, _DEEPEST):
        if one.is_header:
            break
        last = one
    if last is not None:
        return _after(text, last.span, line)
    header = next(iter(statements(text, _DEEPEST)), None)
    if header is None:
        return _ended(text) + line
    start = text.rfind("\n", 0, header.span.start) + 1
    while start and text[:start].rstrip(" \t").endswith("\n") and _is_comment_above(text, start):
        start = text.rfind("\n", 0, start - 1) + 1  # the comment belongs to the table
    return f"{text[:start]}{line}\n{text[start:]}"


def _is_comment_above(text: str, start: int) -> bool:
    return text[text.rfind("\n", 0, start - 1) + 1 : start].lstrip().startswith("#")


def _in_braces(text: str, place: Located, entry: str) -> str:
    inner = text[place.value.start + 1 : place.value.end - 1].rstrip()
    comma = "," if inner.strip() else ""
    return f"{text[: place.value.start]}{{{inner}{comma} {entry} }}{text[place.value.end :]}"


def _without(text: str, at: KeyPath) -> str:
    """Return the text without the line, or the lines, of a setting."""
    own = next((one for one in statements(text, _DEEPEST) if one.path == at and not one.is_header), None)
    if own is not None:
        start = text.rfind("\n", 0, own.span.start) + 1
        end = text.find("\n", own.span.end)
        return text[:start] + ("" if end < 0 else text[end + 1 :])
    for length in range(len(at) - 1, 0, -1):  # it stands in braces, which hold no comments
        table = at[:length]
        place = locate(text, [table]).get(table)
        if place is not None and text[place.value.start] == "{":
            content = tomllib.loads(f"x = {text[place.value.start : place.value.end]}")["x"]
            return text[: place.value.start] + _braces(_less(content, at[length:])) + text[place.value.end :]
    return text


def _less(table: Mapping[str, object], at: KeyPath) -> dict[str, object]:
    """Return a table without what stands at a path in it."""
    found: dict[str, object] = {}
    for key, value in table.items():
        if key != at[0]:
            found[key] = value
        elif len(at) > 1 and isinstance(value, dict):
            found[key] = _less(value, at[1:])
    return found


def _braces(table: Mapping[str, object]) -> str:
    entries = [
        f"{_literal_key(key)} = {_braces(value) if isinstance(value, dict) else _literal(value)}"
        for key, value in table.items()
    ]
    return f"{{ {', '.join(entries)} }}" if entries else "{}"


def _check(before: Mapping[str, object], changed: str, name: str, value: Settable | None) -> None:
    """Raise SettingError unless the text says exactly what it is to say."""
    try:
        after = tomllib.loads(changed)
    except ValueError:
        after = {}
    stated, wanted = dict(leaves(after, ())), dict(leaves(before, ()))
    at = _stated_at(after, name)
    found = None if at is None else stated.pop(at)
    old = _stated_at(before, name)
    if old is not None:
        del wanted[old]
    if found != value or type(found) is not type(value) or stated != wanted:
        raise SettingError(
            f"{quoted(name)} can't be changed in this file as it is written; dagtui config edit opens it"
        )
