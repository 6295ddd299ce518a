"""Calls of the functions of templates, with values that are known and, where a shell can say it, with others."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from dagtui.migration.taskfile.known_functions import BY_SHELL, KNOWN, MOST_CHARACTERS, printed
from dagtui.migration.taskfile.known_values import as_text, is_dynamic, is_true, known, shown
from dagtui.migration.taskfile.texts import Hole, ShellList, ShellTest, Text, in_quotes, interpreted
from dagtui.migration.values import MOST_VALUES, PLAIN, UnknownError

if TYPE_CHECKING:
    from dagtui.migration.taskfile.shell_names import ShellNames

_CONDITIONS = frozenset(
    (
        "and",
        "or",
        "not",
        "empty",
        "eq",
        "ne",
        "lt",
        "le",
        "gt",
        "ge",
        "contains",
        "hasPrefix",
        "hasSuffix",
        "ternary",
        "coalesce",
    )
)
_THROUGH = frozenset(("toString", "toSlash", "fromSlash", "toPath"))


class Functions:
    """Calls functions by name."""

    def __init__(self, names: ShellNames) -> None:
        self._names = names

    def call(self, name: str, arguments: list[object]) -> object:
        """Return the value of a call. Raises UnknownError."""
        if name in _CONDITIONS:
            return self._condition(name, arguments)
        if name == "default" and len(arguments) == 2:
            return self._default(*arguments)
        if name == "printf" and arguments:
            return printed(*arguments)
        if name in {"joinPath", "print", "cat", "list"} or not any(map(is_dynamic, arguments)):
            return self._known(name, arguments)
        if name in _THROUGH and len(arguments) == 1:
            return arguments[0]
        if name in {"q", "quote", "shellQuote"} and isinstance(arguments[0], Text):
            quoted = in_quotes(arguments[0])
            return Text((Hole(quoted, needs=arguments[0].needs),))
        return self._through_shell(name, arguments)

    def _known(self, name: str, arguments: list[object]) -> object:
        function = KNOWN.get(name)
        if function is None:
            raise UnknownError(f"the function {name} of templates")
        try:
            value = function(*arguments)
        except (TypeError, ValueError, IndexError, KeyError, re.error, OverflowError) as error:
            raise UnknownError(f"the function {name} of templates with these values") from error
        if isinstance(value, (str, list)) and len(value) > MOST_CHARACTERS:
            raise UnknownError(f"the function {name} of templates with so long a value")
        return value

    def _default(self, other: object, value: object) -> object:
        if is_dynamic(value):
            return self.choose(self.test(value), value, other)
        return value if is_true(known(value)) else other

    def choose(self, test: ShellTest | bool, one: object, other: object) -> object:
        """Return one of two values, as the shell decides."""
        if isinstance(test, bool):
            return one if test else other
        first, second = as_text(one, self._names), as_text(other, self._names)
        alone = first.parts[0] if len(first.parts) == 1 else None
        simple = isinstance(alone, Hole) and re.fullmatch(r"\$\{\w+\}", alone.variable)
        if simple and isinstance(alone, Hole) and test.command == f'[ -n "{alone.variable}" ]':
            literal = "".join(part for part in second.parts if isinstance(part, str))
            if not any(second.holes) and PLAIN.fullmatch(literal):
                return Text(
                    (Hole(f"{alone.variable[:-1]}:-{literal}}}" if literal else alone.variable, needs=alone.needs),)
                )
        lines = f"if {test.command}; then NAME={in_quotes(first)}; else NAME={in_quotes(second)}; fi"
        needs = tuple(dict.fromkeys((*test.needs, *first.needs, *second.needs)))
        choice = (test, first, second) if interpreted(first) or interpreted(second) else None
        return self._names.hole("", lines, needs, choice=choice)

    def test(self, value: object) -> ShellTest | bool:
        """Return whether a value is true, or the test that decides."""
        if isinstance(value, ShellTest):
            return value
        if isinstance(value, Text) and value.dynamic:
            return ShellTest(f"[ -n {in_quotes(value)} ]", value.needs)
        return is_true(known(value))

    def _condition(self, name: str, arguments: list[object]) -> object:
        if name in {"and", "or"}:
            return self._and_or(name, arguments)
        if name in {"not", "empty"} and len(arguments) == 1:
            found = self.test(arguments[0])
            return not found if isinstance(found, bool) else ShellTest(f"! {found.command}", found.needs)
        if name in {"contains", "hasPrefix", "hasSuffix"} and len(arguments) == 2:
            return self._within(name, *arguments)
        if name == "ternary" and len(arguments) == 3:
            return self.choose(self.test(arguments[2]), arguments[0], arguments[1])
        if name == "coalesce":
            value = arguments[-1] if arguments else None
            for before in reversed(arguments[:-1]):
                value = self._default(value, before)
            return value
        if len(arguments) < 2:
            raise UnknownError(f"the function {name} of templates with these values")
        if any(isinstance(value, ShellTest) or (isinstance(value, Text) and value.dynamic) for value in arguments):
            if name not in {"eq", "ne"} or len(arguments) != 2:
                raise UnknownError(f"the function {name} of a value that only the shell knows")
            one, other = (as_text(value, self._names) for value in arguments)
            sign = "=" if name == "eq" else "!="
            return ShellTest(f"[ {in_quotes(one)} {sign} {in_quotes(other)} ]", (*one.needs, *other.needs))
        first, *others = [known(value) for value in arguments]
        return _compared(name, first, others)

    def _and_or(self, name: str, arguments: list[object]) -> object:
        tests: list[ShellTest] = []
        value: object = None
        if not any(isinstance(each, ShellTest) for each in arguments):  # Go returns one of the values
            value = arguments[-1] if arguments else None
            for before in reversed(arguments[:-1]):
                test = self.test(before)
                value = self.choose(test, value, before) if name == "and" else self.choose(test, before, value)
            return value
        for value in arguments:
            found = self.test(value)
            if isinstance(found, ShellTest):
                tests.append(found)
            elif found == (name == "or"):
                return value if not tests else self._in_a_row(name, tests, found)
        return self._in_a_row(name, tests, None) if tests else value

    def _in_a_row(self, name: str, tests: list[ShellTest], last: bool | None) -> ShellTest:
        commands = [test.command for test in tests]
        if last is not None:
            commands.append(str(last).lower())
        sign = " && " if name == "and" else " || "
        needs = tuple(found for test in tests for found in test.needs)
        return ShellTest("{ " + sign.join(commands) + "; }", needs)

    def _within(self, name: str, part: object, whole: object) -> object:
        one, other = as_text(part, self._names), as_text(whole, self._names)
        if not one.dynamic and not other.dynamic:
            small, large = shown(known(one)), shown(known(other))
            found = {"contains": str.__contains__, "hasPrefix": str.startswith, "hasSuffix": str.endswith}[name]
            return bool(found(large, small))
        before = "*" if name != "hasPrefix" else ""
        behind = "*" if name != "hasSuffix" else ""
        command = f"[[ {in_quotes(other)} = {before}{in_quotes(one)}{behind} ]]"
        return ShellTest(command, (*one.needs, *other.needs))

    def _through_shell(self, name: str, arguments: list[object]) -> object:
        """Return what a shell makes of a value that only it knows."""
        if name in {"splitList", "splitLines", "splitArgs"} and isinstance(arguments[-1], Text):
            return _listing(name, arguments)
        if name in {"get", "index"} and len(arguments) == 2:
            return self._from_table(*arguments)
        make = BY_SHELL.get(name)
        *settings, value = arguments
        if (
            make is None
            or not isinstance(value, Text)
            or any(isinstance(each, (Text, ShellTest)) and as_text(each, self._names).dynamic for each in settings)
        ):
            raise UnknownError(f"the function {name} of a value that only the shell knows")
        words = [in_quotes(Text((shown(known(each)),))) for each in settings]
        lines = f"NAME={in_quotes(value)}\n{make(*words)}"
        return self._names.hole("", lines, value.needs)

    def _from_table(self, table: object, key: object) -> object:
        if not isinstance(table, dict) or not isinstance(key, Text) or len(table) > MOST_VALUES:
            raise UnknownError("an element that only the shell knows")
        cases = [(in_quotes(Text((shown(each),))), in_quotes(Text((shown(value),)))) for each, value in table.items()]
        lines = "".join(f"{each}) NAME={value};; " for each, value in cases)
        return self._names.hole("", f"case {in_quotes(key)} in {lines}*) NAME=;; esac", key.needs)


def _listing(name: str, arguments: list[object]) -> ShellList:
    value = arguments[-1]
    sign = shown(known(arguments[0])) if name == "splitList" else " " if name == "splitArgs" else "\n"
    if not isinstance(value, Text) or len(sign) != 1 or sign in "'\\":
        raise UnknownError(f"the function {name} of a value that only the shell knows")
    lines = f"printf '%s\\n' {in_quotes(value)}"
    return ShellList(lines if sign == "\n" else f"{lines} | tr '{sign}' '\\n'", value.needs)


def _compared(name: str, first: object, others: list[object]) -> bool:
    if name == "eq":
        return any(type(first) is type(other) and first == other for other in others)
    if name == "ne":
        return first != others[0]
    if not isinstance(first, (int, float)) or not isinstance(others[0], (int, float)):
        raise UnknownError(f"the function {name} of templates with these values")
    return {"lt": first < others[0], "le": first <= others[0], "gt": first > others[0], "ge": first >= others[0]}[name]
