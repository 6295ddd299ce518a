"""The functions of templates over known values, and how a shell does the same with a variable."""

from __future__ import annotations

import os
import posixpath
import re
import shlex
from typing import TYPE_CHECKING

from dagtui.migration.taskfile.known_values import ARCH, OS, known, shown
from dagtui.migration.taskfile.texts import Hole, Text, is_variable, joined
from dagtui.migration.values import UnknownError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

MOST_CHARACTERS = 1_000_000
_LAYOUT = {
    "2006": "%Y", "January": "%B", "Jan": "%b", "01": "%m", "02": "%d", "15": "%H", "03": "%I", "04": "%M", "05": "%S",
    "PM": "%p", "Monday": "%A", "Mon": "%a", "MST": "%Z", "-0700": "%z", "06": "%y",
}  # fmt: skip
_ELEMENT = re.compile("|".join(sorted(map(re.escape, _LAYOUT), key=len, reverse=True)))


def _strings(function: Callable[..., object]) -> Callable[..., object]:
    return lambda *arguments: function(*map(shown, map(known, arguments)))


def _numbers(function: Callable[..., object]) -> Callable[..., object]:
    return lambda *arguments: function(*[int(shown(known(value))) for value in arguments])


def _listed(value: object) -> list[object]:
    found = known(value)
    if not isinstance(found, list):
        raise TypeError
    return found


def _path(*arguments: object) -> object:
    parts = [value if isinstance(value, Text) else Text((shown(value),)) for value in arguments]
    if not any(part.dynamic for part in parts):
        return posixpath.normpath("/".join(filter(None, (shown(known(part)) for part in parts))))
    pieces: list[str | Text] = []
    for part in parts:
        pieces += ["/", part] if pieces else [part]
    return joined(pieces)


def _relative(base: str, path: str) -> str:
    return os.path.relpath(path, base)


def printed(layout: object, *arguments: object) -> Text:
    """Return what printf makes of its arguments. Raises UnknownError."""
    pieces = re.split(r"(%[svdq%])", shown(known(layout)))
    if any("%" in piece for piece in pieces[::2]) or len([verb for verb in pieces[1::2] if verb != "%%"]) != len(
        arguments
    ):
        raise UnknownError("the function printf of templates with these values")
    values = iter(arguments)
    found: list[str | Text] = []
    for verb in pieces:
        value = next(values) if re.fullmatch("%[svdq]", verb) else None
        if isinstance(value, Text) and verb != "%q":
            found.append(value)
        else:
            found.append("%" if verb == "%%" else _formatted(verb, value) if verb[:1] == "%" else verb)
    return joined(found)


def _formatted(verb: str, value: object) -> str:
    text = shown(known(value))
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"' if verb == "%q" else text


def _date(layout: object, value: object = None, zone: str = "") -> object:
    found = known(value)
    if not isinstance(found, Moment):
        raise TypeError
    pattern = _ELEMENT.sub(lambda match: _LAYOUT[match[0]], shown(known(layout)).replace("%", "%%"))
    if re.search(r"\d", pattern) or "'" in pattern:
        raise TypeError
    return Text((Hole(f"$({zone}date '+{pattern}')"),))


class Moment:
    """The time at which a run fills a template in."""


def _quoted(value: str) -> str:
    return "'" + value.replace("'", "'\"'\"'") + "'"


def _replaced(old: str, new: str, text: str) -> str:
    if len(text) * (len(new) + 1) > 50 * MOST_CHARACTERS:
        raise ValueError
    return text.replace(old, new)


def _repeated(count: object, text: object) -> str:
    number = int(shown(known(count)))
    if number * len(shown(known(text))) > MOST_CHARACTERS:
        raise ValueError
    return shown(known(text)) * number


def _table(pairs: tuple[object, ...]) -> dict[str, object]:
    keys, values = pairs[::2], pairs[1::2]
    return {shown(known(key)): known(value) for key, value in zip(keys, values, strict=True)}


def _at(value: object, *keys: object) -> object:
    found = known(value)
    for key in keys:
        if isinstance(found, dict):
            found = found.get(known(key), "")
            continue
        found = found[known(key)]  # type: ignore[index]  # what can't be indexed is said by its caller
    return found


KNOWN: Mapping[str, Callable[..., object]] = {
    "OS": lambda: OS,
    "ARCH": lambda: ARCH,
    "exeExt": lambda: ".exe" if OS == "windows" else "",
    "now": Moment,
    "date": _date,
    "dateInZone": lambda layout, value, zone: _date(layout, value, f"TZ={shlex.quote(shown(known(zone)))} "),
    "env": lambda name: Text((Hole(f"${{{_identifier(shown(known(name)))}}}"),)),
    "joinPath": _path,
    "base": _strings(posixpath.basename),
    "dir": _strings(lambda path: posixpath.dirname(path) or "."),
    "ext": _strings(lambda path: posixpath.splitext(path)[1]),
    "clean": _strings(posixpath.normpath),
    "isAbs": _strings(posixpath.isabs),
    "relPath": _strings(_relative),
    "trim": _strings(str.strip),
    "upper": _strings(str.upper),
    "lower": _strings(str.lower),
    "title": _strings(str.title),
    "nospace": _strings(lambda text: re.sub(r"\s+", "", text)),
    "trimAll": _strings(lambda signs, text: text.strip(signs)),
    "trimPrefix": _strings(lambda start, text: text.removeprefix(start)),
    "trimSuffix": _strings(lambda end, text: text.removesuffix(end)),
    "replace": _strings(_replaced),
    "repeat": _repeated,
    "trunc": lambda count, text: shown(known(text))[: int(shown(known(count)))],
    "substr": lambda start, end, text: shown(known(text))[int(shown(start)) : int(shown(end))],
    "splitList": _strings(lambda sign, text: text.split(sign)),
    "splitLines": _strings(str.splitlines),
    "splitArgs": _strings(shlex.split),
    "catLines": _strings(lambda text: text.replace("\n", " ")),
    "join": lambda sign, values: shown(known(sign)).join(map(shown, _listed(values))),
    "list": lambda *values: [known(value) for value in values],
    "first": lambda values: _listed(values)[0],
    "last": lambda values: _listed(values)[-1],
    "rest": lambda values: _listed(values)[1:],
    "initial": lambda values: _listed(values)[:-1],
    "uniq": lambda values: list(dict.fromkeys(_listed(values))),
    "has": lambda value, values: known(value) in _listed(values),
    "index": _at,
    "get": _at,
    "keys": lambda table: list(_at(table)),  # type: ignore[call-overload]  # the same
    "len": lambda value: len(known(value)),  # type: ignore[arg-type]  # the same
    "print": lambda *values: joined(value if isinstance(value, Text) else shown(value) for value in values),
    "cat": lambda *values: joined(
        each
        for number, value in enumerate(values)
        for each in ((" ",) if number else ()) + (value if isinstance(value, Text) else shown(value),)
    ),
    "q": _strings(_quoted),
    "shellQuote": _strings(_quoted),
    "squote": _strings(lambda text: f"'{text}'"),
    "quote": _strings(lambda text: f'"{text}"'),
    "toString": _strings(str),
    "toSlash": _strings(str),
    "fromSlash": _strings(str),
    "dict": lambda *pairs: _table(pairs),
    "int": _numbers(int),
    "atoi": _numbers(int),
    "add": _numbers(lambda *values: sum(values)),
    "add1": _numbers(lambda value: value + 1),
    "sub": _numbers(lambda one, other: one - other),
    "mul": _numbers(lambda one, other: one * other),
}
BY_SHELL: Mapping[str, Callable[..., str]] = {
    "trim": lambda: 'NAME=${NAME#"${NAME%%[![:space:]]*}"}; NAME=${NAME%"${NAME##*[![:space:]]}"}',
    "upper": lambda: "NAME=$(printf %s \"$NAME\" | tr '[:lower:]' '[:upper:]')",
    "lower": lambda: "NAME=$(printf %s \"$NAME\" | tr '[:upper:]' '[:lower:]')",
    "trimPrefix": lambda start: f"NAME=${{NAME#{start}}}",
    "trimSuffix": lambda end: f"NAME=${{NAME%{end}}}",
    "replace": lambda old, new: f'old={old}; new={new}; NAME=${{NAME//"$old"/$new}}',
    "base": lambda: 'NAME=$(basename "$NAME")',
    "dir": lambda: 'NAME=$(dirname "$NAME")',
    "catLines": lambda: 'NAME=$(printf %s "$NAME" | tr "\\n" " ")',
}
"""How a shell changes the variable NAME as a function does."""


def _identifier(name: str) -> str:
    if not is_variable(name):
        raise ValueError
    return name
