"""The digest of one value inside a TOML, JSON or YAML file: a change elsewhere in the file does not count."""

from __future__ import annotations

import json
import os
from collections import OrderedDict
from datetime import date, datetime, time
from hashlib import sha256
from importlib import import_module
from importlib.util import find_spec
from threading import Lock
from typing import TYPE_CHECKING, NamedTuple, cast

from dagtui.graph.check.suggestions import did_you_mean
from dagtui.text.yaml_errors import yaml_problem

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dagtui.graph.files.paths import DeclaredPath

MOST_BYTES = 16 << 20
_MOST_PARTS = 200_000
"""Parts of a value, because references in a YAML file can stand for any number."""
_MOST_DOCUMENTS = 8
_LOOKED_INTO = 1 << 16
"""Bytes of a file whose values are looked for before a run begins."""
_MISSING = object()


class FileValueError(Exception):
    """The file has no such value, or can't be read. The text says of the file what is wrong."""


class ValueDigests:
    """Digests of values. The files that were read last are kept, because many nodes read values of the same file."""

    def __init__(self) -> None:
        self._documents: OrderedDict[tuple[str, bytes], object] = OrderedDict()
        self._lock = Lock()

    def digest(self, path: str, stamp: bytes, key: str) -> str:
        """Return the digest of a value. `stamp` tells versions of the file apart. Raises FileValueError."""
        with self._lock:
            document = self._documents.get((path, stamp), _MISSING)
        if document is _MISSING:
            document = _document(path)
            with self._lock:
                self._documents[path, stamp] = document
                if len(self._documents) > _MOST_DOCUMENTS:
                    self._documents.popitem(last=False)
        return _digest(_value(document, key))


class ValueFiles:
    """Finds out whether the files of values have them, before a run begins."""

    def __init__(self, base: str) -> None:
        """`base` is the absolute path of the graph's directory."""
        self._base = base
        self._values = ValueDigests()
        self._found: dict[tuple[str, str], str] = {}

    def problem_of(self, declared: DeclaredPath) -> str:
        """Return what is wrong with the file of a value. Empty: nothing, or that is said when its node is judged.

        That is so of a large file, which would delay each start, and of what is not a file.
        """
        place = declared.path, declared.key
        if place not in self._found:
            self._found[place] = self._look(os.path.join(self._base, declared.path), declared.key)
        return self._found[place]

    def _look(self, path: str, key: str) -> str:
        if path.endswith((".yaml", ".yml")) and find_spec("yaml") is None:  # said once of all files
            return ""
        try:
            if os.path.isfile(path) and os.path.getsize(path) <= _LOOKED_INTO:
                self._values.digest(path, b"", key)
        except FileValueError as error:
            return str(error)
        except OSError:  # gone in the meantime
            return ""
        return ""


def _document(path: str) -> object:
    try:
        if os.path.getsize(path) > MOST_BYTES:
            raise FileValueError(f"has more than {MOST_BYTES >> 20} MB: values of it can't be read")
        with open(path, "rb") as file:
            content = file.read()
        return _parsed(path, content.decode("utf-8-sig"))
    except OSError as error:
        raise FileValueError(f"can't be read: {(error.strerror or '').lower()}") from None
    except (ValueError, RecursionError) as error:
        raise FileValueError(f"can't be read: {str(error).splitlines()[0] if str(error) else 'it is nested'}") from None


def _parsed(path: str, text: str) -> object:
    if path.endswith(".toml"):
        import tomllib

        return tomllib.loads(text)
    if path.endswith(".json"):
        return json.loads(text)
    try:
        yaml = import_module("yaml")
    except ImportError:
        raise FileValueError('can\'t be read without PyYAML: pip install "dagtui[yaml]"') from None
    try:
        document: object = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ValueError(yaml_problem(error)) from None
    return document


def _value(document: object, key: str) -> object:
    found = document
    for part in _parts(key):
        if isinstance(found, dict) and part in found:
            found = found[part]
        elif isinstance(found, list) and part.isdecimal() and int(part) < len(found):
            found = found[int(part)]
        else:
            near = (
                did_you_mean(part, [name for name in found if isinstance(name, str)]) if isinstance(found, dict) else ""
            )
            raise FileValueError(f"has no value {key}; {near}" if near else f"has no value {key}")
    return found


def _parts(key: str) -> list[str]:
    return key.split(".") if key else []


class _Bracket(NamedTuple):
    """The end of a list or table that is being digested."""

    text: str


def _digest(value: object) -> str:
    """Return a digest in which the order of a table's keys does not matter."""
    digest, stack, parts = sha256(), [value], 0
    while stack:
        parts += 1
        if parts > _MOST_PARTS:
            raise FileValueError("is too large to be compared")
        current = stack.pop()
        if isinstance(current, _Bracket):
            digest.update(current.text.encode())
        elif isinstance(current, dict):
            table = cast("Mapping[object, object]", current)
            keys = sorted(table, key=lambda key: (type(key).__name__, str(key)), reverse=True)
            digest.update(b"{")
            stack.append(_Bracket("}"))
            for key in keys:
                stack += [table[key], _Bracket(f"{_scalar(key)}:")]
        elif isinstance(current, list):
            digest.update(b"[")
            stack.append(_Bracket("]"))
            stack.extend(reversed(current))
        else:
            digest.update(f"{_scalar(current)},".encode("utf-8", "surrogatepass"))
    return digest.hexdigest()


def _scalar(value: object) -> str:
    if isinstance(value, str | int | float | bool) or value is None:
        return json.dumps(value)
    if isinstance(value, date | datetime | time):
        return f"{type(value).__name__} {value.isoformat()}"
    return f"{type(value).__name__} {value!r}"
